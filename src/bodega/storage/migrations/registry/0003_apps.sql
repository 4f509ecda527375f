-- Apps that owners register, the codes by which one is installed, and where each is installed.
CREATE TABLE apps (
    client_id TEXT PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE, name TEXT NOT NULL,
    secret TEXT NOT NULL, scopes TEXT NOT NULL, auth_url TEXT NOT NULL, load_url TEXT NOT NULL,
    uninstall_url TEXT NOT NULL, remove_user_url TEXT NOT NULL, created BIGINT NOT NULL
);
CREATE INDEX apps_owner ON apps (owner);
CREATE TABLE codes (
    digest TEXT PRIMARY KEY, app TEXT NOT NULL REFERENCES apps(client_id) ON DELETE CASCADE,
    store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE,
    owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE, scopes TEXT NOT NULL, expires BIGINT NOT NULL,
    spent INTEGER NOT NULL
);
CREATE TABLE installations (
    app TEXT NOT NULL REFERENCES apps(client_id) ON DELETE CASCADE,
    store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE,
    account TEXT NOT NULL REFERENCES accounts(client_id) ON DELETE CASCADE,
    owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE, installed BIGINT NOT NULL,
    PRIMARY KEY (app, store)
);
CREATE INDEX installations_store ON installations (store);
