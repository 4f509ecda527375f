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
