"""The REST API for shoppers, at a shop's host: /api/storefront/... (docs/storefront-rest.md)."""
