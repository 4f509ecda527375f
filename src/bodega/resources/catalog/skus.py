"""V2's SKUs: the variants that have options, as V2 shows them. Its id is the variant's `sku_id`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.fields import FILE_PATH, INT32, INTEGER, FieldType
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing
from bodega.kit.parameters import parser
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.resources.catalog import product, variants
from bodega.resources.catalog.variants import OptionValue, Variant
from bodega.storage.operands import Flag
from bodega.storage.text import caseless


def _show_options(values: list[OptionValue]) -> list[dict[str, int]]:
    return [{"product_option_id": value.option_id, "option_value_id": value.id} for value in values]


def _read_options(given: Any) -> list[dict[str, int]]:
    if isinstance(given, dict):
        given = [given]  # a single element in XML
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ValueError("must be a list of objects with product_option_id and option_value_id")
    return [{"option_id": _id(one, "product_option_id"), "id": _id(one, "option_value_id")} for one in given]


def _id(one: dict[str, Any], name: str) -> int:
    value = one.get(name)
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11 else value
    if type(number) is not int or not 0 < number <= INT32:
        raise ValueError(f"must be a list whose {name} are whole numbers from 1 to {INT32}")
    return number


class SkuOption(msgspec.Struct):
    """A value of an option, by V2's names."""

    product_option_id: int
    option_value_id: int


_Options = Annotated[list[SkuOption], AtMost(250)]
OPTIONS = FieldType("object_array", _show_options, _read_options, lambda values: values, holds=_Options)

_ID = parser("INTEGER", "id")


def _variant(text: str) -> int:
    """The id of the variant that is a SKU; one that no SKU can have is below all of them."""
    return max(0, int(_ID(text)) - variants.SKU_OFFSET)


SHAPE = V2Shape(
    Variant,
    "skus",
    "sku",
    "id! product_id! sku* price adjusted_price! cost_price upc inventory_level inventory_warning_level"
    " bin_picking_number weight adjusted_weight! is_purchasing_disabled purchasing_disabled_message image_file"
    " options*",
    {
        "id": Alias("sku_id", INTEGER),
        "adjusted_price": Alias("calculated_price"),
        "adjusted_weight": Alias("calculated_weight"),
        "is_purchasing_disabled": Alias("purchasing_disabled"),
        "image_file": Alias("image_url", FILE_PATH),
        "options": Alias("option_values", OPTIONS),
    },
)

TABLE = variants.TABLE
LISTING = Listing(
    TABLE,
    2,
    "upc inventory_level inventory_warning_level bin_picking_number min_inventory_level max_inventory_level",
    mapped={
        "id": Filter("id", "eq", _variant),
        "min_id": Filter("id", "min", _variant),
        "max_id": Filter("id", "max", _variant),
        "sku": Filter("sku_key", "eq", caseless),
        "is_low_inventory": Filter(Flag("is_low"), "is", parser("BOOLEAN", "")),
    },
)
WITH_OPTIONS = {"is_base": False}
ALL = Endpoint(
    2, TABLE, LISTING, variants.SCOPE, "products/skus", v2=SHAPE, only=WITH_OPTIONS, id_offset=variants.SKU_OFFSET
)
OF_PRODUCT = Endpoint(
    2,
    TABLE,
    LISTING,
    variants.SCOPE,
    "products/{}/skus",
    v2=SHAPE,
    parents=(Parent("product_id", product.TABLE),),
    only=WITH_OPTIONS,
    id_offset=variants.SKU_OFFSET,
)

routes = (
    collection("products/skus", ALL, "GET"),
    count("products/skus/count", ALL),
    item("products/skus/{id}", ALL, "GET PUT"),
    collection("products/{product_id}/skus", OF_PRODUCT, "GET POST DELETE"),
    item("products/{product_id}/skus/{id}", OF_PRODUCT),
    count("products/{product_id}/skus/count", OF_PRODUCT),
)

RESOURCE = Resource(routes=routes)
