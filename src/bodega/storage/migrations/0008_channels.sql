-- Channels: where a store sells. Row 1 is written when a store is opened for the first time.
CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    type TEXT,
    platform TEXT,
    status TEXT,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT,
    available BOOLEAN
);
CREATE UNIQUE INDEX channels_name_key_platform_type_unique ON channels (name_key, platform, type);
