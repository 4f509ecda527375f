"""Stock at locations (rules 47 to 49, 117, 118): the catalogue's level is the sum, whoever writes what."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from bodega.resources.inventory import identities
from bodega.resources.inventory.identities import Identity
from bodega.resources.inventory.ledger import Ledger
from bodega.storage.tx import Tx
from choices import shirt_of_sizes
from shop import Reply, Shop
from test_concurrency import ask, workers
from test_locations import PATH as LOCATIONS
from test_locations import locate

__all__ = ["workers"]
ITEMS = "/v3/inventory/items"
ABSOLUTE = "/v3/inventory/adjustments/absolute"
RELATIVE = "/v3/inventory/adjustments/relative"
TRACKED = {"inventory_tracking": "product", "inventory_level": 10}


def product_level(shop: Shop, product: int) -> int:
    """What the catalogue shows."""
    return int(shop.get(f"/v3/catalog/products/{product}").data["inventory_level"])


def put(shop: Shop, *items: dict[str, Any]) -> Reply:
    """An absolute adjustment."""
    return shop.put(ABSOLUTE, {"reason": "count", "items": list(items)})


def add(shop: Shop, *items: dict[str, Any]) -> Reply:
    """A relative adjustment."""
    return shop.post(RELATIVE, {"items": list(items)})


def held(shop: Shop, product: int) -> dict[int, int]:
    """What each location holds of a product, all its variants together."""
    found: dict[int, int] = {}
    for item in shop.get(f"{ITEMS}?product_id:in={product}").data:
        for place in item["locations"]:
            found[place["location_id"]] = found.get(place["location_id"], 0) + place["total_inventory_onhand"]
    return found


def test_what_was_there_is_at_the_default_location(shop: Shop) -> None:
    hammer = shop.product(sku="H-1", inventory_warning_level=3, bin_picking_number="A1", **TRACKED)
    (item,) = shop.get(ITEMS).data
    variant = shop.get(f"/v3/catalog/products/{hammer}").data["base_variant_id"]
    assert item["identity"] == {"sku": "H-1", "variant_id": variant, "product_id": hammer, "sku_id": None}
    assert item["locations"] == [
        {
            "location_id": 1, "location_code": "BC-LOCATION-1", "location_name": "Default location",
            "available_to_sell": 10, "total_inventory_onhand": 10, "location_enabled": True,
            "settings": {"safety_stock": 0, "is_in_stock": True, "warning_level": 3, "bin_picking_number": "A1"},
        }
    ]  # fmt: skip


def test_the_level_of_the_catalogue_is_the_sum(shop: Shop) -> None:
    """Rule 118; an item is named by its SKU, its variant or its product."""
    hammer, austin = shop.product(sku="H-1", **TRACKED), locate(shop)
    variant = shop.get(f"/v3/catalog/products/{hammer}").data["base_variant_id"]
    reply = put(
        shop,
        {"location_id": austin, "sku": "h-1", "quantity": 5},
        {"location_id": 1, "product_id": hammer, "quantity": 7},
    )
    assert (reply.status, set(reply.json)) == (200, {"transaction_id"})
    assert (product_level(shop, hammer), held(shop, hammer)) == (12, {1: 7, austin: 5})
    assert add(shop, {"location_id": austin, "variant_id": variant, "quantity": -2}).status == 200
    assert (product_level(shop, hammer), held(shop, hammer)) == (10, {1: 7, austin: 3})
    shown = shop.get(f"/v3/catalog/products/{hammer}/variants/{variant}").data
    assert shown["inventory_level"] == 10, "the base variant shares it"


def test_variants_with_options_have_stock_of_their_own(shop: Shop) -> None:
    (made, sizes), austin = shirt_of_sizes(shop, S=2, L=5), locate(shop)
    assert put(shop, {"location_id": austin, "sku": "L", "quantity": 4}).status == 200
    shown = {one["sku"]: one["inventory_level"] for one in shop.get(f"/v3/catalog/products/{made}/variants").data}
    assert (shown, product_level(shop, made)) == ({"S": 2, "L": 9}, 11)
    items = {item["identity"]["sku"]: item for item in shop.get(ITEMS).data}
    assert [place["total_inventory_onhand"] for place in items["L"]["locations"]] == [5, 4]
    assert items["L"]["identity"]["sku_id"] == sizes["L"] + 10_000
    assert [item["identity"]["sku"] for item in shop.get(f"/v3/inventory/locations/{austin}/items").data] == ["L"]


def test_a_product_tracked_by_product_is_named_by_its_product(shop: Shop) -> None:
    (made, sizes), austin = shirt_of_sizes(shop, S=2, L=5), locate(shop)
    assert put(shop, {"location_id": austin, "product_id": made, "quantity": 4}).status == 422
    assert put(shop, {"location_id": austin, "variant_id": sizes["S"], "quantity": 4}).status == 200
    shop.put(f"/v3/catalog/products/{made}", {"inventory_tracking": "product", "inventory_level": 20})
    assert put(shop, {"location_id": austin, "variant_id": sizes["S"], "quantity": 4}).status == 422
    assert put(shop, {"location_id": austin, "product_id": made, "quantity": 4}).status == 200
    assert product_level(shop, made) == 24
    item = shop.get(f"{ITEMS}?sku:in=S").data[0]
    assert [place["total_inventory_onhand"] for place in item["locations"]] == [20, 4], "its variants draw on it"
    shop.put(f"/v3/catalog/products/{made}", {"inventory_tracking": "variant"})
    assert (product_level(shop, made), held(shop, made)) == (11, {1: 7, austin: 4}), "those of the variants are back"
    shop.put(f"/v3/catalog/products/{made}", {"inventory_tracking": "product"})
    assert held(shop, made) == {1: 22}, "both variants show the product's 11, all of it at the default location"


def test_the_catalogue_writes_the_default_location(shop: Shop) -> None:
    """Rule 49: the sum is what was written; the default location takes the difference, as far as it can."""
    hammer, austin = shop.product(sku="H-1", **TRACKED), locate(shop)
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 5})
    assert shop.put(f"/v3/catalog/products/{hammer}", {"inventory_level": 30}).status == 200
    assert held(shop, hammer) == {1: 25, austin: 5}
    assert shop.put(f"/v2/products/{hammer}", {"inventory_level": 6}).status == 200
    assert held(shop, hammer) == {1: 1, austin: 5}
    reply = shop.put(f"/v3/catalog/products/{hammer}", {"inventory_level": 4, "price": 3})
    assert (reply.status, reply.data["price"], product_level(shop, hammer)) == (207, 3, 6)
    variant = shop.get(f"/v3/catalog/products/{hammer}").data["base_variant_id"]
    path = f"/v3/catalog/products/{hammer}/variants/{variant}"
    assert shop.put(path, {"inventory_level": 4}).status == 207
    assert shop.put(path, {"inventory_level": 5}).status == 200
    assert held(shop, hammer) == {1: 0, austin: 5}


def test_options_end_the_stock_of_a_simple_product(shop: Shop) -> None:
    """Rule 57: its variants count from now on."""
    made, austin = shop.product("Shirt", inventory_tracking="variant", inventory_level=3), locate(shop)
    put(shop, {"location_id": austin, "product_id": made, "quantity": 4})
    assert product_level(shop, made) == 7
    size = {"display_name": "Size", "type": "radio_buttons", "option_values": [{"label": "S", "sort_order": 0}]}
    option = shop.post(f"/v3/catalog/products/{made}/options", size).data
    value = {"option_id": option["id"], "id": option["option_values"][0]["id"]}
    body = {"sku": "S", "option_values": [value], "inventory_level": 2}
    small = shop.post(f"/v3/catalog/products/{made}/variants", body).data["id"]
    assert (product_level(shop, made), held(shop, made), shop.rows("stock_levels")) == (2, {1: 2}, 0)
    put(shop, {"location_id": austin, "sku": "S", "quantity": 4})
    assert shop.delete(f"/v3/catalog/products/{made}/variants/{small}").status == 204
    assert (product_level(shop, made), shop.rows("stock_levels")) == (0, 0)


def test_a_deleted_location_takes_its_stock_along(shop: Shop) -> None:
    """Rule 117: the sums change with it."""
    hammer, austin, (made, _) = shop.product(sku="H-1", **TRACKED), locate(shop), shirt_of_sizes(shop, S=2, L=5)
    put(
        shop,
        {"location_id": austin, "sku": "H-1", "quantity": 5},
        {"location_id": austin, "sku": "S", "quantity": 8},
    )
    assert (product_level(shop, hammer), product_level(shop, made)) == (15, 15)
    assert shop.delete(f"{LOCATIONS}?location_id:in={austin}").status == 200
    assert (product_level(shop, hammer), product_level(shop, made)) == (10, 7)
    assert shop.rows("stock_levels") == 0


def test_a_deleted_product_leaves_no_rows(shop: Shop) -> None:
    hammer, austin = shop.product(sku="H-1", **TRACKED), locate(shop)
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 5})
    assert shop.delete(f"/v3/catalog/products/{hammer}").status == 204
    assert shop.rows("stock_levels") == 0


REFUSED: list[tuple[str, list[dict[str, Any]], str]] = [
    (ABSOLUTE, [{"location_id": 1, "sku": "NONE", "quantity": 1}], "items.1.sku"),
    (ABSOLUTE, [{"location_id": 1, "variant_id": 999, "quantity": 1}], "items.1.variant_id"),
    (ABSOLUTE, [{"location_id": 1, "product_id": 999, "quantity": 1}], "items.1.product_id"),
    (ABSOLUTE, [{"location_id": 99, "sku": "H-1", "quantity": 1}], "items.1.location_id"),
    (ABSOLUTE, [{"location_id": 1, "sku": "H-1", "quantity": -1}], "items.1.quantity"),
    (ABSOLUTE, [{"location_id": 1, "sku": "H-1"}], "items.1.quantity"),
    (ABSOLUTE, [{"location_id": 1, "quantity": 1}], "items.1.variant_id"),
    (ABSOLUTE, [{"location_id": 1, "sku": "H-1", "quantity": "many"}], "items.1.quantity"),
    (ABSOLUTE, [{"location_id": 1, "sku": "H-1", "product_id": 2, "quantity": 1}], "items.1.product_id"),
    (ABSOLUTE, [{"location_id": 2, "sku": "H-1", "quantity": 2_147_483_647}], "items.1.quantity"),
    (RELATIVE, [{"location_id": 2, "sku": "H-1", "quantity": 1}], "items.1.quantity"),
    (RELATIVE, [{"location_id": 1, "sku": "H-1", "quantity": -11}], "items.1.quantity"),
    (RELATIVE, [{"location_id": 1, "sku": "H-1", "quantity": -7}], "items.1.quantity"),
]


@pytest.mark.parametrize(("path", "items", "field"), REFUSED)
def test_one_bad_item_refuses_all(shop: Shop, path: str, items: list[dict[str, Any]], field: str) -> None:
    """Rule 118: relative below zero or the safety stock, or before a level was set; rule 49: over the cap."""
    hammer, saw = shop.product(sku="H-1", **TRACKED), shop.product("Saw", sku="S-1", **TRACKED)
    locate(shop)
    settings = {"settings": [{"identity": {"sku": "H-1"}, "safety_stock": 4}]}
    assert shop.put("/v3/inventory/locations/1/items", settings).status == 200
    good = {"location_id": 1, "sku": "S-1", "quantity": 3}
    reply = shop.request("PUT" if path == ABSOLUTE else "POST", path, {"items": [good, *items]})
    assert (reply.status, list(reply.json["errors"])) == (422, [field]), reply.body
    assert (product_level(shop, hammer), product_level(shop, saw)) == (10, 10)


BODIES: list[tuple[Any, int]] = [
    ([], 422), ({}, 422), ({"items": []}, 422), ({"items": {}}, 422), ({"items": [3]}, 422),
    ({"items": [{"location_id": 1, "sku": "A", "quantity": 1}] * 2001}, 413),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES)
def test_a_body_without_items_is_refused(shop: Shop, body: Any, status: int) -> None:
    assert shop.put(ABSOLUTE, body).status == status


@pytest.mark.parametrize("path", [ABSOLUTE, RELATIVE])
def test_a_reason_is_a_text(shop: Shop, path: str) -> None:
    product = shop.product("Hammer", **TRACKED)
    method = "PUT" if path == ABSOLUTE else "POST"
    body = {"items": [{"location_id": 1, "product_id": product, "quantity": 3}]}
    for reason in (5, 10**30, True, [], {}, "x" * 256, "a\0b"):
        refused = shop.request(method, path, {"reason": reason, **body})
        assert (refused.status, list(refused.json["errors"])) == (422, ["reason"]), reason
    assert product_level(shop, product) == 10
    for reason in ("x" * 255, "", None):
        assert shop.request(method, path, {"reason": reason, **body}).status == 200


def test_items_follow_each_other(shop: Shop) -> None:
    """An item that is named twice is changed twice."""
    hammer = shop.product(sku="H-1", **TRACKED)
    assert add(shop, *[{"location_id": 1, "sku": "H-1", "quantity": -5}] * 2).status == 200
    assert product_level(shop, hammer) == 0
    assert put(shop, *[{"location_id": 1, "sku": "H-1", "quantity": many} for many in (9, 4)]).status == 200
    assert product_level(shop, hammer) == 4


def test_settings_of_a_location(shop: Shop) -> None:
    hammer, austin = shop.product(sku="H-1", **TRACKED), locate(shop)
    given = {"safety_stock": 2, "is_in_stock": False, "warning_level": 4, "bin_picking_number": "B2"}
    for place in (1, austin):
        body = {"settings": [{"identity": {"product_id": hammer}, **given}]}
        assert set(shop.put(f"/v3/inventory/locations/{place}/items", body).json) == {"transaction_id"}
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 5})
    shown = shop.get(ITEMS).data[0]["locations"]
    assert [place["settings"] for place in shown] == [given, given]
    assert [place["available_to_sell"] for place in shown] == [8, 3]
    product = shop.get(f"/v3/catalog/products/{hammer}").data
    assert (product["inventory_level"], product["inventory_warning_level"], product["bin_picking_number"]) == (
        15, 4, "B2",
    )  # fmt: skip
    part = {"settings": [{"identity": {"sku": "H-1"}, "warning_level": 1}]}
    assert shop.put(f"/v3/inventory/locations/{austin}/items", part).status == 200
    (item,) = shop.get(f"/v3/inventory/locations/{austin}/items").data
    assert item["settings"] == {**given, "warning_level": 1}
    assert set(item["identity"]) == {"sku", "variant_id", "product_id"}


def test_settings_that_say_nothing_are_refused(shop: Shop) -> None:
    shop.product(sku="H-1")
    path = "/v3/inventory/locations/1/items"
    reply = shop.put(path, {"settings": [{"identity": {"sku": "H-1"}}]})
    assert (reply.status, list(reply.json["errors"])) == (422, ["settings.0"])
    reply = shop.put(path, {"settings": [{"identity": {}, "safety_stock": 1}]})
    assert (reply.status, reply.reason) == (422, "FIELD_MISSING")
    assert shop.put("/v3/inventory/locations/9/items", {"settings": []}).status in (404, 422)
    assert shop.get("/v3/inventory/locations/9/items").status == 404


def test_items_are_listed_by_filters(shop: Shop) -> None:
    austin, dallas = locate(shop), locate(shop, "DALLAS")
    made = {sku: shop.product(sku, sku=sku, **TRACKED) for sku in ("A", "B", "C")}
    put(
        shop,
        {"location_id": austin, "sku": "A", "quantity": 1},
        {"location_id": austin, "sku": "B", "quantity": 1},
        {"location_id": dallas, "sku": "B", "quantity": 1},
    )

    def listed(query: str) -> list[tuple[str, list[int]]]:
        reply = shop.get(f"{ITEMS}?{query}")
        assert reply.status == 200, reply.body
        return [(i["identity"]["sku"], [p["location_id"] for p in i["locations"]]) for i in reply.data]

    assert listed("sku:in=a,c") == [("A", [1, austin]), ("C", [1])]
    assert listed(f"product_id:in={made['B']}") == [("B", [1, austin, dallas])]
    assert listed(f"location_id:in={austin}") == [("A", [austin]), ("B", [austin])]
    assert listed("location_code:in=dallas") == [("B", [dallas])]
    assert listed(f"location_id:in=1,{dallas}") == [("A", [1]), ("B", [1, dallas]), ("C", [1])]
    assert listed(f"location_id:in={austin}&location_code:in=DALLAS") == []
    assert listed("limit=1&page=2") == [("B", [1, austin, dallas])]
    meta = shop.get(f"{ITEMS}?location_id:in={austin}&limit=1").json["meta"]["pagination"]
    assert (meta["total"], meta["total_pages"], meta["links"]["next"]) == (
        2, 2, f"?page=2&limit=1&location_id:in={austin}",
    )  # fmt: skip
    assert shop.get(f"{ITEMS}?limit=1000").status == 200
    assert shop.get(f"{ITEMS}?limit=1001").reason == "LIMIT_OVER_MAXIMUM"
    assert shop.get(f"{ITEMS}?color=red").reason == "FILTER_REFUSED"


def test_a_list_changes_its_tag_with_the_stock_of_a_place(shop: Shop) -> None:
    shop.product(sku="H-1", **TRACKED)
    austin = locate(shop)
    etag = shop.get(ITEMS).headers["etag"]
    assert shop.get(ITEMS, headers={"if-none-match": etag}).status == 304
    shop.put(f"/v3/inventory/locations/{austin}/items", {"settings": [{"identity": {"sku": "H-1"}, "safety_stock": 1}]})
    assert shop.get(ITEMS, headers={"if-none-match": etag}).status == 200


def test_events_tell_the_new_sums(shop: Shop) -> None:
    """Contract: webhooks.tsv."""
    hammer, austin, (made, sizes) = shop.product(sku="H-1", **TRACKED), locate(shop), shirt_of_sizes(shop, S=2, L=5)
    shop.watch()
    put(
        shop,
        {"location_id": austin, "sku": "H-1", "quantity": 5},
        {"location_id": austin, "sku": "S", "quantity": 1},
    )
    told = dict(shop.events())
    assert told["store/product/inventory/updated"]["inventory"] == {
        "product_id": hammer, "method": "absolute", "value": 15,
    }  # fmt: skip
    assert told["store/sku/inventory/updated"]["inventory"] == {
        "product_id": made, "method": "absolute", "value": 3, "variant_id": sizes["S"],
    }  # fmt: skip
    assert "store/product/updated" in told
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 5})
    assert shop.events() == [], "the same level is no change"


def test_scopes_of_inventory(shop: Shop) -> None:
    reader = shop.account("store_inventory_read_only")
    assert shop.get(ITEMS, token=reader).status == 200
    body = {"items": [{"location_id": 1, "sku": "A", "quantity": 1}]}
    assert shop.put(ABSOLUTE, body, token=reader).reason == "SCOPE_MISSING"


def test_random_writes_keep_the_sum(shop: Shop) -> None:
    """A model beside the store: every way to write stock, in any order, leaves the sum exact."""
    draw = random.Random(31)
    places = [1, locate(shop), locate(shop, "DALLAS")]
    made = [shop.product(f"P{number}", sku=f"P{number}", **TRACKED) for number in range(3)]
    model = {product: {1: 10} for product in made}
    for _ in range(60):
        product, place, many = draw.choice(made), draw.choice(places), draw.randint(0, 20)
        levels = model[product]
        way = draw.randrange(4)
        if way == 0:
            assert put(shop, {"location_id": place, "product_id": product, "quantity": many}).status == 200
            levels[place] = many
        elif way == 1:
            by = many - 10
            reply = add(shop, {"location_id": place, "product_id": product, "quantity": by})
            if place in levels and levels[place] + by >= 0:
                assert reply.status == 200
                levels[place] += by
            else:
                assert reply.status == 422
        elif way == 2:
            reply = shop.put(f"/v3/catalog/products/{product}", {"inventory_level": many})
            elsewhere = sum(levels.values()) - levels[1]
            assert reply.status == (200 if many >= elsewhere else 207)
            if many >= elsewhere:
                levels[1] = many - elsewhere
        else:
            assert (held(shop, product), product_level(shop, product)) == (levels, sum(levels.values()))
    for product, levels in model.items():
        assert (held(shop, product), product_level(shop, product)) == (levels, sum(levels.values()))


def test_adjustments_at_once_lose_nothing(workers: list[Shop]) -> None:
    """Under any concurrency, over all workers: adjustments at two locations and writes of the catalogue."""
    shop = workers[0]
    hammer, austin = shop.product(sku="H-1", **TRACKED), locate(shop)
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 0})

    async def storm() -> list[Reply]:
        jobs = []
        for number in range(50):
            one = {"location_id": (1, austin)[number % 2], "sku": "H-1", "quantity": 1}
            jobs.append(ask(workers[number % len(workers)], "POST", RELATIVE, {"items": [one]}))
            if number % 10 == 0:
                price = {"price": number + 1}
                path = f"/v3/catalog/products/{hammer}"
                jobs.append(ask(workers[(number + 1) % len(workers)], "PUT", path, price))
        return list(await asyncio.gather(*jobs))

    assert {reply.status for reply in shop.server.run(storm())} == {200}
    assert (held(shop, hammer), product_level(shop, hammer)) == ({1: 35, austin: 25}, 60)


class CountingTx:
    """Counts the statements of a reader."""

    def __init__(self, tx: Tx) -> None:
        self.tx, self.count = tx, 0

    async def rows(self, sql: str, *values: Any) -> Any:
        self.count += 1
        return await self.tx.rows(sql, *values)

    async def breathe(self) -> None:
        await self.tx.breathe()


def test_the_number_of_statements_does_not_grow_with_the_items(shop: Shop) -> None:
    """Rule 118: what a hundred and fifty items need is read in as many statements as what three need."""
    austin = locate(shop)
    body = [{"name": f"P{n}", "type": "physical", "price": 1, "weight": 1, "sku": f"P{n}"} for n in range(150)]
    for product in body:
        shop.post("/v3/catalog/products", product)
    assert put(shop, *[{"location_id": austin, "sku": f"P{n}", "quantity": n} for n in range(150)]).status == 200
    counts = []
    for many in (3, 150):

        async def load(tx: Tx, many: int = many) -> int:
            counting: Any = CountingTx(tx)
            named = [Identity(sku=f"P{n}") for n in range(many)]
            known = await identities.known(counting, named)
            stocks = [known.stock(one, "", []) for one in named]
            assert None not in stocks
            ledger = await Ledger.read(counting, [stock for stock in stocks if stock is not None])
            assert [ledger.at((n + 1, 0), austin).level for n in range(many)] == list(range(many))
            return int(counting.count)

        counts.append(shop.read(load))
    assert counts[0] == counts[1] <= 8
