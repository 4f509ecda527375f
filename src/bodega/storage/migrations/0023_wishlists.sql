-- Wishlists of customers, and what is on them.
CREATE TABLE wishlists (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE
);
CREATE INDEX wishlists_customer_id ON wishlists (customer_id, id);
CREATE TABLE wishlist_items (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    wishlist_id INTEGER REFERENCES wishlists(id) ON DELETE CASCADE,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    variant_id INTEGER REFERENCES variants(id) ON DELETE CASCADE
);
CREATE INDEX wishlist_items_wishlist_id ON wishlist_items (wishlist_id, id);
CREATE INDEX wishlist_items_product_id ON wishlist_items (product_id, id);
CREATE INDEX wishlist_items_variant_id ON wishlist_items (variant_id, id);
