"""The products of a sample store, with their categories, brands and everything that belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from bodega.access.stores import OpenStore
from bodega.aside import aside
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import moment
from bodega.kit.picture import Picture
from bodega.kit.write import create_one
from bodega.lab import catalogue, seed_channels, seed_places, tiles
from bodega.lab.details import details
from bodega.lab.deterministic import DeterministicRandom, mix
from bodega.lab.generation import Keyed, Made, everything, first_free, generate, one_by_one, read, room
from bodega.lab.words import words
from bodega.resources.catalog import (
    brands,
    bulk_pricing,
    categories,
    custom_fields,
    images,
    products,
    reviews,
    variants,
    videos,
)
from bodega.resources.catalog.options import modifiers, product_options
from bodega.storage import files
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

CHILDREN: Mapping[str, Endpoint] = {
    "options": product_options.V3,
    "variants": variants.OF_PRODUCT,
    "modifiers": modifiers.V3,
    "custom_fields": custom_fields.V3,
    "bulk_pricing_rules": bulk_pricing.V3,
    "videos": videos.V3,
    "reviews": reviews.V3,
}
"""The endpoints of a product's children, in this order: variants refer to options."""

OLDEST, YOUNGEST = 1200, 365
"""Days since the first sample product was added, and since the last."""

DAY = 86_400

ALL_PICTURED = 1000
"""So many products of a seed all have an image; a row that shows one costs more than a product does."""

_SALT = 0x71E5
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class ProductDraft(NamedTuple):
    """A product, its children with their endpoints, how many pieces other locations have of it, and in which state it
    is listed on the marketplace ("": it is not)."""

    body: dict[str, Any]
    rows: Sequence[tuple[Endpoint, dict[str, Any]]]
    elsewhere: Mapping[int, int] = _NOTHING
    listed: str = ""


KEYS: Mapping[str, Callable[[ProductDraft], str]] = {
    "products.sku_key": lambda draft: caseless(draft.body["sku"]),
    "products.name_key": lambda draft: caseless(draft.body["name"]),
}


async def generate_products(store: OpenStore, count: int, seed: int, made: Made) -> None:
    """Adds the `count` products of a seed that do not exist yet. Raises Refusal when the plan is full."""
    pictures = await aside(lambda: {name: tiles.of_department(name) for name in words().departments})
    categories: list[int] = await store.write(partial(_categories, pictures))
    labels: list[int] = await store.write(_brands)
    places: list[int] = await store.write(seed_places.places)
    market: int = await store.write(seed_channels.channels_of_sample)

    def draft(number: int) -> ProductDraft:
        return _draft(seed, number, categories, labels, store.clock.now())

    rows = Keyed(products.V3, partial(_create, places, market), KEYS)
    first = await first_free((await store.ready()).reader, rows, draft)
    await generate(store, range(first, first + count), draft, partial(one_by_one, rows), made)


def _draft(seed: int, number: int, categories: Sequence[int], labels: Sequence[int], now: float) -> ProductDraft:
    """The drafts of V3 POSTs of the sample product and its children."""
    body = catalogue.product(seed, number)
    found = details(seed, number, body)
    for review in found.get("reviews", ()):
        review["date_reviewed"] = moment(now - review.pop("age"))
    rows = [(endpoint, read(endpoint, item)) for name, endpoint in CHILDREN.items() for item in found.get(name, ())]
    rows += [(images.V3, image) for image in _pictures(seed, number)]
    body["categories"] = sorted({categories[place] for place in catalogue.with_parents(body["categories"])})
    body["brand_id"] = labels[body.pop("brand")]
    draft = read(products.V3, body)
    days = YOUNGEST + mix(mix(seed) ^ number) % (OLDEST - YOUNGEST)
    draft["date_created"] = moment(now - days * DAY)
    elsewhere = seed_places.kept_at(seed, number, body)
    return ProductDraft(draft, rows, elsewhere, seed_channels.listed_as(seed, number))


def _pictures(seed: int, number: int) -> list[dict[str, Any]]:
    """The image of its kind; a few have a second one. Beyond the first products, only some have any."""
    rng = DeterministicRandom(seed ^ _SALT, number)
    if number >= ALL_PICTURED and not rng.one_in(4):
        return []
    article = catalogue.article_of(seed, number)
    department = article.stock.department_name
    made = [{"picture": tiles.of_kind(department, article.stock.kind.code), "description": article.name}]
    if rng.one_in(6):
        made.append(
            {
                "picture": tiles.of_department(department),
                "description": f"From the department {department}",
                "sort_order": 1,
            }
        )
    return made


async def _create(places: list[int], market: int, unit: Unit, draft: ProductDraft) -> None:
    row = await create_one(unit, products.V3, dict(draft.body), [])
    for endpoint, changes in draft.rows:
        await create_one(unit, endpoint, {**changes, **endpoint.only, "product_id": row.entity.id}, [])
    await seed_places.put_elsewhere(unit, row.entity.id, draft.elsewhere, places)
    await seed_channels.list_product(unit, market, row.entity.id, draft.listed)


async def _categories(pictures: Mapping[str, Picture], unit: Unit) -> list[int]:
    """The ids of the sample categories, created if missing; for one too many for the plan, its parent's."""
    there = {(entity.name, entity.parent_id): entity.id for entity in await everything(unit, categories.V3)}
    ids: list[int] = []
    for wanted in catalogue.categories():
        parent = 0 if wanted.parent is None else ids[wanted.parent]
        found = there.get((wanted.name, parent))
        if found is None and ids and room(unit, categories.V3) == 0:
            ids.append(parent or ids[0])
            continue
        body = {
            "name": wanted.name,
            "parent_id": parent,
            "description": wanted.description,
            "sort_order": wanted.sort_order,
        }
        shown: dict[str, Any] = {}
        if found is None and wanted.parent is None and wanted.name in pictures:
            await files.keep(unit.tx, pictures[wanted.name].original.file)
            shown["image_url"] = pictures[wanted.name].original.address
        ids.append(found or await _made(unit, categories.V3, body, shown))
    return ids


async def _brands(unit: Unit) -> list[int]:
    """The ids of the sample brands, created if missing; 0 for one too many for the plan."""
    there = {entity.name: entity.id for entity in await everything(unit, brands.V3)}
    ids: list[int] = []
    for wanted in catalogue.brands():
        found = there.get(wanted.name)
        if found is None and room(unit, brands.V3) != 0:
            body = {"name": wanted.name, "page_title": wanted.page_title, "search_keywords": wanted.search_keywords}
            found = await _made(unit, brands.V3, body)
        ids.append(found or 0)
    return ids


async def _made(unit: Unit, endpoint: Endpoint, body: Mapping[str, Any], more: Mapping[str, Any] = _NOTHING) -> int:
    """The id of a new row; `more` holds members that no body can set."""
    row = await create_one(unit, endpoint, {**read(endpoint, body), **more}, [])
    return int(row.entity.id)
