-- What V2 calls a SKU has another number than the variant that it is.
/* sqlite */ UPDATE variants SET doc = CAST(replace(CAST(doc AS TEXT),
    '"sku_id":' || id || ',', '"sku_id":' || (id + 10000) || ',') AS BLOB) WHERE NOT is_base;
/* postgresql */ UPDATE variants SET doc = convert_to(replace(convert_from(doc, 'UTF8'),
    '"sku_id":' || id || ',', '"sku_id":' || (id + 10000) || ','), 'UTF8') WHERE NOT is_base;
-- They are shown otherwise than before, so their entity tags are others.
UPDATE table_statistics SET revision = revision + 1 WHERE name = '*';
UPDATE variants SET version = (SELECT revision FROM table_statistics WHERE name = '*') WHERE NOT is_base;
UPDATE table_statistics SET revision = (SELECT revision FROM table_statistics WHERE name = '*') WHERE name = 'variants';
