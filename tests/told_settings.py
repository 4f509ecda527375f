"""Another value for each setting of a store, and what the storefront's GraphQL API says, which may follow from it."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from bodega.kit.hints import hints_of
from bodega.resources.settings.group import Group
from bodega.storefront.graphql.schema import schema
from shop import Shop
from storefront import Window

SCHEMA = schema()
OTHERS: dict[str, Any] = {
    "store_email": "other@example.com", "store_country": "France", "decimal_token": "_", "thousands_token": " ",
    "low_stock_notification_address": ["a@example.com"], "out_of_stock_notification_address": ["a@example.com"],
    "default_shopper_language": "fr", "csp_header": {"enabled": True, "header_value": "default-src 'self'"},
    "hsts": {"enabled": True, "include_preload": True, "include_subdomains": True, "max_age": "one_year"},
    "x_frame_options_header": {"enabled": True, "setting": "same_origin"}, "default_product_sort": "pricedesc",
    "category_tree_depth": 1,
}  # fmt: skip
"""Where any other value will not do."""


def another(group: Group[Any], name: str, now: Any) -> Any:
    """A value of a member that differs from what holds now."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(now, bool):
        return not now
    if isinstance(now, int):
        return now + 1
    hint = hints_of(group.kind)[name]
    if get_origin(hint) is Literal:
        return next(word for word in get_args(hint) if word != now)
    return f"Other {name}"


def whole(kind: Any, depth: int = 5) -> str:
    """A selection of all that a type has, so deep, but for connections and what needs arguments."""
    if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
        found = SCHEMA.get_possible_types(kind)
        return " ".join(["__typename", *(f"... on {one.name} {{ {whole(one, depth)} }}" for one in found)])
    parts = ["__typename"]
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if field.deprecation_reason or any(is_required_argument(one) for one in field.args.values()):
            continue
        if is_leaf_type(inner):
            parts.append(name)
        elif depth and not inner.name.endswith("Connection"):
            parts.append(f"{name} {{ {whole(inner, depth - 1)} }}")
    return " ".join(parts)


SETTINGS = SCHEMA.type_map["Settings"]
assert isinstance(SETTINGS, GraphQLObjectType)
QUERY = f"{{ site {{ settings {{ {whole(SETTINGS)} }} }} }}"


GOODS = f"""{{ site {{
    product(entityId: 1) {{ {whole(SCHEMA.type_map["Product"], 2)} }}
    categoryTree {{ name children {{ name children {{ name children {{ name children {{ name }} }} }} }} }}
    category(entityId: 1) {{ name products {{ edges {{ node {{ name }} }} }} }}
    search {{
        searchProducts(filters: {{searchTerm: "saw"}}) {{
            products {{ edges {{ node {{ name }} }} }}
            filters {{ edges {{ node {{ __typename name isCollapsedByDefault }} }} }}
        }}
    }}
}} }}"""


def goods(shop: Shop) -> None:
    """What `GOODS` asks for: products with prices, reviews, and little stock, in a tree of categories."""
    shop.category("Tools")
    for number in range(4):
        shop.category(f"Tools {number}", parent_id=number + 1)
    brand = shop.brand("Acme")
    for name, price in (("Saw", 5), ("Axe saw", 7), ("Best saw", 3)):
        more: dict[str, Any] = {"inventory_tracking": "product", "inventory_level": 0 if price == 5 else 2}
        made = shop.product(name, price=price, categories=[1, 3], sku=name, brand_id=brand, **more)
        review = {"title": "Good", "date_reviewed": "2026-11-01T00:00:00Z", "rating": 5, "status": "approved"}
        shop.post(f"/v3/catalog/products/{made}/reviews", review)


def seen(window: Window) -> dict[str, Any]:
    """What the shop says of its settings, by the path of each field, and of its goods."""
    found: dict[str, Any] = {}

    def put(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                put(f"{path}.{name}", inner)
        else:
            found[path] = value

    put("settings", window.ask(QUERY)["site"]["settings"])
    put("", window.ask(GOODS)["site"])
    return found | pages(window)


PATHS = ("/", "/saw/", "/axe-saw/", "/tools/", "/tools-0/", "/search.php?search_query=saw", "/login.php", "/cart.php")
"""Pages of the shop's own storefront for what `goods` makes."""


def pages(window: Window) -> dict[str, Any]:
    """What a guest's browser gets there, a line each, without what is new in every answer."""
    found = {}
    for path in PATHS:
        sent = {"host": f"{window.host}:8080", "accept": "text/html"}
        reply = window.shop.request("GET", path, base="", token="", headers=sent, scheme="http")
        lines = reply.body.decode().splitlines()
        found[path] = [reply.status, *sorted(re.sub(r'value="[A-Za-z0-9_.-]{20,}"', "", line) for line in lines)]
    return found
