-- Rules of injected faults (docs/decisions/0038). `number` orders the rules of a store; `seen` counts the calls that a rule was about.
CREATE TABLE faults (
    id TEXT PRIMARY KEY, store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE,
    number BIGINT NOT NULL, rule TEXT NOT NULL, seen BIGINT NOT NULL, created BIGINT NOT NULL
);
CREATE INDEX faults_store ON faults (store, number);
