-- An OAuth account may have requests an hour beside its window; -1: it has none. Their counts, shared by several workers.
UPDATE accounts SET per_hour = -1 WHERE kind = 'oauth';
CREATE TABLE hour_quotas (
    client_id TEXT PRIMARY KEY REFERENCES accounts(client_id) ON DELETE CASCADE,
    quota_epoch INTEGER NOT NULL, counts TEXT NOT NULL, held BIGINT NOT NULL, held_until DOUBLE PRECISION NOT NULL
);
