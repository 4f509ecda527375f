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
CREATE TABLE tax_documents (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
    due BIGINT
);
CREATE UNIQUE INDEX tax_documents_order_id_unique ON tax_documents (order_id);
CREATE INDEX tax_documents_due ON tax_documents (due, id);
