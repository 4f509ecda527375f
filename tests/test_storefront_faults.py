"""The lab at a shop's host: faults strike queries, the clock dates them, and the journal shows what they took."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bodega import masking
from browsing import Page
from browsing_pages import Visitor
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


def test_a_struck_429_tells_when_to_come_back_as_a_spent_quota_does(window: Window) -> None:
    struck = ask(window, bodega_fault="429")
    assert (struck.headers["x-rate-limit-requests-left"], struck.headers["x-rate-limit-time-reset-ms"]) == (
        "0",
        "30000",
    )
    assert struck.headers["retry-after"] == struck.headers["x-retry-after"] == "30"
    bare = ask(window, bodega_fault="429;rate-limit=missing")
    assert (bare.status, bare.headers.get("retry-after"), bare.headers.get("x-rate-limit-time-reset-ms")) == (
        429, None, None,
    )  # fmt: skip


PAGES = ["/", "/login.php", "/search.php?search_query=lamp", "/cart.php", "/checkout", "/brass-lamp/", "/no-such-page/"]


@pytest.mark.parametrize("path", PAGES)
def test_faults_strike_every_page_of_a_shop_and_the_journal_has_it(shop: Shop, path: str) -> None:
    shop.product("Brass lamp")
    visitor, bare = Visitor(shop), path.partition("?")[0]
    try:
        visitor.get(path)
        assert told(shop).entries[-1].path == bare
        add(shop, {"status": 503, "retry_after": 9}, path=bare, schedule={"count": 1})
        struck = visitor.get(path)
        assert (visitor.reply.status, visitor.reply.headers["retry-after"]) == (503, "9")
        assert "maintenance" in struck.text
        assert (told(shop).entries[-1].path, told(shop).entries[-1].status) == (bare, 503)
        visitor.get(path)
        assert visitor.reply.status in (200, 404)
        visitor.get(path, bodega_fault="nonsense")
        assert (visitor.reply.status, visitor.reply.headers["content-type"][:9]) == (400, "text/html")
    finally:
        clear(shop)


def test_rules_see_the_fields_of_a_form_and_what_they_refuse_is_not_done(shop: Shop) -> None:
    product, visitor = shop.product("Brass lamp"), Visitor(shop)
    try:
        match = {"method": ["POST"], "path": "/cart.php", "body": {"product_id": str(product)}}
        add(shop, {"status": 500}, **match, schedule={"count": 1})
        visitor.post("/cart.php?action=add", {"product_id": product, "qty": 1})
        assert visitor.reply.status == 500
        assert shop.rows("carts") == 0
        visitor.post("/cart.php?action=add", {"product_id": product, "qty": 1})
        assert shop.rows("carts") == 1
    finally:
        clear(shop)


SECRETS = {
    "login_pass": "hush-hush-1", "ccNumber": "4111 1111 1111 1111", "ccCvv": "737", "ccName": "Ada Byron",
    "email": "ada@example.com", "firstName": "Adalbert", "addressLine1": "12 Analytical Row", "postCode": "N1 9XX",
    "orderMessage": "ring at Byrons", "4111111111111111": "5500005555555559",
}  # fmt: skip


def test_the_journal_keeps_nothing_that_shoppers_type_about_themselves(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    visitor = Visitor(shop)
    more = {**SECRETS, "qty": "3", "product_id": "4111111111111111"}
    for path in ("/checkout/payment?card=5500005555555559", "/login.php?prelaunch_password=hush-hush-1", "/cart.php"):
        visitor.post(path, more)
    kept = [one for one in told(shop).entries if one.method == "POST"]
    assert [one.path for one in kept] == ["/checkout/payment", "/login.php", "/cart.php"]
    assert all("qty=3" in (one.body or "") and "ccNumber=" in (one.body or "") for one in kept)
    whole = repr(told(shop).entries)
    for secret in (*(value for value in SECRETS.values() if len(value) > 3), "4111111111111111"):
        assert secret not in whole
        assert secret.replace(" ", "+") not in whole
    for part in ("hush", "Adalbert", "Analytical", "737"):
        assert f"={part}" not in whole


def test_an_address_in_a_header_keeps_no_secret(shop: Shop) -> None:
    visitor = Visitor(shop)
    visitor.get("/", referer=f"http://{visitor.host}/cart.php?token=sesame&x=1")
    assert dict(told(shop).entries[-1].headers)["referer"].endswith(f"/cart.php?token={masking.MASK}&x=1")
