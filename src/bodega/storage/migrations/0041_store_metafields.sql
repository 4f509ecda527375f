-- What apps attach to the store as a whole.
CREATE TABLE store_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX store_metafields_owner_client_id_namespace_key_unique ON store_metafields (owner_client_id, namespace, key);
CREATE INDEX store_metafields_key ON store_metafields (key, id);
