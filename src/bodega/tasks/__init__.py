"""Work that a request started and did not wait for: a durable queue in the store's own database, and its worker."""
