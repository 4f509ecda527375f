-- What channels have: currencies, menus, metafields, sites with routes and certificates, listings.
CREATE TABLE channel_currencies (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE
);
CREATE INDEX channel_currencies_channel_id ON channel_currencies (channel_id, id);
CREATE TABLE channel_menus (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE
);
CREATE INDEX channel_menus_channel_id ON channel_menus (channel_id, id);
CREATE TABLE channel_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX channel_metafields_owner_client_id_resource_id_namespace_key_unique ON channel_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX channel_metafields_resource_id ON channel_metafields (resource_id, id);
CREATE TABLE sites (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    is_checkout_url_customized BOOLEAN,
    url_key TEXT
);
CREATE UNIQUE INDEX sites_channel_id_unique ON sites (channel_id);
CREATE UNIQUE INDEX sites_url_key_unique ON sites (url_key);
CREATE TABLE site_routes (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    site_id INTEGER REFERENCES sites(id) ON DELETE CASCADE,
    type TEXT,
    matching TEXT
);
CREATE UNIQUE INDEX site_routes_site_id_type_matching_unique ON site_routes (site_id, type, matching);
CREATE INDEX site_routes_site_id ON site_routes (site_id, id);
CREATE TABLE site_certificates (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    site_id INTEGER REFERENCES sites(id) ON DELETE CASCADE,
    host TEXT
);
CREATE UNIQUE INDEX site_certificates_host_unique ON site_certificates (host);
CREATE INDEX site_certificates_site_id ON site_certificates (site_id, id);
CREATE TABLE channel_listings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    date_created TEXT,
    date_modified TEXT
);
CREATE UNIQUE INDEX channel_listings_channel_id_product_id_unique ON channel_listings (channel_id, product_id);
CREATE INDEX channel_listings_channel_id ON channel_listings (channel_id, id);
CREATE INDEX channel_listings_product_id ON channel_listings (product_id, id);
CREATE TABLE channel_listing_variants (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    listing_id INTEGER REFERENCES channel_listings(id) ON DELETE CASCADE,
    variant_id INTEGER REFERENCES variants(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX channel_listing_variants_listing_id_variant_id_unique ON channel_listing_variants (listing_id, variant_id);
CREATE INDEX channel_listing_variants_listing_id ON channel_listing_variants (listing_id, id);
CREATE INDEX channel_listing_variants_variant_id ON channel_listing_variants (variant_id, id);
