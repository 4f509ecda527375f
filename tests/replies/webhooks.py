"""Webhooks."""

from replies import Differs, Row

RECORDED = "recorded replies have it"
ROWS = [
    Row(
        "POST", "/v3/hooks", {"scope": "store/order/*", "destination": "https://example.com/orders"}, name="orders_hook"
    ),
    Row("PUT", "/v3/hooks/{orders_hook}", {"headers": {"X-Key": "secret"}}),
    Row("PUT", "/v3/hooks/{orders_hook}", {"scope": "store/nothing"}, status=422),
    Row("POST", "/v3/hooks", {"scope": "store/cart/*", "destination": "https://example.com/carts"}, name="carts_hook"),
    Row("DELETE", "/v3/hooks/{carts_hook}"),
    Row("POST", "/v2/hooks", {"scope": "store/cart/*", "destination": "https://example.com/old"}, name="older_hook"),
    Row("PUT", "/v2/hooks/{older_hook}", {"is_active": False}),
    Row("DELETE", "/v2/hooks/{older_hook}"),
    Row("PUT", "/v3/hooks/admin", {"emails": ["webhooks@example.com"]}),
]
DIFFERS = [
    Differs("* /v3/hooks*", "data.events_history_enabled", "extra", RECORDED),
    Differs("GET /v3/hooks/admin", "data.blocked_domains.*", "absent", "none is blocked; test_webhooks.py has one"),
]
V2_TABLES = {"hooks": "webhook"}
V2_DIFFERS = {
    ("webhook", "scope", "type"): "a string, since channels make scopes without number",
    ("webhook", "events_history_enabled", "name"): RECORDED,
}
