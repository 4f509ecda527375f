"""The ways through a store's pages. A new page is a line here."""

from __future__ import annotations

from typing import NamedTuple

from bodega.panel.web import PanelRequest


class Way(NamedTuple):
    """A link of the navigation; `path` is below the store's own, `icon` names a symbol of icons.svg."""

    title: str
    path: str
    icon: str


class Section(NamedTuple):
    """Ways that belong together."""

    title: str
    ways: tuple[Way, ...]


STORE = (
    Section("", (Way("Overview", "", "pulse"),)),
    Section(
        "Catalogue",
        (
            Way("Products", "/products", "product"),
            Way("Categories", "/categories", "category"),
            Way("Brands", "/brands", "brand"),
        ),
    ),
    Section("Selling", (Way("Orders", "/orders", "order"), Way("Customers", "/customers", "customer"))),
    Section(
        "Develop",
        (
            Way("API accounts", "/accounts", "key"),
            Way("Journal", "/journal", "journal"),
            Way("Webhooks", "/webhooks", "hook"),
            Way("Tasks", "/tasks", "task"),
            Way("Apps", "/apps", "app"),
            Way("The law", "/law", "law"),
        ),
    ),
    Section("Store", (Way("Status and plan", "/status", "store"), Way("Settings", "/settings", "settings"))),
)
"""What a store has today."""


def sections(request: PanelRequest) -> list[tuple[str, list[tuple[Way, str, bool]]]]:
    """Each section with its ways: the way, where it leads, and whether it is where we are."""
    here = request.path.removeprefix(request.base)
    return [
        (section.title, [(way, request.base + way.path, _leads(way, here)) for way in section.ways])
        for section in STORE
    ]


def _leads(way: Way, here: str) -> bool:
    return here in ("", "/") if not way.path else here == way.path or here.startswith(way.path + "/")
