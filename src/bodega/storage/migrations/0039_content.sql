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
    auto_uninstall BOOLEAN,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT,
    description_key TEXT
);
CREATE UNIQUE INDEX scripts_uuid_unique ON scripts (uuid);
CREATE INDEX scripts_channel_id ON scripts (channel_id, id);
CREATE INDEX scripts_api_client_id ON scripts (api_client_id, id);
CREATE TABLE email_templates (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    type_id TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    place TEXT
);
CREATE UNIQUE INDEX email_templates_place_unique ON email_templates (place);
CREATE INDEX email_templates_channel_id ON email_templates (channel_id, id);
CREATE TABLE abandoned_cart_emails (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    place INTEGER
);
CREATE INDEX abandoned_cart_emails_channel_id ON abandoned_cart_emails (channel_id, id);
CREATE INDEX abandoned_cart_emails_place ON abandoned_cart_emails (place, id);
CREATE TABLE abandoned_cart_email_settings (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL
);
CREATE TABLE abandoned_cart_notices (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    cart_id INTEGER REFERENCES carts(id) ON DELETE CASCADE,
    email_id INTEGER REFERENCES abandoned_cart_emails(id) ON DELETE CASCADE,
    channel_id INTEGER,
    due TEXT,
    waits_for INTEGER
);
CREATE INDEX abandoned_cart_notices_cart_id ON abandoned_cart_notices (cart_id, id);
CREATE INDEX abandoned_cart_notices_email_id ON abandoned_cart_notices (email_id, id);
CREATE INDEX abandoned_cart_notices_due ON abandoned_cart_notices (due, id);
CREATE INDEX abandoned_cart_notices_waits_for ON abandoned_cart_notices (waits_for, id);
CREATE TABLE mail_outbox (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    type_id TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    cart_id TEXT,
    date_created TEXT,
    recipient_key TEXT
);
CREATE INDEX mail_outbox_channel_id ON mail_outbox (channel_id, id);
CREATE INDEX mail_outbox_cart_id ON mail_outbox (cart_id, id);
CREATE INDEX mail_outbox_date_created ON mail_outbox (date_created, id);
CREATE INDEX mail_outbox_recipient_key ON mail_outbox (recipient_key, id);
CREATE TABLE redirect_jobs (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    type TEXT,
    state TEXT,
    task_id INTEGER,
    created_at TEXT
);
CREATE UNIQUE INDEX redirect_jobs_uuid_unique ON redirect_jobs (uuid);
CREATE INDEX redirect_jobs_state ON redirect_jobs (state, id);
CREATE INDEX redirect_jobs_task_id ON redirect_jobs (task_id, id);
CREATE INDEX redirect_jobs_created_at ON redirect_jobs (created_at, id);
CREATE TABLE redirect_job_parts (
    job_id INTEGER NOT NULL REFERENCES redirect_jobs(id) ON DELETE CASCADE, part INTEGER NOT NULL,
    content BYTEA NOT NULL, PRIMARY KEY (job_id, part)
);
