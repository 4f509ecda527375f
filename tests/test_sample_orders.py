"""Sample orders are those that the API would have placed: their money adds up, and their stock is where it belongs."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from bodega.lab import seed_orders
from bodega.lab.sales import PAST, Sale
from bodega.lab.seed import Amounts, seed
from bodega.lab.seed_orders import NothingToSell
from bodega.storage.unit import Unit
from shop import Server, Shop
from statistics_check import check_statistics
from test_sample_store import NOON, fill

GOODS = Amounts(products=90, customers=25)
SOLD = Amounts(orders=120)
TAXED = {"tax.rates": "0=20,2=10"}
OURS = ("customer_id", "status_id", "payment_method", "payment_provider_id", "discount_amount", "base_shipping_cost")


@pytest.fixture(scope="module")
def filled(server: Server) -> Shop:
    """A store with orders that its tests only read."""
    shop = server.shop(**TAXED)
    fill(shop, GOODS)
    fill(shop, SOLD)
    return shop


def listed(shop: Shop, path: str) -> list[Any]:
    """All rows of a V2 list."""
    found: list[Any] = []
    for page in range(1, 20):
        reply = shop.get(f"{path}{'&' if '?' in path else '?'}limit=250&page={page}")
        if reply.status == 204:
            break
        assert reply.status == 200, reply.body
        found += reply.json
        if len(reply.json) < 250:
            break
    return found


def orders(shop: Shop) -> list[Any]:
    """All orders with their lines."""
    found = listed(shop, "/v2/orders")
    for one in found:
        one["lines"] = listed(shop, f"/v2/orders/{one['id']}/products")
    return found


def levels(shop: Shop) -> dict[int, int]:
    """Pieces of each product."""
    rows = shop.get("/v3/catalog/products?limit=250&include_fields=inventory_level,total_sold").data
    return {row["id"]: row["inventory_level"] for row in rows}


def amount(row: dict[str, Any], name: str) -> Decimal:
    return Decimal(row[name])


def test_the_totals_of_every_order_are_the_sums_of_its_parts(filled: Shop) -> None:
    """Rules 77 and 82."""
    found = orders(filled)
    assert len(found) == SOLD.orders
    for one in found:
        for tax in ("ex_tax", "inc_tax"):
            parts = sum(amount(line, f"total_{tax}") for line in one["lines"])
            assert amount(one, f"subtotal_{tax}") == parts
            costs = sum(amount(one, f"{cost}_cost_{tax}") for cost in ("shipping", "handling", "wrapping"))
            assert amount(one, f"total_{tax}") == parts + costs - amount(one, "discount_amount")
        taxes = listed(filled, f"/v2/orders/{one['id']}/taxes")
        assert sum(amount(tax, "line_amount") for tax in taxes) == amount(one, "total_tax") > 0
        assert one["items_total"] == sum(line["quantity"] for line in one["lines"])


def test_orders_are_spread_over_a_year_and_their_statuses_over_the_law(filled: Shop) -> None:
    found = listed(filled, "/v2/orders?sort=date_created:asc")
    ids = [one["id"] for one in found]
    late = sum(abs(place - number) for place, number in enumerate(ids, start=1)) / len(ids)
    assert late < 3, "they are numbered as they were placed, or nearly so"
    days = [one["date_created"] for one in found]
    assert ("2024" in days[0], "Jun 2025" in days[-1]) == (True, True)
    statuses = Counter(one["status_id"] for one in found)
    assert statuses[10] + statuses[2] > 60
    assert {2, 3, 4, 5, 10, 11, 14} <= set(statuses)
    guests = sum(one["customer_id"] == 0 for one in found)
    assert 20 < guests < 100


def test_an_order_costs_what_it_costs_when_the_api_places_it(filled: Shop, server: Server) -> None:
    """The same catalogue, the same lines: the same money (rules 77 to 79)."""
    twin = server.shop(**TAXED)
    fill(twin, GOODS)
    for one in orders(filled)[:25]:
        if one["status_id"] not in PAST:
            continue
        lines = [
            {
                "product_id": line["product_id"],
                "variant_id": line["variant_id"],
                "quantity": 1,
                "product_options": [
                    {"id": asked["product_option_id"], "value": asked["value"]} for asked in line["product_options"]
                ],
            }
            for line in one["lines"]
        ]
        for asked, line in zip(lines, one["lines"], strict=True):
            asked["quantity"] = line["quantity"]
        body = {name: one[name] for name in OURS if one[name] is not None}
        billing = {name: value for name, value in one["billing_address"].items() if name != "form_fields"}
        made = twin.post("/v2/orders", {**body, "billing_address": billing, "products": lines, "status_id": 5})
        assert made.status == 200, made.body
        for name in made.json:
            if name.endswith(("_tax", "_cost", "total", "amount")):
                assert made.json[name] == one[name], name
        again = listed(twin, f"/v2/orders/{made.json['id']}/products")
        for line, other in zip(one["lines"], again, strict=True):
            same = ("name", "sku", "base_price", "price_ex_tax", "price_inc_tax", "total_inc_tax", "weight", "type")
            assert [line[name] for name in same] == [other[name] for name in same]
            values = [[option["display_value"] for option in row["product_options"]] for row in (line, other)]
            assert values[0] == values[1]


def test_what_was_sent_is_told_by_shipments(filled: Shop) -> None:
    """Rules 89 and 95."""
    for one in orders(filled):
        shipments = listed(filled, f"/v2/orders/{one['id']}/shipments")
        sent = Counter[int]()
        for shipment in shipments:
            sent.update({item["order_product_id"]: item["quantity"] for item in shipment["items"]})
            assert shipment["order_address_id"] in {line["order_address_id"] for line in one["lines"]}
        assert {line["id"]: line["quantity_shipped"] for line in one["lines"] if line["quantity_shipped"]} == sent
        assert one["items_shipped"] == sum(sent.values())
        physical = sum(line["quantity"] for line in one["lines"] if line["type"] == "physical")
        if one["status_id"] == 3:
            assert 0 < one["items_shipped"] < physical
        elif one["status_id"] in (2, 4, 10, 14):
            assert (one["items_shipped"], bool(one["date_shipped"])) == (physical, True)
        else:
            assert not shipments


def test_what_was_paid_and_given_back_is_told_by_transactions(filled: Shop) -> None:
    """Rules 87 and 88."""
    refunded = 0
    for one in listed(filled, "/v2/orders"):
        moved = Counter[str]()
        for made in filled.get(f"/v3/orders/{one['id']}/transactions").data:
            moved[made["event"]] += round(made["amount"] * 100)
        total = round(Decimal(one["total_inc_tax"]) * 100)
        back = filled.get(f"/v3/orders/{one['id']}/payment_actions/refunds").data
        assert sum(round(refund["total_amount"] * 100) for refund in back) == moved["refund"]
        if one["status_id"] in (2, 3, 4, 8, 9, 10, 11, 14):
            assert moved["purchase"] == total
        if one["status_id"] == 4:
            assert moved["refund"] == total
        refunded += one["status_id"] in (4, 14)
        assert bool(back) == (one["status_id"] in (4, 14))
        if one["status_id"] == 14:
            assert 0 < moved["refund"] < total
    assert refunded


def test_open_orders_took_their_stock_and_no_level_fell_below_nothing(shop: Shop) -> None:
    """Rules 79 and 86."""
    fill(shop, GOODS)
    before = levels(shop)
    fill(shop, SOLD)
    taken = Counter[int]()
    for one in orders(shop):
        if one["status_id"] not in PAST:
            for line in one["lines"]:
                taken[line["product_id"]] += line["quantity"]
    products = shop.get("/v3/catalog/products?limit=250").data
    tracked = [row["id"] for row in products if row["inventory_tracking"] != "none"]
    after = levels(shop)
    assert {one: before[one] - after[one] for one in tracked} == {one: taken[one] for one in tracked}
    assert sum(taken[one] for one in tracked) > 0
    assert shop.rows("variants WHERE inventory_level < 0") == shop.rows("products WHERE inventory_level < 0") == 0


def test_products_know_how_many_of_them_were_sold(filled: Shop) -> None:
    sold = Counter[int]()
    for one in orders(filled):
        if one["status_id"] not in (0, 5, 6):  # what was given back was sold before
            for line in one["lines"]:
                sold[line["product_id"]] += line["quantity"]
    rows = filled.get("/v3/catalog/products?limit=250&include_fields=total_sold").data
    assert {row["id"]: row["total_sold"] for row in rows if row["total_sold"]} == sold


def test_shop_and_customer_write_to_each_other(filled: Shop) -> None:
    message = [listed(filled, f"/v2/orders/{one['id']}/messages") for one in listed(filled, "/v2/orders")]
    written = [message for messages in message for message in messages]
    assert {message["type"] for message in written} == {"customer", "merchant"}
    assert 3 < sum(bool(messages) for messages in message) < 40


def test_the_ledger_knows_the_orders(filled: Shop) -> None:
    check_statistics(filled)


def test_two_stores_of_one_seed_have_the_same_orders(filled: Shop, server: Server) -> None:
    twin = server.shop(**TAXED)
    fill(twin, GOODS)
    fill(twin, SOLD)
    assert orders(twin) == [_below(one, filled.name, twin.name) for one in orders(filled)]


def _below(value: Any, name: str, other: str) -> Any:
    """The same, with links into another store."""
    if isinstance(value, dict):
        return {key: _below(inner, name, other) for key, inner in value.items()}
    if isinstance(value, list):
        return [_below(inner, name, other) for inner in value]
    return value.replace(f"/{name}/", f"/{other}/") if isinstance(value, str) else value


def test_a_client_can_go_on_with_a_sample_order(shop: Shop) -> None:
    """Rules 86, 87 and 89: send the rest, call it off, give it back."""
    fill(shop, GOODS)
    fill(shop, SOLD)
    found = orders(shop)
    begun = next(one for one in found if one["status_id"] == 3)
    rest = [
        {"order_product_id": line["id"], "quantity": line["quantity"] - line["quantity_shipped"]}
        for line in begun["lines"]
        if line["type"] == "physical" and line["quantity"] > line["quantity_shipped"]
    ]
    address = begun["lines"][0]["order_address_id"]
    sent = shop.post(f"/v2/orders/{begun['id']}/shipments", {"order_address_id": address, "items": rest})
    assert sent.status == 201, sent.body
    assert shop.get(f"/v2/orders/{begun['id']}").json["status_id"] == 2

    waiting = next(one for one in found if one["status_id"] == 11)
    before = sum(levels(shop).values())
    assert shop.put(f"/v2/orders/{waiting['id']}", {"status_id": 5}).status == 200
    assert sum(levels(shop).values()) > before

    done = next(one for one in found if one["status_id"] == 10)
    items = [{"item_type": "PRODUCT", "item_id": done["lines"][0]["id"], "quantity": 1}]
    quote = shop.post(f"/v3/orders/{done['id']}/payment_actions/refund_quotes", {"items": items})
    assert quote.status == 201, quote.body
    assert quote.data["total_refund_amount"] > 0


def test_orders_go_on_where_they_ended(shop: Shop) -> None:
    fill(shop, GOODS)
    for count in (3, 4):
        fill(shop, Amounts(orders=count))
        mine = {"external_id": "sample-1-of mine", "billing_address": {"zip": "12345"}, "status_id": 5}
        line = {"name": "Ribbon", "quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}
        assert shop.post("/v2/orders", {**mine, "products": [line]}).status == 200
    called = [one["external_id"] for one in listed(shop, "/v2/orders") if "mine" not in one["external_id"]]
    assert called == [seed_orders.external_id(1, number) for number in range(7)]


def test_without_products_there_is_nothing_to_order(shop: Shop) -> None:
    shop.freeze(NOON)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    with pytest.raises(NothingToSell):
        shop.server.run(seed(store, Amounts(orders=1)))


def test_nothing_is_ordered_that_cannot_be_bought(shop: Shop) -> None:
    bad = [
        shop.product("Hidden", is_visible=False),
        shop.product("Gone", availability="disabled"),
        shop.product("Never", order_quantity_minimum=3, order_quantity_maximum=2),
        shop.product("Engraved"),
    ]
    text = {"display_name": "Engraving", "type": "text", "required": True}
    assert shop.post(f"/v3/catalog/products/{bad[3]}/modifiers", text).status == 200
    good = shop.product("Pairs", order_quantity_minimum=2, order_quantity_maximum=4)
    fill(shop, Amounts(orders=20))
    lines = [line for one in orders(shop) for line in one["lines"]]
    assert {line["product_id"] for line in lines} == {good}
    assert {line["quantity"] for line in lines} <= {2, 3, 4}


def test_an_order_whose_stock_somebody_else_took_is_passed_over(shop: Shop) -> None:
    product = shop.product(inventory_tracking="product", inventory_level=3)
    fill(shop, Amounts())
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    asked: list[Sale] = []

    class Watched(seed_orders.Clerk):
        async def write(self, sales: Any, unit: Unit) -> int:
            asked.extend(sales.values())
            await unit.tx.run("UPDATE variants SET inventory_level = 0 WHERE product_id = $1", product)
            row = await unit.get(seed_orders.product.TABLE, product)
            assert row is not None
            row.entity.inventory_level = 0
            await unit.rewrite(seed_orders.product.TABLE, row)
            return await super().write(sales, unit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seed_orders, "Clerk", Watched)
        shop.server.run(seed(store, Amounts(orders=12)))
    statuses = {one["status_id"] for one in listed(shop, "/v2/orders")}
    assert any(one.status_id not in PAST for one in asked)
    assert statuses <= PAST
    assert len(listed(shop, "/v2/orders")) == 12
