-- The statistics of every table, and the index of pages, under the names that the code has for them.
CREATE TABLE table_statistics (
    name TEXT PRIMARY KEY, revision BIGINT NOT NULL, modified BIGINT NOT NULL,
    total BIGINT NOT NULL, next_id BIGINT NOT NULL, index_revision BIGINT NOT NULL
);
INSERT INTO table_statistics (name, revision, modified, total, next_id, index_revision)
SELECT name, revision, modified, total, next_id, census FROM ledger;
DROP TABLE ledger;
CREATE TABLE page_index (
    name TEXT NOT NULL, block INTEGER NOT NULL, living INTEGER NOT NULL, PRIMARY KEY (name, block)
);
INSERT INTO page_index (name, block, living) SELECT name, block, living FROM pages;
DROP TABLE pages;
ALTER TABLE deliveries RENAME COLUMN said TO message;
