-- Redirects belong to a site, and are found by how their paths begin; pages are found by what they say; scripts of apps.
ALTER TABLE redirects ADD COLUMN site_id INTEGER REFERENCES sites(id) ON DELETE CASCADE;
ALTER TABLE redirects ADD COLUMN from_path_key TEXT;
ALTER TABLE redirects ADD COLUMN type_key TEXT;
UPDATE redirects SET site_id = 1, from_path_key = lower(normalize(path)),
    type_key = CASE kind WHEN 'manual' THEN 'url' ELSE kind END;
DROP INDEX redirects_path_unique;
CREATE UNIQUE INDEX redirects_site_id_path_unique ON redirects (site_id, path);
CREATE INDEX redirects_site_id ON redirects (site_id, id);
CREATE INDEX redirects_from_path_key ON redirects (from_path_key, id);
ALTER TABLE web_pages ADD COLUMN body TEXT;
/* sqlite */ UPDATE web_pages SET body = json_extract(CAST(doc AS TEXT), '$.body');
/* postgresql */ UPDATE web_pages SET body = convert_from(doc, 'UTF8')::json ->> 'body';
CREATE TABLE scripts (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    api_client_id TEXT,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT,
    description_key TEXT
);
CREATE UNIQUE INDEX scripts_uuid_unique ON scripts (uuid);
CREATE INDEX scripts_channel_id ON scripts (channel_id, id);
CREATE INDEX scripts_api_client_id ON scripts (api_client_id, id);
