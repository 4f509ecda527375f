-- An e-mail address is one account's at each channel, and one's wherever global logins are taken (channel 0). Accounts
-- that are there already have theirs at all channels, until they are written again.
DROP INDEX customers_email_key_unique;
CREATE INDEX customers_email_key ON customers (email_key, id);
CREATE TABLE customer_logins (
    email_key TEXT NOT NULL, channel_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers(id) ON DELETE CASCADE,
    PRIMARY KEY (email_key, channel_id)
);
CREATE INDEX customer_logins_customer_id ON customer_logins (customer_id);
INSERT INTO customer_logins (email_key, channel_id, customer_id) SELECT email_key, 0, id FROM customers;
/* sqlite */ INSERT INTO customer_logins (email_key, channel_id, customer_id)
    SELECT c.email_key, j.value, c.id FROM customers c, json_each(CAST(c.doc AS TEXT), '$.channel_ids') j
    WHERE j.type = 'integer';
/* postgresql */ INSERT INTO customer_logins (email_key, channel_id, customer_id)
    SELECT c.email_key, j.value::integer, c.id FROM customers c, jsonb_array_elements_text(
        CASE jsonb_typeof(convert_from(c.doc, 'UTF8')::jsonb -> 'channel_ids') WHEN 'array'
        THEN convert_from(c.doc, 'UTF8')::jsonb -> 'channel_ids' ELSE '[]'::jsonb END) j;
