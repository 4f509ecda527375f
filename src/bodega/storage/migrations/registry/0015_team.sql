-- The staff of a store: their roles, the second factor of whoever signs in, and who changed what in the panel.
ALTER TABLE owned ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
ALTER TABLE invitations ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
CREATE TABLE second_factors (
    owner TEXT PRIMARY KEY, sealed TEXT NOT NULL, used BIGINT NOT NULL, confirmed BIGINT NOT NULL
);
CREATE TABLE recovery_codes (owner TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (owner, digest));
CREATE TABLE second_steps (
    digest TEXT PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE, expires BIGINT NOT NULL
);
CREATE TABLE panel_changes (
    id TEXT PRIMARY KEY, store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE, at BIGINT NOT NULL,
    email TEXT NOT NULL, path TEXT NOT NULL, says TEXT NOT NULL
);
CREATE INDEX panel_changes_store ON panel_changes (store, at, id);
