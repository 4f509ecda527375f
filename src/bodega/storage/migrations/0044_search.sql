-- Full text of products: their words, which full-text search finds them by, and their stars, which lists are ordered
-- and narrowed by. What products had before is read from their rows here; their next change makes it neater.
ALTER TABLE product_texts ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE product_texts ADD COLUMN keywords TEXT NOT NULL DEFAULT '';
ALTER TABLE product_texts ADD COLUMN body TEXT NOT NULL DEFAULT '';
UPDATE product_texts SET title = (
    SELECT p.name_key || ' ' || coalesce(p.sku_key, '') || ' ' || replace(coalesce(p.sku_key, ''), '-', '')
    FROM products p WHERE p.id = product_texts.product_id
);
/* sqlite */ UPDATE product_texts SET body = lower(substr(description, 1, 20000)), keywords = (
    SELECT lower(coalesce(json_extract(CAST(p.doc AS TEXT), '$.search_keywords'), '')) FROM products p
    WHERE p.id = product_texts.product_id
);
/* postgresql */ UPDATE product_texts SET
    body = lower(left(regexp_replace(description, '<[^>]*>', ' ', 'g'), 20000)), keywords = (
        SELECT lower(coalesce(convert_from(p.doc, 'UTF8')::json ->> 'search_keywords', '')) FROM products p
        WHERE p.id = product_texts.product_id
    );
/* sqlite */ CREATE VIRTUAL TABLE product_search USING fts5(
    title, keywords, body, content='', contentless_delete=1, detail='column'
);
/* sqlite */ CREATE TABLE product_search_waiting (place INTEGER PRIMARY KEY, product_id INTEGER NOT NULL);
/* sqlite */ CREATE INDEX product_search_waiting_product_id ON product_search_waiting (product_id);
/* sqlite */ INSERT INTO product_search (rowid, title, keywords, body)
    SELECT product_id, title, keywords, body FROM product_texts;
/* sqlite */ CREATE TRIGGER product_texts_added AFTER INSERT ON product_texts BEGIN
    INSERT INTO product_search_waiting (product_id) VALUES (new.product_id);
END;
/* sqlite */ CREATE TRIGGER product_texts_changed AFTER UPDATE OF title, keywords, body ON product_texts BEGIN
    INSERT INTO product_search_waiting (product_id) VALUES (new.product_id);
END;
/* sqlite */ CREATE TRIGGER product_texts_removed AFTER DELETE ON product_texts BEGIN
    DELETE FROM product_search WHERE rowid = old.product_id;
    DELETE FROM product_search_waiting WHERE product_id = old.product_id;
END;
/* sqlite */ CREATE TRIGGER product_search_full AFTER INSERT ON product_search_waiting WHEN new.place >= 64 BEGIN
    INSERT OR REPLACE INTO product_search (rowid, title, keywords, body)
    SELECT t.product_id, t.title, t.keywords, t.body FROM product_texts t
    WHERE t.product_id IN (SELECT w.product_id FROM product_search_waiting w);
    DELETE FROM product_search_waiting;
END;
/* postgresql */ CREATE INDEX product_texts_words ON product_texts USING gin ((
    setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', keywords), 'B')
    || setweight(to_tsvector('simple', body), 'D')
));
ALTER TABLE products ADD COLUMN average_rating INTEGER;
/* sqlite */ UPDATE products SET average_rating = coalesce(
    CAST(json_extract(CAST(doc AS TEXT), '$.reviews_rating_sum') AS INTEGER) * 100
    / nullif(CAST(json_extract(CAST(doc AS TEXT), '$.reviews_count') AS INTEGER), 0), 0
);
/* postgresql */ UPDATE products SET average_rating = coalesce(
    (convert_from(doc, 'UTF8')::json ->> 'reviews_rating_sum')::integer * 100
    / nullif((convert_from(doc, 'UTF8')::json ->> 'reviews_count')::integer, 0), 0
);
