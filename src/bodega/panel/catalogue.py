"""What the pages of the catalogue share: categories by their paths, brands by their names, tax classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bodega.panel import api
from bodega.panel.fields import Choices
from bodega.panel.web import PanelRequest

PRODUCTS = "/v3/catalog/products"
CATEGORIES = "/v3/catalog/categories"
BRANDS = "/v3/catalog/brands"
TREE = "/v3/catalog/trees/1/categories"
THEN = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
OFFERED = 250
"""How many brand names are suggested while typing."""


class CategoryNode(NamedTuple):
    """A category in its tree: `depth` from 0, `path` the names from the root down."""

    id: int
    name: str
    depth: int
    path: str
    is_visible: bool


async def tree(request: PanelRequest) -> list[CategoryNode]:
    """All categories of the store's tree, each after its parent."""
    reply = await api.read(request, TREE)
    found: list[CategoryNode] = []

    def grow(nodes: Sequence[dict[str, Any]], depth: int, path: str) -> None:
        for node in nodes:
            whole = f"{path}{THEN}{node['name']}" if path else str(node["name"])
            found.append(CategoryNode(node["id"], node["name"], depth, whole, bool(node["is_visible"])))
            grow(node.get("children") or [], depth + 1, whole)

    grow(reply.data or [], 0, "")
    return found


async def category_choices(request: PanelRequest) -> Choices:
    """Categories to choose from."""
    return [(str(node.id), node.path) for node in await tree(request)]


async def brand_names(request: PanelRequest) -> Choices:
    """Names of brands to choose from."""
    reply = await api.read(request, BRANDS, limit=OFFERED, sort="name", include_fields="name")
    return [(brand["name"], brand["name"]) for brand in reply.data]


async def tax_classes(request: PanelRequest) -> Choices:
    """Tax classes to choose from."""
    reply = await api.read(request, "/v2/tax_classes")
    return [(str(item["id"]), item["name"]) for item in reply.data or []]
