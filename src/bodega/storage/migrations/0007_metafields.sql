-- What apps keep beside brands, categories, products and variants.
CREATE TABLE brand_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES brands(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX brand_metafields_owner_client_id_resource_id_namespace_key_unique ON brand_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX brand_metafields_resource_id ON brand_metafields (resource_id, id);

CREATE TABLE category_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES categories(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX category_metafields_owner_client_id_resource_id_namespace_key_unique ON category_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX category_metafields_resource_id ON category_metafields (resource_id, id);

CREATE TABLE product_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX product_metafields_owner_client_id_resource_id_namespace_key_unique ON product_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX product_metafields_resource_id ON product_metafields (resource_id, id);

CREATE TABLE variant_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES variants(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX variant_metafields_owner_client_id_resource_id_namespace_key_unique ON variant_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX variant_metafields_resource_id ON variant_metafields (resource_id, id);
