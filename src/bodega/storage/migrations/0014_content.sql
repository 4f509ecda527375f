-- The blog with its tags, web pages, redirects.
CREATE TABLE blog_posts (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    is_published BOOLEAN,
    published_date TEXT,
    url TEXT
);
CREATE INDEX blog_posts_published_date ON blog_posts (published_date, id);
CREATE TABLE blog_post_tags (
    post_id INTEGER NOT NULL REFERENCES blog_posts(id) ON DELETE CASCADE, tag_key TEXT NOT NULL, tag TEXT NOT NULL,
    PRIMARY KEY (post_id, tag_key)
);
CREATE INDEX blog_post_tags_tag_key ON blog_post_tags (tag_key, post_id);

CREATE TABLE web_pages (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    channel_id INTEGER REFERENCES channels(id) ON DELETE RESTRICT,
    parent_id INTEGER,
    is_homepage BOOLEAN,
    name_key TEXT
);
CREATE UNIQUE INDEX web_pages_channel_id_name_key_unique ON web_pages (channel_id, name_key);
CREATE INDEX web_pages_parent_id ON web_pages (parent_id, id);

CREATE TABLE redirects (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    path TEXT,
    kind TEXT,
    ref INTEGER
);
CREATE UNIQUE INDEX redirects_path_unique ON redirects (path);
CREATE INDEX redirects_ref ON redirects (ref, id);
