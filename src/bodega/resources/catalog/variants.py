"""Variants: what is actually bought. A simple product has one, its base variant; others differ in their option
values."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Count, Id, ImageUrl, Line, Measure, Money, Sku, ten_thousandths
from bodega.kit.filters import FilterField
from bodega.kit.images import UploadImage
from bodega.kit.includes import children
from bodega.kit.listing import Listing
from bodega.kit.route import collection, item, route
from bodega.kit.route import listed as listed_route
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault
from bodega.law.wording import CODES, OPTION_VALUES_TAKEN
from bodega.resources.catalog import product
from bodega.resources.catalog.product import Code
from bodega.storage.rules import depends_on
from bodega.storage.table import Link, Reference, Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

MAXIMUM = 600
"""The most variants of one product (rule 55: V2's older documents say 500)."""


SKU_OFFSET = 10_000
"""A variant with options is a SKU in V2, and has another number there: who takes one for the other finds nothing."""


class OptionValue(msgspec.Struct, kw_only=True):
    """A variant's value of one of its product's options. A request names it by ids or by words (rule 57)."""

    id: Id = 0
    label: Line = ""
    option_id: Id = 0
    option_display_name: Line = ""


class Variant(Entity, kw_only=True):
    """A price, weight or size of None is inherited from the product (rule 56); `sku_id` is its id as a V2 SKU."""

    product_id: Id
    sku: Sku = ""
    sku_id: int | None = None
    price: Money | None = None
    calculated_price: Money = Decimal(0)
    sale_price: Money | None = None
    retail_price: Money | None = None
    map_price: Money | None = None
    weight: Measure | None = None
    calculated_weight: Measure = Decimal(0)
    width: Measure | None = None
    height: Measure | None = None
    depth: Measure | None = None
    is_free_shipping: bool = False
    fixed_cost_shipping_price: Money | None = None
    purchasing_disabled: bool = False
    purchasing_disabled_message: Line = ""
    image_url: ImageUrl = ""
    cost_price: Money = Decimal(0)
    upc: Code = ""
    mpn: Line = ""
    gtin: Code = ""
    inventory_level: int = 0
    inventory_warning_level: Count = 0
    bin_picking_number: Line = ""
    option_values: Annotated[list[OptionValue], AtMost(250)] = []

    @property
    def is_base(self) -> bool:
        """Whether it is the base variant of a simple product."""
        return not self.option_values

    @property
    def combination(self) -> str:
        """Its option values, a combination that no other variant of the product may have."""
        return ",".join(map(str, sorted(value.id for value in self.option_values)))


def _is_low(variant: Variant) -> bool:
    return 0 < variant.inventory_warning_level >= variant.inventory_level


def as_sku(variant: Variant) -> dict[str, Any] | None:
    """The payload of its events: a variant with options is a SKU, a base variant is its product."""
    if variant.is_base:
        return None
    ids = {"product_id": variant.product_id, "variant_id": variant.id}
    return {"type": "sku", "id": variant.sku_id, "sku": ids}


TABLE = stored(
    "variants",
    Variant,
    noun="variant",
    columns="product_id sku",
    computed={
        "sku_key": ("TEXT", lambda variant: caseless(variant.sku) or None),
        "combination": ("TEXT", lambda variant: variant.combination),
        "is_base": ("BOOLEAN", lambda variant: variant.is_base),
        "is_low": ("BOOLEAN", _is_low),
        "upc": ("TEXT", attrgetter("upc")),
        "bin_picking_number": ("TEXT", attrgetter("bin_picking_number")),
        "inventory_level": ("INTEGER", attrgetter("inventory_level")),
        "inventory_warning_level": ("INTEGER", attrgetter("inventory_warning_level")),
        "calculated_price": ("BIGINT", lambda variant: ten_thousandths(variant.calculated_price)),
    },
    uniques=[
        Unique(("sku_key",), "sku", "The variant sku is a duplicate."),  # rule 43
        Unique(  # rule 57
            ("product_id", "combination"),
            "option_values",
            f"{CODES[OPTION_VALUES_TAKEN]}.",
            code=OPTION_VALUES_TAKEN,
        ),
    ],
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
    links=[
        Link(
            "variant_option_values", "variant_id", "value_id", "option_values", "option_values",
            "One or more of the option values do not exist.",
            lambda variant: [value.id for value in variant.option_values],
        )
    ],
    cap_within=("product_id", MAXIMUM),
    more_schema="CREATE INDEX variants_skus ON variants (id, is_base) WHERE NOT is_base;\n"
    "CREATE INDEX variants_low ON variants (product_id) WHERE is_low;\n"
    "CREATE INDEX variants_worth ON variants (calculated_price, inventory_level);",
)  # fmt: skip

UNSET: dict[str, Any] = {
    "cost_price": Decimal(0),
    "upc": "",
    "mpn": "",
    "gtin": "",
    "bin_picking_number": "",
    "inventory_level": 0,
    "inventory_warning_level": 0,
}
"""Members that a caller may send as null, and what is stored then: clients cannot read null for text or a number."""

_OR_NULL = {
    "cost_price": Money | None,
    "upc": Code | None,
    "mpn": Line | None,
    "gtin": Code | None,
    "bin_picking_number": Line | None,
    "inventory_level": int | None,
    "inventory_warning_level": Count | None,
}
_READ_ONLY = "id sku_id calculated_price calculated_weight"
_SET_ONCE = "option_values"
"""Clients write whole variants back, with values that have changed meanwhile."""
SHAPE = V3Shape(
    Variant,
    required="sku option_values",
    read_only=f"{_READ_ONLY} product_id",
    write_only=_OR_NULL,
    set_once=_SET_ONCE,
)
IN_A_BATCH = V3Shape(
    Variant,
    required="product_id sku option_values",
    read_only=_READ_ONLY,
    write_only=_OR_NULL,
    set_once=_SET_ONCE,
)

SCOPE = "store_v2_products"
OF_PRODUCT = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", shown=SHAPE.shown),
    SCOPE,
    "catalog/products/{}/variants",
    v3=SHAPE,
    created=200,
    parents=(Parent("product_id", product.TABLE),),
)
ALL = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "id :product_id upc",
        mapped={"sku": FilterField("sku_key")},
        shown=SHAPE.shown,
    ),
    SCOPE,
    "catalog/variants",
    v3=IN_A_BATCH,
    batch=Batch(50, whole=True, creates=True),  # rule 58
)

routes = (
    collection("catalog/products/{product_id}/variants", OF_PRODUCT, "GET POST"),
    item("catalog/products/{product_id}/variants/{id}", OF_PRODUCT),
    route("catalog/products/{product_id}/variants/{id}/image", 3, POST=UploadImage(OF_PRODUCT, by_url=True)),
    collection("catalog/variants", ALL, "GET").also(listed_route("catalog/variants", ALL, "PUT")),
)

INCLUDE = children(TABLE, "product_id")


@depends_on(" ".join(("product_id", *UNSET)))
async def replace_nulls(_unit: Unit, changes: dict[str, Any], old: Variant | None, _notes: list[Fault]) -> None:
    """Replaces nulls by defaults, and keeps a variant with its product whatever the body says."""
    for name, unset in UNSET.items():
        if name in changes and changes[name] is None:
            changes[name] = unset
    if old is not None:
        changes.pop("product_id", None)
