-- What requests changed, so that they can be undone; `number` as of an exchange.
CREATE TABLE pasts (
    store TEXT NOT NULL, id TEXT NOT NULL, number BIGINT NOT NULL, bytes INTEGER NOT NULL, past BYTEA NOT NULL,
    PRIMARY KEY (store, id)
);
CREATE INDEX pasts_store ON pasts (store, number, bytes);
