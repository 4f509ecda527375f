-- Shipping zones with their methods, and which carriers are connected.
CREATE TABLE shipping_zones (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    type TEXT,
    enabled BOOLEAN,
    zips INTEGER,
    last_location INTEGER
);

CREATE TABLE shipping_methods (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    zone_id INTEGER REFERENCES shipping_zones(id) ON DELETE CASCADE,
    type TEXT,
    enabled BOOLEAN
);
CREATE INDEX shipping_methods_zone_id ON shipping_methods (zone_id, id);
CREATE TABLE shipping_method_channels (
    method_id INTEGER NOT NULL REFERENCES shipping_methods(id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels(id) ON DELETE CASCADE,
    PRIMARY KEY (method_id, channel_id)
);
CREATE INDEX shipping_method_channels_channel_id ON shipping_method_channels (channel_id, method_id);

CREATE TABLE carrier_connections (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    carrier_id TEXT
);
CREATE UNIQUE INDEX carrier_connections_carrier_id_unique ON carrier_connections (carrier_id);
