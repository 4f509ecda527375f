"""Stock and orders (rules 76, 79, 86, 87): it falls with the order or the order is refused, under any concurrency."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from choices import shirt_of_sizes
from shop import Reply, Shop
from test_concurrency import ask, workers
from test_orders import BUYER, WORK, lines, place, ship

__all__ = ["workers"]
TRACKED = {"inventory_tracking": "product", "inventory_level": 10}


def level(shop: Shop, product: int) -> tuple[int, int]:
    """How many there are, and how many were sold."""
    shown = shop.get(f"/v3/catalog/products/{product}").data
    return shown["inventory_level"], shown["total_sold"]


def refused(shop: Shop, *products: Any) -> Reply:
    """An order that must not be placed."""
    reply = shop.post("/v2/orders", {"billing_address": BUYER, "products": list(products)})
    assert reply.status == 409, reply.body
    return reply


def test_stock_falls_with_the_order(shop: Shop) -> None:
    """Rule 79; what is not tracked never runs out."""
    hammer, nail = shop.product("Hammer", **TRACKED), shop.product("Nail", inventory_level=1)
    place(shop, {"product_id": hammer, "quantity": 4}, {"product_id": nail, "quantity": 50})
    assert (level(shop, hammer), level(shop, nail)) == ((6, 4), (1, 50))


def test_an_order_of_more_than_there_is_is_refused_whole(shop: Shop) -> None:
    """Rule 79: each line that is short is told, and nothing moved."""
    hammer, saw = shop.product("Hammer", **TRACKED), shop.product("Saw", **TRACKED)
    reply = refused(shop, WORK, {"product_id": hammer, "quantity": 3}, {"product_id": saw, "quantity": 11})
    assert reply.reason == "OUT_OF_STOCK"
    details = reply.json[0]["details"]
    assert (details["available_quantity"], details["product_id"]) == (10, saw)
    assert (level(shop, hammer), level(shop, saw), shop.rows("orders")) == ((10, 0), (10, 0), 0)


def test_lines_of_the_same_product_are_counted_together(shop: Shop) -> None:
    hammer = shop.product(**TRACKED)
    refused(shop, {"product_id": hammer, "quantity": 6}, {"product_id": hammer, "quantity": 5})
    place(shop, {"product_id": hammer, "quantity": 6}, {"product_id": hammer, "quantity": 4})
    assert level(shop, hammer) == (0, 10)


def test_a_fault_of_the_body_is_told_before_the_stock(shop: Shop) -> None:
    """Design section 1: steps 15 and 16."""
    hammer = shop.product(**TRACKED)
    body = {"billing_address": BUYER, "products": [{"product_id": hammer, "quantity": 99}], "discount_amount": -1}
    assert shop.post("/v2/orders", body).reason == "FIELD_INVALID"
    body = {"billing_address": BUYER, "products": [{"product_id": hammer, "quantity": 99}], "channel_id": 9}
    assert shop.post("/v2/orders", body).reason == "DANGLING_REFERENCE", "as the reasons are declared"


def test_variants_have_their_own_stock(shop: Shop) -> None:
    """Rules 47 and 79."""
    product, sizes = shirt_of_sizes(shop, S=2, L=5)
    refused(shop, {"product_id": product, "variant_id": sizes["S"], "quantity": 3})
    order = place(shop, {"product_id": product, "variant_id": sizes["L"], "quantity": 3})
    assert level(shop, product) == (4, 3)
    assert shop.get(f"/v3/catalog/products/{product}/variants/{sizes['L']}").data["inventory_level"] == 2
    change = {"products": [{"id": lines(shop, order)[0]["id"], "variant_id": sizes["S"], "quantity": 1}]}
    assert shop.put(f"/v2/orders/{order['id']}", change).status == 200
    shown = {one["sku"]: one["inventory_level"] for one in shop.get(f"/v3/catalog/products/{product}/variants").data}
    assert shown == {"S": 1, "L": 5}


BOUNDS = [(1, 409), (2, 200), (5, 200), (6, 409)]


@pytest.mark.parametrize(("quantity", "status"), BOUNDS)
def test_products_are_sold_within_their_bounds(shop: Shop, quantity: int, status: int) -> None:
    """Rule 79: order_quantity_minimum and order_quantity_maximum; also when a line changes."""
    hammer = shop.product(order_quantity_minimum=2, order_quantity_maximum=5)
    one = {"product_id": hammer, "quantity": quantity}
    reply = shop.post("/v2/orders", {"billing_address": BUYER, "products": [one]})
    assert reply.status == status
    order = place(shop, {"product_id": hammer, "quantity": 3})
    change = {"products": [{"id": lines(shop, order)[0]["id"], "quantity": quantity}]}
    assert shop.put(f"/v2/orders/{order['id']}", change).status == status


# (settings, statuses that the order goes through, (stock, sold) after each)
LIVES: list[tuple[dict[str, Any], list[int], list[tuple[int, int]]]] = [
    ({}, [1, 11, 2, 5, 11], [(7, 3), (7, 3), (7, 3), (10, 0), (7, 3)]),
    ({}, [0, 11, 0], [(10, 0), (7, 3), (10, 0)]),
    ({}, [11, 4], [(7, 3), (10, 0)]),
    ({}, [11, 14], [(7, 3), (7, 3)]),
    ({"stock.taken": "order_completed_or_shipped"}, [1, 11, 2, 11, 6], [(10, 3), (10, 3), (7, 3), (7, 3), (10, 0)]),
    ({"stock.taken": "order_completed_or_shipped"}, [10], [(7, 3)]),
    ({"stock.returns": False}, [11, 5, 11], [(7, 3), (7, 0), (7, 3)]),
]


@pytest.mark.parametrize(("settings", "statuses", "levels"), LIVES)
def test_stock_moves_when_the_store_says(
    shop: Shop, settings: dict[str, Any], statuses: list[int], levels: list[tuple[int, int]]
) -> None:
    """Rule 86: with the order or with its shipment, and back when it is cancelled, declined or refunded by hand."""
    shop.change(settings=settings)
    hammer = shop.product(**TRACKED)
    order = place(shop, {"product_id": hammer, "quantity": 3}, status_id=statuses[0])
    seen = [level(shop, hammer)]
    for status in statuses[1:]:
        assert shop.put(f"/v2/orders/{order['id']}", {"status_id": status}).status == 200
        seen.append(level(shop, hammer))
    assert seen == levels


@pytest.mark.parametrize(("follows", "levels"), [(True, [5, 8, 9, 4]), (False, [7, 7, 7, 7])])
def test_edits_move_stock_when_the_store_says(shop: Shop, follows: bool, levels: list[int]) -> None:
    """Rule 86: edit_order_stock_adjustment."""
    shop.change(settings={"stock.follows_edits": follows})
    hammer = shop.product(**TRACKED)
    order = place(shop, {"product_id": hammer, "quantity": 3}, WORK)
    path, line = f"/v2/orders/{order['id']}", lines(shop, order)[0]["id"]
    seen = []
    for draft in ({"id": line, "quantity": 5}, {"id": line, "quantity": 2}, {"id": line, "quantity": 1}):
        assert shop.put(path, {"products": [draft]}).status == 200
        seen.append(level(shop, hammer)[0])
    assert shop.put(path, {"products": [{"product_id": hammer, "quantity": 5}]}).status == 200
    assert [*seen, level(shop, hammer)[0]] == levels
    if follows:
        reply = shop.put(path, {"products": [{"id": line, "quantity": 6}]})
        assert (reply.status, reply.reason, level(shop, hammer)[0]) == (409, "OUT_OF_STOCK", 4)


def test_a_line_that_goes_gives_its_stock_back(shop: Shop) -> None:
    hammer = shop.product(**TRACKED)
    order = place(shop, {"product_id": hammer, "quantity": 3}, WORK)
    shop.put(f"/v2/orders/{order['id']}", {"products": [{"id": lines(shop, order)[0]["id"], "quantity": 0}]})
    assert level(shop, hammer) == (10, 0)


def test_a_shipment_takes_what_waited_for_it(shop: Shop) -> None:
    """Rules 86 and 89: with order_completed_or_shipped, once all is sent."""
    shop.change(settings={"stock.taken": "order_completed_or_shipped"})
    hammer = shop.product(**TRACKED)
    order = place(shop, {"product_id": hammer, "quantity": 3}, status_id=11)
    ship(shop, order, 1)
    assert level(shop, hammer) == (10, 3)
    ship(shop, order, 2)
    assert level(shop, hammer) == (7, 3)


def test_orders_from_elsewhere_were_not_sold_here(shop: Shop) -> None:
    """Rule 76: M-MIG moves no total_sold."""
    hammer = shop.product(**TRACKED)
    place(shop, {"product_id": hammer, "quantity": 3}, external_source="M-MIG")
    assert level(shop, hammer) == (7, 0)


def test_a_refund_through_the_api_gives_no_stock_back(shop: Shop) -> None:
    """Rule 87."""
    hammer = shop.product(**TRACKED)
    order = place(shop, {"product_id": hammer, "quantity": 3}, status_id=11)
    items = [{"item_type": "PRODUCT", "item_id": lines(shop, order)[0]["id"], "quantity": 3}]
    refund = {"items": items, "payments": [{"provider_id": "custom", "amount": 30}]}
    assert shop.post(f"/v3/orders/{order['id']}/payment_actions/refunds", refund).status == 201
    assert shop.get(f"/v2/orders/{order['id']}").json["status_id"] == 4
    assert level(shop, hammer) == (7, 3)
    assert shop.put(f"/v2/orders/{order['id']}", {"status_id": 5}).status == 200
    assert level(shop, hammer) == (10, 0), "a cancellation does"


def test_orders_outlive_their_products(shop: Shop) -> None:
    hammer = shop.product(**TRACKED)
    order = place(shop, {"product_id": hammer, "quantity": 3})
    assert shop.delete(f"/v3/catalog/products/{hammer}").status == 204
    assert shop.put(f"/v2/orders/{order['id']}", {"status_id": 5}).status == 200
    assert lines(shop, order)[0]["name"] == "Hammer"


# Many buyers at once


def test_nothing_is_oversold_by_buyers_in_one_moment(workers: list[Shop]) -> None:
    """Rule 79: fifty buyers of thirty pieces, over all workers; one more order than there is stock for fails."""
    first = workers[0]
    hammer = first.product(inventory_tracking="product", inventory_level=30)
    order = {"billing_address": BUYER, "products": [{"product_id": hammer, "quantity": 1}], "status_id": 11}

    async def buy() -> list[Reply]:
        shops = [workers[number % len(workers)] for number in range(50)]
        return list(await asyncio.gather(*(ask(shop, "POST", "/v2/orders", order) for shop in shops)))

    replies = first.server.run(buy())
    told = [reply.status for reply in replies]
    assert (told.count(200), told.count(409)) == (30, 20)
    assert level(first, hammer) == (0, 30)
    assert first.get("/v2/orders/count").json["count"] == 30
    assert first.rows("order_products") == first.rows("order_transactions") == 30
    ids = sorted(reply.json["id"] for reply in replies if reply.status == 200)
    assert ids == list(range(1, 31)), "a refused order uses up no number"


def test_variants_are_not_oversold_while_others_are_cancelled(workers: list[Shop]) -> None:
    """Buying, cancelling and editing at once: what was taken and what is left is always what there was."""
    first = workers[0]
    product, sizes = shirt_of_sizes(first, S=12, L=12)
    orders = [
        place(first, {"product_id": product, "variant_id": sizes["S"], "quantity": 2}, status_id=11) for _ in range(4)
    ]  # fmt: skip
    line = {"product_id": product, "quantity": 2}

    async def storm() -> list[Reply]:
        jobs = []
        for number in range(24):
            shop = workers[number % len(workers)]
            size = sizes["S" if number % 2 else "L"]
            body = {"billing_address": BUYER, "products": [{**line, "variant_id": size}]}
            jobs.append(ask(shop, "POST", "/v2/orders", body))
            if number < 4:
                jobs.append(ask(shop, "PUT", f"/v2/orders/{orders[number]['id']}", {"status_id": 5}))
        return list(await asyncio.gather(*jobs))

    replies = first.server.run(storm())
    assert {reply.status for reply in replies} <= {200, 409}
    taken = sum(
        row["quantity"]
        for order in first.get("/v2/orders?limit=250").json
        if order["status_id"] != 5
        for row in lines(first, order)
    )
    shown = {one["sku"]: one["inventory_level"] for one in first.get(f"/v3/catalog/products/{product}/variants").data}
    assert min(shown.values()) >= 0
    assert taken + sum(shown.values()) == 24
    assert level(first, product) == (sum(shown.values()), taken)
