"""What a write tells: which events it fires, on which scopes, and that a write that did not happen fires none."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.events.hooks import TABLE as HOOKS
from bodega.events.hooks import Hook
from bodega.kit.entity import Entity
from bodega.kit.events import events
from bodega.resources.catalog import categories
from bodega.storage import outbox
from bodega.storage.unit import Unit
from shop import Shop
from test_concurrency import at_once


def told(path: str, change: str, kind: str, number: int) -> list[tuple[str, Any]]:
    """An event about a row."""
    return [(f"{path}/{change}", {"type": kind, "id": number})]


def category(change: str, number: int) -> list[tuple[str, Any]]:
    """A category's event on the store's scope, and the one on the scope of the channel that shows its tree."""
    on_channel = (f"store/channel/1/category/{change}", {"category_id": number, "tree_id": 1})
    return [*told("store/category", change, "category", number), on_channel]


UPDATED = told("store/product", "updated", "product", 1)

FIRED: list[tuple[str, str, Any, list[tuple[str, Any]]]] = [
    ("POST", "/v3/catalog/categories", {"name": "New", "parent_id": 0}, category("created", 3)),
    ("POST", "/v2/categories", {"name": "New"}, category("created", 3)),
    ("PUT", "/v3/catalog/categories/1", {"name": "Other"}, category("updated", 1)),
    ("DELETE", "/v3/catalog/categories/2", None, category("deleted", 2)),
    ("DELETE", "/v3/catalog/categories?id:in=2,99", None, category("deleted", 2)),
    ("POST", "/v3/catalog/brands", {"name": "Bolt"}, []),  # brands have events of their metafields only
    ("PUT", "/v3/catalog/products/1", {"price": 12}, UPDATED),
    ("PUT", "/v2/products/1", {"price": "12"}, UPDATED),
    ("PUT", "/v3/catalog/products/1", {"price": 10}, []),  # the price it has
    ("PUT", "/v3/catalog/products/1", {"mpn": "M-1"}, []),  # rule 132: not among the fields that are told
    (
        "PUT",
        "/v3/catalog/products/1",
        {"inventory_level": 7},
        [
            *UPDATED,
            (
                "store/product/inventory/updated",
                {"type": "product", "id": 1, "inventory": {"product_id": 1, "method": "absolute", "value": 7}},
            ),
        ],
    ),
    ("PUT", "/v3/catalog/products", [{"id": 1, "name": "A"}, {"id": 9}], UPDATED),
    ("DELETE", "/v3/catalog/products/1", None, told("store/product", "deleted", "product", 1)),
    (
        "PUT",
        "/v3/catalog/products/1",
        {"categories": [2]},
        [
            *UPDATED,
            ("store/channel/1/category/product/assigned", {"product_id": 1}),
            ("store/channel/1/category/product/unassigned", {"product_id": 1}),
        ],
    ),
    ("PUT", "/v3/catalog/products/channel-assignments", [{"product_id": 1, "channel_id": 1}], []),
    (
        "DELETE",
        "/v3/catalog/products/channel-assignments?product_id:in=1&channel_id:in=1",
        None,
        [("store/channel/1/product/unassigned", {"product_id": 1})],
    ),
    ("PUT", "/v3/channels/1", {"name": "Shop"}, told("store/channel", "updated", "channel", 1)),
    ("PUT", "/v3/channels/1", {}, []),
    (
        "POST",
        "/v2/pages",
        {"name": "About", "type": "page", "body": "Us"},
        [("store/channel/1/page/created", {"page_id": 1})],
    ),
    (
        "PUT",
        "/v3/catalog/trees",
        [{"id": 1, "name": "Other"}],
        [("store/channel/1/categoryTree/updated", {"tree_id": 1})],
    ),
    (
        "POST",
        "/v3/catalog/products/1/metafields",
        {"key": "k", "value": "v", "namespace": "n", "permission_set": "read"},
        [
            ("store/product/metafield/created", {"metafield_id": 1, "resource_id": "1"}),
            ("store/metafield/created", {"metafield_id": 1, "resource_id": "1", "resource_type": "product"}),
        ],
    ),
    ("POST", "/v3/catalog/categories", {"name": "Tools", "parent_id": 0}, []),  # refused: 409
    ("PUT", "/v3/catalog/categories/1", {"parent_id": 1}, []),  # refused
    ("DELETE", "/v3/catalog/categories/1", None, []),  # refused: it would orphan a product
    ("GET", "/v3/catalog/categories", None, []),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "events"), FIRED)
def test_a_write_fires_its_events_and_nothing_else_does(
    shop: Shop, method: str, path: str, body: Any, events: list[tuple[str, Any]]
) -> None:
    """Rules 129 and 132; contract webhooks.tsv."""
    tools = shop.category("Tools")
    shop.category("Sub", parent_id=tools)
    shop.product(categories=[tools])
    shop.watch()
    shop.request(method, path, body)
    assert shop.events() == events


def test_variants_with_options_are_told_as_skus(shop: Shop) -> None:
    """webhooks.tsv; a base variant is told as its product, the stock of others as their own."""
    sizes = [{"sku": sku, "option_values": [{"option_display_name": "Size", "label": sku}]} for sku in ("S", "M")]
    shop.watch()
    number = shop.product(inventory_tracking="variant", variants=sizes)
    small, medium = (
        {"type": "sku", "id": one["sku_id"], "sku": {"product_id": number, "variant_id": one["id"]}}
        for one in shop.get(f"/v3/catalog/products/{number}/variants").data
    )
    created = [(scope, data) for scope, data in shop.events() if scope.startswith("store/sku/")]
    assert created == [("store/sku/created", small), ("store/sku/created", medium)]
    path = f"/v3/catalog/products/{number}/variants/{small['sku']['variant_id']}"  # type: ignore[index]
    assert shop.put(path, {"inventory_level": 5}).status == 200
    level = {"product_id": number, "method": "absolute", "value": 5, "variant_id": small["sku"]["variant_id"]}  # type: ignore[index]
    moved = shop.events()
    assert ("store/sku/updated", small) in moved
    assert ("store/sku/inventory/updated", {"type": "sku", "id": small["id"], "inventory": level}) in moved
    assert "store/product/inventory/updated" not in [scope for scope, _ in moved]
    assert shop.delete(path).status == 204
    assert ("store/sku/deleted", small) in shop.events()


def test_options_and_modifiers_are_told_when_they_change(shop: Shop) -> None:
    """A change of either is told once, with its product; what changes nothing is not."""
    product = shop.product()
    ids = {}
    for kind, type_ in (("option", "dropdown"), ("modifier", "dropdown")):
        body = {
            "display_name": kind,
            "type": type_,
            "required": False,
            "option_values": [{"label": "A", "sort_order": 0}],
        }
        ids[kind] = shop.post(f"/v3/catalog/products/{product}/{kind}s", body).data["id"]
    shop.watch()
    for kind, number in ids.items():
        for _ in range(2):  # the second changes nothing
            shop.put(f"/v3/catalog/products/{product}/{kind}s/{number}", {"display_name": f"My {kind}"})
        said = (f"store/{kind}/updated", {"type": kind, "id": number, kind: {"product_id": product}})
        assert [event for event in shop.events() if event[0].startswith(("store/option", "store/modifier"))] == [said]


def test_where_no_hook_asks_nothing_is_kept(shop: Shop) -> None:
    """Issue 5: events cost nothing where nobody listens."""
    shop.category()
    assert shop.rows("deliveries") == 0
    shop.post("/v3/hooks", {"scope": "store/order/*", "destination": "https://example.com/"})
    shop.category("Other")
    assert shop.rows("deliveries") == 0


def test_a_hook_that_is_made_is_heard_at_once_and_one_that_was_not_made_never(shop: Shop) -> None:
    """Issue 5: who listens is remembered by the revision of the hooks, and a revision may be used twice."""
    catch = Hook(scope="store/category/created", destination="https://example.com/", client_id="")

    async def undone(unit: Unit) -> None:
        await unit.insert(HOOKS, catch)
        await unit.insert(categories.TABLE, categories.Category(name="Undone"))
        raise ArithmeticError

    async def done(unit: Unit) -> None:
        await unit.insert(HOOKS, catch)
        await unit.insert(categories.TABLE, categories.Category(name="Done"))

    with pytest.raises(ArithmeticError):
        shop.write(undone)
    shop.brand()  # takes the revision that the hook would have had
    shop.category("Unheard")
    assert shop.rows("deliveries") == shop.rows("hooks") == 0
    shop.write(done)
    shop.category("Heard")
    assert [row[0] for row in shop.select("SELECT scope FROM deliveries")] == ["store/category/created"] * 2


def test_events_of_one_commit_keep_their_order(shop: Shop) -> None:
    """Issue 5: many writes share a commit; their events are numbered as they happened."""
    shop.watch()
    made = at_once([shop], [("POST", "/v3/catalog/categories", {"name": f"C{n}", "parent_id": 0}) for n in range(100)])
    assert {reply.status for reply in made} == {200}
    created = [data["id"] for scope, data in shop.events() if scope == "store/category/created"]
    assert created == sorted(created)
    assert len(created) == 100


def test_what_is_said_follows_from_the_declaration() -> None:
    """docs/adding-a-resource.md: the type is the last word of the scope unless it is said."""

    class Thing(Entity, kw_only=True):
        order_id: int = 7

    (created, _, deleted) = events("store/priceList")
    assert (created.scope, created.say(None, Thing(id=3))) == (
        "store/priceList/created",
        {"type": "price_list", "id": 3},
    )
    assert deleted.say(Thing(id=3), None) == {"type": "price_list", "id": 3}
    (only,) = events("store/shipment", on="created", more=lambda thing: {"orderId": thing.order_id})
    assert only.say(None, Thing(id=3)) == {"type": "shipment", "id": 3, "orderId": 7}
    (updated,) = events("store/order", on="updated", kind="order", fields="order_id")
    assert updated.say(Thing(id=3), Thing(id=3)) is None
    assert updated.say(Thing(id=3), Thing(id=3, order_id=8)) == {"type": "order", "id": 3}
    assert events("") == ()


ASKED = [
    ("store/order/created", "store/order/created", True),
    ("store/order/*", "store/order/created", True),
    ("store/order/*", "store/order/message/created", True),
    ("store/order/*", "store/orders/created", False),
    ("store/order/created", "store/order/createdLater", False),
    ("store/channel/*", "store/channel/3/cart/created", True),
    ("store/channel/3/cart/*", "store/channel/3/cart/created", True),
    ("store/channel/3/cart/*", "store/channel/33/cart/created", False),
    ("store/channel/*/inventory/product/stock_changed", "store/channel/3/inventory/product/stock_changed", True),
    ("store/channel/*/inventory/product/stock_changed", "store/channel/x/inventory/product/stock_changed", False),
    ("store/channel/*/inventory/product/stock_changed", "store/channel/3/inventory/product/settings_changed", False),
]


@pytest.mark.parametrize(("asked", "scope", "covers"), ASKED)
def test_a_scope_that_is_asked_for_covers_those_below_it(asked: str, scope: str, covers: bool) -> None:
    """Rule 131."""
    assert outbox.asks_for(asked, scope) is covers
