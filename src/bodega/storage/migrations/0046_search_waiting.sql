-- SQLite's entries in the full text are made by upkeep between writes, no longer within the sixty-fourth of them.
/* sqlite */ DROP TRIGGER product_search_full;
/* sqlite */ DROP TRIGGER product_texts_added;
/* sqlite */ DROP TRIGGER product_texts_changed;
/* sqlite */ INSERT OR REPLACE INTO product_search (rowid, title, keywords, body)
    SELECT t.product_id, t.title, t.keywords, t.body FROM product_texts t
    WHERE t.product_id IN (SELECT w.product_id FROM product_search_waiting w);
/* sqlite */ DROP TABLE product_search_waiting;
/* sqlite */ INSERT INTO product_search (product_search, rank) VALUES ('deletemerge', 30);
/* sqlite */ CREATE TABLE product_search_waiting (product_id INTEGER PRIMARY KEY);
/* sqlite */ CREATE TRIGGER product_texts_added AFTER INSERT ON product_texts BEGIN
    INSERT OR IGNORE INTO product_search_waiting (product_id) VALUES (new.product_id);
END;
/* sqlite */ CREATE TRIGGER product_texts_changed AFTER UPDATE OF title, keywords, body ON product_texts BEGIN
    INSERT OR IGNORE INTO product_search_waiting (product_id) VALUES (new.product_id);
END;
