"""Customers as a whole: exported, merged, erased."""

from __future__ import annotations

import json
from typing import Any

import pytest

from panel import Page, base, signed_in
from shop import Shop
from test_panel_catalogue import message
from test_panel_orders import BUYER, LAMP, place

ADA = {"first_name": "Ada", "last_name": "Example", "email": "ada@example.com", "phone": "555-0101"}
TWIN = {"first_name": "A.", "last_name": "Example", "email": "ada.example@work.example", "company": "Engines Ltd",
        "notes": "Likes lamps", "store_credit": "2.5"}  # fmt: skip
HOME = {"first_name": "Ada", "last_name": "Example", "phone": "555-0101", "street_1": "12 Byron Lane", "city": "London",
        "state": "Greater London", "zip": "E1 1AA", "country": "United Kingdom"}  # fmt: skip
PERSONAL = ("Ada", "ada@example.com", "555-0101", "12 Byron Lane", "Please ring", "A friend")


def customer(shop: Shop, **members: Any) -> int:
    """A customer's id."""
    reply = shop.post("/v2/customers", members)
    assert reply.status == 200, reply.body
    key: int = reply.json["id"]
    return key


def known(shop: Shop) -> tuple[int, int]:
    """Ada with two orders, an address, an attribute, a wishlist and a subscription; her id and that of an order."""
    key = customer(shop, **ADA)
    assert shop.post(f"/v2/customers/{key}/addresses", HOME).status == 200
    where = {**BUYER, **{name: HOME[name] for name in ("first_name", "street_1", "phone")}, "email": ADA["email"]}
    orders = [
        place(shop, customer_id=key, billing_address=where, shipping_addresses=[where], customer_message="Please ring",
              staff_notes="A friend")["id"] for _ in range(2)
    ]  # fmt: skip
    shop.post("/v3/customers/attributes", [{"name": "Size", "type": "string"}])
    shop.put("/v3/customers/attribute-values", [{"customer_id": key, "attribute_id": 1, "value": "M"}])
    lamp = shop.post("/v3/catalog/products", {**LAMP, "name": "Wished for"}).data["id"]
    items = [{"product_id": lamp}]
    shop.post("/v3/wishlists", {"customer_id": key, "name": "Birthday", "is_public": False, "items": items})
    shop.post("/v3/customers/subscribers", {"email": ADA["email"], "first_name": "Ada"})
    return key, orders[0]


def at(shop: Shop, key: int, what: str) -> str:
    """A page about a customer."""
    return f"{base(shop)}/customers/{key}/{what}"


def test_all_that_is_known_of_a_customer_is_exported(shop: Shop) -> None:
    key, _ = known(shop)
    customer(shop, **{**TWIN, "email": "other@example.com"})
    page = signed_in(shop).get(at(shop, key, "export"))
    assert page.header("content-disposition") == f'attachment; filename="customer-{key}.json"'
    found = json.loads(page.text)
    assert [one["email"] for one in found["customers"]] == [ADA["email"]]
    assert [one["address1"] for one in found["customer_addresses"]] == ["12 Byron Lane"]
    assert [one["attribute_value"] for one in found["customer_attribute_values"]] == ["M"]
    assert [one["name"] for one in found["wishlists"]] == ["Birthday"]
    assert [one["email"] for one in found["subscribers"]] == [ADA["email"]]
    assert [one["billing_address"]["email"] for one in found["orders"]] == [ADA["email"]] * 2
    assert len(found["order_products"]) == 4
    assert {one["street_1"] for one in found["order_shipping_addresses"]} == {"12 Byron Lane"}
    assert "other@example.com" not in page.text


def test_an_erasure_leaves_nothing_of_the_person(shop: Shop) -> None:
    key, order = known(shop)
    browser = signed_in(shop)
    page = browser.get(at(shop, key, "erase"))
    assert "In 2 orders, those placed as a guest" in page.text
    refused = browser.post(page, "/erase", confirm="yes")
    assert (refused.status, shop.get(f"/v2/customers/{key}").status) == (422, 200)
    done = browser.post(page, "/erase", confirm=ADA["email"])
    assert done.status == 303, message(done)
    assert shop.get(f"/v2/customers/{key}").status == 404
    left = [shop.get(path).body.decode() for path in (
        "/v2/orders", f"/v2/orders/{order}/shipping_addresses", "/v3/customers", "/v3/customers/subscribers",
        "/v3/wishlists", "/v3/customers/addresses", "/v3/customers/attribute-values",
    )]  # fmt: skip
    for text in left:
        assert [word for word in PERSONAL if word in text] == []
    after = shop.get(f"/v2/orders/{order}").json
    assert (after["total_inc_tax"], after["billing_address"]["state"]) == ("47.0000", "Texas"), "the books stay"


def merged(shop: Shop, key: int, who: str) -> Page:
    """The answer to the form of a merge."""
    browser = signed_in(shop)
    page = browser.get(f"{at(shop, key, 'merge')}?with={who}")
    return browser.post(page, "/merge") if page.status == 200 else page


def test_a_merge_gives_one_what_the_other_has(shop: Shop) -> None:
    key, order = known(shop)
    other = customer(shop, **TWIN)
    shop.post(f"/v2/customers/{other}/addresses", HOME)
    shop.post(f"/v2/customers/{other}/addresses", {**HOME, "street_1": "2 Work Street"})
    moved = place(shop, customer_id=other)["id"]
    shop.put("/v3/customers/attribute-values", [{"customer_id": other, "attribute_id": 1, "value": "XL"}])
    lamp = shop.post("/v3/catalog/products", {**LAMP, "name": "Wanted"}).data["id"]
    items = [{"product_id": lamp}]
    shop.post("/v3/wishlists", {"customer_id": other, "name": "Office", "is_public": True, "items": items})
    page = merged(shop, key, TWIN["email"])
    assert page.status == 303, message(page)
    assert shop.get(f"/v2/customers/{other}").status == 404
    assert {one["id"]: one["customer_id"] for one in shop.get("/v2/orders").json if one["id"] in (order, moved)} == {
        order: key, moved: key,
    }  # fmt: skip
    streets = [one["street_1"] for one in shop.get(f"/v2/customers/{key}/addresses").json]
    assert sorted(streets) == ["12 Byron Lane", "2 Work Street"], "the same address once"
    assert sorted(one["name"] for one in shop.get("/v3/wishlists").data) == ["Birthday", "Office"]
    assert {one["customer_id"] for one in shop.get("/v3/wishlists").data} == {key}
    now = shop.get(f"/v2/customers/{key}").json
    assert (now["company"], now["phone"], now["notes"]) == ("Engines Ltd", "555-0101", "Likes lamps")
    assert float(now["store_credit"]) == 2.5
    values = shop.get("/v3/customers/attribute-values").data
    assert [(one["customer_id"], one["attribute_value"]) for one in values] == [(key, "M")], "what one has stays"


def test_what_was_changed_under_a_merged_number_is_found_and_forgotten(shop: Shop) -> None:
    first, second, stays = customer(shop, **TWIN), customer(shop, **{**TWIN, "email": "x@y.example"}), known(shop)[0]
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/customers/{first}")
    assert browser.post(page, f"/customers/{first}", notes="Likes candles").status == 303
    assert merged(shop, second, TWIN["email"]).status == 303
    assert merged(shop, stays, f"#{second}").status == 303
    browser = signed_in(shop)
    found = browser.get(f"{base(shop)}/team/changes?where=customers/{stays}").text
    assert f"under numbers {second}, {first}, merged into this customer" in found
    assert f">/customers/{first}</td>" in found
    assert "Likes candles" in found
    assert "Likes candles" not in browser.get(f"{base(shop)}/team/changes?where=customers/{stays}9").text
    assert "Nothing was found." in browser.get(f"{base(shop)}/team/changes?where=orders").text
    links = browser.get(f"{base(shop)}/customers/{stays}").text
    assert f"{base(shop)}/team/changes?where=customers/{stays}" in links
    done = browser.post(browser.get(at(shop, stays, "erase")), "/erase", confirm=ADA["email"])
    assert done.status == 303, message(done)
    assert "Likes candles" not in browser.get(f"{base(shop)}/team/changes").text


@pytest.mark.parametrize("who", ["99", "nobody@example.com", "{key}"])
def test_nobody_is_merged_with_themselves_or_with_nobody(shop: Shop, who: str) -> None:
    key = customer(shop, **ADA)
    page = merged(shop, key, who.format(key=key))
    assert (page.status, "no such customer" in page.text or "same customer" in page.text) == (422, True)
    assert shop.get(f"/v2/customers/{key}").status == 200
