-- Stores, their API accounts, and the counts of quotas that several workers share.
CREATE TABLE stores (
    hash TEXT PRIMARY KEY, number INTEGER NOT NULL, plan TEXT NOT NULL, limits TEXT NOT NULL, settings TEXT NOT NULL,
    maintenance INTEGER NOT NULL, clock TEXT NOT NULL, created BIGINT NOT NULL, revision BIGINT NOT NULL,
    place TEXT NOT NULL
);
CREATE TABLE accounts (
    client_id TEXT PRIMARY KEY, store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE, name TEXT NOT NULL,
    kind TEXT NOT NULL, username TEXT NOT NULL, token_digest TEXT NOT NULL, secret TEXT NOT NULL, scopes TEXT NOT NULL,
    per_hour INTEGER NOT NULL, per_window INTEGER NOT NULL, disabled INTEGER NOT NULL,
    created BIGINT NOT NULL, quota_epoch INTEGER NOT NULL
);
CREATE INDEX accounts_store ON accounts (store);
CREATE UNIQUE INDEX accounts_token ON accounts (store, kind, username, token_digest);
CREATE TABLE quotas (
    client_id TEXT PRIMARY KEY REFERENCES accounts(client_id) ON DELETE CASCADE,
    quota_epoch INTEGER NOT NULL, counts TEXT NOT NULL, held BIGINT NOT NULL, held_until DOUBLE PRECISION NOT NULL
);
