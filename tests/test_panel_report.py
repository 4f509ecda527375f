"""The report card and least permission in the panel: what the commands say, with links, and an account set to it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from bodega.access import team
from bodega.access.accounts import add_account
from bodega.lab.report.permissions import permissions
from bodega.panel import report as report_page
from bodega.panel import runs
from panel import Browser, Page, base, signed_in
from shop import Shop
from test_report import failing_receiver, run_of

NOWHERE = "/v3/catalog/products/999999"


def account(shop: Shop, *scopes: str, name: str = "Connector", token: str = "connect") -> str:
    """An account with these scopes: its client id."""
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    work = add_account(shop.server.backend.registry, record, name, f"{shop.name}-{token}", frozenset(scopes))
    made: str = shop.server.run(work).client_id
    shop.server.hear()
    return made


def scopes_of(shop: Shop, client: str) -> set[str]:
    accounts = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    return next(set(one.scopes) for one in accounts if one.client_id == client)


def ask(shop: Shop, method: str, path: str, body: Any = None) -> int:
    """A request of the connector."""
    return shop.request(method, path, body, token=f"{shop.name}-connect").status


# The report card


def test_the_card_says_what_the_command_says_and_leads_to_the_requests(shop: Shop) -> None:
    for _ in range(2):
        assert shop.get(NOWHERE).status == 404
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/report")
    assert "Repeated what is refused every time" in page.text
    links = re.findall(rf'href="({base(shop)}/journal/[^"]+)"', page.text)
    assert links
    assert NOWHERE in browser.get(links[0]).text
    told = json.loads(browser.get(f"{base(shop)}/report/download?format=json").text)
    assert {one["check"] for one in told["findings"]} >= {"repeated-refusal", "idle-scopes"}
    assert f"{told['requests']} requests" in page.text


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("text", "text/plain; charset=utf-8", "2 requests"),
        ("json", "application/json", "{"),
        ("junit", "application/xml", "<?xml"),
        ("sarif", "application/sarif+json", "{"),
    ],
)
def test_the_card_is_downloaded(shop: Shop, form: str, kind: str, begins: str) -> None:
    for _ in range(2):
        shop.get(NOWHERE)
    page = signed_in(shop).get(f"{base(shop)}/report/download?format={form}")
    assert (page.status, page.header("content-type")) == (200, kind)
    assert page.header("content-disposition").startswith("attachment")
    assert page.text.startswith(begins)


def test_account_and_period_choose_the_run(shop: Shop) -> None:
    client = account(shop, "store_v2_products")
    shop.get(NOWHERE)
    ask(shop, "GET", NOWHERE)
    browser = signed_in(shop)
    here = f"{base(shop)}/report"
    assert "2 requests and" in browser.get(here).text
    assert "1 request and" in browser.get(f"{here}?account={client}&period=10m").text
    assert "2 requests and" in browser.get(f"{here}?period=never").text
    assert browser.get(f"{here}?account=stranger").status == 404
    assert browser.get(f"{here}/download?format=pdf").status == 404
    assert "period=10m" in browser.get(f"{here}?account={client}&period=10m").text.partition("/report/download")[2]


def test_a_period_ends_where_it_says(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.get(NOWHERE)
    browser = signed_in(shop)
    monkeypatch.setitem(runs.PERIODS, "10m", ("nothing", -60))  # type: ignore[index]
    assert "0 requests and" in browser.get(f"{base(shop)}/report?period=10m").text
    assert "1 request and" in browser.get(f"{base(shop)}/report?period=1h").text


def test_a_page_looks_at_the_newest_requests_and_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        shop.get(NOWHERE)
    monkeypatch.setattr(runs, "MOST", 3)
    monkeypatch.setattr(report_page, "MOST", 3)
    page = signed_in(shop).get(f"{base(shop)}/report")
    assert "3 requests and" in page.text
    assert "these are the newest 3 requests" in page.text


def test_many_findings_come_in_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        shop.get(NOWHERE)
        shop.get("/v3/catalog/brands/999999")
    monkeypatch.setattr(report_page, "PER_PAGE", 1)
    browser = signed_in(shop)
    pages = [browser.get(f"{base(shop)}/report?page={page}").text for page in (1, 2)]
    assert [page.count("Repeated what is refused") for page in pages] == [1, 1]
    assert "/catalog/products/" in pages[0] + pages[1]
    assert "/catalog/brands/" in pages[0] + pages[1]


def test_a_finding_about_deliveries_leads_to_them(shop: Shop) -> None:
    failing_receiver(shop)
    page = signed_in(shop).get(f"{base(shop)}/report")
    assert "A failing receiver of webhooks" in page.text
    assert f'href="{base(shop)}/webhooks/9/deliveries/1"' in page.text


# Least permission


@pytest.fixture
def client(shop: Shop) -> str:
    """An account that has more than it uses: it reads products, writes a brand, and may not see customers."""
    made = account(shop, "store_v2_products", "store_v2_orders", "store_v2_content", "store_cart_read_only")
    assert ask(shop, "GET", "/v2/orders") == 204
    assert ask(shop, "POST", "/v3/catalog/brands", {"name": "Acme"}) == 200
    assert ask(shop, "GET", "/v3/customers") == 403
    return made


def one(shop: Shop, client: str) -> str:
    return f"{base(shop)}/permissions/{client}"


def section(page: Page, title: str) -> list[str]:
    """The scopes below a heading."""
    text = page.text.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]
    return re.findall(r'<span class="mono break">(\w+)</span>', text)


def test_scopes_are_told_apart_by_what_was_asked(shop: Shop, client: str) -> None:
    browser = signed_in(shop)
    page = browser.get(one(shop, client))
    assert section(page, "Used") == ["store_v2_orders_read_only", "store_v2_products"]
    assert section(page, "Used for reading only") == ["store_v2_orders"]
    assert section(page, "Never used") == ["store_cart_read_only", "store_v2_content"]
    assert section(page, "Asked for without having it") == ["store_v2_customers_read_only"]
    for link in re.findall(rf'href="({base(shop)}/journal/[^"]+)"', page.text):
        assert browser.get(link).status == 200
    listed = browser.get(f"{base(shop)}/permissions").text
    assert "Connector" in listed
    assert browser.get(f"{base(shop)}/permissions/nobody").status == 404


def test_an_account_is_set_to_the_least_after_a_confirmation(shop: Shop, client: str) -> None:
    browser = signed_in(shop)
    before = scopes_of(shop, client)
    asked = browser.get(f"{one(shop, client)}/least")
    assert scopes_of(shop, client) == before, "asking changes nothing"
    made = browser.post(asked, "/least")
    assert made.status == 303
    assert "has the least scopes now" in browser.follow(made).text
    assert scopes_of(shop, client) == {"store_v2_orders_read_only", "store_v2_products"}
    shop.server.hear()
    assert ask(shop, "GET", "/v2/orders") == 204
    assert ask(shop, "POST", "/v3/catalog/brands", {"name": "Brick"}) == 200
    assert ask(shop, "GET", "/v3/content/pages") == 403
    changes = unescape(browser.get(f"{base(shop)}/team/changes").text)
    assert f"/permissions/{client}/least" in changes
    assert (
        "store_v2_products \N{RIGHTWARDS ARROW}" in changes
        or "\N{RIGHTWARDS ARROW} store_v2_orders_read_only" in changes
    )
    assert "There is nothing to take away" in browser.get(f"{one(shop, client)}/least").text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"scopes": "store_v2_customers"}, "only be set to a part of what it has"),
        ({"scopes": ""}, "only be set to a part of what it has"),
        ({"scopes": "nonsense"}, "only be set to a part of what it has"),
        ({"was": "{}"}, "Somebody changed the account meanwhile"),
    ],
)
def test_what_was_not_shown_is_not_set(shop: Shop, client: str, fields: dict[str, str], says: str) -> None:
    browser = signed_in(shop)
    before = scopes_of(shop, client)
    page = browser.post(browser.get(f"{one(shop, client)}/least"), "/least", **fields)
    assert (page.status, says in page.text) == (409, True)
    assert scopes_of(shop, client) == before


def test_an_account_that_changed_meanwhile_is_asked_about_again(shop: Shop, client: str) -> None:
    browser = signed_in(shop)
    asked = browser.get(f"{one(shop, client)}/least")
    browser.post(browser.get(f"{base(shop)}/accounts/{client}"), f"/accounts/{client}",
                 **{"may.store_v2_marketing": "modify"})  # fmt: skip
    assert browser.post(asked, "/least").status == 409
    assert "store_v2_marketing" in scopes_of(shop, client)


def test_of_an_account_that_asked_for_nothing_nothing_is_taken(shop: Shop) -> None:
    idle = account(shop, "store_v2_products", name="Idle", token="idle")
    browser = signed_in(shop)
    assert "It asked for nothing" in browser.get(one(shop, idle)).text
    page = browser.get(f"{one(shop, idle)}/least")
    assert "There is nothing to take away" in page.text
    assert not [form for form in page.forms if form.action.endswith("/least")]


def test_of_several_scopes_the_one_that_the_account_has_is_the_least(shop: Shop) -> None:
    """A route that takes either of two: what passes with one must not be told to need the other."""
    several = {
        action.scope
        for routes in shop.server.app._api._mounts["manage"].panel.api.routes.values()
        for route in routes.all
        for method, action in route.actions.items()
        if "|" in action.scope and method == "GET" and "{" not in route.template
    }
    assert several
    for place, scope in enumerate(sorted(several)):
        last = scope.split("|")[-1]
        client = account(shop, last, name=f"Last {place}", token=f"last{place}")
        for routes in shop.server.app._api._mounts["manage"].panel.api.routes.values():
            for route in routes.all:
                action = route.actions.get("GET")
                if action is not None and action.scope == scope and "{" not in route.template:
                    shop.request("GET", f"/v{route.version}/{route.template}", token=f"{shop.name}-last{place}")
        [found] = [one for one in permissions(run_of(shop)) if one.client_id == client]
        assert found.least
        assert all(one.startswith(last.removesuffix("_manage")) for one in found.least), (scope, found.least)


@pytest.mark.parametrize("role", team.ROLES)
@pytest.mark.parametrize("path", ["/report", "/permissions/x/least"])
def test_who_develops_sees_them(role: str, path: str) -> None:
    assert team.may(role, path, changes=True) is (role in ("owner", "admin", "developer"))


def test_a_stranger_sees_nothing(shop: Shop) -> None:
    for path in ("/report", "/report/download", "/permissions"):
        assert Browser(shop.server).get(base(shop) + path).status == 303
