"""The lab at a shop's host: faults strike queries, the clock dates them, and the journal shows what they took."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from browsing import Page
from shop import Shop
from storefront import NOW, Window
from test_lab_faults import add, clear
from test_panel_journal import told

QUERY = "query Name { site { settings { storeName } } }"


@pytest.fixture
def window(shop: Shop) -> Any:
    window = Window(shop)
    yield window
    clear(shop)


def ask(window: Window, query: str = QUERY, **headers: str) -> Any:
    return window.send(content={"query": query}, **headers)


def test_a_rule_strikes_queries_by_their_name(window: Window) -> None:
    rule = add(window.shop, {"status": 503, "retry_after": 7}, operation="query Name", schedule={"count": 1})
    assert ask(window, "query Other { channel { entityId } }").status == 200
    struck = ask(window)
    assert (struck.status, struck.headers["retry-after"]) == (503, "7")
    assert struck.json["errors"][0]["extensions"] == {"code": "MAINTENANCE"}
    assert struck.headers["bodega-reason"] == f"MAINTENANCE;fault={rule}"
    assert ask(window).status == 200


MATCHES = [
    {"path": "/graphql"},
    {"method": ["POST"], "path": "/**"},
    {"body": {"query": "*storeName*"}},
    {"headers": {"user-agent": "shop/*"}},
]


@pytest.mark.parametrize("match", MATCHES)
def test_a_rule_is_matched_by_path_body_and_headers(window: Window, match: dict[str, Any]) -> None:
    add(window.shop, {"reason": "WINDOW_QUOTA_SPENT"}, **match)
    assert ask(window, user_agent="shop/1").status == 429
    clear(window.shop)
    window.shop.server.hear()
    assert ask(window, user_agent="shop/1").status == 200


def test_the_header_asks_for_a_fault_of_one_query(window: Window) -> None:
    assert ask(window, bodega_fault="500").status == 500
    broken = ask(window, bodega_fault="broken")
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.body)
    refused = ask(window, bodega_fault="nonsense")
    assert (refused.status, "Bodega-Fault" in refused.json["errors"][0]["message"]) == (400, True)
    assert ask(window).json["data"]


def test_what_a_fault_answered_changes_nothing(window: Window) -> None:
    mutation = 'mutation M { newsletter { subscribe(input: {email: "x@example.com"}) { errors { __typename } } } }'
    assert ask(window, mutation, bodega_fault="503").status == 503
    assert window.shop.get("/v3/customers/subscribers").data == []


def test_answers_are_dated_by_the_clock_of_the_store(window: Window) -> None:
    assert NOW == 1_900_000_000
    assert ask(window).headers["date"] == "Sun, 17 Mar 2030 17:46:40 GMT"


def test_the_journal_shows_what_was_struck_and_the_time_by_resolver(window: Window) -> None:
    ask(window, "query Slow { site { products(first: 2) { edges { node { name brand { name } } } } } }")
    ask(window, bodega_fault="503;retry-after=2")
    slow, struck = told(window.shop).entries[-2:]
    sent = dict(slow.answer_headers)
    assert sent["bodega-operation"] == "Slow"
    assert re.search(r"Site\.products;dur=\d+\.\d\d", sent["server-timing"])
    assert (struck.status, dict(struck.answer_headers)["bodega-fault"]) == (503, "503;retry-after=2")


def test_a_rule_strikes_the_operations_of_pages_in_their_own_form(window: Window) -> None:
    page = Page(window.shop)
    add(window.shop, {"status": 503, "retry_after": 7}, operation="GET /api/storefront/carts", schedule={"count": 1})
    struck = page.send("GET", "/carts")
    assert (struck.status, struck.headers["retry-after"], struck.json["type"]) == (503, "7", "maintenance")
    assert struck.json["detail"]
    assert page.send("GET", "/carts").status == 200
    declined = page.send("POST", "/carts", {}, bodega_fault="500")
    assert declined.status == 500
    assert any(one.path == "/api/storefront/carts" for one in told(window.shop).entries)
