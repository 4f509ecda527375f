-- Payments that shoppers have begun at a gateway, until they are ordered and captured, or given up.
CREATE TABLE payment_attempts (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    key TEXT,
    cart_id INTEGER REFERENCES carts(id) ON DELETE CASCADE,
    due BIGINT
);
CREATE UNIQUE INDEX payment_attempts_key_unique ON payment_attempts (key);
CREATE INDEX payment_attempts_cart_id ON payment_attempts (cart_id, id);
CREATE INDEX payment_attempts_due ON payment_attempts (due, id);
