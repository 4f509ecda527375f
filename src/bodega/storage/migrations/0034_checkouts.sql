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
