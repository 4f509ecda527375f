"""Carts (V3): chosen, priced, changed and deleted, on both databases (rules 30, 106, 119 and 132)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shop import Reply, Shop

PATH = "/v3/carts"
START = 1_800_000_000


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


@pytest.mark.parametrize(("most", "first", "more"), [(5, 3, 3), (0, 2**31 - 1, 1)])
def test_adding_again_keeps_to_the_bounds_of_one_line(goods: Shop, most: int, first: int, more: int) -> None:
    goods.put("/v3/catalog/products/2", {"order_quantity_maximum": most})
    made = cart(goods, (2, first))
    again = goods.post(f"{PATH}/{made['id']}/items", {"line_items": [{"product_id": 2, "quantity": more}]})
    assert again.status in (409, 422), again.body
    twice = [{"product_id": 2, "quantity": first}, {"product_id": 2, "quantity": more}]
    assert goods.post(PATH, {"line_items": twice}).status == again.status
    assert goods.get(f"{PATH}/{made['id']}").data == made


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


def test_the_bounds_of_a_quantity_count_what_is_in_the_cart(goods: Shop) -> None:
    """Rule 79: by the line, with what was there before."""
    saw = {"line_items": [{"product_id": 2, "quantity": 2}]}
    goods.put("/v3/catalog/products/2", {"order_quantity_minimum": 2, "order_quantity_maximum": 5})
    assert goods.post(PATH, {"line_items": [{"product_id": 2, "quantity": 1}]}).reason == "QUANTITY_OUT_OF_BOUNDS"
    assert physical(cart(goods, (2, 1), (2, 1)))[0]["quantity"] == 2
    made = cart(goods, (2, 2))
    at = f"{PATH}/{made['id']}/items"
    assert goods.post(at, {"line_items": [{"product_id": 2, "quantity": 1}]}).status == 201
    assert goods.post(at, saw).status == 201
    assert goods.post(at, saw).reason == "QUANTITY_OUT_OF_BOUNDS"
    (line,) = physical(goods.get(f"{PATH}/{made['id']}"))
    assert line["quantity"] == 5
    assert goods.put(f"{at}/{line['id']}", {"line_item": {"product_id": 2, "quantity": 6}}).status == 409


def test_a_quantity_that_grows_too_large_is_refused(goods: Shop) -> None:
    """A refused addition leaves a cart that can be read."""
    made = cart(goods, (2, 1))
    most = {"line_items": [{"product_id": 2, "quantity": 2_147_483_647}]}
    refused = goods.post(f"{PATH}/{made['id']}/items", most)
    assert (refused.status, list(refused.json["errors"])) == (422, ["line_items.0.quantity"])
    assert goods.get(f"{PATH}/{made['id']}").data == made


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
    goods.delete(f"{PATH}/{made['id']}/items/{line['id']}")
    events = goods.events()
    assert ("store/cart/lineItem/deleted", item) in events
    assert ("store/cart/deleted", told) in events


@pytest.mark.parametrize("wrong", ["x" * 70_000, "en\r\nBcc: x", "en_US", "-", "en US", f"en{'-variant' * 5}"])
def test_the_locale_of_a_cart_is_the_tag_of_a_language(goods: Shop, wrong: str) -> None:
    body = {"line_items": [{"product_id": 3, "quantity": 1}]}
    refused = goods.post(PATH, {**body, "locale": wrong})
    assert (refused.status, list(refused.json["errors"])) == (422, ["locale"])
    assert goods.rows("carts") == 0
    for right in ("en", "ar-JO", "es-419", "zh-Hant-TW"):
        assert cart(goods, (3, 1), locale=right)["locale"] == right


MOST = 2_147_483_647


def test_a_cart_holds_no_more_pieces_than_can_be_counted(goods: Shop) -> None:
    full = cart(goods, (3, MOST - 1), (2, 1))
    items = f"{PATH}/{full['id']}/items"
    line = physical(full)[1]["id"]
    custom = {"custom_items": [{"name": "Cap", "quantity": 1, "list_price": 1}]}
    gift = {
        "gift_certificates": [
            {
                "name": "For you",
                "theme": "General",
                "amount": 25,
                "quantity": 1,
                "sender": {"name": "A", "email": "a@example.com"},
                "recipient": {"name": "B", "email": "b@example.com"},
            }
        ]
    }
    for method, path, body, field in (
        ("POST", PATH, {"line_items": [{"product_id": 3, "quantity": MOST}, {"product_id": 2, "quantity": 1}]},
         "line_items.1.quantity"),
        ("POST", PATH, {"line_items": [{"product_id": 3, "quantity": MOST}], **custom}, "custom_items.0.quantity"),
        ("POST", items, {"line_items": [{"product_id": 2, "quantity": 1}]}, "line_items.0.quantity"),
        ("POST", items, custom, "custom_items.0.quantity"),
        ("POST", items, gift, "gift_certificates.0.quantity"),
        ("PUT", f"{items}/{line}", {"line_item": {"product_id": 2, "quantity": 2}}, "line_item.quantity"),
    ):  # fmt: skip
        refused = goods.request(method, path, body)
        assert (refused.status, list(refused.json["errors"])) == (422, [field]), (path, body, refused.body)
        assert str(MOST) in refused.json["errors"][field]
    left = goods.get(f"{PATH}/{full['id']}").data
    assert ([one["quantity"] for one in physical(left)], left["version"]) == ([MOST - 1, 1], full["version"])
    assert goods.rows("carts") == 1


def test_a_gift_takes_the_room_that_a_cart_has_for_pieces(goods: Shop) -> None:
    action = {"gift_item": {"product_id": 2, "quantity": 5}}
    assert goods.post("/v3/promotions", {**TEN_PERCENT, "rules": [{"action": action}]}).status == 201
    for pieces, gifts in ((MOST - 9, 5), (MOST - 3, 3), (MOST, 0)):
        lines = physical(cart(goods, (3, pieces)))
        assert [one["quantity"] for one in lines] == [pieces, *([gifts] if gifts else [])]


def test_a_gift_is_named_by_its_product_or_by_its_variant(goods: Shop) -> None:
    sizes = [{"sku": f"G-{size}", "option_values": [{"option_display_name": "Size", "label": size}]} for size in "SL"]
    gloves = goods.product("Gloves", price=5, variants=sizes)
    small, large = goods.get(f"/v3/catalog/products/{gloves}/variants").data
    rules = [
        {"action": {"gift_item": {"product_id": 2, "quantity": 1}}, "stop": False},
        {"action": {"gift_item": {"variant_id": small["id"], "quantity": 1}}, "stop": False},
        {"action": {"gift_item": {"variant_id": large["id"], "quantity": 2}}},
    ]
    assert goods.post("/v3/promotions", {**TEN_PERCENT, "rules": rules}).status == 201
    made = cart(goods, (3, 1))
    wanted = [(3, "", 1), (2, "", 1), (gloves, "G-S", 1), (gloves, "G-L", 2)]
    assert [(one["product_id"], one["sku"], one["quantity"]) for one in physical(made)] == wanted
    assert made["cart_amount"] == 30
    more = goods.post(f"{PATH}/{made['id']}/items", {"line_items": [{"product_id": 3, "quantity": 1}]})
    assert [one["id"] for one in physical(more)] == [one["id"] for one in physical(made)]


TEN_PERCENT = {
    "name": "Ten off",
    "redemption_type": "AUTOMATIC",
    "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}, "apply_once": True}],
}


def test_a_promotion_is_taken_off(goods: Shop) -> None:
    """What took an amount off is told with the line and with the cart."""
    made = goods.post("/v3/promotions", TEN_PERCENT)
    assert made.status == 201, made.body
    shown = cart(goods, (1, 2), (2, 1))
    assert (shown["base_amount"], shown["discount_amount"], shown["cart_amount"]) == (40, 4, 36)
    assert shown["discounts"] == [{"id": str(made.data["id"]), "discounted_amount": 4}]
    assert [line["discounts"][0]["discounted_amount"] for line in physical(shown)] == [2, 2]


def test_a_redirect_url_opens_its_cart_once(goods: Shop) -> None:
    """Rule 119: a link is used once, and for 30 days."""
    goods.freeze(START)
    made = cart(goods, (1, 2))
    links = goods.post(f"{PATH}/{made['id']}/redirect_urls", {"query_params": {"utm": "mail", "token": "mine"}})
    assert (links.status, set(links.data)) == (201, {"cart_url", "checkout_url", "embedded_checkout_url"})
    url = links.data["cart_url"]
    assert url.endswith("utm=mail")
    target = url.partition("//")[2].partition("/")[2]
    forged = target.replace("token=", "token=0")
    assert [page(goods, asked, "HEAD").status for asked in (target, target, forged)] == [200, 200, 404]
    opened = page(goods, target)
    assert (opened.status, b"Hammer" in opened.body) == (200, True)
    again = page(goods, target)
    assert (again.status, b"opened before" in again.body) == (404, True)
    assert page(goods, target, "HEAD").status == 404
    other = goods.get(f"{PATH}/{made['id']}?include=redirect_urls").data["redirect_urls"]["checkout_url"]
    goods.freeze(START + 31 * 86_400)
    late = page(goods, other.partition("//")[2].partition("/")[2])
    assert (late.status, b"expired" in late.body or b"no such cart" in late.body) == (404, True)
    odd = page(goods, forged)
    assert (odd.status, b"no such cart" in odd.body) == (404, True)


def page(shop: Shop, target: str, method: str = "GET") -> Reply:
    """What a browser gets."""
    return shop.server.send(method, f"/{target}", [], b"", "http")


def test_a_cart_that_was_left_is_abandoned_and_recovered(goods: Shop) -> None:
    """By the store's clock: an hour after the last change, if the shopper can be written to."""
    goods.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])
    goods.watch()
    goods.freeze(START)
    left, guest = cart(goods, (1, 1), customer_id=1), cart(goods, (2, 1))
    goods.freeze(START + 3601)
    heard: list[tuple[str, Any]] = []
    goods.wait_for(lambda: heard.extend(goods.events()) or "store/cart/abandoned" in dict(heard))
    told = [data for scope, data in heard if scope == "store/cart/abandoned"]
    assert [one["id"] for one in told] == [left["id"]]
    found = goods.get(f"/v3/abandoned-carts/{told[0]['token']}")
    assert found.data == {"cart_id": left["id"]}
    assert goods.get("/v3/abandoned-carts/nothing").status == 404
    assert goods.get(f"{PATH}/{guest['id']}").status == 200
    goods.freeze(START + 31 * 86_400)
    goods.wait_for(lambda: goods.rows("carts") == 0)


def test_a_channel_that_does_not_allow_purchasing_sells_nothing(goods: Shop) -> None:
    assert goods.get(f"{PATH}/settings").data == {"allow_purchasing": True}
    kept = cart(goods, (1, 1))
    assert goods.put(f"{PATH}/settings/channels/1", {"allow_purchasing": False}).status == 200
    more = goods.post(f"{PATH}/{kept['id']}/items", {"line_items": [{"product_id": 2, "quantity": 1}]})
    assert (more.status, list(more.json["errors"])) == (422, ["line_items"])
    refused = goods.post(PATH, {"line_items": [{"product_id": 1, "quantity": 1}]})
    assert (refused.status, list(refused.json["errors"])) == (422, ["channel_id"])
    assert goods.put(f"{PATH}/settings/channels/1", {"allow_purchasing": None}).data == {"allow_purchasing": None}
    assert cart(goods, (1, 1))
    assert goods.put(f"{PATH}/settings", {"allow_purchasing": None}).status == 422
    assert goods.put(f"{PATH}/settings", {}).status == 422


def test_the_metafields_of_a_cart_are_named_by_its_id_and_go_with_it(goods: Shop) -> None:
    made = cart(goods, (1, 1))
    field = {"permission_set": "read", "namespace": "shop", "key": "lane", "value": "fast"}
    kept = goods.post(f"{PATH}/{made['id']}/metafields", field)
    assert (kept.status, kept.data["resource_id"], kept.data["resource_type"]) == (200, made["id"], "cart")
    other = goods.post(f"{PATH}/metafields", [{**field, "key": "more", "resource_id": made["id"]}])
    assert other.status == 200, other.body
    assert goods.post(f"{PATH}/metafields", [{**field, "resource_id": "nothing"}]).status == 422
    assert len(goods.get(f"{PATH}/{made['id']}/metafields").data) == 2
    assert goods.get(f"{PATH}/nothing/metafields").status == 404
    goods.delete(f"{PATH}/{made['id']}")
    assert goods.rows("cart_metafields") == 0
