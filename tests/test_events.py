"""What a write tells: which events it fires, on which scopes, and that a write that did not happen fires none."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

CATEGORY = ("store/category", "store/channel/1/category")


def told(path: str, change: str, kind: str, number: int) -> list[tuple[str, Any]]:
    """An event about a row."""
    return [(f"{path}/{change}", {"type": kind, "id": number})]


def category(change: str, number: int) -> list[tuple[str, Any]]:
    """An event about a category, on the store's scope and on its channel's."""
    return [event for path in CATEGORY for event in told(path, change, "category", number)]


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


def test_where_no_hook_asks_nothing_is_kept(shop: Shop) -> None:
    """Issue 5: events cost nothing where nobody listens."""
    shop.category()
    assert shop.rows("deliveries") == 0
    shop.post("/v3/hooks", {"scope": "store/order/*", "destination": "https://example.com/"})
    shop.category("Other")
    assert shop.rows("deliveries") == 0
