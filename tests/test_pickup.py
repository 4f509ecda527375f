"""Pickup: methods, options near a point, pickups of orders, and orders that take stock where they are collected."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from choices import shirt_of_sizes
from shop import Reply, Shop
from test_concurrency import ask, workers
from test_inventory import TRACKED, held, product_level, put
from test_locations import ADDRESS, locate
from test_locations import PATH as LOCATIONS
from test_orders import BUYER, lines, place

__all__ = ["workers"]
METHODS = "/v3/pickup/methods"
OPTIONS = "/v3/pickup/options"
PICKUPS = "/v3/orders/pickups"
DALLAS = {**ADDRESS, "city": "Dallas", "geo_coordinates": {"latitude": 32.7767, "longitude": -96.797}}


def method(shop: Shop, location: int, name: str = "Counter", **more: Any) -> int:
    """A new pickup method: its id."""
    reply = shop.post(METHODS, [{"location_id": location, "display_name": name, **more}])
    assert reply.status == 200, reply.body
    return int(reply.data[0]["id"])


def test_pickup_methods_are_written_as_lists(shop: Shop) -> None:
    austin = locate(shop)
    body = [
        {"location_id": austin, "display_name": "Counter", "collection_instructions": "Bring your ID"},
        {"location_identity": 1, "display_name": "Back door"},
    ]
    made = shop.post(METHODS, body)
    assert (made.status, [one["location_id"] for one in made.data]) == (200, [austin, 1])
    assert made.data[0]["date_created"] == made.data[0]["date_modified"] != ""
    reply = shop.put(METHODS, [{"id": 1, "collection_time_description": "9 to 5"}])
    assert (reply.data[0]["display_name"], reply.data[0]["collection_time_description"]) == ("Counter", "9 to 5")
    shown = shop.get(f"{METHODS}?sort=name:asc").data
    assert [one["display_name"] for one in shown] == ["Back door", "Counter"]
    assert [one["id"] for one in shop.get(f"{METHODS}?id:in=2,9").data] == [2]
    assert len(shop.get(f"{METHODS}?date_created:min=2020-01-01T00:00:00Z").data) == 2
    assert shop.delete(METHODS).reason == "FILTER_REQUIRED"
    assert shop.delete(f"{METHODS}?id:in=1").status == 204
    assert [one["id"] for one in shop.get(METHODS).data] == [2]


REFUSED: list[tuple[str, Any, int]] = [
    ("POST", [{"display_name": "Nowhere"}], 422),
    ("POST", [{"location_id": 99, "display_name": "Nowhere"}], 422),
    ("POST", [{"location_id": 1, "display_name": "x" * 251}], 422),
    ("POST", [{"location_id": 1, "display_name": "x"}] * 101, 413),
    ("PUT", [{"id": 1}] * 11, 413),
    ("PUT", [{"id": 9, "display_name": "x"}], 422),
]


@pytest.mark.parametrize(("way", "body", "status"), REFUSED)
def test_bad_methods_are_refused(shop: Shop, way: str, body: Any, status: int) -> None:
    assert shop.request(way, METHODS, body).status == status
    assert shop.rows("pickup_methods") == 0


def test_methods_go_with_their_location(shop: Shop) -> None:
    austin = locate(shop)
    method(shop, austin)
    assert shop.delete(f"{LOCATIONS}?location_id:in={austin}").status == 200
    assert shop.get(METHODS).data == []


def options(shop: Shop, items: list[tuple[int, int]], radius: int = 50, at: Any = None, unit: str = "KM") -> Reply:
    """A search near Austin."""
    body = {
        "search_area": {
            "radius": {"value": radius, "unit": unit},
            "coordinates": at or {"latitude": 30.2, "longitude": -97.7},
        },
        "items": [{"variant_id": variant, "quantity": many} for variant, many in items],
    }
    reply = shop.post(OPTIONS, body)
    assert reply.status == 200, reply.body
    return reply


def found(reply: Reply) -> list[tuple[int, list[int]]]:
    """The methods that a search told, with the quantities."""
    (result,) = reply.json["results"]
    return [
        (one["pickup_method"]["id"], [item["quantity"] for item in one["available_items"]])
        for one in result["pickup_options"]
    ]


def test_options_are_where_all_items_are(shop: Shop) -> None:
    """All of the items at one location within the circle, nearest first."""
    austin, dallas = locate(shop), locate(shop, "DALLAS", address=DALLAS)
    hammer, (_made, sizes) = shop.product(sku="H-1", **TRACKED), shirt_of_sizes(shop, S=2)
    nail = shop.get(f"/v3/catalog/products/{shop.product('Nail')}").data["base_variant_id"]
    variant = shop.get(f"/v3/catalog/products/{hammer}").data["base_variant_id"]
    here, there = method(shop, austin), method(shop, dallas)
    put(
        shop,
        {"location_id": austin, "sku": "H-1", "quantity": 5},
        {"location_id": dallas, "sku": "H-1", "quantity": 7},
        {"location_id": dallas, "sku": "S", "quantity": 1},
    )
    assert found(options(shop, [(variant, 2)])) == [(here, [5])]
    assert found(options(shop, [(variant, 2)], 400)) == [(here, [5]), (there, [7])]
    assert found(options(shop, [(variant, 2)], 170, unit="MI")) == [(here, [5])]
    assert found(options(shop, [(variant, 2)], 190, unit="MI")) == [(here, [5]), (there, [7])]
    assert found(options(shop, [(variant, 6)], 400)) == [(there, [7])]
    assert found(options(shop, [(variant, 1), (sizes["S"], 1)], 400)) == [(there, [7, 1])]
    assert found(options(shop, [(variant, 4), (variant, 4)], 400)) == [], "named twice, wanted twice"
    assert found(options(shop, [(nail, 3)], 400)) == [(here, [3]), (there, [3])], "not tracked"
    assert found(options(shop, [(999, 1)], 400)) == []
    settings = {"settings": [{"identity": {"sku": "H-1"}, "safety_stock": 3}]}
    shop.put(f"/v3/inventory/locations/{austin}/items", settings)
    assert found(options(shop, [(variant, 2)])) == [(here, [2])]
    settings["settings"][0]["is_in_stock"] = False
    shop.put(f"/v3/inventory/locations/{austin}/items", settings)
    assert found(options(shop, [(variant, 1)])) == []
    assert found(options(shop, [(nail, 1)])) == [(here, [1])]
    shop.put(LOCATIONS, [{"id": austin, "storefront_visibility": False}])
    assert found(options(shop, [(nail, 1)])) == []


def test_at_most_ten_options_are_told(shop: Shop) -> None:
    nail = shop.get(f"/v3/catalog/products/{shop.product('Nail')}").data["base_variant_id"]
    austin = locate(shop)
    for number in range(12):
        method(shop, austin, f"Counter {number}")
    assert len(found(options(shop, [(nail, 1)]))) == 10


def test_who_may_read_methods_may_search(shop: Shop) -> None:
    nail = shop.get(f"/v3/catalog/products/{shop.product('Nail')}").data["base_variant_id"]
    body = {
        "search_area": {"radius": {"value": 1, "unit": "KM"}},
        "items": [{"variant_id": nail, "quantity": 1}],
    }
    reader = shop.account("store_fulfillment_methods_read_only")
    assert shop.post(OPTIONS, body, token=reader).status == 200
    assert shop.post(METHODS, [{"location_id": 1, "display_name": "x"}], token=reader).reason == "SCOPE_MISSING"


SEARCHES: list[tuple[Any, list[str]]] = [
    ({"items": [{"variant_id": 1, "quantity": 1}]}, ["search_area"]),
    ({"search_area": {"radius": {"value": 1, "unit": "KM"}}, "items": []}, ["items"]),
    ({"search_area": {"radius": {"value": 1, "unit": "LY"}}, "items": [{"variant_id": 1, "quantity": 1}]},
     ["search_area.radius.unit"]),
    ({"search_area": {"radius": {"value": 1}}, "items": [{"variant_id": 1, "quantity": 1}]},
     ["search_area.radius.unit"]),
    ({"search_area": {"radius": {"value": 1, "unit": "KM"}}, "items": [{"variant_id": 1, "quantity": 0}]},
     ["items.0.quantity"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "fields"), SEARCHES)
def test_a_bad_search_is_refused(shop: Shop, body: Any, fields: list[str]) -> None:
    reply = shop.post(OPTIONS, body)
    assert (reply.status, list(reply.json["errors"])) == (422, fields), reply.body


def collected(shop: Shop, way: int, *products: Any) -> Reply:
    """An order that is collected."""
    pickup = {"pickup_method_id": way, "line_items": list(products)}
    body = {"billing_address": BUYER, "consignments": {"pickups": [pickup]}, "status_id": 11}
    return shop.post("/v2/orders", body)


def test_an_order_takes_stock_where_it_is_collected(shop: Shop) -> None:
    """And a return gives it back to the same place."""
    austin, hammer = locate(shop), shop.product(sku="H-1", **TRACKED)
    way = method(shop, austin, collection_instructions="Bring your ID")
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 5})
    order = collected(shop, way, {"product_id": hammer, "quantity": 2})
    assert order.status == 200, order.body
    assert (held(shop, hammer), product_level(shop, hammer)) == ({1: 10, austin: 3}, 13)
    (pickup,) = shop.get(f"/v2/orders/{order.json['id']}/consignments").json["pickups"]
    assert (pickup["pickup_method_display_name"], pickup["collection_instructions"]) == ("Counter", "Bring your ID")
    assert (pickup["location"]["id"], pickup["location"]["city"]) == (austin, "Austin")
    assert collected(shop, way, {"product_id": hammer, "quantity": 4}).reason == "OUT_OF_STOCK"
    assert shop.put(f"/v2/orders/{order.json['id']}", {"status_id": 5}).status == 200
    assert held(shop, hammer) == {1: 10, austin: 5}


def test_other_orders_take_from_the_default_location(shop: Shop) -> None:
    """What another location holds is not sent from the default one."""
    austin, (made, sizes) = locate(shop), shirt_of_sizes(shop, S=2)
    put(shop, {"location_id": austin, "sku": "S", "quantity": 5})
    line = {"product_id": made, "variant_id": sizes["S"]}
    body = {"billing_address": BUYER, "products": [{**line, "quantity": 3}]}
    reply = shop.post("/v2/orders", body)
    assert (reply.status, reply.reason) == (409, "OUT_OF_STOCK")
    assert reply.json[0]["details"]["available_quantity"] == 2
    place(shop, {**line, "quantity": 2})
    assert held(shop, made) == {1: 0, austin: 5}
    way = method(shop, austin)
    assert collected(shop, way, {**line, "quantity": 5}).status == 200
    assert (held(shop, made), product_level(shop, made)) == ({1: 0, austin: 0}, 0)


def test_another_method_moves_the_stock(shop: Shop) -> None:
    austin, dallas = locate(shop), locate(shop, "DALLAS", address=DALLAS)
    hammer = shop.product(sku="H-1", **TRACKED)
    here, there = method(shop, austin), method(shop, dallas)
    put(shop, *[{"location_id": at, "sku": "H-1", "quantity": 5} for at in (austin, dallas)])
    order = collected(shop, here, {"product_id": hammer, "quantity": 2}).json["id"]
    (pickup,) = shop.get(f"/v2/orders/{order}/consignments").json["pickups"]
    change = {"consignments": {"pickups": [{"id": pickup["id"], "pickup_method_id": there}]}}
    assert shop.put(f"/v2/orders/{order}", change).status == 200
    assert held(shop, hammer) == {1: 10, austin: 5, dallas: 3}
    assert shop.get(f"/v2/orders/{order}/consignments").json["pickups"][0]["location"]["id"] == dallas


def test_safety_stock_is_not_sold(shop: Shop) -> None:
    hammer = shop.product(sku="H-1", **TRACKED)
    settings: Any = {"settings": [{"identity": {"sku": "H-1"}, "safety_stock": 4}]}
    shop.put("/v3/inventory/locations/1/items", settings)
    body = {"billing_address": BUYER, "products": [{"product_id": hammer, "quantity": 7}]}
    assert shop.post("/v2/orders", body).status == 409
    place(shop, {"product_id": hammer, "quantity": 6})
    settings["settings"][0] = {"identity": {"sku": "H-1"}, "safety_stock": 0, "is_in_stock": False}
    shop.put("/v3/inventory/locations/1/items", settings)
    body["products"] = [{"product_id": hammer, "quantity": 1}]
    assert shop.post("/v2/orders", body).status == 409
    assert product_level(shop, hammer) == 4


def test_a_location_where_orders_wait_stays(shop: Shop) -> None:
    """Rule 117: until they are done; what is given back later goes to the default location."""
    austin, hammer = locate(shop), shop.product(sku="H-1", **TRACKED)
    way = method(shop, austin)
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 5})
    order = collected(shop, way, {"product_id": hammer, "quantity": 2}).json["id"]
    assert shop.delete(f"{LOCATIONS}?location_id:in={austin}").status == 422
    shop.put(f"/v2/orders/{order}", {"status_id": 10})
    assert shop.delete(f"{LOCATIONS}?location_id:in={austin}").status == 200
    assert (held(shop, hammer), product_level(shop, hammer)) == ({1: 10}, 10)
    shop.put(f"/v2/orders/{order}", {"status_id": 5})
    assert held(shop, hammer) == {1: 12}


def test_an_order_by_an_unknown_method_is_served_by_the_default_location(shop: Shop) -> None:
    hammer = shop.product(sku="H-1", **TRACKED)
    assert collected(shop, 77, {"product_id": hammer, "quantity": 2}).status == 200
    assert held(shop, hammer) == {1: 8}


def test_nothing_is_oversold_at_a_location(workers: list[Shop]) -> None:
    """Rule 79: fifty at once on ten, over all workers, while the default location has plenty."""
    shop = workers[0]
    austin, hammer = locate(shop), shop.product(sku="H-1", inventory_tracking="product", inventory_level=100)
    way = method(shop, austin)
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 10})
    pickup = {"pickup_method_id": way, "line_items": [{"product_id": hammer, "quantity": 1}]}
    body = {"billing_address": BUYER, "consignments": {"pickups": [pickup]}}

    async def buy() -> list[Reply]:
        shops = [workers[number % len(workers)] for number in range(50)]
        return list(await asyncio.gather(*(ask(one, "POST", "/v2/orders", body) for one in shops)))

    told = [reply.status for reply in shop.server.run(buy())]
    assert (told.count(200), told.count(409)) == (10, 40)
    assert (held(shop, hammer), product_level(shop, hammer)) == ({1: 100, austin: 0}, 100)


def test_pickups_of_orders(shop: Shop) -> None:
    hammer = shop.product(sku="H-1", **TRACKED)
    way = method(shop, 1)
    order = collected(shop, way, {"product_id": hammer, "quantity": 3}).json
    line = lines(shop, order)[0]["id"]
    item = {"order_product_id": line, "quantity": 2}
    ready = {"pickup_method_id": way, "order_id": order["id"], "ready_at": "1660555844"}
    (made,) = shop.post(PICKUPS, [{**ready, "pickup_items": [item]}]).data
    assert (made["ready_at"], made["created_at"]) == ("2022-08-15T09:30:44+00:00", made["updated_at"])
    assert made["pickup_items"] == [{**item, "id": 1001, "status": "AWAITING_COLLECTION", "collected_at": None}]
    assert shop.post(PICKUPS, [{**ready, "pickup_items": [item]}]).status == 422, "only one is left"
    one = {**item, "quantity": 1}
    rest = [{**ready, "pickup_items": [one], "collected_at": "2022-08-16T00:00:00Z"}]
    assert shop.post(PICKUPS, rest).data[0]["pickup_items"][0]["status"] == "COLLECTED"
    change = [{"id": 1, "pickup_id": 1, "collected_at": "1660831392"}]
    (changed,) = shop.put(PICKUPS, change).data
    assert [(one["status"], one["collected_at"]) for one in changed["pickup_items"]] == [
        ("COLLECTED", "2022-08-18T14:03:12+00:00")
    ]
    assert [one["id"] for one in shop.get(f"{PICKUPS}?order_id:in={order['id']}").data] == [1, 2]
    assert [one["id"] for one in shop.get(f"{PICKUPS}?pickup_id:in=2").data] == [2]
    assert shop.delete(f"{PICKUPS}?id:in=1").status == 204
    assert [one["id"] for one in shop.get(PICKUPS).data] == [2]


PICKUP_FAULTS: list[dict[str, Any]] = [
    {"order_id": 99},
    {"pickup_method_id": 99},
    {"pickup_items": []},
    {"pickup_items": [{"order_product_id": 99, "quantity": 1}]},
    {"pickup_items": [{"order_product_id": 1, "quantity": 4}]},
    {"pickup_items": [{"order_product_id": 1, "quantity": 2}, {"order_product_id": 1, "quantity": 2}]},
    {"ready_at": "soon"},
]


@pytest.mark.parametrize("wrong", PICKUP_FAULTS)
def test_bad_pickups_are_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    hammer = shop.product(sku="H-1", **TRACKED)
    way = method(shop, 1)
    order = collected(shop, way, {"product_id": hammer, "quantity": 3}).json["id"]
    good = {
        "pickup_method_id": way, "order_id": order, "ready_at": "1660555844",
        "pickup_items": [{"order_product_id": 1, "quantity": 1}],
    }  # fmt: skip
    reply = shop.post(PICKUPS, [good, {**good, **wrong}])
    assert reply.status == 422, reply.body
    assert shop.rows("pickups") == 0
