-- Images of products, each the files of one picture in its sizes; one of a product's is its thumbnail.
CREATE TABLE product_images (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    sort_order INTEGER,
    is_thumbnail BOOLEAN
);
CREATE INDEX product_images_order ON product_images (product_id, sort_order);
CREATE UNIQUE INDEX product_images_thumbnail ON product_images (product_id) WHERE is_thumbnail;
