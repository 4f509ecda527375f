-- Orders, and what hangs on them.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    customer_id INTEGER,
    status_id INTEGER,
    channel_id INTEGER REFERENCES channels(id) ON DELETE RESTRICT,
    cart_id TEXT,
    payment_method TEXT,
    external_id TEXT,
    external_order_id TEXT,
    is_deleted BOOLEAN,
    date_created TEXT,
    date_modified TEXT,
    total BIGINT,
    email_key TEXT
);
CREATE INDEX orders_customer_id ON orders (customer_id, id);
CREATE INDEX orders_date_created ON orders (date_created, id);
CREATE INDEX orders_date_modified ON orders (date_modified, id);
CREATE INDEX orders_email_key ON orders (email_key, id);
CREATE INDEX orders_by_status ON orders (status_id, id);
CREATE INDEX orders_moved ON orders (status_id, date_modified, id);
CREATE INDEX orders_archived ON orders (id) WHERE is_deleted;

CREATE TABLE order_shipping_addresses (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_shipping_addresses_order_id ON order_shipping_addresses (order_id, id);

CREATE TABLE order_pickups (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_pickups_order_id ON order_pickups (order_id, id);

CREATE TABLE order_products (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
    product_id INTEGER
);
CREATE INDEX order_products_order_id ON order_products (order_id, id);
CREATE INDEX order_products_product_id ON order_products (product_id, id);

CREATE TABLE order_shipments (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_shipments_order_id ON order_shipments (order_id, id);

CREATE TABLE order_fees (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_fees_order_id ON order_fees (order_id, id);

CREATE TABLE order_taxes (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_taxes_order_id ON order_taxes (order_id, id);

CREATE TABLE order_coupons (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_coupons_order_id ON order_coupons (order_id, id);

CREATE TABLE order_messages (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
    customer_id INTEGER,
    status TEXT,
    is_flagged BOOLEAN,
    date_created TEXT
);
CREATE INDEX order_messages_order_id ON order_messages (order_id, id);

CREATE TABLE order_transactions (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    refund_id INTEGER,
    order_ref INTEGER REFERENCES orders(id) ON DELETE CASCADE
);
CREATE INDEX order_transactions_refund_id ON order_transactions (refund_id, id);
CREATE INDEX order_transactions_order_ref ON order_transactions (order_ref, id);

CREATE TABLE order_refunds (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
    created TEXT
);
CREATE INDEX order_refunds_order_id ON order_refunds (order_id, id);

CREATE TABLE order_metafields (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    resource_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
    namespace TEXT,
    key TEXT,
    owner_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    is_shared BOOLEAN
);
CREATE UNIQUE INDEX order_metafields_owner_client_id_resource_id_namespace_key_unique ON order_metafields (owner_client_id, resource_id, namespace, key);
CREATE INDEX order_metafields_resource_id ON order_metafields (resource_id, id);

CREATE TABLE order_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
