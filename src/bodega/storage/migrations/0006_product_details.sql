-- What hangs on a product and is neither a choice nor a picture: custom fields, bulk pricing, videos, reviews.
CREATE TABLE custom_fields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    name TEXT,
    value TEXT
);
CREATE UNIQUE INDEX custom_fields_product_id_name_value_unique ON custom_fields (product_id, name, value);

CREATE TABLE bulk_pricing_rules (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    quantity_min INTEGER,
    highest INTEGER
);
CREATE INDEX bulk_pricing_rules_product_id ON bulk_pricing_rules (product_id, id);

CREATE TABLE videos (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    sort_order INTEGER,
    video_id TEXT
);
CREATE UNIQUE INDEX videos_product_id_video_id_unique ON videos (product_id, video_id);

CREATE TABLE reviews (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    status TEXT,
    date_reviewed TEXT
);
CREATE INDEX reviews_product_id ON reviews (product_id, id);
