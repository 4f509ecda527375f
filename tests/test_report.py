"""The report card and least permission: every check finds a client that does it, and blames no other."""

from __future__ import annotations

import json
import re
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bodega.app import routes
from bodega.http.app_context import AppContext
from bodega.http.router import by_version
from bodega.journal.exchange import TICKS, Attempt
from bodega.journal.recorder import key_of
from bodega.journal.ring import ATTEMPTS, attempt_row
from bodega.lab.report.calls import SEVERITIES, Run
from bodega.lab.report.card import TITLES, Card, read_run, report
from bodega.lab.report.formats import FORMATS, as_junit, as_sarif
from bodega.lab.report.permissions import permissions
from bodega.lab.report.safety import FORGED, SLOW_US
from shop import Shop


def run_of(shop: Shop, **asked: Any) -> Run:
    """What the journal keeps of a store."""
    app = shop.server.app
    shop.server.run(app.journal_sync.write())
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    accounts = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    found: Run = shop.server.run(read_run(app.journal_sync.ring, record, accounts, routes(), **asked))
    return found


def card_of(shop: Shop) -> Card:
    """The report card of all that was asked of a store."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    app = AppContext(shop.server.app.stores, by_version(routes()), insecure_http=True)
    found: Card = shop.server.run(report(app, store, run_of(shop)))
    return found


def checks(card: Card) -> set[str]:
    """What was found, but for scopes: the account of these tests may do everything."""
    return {finding.check for finding in card.findings} - {"idle-scopes"}


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A store with products that a client did not make, whose journal keeps bodies."""
    shop.change(settings={"journal": "full"})
    for number in range(7):
        made = shop.post("/v3/catalog/products", product(f"Thing {number}"))
        assert made.status == 200
    shop.server.run(shop.server.app.journal_sync.write())
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    shop.server.run(shop.server.app.journal_sync.ring.forget(key_of(record)))
    return shop


def product(name: str) -> dict[str, Any]:
    return {"name": name, "type": "physical", "weight": 1, "price": 5}


def ids(shop: Shop) -> list[int]:
    return [row[0] for row in shop.select("SELECT id FROM products ORDER BY id")]


# What a client may do wrong


def ignored_reset(shop: Shop) -> None:
    poor = shop.account(per_window=1)
    assert [shop.get("/v3/catalog/summary", token=poor).status for _ in range(3)] == [200, 429, 429]


def no_back_off(shop: Shop) -> None:
    """Made by hand: how long a request takes decides whether the pauses of the test's client happen to grow."""
    for ago in (400_000, 300_000, 200_000, 100_000):
        keep(shop, ago, status=503, reason="MAINTENANCE", path=f"/stores/{shop.name}/v3/catalog/summary")


def too_many_at_once(shop: Shop) -> None:
    """Made by hand: the test's client sends one request at a time."""
    keep(shop, status=429, reason="TOO_MANY_AT_ONCE", method="GET", path=f"/stores/{shop.name}/v3/catalog/categories")


def repeated_refusal(shop: Shop) -> None:
    for _ in range(3):
        assert shop.get("/v3/catalog/products/999").status == 404


def repeated_after_204(shop: Shop) -> None:
    for _ in range(3):
        assert shop.get("/v2/coupons").status == 204


def created_twice(shop: Shop) -> None:
    review = {"title": "Good", "name": "A", "rating": 5, "text": "Nice.", "date_reviewed": "2020-01-01T00:00:00Z"}
    path = f"/v3/catalog/products/{ids(shop)[0]}/reviews"
    for _ in range(2):
        made = shop.post(path, review)
        assert made.status == 200, made.body


def repeated_create(shop: Shop) -> None:
    path = f"/stores/{shop.name}/v3/catalog/brands"
    for status in (500, 200):
        keep(shop, status=status, method="POST", path=path, body='{"name":"Once"}')


def one_by_one(shop: Shop) -> None:
    for row in ids(shop):
        assert shop.get(f"/v3/catalog/products/{row}").status == 200


def children_one_by_one(shop: Shop) -> None:
    for row in ids(shop):
        assert shop.get(f"/v3/catalog/products/{row}/variants").status == 200


def small_pages(shop: Shop) -> None:
    for page in range(1, 8):
        assert shop.get(f"/v3/catalog/products?limit=1&page={page}").status == 200


def polled(shop: Shop) -> None:
    for _ in range(7):
        assert shop.get("/v3/catalog/summary").status == 200


def older_version(shop: Shop) -> None:
    assert shop.get("/v2/brands?limit=250").status == 204


def redirected(shop: Shop) -> None:
    for _ in range(2):
        assert shop.get("/v1/brands").status == 302


def secret_in_url(shop: Shop) -> None:
    assert shop.get("/v2/time?access_token=hunter2").status == 200


def scope_missing(shop: Shop) -> None:
    assert shop.get("/v3/catalog/summary", token=shop.account("store_v2_orders")).status == 403


def idle_scopes(shop: Shop) -> None:
    assert shop.get("/v3/catalog/summary", token=shop.account("store_v2_products", "store_v2_orders")).status == 200


def first_page_only(shop: Shop) -> None:
    for page in (1, 2):
        assert shop.get(f"/v3/catalog/products?limit=2&page={page}").status == 200


def first_rows_only(shop: Shop) -> None:
    assert shop.get("/v3/catalog/products?limit=3").status == 200


def first_page_of_v2(shop: Shop) -> None:
    for page in (1, 2):
        assert shop.get(f"/v2/products?limit=2&page={page}").status == 200


def slow_receiver(shop: Shop) -> None:
    deliver(shop, 200, us=SLOW_US + 1)


def failing_receiver(shop: Shop) -> None:
    deliver(shop, 500)


def signature_not_checked(shop: Shop) -> None:
    deliver(shop, 200, headers=[(FORGED, "webhook-signature=bad")])


def keep(shop: Shop, ago: int = 1_000, **more: Any) -> None:
    """Has the journal hold a request as if it had come; `ago` in microseconds."""
    from bodega.journal.ring import EXCHANGES, exchange_row
    from test_journal_kept import exchange

    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    shown = exchange(-ago, **more)
    shop.server.run(shop.server.app.journal_sync.ring.add(EXCHANGES, [exchange_row(key_of(record), shown)]))


def deliver(shop: Shop, status: int, us: int = 1_000, headers: list[tuple[str, str]] | None = None) -> None:
    """Has the journal hold an attempt to deliver."""
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    at = int(time.time() * 1_000_000)
    one = Attempt(at << TICKS, 9, 1, "abcdef", 1, "https://a.example/", status, "", us, 2, headers or [], [], "{}", "")
    shop.server.run(shop.server.app.journal_sync.ring.add(ATTEMPTS, [attempt_row(key_of(record), one)]))


PROVOKED: dict[str, Callable[[Shop], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        ignored_reset, no_back_off, too_many_at_once, repeated_refusal, repeated_after_204, created_twice,
        repeated_create, one_by_one, children_one_by_one, small_pages, polled, older_version, redirected, secret_in_url,
        scope_missing, idle_scopes, first_page_only, first_rows_only, slow_receiver, failing_receiver,
        signature_not_checked,
    )
}  # fmt: skip

BESIDE = {
    "ignored-reset": {"no-back-off", "polled"},
    "repeated-after-204": {"older-version"},
    "small-pages": set(),
    "redirected": {"older-version", "polled"},
}
"""What a client that does the one does as well."""


@pytest.mark.parametrize("check", TITLES)
def test_each_check_finds_the_client_that_does_it(filled: Shop, check: str) -> None:
    PROVOKED[check](filled)
    card = card_of(filled)
    found = [finding for finding in card.findings if finding.check == check]
    assert found, card
    assert checks(card) - {check} <= BESIDE.get(check, set()), card
    for finding in found:
        kept = {call.id for call in run_of(filled).calls} | {"abcdef"}
        assert set(finding.requests) <= kept
        assert finding.count >= 1
        assert finding.severity in SEVERITIES


def test_a_list_of_v2_is_followed_as_well(filled: Shop) -> None:
    first_page_of_v2(filled)
    assert "first-page-only" in checks(card_of(filled))


def test_a_client_that_behaves_is_not_blamed(filled: Shop) -> None:
    """It reads both versions to their ends, waits, polls with conditions, and sends keys."""
    token = filled.account("store_v2_products")
    first = filled.get("/v3/catalog/products?limit=250", token=token)
    again = filled.get("/v3/catalog/products?limit=250", token=token, headers={"if-none-match": first.headers["etag"]})
    assert (first.status, again.status) == (200, 304)
    for page in (1, 2, 3):
        assert filled.get(f"/v3/catalog/products?limit=4&page={min(page, 2)}", token=token).status == 200
    body = product("Once")
    for _ in range(2):
        made = filled.post("/v3/catalog/products", body, token=token, headers={"idempotency-key": "once"})
        assert made.status == 200
    missing = {"name": "Half"}
    assert filled.post("/v3/catalog/products", missing, token=token).status == 422
    assert filled.post("/v3/catalog/products", product("Half"), token=token).status == 200
    card = card_of(filled)
    assert card.findings == []
    assert card.requests == 9


def test_what_the_readme_shows_is_no_error(filled: Shop) -> None:
    """Neither the first rows of a list, nor carts that hold the same, nor what makes nothing."""
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")
    shown = re.findall(r"https?://[^'\s]+/stores/demo([^'\s]+)", text)
    assert "/v3/catalog/products?limit=3" in shown
    for path in shown:
        assert filled.get(path).status in (200, 204)  # the store of this test has no orders
    lines = [{"product_id": ids(filled)[0], "quantity": 1}]
    for _ in range(4):
        made = filled.post("/v3/carts", {"line_items": lines})
        assert made.status == 201
        assert filled.post("/v3/tax/zonecheck", [{"country_code": "AU"}]).status == 200
        assert filled.post("/v3/storefront/api-token", {"channel_id": 1, "expires_at": 4_102_444_800}).status == 200
        assert filled.post(f"/v3/carts/{made.data['id']}/redirect_urls", {"query_params": {"a": "b"}}).status == 201
    found = {finding.check: finding.severity for finding in card_of(filled).findings}
    assert "created-twice" not in found
    assert found.get("first-rows-only") == "note"
    assert "error" not in found.values(), found


def test_what_counts_as_one_is_not_made_twice(filled: Shop) -> None:
    """An order that is sent again is the mistake that the check is for."""
    address = {
        "first_name": "Jane", "last_name": "Doe", "street_1": "1 Main Street", "city": "Austin", "state": "Texas",
        "zip": "78701", "country": "United States", "email": "jane@example.com",
    }  # fmt: skip
    order = {"billing_address": address, "products": [{"product_id": ids(filled)[0], "quantity": 1}]}
    for _ in range(2):
        assert filled.post("/v2/orders", order).status == 200
    assert "created-twice" in checks(card_of(filled))


def test_a_refusal_that_a_write_lifted_is_no_repetition(filled: Shop) -> None:
    brand = {"name": "Acme"}
    made = filled.post("/v3/catalog/brands", brand).data
    assert filled.post("/v3/catalog/brands", brand).status == 409
    assert filled.delete(f"/v3/catalog/brands/{made['id']}").status == 204
    assert filled.post("/v3/catalog/brands", brand).status == 200
    assert "repeated-refusal" not in checks(card_of(filled))


# Formats


def test_the_formats_say_the_same(filled: Shop) -> None:
    repeated_refusal(filled)
    older_version(filled)
    card = card_of(filled)
    assert msgspec.json.decode(FORMATS["json"](card), type=Card) == card
    text = FORMATS["text"](card)
    for finding in card.findings:
        assert finding.what in text
        assert finding.advice in text
    suite = ElementTree.fromstring(as_junit(card))
    failed = {case.get("name") for case in suite if case.find("failure") is not None}
    assert failed == {finding.check for finding in card.findings if finding.severity != "note"}
    assert suite.get("failures") == str(len(failed))
    assert {case.get("name") for case in suite} == set(TITLES)
    sarif = json.loads(as_sarif(card))
    assert sarif["version"] == "2.1.0"
    results = sarif["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == [finding.check for finding in card.findings]
    named = {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    assert named == set(TITLES)


# Least permission


def test_the_smallest_set_lets_the_run_pass_again(filled: Shop) -> None:
    """What it says is tried: an account with this set, and one with any scope of it taken away."""
    client = filled.account()
    asked = [
        ("GET", "/v3/catalog/products", None),
        ("GET", "/v2/orders", None),
        ("POST", "/v3/catalog/brands", {"name": "Acme"}),
        ("GET", "/v2/time", None),
        ("GET", "/v3/customers", None),
    ]
    for method, path, body in asked:
        assert filled.request(method, path, body, token=client).status < 300
    [found] = permissions(run_of(filled))
    assert found.scopes == ["store_v2_customers_read_only", "store_v2_orders_read_only", "store_v2_products"]
    assert set(found.because) == set(found.scopes)
    assert "store_v2_marketing" in found.idle

    def statuses(*scopes: str) -> list[int]:
        token = filled.account(*scopes)
        return [
            filled.request(
                method, path, body and {"name": f"{body['name']} {len(scopes)}{scopes[0]}"}, token=token
            ).status
            for method, path, body in asked
        ]

    assert max(statuses(*found.scopes)) < 300
    for scope in found.scopes:
        assert 403 in statuses(*(other for other in found.scopes if other != scope))


def test_what_a_set_would_have_refused(filled: Shop) -> None:
    for _ in range(2):
        filled.get("/v3/catalog/products")
    filled.get("/v2/orders")
    [found] = permissions(run_of(filled), {"store_v2_orders"})
    [refused] = found.refused
    assert (refused.request, refused.missing, refused.count) == (
        "GET /v3/catalog/products", "store_v2_products_read_only", 2,
    )  # fmt: skip


def test_one_account_and_a_time_are_enough(filled: Shop) -> None:
    mine = filled.account("store_v2_products")
    filled.get("/v3/catalog/products", token=mine)
    filled.get("/v2/orders")
    accounts = filled.server.run(filled.server.backend.registry.accounts(filled.name))
    client = next(one.client_id for one in accounts if one.scopes == {"store_v2_products"})
    assert [call.exchange.client_id for call in run_of(filled, account=client).calls] == [client]
    assert len(run_of(filled).calls) == 2
    assert len(run_of(filled, since=time.time() + 60).calls) == 0
