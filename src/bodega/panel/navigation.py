"""The links through a store's pages. A new page is a line here."""

from __future__ import annotations

from typing import NamedTuple

from bodega.access import team
from bodega.panel.web import PanelRequest


class NavigationLink(NamedTuple):
    """A link of the navigation; `path` is below the store's own, `icon` names one of `_icons.html`."""

    title: str
    path: str
    icon: str


class Section(NamedTuple):
    """Links that belong together."""

    title: str
    links: tuple[NavigationLink, ...]


STORE = (
    Section("", (NavigationLink("Overview", "", "pulse"),)),
    Section(
        "Catalogue",
        (
            NavigationLink("Products", "/products", "product"),
            NavigationLink("Categories", "/categories", "category"),
            NavigationLink("Brands", "/brands", "brand"),
            NavigationLink("Locations", "/locations", "location"),
        ),
    ),
    Section(
        "Selling",
        (
            NavigationLink("Orders", "/orders", "order"),
            NavigationLink("Carts", "/carts", "cart"),
            NavigationLink("Customers", "/customers", "customer"),
            NavigationLink("Price lists", "/price-lists", "tag"),
            NavigationLink("Promotions", "/promotions", "gift"),
            NavigationLink("Shipping", "/shipping", "product"),
            NavigationLink("Channels", "/channels", "channel"),
            NavigationLink("Tax", "/tax", "percent"),
        ),
    ),
    Section(
        "Content",
        (
            NavigationLink("Web pages", "/web-pages", "page"),
            NavigationLink("Blog", "/blog-posts", "page"),
            NavigationLink("Redirects", "/redirects", "redirect"),
            NavigationLink("Scripts", "/scripts", "script"),
        ),
    ),
    Section(
        "Marketing",
        (
            NavigationLink("Banners", "/banners", "banner"),
            NavigationLink("E-mail templates", "/email-templates", "mail"),
            NavigationLink("Cart reminders", "/abandoned-cart-emails", "cart"),
            NavigationLink("Outbox", "/outbox", "outbox"),
        ),
    ),
    Section(
        "Storefront",
        (
            NavigationLink("Themes", "/themes", "theme"),
            NavigationLink("Widgets", "/widgets", "widget"),
            NavigationLink("Messages", "/messages", "mail"),
            NavigationLink("Visits", "/visits", "pulse"),
        ),
    ),
    Section(
        "Develop",
        (
            NavigationLink("API accounts", "/accounts", "key"),
            NavigationLink("Journal", "/journal", "journal"),
            NavigationLink("Webhooks", "/webhooks", "hook"),
            NavigationLink("Workbench", "/workbench", "hook"),
            NavigationLink("Report card", "/report", "report"),
            NavigationLink("Least permission", "/permissions", "key"),
            NavigationLink("Tasks", "/tasks", "task"),
            NavigationLink("Apps", "/apps", "app"),
            NavigationLink("Request checks", "/law", "law"),
        ),
    ),
    Section(
        "Lab",
        (
            NavigationLink("Faults", "/lab/faults", "fault"),
            NavigationLink("Clock", "/lab/clock", "clock"),
            NavigationLink("Snapshots", "/lab/snapshots", "copies"),
            NavigationLink("Named states", "/lab/states", "state"),
            NavigationLink("Sample data", "/lab/sample", "seed"),
        ),
    ),
    Section(
        "Store",
        (
            NavigationLink("Shop settings", "/shop", "store"),
            NavigationLink("Status and plan", "/status", "pulse"),
            NavigationLink("Settings", "/settings", "settings"),
            NavigationLink("Installed apps", "/installed-apps", "app"),
            NavigationLink("Team", "/team", "customer"),
        ),
    ),
)
"""The links of a store, section by section."""


def sections(request: PanelRequest) -> list[tuple[str, list[tuple[NavigationLink, str, bool]]]]:
    """Each section with its links: the link, its address, and whether it is the current page."""
    here = request.path.removeprefix(request.base)
    found = [
        (section.title, [(link, request.base + link.path, _leads(link, here)) for link in shown(request, section)])
        for section in STORE
    ]
    return [(title, links) for title, links in found if links]


def shown(request: PanelRequest, section: Section) -> list[NavigationLink]:
    """The links of a section that the role of whoever looks may follow; those of the lab where it is on."""
    links = [link for link in section.links if team.may(request.role, link.path, changes=False)]
    return [link for link in links if request.panel.lab is not None or team.area_of(link.path) != "lab"]


def _leads(link: NavigationLink, here: str) -> bool:
    return here in ("", "/") if not link.path else here == link.path or here.startswith(link.path + "/")
