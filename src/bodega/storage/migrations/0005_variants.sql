-- Variants with options. Those that exist are base variants, and tell their stock and price as their products do.
ALTER TABLE products ADD COLUMN sku_key TEXT;
ALTER TABLE products ADD COLUMN inventory_tracking TEXT;
UPDATE products SET sku_key = (SELECT v.sku_key FROM variants v WHERE v.product_id = products.id);
-- The document is bytes; joined to nothing they are text in SQLite, and bytes still in PostgreSQL: both know LIKE.
UPDATE products SET inventory_tracking = CASE
    WHEN (doc || '') LIKE '%"inventory_tracking":"product"%' THEN 'product'
    WHEN (doc || '') LIKE '%"inventory_tracking":"variant"%' THEN 'variant'
    ELSE 'none' END;
CREATE UNIQUE INDEX products_sku_key_unique ON products (sku_key) WHERE sku_key IS NOT NULL;

ALTER TABLE variants ADD COLUMN combination TEXT;
ALTER TABLE variants ADD COLUMN is_base BOOLEAN;
ALTER TABLE variants ADD COLUMN is_low BOOLEAN;
ALTER TABLE variants ADD COLUMN upc TEXT;
ALTER TABLE variants ADD COLUMN bin_picking_number TEXT;
ALTER TABLE variants ADD COLUMN inventory_level INTEGER;
ALTER TABLE variants ADD COLUMN inventory_warning_level INTEGER;
ALTER TABLE variants ADD COLUMN calculated_price BIGINT;
UPDATE variants SET combination = '', is_base = TRUE, bin_picking_number = '',
    upc = (SELECT p.upc FROM products p WHERE p.id = variants.product_id),
    inventory_level = (SELECT p.inventory_level FROM products p WHERE p.id = variants.product_id),
    inventory_warning_level = (SELECT p.inventory_warning_level FROM products p WHERE p.id = variants.product_id),
    calculated_price = (SELECT p.calculated_price FROM products p WHERE p.id = variants.product_id);
UPDATE variants SET is_low = (inventory_warning_level > 0 AND inventory_level <= inventory_warning_level);
DROP INDEX variants_product_id;
CREATE UNIQUE INDEX variants_product_id_combination_unique ON variants (product_id, combination);
CREATE TABLE variant_option_values (
    variant_id INTEGER NOT NULL REFERENCES variants(id) ON DELETE CASCADE,
    value_id INTEGER NOT NULL REFERENCES option_values(id) ON DELETE CASCADE,
    PRIMARY KEY (variant_id, value_id)
);
CREATE INDEX variant_option_values_value_id ON variant_option_values (value_id, variant_id);
CREATE INDEX variants_skus ON variants (id, is_base) WHERE NOT is_base;
CREATE INDEX variants_low ON variants (product_id) WHERE is_low;
CREATE INDEX variants_worth ON variants (calculated_price, inventory_level);
