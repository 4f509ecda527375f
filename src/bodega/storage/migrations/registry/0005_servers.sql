-- A store may be kept on a PostgreSQL server of its own choice; empty: on the one that holds the registry.
ALTER TABLE stores ADD COLUMN server TEXT NOT NULL DEFAULT '';
