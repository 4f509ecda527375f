-- Tokens of the storefront: names of keys, what was revoked; sessions of shoppers, used sign-in tokens.
CREATE TABLE revoked_storefront_tokens (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    digest TEXT,
    until BIGINT
);
CREATE UNIQUE INDEX revoked_storefront_tokens_digest_unique ON revoked_storefront_tokens (digest);
CREATE INDEX revoked_storefront_tokens_until ON revoked_storefront_tokens (until, id);
CREATE TABLE storefront_keys (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
CREATE TABLE shopper_sessions (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    digest TEXT,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    until BIGINT
);
CREATE UNIQUE INDEX shopper_sessions_digest_unique ON shopper_sessions (digest);
CREATE INDEX shopper_sessions_customer_id ON shopper_sessions (customer_id, id);
CREATE INDEX shopper_sessions_until ON shopper_sessions (until, id);
CREATE TABLE used_logins (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    client_id TEXT,
    jti TEXT,
    until BIGINT
);
CREATE UNIQUE INDEX used_logins_client_id_jti_unique ON used_logins (client_id, jti);
CREATE INDEX used_logins_until ON used_logins (until, id);
