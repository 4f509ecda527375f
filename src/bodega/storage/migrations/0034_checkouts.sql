-- Checkouts, each of the cart with the same number; the tokens that show the confirmation of their orders.
CREATE TABLE checkouts (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    cart_id INTEGER REFERENCES carts(id) ON DELETE CASCADE
);
CREATE INDEX checkouts_cart_id ON checkouts (cart_id, id);
CREATE TABLE checkout_tokens (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    digest TEXT,
    cart_id INTEGER
);
CREATE INDEX checkout_tokens_digest ON checkout_tokens (digest, id);
CREATE INDEX checkout_tokens_cart_id ON checkout_tokens (cart_id, id);
CREATE TABLE checkout_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
-- The tokens by which orders are paid, and the cards that customers had kept.
CREATE TABLE payment_access_tokens (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    jti TEXT,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
    expires BIGINT
);
CREATE UNIQUE INDEX payment_access_tokens_jti_unique ON payment_access_tokens (jti);
CREATE INDEX payment_access_tokens_order_id ON payment_access_tokens (order_id, id);
CREATE INDEX payment_access_tokens_expires ON payment_access_tokens (expires, id);
CREATE TABLE stored_instruments (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    token TEXT
);
CREATE UNIQUE INDEX stored_instruments_token_unique ON stored_instruments (token);
CREATE INDEX stored_instruments_customer_id ON stored_instruments (customer_id, id);
