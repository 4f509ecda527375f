"""Carts in the panel: listed from the table, changed through the API."""

from __future__ import annotations

from typing import Any

import pytest

from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message

CARTS = "/v3/carts"


@pytest.fixture
def cart(shop: Shop) -> dict[str, Any]:
    """A cart of a customer: two hats and a custom item."""
    shop.post("/v3/catalog/products", {"name": "Hat", "type": "physical", "weight": 1, "price": 12.5})
    person = {"first_name": "Ada", "last_name": "Example", "email": "ada@example.com"}
    shop.post("/v2/customers", person)
    body = {
        "customer_id": 1,
        "line_items": [{"product_id": 1, "quantity": 2}],
        "custom_items": [{"name": "Engraving", "sku": "ENG", "quantity": 1, "list_price": 3}],
    }
    made: dict[str, Any] = shop.post(CARTS, body).data
    return made


def test_a_cart_is_listed_shown_and_changed(shop: Shop, cart: dict[str, Any]) -> None:
    browser, here = signed_in(shop), f"/carts/{cart['id']}"
    listed = browser.get(f"{base(shop)}/carts").text
    assert all(text in listed for text in (cart["id"][:8], "ada@example.com", "active", "28.00"))
    assert cart["id"][:8] not in browser.get(f"{base(shop)}/carts?customer=2").text
    shown = browser.get(base(shop) + here)
    assert all(text in shown.text for text in ("Hat", "Engraving", "ENG", "12.50", "28.00"))
    line = cart["line_items"]["physical_items"][0]["id"]
    untouched = browser.post(shown, f"{here}/lines")
    assert untouched.header("location").endswith("done=unchanged"), message(untouched)
    wrong = browser.post(shown, f"{here}/lines", **{f"line.{line}": "many"})
    assert (wrong.status, bool(message(wrong))) == (422, True)
    saved = browser.post(browser.get(base(shop) + here), f"{here}/lines", **{f"line.{line}": "4"})
    assert saved.header("location").endswith("done=saved"), message(saved)
    now = shop.get(f"{CARTS}/{cart['id']}").data
    assert (now["line_items"]["physical_items"][0]["quantity"], now["cart_amount"]) == (4, 53)


def test_lines_go_and_with_the_last_one_the_cart(shop: Shop, cart: dict[str, Any]) -> None:
    browser, here = signed_in(shop), f"/carts/{cart['id']}"
    hat, engraving = (cart["line_items"][part][0]["id"] for part in ("physical_items", "custom_items"))
    form = browser.get(base(shop) + here).form(f"{here}/lines")
    gone = browser.ask("POST", f"{base(shop)}{here}/items/{engraving}/delete", form.fields)
    assert gone.header("location").endswith("done=removed"), message(gone)
    last = browser.post(browser.get(base(shop) + here), f"{here}/lines", **{f"line.{hat}": "0"})
    assert last.header("location").endswith("/carts?done=deleted"), message(last)
    assert shop.get(f"{CARTS}/{cart['id']}").status == 404
    assert browser.get(base(shop) + here).status == 404
    assert browser.get(f"{base(shop)}/carts/none").status == 404


def test_links_and_deletion_of_a_cart(shop: Shop, cart: dict[str, Any]) -> None:
    browser, here = signed_in(shop), f"/carts/{cart['id']}"
    links = browser.post(browser.get(base(shop) + here), f"{here}/links")
    assert (links.status, "cart.php?" in links.text) == (200, True)
    deleted = browser.post(browser.get(base(shop) + here), f"{here}/delete")
    assert deleted.header("location").endswith("/carts?done=deleted"), message(deleted)
    assert shop.get(f"{CARTS}/{cart['id']}").status == 404
