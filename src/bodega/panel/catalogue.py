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
"""Brands whose names are offered while one is typed."""


class Twig(NamedTuple):
    """A category in its tree: `depth` from 0, `path` the names from the root down."""

    id: int
    name: str
    depth: int
    path: str
    is_visible: bool


async def tree(request: PanelRequest) -> list[Twig]:
    """All categories of the store's tree, each after its parent."""
    told = await api.read(request, TREE)
    found: list[Twig] = []

    def grow(nodes: Sequence[dict[str, Any]], depth: int, path: str) -> None:
        for node in nodes:
            whole = f"{path}{THEN}{node['name']}" if path else str(node["name"])
            found.append(Twig(node["id"], node["name"], depth, whole, bool(node["is_visible"])))
            grow(node.get("children") or [], depth + 1, whole)

    grow(told.data or [], 0, "")
    return found


async def category_choices(request: PanelRequest) -> Choices:
    """Categories to choose from."""
    return [(str(twig.id), twig.path) for twig in await tree(request)]


async def brand_names(request: PanelRequest) -> Choices:
    """Names of brands to choose from."""
    told = await api.read(request, BRANDS, limit=OFFERED, sort="name", include_fields="name")
    return [(brand["name"], brand["name"]) for brand in told.data]


async def tax_classes(request: PanelRequest) -> Choices:
    """Tax classes to choose from."""
    told = await api.read(request, "/v2/tax_classes")
    return [(str(item["id"]), item["name"]) for item in told.data or []]
