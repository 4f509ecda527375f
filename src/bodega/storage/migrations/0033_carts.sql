-- Carts, each with its lines and what it came to.
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
    order_id INTEGER
);
CREATE UNIQUE INDEX carts_uuid_unique ON carts (uuid);
CREATE INDEX carts_customer_id ON carts (customer_id, id);
CREATE INDEX carts_channel_id ON carts (channel_id, id);
CREATE INDEX carts_token ON carts (token, id);
