-- The ledger, and the first resources: categories, brands, products with their base variants, tasks.
CREATE TABLE ledger (
    name TEXT PRIMARY KEY, revision BIGINT NOT NULL, modified BIGINT NOT NULL,
    total BIGINT NOT NULL, next_id BIGINT NOT NULL, census BIGINT NOT NULL
);
-- The store's own row: the write lock on PostgreSQL, which must be there before the first write.
INSERT INTO ledger (name, revision, modified, total, next_id, census) VALUES ('*', 0, 0, 0, 1, 0);
CREATE TABLE pages (name TEXT NOT NULL, block INTEGER NOT NULL, living INTEGER NOT NULL, PRIMARY KEY (name, block));

CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    parent_id INTEGER,
    name TEXT,
    is_visible BOOLEAN,
    page_title TEXT,
    search_keywords TEXT,
    sort_order INTEGER,
    name_key TEXT,
    parent_ref INTEGER REFERENCES categories(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX categories_parent_id_name_key_unique ON categories (parent_id, name_key);
CREATE INDEX categories_parent_id ON categories (parent_id, id);
CREATE INDEX categories_name_key ON categories (name_key, id);

CREATE TABLE brands (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    page_title TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX brands_name_key_unique ON brands (name_key);

CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    sku TEXT,
    type TEXT,
    brand_id INTEGER,
    price BIGINT,
    calculated_price BIGINT,
    weight BIGINT,
    condition TEXT,
    availability TEXT,
    is_visible BOOLEAN,
    is_featured BOOLEAN,
    is_free_shipping BOOLEAN,
    inventory_level INTEGER,
    inventory_warning_level INTEGER,
    total_sold INTEGER,
    date_created TEXT,
    date_modified TEXT,
    date_last_imported TEXT,
    upc TEXT,
    mpn TEXT,
    product_tax_code TEXT,
    name_key TEXT,
    brand_ref INTEGER REFERENCES brands(id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX products_name_key_unique ON products (name_key);
CREATE INDEX products_brand_id ON products (brand_id, id);
CREATE INDEX products_date_modified ON products (date_modified, id);
CREATE TABLE product_categories (
    product_id INTEGER NOT NULL REFERENCES products(id) ON DELETE CASCADE,
    category_id INTEGER NOT NULL REFERENCES categories(id) ON DELETE CASCADE,
    PRIMARY KEY (product_id, category_id)
);
CREATE INDEX product_categories_category_id ON product_categories (category_id, product_id);
CREATE TABLE urls (
    url TEXT PRIMARY KEY, kind TEXT NOT NULL, owner INTEGER NOT NULL
);
CREATE UNIQUE INDEX urls_owner ON urls (kind, owner);
CREATE TABLE product_texts (
    product_id INTEGER PRIMARY KEY REFERENCES products(id) ON DELETE CASCADE, description TEXT NOT NULL
);

CREATE TABLE variants (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    sku TEXT,
    sku_key TEXT
);
CREATE UNIQUE INDEX variants_sku_key_unique ON variants (sku_key);
CREATE INDEX variants_product_id ON variants (product_id, id);

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    state TEXT,
    client_id TEXT
);
CREATE INDEX tasks_state ON tasks (state, id);
