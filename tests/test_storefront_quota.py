"""The quota of a storefront: all shoppers together, by the store's clock, for GraphQL and REST."""

from __future__ import annotations

from typing import Any

from browsing import Page
from shop import Reply, Shop
from storefront import NOW, Window

QUERY = {"query": "{ channel { entityId } }"}
QUOTA = "storefront.requests_per_window"


def left(reply: Reply) -> Any:
    return reply.headers.get("x-rate-limit-requests-left")


def test_without_a_quota_nothing_is_counted_or_told(shop: Shop) -> None:
    window, page = Window(shop), Page(shop)
    assert left(window.send(content=QUERY)) is None
    assert left(page.send("GET", "/carts")) is None


def test_a_spent_quota_refuses_queries_and_pages_until_the_window_ends(shop: Shop) -> None:
    window, page = Window(shop), Page(shop)
    shop.change(settings={QUOTA: "3"})
    assert [left(window.send(content=QUERY)), left(page.send("GET", "/carts"))] == ["2", "1"]
    last = window.send(content=QUERY)
    assert (last.status, left(last), last.headers["x-rate-limit-requests-quota"]) == (200, "0", "3")
    query, rest = window.send(content=QUERY), page.send("POST", "/carts", {})
    for one in (query, rest):
        assert (one.status, left(one), one.headers["x-rate-limit-time-window-ms"]) == (429, "0", "30000")
        assert 1 <= int(one.headers["retry-after"]) <= 30
        assert one.headers["retry-after"] == one.headers["x-retry-after"]
    assert query.json["errors"][0]["extensions"] == {"code": "WINDOW_QUOTA_SPENT"}
    assert rest.json["type"] == "window_quota_spent"
    assert shop.get("/v3/catalog/summary").status == 200  # apps have quotas of their own
    shop.freeze(NOW + 31)
    assert left(window.send(content=QUERY)) == "2"


def test_a_changed_quota_goes_on_with_what_was_counted(shop: Shop) -> None:
    window = Window(shop)
    shop.change(settings={QUOTA: "1"})
    assert [window.send(content=QUERY).status for _ in range(2)] == [200, 429]
    shop.change(settings={QUOTA: "1000"})
    assert 990 < int(left(window.send(content=QUERY))) < 999
    shop.change(settings={QUOTA: "off"})
    assert left(window.send(content=QUERY)) is None


def test_what_cannot_be_answered_at_all_costs_nothing(shop: Shop) -> None:
    window, page = Window(shop), Page(shop)
    shop.change(settings={QUOTA: "1"})
    assert window.send(content=QUERY, authorization="").status == 401
    assert window.send("OPTIONS", origin="https://x.example").status == 204
    assert page.send("GET", "/nothing").status == 404
    assert page.send("PUT", "/carts", {}).status == 405
    assert window.send(content=QUERY).status == 200


def test_pages_of_other_addresses_may_read_that_it_is_spent(shop: Shop) -> None:
    window = Window(shop)
    window.token = window.make(allowed_cors_origins=["https://x.example"])
    shop.change(settings={QUOTA: "0"})
    refused = window.send(content=QUERY, origin="https://x.example")
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (429, "https://x.example")
