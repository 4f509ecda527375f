"""Orders in V2 (rules 74 to 96, and 16 to 18): what they cost, how they change, how they are listed and put away."""

from __future__ import annotations

from decimal import Decimal
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any

import pytest

from shop import Reply, Shop

BUYER = {
    "first_name": "Jane",
    "last_name": "Doe",
    "street_1": "1 Main Street",
    "city": "Austin",
    "state": "Texas",
    "zip": "78701",
    "country_iso2": "US",
    "email": "jane@shop.test",
}
WORK = {"name": "Assembly", "quantity": 1, "price_ex_tax": "5", "price_inc_tax": "6"}
TAXED = {"tax.rates": "0=20,2=10"}
FREE = {"name": "Free", "quantity": 1, "price_ex_tax": 0, "price_inc_tax": 0}


def place(shop: Shop, *products: Any, **more: Any) -> Any:
    """A new order, as V2 shows it."""
    reply = shop.post("/v2/orders", {"billing_address": BUYER, "products": list(products) or [WORK], **more})
    assert reply.status == 200, reply.body
    return reply.json


def lines(shop: Shop, order: Any) -> list[Any]:
    """The lines of an order."""
    found = shop.get(f"/v2/orders/{order['id']}/products")
    return list(found.json) if found.status == 200 else []


def money(order: Any, *names: str) -> list[Decimal]:
    """Amounts of a V2 order as numbers."""
    return [Decimal(order[name]) for name in names]


def sums_up(shop: Shop, order: Any) -> None:
    """Every total is the sum of its parts (rules 78 and 82)."""
    sold = lines(shop, order)
    found = shop.get(f"/v2/orders/{order['id']}/fees")
    fees = found.json if found.status == 200 else []
    for tax in ("ex_tax", "inc_tax"):
        subtotal = sum((Decimal(line[f"total_{tax}"]) for line in sold), Decimal(0))
        assert Decimal(order[f"subtotal_{tax}"]) == subtotal
        costs = sum(Decimal(order[f"{name}_cost_{tax}"]) for name in ("shipping", "handling", "wrapping"))
        fee = sum((Decimal(one[f"cost_{tax}"]) for one in fees), Decimal(0))
        assert Decimal(order[f"total_{tax}"]) == subtotal + costs + fee - Decimal(order["discount_amount"])
    taxes = shop.get(f"/v2/orders/{order['id']}/taxes?limit=250")
    told = sum((Decimal(one["line_amount"]) for one in taxes.json), Decimal(0)) if taxes.status == 200 else Decimal(0)
    assert Decimal(order["total_tax"]) == told + sum((Decimal(one["cost_tax"]) for one in fees), Decimal(0))
    assert sum(Decimal(line["discounted_total_inc_tax"]) for line in sold) == Decimal(
        order["subtotal_inc_tax"]
    ) - Decimal(order["discount_amount"])
    assert order["items_total"] == sum(line["quantity"] for line in sold)


# What a new order is


def test_an_order_needs_lines_and_whoever_pays(shop: Shop) -> None:
    """Rules 74 and 75: a guest's, Pending; rules 16 and 17: dates as mail writes them, amounts with four places."""
    order = place(shop)
    assert (order["customer_id"], order["status_id"], order["status"]) == (0, 1, "Pending")
    assert (order["order_source"], order["total_inc_tax"], order["payment_status"]) == ("external", "6.0000", "")
    assert parsedate_to_datetime(order["date_created"]).tzinfo is not None
    assert (order["date_shipped"], order["items_total"], order["currency_code"]) == ("", 1, "USD")
    assert order["products"]["url"].endswith(f"/v2{order['products']['resource']}")
    assert order["products"]["resource"] == f"/orders/{order['id']}/products"
    assert shop.get(f"/v2/orders/{order['id']}").json == order
    line = lines(shop, order)[0]
    assert (line["order_id"], line["product_id"], line["product_options"]) == (order["id"], 0, [])


REFUSED: list[tuple[Any, int, str, str]] = [
    ({}, 400, "FIELD_MISSING", "billing_address"),
    ({"billing_address": BUYER}, 400, "FIELD_MISSING", "products"),
    ({"billing_address": BUYER, "products": []}, 400, "FIELD_MISSING", "products"),
    ({"billing_address": {"city": "Austin"}, "products": [WORK]}, 400, "FIELD_MISSING", "billing_address.zip"),
    ({"billing_address": {"zip": "7"}, "products": [WORK]}, 400, "FIELD_INVALID", "billing_address.zip"),
    ({"billing_address": {**BUYER, "country_iso2": "XX"}, "products": [WORK]}, 400, "FIELD_INVALID", "country_iso2"),
    (
        {"billing_address": {**BUYER, "email": "jane"}, "products": [WORK]},
        400,
        "FIELD_INVALID",
        "billing_address.email",
    ),
    (
        {"billing_address": {**BUYER, "form_fields": [{"name": "a", "value": {}}]}, "products": [WORK]},
        400,
        "FIELD_INVALID",
        "billing_address",
    ),
    ({"products": [{"product_id": 99, "quantity": 1}]}, 400, "DANGLING_REFERENCE", "products.0.product_id"),
    ({"products": [{**WORK, "quantity": 0}]}, 400, "FIELD_INVALID", "products.0.quantity"),
    ({"products": [{**WORK, "quantity": "many"}]}, 400, "FIELD_INVALID", "products"),
    ({"products": [{"quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}]}, 400, "FIELD_INVALID", "products.name"),
    ({"products": [{"name": "x", "quantity": 1}]}, 400, "FIELD_INVALID", "products.0.price_ex_tax"),
    ({"products": [{**WORK, "price_ex_tax": -1}]}, 400, "FIELD_INVALID", "products"),
    ({"products": [{**WORK, "name_customer": "Other"}]}, 400, "FIELD_INVALID", "products.0.name_customer"),
    ({"products": [{**WORK, "price_inc_tax": 4}]}, 400, "FIELD_INVALID", "products.0.price_inc_tax"),
    ({"subtotal_ex_tax": 1}, 400, "FIELD_MISSING", "subtotal_inc_tax"),
    ({"total_inc_tax": 1}, 400, "FIELD_MISSING", "total_ex_tax"),
    ({"shipping_cost_ex_tax": 1}, 400, "FIELD_MISSING", "shipping_cost_inc_tax"),
    ({"products": [{**WORK, "price_inc_tax": 9_999_999_999, "quantity": 2}]}, 400, "FIELD_INVALID", "products"),
    ({"products": [{**FREE, "quantity": 2_000_000_000}] * 2}, 400, "FIELD_INVALID", "products"),
    ({"products": [FREE] * 1001}, 400, "FIELD_INVALID", "products"),
    ({"discount_amount": "5.01"}, 400, "FIELD_INVALID", "discount_amount"),
    ({"status_id": 15}, 400, "FIELD_INVALID", "status_id"),
    ({"status": "Shipped"}, 400, "FIELD_READ_ONLY", "status"),
    ({"total_tax": 1}, 400, "FIELD_READ_ONLY", "total_tax"),
    ({"coupons": []}, 400, "FIELD_READ_ONLY", "coupons"),
    ({"is_deleted": True}, 400, "FIELD_READ_ONLY", "is_deleted"),
    ({"colour": "red"}, 400, "FIELD_UNKNOWN", "colour"),
    ({"channel_id": 9}, 400, "DANGLING_REFERENCE", "channel_id"),
    ({"customer_id": 9}, 400, "DANGLING_REFERENCE", "customer_id"),
    ({"ip_address": "here"}, 400, "FIELD_INVALID", "ip_address"),
    ({"customer_locale": "English"}, 400, "FIELD_INVALID", "customer_locale"),
    ({"default_currency_code": "EUR"}, 400, "FIELD_INVALID", "default_currency_code"),
    ({"fees": [{"cost_ex_tax": 1, "display_name_customer": "x"}]}, 400, "FIELD_MISSING", "fees.0.cost_inc_tax"),
    ({"fees": [{"cost_ex_tax": 1, "cost_inc_tax": 1}]}, 400, "FIELD_MISSING", "fees.0.display_name_customer"),
    ({"consignments": {"pickups": []}}, 400, "FIELD_INVALID", "products"),
]


@pytest.mark.parametrize(("more", "status", "reason", "field"), REFUSED)
def test_a_bad_order_is_refused_and_changes_nothing(
    shop: Shop, more: Any, status: int, reason: str, field: str
) -> None:
    """Rules 1 to 4, 74 to 77, 85, 92, 96: the first faulty member is named, and no row, number or stock moves."""
    whole = {"billing_address": BUYER, "products": [WORK]}
    body = more if "billing_address" in more or not more else {**whole, **more}
    reply = shop.post("/v2/orders", body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert field in reply.body.decode()
    assert [shop.rows(table) for table in ("orders", "order_products", "order_transactions")] == [0, 0, 0]


def test_the_code_of_a_country_overrides_its_name(shop: Shop) -> None:
    """Rule 81."""
    order = place(shop, billing_address={**BUYER, "country": "Australia", "country_iso2": "NZ"})
    address = order["billing_address"]
    assert (address["country"], address["country_iso2"]) == ("New Zealand", "NZ")


def test_without_an_address_of_its_own_an_order_goes_to_whoever_pays(shop: Shop) -> None:
    """Rule 80."""
    order = place(shop)
    path = "/v2/orders/{}/shipping_addresses"
    address = shop.get(path.format(order["id"])).json[0]
    assert (address["street_1"], address["order_id"], address["items_total"]) == ("1 Main Street", order["id"], 1)
    other = place(shop, shipping_addresses=[{**BUYER, "street_1": "2 Elm Street"}])
    assert [one["street_1"] for one in shop.get(path.format(other["id"])).json] == ["2 Elm Street"]
    assert other["shipping_address_count"] == 1
    assert lines(shop, other)[0]["order_address_id"] == shop.get(path.format(other["id"])).json[0]["id"]


def test_an_address_that_is_not_used_is_refused(shop: Shop) -> None:
    """Rule 80: only the first of several was ever used, and none is taken and then forgotten."""
    order = place(shop)
    first, second = {**BUYER, "street_1": "2 Elm Street"}, {**BUYER, "street_1": "3 Oak Street"}
    body = {"billing_address": BUYER, "products": [WORK], "shipping_addresses": [first, second, {"nonsense": 1}]}
    for reply in (
        shop.post("/v2/orders", body),
        shop.post("/v2/orders", {**body, "shipping_addresses": [first, second]}),
        shop.post("/v2/orders", {**body, "shipping_addresses": [first, first]}),
        shop.put(f"/v2/orders/{order['id']}", {"shipping_addresses": [first, second]}),
    ):
        assert reply.status == 400
        assert b"shipping_addresses." in reply.body
    assert shop.rows("orders") == shop.rows("order_shipping_addresses") == 1


def test_an_address_is_kept_where_nothing_is_sent(shop: Shop) -> None:
    """What was taken is shown again, and no line goes there."""
    file = {"product_id": shop.product("Plan", type="digital", weight=0), "quantity": 1}
    order = place(shop, file, shipping_addresses=[BUYER])
    assert order["shipping_address_count"] == 1
    (address,) = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json
    assert (address["street_1"], address["items_total"]) == (BUYER["street_1"], 0)
    assert lines(shop, order)[0]["order_address_id"] == 0
    tool = {"product_id": shop.product("Saw"), "quantity": 2}
    assert shop.put(f"/v2/orders/{order['id']}", {"products": [tool]}).status == 200
    (address,) = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json
    assert [line["order_address_id"] for line in lines(shop, order)] == [0, address["id"]]
    assert address["items_total"] == 2


def test_an_order_outlives_its_customer(shop: Shop) -> None:
    """Rule 74."""
    jane = {"first_name": "Jane", "last_name": "Doe", "email": "jane@shop.test"}
    who = shop.post("/v2/customers", jane).json["id"]
    order = place(shop, customer_id=who)
    assert [one["id"] for one in shop.get(f"/v2/orders?customer_id={who}").json] == [order["id"]]
    assert ship(shop, order, 1).json["customer_id"] == who
    assert shop.delete(f"/v2/customers/{who}").status == 204
    changed = shop.put(f"/v2/orders/{order['id']}", {"staff_notes": "Gone", "customer_id": who})
    assert (changed.status, changed.json["customer_id"]) == (200, who)


def test_what_is_downloaded_goes_nowhere(shop: Shop) -> None:
    order = place(shop, {"product_id": shop.product("Plan", type="digital", weight=0), "quantity": 1})
    assert (order["order_is_digital"], order["shipping_address_count"]) == (True, 0)
    assert shop.get(f"/v2/orders/{order['id']}/shipping_addresses").status == 204
    found = shop.get(f"/v2/orders/{order['id']}/consignments?include=consignments.line_items").json
    assert [one["name"] for one in found["downloads"][0]["line_items"]] == ["Plan"]


def test_an_order_is_collected_whole_or_sent_whole(shop: Shop) -> None:
    """Rule 80: one pickup an order, and nothing beside it."""
    pickup = {"pickup_method_id": 3, "pickup_method_display_name": "Counter", "line_items": [WORK]}
    asked = {"billing_address": BUYER, "consignments": {"pickups": [pickup]}}
    order = shop.post("/v2/orders?include=consignments&consignment_structure=object", asked).json
    shown = order["consignments"]["pickups"][0]
    assert (shown["pickup_method_id"], shown["pickup_method_display_name"]) == (3, "Counter")
    assert lines(shop, order)[0]["order_pickup_method_id"] == shown["id"]
    assert order["shipping_address_count"] == 0
    for more in ({"products": [WORK]}, {"shipping_addresses": [BUYER]}):
        assert shop.post("/v2/orders", {**asked, **more}).status == 400
    for more in ({"products": [WORK]}, {"consignments": {"pickups": [{"id": shown["id"]}] * 2}}):
        both = {"consignments": {"pickups": [{"id": shown["id"]}]}, **more}
        assert shop.put(f"/v2/orders/{order['id']}", both).status == 400  # else a part would be passed over
    two = {"billing_address": BUYER, "consignments": {"pickups": [pickup, pickup]}}
    assert shop.post("/v2/orders", two).status == 400
    change = {"consignments": {"pickups": [{"id": shown["id"], "collection_instructions": "Ring twice"}]}}
    assert shop.put(f"/v2/orders/{order['id']}", change).status == 200
    assert shop.put(f"/v2/orders/{order['id']}", {"products": [FREE]}).json["items_total"] == 2
    assert [line["order_pickup_method_id"] for line in lines(shop, order)] == [shown["id"]] * 2
    pickups = shop.get(f"/v2/orders/{order['id']}/consignments").json["pickups"]
    assert pickups[0]["collection_instructions"] == "Ring twice"


# What it costs


def test_prices_are_the_catalogue_s_and_taxes_the_store_s(shop: Shop) -> None:
    """Rule 78: the sale price before the price, then the rate of the tax class; shipping is a class of its own."""
    shop.change(settings=TAXED)
    hammer, saw = shop.product("Hammer", price=10), shop.product("Saw", price=10, sale_price="7.99", tax_class_id=1)
    order = place(
        shop, {"product_id": hammer, "quantity": 3}, {"product_id": saw, "quantity": 1}, base_shipping_cost="5"
    )
    one, other = lines(shop, order)
    assert (one["price_ex_tax"], one["price_inc_tax"], one["total_inc_tax"]) == ("10.0000", "12.0000", "36.0000")
    assert (other["base_price"], other["total_tax"]) == ("7.9900", "0.0000")
    assert money(order, "subtotal_ex_tax", "subtotal_tax", "shipping_cost_inc_tax") == [
        Decimal("37.99"),
        6,
        Decimal("5.5"),
    ]
    assert order["total_inc_tax"] == "49.4900"
    sums_up(shop, order)
    taxes = shop.get(f"/v2/orders/{order['id']}/taxes?details=true").json
    assert [(one["line_item_type"], one["rate"], one["class"]) for one in taxes] == [
        ("item", "20.0000", "Default Tax Class"),
        ("shipping", "10.0000", "Shipping"),
    ]
    assert "line_item_type" not in shop.get(f"/v2/orders/{order['id']}/taxes").json[0]


def test_prices_that_include_tax_are_what_is_paid(shop: Shop) -> None:
    """Rule 78, in a store whose prices are entered with tax."""
    shop.change(settings={**TAXED, "prices_include_tax": True})
    order = place(shop, {"product_id": shop.product(price="9.99"), "quantity": 3}, discount_amount="0.97")
    assert (order["is_tax_inclusive_pricing"], order["subtotal_inc_tax"]) == (True, "29.9700")
    assert order["total_inc_tax"] == "29.0000"
    sums_up(shop, order)


def test_prices_that_are_given_win_and_become_the_base_price(shop: Shop) -> None:
    """Rule 78: and the tax is what the two differ by (class "API Tax Override")."""
    shop.change(settings=TAXED)
    line = {"product_id": shop.product(price=10), "quantity": 2, "price_ex_tax": 8, "price_inc_tax": "8.4"}
    order = place(shop, line)
    sold = lines(shop, order)[0]
    assert (sold["base_price"], sold["total_ex_tax"], sold["total_tax"]) == ("8.0000", "16.0000", "0.8000")
    tax = shop.get(f"/v2/orders/{order['id']}/taxes").json[0]
    assert (tax["class"], tax["rate"]) == ("API Tax Override", "5.0000")
    sums_up(shop, order)


def test_many_pieces_cost_less_where_the_catalogue_says_so(shop: Shop) -> None:
    """Rule 66: bulk pricing, from the sale price of the catalogue."""
    nail = shop.product("Nail", price=1)
    rule = {"quantity_min": 100, "quantity_max": 0, "type": "percent", "amount": 25}
    assert shop.post(f"/v3/catalog/products/{nail}/bulk-pricing-rules", rule).status == 200
    order = place(shop, {"product_id": nail, "quantity": 99}, {"product_id": nail, "quantity": 100})
    assert [line["total_ex_tax"] for line in lines(shop, order)] == ["99.0000", "75.0000"]


def test_a_discount_is_dealt_out_and_lowers_the_tax(shop: Shop) -> None:
    """Rule 82: the tax of a line is that of what is left after its share."""
    shop.change(settings=TAXED)
    hammer = shop.product(price="3.33")
    order = place(shop, {"product_id": hammer, "quantity": 1}, {"product_id": hammer, "quantity": 2}, discount_amount=1)
    first = lines(shop, order)[0]
    assert [one["amount"] for one in first["applied_discounts"]] == ["0.3300"]
    assert first["total_tax"] == "0.6000", "20 % of 3.00"
    sums_up(shop, order)


def test_totals_that_are_given_stand_in_pairs(shop: Shop) -> None:
    """Rule 77: until a part of the order changes (rule 82)."""
    order = place(shop, subtotal_ex_tax=50, subtotal_inc_tax=55, base_handling_cost=2)
    assert money(order, "subtotal_inc_tax", "total_ex_tax", "total_inc_tax") == [55, 52, 57]
    whole = place(shop, total_ex_tax=1, total_inc_tax="1.1")
    assert money(whole, "subtotal_ex_tax", "total_ex_tax", "total_tax") == [5, 1, Decimal("0.1")]
    kept = shop.put(f"/v2/orders/{whole['id']}", {"staff_notes": "Agreed by phone"}).json
    assert kept["total_ex_tax"] == "1.0000"
    again = shop.put(f"/v2/orders/{whole['id']}", {"base_shipping_cost": 3}).json
    assert again["total_ex_tax"] == "8.0000"
    sums_up(shop, again)


def test_a_currency_without_cents_is_rounded_to_whole_units(shop: Shop) -> None:
    """Amounts have the places of the currency; prices are brought into it by its rate."""
    yen = {
        "currency_code": "JPY", "currency_exchange_rate": 150, "token_location": "left", "token": "¥",
        "decimal_token": ".", "thousands_token": ",", "decimal_places": 0, "name": "Yen", "enabled": True,
    }  # fmt: skip
    assert shop.post("/v2/currencies", yen).status in (200, 201)
    shop.change(settings={"tax.rates": "0=8.25"})
    line = {"product_id": shop.product(price="1.01"), "quantity": 3}
    order = place(shop, line, default_currency_code="JPY")
    assert (order["currency_code"], order["store_default_currency_code"]) == ("JPY", "USD")
    assert money(order, "subtotal_ex_tax", "total_tax") == [456, 38]
    assert order["store_default_to_transactional_exchange_rate"] == "150.0000000000"
    sums_up(shop, order)


def test_fees_have_two_of_three_costs(shop: Shop) -> None:
    """Rule 96; a PUT that brings fees replaces them all, each by its id."""
    fees = [
        {"type": "custom_fee", "display_name_customer": "Deposit", "cost_ex_tax": 2, "cost_inc_tax": "2.2"},
        {"type": "custom_fee", "display_name_merchant": "Crate", "cost_inc_tax": 5, "cost_tax": 1},
    ]
    order = place(shop, fees=fees)
    assert order["total_inc_tax"] == "13.2000"
    sums_up(shop, order)
    shown = shop.get(f"/v2/orders/{order['id']}?include=fees").json["fees"]
    assert [(one["cost_ex_tax"], one["cost_tax"], one["display_name_customer"]) for one in shown] == [
        ("2.0000", "0.2000", "Deposit"),
        ("4.0000", "1.0000", "Crate"),
    ]
    kept = {**fees[1], "id": shown[1]["id"], "cost_inc_tax": 6}
    changed = shop.put(f"/v2/orders/{order['id']}", {"fees": [kept]}).json
    sums_up(shop, changed)
    assert [one["id"] for one in shop.get(f"/v2/orders/{order['id']}/fees").json] == [shown[1]["id"]]
    assert shop.put(f"/v2/orders/{order['id']}", {"fees": [{**kept, "id": 99}]}).status == 400


def test_wrapping_needs_both_of_its_costs(shop: Shop) -> None:
    """Rule 77; wrapping_id 0 takes it off again."""
    hammer = shop.product()
    half = {"product_id": hammer, "quantity": 1, "wrapping_id": 1, "wrapping_cost_ex_tax": 2}
    reply = shop.post("/v2/orders", {"billing_address": BUYER, "products": [half]})
    assert (reply.status, reply.reason) == (400, "FIELD_MISSING")
    order = place(shop, {**half, "wrapping_cost_inc_tax": "2.5", "wrapping_name": "Silver"})
    assert (order["wrapping_cost_inc_tax"], order["total_inc_tax"]) == ("2.5000", "12.5000")
    bare = shop.put(f"/v2/orders/{order['id']}", {"products": [{"id": lines(shop, order)[0]["id"], "wrapping_id": 0}]})
    assert bare.json["total_inc_tax"] == "10.0000"


# Options of products


def test_a_product_with_variants_is_bought_by_its_options(shop: Shop) -> None:
    """Rule 79: a variant is meant by its id or by what is answered to every option; else the order is refused."""
    variants = [
        {"sku": f"S-{size}", "price": price, "option_values": [{"option_display_name": "Size", "label": size}]}
        for size, price in (("S", 10), ("L", 12))
    ]
    shirt = shop.product("Shirt", variants=variants)
    made = shop.get(f"/v3/catalog/products/{shirt}?include=variants,options").data
    large = made["variants"][1]
    option, value = made["options"][0]["id"], large["option_values"][0]["id"]
    chosen = {"product_id": shirt, "quantity": 1, "product_options": [{"id": option, "value": str(value)}]}
    sold = lines(shop, place(shop, chosen))[0]
    assert (sold["sku"], sold["base_price"], sold["variant_id"]) == ("S-L", "12.0000", large["id"])
    told = sold["product_options"][0]
    assert (told["display_name"], told["display_value"], told["value"]) == ("Size", "L", str(value))
    assert (told["product_option_id"], told["order_product_id"]) == (option, sold["id"])
    assert lines(shop, place(shop, {"product_id": shirt, "quantity": 1, "variant_id": large["id"]}))[0]["sku"] == "S-L"
    bad_answer = {"product_options": [{"id": option, "value": "99999"}]}
    for wrong, reason in (
        ({}, "OPTIONS_REFUSED"),
        (bad_answer, "OPTIONS_REFUSED"),
        ({"variant_id": 99999}, "FIELD_INVALID"),
    ):
        asked = {"billing_address": BUYER, "products": [{"product_id": shirt, "quantity": 1, **wrong}]}
        reply = shop.post("/v2/orders", asked)
        assert (reply.status, reply.reason) == (400, reason), reply.body


def test_what_is_chosen_changes_the_price(shop: Shop) -> None:
    """Rules 65 and 79: modifiers that are required are answered, and their adjusters add to the price."""
    hammer = shop.product(price=10)
    path = f"/v3/catalog/products/{hammer}/modifiers"
    gift = shop.post(path, {"display_name": "Gift", "type": "dropdown", "required": True}).data["id"]
    more = {"price": {"adjuster": "relative", "adjuster_value": 3}}
    label = {"label": "Yes", "sort_order": 0, "adjusters": more}
    yes = shop.post(f"{path}/{gift}/values", label).data["id"]
    text = shop.post(path, {"display_name": "Words", "type": "text", "required": False, "config": {}}).data["id"]
    refused = shop.post("/v2/orders", {"billing_address": BUYER, "products": [{"product_id": hammer, "quantity": 1}]})
    assert (refused.status, refused.reason) == (400, "OPTIONS_REFUSED")
    answers = [{"id": gift, "value": yes}, {"id": text, "value": "For Ann"}]
    order = place(shop, {"product_id": hammer, "quantity": 2, "product_options": answers})
    sold = lines(shop, order)[0]
    assert sold["total_ex_tax"] == "26.0000"
    assert [one["display_value"] for one in sold["product_options"]] == ["Yes", "For Ann"]


# Changing an order


def test_lines_are_merged_by_their_ids(shop: Shop) -> None:
    """Rule 92: with an id a line changes, without one it is added, with a quantity of 0 it goes."""
    hammer = shop.product(price=10)
    order = place(shop, {"product_id": hammer, "quantity": 1}, WORK)
    first, second = (line["id"] for line in lines(shop, order))
    path = f"/v2/orders/{order['id']}"
    changed = shop.put(path, {"products": [{"id": first, "quantity": 4}, {**WORK, "name": "Pickup"}]}).json
    assert [(line["id"], line["quantity"]) for line in lines(shop, order)] == [(first, 4), (second, 1), (second + 1, 1)]
    sums_up(shop, changed)
    changed = shop.put(path, {"products": [{"id": second, "quantity": 0}]}).json
    assert [line["id"] for line in lines(shop, order)] == [first, second + 1]
    sums_up(shop, changed)
    changed = shop.put(path, {"products": [{"product_id": hammer, "quantity": 0}]}).json
    assert [line["name"] for line in lines(shop, order)] == ["Pickup"]
    sums_up(shop, changed)
    for wrong in ({"id": 99, "quantity": 1}, {"id": second + 1, "quantity": 0}):
        assert shop.put(path, {"products": [wrong]}).status == 400


def test_a_change_of_lines_takes_discounts_away(shop: Shop) -> None:
    """Rule 82: unless the same PUT brings one."""
    order = place(shop, {"product_id": shop.product(price=10), "quantity": 1}, discount_amount=4)
    path, line = f"/v2/orders/{order['id']}", lines(shop, order)[0]["id"]
    assert shop.put(path, {"base_shipping_cost": 1}).json["total_inc_tax"] == "7.0000"
    assert shop.put(path, {"products": [{"id": line, "quantity": 2}]}).json["discount_amount"] == "0.0000"
    again = shop.put(path, {"products": [{"id": line, "quantity": 3}], "discount_amount": 5}).json
    assert again["total_inc_tax"] == "26.0000"
    sums_up(shop, again)


def test_what_a_put_leaves_out_stays(shop: Shop) -> None:
    """Rule 83: the older table says that the status falls back to Pending; the newer description, that nothing does."""
    order = place(shop, status_id=11, customer_message="Ring")
    changed = shop.put(f"/v2/orders/{order['id']}", {"staff_notes": "Fragile"}).json
    assert {**order, "staff_notes": "Fragile", "date_modified": changed["date_modified"]} == changed


def test_an_order_always_has_a_date(shop: Shop) -> None:
    order = place(shop, date_created="")
    assert order["date_created"].endswith("+0000")
    changed = shop.put(f"/v2/orders/{order['id']}", {"date_created": ""})
    assert changed.json["date_created"] == order["date_created"]


def test_a_whole_order_can_be_sent_back(shop: Shop) -> None:
    """Clients write back what they read (contract/clients.md): what is read-only is refused, the rest is kept."""
    order = place(shop, {"product_id": shop.product(price=10), "quantity": 2}, base_shipping_cost=1, discount_amount=1)
    names = ("customer_id", "status_id", "base_shipping_cost", "discount_amount", "payment_method", "items_total",
             "items_shipped", "refunded_amount", "order_is_digital", "order_source", "external_id", "ip_address",
             "staff_notes", "billing_address", "channel_id", "tax_provider_id", "default_currency_code")  # fmt: skip
    changed = shop.put(f"/v2/orders/{order['id']}", {name: order[name] for name in names}).json
    assert {**changed, "date_modified": 0} == {**order, "date_modified": 0}


def test_the_numbers_of_others_are_set_once(shop: Shop) -> None:
    """Rule 76: external_id and external_merchant_id; external_order_id may change."""
    order = place(shop, external_source="ERP")
    path = f"/v2/orders/{order['id']}"
    assert shop.put(path, {"external_id": "A-1", "external_merchant_id": "M"}).json["external_id"] == "A-1"
    assert shop.put(path, {"external_id": "A-1"}).status == 200
    for name in ("external_id", "external_merchant_id"):
        assert shop.put(path, {name: "B"}).reason == "FIELD_READ_ONLY"
    assert shop.put(path, {"external_order_id": "B"}).json["external_order_id"] == "B"
    assert shop.put(path, {"order_source": "www"}).json["order_source"] == "external"


def test_a_shipping_address_changes_without_new_totals(shop: Shop) -> None:
    """Rule 90; through the order it does make new ones (rule 82)."""
    order = place(shop, base_shipping_cost=4)
    path = f"/v2/orders/{order['id']}"
    address = shop.get(f"{path}/shipping_addresses").json[0]
    assert (address["base_cost"], address["cost_ex_tax"]) == ("4.0000", "4.0000")
    changed = shop.put(f"{path}/shippingaddresses/{address['id']}", {"street_1": "2 Elm", "country": "canada"}).json
    assert (changed["street_1"], changed["country_iso2"], changed["city"]) == ("2 Elm", "CA", "Austin")
    assert shop.get(path).json["total_inc_tax"] == order["total_inc_tax"]
    assert shop.put(f"{path}/shipping_addresses/{address['id']}", {"base_cost": 1}).reason == "FIELD_READ_ONLY"
    for value in ({}, [1], True):
        answers = {"form_fields": [{"name": "Door", "value": value}]}
        assert shop.put(f"{path}/shipping_addresses/{address['id']}", answers).reason == "FIELD_INVALID"
    answers = {"form_fields": [{"name": "Door", "value": ["left", "blue"]}, {"name": "Floor", "value": 2.5}]}
    assert shop.put(f"{path}/shipping_addresses/{address['id']}", answers).json["form_fields"] == answers["form_fields"]
    through = {"shipping_addresses": [{"id": address["id"], "city": "Dallas"}]}
    assert shop.put(path, through).status == 200
    assert shop.get(f"{path}/shipping_addresses/{address['id']}").json["city"] == "Dallas"
    assert shop.put(path, {"shipping_addresses": [{"id": 99, "city": "x"}]}).status == 400


def test_replaying_the_same_requests_gives_the_same_order(server: Any) -> None:
    """Two stores that are asked the same answer the same, to the last number."""
    told = []
    for _ in range(2):
        shop = server.shop(**TAXED)
        shop.freeze(1_800_000_000)
        hammer = shop.product(price="9.99")
        order = place(
            shop, {"product_id": hammer, "quantity": 7}, WORK, discount_amount="3.33", base_shipping_cost="4.99"
        )
        ids = [line["id"] for line in lines(shop, order)]
        shop.put(f"/v2/orders/{order['id']}", {"products": [{"id": ids[0], "quantity": 5}], "discount_amount": "1.11"})
        shop.put(f"/v2/orders/{order['id']}", {"status_id": 11, "base_handling_cost": "1.01"})
        shown = [shop.get(f"/v2/orders/{order['id']}{part}") for part in ("", "/products", "/taxes", "/transactions")]
        told.append([reply.body.replace(shop.name.encode(), b"") for reply in shown])
        shop.close()
    assert told[0] == told[1]


# Lists


def test_orders_are_filtered_sorted_and_counted(shop: Shop) -> None:
    """Rule 93: the count tells of every status, Incomplete included; rule 18: in the order of ids."""
    first = place(shop, status_id=0, payment_method="Cash", date_created="Tue, 20 Nov 2012 00:00:00 +0000")
    second = place(shop, status_id=11, external_order_id="A-9", billing_address={**BUYER, "email": "Bob@shop.test"})
    third = place(shop, WORK, WORK, status_id=11)
    ids = [order["id"] for order in (first, second, third)]

    def found(query: str) -> list[int]:
        reply = shop.get(f"/v2/orders?{query}")
        return [order["id"] for order in reply.json] if reply.status == 200 else []

    assert found("") == ids
    assert found("sort=date_created:desc") == [ids[2], ids[1], ids[0]]
    assert found("sort=status_id:asc&limit=1") == [ids[0]]
    assert found("email=bob@SHOP.test") == [ids[1]]
    assert found("external_order_id=A-9") == found("min_id=2&max_id=2") == [ids[1]]
    assert found("min_total=10") == [ids[2]]
    assert found("max_date_created=2012-12") == found("payment_method=Cash") == [ids[0]]
    assert found("status_id=11&customer_id=0&channel_id=1") == ids[1:]
    assert found("min_date_modified=2100-01-01") == []
    assert shop.get("/v2/orders?sort=staff_notes").status == 400
    counted = shop.get("/v2/orders/count").json
    assert counted["count"] == len(ids)
    assert {one["id"]: one["count"] for one in counted["statuses"] if one["count"]} == {0: 1, 11: 2}
    assert len(counted["statuses"]) == 15
    assert shop.get("/v2/orders/count?status_id=11").json["count"] == 2
    assert shop.get("/v2/orders/products/count").json == {"count": 4}
    assert shop.get("/v2/orders/shipping_addresses/count").json == {"count": 3}
    assert shop.get(f"/v2/orders/{ids[2]}/products/count").json == {"count": 2}


def test_consignments_and_fees_are_shown_inside_when_asked_for(shop: Shop) -> None:
    fee = {"display_name_customer": "Deposit", "cost_ex_tax": 1, "cost_inc_tax": 1}
    order = place(shop, fees=[fee])
    shown = shop.get("/v2/orders?include=consignments.line_items,fees").json[0]
    assert shown["fees"][0]["display_name_customer"] == "Deposit"
    assert shown["consignments"]["shipping"][0]["line_items"][0]["name"] == "Assembly"
    assert shop.get(f"/v2/orders/{order['id']}").json["fees"]["resource"] == f"/orders/{order['id']}/fees"
    assert shop.get("/v2/orders?include=shipments").status == 400


def test_an_order_that_is_deleted_is_put_away(shop: Shop) -> None:
    """Rule 84: it is out of lists and counts, yet there, and can be taken out again."""
    orders = [place(shop) for _ in range(3)]
    assert shop.delete(f"/v2/orders/{orders[0]['id']}").status == 204
    assert shop.put(f"/v2/orders/{orders[1]['id']}", {"is_deleted": True}).json["is_deleted"] is True
    assert [one["id"] for one in shop.get("/v2/orders").json] == [orders[2]["id"]]
    assert [one["id"] for one in shop.get("/v2/orders?is_deleted=true").json] == [1, 2]
    assert shop.get("/v2/orders/count").json["count"] == 1
    assert shop.get(f"/v2/orders/{orders[0]['id']}").json["is_deleted"] is True
    assert shop.put("/v2/orders/1", {"is_deleted": False}).json["is_deleted"] is False
    assert shop.delete("/v2/orders?status_id=1").status == 400, "a delete takes no filter"
    assert shop.delete("/v2/orders").status == 204
    assert shop.get("/v2/orders").status == 204
    assert shop.get("/v2/orders/count").json["count"] == 0
    assert shop.rows("orders") == 3


def test_many_orders_are_put_away_by_a_task(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 84 and design section 1: more than 250 rows are a task; with a limit, so many go at once."""
    from bodega.kit import delete_many
    from bodega.resources.orders import orders

    monkeypatch.setattr(delete_many, "TASK_ABOVE", 4)
    monkeypatch.setattr(orders, "CHUNK", 2)
    for _ in range(7):
        place(shop)
    assert shop.delete("/v2/orders?limit=1").status == 202
    shop.settle(1)
    assert shop.get("/v2/orders/count").json["count"] == 6
    reply = shop.delete("/v2/orders")
    assert reply.status == 202
    assert shop.settle(2)["state"] == "done"
    assert shop.get("/v2/orders").status == 204


def test_lost_updates_are_refused(shop: Shop) -> None:
    """RFC 9110 13.1.1."""
    order = place(shop)
    path = f"/v2/orders/{order['id']}"
    etag = shop.get(path).headers["etag"]
    assert shop.put(path, {"staff_notes": "a"}, headers={"if-match": etag}).status == 200
    assert shop.put(path, {"staff_notes": "b"}, headers={"if-match": etag}).status == 412
    assert shop.delete(path, headers={"if-match": etag}).status == 412


def test_an_order_is_read_and_placed_in_xml(shop: Shop) -> None:
    """Rule 15."""
    body = (
        b"<order><billing_address><zip>78701</zip><country_iso2>US</country_iso2></billing_address>"
        b"<products><product><name>Nail</name><quantity>2</quantity><price_ex_tax>1.5</price_ex_tax>"
        b"<price_inc_tax>1.5</price_inc_tax></product></products></order>"
    )
    headers = {"content-type": "application/xml", "accept": "application/xml"}
    reply = shop.post("/v2/orders", body=body, headers=headers)
    assert reply.status == 200, reply.body
    assert b"<total_inc_tax>3.0000</total_inc_tax>" in reply.body


# Shipments


def ship(shop: Shop, order: Any, quantity: int, **more: Any) -> Reply:
    """A shipment of the first line."""
    address = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json[0]["id"]
    items = [{"order_product_id": lines(shop, order)[0]["id"], "quantity": quantity}]
    return shop.post(f"/v2/orders/{order['id']}/shipments", {"order_address_id": address, "items": items, **more})


def test_shipments_move_an_order_on(shop: Shop) -> None:
    """Rule 89: in part, then whole; rule 95: the date; deleting a shipment does not move it back."""
    order = place(shop, {**WORK, "quantity": 3}, status_id=11)
    path = f"/v2/orders/{order['id']}"
    made = ship(shop, order, 1, shipping_provider="ups", tracking_carrier="ups", tracking_number="1Z9")
    assert made.status == 201
    assert made.headers["location"].endswith(f"{path}/shipments/{made.json['id']}")
    assert (made.json["order_id"], made.json["shipping_address"]["zip"]) == (order["id"], "78701")
    assert "1Z9" in made.json["generated_tracking_link"]
    now = shop.get(path).json
    assert (now["status_id"], now["items_shipped"], now["date_shipped"]) == (3, 1, "")
    reply = ship(shop, order, 3)
    assert (reply.status, reply.reason) == (400, "FIELD_INVALID")
    details = reply.json[0]["details"]
    assert (details["available_quantity"], details["order_product_id"]) == (2, lines(shop, order)[0]["id"])
    assert ship(shop, order, 2).status == 201
    now = shop.get(path).json
    assert (now["status"], now["items_shipped"], bool(now["date_shipped"])) == ("Shipped", 3, True)
    assert lines(shop, order)[0]["quantity_shipped"] == 3
    assert shop.get(f"{path}/shipments/count").json == shop.get("/v2/orders/shipments/count").json == {"count": 2}
    assert shop.delete(f"{path}/shipments/{made.json['id']}").status == 204
    now = shop.get(path).json
    assert (now["status_id"], now["items_shipped"]) == (2, 2)
    assert ship(shop, order, 1).status == 201
    assert shop.delete(f"{path}/shipments").status == 204
    assert lines(shop, order)[0]["quantity_shipped"] == 0
    assert shop.get(f"{path}/shipping_addresses").json[0]["items_shipped"] == 0


SHIPMENTS_REFUSED: list[tuple[Any, str]] = [
    ({}, "FIELD_MISSING"),
    ({"order_address_id": 1}, "FIELD_MISSING"),
    ({"order_address_id": 1, "items": []}, "FIELD_INVALID"),
    ({"order_address_id": 9, "items": [{"order_product_id": 1, "quantity": 1}]}, "FIELD_INVALID"),
    ({"order_address_id": 1, "items": [{"order_product_id": 9, "quantity": 1}]}, "FIELD_INVALID"),
    ({"order_address_id": 1, "items": [{"order_product_id": 1, "quantity": 0}]}, "FIELD_INVALID"),
    ({"order_address_id": 1, "items": [{"order_product_id": 1, "quantity": 1}] * 2}, "FIELD_INVALID"),
    (
        {
            "order_address_id": 1,
            "items": [{"order_product_id": 1, "quantity": 1}],
            "shipping_provider": "ups",
            "tracking_carrier": "fedex",
        },
        "FIELD_INVALID",
    ),
    ({"order_address_id": 1, "items": [], "customer_id": 1}, "FIELD_READ_ONLY"),
]


@pytest.mark.parametrize(("body", "reason"), SHIPMENTS_REFUSED)
def test_a_bad_shipment_is_refused_and_changes_nothing(shop: Shop, body: Any, reason: str) -> None:
    """Rule 89."""
    order = place(shop)
    before = shop.get(f"/v2/orders/{order['id']}").body
    reply = shop.post(f"/v2/orders/{order['id']}/shipments", body)
    assert (reply.status, reply.reason) == (400, reason), reply.body
    assert shop.get(f"/v2/orders/{order['id']}").body == before
    assert shop.rows("order_shipments") == 0


def test_the_items_of_a_shipment_are_set_for_good(shop: Shop) -> None:
    """Rule 89."""
    order = place(shop, {**WORK, "quantity": 2})
    made = ship(shop, order, 1).json
    path = f"/v2/orders/{order['id']}/shipments/{made['id']}"
    assert shop.put(path, {"comments": "Left at the door"}).json["comments"] == "Left at the door"
    more = [{**made["items"][0], "quantity": 2}]
    assert shop.put(path, {"items": more}).reason == "FIELD_READ_ONLY"
    assert shop.put(path, {"items": made["items"]}).reason == "FIELD_READ_ONLY"  # product_id is the line's
    again = [{name: value for name, value in item.items() if name != "product_id"} for item in made["items"]]
    assert shop.put(path, {"items": again}).status == 200


def test_what_was_sent_cannot_be_taken_out_of_an_order(shop: Shop) -> None:
    order = place(shop, {**WORK, "quantity": 3})
    ship(shop, order, 2)
    line = lines(shop, order)[0]["id"]
    for quantity in (0, 1):
        reply = shop.put(f"/v2/orders/{order['id']}", {"products": [{"id": line, "quantity": quantity}]})
        assert (reply.status, reply.reason) == (400, "FIELD_INVALID")
    assert shop.put(f"/v2/orders/{order['id']}", {"products": [{"id": line, "quantity": 2}]}).status == 200


def test_orders_of_the_api_were_never_quoted(shop: Shop) -> None:
    """Rule 91."""
    order = place(shop)
    address = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json[0]
    assert shop.get("/v2" + address["shipping_quotes"]["resource"]).status == 204
    path = f"/v2/orders/{order['id']}/consignments/shipping/{address['id']}/shipping_quotes"
    assert shop.get(path).status == 204
    assert shop.get(f"/v2/orders/{order['id']}/shipping_addresses/99/shipping_quotes").status == 404


EMPTY = ("coupons", "messages", "fees", "shipments", "taxes")


@pytest.mark.parametrize("part", EMPTY)
def test_what_an_order_has_none_of_is_an_empty_list(shop: Shop, part: str) -> None:
    """Rule 7; rule 85: coupons are no part of a write."""
    place(shop, FREE)
    assert shop.get(f"/v2/orders/1/{part}").status == 204
    assert shop.get(f"/v2/orders/1/{part}/count").json == {"count": 0}
    assert shop.get(f"/v2/orders/2/{part}").status == 404


def test_messages_and_coupons_are_read(shop: Shop) -> None:
    """They come from the shop and from its checkout; here they are put there by hand."""
    from bodega.resources.orders import coupons, messages
    from bodega.storage.unit import Terms, Unit

    place(shop)

    async def put(unit: Unit) -> None:
        wrote = messages.OrderMessage(
            order_id=1, subject="Where", message="Is it?", date_created="2026-01-02T03:04:05+00:00"
        )
        await unit.insert(messages.TABLE, wrote)
        await unit.insert(coupons.TABLE, coupons.OrderCoupon(coupon_id=4, order_id=1, code="SALE", amount=Decimal(5)))

    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(store.rows.write(put, 0, Terms()))
    message = shop.get("/v2/orders/1/messages?status=unread&is_flagged=false").json[0]
    assert (message["subject"], message["date_created"]) == ("Where", "Fri, 02 Jan 2026 03:04:05 +0000")
    assert shop.get("/v2/orders/1/messages?status=read").status == 204
    assert shop.get("/v2/orders/1/coupons/1").json["amount"] == "5.0000"


def test_orders_have_metafields(shop: Shop) -> None:
    """Rule 71."""
    order = place(shop)
    field = {"namespace": "erp", "key": "number", "value": "A-1", "permission_set": "app_only"}
    made = shop.post(f"/v3/orders/{order['id']}/metafields", field)
    assert (made.status, made.data["resource_type"], made.data["resource_id"]) == (200, "order", order["id"])
    assert shop.post(f"/v3/orders/{order['id']}/metafields", field).status == 409
    assert [one["value"] for one in shop.get("/v3/orders/metafields").data] == ["A-1"]


SETTINGS: list[tuple[str, Any, int]] = [
    ("/v3/orders/settings", {"order_placed": {"email_addresses": ["a@shop.test"]}}, 200),
    ("/v3/orders/settings", {"order_placed": {"email_addresses": ["a"]}}, 422),
    ("/v3/orders/settings", {"order_placed": {"email_addresses": None}}, 422),
    ("/v3/orders/settings/channels/1", {"order_placed": {"email_addresses": ["a@shop.test"]}}, 422),
    ("/v3/orders/settings/channels/9", {}, 404),
]


@pytest.mark.parametrize(("path", "wanted", "status"), SETTINGS)
def test_order_settings_are_addresses(shop: Shop, path: str, wanted: Any, status: int) -> None:
    assert shop.put(path, {"notifications": wanted}).status == status


def test_a_channel_has_both_lists_of_its_own_or_neither(shop: Shop) -> None:
    path = "/v3/orders/settings/channels/1"
    kinds = ("order_placed", "forward_invoice")
    assert shop.get(path).json["notifications"] == {kind: {"email_addresses": None} for kind in kinds}
    own = {kind: {"email_addresses": ["a@shop.test"]} for kind in kinds}
    assert shop.put(path, {"notifications": own}).json["notifications"] == own
    assert shop.get(path).json["notifications"] == own
    assert shop.get("/v3/orders/settings").json["notifications"]["order_placed"] == {"email_addresses": []}


RANGES = ["min_date_created=2012-06", "max_date_created=2012-09", "min_date_created=2012-03&status_id=11", "min_id=2"]


@pytest.mark.parametrize("near", [0, 2, 1000])
@pytest.mark.parametrize("query", RANGES)
def test_a_range_is_listed_alike_by_walking_and_by_index(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, query: str, near: int
) -> None:
    """Whichever way a page is found, its rows and their order are the same (rule 18)."""
    from bodega.storage import rows

    monkeypatch.setattr(rows, "NEAR", near)
    months = [11, 2, 7, 4, 9]  # not in the order of ids
    for number, month in enumerate(months, start=1):
        place(shop, date_created=f"2012-{month:02}-05T00:00:00Z", status_id=11 if number % 2 else 1)
    wanted = {
        "min_date_created=2012-06": [1, 3, 5],
        "max_date_created=2012-09": [2, 3, 4, 5],
        "min_date_created=2012-03&status_id=11": [1, 3, 5],
        "min_id=2": [2, 3, 4, 5],
    }[query]
    assert [one["id"] for one in shop.get(f"/v2/orders?{query}").json] == wanted
    pages = [shop.get(f"/v2/orders?{query}&limit=2&page={page}") for page in (1, 2, 3)]
    assert [one["id"] for page in pages if page.status == 200 for one in page.json] == wanted


def test_recent_orders_are_found_by_an_index(server: Any) -> None:
    """Else the cost of the usual poll of a connector would grow with the store."""
    from bodega.resources.orders.order import TABLE
    from bodega.storage.plan import Condition, QueryPlan, ranged_sql

    shop = server.shop()
    reader = server.run(server.app.stores.get(shop.name)).rows.reader
    plan = QueryPlan(TABLE, (Condition("date_modified", "min", "2026-01-01"),))
    sql, values = ranged_sql(plan, "t.doc", reader.dialect)
    if reader.dialect == "sqlite":
        steps = [row[3] for row in shop.select(f"EXPLAIN QUERY PLAN {sql}", *values)]
        assert any("COVERING INDEX orders_date_modified" in step for step in steps), steps
    assert shop.select(sql, *values) == []


@pytest.mark.parametrize("inclusive", [False, True])
def test_whatever_is_done_to_an_order_its_totals_stay_sums(shop: Shop, inclusive: bool) -> None:
    """Rules 78, 82, 92, 96: sixty random edits, refused ones among them; after each, all totals are sums of parts."""
    random = Random(inclusive)
    shop.change(settings={"tax.rates": "0=19,1=7,2=19", "prices_include_tax": inclusive})
    shop.freeze(1_800_000_000)
    products = [
        shop.product(
            f"Thing {n}", price=f"{n}.{n}9", tax_class_id=n % 2, inventory_tracking="product", inventory_level=60
        )
        for n in range(1, 5)
    ]
    order = place(shop, *({"product_id": one, "quantity": 2} for one in products))
    path = f"/v2/orders/{order['id']}"

    def cents(maximum: int) -> str:
        return str(Decimal(random.randint(0, maximum)) / 100)

    def some_line() -> dict[str, Any]:
        sold = random.choice(lines(shop, order))
        return random.choice(
            [
                {"id": sold["id"], "quantity": random.randint(0, 9)},
                {"id": sold["id"], "price_ex_tax": 3, "price_inc_tax": "3.33"},
                {"product_id": random.choice(products), "quantity": random.randint(1, 40)},
                {"name": "Extra", "quantity": random.randint(1, 3), "price_ex_tax": cents(900), "price_inc_tax": 10},
            ]
        )

    def some_fee() -> dict[str, Any]:
        return {"display_name_customer": "Fee", "cost_ex_tax": cents(500), "cost_tax": cents(99)}

    told = set()
    for _ in range(60):
        change = random.choice(
            [
                {"products": [some_line()]},
                {"products": [some_line(), some_line()], "discount_amount": cents(3000)},
                {"discount_amount": cents(3000)},
                {"base_shipping_cost": cents(2000)},
                {"handling_cost_inc_tax": cents(300)},
                {"fees": [some_fee() for _ in range(random.randint(0, 2))]},
                {"status_id": random.choice([1, 5, 11])},
                {"billing_address": {"city": "Waco"}},
            ]
        )
        before = shop.get(path).json
        reply = shop.put(path, change)
        told.add(reply.status)
        after = shop.get(path).json
        if reply.status != 200:
            assert (reply.status in (400, 409), after) == (True, before), reply.body
        sums_up(shop, after)
        taken = dict.fromkeys(products, 0)
        for line in lines(shop, order):
            if line["product_id"] and after["status_id"] != 5:
                taken[line["product_id"]] += line["quantity"]
        for one in products:
            shown = shop.get(f"/v3/catalog/products/{one}").data
            assert (shown["inventory_level"], shown["total_sold"]) == (60 - taken[one], taken[one])
    assert 200 in told
