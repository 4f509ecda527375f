-- Revisions grow over all stores, so that a server can ask which stores were written to by another process.
CREATE INDEX stores_revision ON stores (revision);
