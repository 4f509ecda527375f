"""Tokens for the storefront's GraphQL API."""

from replies import Row

BODY = {"channel_id": 1, "expires_at": 2_000_000_000}
ROWS = [
    Row("POST", "/v3/storefront/api-token", {**BODY, "allowed_cors_origins": ["https://www.example.com"]}),
    Row("POST", "/v3/storefront/api-token-private", {**BODY, "scopes": ["Unauthenticated"]}),
    Row("POST", "/v3/storefront/api-token-customer-impersonation", BODY),
    Row("DELETE", "/v3/storefront/api-token", status=422),
]
