-- Themes: what their files hold, their configurations and jobs, what channels show, templates of entities; keys of files.
CREATE TABLE file_keys (key TEXT PRIMARY KEY, digest TEXT NOT NULL, until BIGINT NOT NULL);
CREATE INDEX file_keys_until ON file_keys (until);
CREATE TABLE themes (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    name TEXT,
    version_uuid TEXT,
    is_active BOOLEAN
);
CREATE UNIQUE INDEX themes_uuid_unique ON themes (uuid);
CREATE UNIQUE INDEX themes_version_uuid_unique ON themes (version_uuid);
CREATE TABLE theme_contents (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    theme_id INTEGER REFERENCES themes(id) ON DELETE CASCADE
);
CREATE INDEX theme_contents_theme_id ON theme_contents (theme_id, id);
CREATE TABLE theme_templates (
    owner INTEGER NOT NULL REFERENCES themes(id) ON DELETE CASCADE, kind TEXT NOT NULL, file TEXT NOT NULL,
    PRIMARY KEY (owner, kind, file)
);
CREATE TABLE theme_configurations (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    theme_id INTEGER REFERENCES themes(id) ON DELETE CASCADE,
    variation_id TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX theme_configurations_uuid_unique ON theme_configurations (uuid);
CREATE INDEX theme_configurations_theme_id ON theme_configurations (theme_id, id);
CREATE INDEX theme_configurations_variation_id ON theme_configurations (variation_id, id);
CREATE INDEX theme_configurations_channel_id ON theme_configurations (channel_id, id);
CREATE TABLE active_themes (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    theme_id INTEGER REFERENCES themes(id) ON DELETE RESTRICT,
    at_channel INTEGER REFERENCES channels(id) ON DELETE CASCADE
);
CREATE INDEX active_themes_theme_id ON active_themes (theme_id, id);
CREATE INDEX active_themes_at_channel ON active_themes (at_channel, id);
CREATE TABLE theme_jobs (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    task_id INTEGER,
    date_created TEXT
);
CREATE UNIQUE INDEX theme_jobs_uuid_unique ON theme_jobs (uuid);
CREATE INDEX theme_jobs_task_id ON theme_jobs (task_id, id);
CREATE INDEX theme_jobs_date_created ON theme_jobs (date_created, id);
CREATE TABLE custom_templates (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    entity_type TEXT,
    entity_id INTEGER,
    file_name TEXT
);
CREATE UNIQUE INDEX custom_templates_entity_type_entity_id_channel_id_unique ON custom_templates (entity_type, entity_id, channel_id);
CREATE INDEX custom_templates_channel_id ON custom_templates (channel_id, id);
-- Widget templates with their versions, widgets, layouts of pages, placements.
CREATE TABLE widget_templates (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    name TEXT,
    kind TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX widget_templates_uuid_unique ON widget_templates (uuid);
CREATE INDEX widget_templates_channel_id ON widget_templates (channel_id, id);
CREATE TABLE widget_template_versions (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    template_id INTEGER REFERENCES widget_templates(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX widget_template_versions_uuid_unique ON widget_template_versions (uuid);
CREATE INDEX widget_template_versions_template_id ON widget_template_versions (template_id, id);
CREATE TABLE widgets (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    name TEXT,
    template_id INTEGER REFERENCES widget_templates(id) ON DELETE RESTRICT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    name_key TEXT
);
CREATE UNIQUE INDEX widgets_uuid_unique ON widgets (uuid);
CREATE INDEX widgets_template_id ON widgets (template_id, id);
CREATE INDEX widgets_channel_id ON widgets (channel_id, id);
CREATE INDEX widgets_name_key ON widgets (name_key, id);
CREATE TABLE widget_layouts (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    template_file TEXT,
    entity_id TEXT
);
CREATE INDEX widget_layouts_page ON widget_layouts (channel_id, template_file, entity_id);
CREATE TABLE placements (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    channel_id INTEGER REFERENCES channels(id) ON DELETE CASCADE,
    template_file TEXT,
    entity_id TEXT,
    widget_id INTEGER REFERENCES widgets(id) ON DELETE CASCADE,
    layout_id INTEGER REFERENCES widget_layouts(id) ON DELETE CASCADE,
    status TEXT
);
CREATE UNIQUE INDEX placements_uuid_unique ON placements (uuid);
CREATE INDEX placements_widget_id ON placements (widget_id, id);
CREATE INDEX placements_layout_id ON placements (layout_id, id);
CREATE INDEX placements_page ON placements (channel_id, template_file, entity_id);
