-- Coupons, gift certificates, banners.
CREATE TABLE coupons (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    code TEXT,
    type TEXT,
    enabled BOOLEAN,
    name_key TEXT,
    code_key TEXT
);
CREATE UNIQUE INDEX coupons_name_key_unique ON coupons (name_key);
CREATE UNIQUE INDEX coupons_code_key_unique ON coupons (code_key);

CREATE TABLE gift_certificates (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER,
    to_name TEXT,
    to_email TEXT,
    from_name TEXT,
    from_email TEXT,
    code_key TEXT
);
CREATE UNIQUE INDEX gift_certificates_code_key_unique ON gift_certificates (code_key);

CREATE TABLE banners (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    page TEXT,
    item_id INTEGER
);
