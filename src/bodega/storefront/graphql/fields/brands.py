"""Brands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.storefront.graphql.asking import Asking, Thing, node_id
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.listed import products_by
from bodega.storefront.graphql.fields.products import seo

Args = Mapping[str, Any]

plain(
    "Brand",
    id=lambda thing: node_id("Brand", thing.row.id),
    entityId=lambda thing: thing.row.id,
    name=lambda thing: thing.row.name,
    pageTitle=lambda thing: thing.row.page_title or thing.row.name,
    metaDesc=lambda thing: thing.row.meta_description,
    metaKeywords=lambda thing: list(thing.row.meta_keywords),
    seo=lambda thing: seo(thing.row.page_title or thing.row.name, thing.row.meta_description, thing.row.meta_keywords),
    searchKeywords=lambda thing: [one.strip() for one in thing.row.search_keywords.split(",") if one.strip()],
    path=lambda thing: thing.row.custom_url.url,
)


@plain_with("Brand.defaultImage")
def _image(asking: Asking, thing: Thing, _args: Args) -> Any:
    return asking.image(thing.row.image_url, thing.row.name, default=True)


@batch("Brand.products")
async def _products(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return list(await products_by(asking, "products p", "p.brand_id", [thing.row.id for thing in things], args))
