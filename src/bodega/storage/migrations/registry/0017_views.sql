-- Views of the panel's lists that the staff saved: of one person, or without an owner shared with the store; and which
-- of them somebody sees first. What somebody saved goes when they leave the store.
CREATE TABLE panel_views (
    id TEXT PRIMARY KEY, store TEXT NOT NULL REFERENCES stores(hash) ON DELETE CASCADE, list TEXT NOT NULL,
    owner INTEGER, name TEXT NOT NULL, query TEXT NOT NULL,
    FOREIGN KEY (owner, store) REFERENCES owned(owner, store) ON DELETE CASCADE
);
CREATE UNIQUE INDEX panel_views_name ON panel_views (store, list, COALESCE(owner, 0), name);
CREATE TABLE panel_first_views (
    owner INTEGER NOT NULL, store TEXT NOT NULL, list TEXT NOT NULL,
    view TEXT NOT NULL REFERENCES panel_views(id) ON DELETE CASCADE, PRIMARY KEY (owner, store, list),
    FOREIGN KEY (owner, store) REFERENCES owned(owner, store) ON DELETE CASCADE
);
CREATE INDEX panel_first_views_view ON panel_first_views (view);
