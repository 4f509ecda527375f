-- Options, shared (V2) or a product's own (V3), their values, and the products that have them.
CREATE TABLE options (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    display_name TEXT,
    type TEXT,
    product_id INTEGER,
    name_key TEXT
);
CREATE UNIQUE INDEX options_name_key_unique ON options (name_key);

CREATE TABLE option_values (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    option_id INTEGER REFERENCES options(id) ON DELETE CASCADE,
    sort_order INTEGER,
    label TEXT,
    label_key TEXT,
    stands_for INTEGER
);
CREATE UNIQUE INDEX option_values_option_id_label_key_unique ON option_values (option_id, label_key);
CREATE INDEX option_values_stands_for ON option_values (stands_for, id);

CREATE TABLE product_options (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    option_id INTEGER REFERENCES options(id) ON DELETE CASCADE,
    is_modifier BOOLEAN,
    sort_order INTEGER,
    option_set_option_id INTEGER,
    display_key TEXT,
    is_field BOOLEAN
);
CREATE UNIQUE INDEX product_options_product_id_option_id_unique ON product_options (product_id, option_id);
CREATE UNIQUE INDEX product_options_product_id_display_key_unique ON product_options (product_id, display_key);
CREATE INDEX product_options_option_id ON product_options (option_id, id);
CREATE INDEX product_options_option_set_option_id ON product_options (option_set_option_id, id);
