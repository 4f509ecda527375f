-- Files: the bytes of pictures, by digest, and which rows name them.
CREATE TABLE files (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, media_type TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, size INTEGER NOT NULL, content BYTEA NOT NULL
);
CREATE TABLE file_uses (
    digest TEXT NOT NULL REFERENCES files(digest), kind TEXT NOT NULL, owner INTEGER NOT NULL,
    PRIMARY KEY (digest, kind, owner)
);
CREATE INDEX file_uses_owner ON file_uses (kind, owner);
