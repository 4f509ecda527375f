-- Promotions, their settings, and their codes, which are coupons.
CREATE TABLE promotions (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    redemption_type TEXT,
    status TEXT,
    start_date TEXT,
    currency_code TEXT,
    priority INTEGER,
    name_key TEXT,
    is_everywhere BOOLEAN,
    lane TEXT,
    ends TEXT
);
CREATE INDEX promotions_priority ON promotions (priority, id);
CREATE INDEX promotions_name_key ON promotions (name_key, id);
CREATE TABLE promotion_channels (
    promotion_id INTEGER NOT NULL REFERENCES promotions(id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels(id) ON DELETE CASCADE,
    PRIMARY KEY (promotion_id, channel_id)
);
CREATE INDEX promotion_channels_channel_id ON promotion_channels (channel_id, promotion_id);
CREATE INDEX promotions_running ON promotions (lane, ends);

CREATE TABLE promotion_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);

ALTER TABLE coupons ADD COLUMN promotion_id INTEGER REFERENCES promotions(id) ON DELETE CASCADE;
ALTER TABLE coupons ADD COLUMN of_promotion BOOLEAN;
UPDATE coupons SET of_promotion = FALSE;
CREATE INDEX coupons_promotion_id ON coupons (promotion_id, id);

CREATE TABLE coupon_uses (
    coupon_id INTEGER NOT NULL REFERENCES coupons(id) ON DELETE CASCADE,
    shopper TEXT NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (coupon_id, shopper)
);
