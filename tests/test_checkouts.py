"""Checkouts (V3): from a cart to its order, on both databases (rules 30, 115, 120)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Reply, Shop

PATH = "/v3/checkouts"
ADDRESS = {
    "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com", "address1": "1 Main St", "city": "Austin",
    "state_or_province_code": "TX", "country_code": "US", "postal_code": "78701", "phone": "15125550100",
}  # fmt: skip
INCLUDE = "?include=consignments.available_shipping_options"


@pytest.fixture
def goods(shop: Shop) -> Shop:
    """Three products at 10, 20 and 30, 1, 2 and 3 heavy; two ways of shipping within the United States."""
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place, weight=place)
    zone = {"name": "US", "type": "country", "locations": [{"country_iso2": "US"}]}
    assert shop.post("/v2/shipping/zones", zone).status == 201
    for method in (
        {"name": "Flat", "type": "perorder", "settings": {"rate": 8}},
        {"name": "Each", "type": "peritem", "settings": {"rate": 3}},
    ):
        assert shop.post("/v2/shipping/zones/1/methods", method).status == 200
    return shop


def cart(shop: Shop, *lines: tuple[int, int], **more: Any) -> Any:
    """A cart of (product, quantity)."""
    items = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
    made = shop.post("/v3/carts", {"line_items": items, **more})
    assert made.status == 201, made.body
    return made.data


def items_of(data: Any) -> list[dict[str, Any]]:
    """All its physical items as a consignment names them."""
    lines = data.get("line_items") or data["cart"]["line_items"]
    return [{"item_id": one["id"], "quantity": one["quantity"]} for one in lines["physical_items"]]


def done(reply: Reply) -> Any:
    """The data of a reply that went well."""
    assert reply.status == 200, reply.body
    return reply.data


def sent(shop: Shop, made: Any, option: str = "Flat") -> Any:
    """A checkout with both addresses and this shipping option."""
    at = f"{PATH}/{made['id']}"
    done(shop.post(f"{at}/billing-address", ADDRESS))
    data = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": ADDRESS, "line_items": items_of(made)}]))
    (one,) = data["consignments"]
    found = {each["description"]: each["id"] for each in one["available_shipping_options"]}
    return done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": found[option]}))


def test_a_checkout_is_its_cart(goods: Shop) -> None:
    made = cart(goods, (1, 2), (2, 1))
    data = done(goods.get(f"{PATH}/{made['id']}"))
    assert (data["id"], data["cart"]["id"], data["version"]) == (made["id"], made["id"], 1)
    assert (data["subtotal_ex_tax"], data["grand_total"], data["order_id"]) == (40, 40, None)
    assert (data["billing_address"], data["consignments"], data["fees"]) == ({}, [], [])


def test_from_a_cart_to_an_order(goods: Shop) -> None:
    made = cart(goods, (1, 2), (2, 1))
    data = sent(goods, made)
    (one,) = data["consignments"]
    assert (one["selected_shipping_option"]["cost"], one["shipping_cost_ex_tax"]) == (8, 8)
    assert (data["shipping_cost_total_ex_tax"], data["grand_total"], data["version"]) == (8, 48, 4)
    goods.watch()
    order_id = done(goods.post(f"{PATH}/{made['id']}/orders", {}))["id"]
    fired = dict(goods.events())
    assert fired["store/cart/converted"] == {"type": "cart", "id": made["id"], "orderId": order_id}
    assert fired["store/order/created"] == {"type": "order", "id": order_id}
    order = goods.get(f"/v2/orders/{order_id}").json
    assert (order["status_id"], order["cart_id"], order["total_inc_tax"]) == (0, made["id"], "48.0000")
    assert (order["shipping_cost_ex_tax"], order["subtotal_ex_tax"], order["items_total"]) == ("8.0000", "40.0000", 3)
    (address,) = goods.get(f"/v2/orders/{order_id}/shipping_addresses").json
    assert (address["shipping_method"], address["state"], address["cost_ex_tax"]) == ("Flat", "Texas", "8.0000")
    assert done(goods.get(f"{PATH}/{made['id']}"))["order_id"] == str(order_id)


def test_an_order_is_made_once(goods: Shop) -> None:
    made = cart(goods, (1, 2))
    sent(goods, made)
    at = f"{PATH}/{made['id']}/orders"
    first = done(goods.post(at, {}))
    assert [done(goods.post(at, {})) for _ in range(3)] == [first] * 3
    assert goods.get("/v2/orders/count").json["count"] == 1
    assert goods.get(f"/v3/carts/{made['id']}").status == 404
    again = goods.post(f"{PATH}/{made['id']}/coupons", {"coupon_code": "X"})
    assert (again.status, again.reason) == (409, "CHECKOUT_PLACED")


NOT_READY = [
    ("nothing", ["billing_address", "consignments"]),
    ("no option", ["consignments.0.shipping_option_id"]),
]


@pytest.mark.parametrize(("state", "fields"), NOT_READY)
def test_what_is_not_ready_makes_no_order(goods: Shop, state: str, fields: list[str]) -> None:
    made = cart(goods, (1, 1))
    at = f"{PATH}/{made['id']}"
    if state == "no option":
        goods.post(f"{at}/billing-address", ADDRESS)
        goods.post(f"{at}/consignments", [{"address": ADDRESS, "line_items": items_of(made)}])
    reply = goods.post(f"{at}/orders", {})
    assert (reply.status, list(reply.json["errors"])) == (422, fields)
    assert goods.get("/v2/orders/count").json["count"] == 0


def test_a_version_that_is_past_is_a_conflict(goods: Shop) -> None:
    """Rule 30."""
    made = cart(goods, (1, 1))
    at = f"{PATH}/{made['id']}"
    assert done(goods.put(at, {"customer_message": "Hello", "version": 1}))["version"] == 2
    for reply in (
        goods.put(at, {"customer_message": "Again", "version": 1}),
        goods.post(f"{at}/billing-address", {**ADDRESS, "version": 1}),
        goods.post(f"{at}/consignments", [{"address": ADDRESS, "line_items": items_of(made), "version": 1}]),
        goods.post(f"{at}/discounts", {"cart": {"discounts": [{"discounted_amount": 1}], "version": 1}}),
        goods.post(f"{at}/coupons", {"coupon_code": "X", "version": 1}),
    ):
        assert (reply.status, reply.reason) == (409, "VERSION_CONFLICT")
    assert done(goods.get(at))["customer_message"] == "Hello"


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("PUT", "", {"customer_message": "x" * 2001}, 422, "customer_message"),
    ("PUT", "", {}, 422, "customer_message"),
    ("POST", "/billing-address", {"email": "a@example.com"}, 422, "country_code"),
    ("POST", "/billing-address", {"email": "no address", "country_code": "US"}, 422, "email"),
    ("POST", "/billing-address", {"email": "a@example.com", "country_code": "XX"}, 422, "country_code"),
    (
        "POST", "/billing-address", {"email": "a@example.com", "country_code": "US", "state_or_province_code": "ZZ"},
        422, "state_or_province_code",
    ),
    ("POST", "/consignments", [{"address": ADDRESS}], 422, "0.line_items"),
    ("POST", "/consignments", [{"address": ADDRESS, "line_items": [{"item_id": "x", "quantity": 1}]}], 422,
     "0.line_items.0.item_id"),
    ("POST", "/coupons", {"coupon_code": "x" * 51}, 422, "coupon_code"),
    ("POST", "/coupons", {"coupon_code": "NONE"}, 422, "coupon_code"),
    ("POST", "/discounts", {"cart": {}}, 422, "cart.discounts"),
    ("POST", "/fees", {"fees": []}, 422, "fees"),
    ("POST", "/token", {"ttl": 0}, 422, "ttl"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "field"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    goods: Shop, method: str, path: str, body: Any, status: int, field: str
) -> None:
    made = cart(goods, (1, 1))
    at = f"{PATH}/{made['id']}"
    before = goods.get(at).data
    reply = goods.request(method, at + path, body)
    assert (reply.status, list(reply.json["errors"])) == (status, [field])
    assert goods.get(at).data == before


def test_five_fees_a_checkout(goods: Shop) -> None:
    """Rule 120."""
    made = cart(goods, (1, 1))
    at = f"{PATH}/{made['id']}/fees"
    fee = {"type": "custom_fee", "name": "Eco", "display_name": "Eco fee", "cost": 1.5, "source": "app"}
    data = done(goods.post(at, {"fees": [fee] * 5}))
    assert (len(data["fees"]), data["grand_total"]) == (5, 17.5)
    assert goods.post(at, {"fees": [fee]}).status == 422
    first, second, *_ = [one["id"] for one in data["fees"]]
    data = done(goods.put(at, {"fees": [{**fee, "id": first, "cost": 2}]}))
    assert (data["fees"][0]["cost_ex_tax"], data["grand_total"]) == (2, 18)
    data = done(goods.request("DELETE", at, {"ids": [first, second]}))
    assert (len(data["fees"]), data["grand_total"]) == (3, 14.5)
    assert goods.request("DELETE", at, {"ids": [first]}).status == 422


def test_coupons_come_and_go(goods: Shop) -> None:
    coupon = {
        "name": "Ten", "code": "TEN", "type": "percentage_discount", "amount": "10", "enabled": True,
        "applies_to": {"entity": "categories", "ids": [0]},
    }  # fmt: skip
    assert goods.post("/v2/coupons", coupon).status in (200, 201)
    made = cart(goods, (3, 1))
    at = f"{PATH}/{made['id']}"
    goods.watch()
    data = done(goods.post(f"{at}/coupons", {"coupon_code": "ten"}))
    assert ("store/cart/couponApplied", {"type": "cart", "id": made["id"], "couponId": 1}) in goods.events()
    (shown,) = data["coupons"]
    assert (shown["id"], shown["coupon_type"], shown["discounted_amount"]) == (1, "percentage_discount", 3)
    assert data["grand_total"] == 27
    sent(goods, made)
    order_id = done(goods.post(f"{at}/orders", {}))["id"]
    (told,) = goods.get(f"/v2/orders/{order_id}/coupons").json
    assert (told["coupon_id"], told["code"], told["discount"]) == (1, "TEN", "3.0000")
    assert goods.get("/v2/coupons/1").json["num_uses"] == 1
    other = cart(goods, (1, 1))
    assert done(goods.post(f"{PATH}/{other['id']}/coupons", {"coupon_code": "TEN"}))["grand_total"] == 9
    assert done(goods.request("DELETE", f"{PATH}/{other['id']}/coupons/TEN"))["grand_total"] == 10
    assert goods.request("DELETE", f"{PATH}/{other['id']}/coupons/TEN").status == 404


def test_manual_discounts(goods: Shop) -> None:
    """Rule 120: not on an item that a coupon is on."""
    made = cart(goods, (1, 1), (3, 1))
    at = f"{PATH}/{made['id']}"
    first = items_of(made)[0]["item_id"]
    data = done(goods.post(f"{at}/discounts", {"cart": {"discounts": [{"discounted_amount": 4}]}}))
    assert (data["grand_total"], data["cart"]["discount_amount"]) == (36, 4)
    on_item = {"cart": {"line_items": [{"id": first, "discounted_amount": 3}]}}
    data = done(goods.post(f"{at}/discounts", on_item))
    assert data["grand_total"] == 37
    assert data["cart"]["line_items"]["physical_items"][0]["discounts"] == [
        {"id": "manual-discount", "discounted_amount": 3}
    ]
    coupon = {
        "name": "One", "code": "ONE", "type": "per_item_discount", "amount": "1", "enabled": True,
        "applies_to": {"entity": "products", "ids": [1]},
    }  # fmt: skip
    goods.post("/v2/coupons", coupon)
    assert goods.post(f"{at}/coupons", {"coupon_code": "ONE"}).status == 422
    other = cart(goods, (1, 1))
    done(goods.post(f"{PATH}/{other['id']}/coupons", {"coupon_code": "ONE"}))
    on_item["cart"]["line_items"][0]["id"] = items_of(other)[0]["item_id"]
    assert goods.post(f"{PATH}/{other['id']}/discounts", on_item).status == 422


def test_names_of_manual_discounts_are_kept_and_bounded_alike(goods: Shop) -> None:
    made = cart(goods, (1, 1))
    at = f"{PATH}/{made['id']}/discounts"
    item = items_of(made)[0]["item_id"]
    for part, more in (("discounts", {}), ("line_items", {"id": item})):
        said = {"discounted_amount": 1, **more}
        refused = goods.post(at, {"cart": {part: [{**said, "name": "x" * 70_000}]}})
        assert (refused.status, list(refused.json["errors"])) == (422, ["cart"])
        done(goods.post(at, {"cart": {part: [{**said, "name": "A regular"}]}}))
        (kept,) = goods.select("SELECT doc FROM carts WHERE uuid = $1", made["id"])
        assert b'"name":"A regular"' in bytes(kept[0])


def test_items_are_spread_over_consignments(goods: Shop) -> None:
    made = cart(goods, (1, 3), (2, 1))
    at = f"{PATH}/{made['id']}"
    first, second = items_of(made)
    other = {**ADDRESS, "first_name": "Jack", "postal_code": "73301"}
    goods.post(f"{at}/billing-address", ADDRESS)
    two = [
        {"address": ADDRESS, "line_items": [{**first, "quantity": 2}]},
        {"address": other, "line_items": [second]},
    ]
    data = done(goods.post(f"{at}/consignments{INCLUDE}", two))
    quantities = sorted(line["quantity"] for line in data["cart"]["line_items"]["physical_items"])
    assert quantities == [1, 1, 2]
    assert goods.post(f"{at}/orders", {}).status == 422
    rest = next(
        line["id"]
        for line in data["cart"]["line_items"]["physical_items"]
        if line["product_id"] == 1 and line["quantity"] == 1
    )
    one, another = data["consignments"]
    both = [{"item_id": second["item_id"], "quantity": 1}, {"item_id": rest, "quantity": 1}]
    done(goods.put(f"{at}/consignments/{another['id']}", {"line_items": both}))
    for each, name in ((one, "Flat"), (another, "Each")):
        options = {option["description"]: option["id"] for option in each["available_shipping_options"]}
        data = done(goods.put(f"{at}/consignments/{each['id']}", {"shipping_option_id": options[name]}))
    assert (data["shipping_cost_total_ex_tax"], data["grand_total"]) == (14, 64)
    order_id = done(goods.post(f"{at}/orders", {}))["id"]
    addresses = goods.get(f"/v2/orders/{order_id}/shipping_addresses").json
    assert [(a["zip"], a["items_total"], a["cost_ex_tax"]) for a in addresses] == [
        ("78701", 2, "8.0000"),
        ("73301", 2, "6.0000"),
    ]
    changed = goods.put(f"/v2/orders/{order_id}", {"staff_notes": "x", "base_handling_cost": "1"})
    assert changed.status == 200
    lines = goods.get(f"/v2/orders/{order_id}/products").json
    assert [line["order_address_id"] for line in lines] == [1, 2, 2]


def test_a_consignment_can_be_collected(goods: Shop) -> None:
    method = [{"location_id": 1, "display_name": "Counter", "collection_instructions": "Ring"}]
    assert goods.post("/v3/pickup/methods", method).status == 200
    made = cart(goods, (1, 1))
    at = f"{PATH}/{made['id']}"
    goods.post(f"{at}/billing-address", ADDRESS)
    pickup = {"line_items": items_of(made), "pickup_option": {"pickup_method_id": 1}}
    data = done(goods.post(f"{at}/consignments", [pickup]))
    assert data["consignments"][0]["selected_pickup_option"] == {"pickup_method_id": 1}
    order_id = done(goods.post(f"{at}/orders", {}))["id"]
    (found,) = goods.get(f"/v2/orders/{order_id}/consignments").json["pickups"]
    assert found["pickup_method_display_name"] == "Counter"


def test_an_option_stays_selected_where_it_is_offered_for_the_new_address_and_items(goods: Shop) -> None:
    made = cart(goods, (1, 2), (2, 1))
    at = f"{PATH}/{made['id']}"
    (one,) = sent(goods, made, "Each")["consignments"]
    said, waco = f"{at}/consignments/{one['id']}", {**ADDRESS, "city": "Waco", "postal_code": "76701"}
    (one,) = done(goods.put(said, {"address": waco, "line_items": items_of(made)}))["consignments"]
    assert (one["address"]["city"], one["selected_shipping_option"]["cost"]) == ("Waco", 9)
    data = done(goods.put(said, {"line_items": items_of(made)[:1]}))
    assert (data["consignments"][0]["selected_shipping_option"]["cost"], data["grand_total"]) == (6, 46)
    oslo = {**ADDRESS, "country_code": "NO", "state_or_province_code": "", "city": "Oslo", "postal_code": "0150"}
    (one,) = done(goods.put(said, {"address": oslo}))["consignments"]
    assert "selected_shipping_option" not in one


def test_what_changes_in_the_cart_changes_the_checkout(goods: Shop) -> None:
    made = cart(goods, (1, 2))
    sent(goods, made, "Each")
    at = f"{PATH}/{made['id']}"
    item = items_of(made)[0]["item_id"]
    goods.put(f"/v3/carts/{made['id']}/items/{item}", {"line_item": {"product_id": 1, "quantity": 5}})
    data = done(goods.get(at))
    assert (data["shipping_cost_total_ex_tax"], data["grand_total"]) == (15, 65)
    goods.put("/v2/shipping/zones/1/methods/2", {"enabled": False})
    data = done(goods.put(at, {"customer_message": "x"}))
    assert "selected_shipping_option" not in data["consignments"][0]
    assert data["grand_total"] == 50


def test_a_token(goods: Shop) -> None:
    made = cart(goods, (1, 1))
    reply = goods.post(f"{PATH}/{made['id']}/token", {"maxUses": 1, "ttl": 3600})
    assert reply.status == 200
    assert len(reply.json["checkoutToken"]) == 32


def test_settings_of_store_and_channels(goods: Shop) -> None:
    at = f"{PATH}/settings"
    assert done(goods.get(at))["custom_checkout_script_url"] == ""
    changed = done(goods.put(at, {"custom_checkout_script_url": "https://example.com/x.js"}))
    assert changed["custom_checkout_script_url"] == "https://example.com/x.js"
    assert done(goods.get(f"{at}/channels/1"))["custom_checkout_script_url"] == "https://example.com/x.js"
    goods.watch()
    done(goods.put(f"{at}/channels/1", {"checkout_type": "multi"}))
    assert goods.events() == [("store/channel/1/settings/checkout/updated", {"channel_id": 1})]
    assert goods.get(f"{at}/channels/99").status == 422
    assert goods.put(at, {"custom_checkout_sri_hash": "md5-x"}).status == 422
