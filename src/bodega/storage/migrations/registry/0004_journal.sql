-- What several workers tell one another of the requests they answered, and when an account was last used.
ALTER TABLE stores ADD COLUMN watched BIGINT NOT NULL DEFAULT 0;
CREATE TABLE journals (
    store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE, worker TEXT NOT NULL, told BIGINT NOT NULL,
    pages BYTEA NOT NULL, PRIMARY KEY (store, worker)
);
CREATE TABLE account_uses (
    client_id TEXT PRIMARY KEY REFERENCES accounts(client_id) ON DELETE CASCADE, used BIGINT NOT NULL
);
