"""Filling a store with the sample catalogue, by the same rules by which a client would.

Many products share a transaction. The next ones are made ready between two transactions, which is when a server that
has the store open gets its turn to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.declare.facet import Facet
from bodega.declare.write import apply, build
from bodega.lab import catalogue
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.catalog import brands, categories, products
from bodega.storage.table import numbered_marks
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

CHUNK = 200
"""Products a transaction: enough that the commit costs little, few enough that nobody waits long."""

JOB = 50
"""Products a job: several jobs in one transaction are written without a savepoint for each statement (PostgreSQL)."""

Drafts = Mapping[int, dict[str, Any]]

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Taken(Exception):
    """Product `number` cannot be made: something in the store stands in its way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


async def seed(store: OpenStore, count: int, seed: int = 1, made: Callable[[int], None] = lambda _count: None) -> None:
    """Adds `count` products of a seed, those that are not there yet, with their categories and brands.

    `made` is told now and then how many products were added. Raises Refusal when the plan holds no more; what
    was added until then stays.
    """
    shelves = await store.write(_categories)
    labels = await store.write(_brands)
    rows = await store.ready()
    number = await _first_free(rows.reader, seed)

    async def write(drafts: Drafts) -> int:
        while True:
            try:
                added: int = await store.write(partial(_products, drafts))
            except Taken as taken:
                drafts = {number: draft for number, draft in drafts.items() if number != taken.number}
            else:
                made(added)
                return added

    while count > 0:
        end = number + min(CHUNK, count)
        drafts = [(k, _draft(seed, k, shelves, labels)) for k in range(number, end)]
        jobs = [write(dict(drafts[start : start + JOB])) for start in range(0, len(drafts), JOB)]
        count -= sum(await _all_of(jobs))
        number = end


async def _all_of(jobs: Sequence[Coroutine[Any, Any, int]]) -> list[int]:
    """What all jobs returned, once all have ended. Raises what the first failure raised."""
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if not isinstance(result, BaseException)]


def _draft(seed: int, number: int, shelves: Sequence[int], labels: Sequence[int]) -> dict[str, Any]:
    """What a V3 POST of the sample product asks for."""
    body = catalogue.product(seed, number)
    body["categories"] = sorted({shelves[place] for place in body["categories"]})
    body["brand_id"] = labels[body.pop("brand")]
    return _read(products.V3, body)


async def _products(drafts: Drafts, unit: Unit) -> int:
    """Makes those of the products whose names and SKUs are free; how many."""
    names = await _held(unit.tx, "products.name_key", [draft["name"].casefold() for draft in drafts.values()])
    skus = await _held(unit.tx, SKUS, [draft["sku"].casefold() for draft in drafts.values()])
    added = 0
    for number, draft in drafts.items():
        if draft["name"].casefold() in names or draft["sku"].casefold() in skus:
            continue
        if added and _room(unit, products.V3) == 0:
            break  # what the plan holds is made; the next chunk is told that there is no room
        try:
            await _create(unit, products.V3, dict(draft))
        except Refusal as refusal:
            if refusal.reason is Reason.DUPLICATE:
                raise Taken(number) from refusal
            raise
        added += 1
    return added


async def _categories(unit: Unit) -> list[int]:
    """The ids of the sample categories, made where they are missing; for one too many for the plan, its parent's."""
    there = {(entity.name, entity.parent_id): entity.id for entity in await _all(unit, categories.V3)}
    ids: list[int] = []
    for wanted in catalogue.categories():
        parent = 0 if wanted.parent is None else ids[wanted.parent]
        found = there.get((wanted.name, parent))
        if found is None and ids and _room(unit, categories.V3) == 0:
            ids.append(parent or ids[0])
            continue
        body = {
            "name": wanted.name,
            "parent_id": parent,
            "description": wanted.description,
            "sort_order": wanted.sort_order,
        }
        ids.append(found or (await _create(unit, categories.V3, _read(categories.V3, body))))
    return ids


async def _brands(unit: Unit) -> list[int]:
    """The ids of the sample brands, made where they are missing; 0 for one that the plan has no room for."""
    there = {entity.name: entity.id for entity in await _all(unit, brands.V3)}
    ids: list[int] = []
    for wanted in catalogue.brands():
        found = there.get(wanted.name)
        if found is None and _room(unit, brands.V3) != 0:
            body = {"name": wanted.name, "page_title": wanted.page_title, "search_keywords": wanted.search_keywords}
            found = await _create(unit, brands.V3, _read(brands.V3, body))
        ids.append(found or 0)
    return ids


def _read(facet: Facet, body: dict[str, Any]) -> dict[str, Any]:
    """What a V3 POST of this body asks for. Raises Refusal."""
    assert facet.v3 is not None
    return {**facet.defaults, **facet.v3.read(_encode(body), creating=True)}


async def _create(unit: Unit, facet: Facet, changes: dict[str, Any]) -> int:
    """Does what a V3 POST asked for; the new id. Raises Refusal."""
    await apply(unit, facet.table, changes, None, [])
    row = await unit.insert(facet.table, build(facet.table, changes, unit.now))
    return int(row.entity.id)


def _room(unit: Unit, facet: Facet) -> int | None:
    """How many more the plan holds; None when it sets no limit."""
    limit = unit.terms.limits.get(facet.table.counter)
    return None if limit is None else max(0, limit - unit.ledger.total(facet.table.name))


async def _all(unit: Unit, facet: Facet) -> list[Any]:
    rows = await unit.tx.rows(f"SELECT doc, rest FROM {facet.table.name}")  # noqa: S608 - a declared name
    return [facet.table.decode(row[0], row[1]) for row in rows]


SKUS = "variants.sku_key"
"""Where SKUs are found by an index; `column` as `table.column`, which must have one."""


async def _held(tx: Tx, column: str, values: Sequence[str]) -> set[str]:
    """Those of the values that a row has in `column`."""
    if not values:
        return set()
    table, _, name = column.partition(".")
    marks = numbered_marks(len(values))
    rows = await tx.rows(f"SELECT {name} FROM {table} WHERE {name} IN ({marks})", *values)  # noqa: S608
    return {row[0] for row in rows}


async def _first_free(reader: Tx, seed: int) -> int:
    """The number of a product that is not there while the one before it is: where an earlier seeding ended."""

    async def there(number: int) -> bool:
        return bool(await _held(reader, SKUS, [catalogue.product(seed, number)["sku"].casefold()]))

    if not await there(0):
        return 0
    known, missing = 0, 1
    while await there(missing):
        known, missing = missing, missing * 2
    while missing - known > 1:
        middle = (known + missing) // 2
        known, missing = (middle, missing) if await there(middle) else (known, middle)
    return missing
