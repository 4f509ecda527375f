-- Private keys of certificates that were installed for sites of stores: sealed, and named by the store and the key.
CREATE TABLE site_keys (
    name TEXT PRIMARY KEY, store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE, sealed TEXT NOT NULL
);
CREATE INDEX site_keys_store ON site_keys (store);
