"""Taxes (V3): classes, zones, rates, properties, settings, and what they do to carts, checkouts and orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shop import Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of

D = Decimal
CLASSES, ZONES, RATES = "/v3/tax/classes", "/v3/tax/zones", "/v3/tax/rates"
PRICES = "/v3/pricing/products"
BUYER = {
    "first_name": "Jane", "last_name": "Doe", "street_1": "1 Main St", "city": "Austin", "state": "Texas",
    "zip": "78701", "country": "United States", "email": "jane@example.com",
}  # fmt: skip
BERLIN = {**ADDRESS, "city": "Berlin", "country_code": "DE", "state_or_province_code": "", "postal_code": "10115"}


def zone(shop: Shop, name: str, *places: dict[str, Any], groups: tuple[int, ...] = (), **more: Any) -> int:
    """A new zone; its id."""
    targets = {"locations": list(places), "customer_groups": list(groups)}
    (made,) = done(shop.post(ZONES, [{"name": name, "shopper_target_settings": targets, **more}]))
    return int(made["id"])


def rate(shop: Shop, where: int, name: str, priority: int = 1, **classes: Any) -> int:
    """A new rate, by class, as `c0=10`; its id."""
    percents = [{"tax_class_id": int(number[1:]), "rate": percent} for number, percent in classes.items()]
    body = {"tax_zone_id": where, "name": name, "priority": priority, "class_rates": percents}
    (made,) = done(shop.post(RATES, [body]))
    return int(made["id"])


@pytest.fixture
def sales(shop: Shop) -> Shop:
    """Products at 10, 20 and 30, the last untaxed; Texas with two rates of which one compounds, Germany with one."""
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place, weight=place, tax_class_id=1 if place == 3 else 0)
    assert shop.post("/v2/shipping/zones", {"name": "All", "type": "global"}).status == 201
    flat = {"name": "Flat", "type": "perorder", "settings": {"rate": 8}}
    assert shop.post("/v2/shipping/zones/1/methods", flat).status == 200
    texas = zone(shop, "Texas", {"country_code": "US", "subdivision_codes": ["TX"]})
    rate(shop, texas, "State", c0=6.25, c2=6.25)
    rate(shop, texas, "City", 2, c0=2)
    germany = zone(shop, "Germany", {"country_code": "DE"})
    rate(shop, germany, "VAT", c0=19, c2=19)
    return shop


def sent_to(shop: Shop, made: Any, *addresses: Any) -> Any:
    """A checkout whose lines go to these addresses, in turn, each by the flat rate."""
    at = f"{PATH}/{made['id']}"
    done(shop.post(f"{at}/billing-address", addresses[0]))
    lines = items_of(made)
    bodies = [{"address": one, "line_items": lines[place :: len(addresses)]} for place, one in enumerate(addresses)]
    data = done(shop.post(f"{at}/consignments{INCLUDE}", bodies))
    for one in data["consignments"]:
        option = one["available_shipping_options"][0]["id"]
        data = done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": option}))
    return data


def told(shop: Shop, order: int) -> list[tuple[str, str, str, str, str]]:
    """The taxes of an order: on what, by which rate, of which class, how much."""
    rows = shop.get(f"/v2/orders/{order}/taxes?details=true&limit=250").json
    return [(one["line_item_type"], one["name"], one["class"], one["rate"], one["line_amount"]) for one in rows]


def ties_out(shop: Shop, order: int) -> None:
    """The taxes of an order sum to what its total has."""
    whole = shop.get(f"/v2/orders/{order}").json
    rows = shop.get(f"/v2/orders/{order}/taxes?limit=250")
    amounts = [D(one["line_amount"]) for one in rows.json] if rows.status == 200 else []
    found = shop.get(f"/v2/orders/{order}/fees")
    fees = [D(one["cost_tax"]) for one in found.json] if found.status == 200 else []
    assert D(whole["total_tax"]) == sum(amounts, D(0)) + sum(fees, D(0))
    assert D(whole["total_inc_tax"]) - D(whole["total_ex_tax"]) == D(whole["total_tax"])


# What the requests do


def test_classes_of_both_versions_are_the_same(shop: Shop) -> None:
    """Rules 25, 44 and 111."""
    (made,) = done(shop.post(CLASSES, [{"name": "Books"}]))
    assert shop.get(f"/v2/tax_classes/{made['id']}").json["name"] == "Books"
    stood = shop.get("/v2/tax_classes").body
    shop.watch()
    done(shop.put(CLASSES, [{"id": made["id"], "name": "Books"}]))
    assert shop.get("/v2/tax_classes").body == stood
    assert shop.post(CLASSES, [{"name": "BOOKS"}]).status == 409
    assert shop.post(CLASSES, [{"name": f"Class {n}"} for n in range(51)]).status == 413
    assert shop.post(CLASSES, [{"name": "New"}, {"name": "Default tax class"}]).status == 409
    assert shop.get("/v2/tax_classes").body == stood, "all of a list or none"
    product = shop.product(tax_class_id=made["id"])
    refused = shop.delete(f"{CLASSES}?id:in={made['id']}")
    assert (refused.status, refused.json["details"]) == (400, {"used_ids": [made["id"]]})
    assert shop.put(f"/v3/catalog/products/{product}", {"tax_class_id": 0}).status == 200
    assert shop.delete(f"{CLASSES}?id:in={made['id']}").status == 204
    assert shop.put(f"/v3/catalog/products/{product}", {"tax_class_id": made["id"]}).status == 409


CLASSES_REFUSED = [
    ("POST", "", [], 422, "FIELD_INVALID"),
    ("POST", "", {"name": "A"}, 422, "FIELD_INVALID"),
    ("POST", "", [{"name": "A"}, {"name": "a"}], 422, "FIELD_INVALID"),
    ("POST", "", [{"name": "A<b>"}], 422, "FIELD_INVALID"),
    ("POST", "", [{"name": "A" * 101}], 422, "FIELD_INVALID"),
    ("POST", "", [{}], 422, "FIELD_MISSING"),
    ("PUT", "", [{"id": 1}], 422, "FIELD_MISSING"),
    ("PUT", "", [{"id": 1, "name": "A"}, {"id": 1, "name": "B"}], 422, "FIELD_INVALID"),
    ("PUT", "", [{"id": 99, "name": "A"}], 400, "CLASSES_REFUSED"),
    ("DELETE", "", None, 404, "NO_SUCH_ENTITY"),
    ("DELETE", "?id:in=", None, 422, "QUERY_INVALID"),
    ("DELETE", "?id:in=x", None, 422, "QUERY_INVALID"),
    ("DELETE", "?id:in=99", None, 400, "CLASSES_REFUSED"),
    ("DELETE", "?id:in=2", None, 422, "FIELD_INVALID"),
    ("DELETE", "?id:in=" + ",".join(map(str, range(4, 55))), None, 413, "TOO_MANY_ITEMS"),
]


@pytest.mark.parametrize(("method", "query", "body", "status", "reason"), CLASSES_REFUSED)
def test_what_is_no_class_changes_nothing(
    shop: Shop, method: str, query: str, body: Any, status: int, reason: str
) -> None:
    before = shop.get("/v2/tax_classes").body
    reply = shop.request(method, CLASSES + query, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert shop.get("/v2/tax_classes").body == before


def test_the_default_zone_is_for_everybody_else(shop: Shop) -> None:
    """Rule 112: it is there, cannot be made or deleted, and takes no targets; all else of it can change."""
    (default,) = done(shop.get(ZONES))
    assert (default["id"], default["enabled"]) == (1, True)
    assert default["shopper_target_settings"] == {"locations": [], "customer_groups": []}
    for targets in ({"locations": [{"country_code": "US"}]}, {"customer_groups": [0]}):
        assert shop.put(ZONES, [{"id": 1, "shopper_target_settings": targets}]).status == 422
    assert shop.delete(f"{ZONES}?id:in=1").status == 422
    (named,) = done(shop.put(ZONES, [{**default, "name": "Everybody"}]))
    assert named == {**default, "name": "Everybody"}


def test_a_zone_keeps_what_a_body_does_not_name(shop: Shop) -> None:
    made = zone(shop, "AU", {"country_code": "au", "subdivision_codes": ["nsw"]}, groups=(0,))
    display = {"show_inclusive": True, "show_both_on_detail_view": False, "show_both_on_list_view": False}
    done(shop.put(ZONES, [{"id": made, "price_display_settings": {"show_inclusive": True}}]))
    (found,) = done(shop.put(ZONES, [{"id": made, "shopper_target_settings": {"customer_groups": []}}]))
    assert found["price_display_settings"] == display
    place = {"country_code": "AU", "subdivision_codes": ["NSW"], "postal_codes": []}
    assert found["shopper_target_settings"] == {"locations": [place], "customer_groups": []}


@pytest.mark.parametrize("code", ["US-TX", "TX", "XX", "FR-TX", "ZZ-75"])
def test_a_zone_names_subdivisions_of_its_own_country(shop: Shop, code: str) -> None:
    place = {"country_code": "FR", "subdivision_codes": [code]}
    refused = shop.post(ZONES, [{"name": "A", "shopper_target_settings": {"locations": [place]}}])
    made = zone(shop, "Texas", {"country_code": "US", "subdivision_codes": ["us-tx", "TX", "Texas"]})
    changed = shop.put(ZONES, [{"id": made, "shopper_target_settings": {"locations": [{"country_code": "US"}, place]}}])
    for reply, number in ((refused, 0), (changed, 1)):
        assert reply.status == 422
        assert f"shopper_target_settings.locations.{number}.subdivision_codes.0" in str(reply.json["errors"])
    (found,) = done(shop.get(f"{ZONES}?id:in={made}"))
    assert found["shopper_target_settings"]["locations"][0]["subdivision_codes"] == ["TX"]
    unknown = zone(shop, "Islands", {"country_code": "AX", "subdivision_codes": ["01"]})
    assert unknown > made, "a country of which no subdivisions are known may have any"


ZONES_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "name"),
    ({"name": ""}, "name"),
    ({"name": "A", "price_display_settings": {}}, "price_display_settings.show_inclusive"),
    ({"name": "A", "shopper_target_settings": {"customer_groups": []}}, "shopper_target_settings.locations"),
    (
        {"name": "A", "shopper_target_settings": {"locations": [{"country_code": "XX"}]}},
        "shopper_target_settings.locations.0.country_code",
    ),
    (
        {"name": "A", "shopper_target_settings": {"locations": [], "customer_groups": [7]}},
        "shopper_target_settings.customer_groups.0",
    ),
]


@pytest.mark.parametrize(("body", "field"), ZONES_REFUSED)
def test_what_is_no_zone_is_refused(shop: Shop, body: dict[str, Any], field: str) -> None:
    reply = shop.post(ZONES, [body])
    assert (reply.status, list(reply.json["errors"])) == (422, [f"0.{field}"])


def test_rates_go_with_their_zone(shop: Shop) -> None:
    made = zone(shop, "AU", {"country_code": "AU"})
    first, other = rate(shop, made, "GST", c0=10), rate(shop, 1, "Usual", c0=5)
    assert [one["id"] for one in done(shop.get(f"{RATES}?tax_zone_id:in={made}"))] == [first]
    assert shop.post(RATES, [{"tax_zone_id": 99, "name": "A", "class_rates": []}]).status == 422
    for percents in ([], [{"rate": 1, "tax_class_id": 99}], [{"rate": -1, "tax_class_id": 0}]):
        assert shop.put(RATES, [{"id": first, "class_rates": percents}]).status == 422
    assert shop.delete(ZONES).status == 422
    assert shop.delete(f"{ZONES}?id:in={made}").status == 204
    assert [one["id"] for one in done(shop.get(RATES))] == [other]


def test_a_zone_that_goes_stands_for_nobody(shop: Shop) -> None:
    made = zone(shop, "AU", {"country_code": "AU"})
    done(shop.put("/v3/tax/settings", {"guest_shopper_tax_zone_id": made, "store_tax_zone_id": made}))
    assert shop.delete(f"{ZONES}?id:in={made}").status == 204
    found = done(shop.get("/v3/tax/settings"))
    assert (found["guest_shopper_tax_zone_id"], found["store_tax_zone_id"]) == (1, 1)


def test_a_property_that_is_used_stays_and_takes_its_values_along(shop: Shop) -> None:
    """Rule 112."""
    bodies = [
        {"code": "A", "display_name": "A", "type": "PRODUCT"},
        {"code": "C", "display_name": "C", "type": "CUSTOMER"},
    ]
    food, who = done(shop.post("/v3/tax/properties", bodies))
    product = shop.product()
    at = "/v3/tax/products/properties"
    done(shop.put(at, [{"product_id": product, "tax_properties": {"A": "1"}}]))
    done(shop.post("/v3/tax/properties", [{"code": "B", "display_name": "B", "type": "PRODUCT"}]))
    (both,) = done(shop.put(at, [{"product_id": product, "tax_properties": {"B": "2"}}]))
    assert both == {"product_id": product, "tax_properties": {"A": "1", "B": "2"}}
    twice = [{"product_id": product, "tax_properties": {code: "3"}} for code in "AB"]
    assert done(shop.put(at, twice)) == [{"product_id": product, "tax_properties": {"A": "3", "B": "3"}}], "once"
    done(shop.put(at, [{"product_id": product, "tax_properties": {"A": "1", "B": "2"}}]))
    assert shop.put(at, [{"product_id": product, "tax_properties": {"C": "2"}}]).status == 422, "a customer's"
    refused = shop.delete(f"/v3/tax/properties?id:in={food['id']}")
    assert (refused.status, refused.reason) == (409, "PROPERTY_IN_USE")
    done(shop.put("/v3/tax/properties", [{"id": food["id"], "code": "Food", "type": "CUSTOMER"}]))
    assert done(shop.get(f"{at}?product_id:in={product}"))[0]["tax_properties"] == {"Food": "1", "B": "2"}
    assert [one["type"] for one in done(shop.get("/v3/tax/properties?type:in=product"))] == ["PRODUCT"] * 2
    assert shop.get(at).status == 422
    assert shop.delete(f"{at}?product_id:in={product}").status == 204
    assert shop.delete(f"/v3/tax/properties?id:in={food['id']},{who['id']}").status == 204
    assert shop.delete(f"/v3/catalog/products/{product}").status == 204


# What is paid


def test_a_checkout_is_taxed_where_its_goods_go(sales: Shop) -> None:
    """Three zones at once: Texas with compound rates, Germany, and a place without tax."""
    elsewhere = {**BERLIN, "country_code": "FR", "city": "Paris"}
    made = cart(sales, (1, 1), (2, 1), (3, 2))
    data = sent_to(sales, made, ADDRESS, BERLIN, elsewhere)
    named = {one["name"]: one["amount"] for one in data["taxes"]}
    assert named == {"State": 1.13, "City": 0.21, "VAT": 5.32}
    order = done(sales.post(f"{PATH}/{made['id']}/orders", {}))["id"]
    assert told(sales, order) == [
        ("item", "State", "Default Tax Class", "6.2500", "0.6300"),
        ("item", "City", "Default Tax Class", "2.0000", "0.2100"),
        ("item", "VAT", "Default Tax Class", "19.0000", "3.8000"),
        ("shipping", "State", "Shipping", "6.2500", "0.5000"),
        ("shipping", "VAT", "Shipping", "19.0000", "1.5200"),
    ]
    rows = sales.get(f"/v2/orders/{order}/taxes").json
    assert [(one["tax_rate_id"], one["sales_tax_id"], one["priority"]) for one in rows[:3]] == [
        (1, "1", 1), (2, "2", 2), (3, "3", 1),
    ]  # fmt: skip
    assert len({one["order_address_id"] for one in rows}) == 2
    ties_out(sales, order)


def test_an_order_of_v2_is_taxed_at_its_address(sales: Shop) -> None:
    lines = [{"product_id": 1, "quantity": 3}, {"product_id": 3, "quantity": 1}]
    body = {"billing_address": BUYER, "products": lines, "base_shipping_cost": 8}
    order = sales.post("/v2/orders", body).json["id"]
    assert told(sales, order) == [
        ("item", "State", "Default Tax Class", "6.2500", "1.8800"),
        ("item", "City", "Default Tax Class", "2.0000", "0.6400"),
        ("shipping", "State", "Shipping", "6.2500", "0.5000"),
    ]
    ties_out(sales, order)
    before = told(sales, order)
    assert sales.put(f"/v2/orders/{order}", {"staff_notes": "Gift"}).status == 200
    done_rates = sales.put(RATES, [{"id": 1, "class_rates": [{"rate": 50, "tax_class_id": 0}]}])
    assert done_rates.status == 200
    assert sales.put(f"/v2/orders/{order}", {"base_handling_cost": 1}).status == 200
    assert told(sales, order) == before, "what was sold is taxed as it was"
    line = sales.get(f"/v2/orders/{order}/products").json[0]["id"]
    assert sales.put(f"/v2/orders/{order}", {"products": [{"id": line, "quantity": 1}]}).status == 200
    assert [row[3:] for row in told(sales, order)[:2]] == [("6.2500", "0.6300"), ("2.0000", "0.2100")]
    ties_out(sales, order)
    germany = {**BUYER, "country": "Germany", "state": "", "zip": "10115"}
    shipped = {"billing_address": BUYER, "shipping_addresses": [germany], "products": lines}
    other = sales.post("/v2/orders", shipped).json["id"]
    assert [(row[1], row[4]) for row in told(sales, other)] == [("VAT", "5.7000")]


def test_prices_are_shown_with_the_tax_of_a_country(sales: Shop) -> None:
    def asked(**more: Any) -> Any:
        body = {"channel_id": 1, "currency_code": "USD", "items": [{"product_id": 1}], **more}
        return done(sales.post(PRICES, body))[0]["calculated_price"]["tax_inclusive"]

    assert (asked(), asked(country_code="DE"), asked(country_code="FR")) == (10, 11.9, 10)
    assert shop_change(sales, guest_shopper_tax_zone_id=3) == 3
    assert asked() == 11.9


def shop_change(shop: Shop, **settings: Any) -> Any:
    """Changes the settings of tax; the value of the first."""
    return done(shop.put("/v3/tax/settings", settings))[next(iter(settings))]


def test_prices_with_tax_lose_that_of_the_store(sales: Shop) -> None:
    """Both ways of an inclusive price; V2 tells that prices are entered with tax."""
    shop_change(sales, tax_entered_with_prices=True, store_tax_zone_id=3)
    assert sales.get("/v2/store").json["is_price_entered_with_tax"] is True
    made = cart(sales, (2, 1))
    at_home = sent_to(sales, made, BERLIN)
    assert (at_home["cart"]["cart_amount_inc_tax"], at_home["cart"]["cart_amount_ex_tax"]) == (20, 16.81)
    paris = {**BERLIN, "country_code": "FR"}
    abroad = sent_to(sales, cart(sales, (2, 1)), paris)
    assert (abroad["cart"]["cart_amount_inc_tax"], abroad["cart"]["cart_amount_ex_tax"]) == (16.81, 16.81)
    shop_change(sales, should_subtract_store_tax=False)
    abroad = sent_to(sales, cart(sales, (2, 1)), paris)
    assert (abroad["cart"]["cart_amount_inc_tax"], abroad["cart"]["cart_amount_ex_tax"]) == (20, 20)
    sales.change(settings={"prices_include_tax": True})
    assert done(sales.get("/v3/tax/settings"))["tax_entered_with_prices"] is True
    sales.change(settings={"prices_include_tax": False})


def test_tax_may_be_rounded_once(sales: Shop) -> None:
    germany = [{"id": 3, "class_rates": [{"rate": 5, "tax_class_id": 0}]}]
    done(sales.put(RATES, germany))
    cheap = [sales.product(f"Nail {n}", price="0.1", weight=0) for n in range(3)]
    totals = []
    for strategy in ("RATE_ROUNDING", "NO_ROUNDING"):
        shop_change(sales, rounding_strategy=strategy)
        made = cart(sales, *((one, 1) for one in cheap))
        totals.append(sent_to(sales, made, BERLIN)["tax_total"])
        order = done(sales.post(f"{PATH}/{made['id']}/orders", {}))["id"]
        ties_out(sales, order)
    assert totals == [0.03, 0.02]


def test_groups_and_exemptions(sales: Shop) -> None:
    """A zone for a group; a customer with a tax exemption pays nothing, in carts and in orders of V2."""
    group = sales.post("/v2/customer_groups", {"name": "Traders"}).json["id"]
    traders = zone(sales, "Traders", {"country_code": "DE"}, groups=(group,))
    rate(sales, traders, "Reverse", c0=1)
    ids = []
    for place, more in enumerate(({"customer_group_id": group}, {"tax_exempt_category": "A"})):
        person = {"first_name": "A", "last_name": "B", "email": f"c{place}@example.com", **more}
        ids.append(sales.post("/v2/customers", person).json["id"])
    found = [sent_to(sales, cart(sales, (1, 1), customer_id=one), BERLIN)["tax_total"] for one in (0, *ids)]
    assert found == [3.42, 0.1, 0]
    germany = {**BUYER, "country": "Germany", "state": "", "zip": "10115"}
    for who, owed in zip((0, *ids), ("1.9000", "0.1000", "0.0000"), strict=True):
        lines = [{"product_id": 1, "quantity": 1}]
        order = sales.post("/v2/orders", {"billing_address": germany, "customer_id": who, "products": lines}).json
        assert order["total_tax"] == owed
        ties_out(sales, order["id"])


def test_a_customer_without_an_address_is_where_the_first_of_theirs_is(sales: Shop) -> None:
    person = {"first_name": "A", "last_name": "B", "email": "a@example.com"}
    home = {
        "first_name": "A", "last_name": "B", "address1": "1", "city": "Berlin", "country_code": "DE",
        "state_or_province": "Berlin", "postal_code": "10115",
    }  # fmt: skip
    who = done(sales.post("/v3/customers", [{**person, "addresses": [home]}]))[0]["id"]
    made = cart(sales, (1, 1), customer_id=who)
    assert done(sales.get(f"{PATH}/{made['id']}"))["tax_total"] == 1.9
    guest = cart(sales, (1, 1))
    assert done(sales.get(f"{PATH}/{guest['id']}"))["tax_total"] == 0


def test_a_zone_or_a_rate_that_is_not_enabled_taxes_nobody(sales: Shop) -> None:
    def owed() -> Any:
        return sent_to(sales, cart(sales, (1, 1)), BERLIN)["tax_total"]

    assert owed() == 3.42
    done(sales.put(RATES, [{"id": 3, "enabled": False}]))
    assert owed() == 0
    done(sales.put(RATES, [{"id": 3, "enabled": True}]))
    done(sales.put(ZONES, [{"id": 3, "enabled": False}]))
    rate(sales, 1, "Usual", c0=10)
    assert owed() == 1, "the default zone"


def test_the_operators_rates_are_those_of_the_default_zone_until_it_has_its_own(sales: Shop) -> None:
    sales.change(settings={"tax.rates": "0=50"})
    paris = {**BERLIN, "country_code": "FR"}
    assert sent_to(sales, cart(sales, (1, 1)), paris)["tax_total"] == 5
    rate(sales, 1, "Usual", c0=10)
    assert sent_to(sales, cart(sales, (1, 1)), paris)["tax_total"] == 1
    sales.change(settings={"tax.rates": ""})
