-- Owners, who sign in to the control panel; their sessions; links that let one in once; attempts to sign in.
CREATE TABLE owners (
    id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, email TEXT NOT NULL, password TEXT NOT NULL, created BIGINT NOT NULL
);
CREATE UNIQUE INDEX owners_email ON owners (email);
CREATE TABLE owned (
    owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE,
    store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE,
    PRIMARY KEY (owner, store)
);
CREATE INDEX owned_store ON owned (store);
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE, form_token TEXT NOT NULL,
    agent TEXT NOT NULL, began BIGINT NOT NULL, used BIGINT NOT NULL
);
CREATE INDEX sessions_owner ON sessions (owner);
CREATE TABLE invitations (
    digest TEXT PRIMARY KEY, store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE, email TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE TABLE attempts (who TEXT PRIMARY KEY, tries INTEGER NOT NULL, until BIGINT NOT NULL);
