"""The webhook workbench in the panel: deliveries across webhooks, events by hand, signatures checked."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from typing import Any

import pytest

from bodega.access import team
from bodega.events import message
from bodega.events.deliveries import DueDelivery
from bodega.journal.exchange import Attempt
from bodega.masking import MASK
from bodega.panel.webhooks import _judged
from panel import Browser, Page, base, signed_in
from shop import Shop
from test_panel_webhooks import told

HOOK = {"scope": "store/product/*", "destination": "https://receiver.invalid/products", "is_active": True}


def waiting(shop: Shop) -> list[tuple[Any, ...]]:
    """The deliveries: hook, scope, data, webhook-id."""
    return [tuple(row) for row in shop.select("SELECT hook_id, scope, data, hash FROM deliveries ORDER BY id")]


def bench(shop: Shop) -> str:
    return f"{base(shop)}/workbench"


def rows(page: Page) -> list[str]:
    """The events in the list."""
    return re.findall(r'class="whole"[^>]*><span class="mono break">([^<]+)<', page.text)


def fire(browser: Browser, page: Page, **fields: str) -> Page:
    """Sends the event of a page."""
    form = next(form for form in page.forms if form.action.endswith("/workbench/event") and form.method == "post")
    return browser.ask("POST", form.action, {**form.fields, **fields})


# Deliveries


def test_deliveries_of_all_webhooks_are_listed_and_filtered(shop: Shop) -> None:
    told(shop)
    shop.post("/v3/hooks", HOOK)
    shop.post("/v3/catalog/products", {"name": "Lamp", "type": "physical", "weight": 1, "price": 9})
    browser = signed_in(shop)
    every = browser.get(bench(shop))
    events = rows(every)
    assert "store/category/created" in events
    assert "store/product/created" in events
    assert "https://receiver.invalid/hook" in every.text
    assert "https://receiver.invalid/products" in every.text
    assert set(rows(browser.get(f"{bench(shop)}?scope=store/product/*"))) == {"store/product/created"}
    assert set(rows(browser.get(f"{bench(shop)}?scope=store/category/created"))) == {"store/category/created"}
    assert set(rows(browser.get(f"{bench(shop)}?state=failed"))) == {"store/category/created"}
    assert set(rows(browser.get(f"{bench(shop)}?hook=2"))) == {"store/product/created"}
    assert rows(browser.get(f"{bench(shop)}?hook=2&state=failed")) == []
    wrong = browser.get(f"{bench(shop)}?scope=store/produkt/created")
    assert (rows(wrong), "did you mean store/product/created" in wrong.text) == ([], True)
    assert rows(browser.get(f"{bench(shop)}?hook=x&state=eaten&before=y")) == events, "what is no filter is none"


def test_the_list_goes_on_below_its_last_row(shop: Shop) -> None:
    shop.post("/v3/hooks", {**HOOK, "scope": "store/category/*"})
    for number in range(35):
        shop.post("/v3/catalog/categories", {"name": f"Shelf {number}", "parent_id": 0})
    browser = signed_in(shop)
    first = browser.get(f"{bench(shop)}?hook=1")
    link = unescape(re.search(r'rel="next" href="([^"]+)"', first.text)[1])  # type: ignore[index]
    second = browser.get(bench(shop) + link)
    assert (len(rows(first)), len(rows(second))) == (30, 5)
    assert 'rel="next"' not in second.text


def test_one_delivery_is_sent_again_from_the_list(shop: Shop) -> None:
    delivery = told(shop)
    browser = signed_in(shop)
    made = browser.post(browser.get(bench(shop)), f"/deliveries/{delivery}/again")
    assert made.header("location").endswith(f"/deliveries/{delivery}?done=again")
    assert shop.select("SELECT state FROM deliveries")[0][0] in ("waiting", "failed")


def test_what_the_filter_finds_is_sent_again_under_the_same_id(shop: Shop) -> None:
    told(shop)
    shop.post("/v3/hooks", HOOK)
    shop.post("/v3/catalog/products", {"name": "Lamp", "type": "physical", "weight": 1, "price": 9})
    before = waiting(shop)
    browser = signed_in(shop)
    page = browser.get(f"{bench(shop)}?scope=store/product/*")
    made = browser.post(page, "/workbench/again", times="3", shuffle="7")
    assert made.status == 303
    products = [row for row in before if row[1].startswith("store/product/")]
    new = waiting(shop)[len(before) :]
    assert len(new) == 3 * len(products)
    assert {row[3] for row in new} == {row[3] for row in products}
    assert f"{len(new)} deliveries go out again" in browser.follow(made).text


@pytest.mark.parametrize(
    "fields", [{"times": "0"}, {"times": "101"}, {"times": "x"}, {"shuffle": "abc"}, {"hook": "99"}]
)
def test_what_cannot_be_sent_again_is_told_and_sends_nothing(shop: Shop, fields: dict[str, str]) -> None:
    told(shop)
    browser = signed_in(shop)
    page = browser.post(browser.get(bench(shop)), "/workbench/again", **fields)
    assert page.status == 422
    assert 'role="alert"' in page.text
    assert "Hook 99" not in page.text
    assert len(waiting(shop)) == 1


# Events by hand


def test_the_payload_of_an_event_is_that_of_the_newest_row(shop: Shop) -> None:
    made = shop.post("/v3/catalog/categories", {"name": "Light", "parent_id": 0}).data["id"]
    browser = signed_in(shop)
    page = browser.get(f"{bench(shop)}/event?scope=store/category/created")
    shown = json.loads(unescape(re.search(r"What arrives</h2><pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)[1]))  # type: ignore[index]
    assert shown.keys() == {"scope", "store_id", "data", "hash", "created_at", "producer"}
    assert (shown["data"], shown["producer"]) == ({"type": "category", "id": made}, f"stores/{shop.name}")
    assert "usual form" not in page.text
    assert waiting(shop) == [], "looking sends nothing"
    rare = browser.get(f"{bench(shop)}/event?scope=store/app/uninstalled").text
    assert "usual form" in rare
    assert "Nothing that happens in this store" in rare


def test_an_event_goes_to_those_who_subscribed(shop: Shop) -> None:
    shop.post("/v3/hooks", HOOK)
    shop.post("/v3/hooks", {**HOOK, "scope": "store/order/*"})
    browser = signed_in(shop)
    page = browser.get(f"{bench(shop)}/event?scope=store/product/created")
    made = fire(browser, page, data='{"type": "product", "id": 77}')
    assert made.status == 303
    (row,) = waiting(shop)
    assert (row[0], row[1], json.loads(bytes(row[2]))) == (1, "store/product/created", {"type": "product", "id": 77})
    assert "The event goes to 1 webhook." in browser.follow(made).text
    changes = browser.get(f"{base(shop)}/team/changes").text
    assert "/workbench/event" in changes, "who sent what is in the log"


def test_an_event_goes_to_one_webhook_whatever_it_subscribed_to(shop: Shop) -> None:
    shop.post("/v3/hooks", {**HOOK, "scope": "store/order/*"})
    browser = signed_in(shop)
    page = browser.get(f"{bench(shop)}/event?scope=store/product/created")
    nobody = fire(browser, page)
    assert (nobody.status, "No active webhook subscribed" in nobody.text, waiting(shop)) == (422, True, [])
    assert fire(browser, page, hook="1").status == 303
    assert [row[:2] for row in waiting(shop)] == [(1, "store/product/created")]
    shop.put("/v3/hooks/1", {"is_active": False})
    late = fire(browser, page, hook="1")
    assert (late.status, "not active" in late.text, len(waiting(shop))) == (422, True, 1)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"scope": "store/produkt/created"}, "did you mean store/product/created"),
        ({"scope": "store/product/*"}, "stands for many events"),
        ({"data": "{"}, "This must be JSON."),
        ({"data": "[" * 60_000}, "This must be JSON."),
        ({"hook": "x"}, "Choose one of the webhooks."),
        ({"hook": "99"}, "Webhook 99 does not exist."),
        ({"id": "x", "data": ""}, "An id is a whole number."),
        ({"id": "987654", "data": ""}, "There is no row 987654"),
    ],
)
def test_what_is_no_event_is_told_beside_its_field(shop: Shop, sent: dict[str, str], says: str) -> None:
    shop.post("/v3/hooks", HOOK)
    browser = signed_in(shop)
    page = browser.get(f"{bench(shop)}/event?scope=store/product/created")
    answer = fire(browser, page, **sent)
    assert answer.status == 422
    assert says in unescape(answer.text)
    assert waiting(shop) == []


# Signatures


def signed(shop: Shop, body: bytes, *, secret: str = "") -> dict[str, str]:
    """The headers of a message, signed for the store's account or with another secret."""
    (account,) = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    due = DueDelivery(1, 1, "store/product/created", b"{}", "abc", 0, 0)
    headers = message.headers(secret or account.secret, due, body, int(time.time()), {})
    return {name: value for name, value in headers.items() if name.startswith("webhook-")}


def test_a_signature_is_checked_with_the_secret_of_an_account(shop: Shop) -> None:
    body = '{\n  "scope": "store/product/created"\n}'
    browser = signed_in(shop)
    form = browser.get(f"{bench(shop)}/signature")
    lines = body.replace("\n", "\r\n")
    right = browser.post(form, "/signature", body=lines, **signed(shop, body.encode()))
    assert "The signature is right." in right.text, "a browser sends lines with CR LF"
    wrong = browser.post(form, "/signature", body=lines + "x", **signed(shop, body.encode()))
    assert "The signature does not match" in wrong.text
    own = browser.post(form, "/signature", body=body, secret="mine", **signed(shop, body.encode(), secret="mine"))
    assert "The signature is right." in own.text
    assert "mine" not in own.text
    lacking = browser.post(form, "/signature", body=body)
    assert "The header webhook-id is missing." in lacking.text
    old = browser.post(form, "/signature", body=body, at="1", **signed(shop, body.encode()))
    assert "receivers refuse" in old.text
    assert "workbench" not in browser.get(f"{base(shop)}/team/changes").text.partition("<main")[2], "it changes nothing"


@pytest.mark.parametrize("fields", [{"account": "stranger"}, {"at": "yesterday"}])
def test_a_check_needs_a_secret_and_a_time(shop: Shop, fields: dict[str, str]) -> None:
    browser = signed_in(shop)
    page = browser.post(browser.get(f"{bench(shop)}/signature"), "/signature", body="{}", **fields)
    assert (page.status, 'role="alert"' in page.text) == (422, True)


def test_the_signature_of_an_attempt_is_judged_where_all_of_it_is_known(shop: Shop) -> None:
    (account,) = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    body = b'{"scope": "store/product/created"}'

    def made(body: bytes | None, headers: dict[str, str]) -> Attempt:
        number = int(time.time() * 1_000_000) << 11
        text = None if body is None else body.decode()
        return Attempt(number, 1, 1, "abc", 1, "", 200, "", 1, 0, list(headers.items()), [], text, None)

    headers = signed(shop, body)
    assert _judged(account, made(body, headers)) == []
    assert _judged(account, made(body + b" ", headers)) != []
    assert _judged(account, made(body, {**headers, "webhook-signature": "v1,AAAA"})) != []
    assert _judged(None, made(body, headers)) is None
    assert _judged(account, made(MASK.encode(), headers)) is None
    assert _judged(account, made(b"x" * 16_384, headers)) is None
    assert _judged(account, made(body, {})) is None


@pytest.mark.parametrize("role", team.ROLES)
def test_who_develops_uses_the_workbench(role: str) -> None:
    assert team.may(role, "/workbench/event", changes=True) is (role in ("owner", "admin", "developer"))


def test_a_stranger_sees_nothing_of_it(shop: Shop) -> None:
    assert Browser(shop.server).get(bench(shop)).status == 303
