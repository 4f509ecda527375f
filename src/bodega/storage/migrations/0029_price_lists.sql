-- Price lists, their records, and to whom they are assigned.
CREATE TABLE price_lists (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    active BOOLEAN,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX price_lists_name_key_unique ON price_lists (name_key);
CREATE TABLE price_records (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    price_list_id INTEGER REFERENCES price_lists(id) ON DELETE CASCADE,
    variant_id INTEGER REFERENCES variants(id) ON DELETE CASCADE,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    currency TEXT,
    price BIGINT,
    sale_price BIGINT,
    retail_price BIGINT,
    map_price BIGINT,
    calculated_price BIGINT,
    sku TEXT,
    date_created TEXT,
    date_modified TEXT
);
CREATE UNIQUE INDEX price_records_price_list_id_variant_id_currency_unique ON price_records (price_list_id, variant_id, currency);
CREATE INDEX price_records_price_list_id ON price_records (price_list_id, id);
CREATE INDEX price_records_variant_id ON price_records (variant_id, id);
CREATE INDEX price_records_product_id ON price_records (product_id, id);
CREATE TABLE price_list_assignments (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    price_list_id INTEGER REFERENCES price_lists(id) ON DELETE CASCADE,
    customer_group_id INTEGER REFERENCES customer_groups(id) ON DELETE CASCADE,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    target TEXT
);
CREATE UNIQUE INDEX price_list_assignments_target_unique ON price_list_assignments (target);
CREATE INDEX price_list_assignments_price_list_id ON price_list_assignments (price_list_id, id);
CREATE INDEX price_list_assignments_customer_group_id ON price_list_assignments (customer_group_id, id);
CREATE INDEX price_list_assignments_channel_id ON price_list_assignments (channel_id, id);
