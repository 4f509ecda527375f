"""The search of everything in a store: products, orders, customers, what has a name, pages of the panel, settings."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bodega.access import team
from bodega.panel import api, settings
from bodega.panel.catalogue import PRODUCTS
from bodega.panel.navigation import STORE, shown
from bodega.panel.shop_settings import anchor
from bodega.panel.shop_words import PAGES as SHOP_PAGES
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply

pages = Pages()

SHOWN = 8
"""At most so many of each kind; "more" leads to the list with the same words."""

LONGEST = 100
_NUMBER = re.compile(r"[0-9]{1,9}")


class Hit(NamedTuple):
    """Something that was found; `path` is below the store's own."""

    title: str
    path: str
    says: str = ""


class Found(NamedTuple):
    """What was found of a kind; `more` is where all of it is listed, where there is more."""

    title: str
    hits: list[Hit]
    more: str = ""


class Named(NamedTuple):
    """A kind of thing that is found by its name: `path` in the panel, `api` its collection, `asks` the filter."""

    title: str
    path: str
    api: str
    asks: str = "name:like"


NAMED = (
    Named("Categories", "/categories", "/v3/catalog/categories"),
    Named("Brands", "/brands", "/v3/catalog/brands"),
    Named("Promotions", "/promotions", "/v3/promotions", "query"),
    Named("Price lists", "/price-lists", "/v3/pricelists"),
    Named("Web pages", "/web-pages", "/v3/content/pages"),
)


@pages.get("/stores/{store}/search")
async def search(request: PanelRequest) -> Reply:
    """The page."""
    words = request.query_value("q").strip()[:LONGEST]
    found: list[Found] = []
    if words:
        found = [Found("Pages", _pages(request, words)), Found("Settings", _settings(request, words))]
        if request.shop.rows is not None:
            kinds = {"/orders": _orders, "/products": _products, "/customers": _customers}
            of_names = [await _named(request, words, kind) for kind in NAMED if _may(request, kind.path)]
            found = [await ask(request, words) for path, ask in kinds.items() if _may(request, path)] + of_names + found
    return show(request, "search.html", words=words, found=[one for one in found if one.hits])


def _all_in(words: str, *texts: str) -> bool:
    """Whether each of the words is somewhere in the texts."""
    whole = " ".join(texts).lower()
    return all(word in whole for word in words.lower().split())


def _may(request: PanelRequest, path: str) -> bool:
    return team.may(request.role, path, changes=False)


def _pages(request: PanelRequest, words: str) -> list[Hit]:
    sections = [(section.title, link) for section in STORE for link in shown(request, section)]
    return [Hit(link.title, link.path, title) for title, link in sections if _all_in(words, title, link.title)][:SHOWN]


def _settings(request: PanelRequest, words: str) -> list[Hit]:
    """Settings of the shop by the words of its keeper, and those of the server."""
    hits: list[Hit] = []
    if not _may(request, "/settings"):
        return hits
    for name, page in SHOP_PAGES.items():
        for part in page.parts:
            for member, text in part.words.items():
                title, _, hint = text.partition("|")
                if _all_in(words, page.title, part.title, title, hint):
                    place = f"/shop/{name}#{anchor(part, member)}"
                    hits.append(Hit(title, place, f"{page.title}, {part.title}"))
    for key in settings.matching(words):
        page_name = settings.page_of(key)
        hits.append(
            Hit(settings.title_of(key), f"/settings/{page_name}#{key}", f"{settings.placed()[page_name].title}, {key}")
        )
    return hits[:SHOWN]


async def _products(request: PanelRequest, words: str) -> Found:
    fields = "name,sku,price"
    reply = await api.send_request(request, "GET", PRODUCTS, keyword=words, limit=SHOWN, include_fields=fields)
    hits = [Hit(one["name"], f"/products/{one['id']}", one["sku"]) for one in reply.data or []]
    return Found("Products", hits, f"/products?{urlencode({'q': words})}" if reply.total > SHOWN else "")


async def _named(request: PanelRequest, words: str, kind: Named) -> Found:
    reply = await api.send_request(request, "GET", kind.api, limit=SHOWN, **{kind.asks: words})
    hits = [Hit(one["name"], f"{kind.path}/{one['id']}") for one in reply.data or []]
    return Found(kind.title, hits, kind.path if reply.total > SHOWN else "")


async def _orders(request: PanelRequest, words: str) -> Found:
    number = words.removeprefix("#")
    asks: dict[str, Any] = {}
    if _NUMBER.fullmatch(number):
        asks = {"min_id": number, "max_id": number}
    elif "@" in words:
        asks = {"email": words}
    if not asks:
        return Found("Orders", [])
    reply = await api.send_request(request, "GET", "/v2/orders", limit=SHOWN, sort="id:desc", **asks)
    hits = [
        Hit(f"Order {one['id']}", f"/orders/{one['id']}",
            f"{one['billing_address']['first_name']} {one['billing_address']['last_name']}, {one['status']}")
        for one in reply.data or []
    ]  # fmt: skip
    return Found("Orders", hits, f"/orders?{urlencode({'q': words})}" if len(hits) == SHOWN else "")


async def _customers(request: PanelRequest, words: str) -> Found:
    asks = {"email:in" if "@" in words else "name:like": words}
    reply = await api.send_request(request, "GET", "/v3/customers", limit=SHOWN, **asks)
    hits = [
        Hit(f"{one['first_name']} {one['last_name']}".strip() or one["email"], f"/customers/{one['id']}", one["email"])
        for one in reply.data or []
    ]
    return Found("Customers", hits, f"/customers?{urlencode({'q': words})}" if reply.total > SHOWN else "")
