-- A storefront may have requests a window of its own, from all shoppers. Their counts, shared by several workers.
CREATE TABLE shop_quotas (
    client_id TEXT PRIMARY KEY REFERENCES stores(hash) ON DELETE CASCADE,
    quota_epoch INTEGER NOT NULL, counts TEXT NOT NULL, held BIGINT NOT NULL, held_until DOUBLE PRECISION NOT NULL
);
