"""Products: the list, and the page of one. What belongs to a product is in product_parts.py and variants.py."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms, views
from bodega.panel.catalogue import BRANDS, PRODUCTS, CategoryNode, brand_names, tax_classes, tree
from bodega.panel.fields import Field, fields_of, rich
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.catalog.product import Product
from bodega.resources.catalog.product_shapes import V3_SHAPE

pages = Pages()

HERE = "/stores/{store}/products"
PER_PAGE = 25
SORTS = {
    "": ("newest first", {"sort": "id", "direction": "desc"}),
    "name": ("by name", {"sort": "name"}),
    "price": ("cheapest first", {"sort": "price"}),
    "dear": ("most expensive first", {"sort": "price", "direction": "desc"}),
    "stock": ("lowest stock first", {"sort": "inventory_level"}),
    "sold": ("best selling first", {"sort": "total_sold", "direction": "desc"}),
    "changed": ("last changed first", {"sort": "date_modified", "direction": "desc"}),
}
SHOWN: dict[str, tuple[str, dict[str, str]]] = {
    "": ("all", {}),
    "visible": ("visible", {"is_visible": "true"}),
    "hidden": ("hidden", {"is_visible": "false"}),
    "low": ("low in stock", {"inventory_low": "true"}),
    "out": ("out of stock", {"out_of_stock": "true"}),
}
COLUMNS = (
    "name,sku,price,calculated_price,inventory_level,inventory_warning_level,inventory_tracking,is_visible,availability"
)
MAX_PICTURES = 30
"""How many of its pictures are offered for a product's description."""
MAX_TREE = 400
"""With more categories than this, ids are typed instead of ticked: nobody reads a page of thousands of boxes."""

_BOUGHT = "availability availability_description order_quantity_minimum order_quantity_maximum"
_LATER = "preorder_release_date preorder_message is_preorder_only is_price_hidden price_hidden_label"
_GRAPH = "open_graph_use_product_name open_graph_title open_graph_use_meta_description open_graph_description"
GROUPS = (
    ("What it is", "name type sku description", True),
    ("Price", "price sale_price retail_price cost_price map_price tax_class_id", True),
    ("Stock", "inventory_tracking inventory_level inventory_warning_level bin_picking_number", True),
    ("Where it is shown", "is_visible is_featured condition is_condition_shown sort_order", True),
    ("Weight and shipping", "weight width depth height is_free_shipping fixed_cost_shipping_price", True),
    ("Purchase", f"{_BOUGHT} {_LATER}", False),
    ("Numbers of makers and shops", "upc mpn gtin product_tax_code", False),
    ("Search engines", "custom_url page_title meta_description meta_keywords search_keywords", False),
    ("Social networks", f"open_graph_type {_GRAPH} open_graph_use_image", False),
    ("More", "warranty related_products layout_file gift_wrapping_options_type gift_wrapping_options_list", False),
)
TITLES = {"tax_class_id": "Tax class", "inventory_level": "In stock", "inventory_warning_level": "Warn at",
          "is_visible": "Visible in the shop", "is_featured": "Featured", "is_free_shipping": "Ships free",
          "inventory_tracking": "Count stock of", "map_price": "Minimum advertised price"}  # fmt: skip
HINTS = {"sale_price": "0: no sale.", "related_products": "Ids, separated by commas; -1 chooses them automatically.",
         "order_quantity_minimum": "0: no limit.", "order_quantity_maximum": "0: no limit.",
         "inventory_warning_level": "0: no warning."}  # fmt: skip
TRACKING = (("none", "nothing"), ("product", "the product"), ("variant", "each variant"))


async def groups(request: PanelRequest) -> list[FieldGroup]:
    """The form of a product, with the brands, categories and tax classes of the store."""
    choices = {"tax_class_id": await tax_classes(request), "inventory_tracking": TRACKING}
    required = " ".join(V3_SHAPE.required)
    made = [
        FieldGroup(
            title, fields_of(Product, names, required=required, titles=TITLES, hints=HINTS, choices=choices), is_open
        )
        for title, names, is_open in GROUPS
    ]
    brands = await brand_names(request)
    brand = Field("brand_name", "Brand", "suggest", "A new name creates a new brand.", choices=brands)
    made[0] = made[0]._replace(fields=[*rich(made[0].fields, "description"), brand])
    made[3] = made[3]._replace(fields=[*made[3].fields, _categories(await tree(request))])
    return made


def _categories(nodes: list[CategoryNode]) -> Field:
    if len(nodes) > MAX_TREE:
        return Field("categories", "Categories", "ids", "Ids, separated by commas.", blank=[], wide=True)
    return Field("categories", "Categories", "many", choices=[(str(node.id), node.path) for node in nodes], blank=[])


async def product_of(request: PanelRequest) -> tuple[dict[str, Any], str]:
    """The product in the path, with the name of its brand, and its entity tag. Raises PageError."""
    reply = await api.read(request, f"{PRODUCTS}/{api.number(request.ids['product'])}")
    product: dict[str, Any] = reply.data
    brand = await api.send_request(request, "GET", f"{BRANDS}/{product['brand_id']}") if product["brand_id"] else None
    product["brand_name"] = brand.data["name"] if brand is not None and not brand.refused else ""
    return product, reply.etag


VIEWS = views.declare(
    "products",
    "Products",
    {"q": "Words", "category": "Category", "brand": "Brand", "show": "Show", "sort": "Order"},
    {"sku": "SKU", "price": "Price", "stock": "In stock", "state": "State"},
)


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The list: searched, filtered, sorted."""
    page = api.page_of(request)
    wanted = {name: request.query_value(name) for name in ("q", "category", "brand", "show", "sort")}
    wanted["show"] = wanted["show"] if wanted["show"] in SHOWN else ""
    wanted["sort"] = wanted["sort"] if wanted["sort"] in SORTS else ""
    asks: dict[str, Any] = {"keyword": wanted["q"], "categories": wanted["category"], "brand_id": wanted["brand"]}
    asks |= SHOWN[wanted["show"]][1] | SORTS[wanted["sort"]][1]
    reply = await api.send_request(
        request, "GET", PRODUCTS, limit=PER_PAGE, page=page, include="primary_image", include_fields=COLUMNS, **asks
    )
    nodes = await tree(request)
    given = {name: value for name, value in wanted.items() if value}
    there = {"category": [str(node.id) for node in nodes], "show": SHOWN, "sort": SORTS}
    query = view.carry(given, {**there, "brand": await _brands(request, wanted["brand"])})
    facts: dict[str, Any] = {
        "products": reply.data or [],
        "total": reply.total,
        "message": sentence_of(reply),
        "wanted": wanted,
        "nodes": nodes,
    }
    return show(
        request, "products.html", page=page, per=PER_PAGE, query=query, view=view,
        shown={key: title for key, (title, _) in SHOWN.items()},
        sorts={key: title for key, (title, _) in SORTS.items()}, **facts,
    )  # fmt: skip


async def _brands(request: PanelRequest, brand: str) -> set[str]:
    """The brand that is asked for, if there is one."""
    if not (brand.isascii() and brand.isdigit()):
        return set()
    reply = await api.send_request(request, "GET", f"{BRANDS}/{brand}", include_fields="name")
    return set() if reply.refused else {brand}


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new product."""
    form = forms.opened(await groups(request))
    form.texts |= {"type": "physical", "is_visible": "true"}
    return _new(request, form)


def _new(request: PanelRequest, form: Form, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return show(request, "product_new.html", status=status, form=form)


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a product."""
    sent = await forms.send(request, await groups(request), PRODUCTS)
    if sent.reply is None or sent.reply.refused:
        return _new(request, sent.form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"{request.base}/products/{sent.reply.data['id']}?done=made", *SAFE)


@pages.get(HERE + "/{product}")
async def detail(request: PanelRequest) -> Reply:
    """The form of a product."""
    product, etag = await product_of(request)
    return await _one(request, product, etag, forms.opened(await groups(request), product))


async def _one(
    request: PanelRequest, product: Mapping[str, Any], etag: str, form: Form, status: HTTPStatus = HTTPStatus.OK
) -> Reply:
    images = await api.send_request(request, "GET", f"{PRODUCTS}/{product['id']}/images", limit=MAX_PICTURES)
    form.pictures = [(one["url_standard"], one["description"] or "") for one in images.data or []]
    return show(request, "product.html", status=status, product=product, etag=etag, form=form, tab="details")


@pages.post(HERE + "/{product}")
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed."""
    product, etag = await product_of(request)
    path = f"{PRODUCTS}/{product['id']}"
    made = await groups(request)
    form, draft = forms.read(request, made, product)
    if "brand_name" in draft:
        draft["brand_id"] = 0  # the name alone decides, even if it is empty
    if form.faulty:
        return await _one(request, product, etag, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not draft:
        return go(f"{request.base}/products/{product['id']}?done=unchanged", *SAFE)
    reply = await api.send_request(request, "PUT", path, draft, etag=etag)
    if reply.refused or reply.errors:
        forms.complain(form, reply)
        return await _one(request, product, etag, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"{request.base}/products/{product['id']}?done=saved", *SAFE)


@pages.post(HERE + "/{product}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a product with everything that belongs to it."""
    reply = await api.send_request(request, "DELETE", f"{PRODUCTS}/{api.number(request.ids['product'])}")
    if reply.refused:
        product, etag = await product_of(request)
        form = forms.opened(await groups(request), product)
        forms.complain(form, reply)
        return await _one(request, product, etag, form, HTTPStatus(reply.status))
    return go(f"{request.base}/products?done=deleted", *SAFE)
