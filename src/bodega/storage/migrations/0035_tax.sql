-- Tax zones with their rates, properties of products and customers, settings.
CREATE TABLE tax_zones (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    enabled BOOLEAN
);
CREATE TABLE tax_rates (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    tax_zone_id INTEGER REFERENCES tax_zones(id) ON DELETE CASCADE,
    enabled BOOLEAN
);
CREATE INDEX tax_rates_tax_zone_id ON tax_rates (tax_zone_id, id);
CREATE TABLE tax_properties (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    code TEXT,
    type TEXT
);
CREATE UNIQUE INDEX tax_properties_code_unique ON tax_properties (code);
CREATE TABLE tax_values_of_products (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX tax_values_of_products_product_id_unique ON tax_values_of_products (product_id);
CREATE TABLE tax_properties_of_products (
    value_id INTEGER NOT NULL REFERENCES tax_values_of_products(id) ON DELETE CASCADE,
    property_id INTEGER NOT NULL REFERENCES tax_properties(id) ON DELETE CASCADE,
    PRIMARY KEY (value_id, property_id)
);
CREATE INDEX tax_properties_of_products_property_id ON tax_properties_of_products (property_id, value_id);
CREATE TABLE tax_values_of_customers (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX tax_values_of_customers_customer_id_unique ON tax_values_of_customers (customer_id);
CREATE TABLE tax_properties_of_customers (
    value_id INTEGER NOT NULL REFERENCES tax_values_of_customers(id) ON DELETE CASCADE,
    property_id INTEGER NOT NULL REFERENCES tax_properties(id) ON DELETE CASCADE,
    PRIMARY KEY (value_id, property_id)
);
CREATE INDEX tax_properties_of_customers_property_id ON tax_properties_of_customers (property_id, value_id);
CREATE TABLE tax_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
