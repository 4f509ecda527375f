-- What customs are told of products; settings of shipping; connections to tax providers, and their documents of orders.
CREATE TABLE customs_information (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX customs_information_product_id_unique ON customs_information (product_id);
CREATE TABLE shipping_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
CREATE TABLE tax_provider_connections (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    provider_id TEXT
);
CREATE UNIQUE INDEX tax_provider_connections_provider_id_unique ON tax_provider_connections (provider_id);
