-- Option sets: options for many products at once. A product names its set.
CREATE TABLE option_sets (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX option_sets_name_key_unique ON option_sets (name_key);

CREATE TABLE option_set_options (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    option_set_id INTEGER REFERENCES option_sets(id) ON DELETE CASCADE,
    option_id INTEGER REFERENCES options(id) ON DELETE CASCADE,
    sort_order INTEGER,
    display_key TEXT
);
CREATE UNIQUE INDEX option_set_options_option_set_id_option_id_unique ON option_set_options (option_set_id, option_id);
CREATE UNIQUE INDEX option_set_options_option_set_id_display_key_unique ON option_set_options (option_set_id, display_key);
CREATE INDEX option_set_options_option_id ON option_set_options (option_id, id);

ALTER TABLE products ADD COLUMN option_set_ref INTEGER REFERENCES option_sets(id) ON DELETE RESTRICT;
CREATE INDEX products_option_set_ref ON products (option_set_ref) WHERE option_set_ref IS NOT NULL;
