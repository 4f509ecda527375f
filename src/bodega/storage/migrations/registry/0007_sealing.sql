-- Under which key the secrets of this registry are sealed, and what became of the scheduled backups of each store.
CREATE TABLE sealing (id INTEGER PRIMARY KEY, key_id TEXT NOT NULL);
CREATE TABLE scheduled_backups (
    store TEXT PRIMARY KEY REFERENCES stores(hash) ON DELETE CASCADE, begun BIGINT NOT NULL, taken BIGINT NOT NULL,
    file TEXT NOT NULL, bytes BIGINT NOT NULL, failed BIGINT NOT NULL, error TEXT NOT NULL
);
