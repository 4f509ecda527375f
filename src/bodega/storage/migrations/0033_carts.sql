-- Carts, each with its lines and what it came to; their metafields, and the settings of carts and abandoned carts.
CREATE TABLE carts (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    customer_id INTEGER,
    channel_id INTEGER REFERENCES channels(id) ON DELETE RESTRICT,
    status TEXT,
    date_modified TEXT,
    token TEXT,
    order_id INTEGER,
    quiet_since TEXT
);
CREATE UNIQUE INDEX carts_uuid_unique ON carts (uuid);
CREATE INDEX carts_customer_id ON carts (customer_id, id);
CREATE INDEX carts_channel_id ON carts (channel_id, id);
CREATE INDEX carts_date_modified ON carts (date_modified, id);
CREATE INDEX carts_token ON carts (token, id);
CREATE INDEX carts_quiet_since ON carts (quiet_since, id);
CREATE TABLE cart_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id TEXT,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX cart_metafields_owner_client_id_resource_id_namespace_key_unique ON cart_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX cart_metafields_resource_id ON cart_metafields (resource_id, id);
CREATE TABLE cart_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
CREATE TABLE abandoned_cart_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
