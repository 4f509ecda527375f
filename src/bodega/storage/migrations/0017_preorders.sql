-- When a product that is for pre-order only becomes available. Those that wait already are found once they are written.
ALTER TABLE products ADD COLUMN release_due TEXT;
CREATE INDEX products_release_due ON products (release_due) WHERE release_due IS NOT NULL;
