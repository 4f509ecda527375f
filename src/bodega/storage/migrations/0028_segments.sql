-- Segments of shoppers, the profiles of customers, and which belong to which.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    name TEXT,
    created_at TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX segments_uuid_unique ON segments (uuid);
CREATE UNIQUE INDEX segments_name_key_unique ON segments (name_key);
CREATE TABLE shopper_profiles (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX shopper_profiles_uuid_unique ON shopper_profiles (uuid);
CREATE UNIQUE INDEX shopper_profiles_customer_id_unique ON shopper_profiles (customer_id);
CREATE TABLE segment_members (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    segment_id INTEGER REFERENCES segments(id) ON DELETE CASCADE,
    profile_id INTEGER REFERENCES shopper_profiles(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX segment_members_segment_id_profile_id_unique ON segment_members (segment_id, profile_id);
CREATE INDEX segment_members_segment_id ON segment_members (segment_id, id);
CREATE INDEX segment_members_profile_id ON segment_members (profile_id, id);
