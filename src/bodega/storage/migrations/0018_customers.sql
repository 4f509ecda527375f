-- Customers, and what hangs on them.
CREATE TABLE customer_groups (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    is_default BOOLEAN,
    is_group_for_guests BOOLEAN,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX customer_groups_is_default_unique ON customer_groups (is_default) WHERE is_default;
CREATE UNIQUE INDEX customer_groups_is_group_for_guests_unique ON customer_groups (is_group_for_guests) WHERE is_group_for_guests;
CREATE INDEX customer_groups_name_key ON customer_groups (name_key, id);
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    company TEXT,
    phone TEXT,
    registration_ip_address TEXT,
    tax_exempt_category TEXT,
    customer_group_id INTEGER,
    store_credit BIGINT,
    origin_channel_id INTEGER REFERENCES channels(id) ON DELETE RESTRICT,
    date_created TEXT,
    date_modified TEXT,
    email_key TEXT,
    name_key TEXT,
    last_name_key TEXT,
    group_ref INTEGER REFERENCES customer_groups(id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX customers_email_key_unique ON customers (email_key);
CREATE INDEX customers_customer_group_id ON customers (customer_group_id, id);
CREATE INDEX customers_date_created ON customers (date_created, id);
CREATE INDEX customers_date_modified ON customers (date_modified, id);
CREATE INDEX customers_last_name_key ON customers (last_name_key, id);
CREATE TABLE password_guesses (
    subject TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until BIGINT NOT NULL
);
CREATE TABLE customer_addresses (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    company TEXT,
    core TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX customer_addresses_customer_id_core_unique ON customer_addresses (customer_id, core);
CREATE INDEX customer_addresses_customer_id ON customer_addresses (customer_id, id);
CREATE TABLE form_field_values (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    address_id INTEGER REFERENCES customer_addresses(id) ON DELETE CASCADE,
    field_name TEXT,
    field_type TEXT
);
CREATE UNIQUE INDEX form_field_values_customer_id_field_name_unique ON form_field_values (customer_id, field_name);
CREATE UNIQUE INDEX form_field_values_address_id_field_name_unique ON form_field_values (address_id, field_name);
CREATE TABLE customer_attributes (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    type TEXT,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT
);
CREATE TABLE customer_attribute_values (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    attribute_id INTEGER REFERENCES customer_attributes(id) ON DELETE CASCADE,
    date_created TEXT,
    date_modified TEXT
);
CREATE UNIQUE INDEX customer_attribute_values_customer_id_attribute_id_unique ON customer_attribute_values (customer_id, attribute_id);
CREATE INDEX customer_attribute_values_attribute_id ON customer_attribute_values (attribute_id, id);
CREATE TABLE customer_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
CREATE TABLE customer_consents (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE
);
CREATE INDEX customer_consents_customer_id ON customer_consents (customer_id, id);
CREATE TABLE customer_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX customer_metafields_owner_client_id_resource_id_namespace_key_unique ON customer_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX customer_metafields_resource_id ON customer_metafields (resource_id, id);
CREATE TABLE subscribers (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    source TEXT,
    order_id INTEGER,
    channel_id INTEGER REFERENCES channels(id) ON DELETE RESTRICT,
    date_created TEXT,
    date_modified TEXT,
    email_key TEXT
);
CREATE UNIQUE INDEX subscribers_email_key_unique ON subscribers (email_key);
