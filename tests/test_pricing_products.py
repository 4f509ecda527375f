"""POST /v3/pricing/products: what a storefront shows, for a channel, a currency and a shopper."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.pricing.facts import Choice, facts
from bodega.storage.tx import Tx
from shop import Shop

PRICES = "/v3/pricing/products"


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    room.change(settings={"tax.rates": "", "prices_include_tax": False})
    return room


def asked(shop: Shop, *items: dict[str, Any], **more: Any) -> Any:
    """The reply's data."""
    reply = shop.post(PRICES, {"channel_id": 1, "currency_code": "USD", "items": list(items), **more})
    assert reply.status == 200, reply.body
    return reply.data


def price(entered: float, ex: float | None = None, inc: float | None = None, *, inclusive: bool = False) -> Any:
    """A price as it is shown."""
    return {
        "as_entered": entered,
        "entered_inclusive": inclusive,
        "tax_exclusive": entered if ex is None else ex,
        "tax_inclusive": entered if inc is None else inc,
    }


def test_a_plain_product_shows_what_the_merchant_entered_and_what_a_shopper_pays(shop: Shop) -> None:
    shop.change(settings={"tax.rates": "0=20"})
    hammer = shop.product(price=12.5, sale_price=10, retail_price=15, map_price=11)
    base = shop.get(f"/v3/catalog/products/{hammer}").data["base_variant_id"]
    assert asked(shop, {"product_id": hammer}) == [
        {
            "product_id": hammer,
            "variant_id": base,
            "options": [],
            "reference_request": {"product_id": hammer},
            "price": price(12.5, inc=15),
            "sale_price": price(10, inc=12),
            "retail_price": price(15, inc=18),
            "minimum_advertised_price": price(11, inc=13.2),
            "saved": price(5, inc=6),
            "calculated_price": price(10, inc=12),
            "bulk_pricing": [],
        }
    ]


def test_prices_with_tax_show_what_is_in_them(shop: Shop) -> None:
    shop.change(settings={"tax.rates": "0=20", "prices_include_tax": True})
    hammer = shop.product(price=12)
    (shown,) = asked(shop, {"product_id": hammer})
    assert shown["price"] == price(12, ex=10, inclusive=True)


def test_a_customer_with_an_exemption_pays_no_tax(shop: Shop) -> None:
    shop.change(settings={"tax.rates": "0=20", "prices_include_tax": True})
    hammer = shop.product(price=12)
    jane = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe", "tax_exempt_category": "E"}
    customer = shop.post("/v3/customers", [jane]).data[0]["id"]
    (shown,) = asked(shop, {"product_id": hammer}, customer_id=customer)
    assert shown["calculated_price"] == price(12, ex=10, inc=10, inclusive=True)


@pytest.mark.parametrize(
    ("rules", "paid"),
    [
        ([{"type": "all", "method": "percent", "amount": "10"}], 9),
        ([{"type": "all", "method": "price", "amount": "2.5"}], 7.5),
        ([{"type": "all", "method": "fixed", "amount": "4"}], 4),
        (
            [
                {"type": "all", "method": "percent", "amount": "50"},
                {"type": "category", "method": "percent", "amount": "10", "category_id": 1},
            ],
            9,
        ),
        (
            [
                {"type": "category", "method": "fixed", "amount": "1", "category_id": 1},
                {"type": "product", "method": "percent", "amount": "20", "product_id": 1},
            ],
            8,
        ),
    ],
)
def test_the_discount_rules_of_the_group_count(shop: Shop, rules: list[dict[str, str]], paid: float) -> None:
    """Rule 103: the rule of the product comes before those of its categories, and those before that of everything."""
    tools = shop.category()
    hammer = shop.product(price=10, categories=[tools])
    assert (tools, hammer) == (1, 1)
    group = shop.post("/v2/customer_groups", {"name": "Wholesale", "discount_rules": rules}).json["id"]
    jane = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe", "customer_group_id": group}
    customer = shop.post("/v3/customers", [jane]).data[0]["id"]
    for who in ({"customer_group_id": group}, {"customer_id": customer}):
        (shown,) = asked(shop, {"product_id": hammer}, **who)
        assert shown["price"]["as_entered"] == 10
        assert shown["calculated_price"]["as_entered"] == paid
    (guest,) = asked(shop, {"product_id": hammer})
    assert guest["calculated_price"]["as_entered"] == 10


def test_guests_have_the_prices_of_their_group(shop: Shop) -> None:
    rules = [{"type": "all", "method": "percent", "amount": "10"}]
    shop.post("/v2/customer_groups", {"name": "Guests", "discount_rules": rules, "is_group_for_guests": True})
    hammer = shop.product(price=10)
    (shown,) = asked(shop, {"product_id": hammer})
    assert shown["calculated_price"]["as_entered"] == 9


def shirt(shop: Shop) -> tuple[int, list[Any]]:
    """A shirt in two sizes, of which the large one costs more."""
    variants = [
        {"sku": "S", "option_values": [{"option_display_name": "Size", "label": "S"}]},
        {"sku": "L", "price": 24, "option_values": [{"option_display_name": "Size", "label": "L"}]},
    ]
    made = shop.product("Shirt", price=20, variants=variants)
    return made, shop.get(f"/v3/catalog/products/{made}/variants").data


def test_options_choose_the_variant_and_leave_a_range_where_they_are_open(shop: Shop) -> None:
    product, variants = shirt(shop)
    size = [{"option_id": one["option_values"][0]["option_id"], "value_id": one["option_values"][0]["id"]}
            for one in variants]  # fmt: skip
    items = ({}, {"options": [size[1]]}, {"variant_id": variants[0]["id"]})
    is_open, large, small = asked(shop, *({"product_id": product, **item} for item in items))
    assert "variant_id" not in is_open
    assert is_open["calculated_price"] == price(20)
    assert is_open["price_range"] == {"minimum": price(20), "maximum": price(24)}
    assert (large["variant_id"], large["calculated_price"]) == (variants[1]["id"], price(24))
    assert large["reference_request"] == {"product_id": product, "options": [size[1]]}
    assert large["price_range"] == {"minimum": price(24), "maximum": price(24)}
    assert (small["variant_id"], small["calculated_price"]) == (variants[0]["id"], price(20))


def test_modifiers_and_bulk_prices_are_shown(shop: Shop) -> None:
    """Rules 65 and 66."""
    hammer = shop.product(price=10)
    value = {
        "label": "Engraved",
        "sort_order": 0,
        "adjusters": {"price": {"adjuster": "relative", "adjuster_value": 3}},
    }
    modifier = {"type": "dropdown", "required": False, "display_name": "Text", "option_values": [value]}
    made = shop.post(f"/v3/catalog/products/{hammer}/modifiers", modifier).data
    for rule in (
        {"quantity_min": 5, "quantity_max": 9, "type": "price", "amount": 1},
        {"quantity_min": 10, "quantity_max": 0, "type": "percent", "amount": 20},
    ):
        shop.post(f"/v3/catalog/products/{hammer}/bulk-pricing-rules", rule)
    options = [{"option_id": made["id"], "value_id": made["option_values"][0]["id"]}]
    (shown,) = asked(shop, {"product_id": hammer, "options": options})
    assert shown["calculated_price"] == price(13)
    assert shown["bulk_pricing"] == [
        {
            "minimum": 5,
            "maximum": 9,
            "discount_amount": 1,
            "discount_type": "price",
            "tax_discount_amount": [price(1)],
        },
        {"minimum": 10, "maximum": 0, "discount_amount": 20, "discount_type": "percent", "tax_discount_amount": []},
    ]


def test_another_currency_is_exchanged_and_rounded_to_its_places(shop: Shop) -> None:
    yen = {
        "country_iso2": "JP", "currency_code": "JPY", "currency_exchange_rate": "150.5", "token_location": "left",
        "token": "Y", "decimal_token": ".", "thousands_token": ",", "decimal_places": 0, "name": "Yen",
        "enabled": True, "is_transactional": True,
    }  # fmt: skip
    assert shop.post("/v2/currencies", yen).status in (200, 201)
    hammer = shop.product(price=9.99)
    (shown,) = asked(shop, {"product_id": hammer}, currency_code="JPY")
    assert shown["calculated_price"] == price(1503)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"channel_id": 77}, "channel_id"),
        ({"currency_code": "CHF"}, "currency_code"),
        ({"customer_id": 77}, "customer_id"),
        ({"customer_group_id": 77}, "customer_group_id"),
        ({"items": [{}]}, "items.0.product_id"),
        ({"items": [{"product_id": 77}]}, "items.0.product_id"),
        ({"items": [{"product_id": 1, "variant_id": 77}]}, "items.0.variant_id"),
        ({"items": [{"product_id": 1}] * 251}, "items"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(shop: Shop, changed: dict[str, Any], field: str) -> None:
    assert shop.product() == 1
    body = {"channel_id": 1, "currency_code": "USD", "items": [{"product_id": 1}], **changed}
    refused = shop.post(PRICES, body)
    assert refused.status in (413, 422), refused.body
    assert refused.status == 413 or field in refused.json["errors"], refused.body


def test_a_body_without_what_is_required_is_refused(shop: Shop) -> None:
    refused = shop.post(PRICES, {})
    assert refused.status == 422
    assert set(refused.json["errors"]) == {"channel_id", "currency_code", "items"}


@pytest.mark.parametrize(("scope", "status"), [("store_v2_products_read_only", 200), ("store_v2_orders", 403)])
def test_a_scope_for_reading_is_enough(shop: Shop, scope: str, status: int) -> None:
    """As in the published file: prices are read, though by POST."""
    hammer = shop.product()
    token = shop.account(scope)
    body = {"channel_id": 1, "currency_code": "USD", "items": [{"product_id": hammer}]}
    assert shop.post(PRICES, body, token=token).status == status


class CountingTx:
    """Counts the statements of a reader."""

    def __init__(self, tx: Tx) -> None:
        self.tx, self.count = tx, 0

    async def rows(self, sql: str, *values: Any) -> Any:
        self.count += 1
        return await self.tx.rows(sql, *values)

    async def row(self, sql: str, *values: Any) -> Any:
        self.count += 1
        return await self.tx.row(sql, *values)


def test_the_number_of_statements_does_not_grow_with_the_items(shop: Shop) -> None:
    """A page of products costs as many statements as one product."""
    products = [shop.product(f"Hammer {number}") for number in range(12)]
    value = {"label": "Yes", "sort_order": 0, "adjusters": {"price": {"adjuster": "relative", "adjuster_value": 3}}}
    counts = []
    for product in products:
        modifier = {"type": "dropdown", "required": False, "display_name": "Gift", "option_values": [value]}
        assert shop.post(f"/v3/catalog/products/{product}/modifiers", modifier).status == 200
    for number in (1, 12):
        choices = [Choice(str(product), product, answers={product: "1"}) for product in products[:number]]

        async def load(tx: Tx, choices: list[Choice] = choices) -> int:
            counting = CountingTx(tx)
            found = await facts(counting, choices, currency="USD", for_promotions=True)  # type: ignore[arg-type]
            assert all(found.item(choice) is not None for choice in choices)
            return counting.count

        counts.append(shop.read(load))
    assert counts[0] == counts[1] <= 11
