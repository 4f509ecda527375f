"""Named states, sample data, an emptied store, and a request that is undone: on the pages of the panel."""

from __future__ import annotations

import re

import pytest

from bodega.lab.states import STATES
from bodega.panel import lab_sample
from panel import Browser, Page, base, signed_in
from shop import Shop
from test_panel_lab import beside, done, without_lab

__all__ = ["without_lab"]

PRODUCTS = "/v3/catalog/products"
LAMP = {"name": "Lamp", "type": "physical", "weight": 1, "price": 9}


# Named states


def test_every_state_is_listed_under_its_theme(shop: Shop) -> None:
    browser = signed_in(shop)
    first = browser.get(f"{base(shop)}/lab/states")
    themes = re.findall(r"/lab/states\?theme=(\w+)", first.text)
    found = set()
    for theme in themes:
        page = browser.get(f"{base(shop)}/lab/states?theme={theme}")
        assert len(page.text.encode()) < 60 * 1024
        found |= set(re.findall(r'action="[^"]*/lab/states/([\w-]+)"', page.text))
    assert found == set(STATES)
    assert browser.get(f"{base(shop)}/lab/states?theme=none").status == 200


def test_a_state_is_made_and_its_requests_show_it(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/lab/states?theme=catalogue")
    page = done(browser, browser.post(page, "/lab/states/product-without-a-category"))
    assert "Without a category" in page.text
    look = re.search(r'<code class="break">GET ([^<]+)</code> is answered', page.text)
    assert look is not None
    assert shop.get(look[1]).data["categories"] == []
    assert "Do not require a category" in page.text
    token = browser.get(f"{base(shop)}/lab/states").forms[-1].fields["form_token"]
    assert browser.ask("POST", f"{base(shop)}/lab/states/nothing", {"form_token": token}).status == 404
    assert browser.get(f"{base(shop)}/lab/states/made/0").status == 404


@pytest.mark.parametrize("name", STATES)
def test_what_a_state_consists_of_can_be_shown(shop: Shop, name: str) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/lab/states?theme={STATES[name].theme}")
    page = done(browser, browser.post(page, f"/lab/states/{name}"))
    assert (page.status, ">made</span>" in page.text) == (200, True), page.text


# Sample data


def sample(shop: Shop, browser: Browser, **fields: str) -> Page:
    """The page after the form of sample data was sent."""
    return done(browser, browser.post(browser.get(f"{base(shop)}/lab/sample"), "/lab/sample", **fields))


def test_a_store_is_filled_and_goes_on_where_it_ended(shop: Shop) -> None:
    browser = signed_in(shop)
    page = sample(shop, browser, size="", products="3", customers="2")
    assert "Added: 3 products, 2 customers." in page.text
    assert len(shop.get(PRODUCTS).data) == 3
    page = sample(shop, browser, size="", products="1")
    assert "Added: 1 products." in page.text
    assert len(shop.get(PRODUCTS).data) == 4
    assert shop.get("/v3/customers").json["meta"]["pagination"]["total"] == 2


def test_a_size_is_chosen_for_all_kinds(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/lab/sample")
    assert page.form("/lab/sample").fields["size"] == "usual"
    page = sample(shop, browser, size="small")
    told = ", ".join(f"{count} {kind}" for kind, count in lab_sample.SIZES["small"].items())
    assert f"Added: {told}." in page.text


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"size": ""}, "size", "Choose how much."),
        ({"size": "small", "orders": "3"}, "size", "Choose a size, or enter numbers."),
        ({"size": "huge"}, "size", "Choose a size."),
        ({"size": "", "products": "many"}, "products", "This value cannot be used."),
        ({"size": "", "products": "1000001"}, "products", "This value cannot be used."),
        ({"size": "small", "seed": "x"}, "seed", "This value cannot be used."),
        ({"size": "", "orders": "3"}, "", "There is no product that can be bought"),
    ],
)
def test_what_is_wrong_with_an_amount_is_told(shop: Shop, fields: dict[str, str], field: str, says: str) -> None:
    page = sample(shop, signed_in(shop), **fields)
    assert page.status in (409, 422)
    assert says in (beside(page, field) if field else page.text)
    assert shop.get(PRODUCTS).data == []


def test_a_store_is_emptied_only_by_its_name(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.post(PRODUCTS, LAMP)
    page = browser.get(f"{base(shop)}/lab/sample")
    assert "1 products" in page.text
    refused = browser.post(page, "/sample/reset", confirm="yes")
    assert (refused.status, f"Enter {shop.name} to empty the store." in refused.text) == (422, True)
    assert len(shop.get(PRODUCTS).data) == 1
    page = done(browser, browser.post(refused, "/sample/reset", confirm=shop.name))
    assert "The store is empty." in page.text
    assert shop.get(PRODUCTS).data == []
    assert shop.post(PRODUCTS, LAMP).data["id"] == 1


# Undo


def entry(shop: Shop, browser: Browser, request_id: str) -> Page:
    """A request in the journal."""
    return browser.get(f"{base(shop)}/journal/{request_id}")


def test_a_request_is_undone_unless_something_changed_since(shop: Shop) -> None:
    browser = signed_in(shop)
    made = shop.post(PRODUCTS, LAMP)
    key = made.data["id"]
    first = shop.put(f"{PRODUCTS}/{key}", {"price": 12}).headers["x-request-id"]
    second = shop.put(f"{PRODUCTS}/{key}", {"price": 15}).headers["x-request-id"]
    page = browser.post(entry(shop, browser, first), "/undo")
    assert (page.status, "changed since" in page.text, second in page.text) == (409, True, True)
    for undone, price in ((second, 12), (first, 9)):
        page = browser.post(entry(shop, browser, undone), "/undo")
        assert page.header("location").endswith(f"/journal/{undone}?done=undone")
        assert "is as it was before" in browser.follow(page).text
        assert shop.get(f"{PRODUCTS}/{key}").data["price"] == price
    again = browser.post(entry(shop, browser, first), "/undo")
    assert (again.status, "was undone already" in again.text) == (409, True)


def test_only_what_may_have_changed_something_can_be_undone(shop: Shop) -> None:
    browser = signed_in(shop)
    read, refused = shop.get(PRODUCTS), shop.post(PRODUCTS, {})
    for reply in (read, refused):
        page = entry(shop, browser, reply.headers["x-request-id"])
        assert (page.status, "/undo" in page.text) == (200, False)


def test_without_a_lab_nothing_is_undone(shop: Shop, without_lab: None) -> None:
    browser = signed_in(shop)
    made = shop.post(PRODUCTS, LAMP).headers["x-request-id"]
    page = entry(shop, browser, made)
    assert "/undo" not in page.text
    token = browser.get("/manage/you").form("/password").fields["form_token"]
    answer = browser.ask("POST", f"{base(shop)}/journal/{made}/undo", {"form_token": token})
    assert (answer.status, "The lab is off" in answer.text) == (409, True)
