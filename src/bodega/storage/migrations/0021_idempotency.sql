-- The first answers to keyed POSTs, kept for a day so that a retry is answered again and not carried out again.
CREATE TABLE idempotency (
    client_id TEXT NOT NULL, name TEXT NOT NULL, print TEXT NOT NULL, created BIGINT NOT NULL,
    status INTEGER NOT NULL, location TEXT NOT NULL, version BIGINT NOT NULL, modified BIGINT NOT NULL,
    body BYTEA NOT NULL, PRIMARY KEY (client_id, name)
);
CREATE INDEX idempotency_created ON idempotency (created);
