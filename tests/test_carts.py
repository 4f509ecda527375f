"""Carts (V3): chosen, priced, changed and deleted, on both databases (rules 30, 106, 119 and 132)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shop import Reply, Shop

PATH = "/v3/carts"


@pytest.fixture
def goods(shop: Shop) -> Shop:
    """Three products at 10, 20 and 30; 5 pieces of the first are in stock."""
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place)
    shop.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 5})
    return shop


def cart(shop: Shop, *lines: tuple[int, int], **more: Any) -> Any:
    """A cart of (product, quantity)."""
    items = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
    made = shop.post(PATH, {"line_items": items, **more})
    assert made.status == 201, made.body
    return made.data


def physical(reply: Reply | Any) -> list[Any]:
    """The physical lines of a cart."""
    data = reply.data if isinstance(reply, Reply) else reply
    return list(data["line_items"]["physical_items"])


def test_a_cart_says_what_its_items_cost(goods: Shop) -> None:
    made = cart(goods, (1, 2), (3, 1))
    assert str(UUID(made["id"])) == made["id"]
    first, second = physical(made)
    assert (first["product_id"], first["quantity"], first["list_price"]) == (1, 2, 10)
    assert (first["extended_list_price"], first["extended_sale_price"], second["sale_price"]) == (20, 20, 30)
    assert (made["base_amount"], made["cart_amount"], made["discount_amount"], made["version"]) == (50, 50, 0, 1)
    assert made["currency"] == {"code": "USD"}
    assert goods.get(f"{PATH}/{made['id']}").data == made


def test_every_kind_of_item_has_its_list(goods: Shop) -> None:
    goods.post("/v3/catalog/products", {"name": "Book", "type": "digital", "weight": 0, "price": 7})
    person = {"name": "Jane", "email": "jane@example.com"}
    given = {
        "line_items": [{"product_id": 4, "quantity": 1}, {"product_id": 1, "quantity": 1, "list_price": 8.5}],
        "custom_items": [{"name": "Engraving", "sku": "E", "quantity": 2, "list_price": 3}],
        "gift_certificates": [
            {"name": "Gift", "theme": "General", "amount": 25, "quantity": 1, "sender": person, "recipient": person}
        ],
    }
    lines = (made := goods.post(PATH, given).data)["line_items"]
    assert {name: len(items) for name, items in lines.items()} == {
        "physical_items": 1, "digital_items": 1, "gift_certificates": 1, "custom_items": 1,
    }  # fmt: skip
    assert lines["physical_items"][0]["list_price"] == 8.5
    assert (lines["custom_items"][0]["extended_list_price"], lines["gift_certificates"][0]["amount"]) == (6, 25)
    assert made["cart_amount"] == 7 + 8.5 + 6 + 25


def test_the_same_again_adds_to_the_quantity(goods: Shop) -> None:
    made = cart(goods, (1, 2))
    more = goods.post(f"{PATH}/{made['id']}/items", {"line_items": [{"product_id": 1, "quantity": 3}]})
    assert (more.status, [line["quantity"] for line in physical(more)], more.data["version"]) == (201, [5], 2)
    other = goods.post(f"{PATH}/{made['id']}/items", {"line_items": [{"product_id": 2, "quantity": 1}]})
    assert [line["product_id"] for line in physical(other)] == [1, 2]


def test_a_line_changes_its_quantity_and_its_product(goods: Shop) -> None:
    made = cart(goods, (1, 2))
    (line,) = physical(made)
    path = f"{PATH}/{made['id']}/items/{line['id']}"
    fewer = goods.put(path, {"line_item": {"product_id": 1, "quantity": 1}})
    assert (fewer.status, fewer.data["cart_amount"]) == (200, 10)
    other = goods.put(path, {"line_item": {"product_id": 3, "quantity": 2}})
    assert (physical(other)[0]["id"], other.data["cart_amount"]) == (line["id"], 60)


def test_the_last_item_takes_the_cart_along(goods: Shop) -> None:
    """Rule 119."""
    made = cart(goods, (1, 1), (2, 1))
    first, second = physical(made)
    left = goods.delete(f"{PATH}/{made['id']}/items/{first['id']}")
    assert (left.status, len(physical(left))) == (200, 1)
    assert goods.delete(f"{PATH}/{made['id']}/items/{second['id']}").status == 204
    assert goods.get(f"{PATH}/{made['id']}").status == 404


def test_a_version_that_is_not_the_present_one_conflicts(goods: Shop) -> None:
    """Rule 30."""
    made = cart(goods, (1, 1))
    items = {"line_items": [{"product_id": 2, "quantity": 1}], "version": 1}
    assert goods.post(f"{PATH}/{made['id']}/items", items).status == 201
    again = goods.post(f"{PATH}/{made['id']}/items", items)
    assert (again.status, again.reason) == (409, "VERSION_CONFLICT")
    assert goods.get(f"{PATH}/{made['id']}").data["version"] == 2


def test_a_cart_asks_for_no_more_than_there_is(goods: Shop) -> None:
    """Rule 79."""
    short = goods.post(PATH, {"line_items": [{"product_id": 1, "quantity": 6}]})
    assert (short.status, short.reason) == (409, "OUT_OF_STOCK")
    made = cart(goods, (1, 3))
    more = goods.post(f"{PATH}/{made['id']}/items", {"line_items": [{"product_id": 1, "quantity": 3}]})
    assert more.status == 409
    assert physical(goods.get(f"{PATH}/{made['id']}"))[0]["quantity"] == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "line_items"),
        ({"line_items": [{"product_id": 1}]}, "line_items.0.quantity"),
        ({"line_items": [{"product_id": 1, "quantity": 0}]}, "line_items.0.quantity"),
        ({"line_items": [{"quantity": 1}]}, "line_items.0.product_id"),
        ({"line_items": [{"product_id": 1, "quantity": 1}], "currency": {"code": "XXX"}}, "currency.code"),
    ],
)
def test_a_faulty_body_names_its_member(goods: Shop, body: Any, field: str) -> None:
    refused = goods.post(PATH, body)
    assert refused.status == 422
    assert field in refused.json["errors"], refused.json
    assert goods.rows("carts") == 0


def test_what_is_not_there_is_told(goods: Shop) -> None:
    missing = goods.post(PATH, {"line_items": [{"product_id": 99, "quantity": 1}]})
    assert missing.status == 409
    assert goods.post(PATH, {"line_items": [{"product_id": 1, "quantity": 1}], "customer_id": 9}).status == 409
    assert goods.get(f"{PATH}/nothing").status == 404
    made = cart(goods, (1, 1))
    assert goods.delete(f"{PATH}/{made['id']}/items/nothing").status == 404


def test_a_cart_is_told_of(goods: Shop) -> None:
    """Rule 132: created is updated as well."""
    goods.watch()
    made = cart(goods, (1, 1))
    told = {"type": "cart", "id": made["id"]}
    (line,) = physical(made)
    item = {"type": "cart_line_item", "id": line["id"], "cartId": made["id"]}
    events = goods.events()
    for scope, data in (("cart/created", told), ("cart/updated", told), ("cart/lineItem/created", item)):
        assert (f"store/{scope}", data) in events
        assert (f"store/channel/1/{scope}", data) in events
    goods.put(f"{PATH}/{made['id']}/items/{line['id']}", {"line_item": {"product_id": 1, "quantity": 2}})
    assert ("store/cart/lineItem/updated", item) in goods.events()
    goods.delete(f"{PATH}/{made['id']}")
    assert ("store/cart/deleted", told) in goods.events()
