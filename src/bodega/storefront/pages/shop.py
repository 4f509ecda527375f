"""The small storefront: home, categories, brands, products, search, pages and posts, as the channel's settings say.

It asks what any storefront can ask, the GraphQL API, so it is something to start from as well as something to sell by.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from bodega.resources.settings.storefront import category_settings, product_settings, search_settings
from bodega.storable import is_storable
from bodega.storefront.pages import own_cart
from bodega.storefront.pages import shop_queries as queries
from bodega.storefront.pages.shop_queries import ask, nodes
from bodega.storefront.pages.web import Answer, Page

SHOWN = "storefront.pages"
"""The setting that shows these pages."""

PAGE_SIZE = 24
OPTION = "attribute-"
"""Before the number of an option, in the name of its field."""

SORTS: Mapping[str, str] = {
    "FEATURED": "Featured", "NEWEST": "Newest", "BEST_SELLING": "Best selling", "A_TO_Z": "Name, A to Z",
    "Z_TO_A": "Name, Z to A", "LOWEST_PRICE": "Price, lowest first", "HIGHEST_PRICE": "Price, highest first",
    "BEST_REVIEWED": "Best reviewed", "RELEVANCE": "Best match",
}  # fmt: skip
_BY_SETTING = {
    "featured": "FEATURED", "bestselling": "BEST_SELLING", "newest": "NEWEST", "alphaasc": "A_TO_Z",
    "alphadesc": "Z_TO_A", "pricedesc": "HIGHEST_PRICE", "priceasc": "LOWEST_PRICE",
    "avgcustomerreview": "BEST_REVIEWED", "relevance": "RELEVANCE",
}  # fmt: skip


class Shown(NamedTuple):
    """What all pages have: the menu, the pages, how many pieces are in the cart, and what the settings show."""

    site: Mapping[str, Any]
    pieces: int
    product: Any
    category: Any
    signed_in: bool

    @property
    def has_prices(self) -> bool:
        """Whether this shopper sees prices."""
        return self.product.show_product_price and (self.signed_in or not self.product.hide_price_from_guests)

    def sells(self, product: Mapping[str, Any]) -> bool:
        """Whether this shopper can put a product into the cart."""
        return self.has_prices and product["showCartAction"] and product["inventory"]["isInStock"]


def sized(image: Mapping[str, Any] | None, size: str) -> str:
    """The address of an image at a size, as 640w."""
    return "" if image is None else str(image["urlTemplate"]).replace("{:size}", size)


async def frame(page: Page) -> Shown:
    """What all pages have."""
    assert page.store.rows is not None
    reader = page.store.rows.reader
    cart = await own_cart.own_cart(page)
    site = (await ask(page, queries.FRAME))["site"]
    return Shown(
        site,
        0 if cart is None else sum(one.quantity for one in cart.items if not one.parent_id),
        await product_settings(reader, page.channel_id, page.store.settings),
        await category_settings(reader, page.channel_id),
        bool(page.shopper.customer_id),
    )


async def show(page: Page, template: str, *, status: int = HTTPStatus.OK, **facts: Any) -> Answer:
    """A page of the storefront."""
    headers = facts.pop("headers", ())
    common = {"shop": await frame(page), "nodes": nodes, "sized": sized, "html": Markup, "sorts": SORTS}
    return page.show(template, *headers, status=status, **{**common, **facts})


async def home(page: Page) -> Answer:
    """The first page."""
    site = (await ask(page, queries.HOME))["site"]
    return await show(page, "home.html", site=site)


async def routed(page: Page) -> Answer | None:
    """The page of a path; None if there is nothing there."""
    asked = page.scope["path"]
    if not is_storable(asked):
        return None
    found = (await ask(page, queries.ROUTE, path=asked))["site"]["route"]
    if found["redirect"] is not None:
        target = str(found["redirect"]["toUrl"])
        moved = [(b"location", target.encode("ascii", "ignore")), (b"cache-control", b"no-cache")]
        return Answer(HTTPStatus.MOVED_PERMANENTLY, b"", moved)
    node = found["node"]
    if node is None:
        return None
    kind = node["__typename"]
    if kind == "Product":
        return await product(page, node["entityId"])
    if kind == "Category":
        return await category(page, node["entityId"])
    if kind == "Brand":
        return await brand(page, node["entityId"])
    return await content(page, node["id"])


async def product(page: Page, product_id: int, *, fault: str = "", status: int = HTTPStatus.OK) -> Answer | None:
    """A product, with the choices that the address or the form names."""
    said = {**page.query, **page.form}
    chosen = [
        {"optionEntityId": int(name.removeprefix(OPTION)), "valueEntityId": int(value)}
        for name, value in said.items()
        if name.startswith(OPTION) and _is_number(name.removeprefix(OPTION)) and _is_number(value)
    ]
    data = await ask(page, queries.PRODUCT, id=product_id, chosen=chosen)
    found = (data.get("site") or {}).get("product")
    if found is None and chosen:
        found = ((await ask(page, queries.PRODUCT, id=product_id, chosen=[])).get("site") or {}).get("product")
    if found is None:
        return None
    picked = {str(one["optionEntityId"]): str(one["valueEntityId"]) for one in chosen}
    return await show(page, "product.html", product=found, picked=picked, said=said, fault=fault, status=status)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


async def category(page: Page, category_id: int) -> Answer | None:
    """A category: what is in it, and the categories below it."""
    site = (await ask(page, queries.CATEGORY, id=category_id))["site"]
    if site["category"] is None:
        return None
    settings = (await frame(page)).category
    deep = settings.listing_mode != "current_category_only"
    filters: dict[str, Any] = {"categoryEntityId": category_id, "searchSubCategories": deep}
    usual = site["category"]["defaultProductSort"] or ""
    listed = await _listed(page, filters, usual if usual in SORTS else _BY_SETTING[settings.default_product_sort])
    below = site["categoryTree"][0]["children"] if site["categoryTree"] else []
    banners = site["content"]["banners"]["categoryPage"] if site["content"]["banners"] else None
    facts = {"heading": site["category"]["name"], "category": site["category"], "below": below, "banners": banners}
    return await show(page, "listing.html", **facts, **listed)


async def brand(page: Page, brand_id: int) -> Answer | None:
    """The products of a brand."""
    found = (await ask(page, queries.BRAND, id=brand_id))["site"]["brand"]
    if found is None:
        return None
    listed = await _listed(page, {"brandEntityIds": [brand_id]}, "FEATURED")
    return await show(page, "listing.html", heading=found["name"], **listed)


async def search(page: Page) -> Answer:
    """GET /search.php?search_query=WORDS."""
    words = page.query.get("search_query", "")[:200]
    assert page.store.rows is not None
    settings = await search_settings(page.store.rows.reader, page.channel_id)
    filters: dict[str, Any] = {"searchTerm": words} if words else {"isFeatured": True}
    usual = _BY_SETTING[settings.default_product_sort]
    listed = await _listed(page, filters, usual, filtered=settings.product_filtering_enabled)
    heading = f"Results for “{words}”" if words else "What are you looking for?"
    return await show(page, "listing.html", heading=heading, words=words, **listed)


async def _listed(page: Page, filters: dict[str, Any], usual: str, *, filtered: bool = True) -> dict[str, Any]:
    """A page of a list of products, narrowed and sorted as the address says."""
    asked = page.query
    if _is_number(asked.get("brand", "")):
        filters = {**filters, "brandEntityIds": [int(asked["brand"])]}
    price = {name: _amount(asked.get(field, "")) for name, field in (("minPrice", "min"), ("maxPrice", "max"))}
    if any(value is not None for value in price.values()):
        filters = {**filters, "price": {name: value for name, value in price.items() if value is not None}}
    if asked.get("in_stock"):
        filters = {**filters, "hideOutOfStock": True}
    attributes = [
        {"attribute": name.removeprefix("attr_"), "values": [value]}
        for name, value in asked.items()
        if name.startswith("attr_") and value
    ]
    if attributes:
        filters = {**filters, "productAttributes": attributes[:10]}
    sort = asked.get("sort", "") if asked.get("sort", "") in SORTS else usual
    place: dict[str, Any] = {"first": PAGE_SIZE}
    if asked.get("before"):
        place = {"last": PAGE_SIZE, "before": asked["before"]}
    elif asked.get("after"):
        place["after"] = asked["after"]
    data = await ask(page, queries.LISTED, filters=filters, sort=sort, **place)
    found = ((data.get("site") or {}).get("search") or {}).get("searchProducts")
    products = found["products"] if found else {"collectionInfo": {"totalItems": 0}, "pageInfo": {}, "edges": []}
    kept = {name: value for name, value in asked.items() if name not in ("after", "before") and value}

    def turned(**place: str) -> str:
        return f"{page.path}?{urlencode({**kept, **place})}"

    return {
        "products": products, "facets": nodes(found["filters"]) if found and filtered else [], "sort": sort,
        "kept": kept, "turned": turned, "filtered": filtered,
    }  # fmt: skip


def _amount(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < 1e9 else None


async def content(page: Page, node_id: str) -> Answer | None:
    """A page that the merchant wrote, a post, or the list of posts."""
    found = (await ask(page, queries.NODE, id=node_id)).get("node")
    return None if found is None else await show(page, "content.html", node=found)


async def missing(page: Page) -> Answer:
    """Nothing is there."""
    return await show(page, "missing.html", status=HTTPStatus.NOT_FOUND)
