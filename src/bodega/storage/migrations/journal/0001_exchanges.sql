-- Exchanges, attempts to deliver events, and counts by minute. `number` is the time: microseconds since 1970, times 2048.
/* sqlite */ CREATE TABLE exchanges (
    number INTEGER PRIMARY KEY, store TEXT NOT NULL, id TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    query TEXT NOT NULL, version INTEGER NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL,
    client_id TEXT NOT NULL, us INTEGER NOT NULL, secure INTEGER NOT NULL, prefix TEXT NOT NULL, size INTEGER NOT NULL,
    answer_size INTEGER NOT NULL, bytes INTEGER NOT NULL, headers TEXT NOT NULL, answer_headers TEXT NOT NULL,
    body TEXT, answer_body TEXT
);
/* postgresql */ CREATE TABLE exchanges (
    number BIGINT PRIMARY KEY, store TEXT NOT NULL, id TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    query TEXT NOT NULL, version INTEGER NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL,
    client_id TEXT NOT NULL, us BIGINT NOT NULL, secure INTEGER NOT NULL, prefix TEXT NOT NULL, size BIGINT NOT NULL,
    answer_size BIGINT NOT NULL, bytes INTEGER NOT NULL, headers TEXT NOT NULL, answer_headers TEXT NOT NULL,
    body TEXT, answer_body TEXT
);
CREATE INDEX exchanges_store ON exchanges (store, number, bytes);
CREATE INDEX exchanges_status ON exchanges (store, (status / 100), number, status);
CREATE INDEX exchanges_account ON exchanges (store, client_id, number);
CREATE INDEX exchanges_id ON exchanges (id);
/* sqlite */ CREATE TABLE attempts (
    number INTEGER PRIMARY KEY, store TEXT NOT NULL, hook_id INTEGER NOT NULL, delivery_id INTEGER NOT NULL,
    message_id TEXT NOT NULL, attempt INTEGER NOT NULL, destination TEXT NOT NULL, status INTEGER, error TEXT NOT NULL,
    us INTEGER NOT NULL, answer_size INTEGER NOT NULL, bytes INTEGER NOT NULL, headers TEXT NOT NULL,
    answer_headers TEXT NOT NULL, body TEXT, answer_body TEXT
);
/* postgresql */ CREATE TABLE attempts (
    number BIGINT PRIMARY KEY, store TEXT NOT NULL, hook_id INTEGER NOT NULL, delivery_id BIGINT NOT NULL,
    message_id TEXT NOT NULL, attempt INTEGER NOT NULL, destination TEXT NOT NULL, status INTEGER, error TEXT NOT NULL,
    us BIGINT NOT NULL, answer_size BIGINT NOT NULL, bytes INTEGER NOT NULL, headers TEXT NOT NULL,
    answer_headers TEXT NOT NULL, body TEXT, answer_body TEXT
);
CREATE INDEX attempts_store ON attempts (store, number, bytes);
CREATE INDEX attempts_message ON attempts (store, message_id, number);
CREATE INDEX attempts_hook ON attempts (store, hook_id, number);
CREATE TABLE minutes (
    store TEXT NOT NULL, minute BIGINT NOT NULL, worker TEXT NOT NULL, tally TEXT NOT NULL,
    PRIMARY KEY (store, minute, worker)
);
