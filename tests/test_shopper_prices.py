"""What shoppers pay by price lists (rule 114): which list applies, and what its record replaces."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.marketing.promotions.candidates import candidates
from bodega.resources.pricing.facts import Choice, facts
from bodega.storage.tx import Tx
from shop import Shop

LISTS = "/v3/pricelists"
RECORDS = "/v3/pricelists/1/records"
ASSIGNMENTS = "/v3/pricelists/assignments"
PRICES = "/v3/pricing/products"


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


def price_list(shop: Shop, name: str = "Wholesale", **more: Any) -> int:
    """A new price list's id."""
    made = shop.post(LISTS, {"name": name, **more})
    assert made.status == 200, made.body
    return int(made.data["id"])


def product(shop: Shop, name: str = "Hammer", **more: Any) -> int:
    """A product's base variant."""
    made = shop.product(name, **more)
    return int(shop.get(f"/v3/catalog/products/{made}").data["base_variant_id"])


def group(shop: Shop, name: str = "Wholesale", **more: Any) -> int:
    """A new customer group's id."""
    return int(shop.post("/v2/customer_groups", {"name": name, **more}).json["id"])


def paid(shop: Shop, variant: int = 1, **more: Any) -> float:
    """What one piece of the product 1 costs."""
    body = {"channel_id": 1, "currency_code": "USD", "items": [{"product_id": 1, "variant_id": variant}], **more}
    reply = shop.post(PRICES, body)
    assert reply.status == 200, reply.body
    return float(reply.data[0]["calculated_price"]["as_entered"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("variant_id:in=2,3", [2, 3]), ("product_id:in=1", [1]), ("currency=usd", [1, 2, 3]), ("currency=EUR", []),
        ("currency:in=usd,eur", [1, 2, 3]), ("currency:not_in=usd", []), ("currency:not=eur", [1, 2, 3]),
        ("price:min=2", [2, 3]), ("price:max=1", [1]), ("price=2", [2]), ("sku=B", [2]), ("sku:in=a,C", [1, 3]),
        ("calculated_price:max=1.5", [1]), ("limit=2", [1, 2]), ("limit=2&page=2", [3]),
    ],
)  # fmt: skip
def test_records_are_filtered(shop: Shop, query: str, found: list[int]) -> None:
    price_list(shop)
    for place, sku in enumerate("ABC", 1):
        assert product(shop, f"Hammer {sku}", price=10, sku=sku) == place
    shop.put(RECORDS, [{"variant_id": place, "currency": "usd", "price": place} for place in (1, 2, 3)])
    assert [one["variant_id"] for one in shop.get(f"{RECORDS}?{query}").data] == found
    if query.startswith(("variant", "sku")):
        assert shop.delete(f"{RECORDS}?{query}").status in (204, 422)


def test_who_pays_which_list(shop: Shop) -> None:
    """The list of the group in the channel, of the group anywhere, of its rule; else the channel's; else none."""
    product(shop, price=10)
    for number, name in enumerate(("group and channel", "group", "rule", "channel"), 1):
        assert price_list(shop, name) == number
        shop.put(f"{LISTS}/{number}/records", [{"variant_id": 1, "currency": "usd", "price": number}])
    who = group(shop)
    other = group(shop, "Ruled", discount_rules=[{"type": "price_list", "price_list_id": 3}])
    assert [paid(shop), paid(shop, customer_group_id=who), paid(shop, customer_group_id=other)] == [10, 10, 3]
    assert shop.post(ASSIGNMENTS, [{"price_list_id": 4, "channel_id": 1}]).status == 200
    assert [paid(shop), paid(shop, customer_group_id=who), paid(shop, customer_group_id=other)] == [4, 4, 3]
    assert shop.post(ASSIGNMENTS, [{"price_list_id": 2, "customer_group_id": who}]).status == 200
    assert paid(shop, customer_group_id=who) == 2
    put = shop.put(f"{LISTS}/1/assignments", {"customer_group_id": who, "channel_id": 1})
    assert (put.status, put.data["price_list_id"]) == (200, 1)
    assert paid(shop, customer_group_id=who) == 1
    assert shop.put(f"{LISTS}/3/assignments", {"customer_group_id": who, "channel_id": 1}).data["id"] == put.data["id"]
    assert paid(shop, customer_group_id=who) == 3
    shop.put(f"{LISTS}/3", {"active": False})
    assert paid(shop, customer_group_id=who) == 2, "a list that is not active does not count"
    shown = shop.get(f"{ASSIGNMENTS}?customer_group_id={who}").data
    assert [one["price_list_id"] for one in shown] == [2, 3]
    assert shop.delete(f"{ASSIGNMENTS}?customer_group_id={who}").status == 204
    assert paid(shop, customer_group_id=who) == 4


def test_a_record_replaces_sale_prices_and_bulk_prices_and_choices_come_on_top(shop: Shop) -> None:
    """Rule 114: the product's own bulk prices do not apply."""
    product(shop, price=10, sale_price=7)
    rule = {"quantity_min": 2, "quantity_max": 0, "type": "fixed", "amount": 1}
    shop.post("/v3/catalog/products/1/bulk-pricing-rules", rule)
    price_list(shop)
    shop.put(RECORDS, [{"variant_id": 1, "currency": "usd", "price": 9}])
    assert paid(shop) == 7
    shop.post(ASSIGNMENTS, [{"price_list_id": 1, "channel_id": 1}])
    body = {"channel_id": 1, "currency_code": "USD", "items": [{"product_id": 1}]}
    (shown,) = shop.post(PRICES, body).data
    assert (shown["calculated_price"]["as_entered"], shown["bulk_pricing"]) == (9, [])


class AskedTx:
    """Remembers the statements of a reader."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    async def rows(self, sql: str, *values: Any) -> Any:
        self.asked.append((sql, values))
        return await self.tx.rows(sql, *values)

    async def row(self, sql: str, *values: Any) -> Any:
        self.asked.append((sql, values))
        return await self.tx.row(sql, *values)


def test_what_a_cart_costs_is_looked_up_whatever_the_store_holds(shop: Shop) -> None:
    """No statement walks through a table, or through the records of a price list."""
    product(shop, price=10)
    price_list(shop)
    shop.put(RECORDS, [{"variant_id": 1, "currency": "usd", "price": 9}])
    rules = [{"type": "price_list", "price_list_id": 1}]
    who = group(shop, discount_rules=rules)

    async def plans(tx: Tx) -> list[str]:
        asking = AskedTx(tx)
        choices = [Choice(str(place), 1, variant_id=1, answers={1: "1"}) for place in range(3)]
        found = await facts(
            asking,
            choices,
            group_id=who,
            channel_id=1,
            currency="USD",
            for_promotions=True,  # type: ignore[arg-type]
        )
        assert found.prices[1].price == 9
        await candidates(asking, now=2_000_000_000, channel_id=1, currency="USD", codes=["A"])  # type: ignore[arg-type]
        if tx.dialect != "sqlite":
            return []
        return [
            str(detail)
            for sql, values in asking.asked
            for *_, detail in await tx.rows(f"EXPLAIN QUERY PLAN {sql}", *values)
        ]

    found = shop.read(plans)
    assert [plan for plan in found if plan.startswith("SCAN")] == []
    of_records = [plan for plan in found if "price_records" in plan]
    assert all("(price_list_id=? AND variant_id=? AND currency=?)" in plan for plan in of_records), of_records
