-- Infrastructure hosting: projects, uploaded bundles, deployments.
CREATE TABLE hosting_projects (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    date_created TEXT,
    date_modified TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX hosting_projects_uuid_unique ON hosting_projects (uuid);
CREATE TABLE hosting_uploads (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    date_created TEXT
);
CREATE UNIQUE INDEX hosting_uploads_uuid_unique ON hosting_uploads (uuid);
CREATE INDEX hosting_uploads_date_created ON hosting_uploads (date_created, id);
CREATE TABLE hosting_deployments (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    uuid TEXT,
    project_id INTEGER REFERENCES hosting_projects(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX hosting_deployments_uuid_unique ON hosting_deployments (uuid);
CREATE INDEX hosting_deployments_project_id ON hosting_deployments (project_id, id);
