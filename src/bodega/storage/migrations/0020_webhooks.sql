-- Hooks, and the outbox: one row for each event and hook that asks for it, which is its log when it was delivered.
CREATE TABLE hooks (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    client_id TEXT,
    scope TEXT,
    destination TEXT,
    is_active BOOLEAN
);
CREATE UNIQUE INDEX hooks_client_id_scope_destination_unique ON hooks (client_id, scope, destination);
CREATE TABLE deliveries (
    id BIGINT PRIMARY KEY, hook_id INTEGER NOT NULL, scope TEXT NOT NULL, data BYTEA NOT NULL, hash TEXT NOT NULL,
    created BIGINT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at BIGINT NOT NULL,
    tried_at BIGINT, status INTEGER, said TEXT
);
CREATE INDEX deliveries_waiting ON deliveries (hook_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_hook ON deliveries (hook_id, id);
CREATE TABLE hook_leases (
    hook_id INTEGER PRIMARY KEY, holder TEXT NOT NULL, held_until BIGINT NOT NULL
);
CREATE TABLE hook_blocks (
    client_id TEXT NOT NULL, domain TEXT NOT NULL, blocked_until BIGINT NOT NULL, reasons TEXT NOT NULL,
    PRIMARY KEY (client_id, domain)
);
CREATE TABLE hook_contacts (
    client_id TEXT PRIMARY KEY, emails TEXT NOT NULL
);
