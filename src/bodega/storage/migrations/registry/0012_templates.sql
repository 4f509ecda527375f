-- The scripts that make a store in PostgreSQL at once, each under a digest of the migrations that it was read from.
CREATE TABLE templates (digest TEXT PRIMARY KEY, revision INTEGER NOT NULL, script TEXT NOT NULL);
