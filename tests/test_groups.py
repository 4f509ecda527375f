"""Writes that share a transaction: what they leave and answer is what they would, each by itself, in the order in which
they came. On PostgreSQL the rows of a group are sent as one statement (docs/decisions/0035)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import pytest

from bodega.domain.urls import ProductUrl
from bodega.kit.write import changed, create_one, update_one
from bodega.law.refusal import Refusal
from bodega.resources import TABLES
from bodega.resources.catalog import brands, categories, product, products, variants
from bodega.storage import keys, query
from bodega.storage.postgres.rows import PostgresRows
from bodega.storage.query import StoredRow, stored_sql
from bodega.storage.tx import Clash
from bodega.storage.unit import Terms, Unit
from bodega.storage.writer import Waiting
from shop import Server, Shop
from statistics_check import check_statistics

Job = Callable[[Unit], Awaitable[Any]]
SINCE = 1_800_000_000
MORE = {
    "product_categories": "product_id, category_id",
    "urls": "url, kind, owner",
    "product_texts": "product_id, description, title, keywords, body",
    "idempotency": "client_id, name, print, status",
    "page_index": "name, block, living",
}
FEW = 12
"""Names, SKUs and ids are drawn from few, so that jobs meet each other."""


async def _shown(unit: Unit, row: query.Row) -> Any:
    """What a write answers."""
    return json.loads(row.doc), row.version, row.modified


def _draft(endpoint: Any, *, creating: bool, **members: Any) -> Any:
    return endpoint.v3.read(json.dumps(members).encode(), creating=creating)


def _members(picks: Random) -> dict[str, Any]:
    """Some members of a product, many of them in somebody's way."""
    every = {
        "name": f"p{picks.randrange(2 * FEW)}",
        "sku": picks.choice(["", f"s{picks.randrange(FEW)}", f"S{picks.randrange(FEW)}"]),
        "brand_id": picks.randrange(FEW // 2),
        "categories": picks.sample(range(1, FEW // 2), picks.randrange(3)),
        "price": picks.randrange(1, 50),
        "description": f"d{picks.randrange(5)} ' \\ é",
        "inventory_level": picks.randrange(20),
        "custom_url": {"url": f"/u{picks.randrange(FEW)}/"},
    }
    return {name: every[name] for name in picks.sample(sorted(every), picks.randrange(1, 4))}


def _create(endpoint: Any, **members: Any) -> Job:
    async def job(unit: Unit) -> Any:
        return await _shown(unit, await create_one(unit, endpoint, _draft(endpoint, creating=True, **members), []))

    return job


def _update(endpoint: Any, entity_id: int, known: StoredRow | None, **members: Any) -> Job:
    async def job(unit: Unit) -> Any:
        draft = _draft(endpoint, creating=False, **members)
        return await _shown(unit, await update_one(unit, endpoint, entity_id, draft, [], known=known))

    return job


def _delete(table: Any, *ids: int) -> Job:
    async def job(unit: Unit) -> Any:
        living = await query.existing(unit.tx, table.name, ids)
        await unit.delete(table, living)
        return sorted(living)

    return job


def _keep(key: str, **members: Any) -> Job:
    """A create whose answer is kept under a key: a second one of the key is refused whole."""

    async def job(unit: Unit) -> Any:
        made = await create_one(unit, brands.V3, _draft(brands.V3, creating=True, **members), [])
        answer = keys.FirstAnswer("print", 200, "", made.version, made.modified, made.doc)
        await keys.keep(unit, keys.Key("me", key, "print"), answer, over=False)
        return made.entity.id

    return job


def _fault(name: str) -> Job:
    async def job(unit: Unit) -> Any:
        await create_one(unit, brands.V3, _draft(brands.V3, creating=True, name=name), [])
        raise RuntimeError(name)

    return job


def _look(entity_id: int) -> Job:
    """A job that writes, and reads what is there."""

    async def job(unit: Unit) -> Any:
        row = await unit.get(products.TABLE, entity_id)
        level = await query.value(unit.tx, "SELECT coalesce(sum(id), 0) FROM products WHERE brand_id = 1")
        name = f"seen {level} {row and row.entity.name}"
        made = await create_one(unit, brands.V3, _draft(brands.V3, creating=True, name=name), [])
        urls = await query.values(unit.tx, "SELECT url FROM urls ORDER BY url")
        return made.entity.id, urls, await unit.tx.rows("SELECT id, name_key FROM products WHERE id <= $1", 5) != []

    return job


def _several(picks: Random) -> Job:
    """One job of several writes: values are given up and taken within it, in one order or the other."""
    one, other = picks.sample(range(1, FEW), 2)
    given = f"s{picks.randrange(FEW)}"
    first = picks.random() < 0.5

    async def job(unit: Unit) -> Any:
        steps = [(one, {"sku": given}), (other, {"sku": f"free {other}"})]
        told = []
        for entity_id, members in steps if first else steps[::-1]:
            row = await unit.get(products.TABLE, entity_id)
            if row is not None:
                told.append(await unit.update(products.TABLE, row, changed(product.TABLE, row.entity, **members)))
        made = await create_one(unit, categories.V3, _draft(categories.V3, creating=True, name=given, parent_id=0), [])
        return [row.doc for row in told], made.entity.id

    return job


def _list(*items: tuple[int, dict[str, Any]]) -> Job:
    """Updates of products, of which those that are refused are left out; no id is a new brand."""

    async def job(unit: Unit) -> Any:
        told: list[Any] = []
        for entity_id, members in items:
            mark = unit.statistics.mark()
            try:
                async with unit.tx.savepoint():
                    if entity_id:
                        draft = _draft(products.V3, creating=False, **members)
                        row = await update_one(unit, products.V3, entity_id, draft, [])
                    else:
                        row = await create_one(unit, brands.V3, _draft(brands.V3, creating=True, **members), [])
                told.append(await _shown(unit, row))
            except Refusal as refusal:
                unit.statistics.restore(mark)
                told.append(_answer(refusal))
        return told

    return job


def _variant(entity_id: int, level: int) -> Job:
    async def job(unit: Unit) -> Any:
        row = await unit.get(variants.TABLE, entity_id)
        if row is None:
            return None
        new = changed(variants.TABLE, row.entity, inventory_level=level)
        return await _shown(unit, await unit.update(variants.TABLE, row, new))

    return job


class Rename(NamedTuple):
    """The update of a product that was read before the group began, if it was there then."""

    entity_id: int
    members: dict[str, Any]

    async def job(self, reader: Any) -> Job:
        known = await reader.row(stored_sql(products.TABLE, "id = $1"), self.entity_id)
        return _update(products.V3, self.entity_id, None if known is None else StoredRow(*known), **self.members)


def _rename(entity_id: int, **members: Any) -> Rename:
    return Rename(entity_id, members)


def _new(name: str, **members: Any) -> Job:
    return _create(products.V3, **{"name": name, "type": "physical", "weight": 1, "price": 1} | members)


def _made_and_changed() -> Job:
    """A row is written three times by one job, and its URL moves with it."""

    async def job(unit: Unit) -> Any:
        draft = _draft(products.V3, creating=True, name="c", type="physical", weight=1, price=1)
        row = await create_one(unit, products.V3, draft, [])
        for price in (2, 3):
            new = changed(product.TABLE, row.entity, price=Decimal(price), custom_url=ProductUrl(f"/c{price}/"))
            row = await unit.update(products.TABLE, row.with_entity(row.entity), new)
        return await _shown(unit, row)

    return job


MEETINGS: dict[str, list[Job | Rename]] = {
    "a value is wanted before it is given up": [_new("c", sku="x"), _rename(1, sku="z")],
    "a value is given up before it is wanted": [_rename(1, sku="z"), _new("c", sku="x")],
    "a row takes a value that another gives up later": [_rename(1, sku="y"), _rename(2, sku="z")],
    "a row takes a value that another gave up": [_rename(2, sku="z"), _rename(1, sku="y")],
    "two rows change places": [_rename(1, sku="y"), _rename(2, sku="x")],
    "a name moves on twice": [_rename(1, name="c"), _new("a"), _rename(3, name="d"), _new("c")],
    "a URL is wanted before it is given up": [
        _new("c", custom_url={"url": "/a/"}), _rename(1, custom_url={"url": "/z/"})
    ],
    "a row refers to one that comes later": [_new("c", brand_id=1), _create(brands.V3, name="made later")],
    "a row comes to refer to one that comes later": [_rename(1, brand_id=1), _create(brands.V3, name="made later")],
    "a row refers to one that came before": [_create(brands.V3, name="made before"), _new("c", brand_id=1)],
    "a link leads to a row that comes later": [
        _new("c", categories=[1]), _create(categories.V3, name="late", parent_id=0)
    ],
    "a link leads to a row that came before": [
        _create(categories.V3, name="early", parent_id=0), _new("c", categories=[1]), _rename(1, categories=[1])
    ],
    "a row is made and changed": [_new("c"), _rename(3, price=5), _rename(3, name="d"), _rename(3, name="e")],
    "a row is made and changed by one job": [_made_and_changed(), _new("e")],
    "a row is made and deleted": [_new("c"), _delete(products.TABLE, 3), _new("c")],
    "a row is deleted and then written": [_delete(products.TABLE, 1), _rename(1, price=5), _new("a")],
    "a row is written and then deleted": [_rename(1, price=5), _delete(products.TABLE, 1), _new("a", sku="x")],
    "what a row refers to is deleted": [
        _create(brands.V3, name="short"), _new("c", brand_id=1), _delete(brands.TABLE, 1), _look(3)
    ],
    "a key comes twice": [_keep("key", name="c"), _keep("key", name="d"), _keep("other", name="e")],
    "one job sees what others wrote": [_new("c", brand_id=0), _rename(1, name="z"), _look(3), _look(1)],
    "a fault in the middle": [_new("c"), _fault("f"), _new("d"), _rename(1, price=9)],
    "a text that cannot be stored": [_new("c"), _new("d", description="\ud800"), _new("e")],
    "a part of a list is refused after it was written": [
        _new("c"), _list((1, {"price": 7}), (2, {"sku": "x"}), (2, {"price": 8})), _rename(1, price=9)
    ],
    "a part of a list is refused before it was written": [
        _new("c"), _list((1, {"price": 7}), (99, {"price": 1}), (2, {"price": 8})), _rename(1, price=9)
    ],
    "a brand of a list is there already": [
        _create(brands.V3, name="b"), _list((0, {"name": "b"}), (0, {"name": "c"}), (1, {"brand_id": 2}))
    ],
    "nothing new is said": [_rename(1, name="a"), _rename(1, name="c"), _rename(1, name="a"), _rename(2, name="b")],
    "stock of a product and of its variant": [
        _rename(1, inventory_level=4), _variant(1, 7), _rename(1, inventory_level=7), _variant(2, 3)
    ],
}  # fmt: skip
"""Jobs that meet in a group, after the products a (with SKU x) and b (with SKU y) were made."""


@pytest.mark.parametrize("meeting", MEETINGS)
def test_jobs_that_meet_in_a_group_end_as_one_after_the_other(server: Server, meeting: str) -> None:
    """Each meeting once in a group and once job by job; a group that conflicts is done over, so both are the same."""
    together, alone = server.shop(), server.shop()
    for shop in (together, alone):
        shop.freeze(SINCE)

    async def work(shop: Shop, *, grouped: bool) -> tuple[list[Any], Any]:
        rows = await _rows(shop)
        for job in (_new("a", sku="x"), _new("b", sku="y")):
            await rows.write(job, SINCE, Terms())
        told: list[Any] = []
        jobs = [await job.job(rows.reader) if isinstance(job, Rename) else job for job in MEETINGS[meeting]]
        asked = [rows.write(job, SINCE, Terms()) for job in jobs]
        for some in [asked] if grouped else [[one] for one in asked]:
            told += await asyncio.gather(*some, return_exceptions=True)
        return [_answer(each) for each in told], await _contents(rows.reader, heard=False)

    assert server.run(work(together, grouped=True)) == server.run(work(alone, grouped=False))


async def _rows(shop: Shop) -> Any:
    store = await shop.server.app.stores.get(shop.name)
    assert store is not None
    assert store.rows is not None
    return store.rows


async def _jobs(picks: Random, reader: Any, turn: int) -> list[Job]:
    """Jobs that write the same few rows; those that update know the row as it was before all of them."""
    made: list[Job] = []
    for number in range(40):
        some = picks.randrange(1, 2 * FEW)
        known = await reader.row(stored_sql(products.TABLE, "id = $1"), some)
        made.append(_job(picks, f"{turn} {number}", some, None if known is None else StoredRow(*known)))
    return made


def _job(picks: Random, fresh: str, some: int, known: StoredRow | None) -> Job:
    """One of them: `fresh` is a name that no other has, `known` the product `some`."""
    plain = {"type": "physical", "weight": 1, "price": 1}
    kinds: list[tuple[float, Callable[[], Job]]] = [
        (14, lambda: _create(products.V3, **plain | {"name": f"n{fresh}"})),
        (2, lambda: _create(products.V3, **plain | {"name": f"p{picks.randrange(2 * FEW)}"} | _members(picks))),
        (14, lambda: _update(products.V3, some, known, price=picks.randrange(99), description="new")),
        (4, lambda: _update(products.V3, some, known, **_members(picks))),
        (2, lambda: _update(products.V3, some, known, name=f"r{fresh}")),
        (2, lambda: _create(brands.V3, name=f"b{picks.randrange(FEW)}")),
        (1, lambda: _update(brands.V3, picks.randrange(1, FEW), None, name=f"b{picks.randrange(FEW)}")),
        (1, lambda: _create(categories.V3, name=f"c{picks.randrange(FEW)}", parent_id=picks.choice([0, 0, 1, 9]))),
        (1, lambda: _delete(products.TABLE, some, some + 1)),
        (1, lambda: _delete(brands.TABLE, picks.randrange(1, FEW))),
        (1, lambda: _keep(f"key{picks.randrange(4)}", name=f"k{fresh}")),
        (0.3, lambda: _fault(f"f{fresh}")),
        (1, lambda: _look(some)),
        (1, lambda: _several(picks)),
        (2, lambda: _list(*((picks.randrange(1, 9), {"price": picks.randrange(99)}) for _ in range(3)))),
        (1, lambda: _list((some, _members(picks)), (0, {"name": f"b{picks.randrange(FEW)}"}), (99, {"price": 1}))),
        (2, lambda: _variant(some, picks.randrange(9))),
    ]
    weights = [weight for weight, _ in kinds]
    return picks.choices([kind for _, kind in kinds], weights)[0]()


def _answer(told: Any) -> Any:
    """An answer as it can be compared."""
    if isinstance(told, Refusal):
        return told.reason, told.message, told.details, [(f.field, f.message, f.details) for f in told.faults]
    return type(told) if isinstance(told, (Clash, RuntimeError)) else told


async def _contents(reader: Any, *, heard: bool) -> dict[str, list[Any]]:
    """All rows. Events move the store's revision once a transaction: then versions differ."""
    found: dict[str, list[Any]] = {}
    for table in TABLES:
        columns = ["id", "doc", "rest", "modified", *(column.name for column in table.columns)]
        columns += [] if heard else ["version"]
        rows = await reader.rows(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY id")
        found[table.name] = [tuple(row) for row in rows]
    for name, listed in MORE.items():
        rows = await reader.rows(f"SELECT {listed} FROM {name} ORDER BY {listed}")
        found[name] = [tuple(row) for row in rows if name != "page_index" or tuple(row)[2]]
    rows = await reader.rows("SELECT id, hook_id, scope, data, created, state, next_at FROM deliveries ORDER BY id")
    found["deliveries"] = [tuple(row) for row in rows]
    columns = "name, total, next_id" + ("" if heard else ", revision, modified, index_revision")
    rows = await reader.rows(f"SELECT {columns} FROM table_statistics WHERE total > 0 ORDER BY name")
    found["statistics"] = [tuple(row) for row in rows]
    return found


def _redone(monkeypatch: pytest.MonkeyPatch) -> list[Waiting]:
    """The writes that PostgreSQL carries out alone, from now on."""
    found: list[Waiting] = []
    by_itself = PostgresRows._by_itself

    async def noted(rows: PostgresRows, waiting: Waiting) -> None:
        found.append(waiting)
        await by_itself(rows, waiting)

    monkeypatch.setattr(PostgresRows, "_by_itself", noted)
    return found


@pytest.mark.parametrize("heard", [False, True], ids=["nobody listens", "a hook listens"])
@pytest.mark.parametrize("seed", range(4))
def test_a_group_leaves_and_answers_what_its_jobs_do_one_by_one(
    server: Server, monkeypatch: pytest.MonkeyPatch, seed: int, heard: bool
) -> None:
    """Jobs that write the same rows, want the same values, read what another wrote, refer to what another made or
    deleted, and fail."""
    together, alone = server.shop(), server.shop()
    for shop in (together, alone):
        shop.freeze(SINCE)
        if heard:
            shop.watch()
    limits = Terms(limits={"products": 45})
    sizes = Random(seed)
    done_over = _redone(monkeypatch)

    async def work() -> None:
        groups, singles = await _rows(together), await _rows(alone)
        for turn in range(3):
            now = SINCE + turn // 2
            jobs = await _jobs(Random(f"{seed} {turn}"), groups.reader, turn)
            at_once: list[Any] = []
            while jobs:
                some = [groups.write(jobs.pop(0), now, limits) for _ in range(min(len(jobs), sizes.randrange(2, 8)))]
                at_once += await asyncio.gather(*some, return_exceptions=True)
            one_by_one: list[Any] = []
            for job in await _jobs(Random(f"{seed} {turn}"), singles.reader, turn):
                one_by_one += await asyncio.gather(singles.write(job, now, limits), return_exceptions=True)
            for place, (told, expected) in enumerate(zip(at_once, one_by_one, strict=True)):
                if not heard:
                    assert _answer(told) == _answer(expected), (turn, place)
                assert type(_answer(told)) is type(_answer(expected)), (turn, place)
            assert await _contents(groups.reader, heard=heard) == await _contents(singles.reader, heard=heard), turn

    server.run(work())
    check_statistics(together)
    assert len(done_over) < 190, "hardly any group was carried out as one"  # of the 240 jobs of both stores
