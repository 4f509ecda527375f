"""Variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog import product, variants
from bodega.storefront.graphql.asking import Asking, Thing, node_id
from bodega.storefront.graphql.execution import batch, plain
from bodega.storefront.graphql.fields.products import aggregated, below, default_images


@batch("Product.variants")
async def _variants(asking: Asking, things: Sequence[Thing], args: Mapping[str, Any]) -> list[Any]:
    tests: list[str] = []
    values: list[Any] = []
    for column, given in (("sku", args.get("skus")), ("id", args.get("entityIds"))):
        if given:
            marks = ", ".join(f"${len(values) + place}" for place in range(1, len(given) + 1))
            tests.append(f"{column} IN ({marks})")
            values += given
    for chosen in args.get("optionValueIds") or ():
        values.append(chosen["valueEntityId"])
        tests.append(
            "EXISTS (SELECT 1 FROM variant_option_values o WHERE o.variant_id = variants.id"
            f" AND o.value_id = ${len(values)})"
        )
    test = " AND ".join(tests)
    made = await below(asking, variants.TABLE, "Variant", things, args, test=test, values=values)
    for owner, one in zip(things, made, strict=True):
        for edge in one["edges"]:
            edge["node"] = edge["node"]._replace(more=owner.row)
    return made


def _is_purchasable(thing: Thing) -> bool:
    owner: product.Product = thing.more
    return owner.availability == "available" and not thing.row.purchasing_disabled


def _inventory(thing: Thing) -> dict[str, Any]:
    owner: product.Product = thing.more
    tracking = owner.inventory_tracking
    level = thing.row.inventory_level if tracking == "variant" else owner.inventory_level
    warning = thing.row.inventory_warning_level if tracking == "variant" else owner.inventory_warning_level
    own = tracking == "variant"
    return {
        "stock": None if tracking == "none" else (owner.id, thing.row.id if own else 0),
        "level": level,
        "isInStock": tracking == "none" or level > 0,
        "aggregated": None if tracking == "none" else aggregated(level, warning),
    }


plain(
    "Variant",
    id=lambda thing: node_id("Variant", thing.row.id),
    entityId=lambda thing: thing.row.id,
    sku=lambda thing: thing.row.sku,
    upc=lambda thing: thing.row.upc or None,
    mpn=lambda thing: thing.row.mpn or None,
    gtin=lambda thing: thing.row.gtin or None,
    isPurchasable=_is_purchasable,
    inventory=_inventory,
)


@batch("Variant.defaultImage")
async def _default_image(asking: Asking, things: Sequence[Thing], _args: Mapping[str, Any]) -> list[Any]:
    found = await default_images(asking, [thing.row.product_id for thing in things])
    return [asking.image(thing.row.image_url, default=True) or found.get(thing.row.product_id) for thing in things]
