-- What shoppers do with their accounts: links for new passwords, the fields of the forms that they fill in; wishlists
-- found by their tokens.
CREATE TABLE password_resets (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    digest TEXT,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    until BIGINT
);
CREATE UNIQUE INDEX password_resets_digest_unique ON password_resets (digest);
CREATE INDEX password_resets_customer_id ON password_resets (customer_id, id);
CREATE INDEX password_resets_until ON password_resets (until, id);
CREATE TABLE form_fields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    form TEXT,
    name TEXT
);
CREATE UNIQUE INDEX form_fields_form_name_unique ON form_fields (form, name);
ALTER TABLE wishlists ADD COLUMN token TEXT;
/* sqlite */ UPDATE wishlists SET token = json_extract(CAST(doc AS TEXT), '$.token');
/* postgresql */ UPDATE wishlists SET token = convert_from(doc, 'UTF8')::json ->> 'token';
CREATE INDEX wishlists_token ON wishlists (token, id);
CREATE INDEX gift_certificates_order_id ON gift_certificates (order_id, id);
CREATE TABLE contact_messages (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    page_id INTEGER,
    channel_id INTEGER,
    date_created TEXT
);
CREATE INDEX contact_messages_date_created ON contact_messages (date_created, id);
CREATE TABLE shop_visits (
    day TEXT NOT NULL, channel_id INTEGER NOT NULL, kind TEXT NOT NULL, product_id INTEGER NOT NULL,
    seen BIGINT NOT NULL, PRIMARY KEY (day, channel_id, kind, product_id)
);
