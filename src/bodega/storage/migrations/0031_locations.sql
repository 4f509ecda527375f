-- Locations with their metafields, what each holds of the stock, and how orders are collected there. What a store had
-- before is at its default location.
CREATE TABLE locations (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    code TEXT,
    type_id TEXT,
    enabled BOOLEAN,
    managed_by_external_source BOOLEAN,
    storefront_visibility BOOLEAN,
    code_key TEXT,
    is_default BOOLEAN
);
CREATE UNIQUE INDEX locations_code_key_unique ON locations (code_key);
CREATE TABLE location_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES locations(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX location_metafields_owner_client_id_resource_id_namespace_key_unique ON location_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX location_metafields_resource_id ON location_metafields (resource_id, id);
CREATE TABLE stock_levels (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    location_id INTEGER REFERENCES locations(id) ON DELETE CASCADE,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    variant_id INTEGER,
    level INTEGER,
    variant_ref INTEGER REFERENCES variants(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX stock_levels_product_id_variant_id_location_id_unique ON stock_levels (product_id, variant_id, location_id);
CREATE INDEX stock_levels_location_id ON stock_levels (location_id, id);
CREATE INDEX stock_levels_variant_ref ON stock_levels (variant_ref, id);
CREATE TABLE pickup_methods (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    location_id INTEGER REFERENCES locations(id) ON DELETE CASCADE,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT
);
CREATE INDEX pickup_methods_location_id ON pickup_methods (location_id, id);
CREATE TABLE pickups (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX pickups_order_id ON pickups (order_id, id);
ALTER TABLE order_pickups ADD COLUMN location_id INTEGER;
CREATE INDEX order_pickups_location_id ON order_pickups (location_id, id);
