-- Category trees: the categories that were there stand in the first, which every store gets when it is opened.
CREATE TABLE trees (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX trees_channel_id_unique ON trees (channel_id);

ALTER TABLE categories ADD COLUMN tree_id INTEGER;
ALTER TABLE categories ADD COLUMN tree_ref INTEGER REFERENCES trees(id) ON DELETE CASCADE;
UPDATE categories SET tree_id = 1;
DROP INDEX categories_parent_id_name_key_unique;
CREATE UNIQUE INDEX categories_tree_id_parent_id_name_key_unique ON categories (tree_id, parent_id, name_key);

-- Products off the first channel or on others, and their places in categories.
CREATE TABLE product_channels (
    product_id INTEGER NOT NULL REFERENCES products(id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels(id) ON DELETE CASCADE, PRIMARY KEY (product_id, channel_id)
);
CREATE INDEX product_channels_channel_id ON product_channels (channel_id, product_id);
CREATE TABLE category_sort_orders (
    category_id INTEGER NOT NULL REFERENCES categories(id) ON DELETE CASCADE,
    product_id INTEGER NOT NULL REFERENCES products(id) ON DELETE CASCADE, sort_order INTEGER NOT NULL,
    PRIMARY KEY (category_id, product_id)
);
CREATE INDEX category_sort_orders_product_id ON category_sort_orders (product_id);
