"""Adding sample rows of any kind to a store that servers may have open, many to a transaction.

The next rows are prepared between two transactions, which is when a server that has the store open can write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from bodega.access.stores import OpenStore
from bodega.aside import aside
from bodega.kit.endpoint import Endpoint
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

CHUNK = 200
"""Rows a transaction: enough to make the commit cheap, few enough to let others write soon."""

JOB = 50
"""Rows a job: several jobs in one transaction are written without a savepoint for each statement (PostgreSQL)."""

Made = Callable[[int], None]
"""Called now and then with how many rows were added."""


class Keyed(NamedTuple):
    """Rows that are written one by one. `create` writes a draft, through the endpoint that a client would use.

    `keys` are what no two of them share, by the column that holds it, as `table.column`, which must have an index. The
    first of them shows where an earlier seeding ended.
    """

    endpoint: Endpoint
    create: Callable[[Unit, Any], Awaitable[None]]
    keys: Mapping[str, Callable[[Any], str]]


Drafts = Mapping[int, Any]
"""What is asked for, by number."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Taken(Exception):
    """Row `number` cannot be made: something in the store conflicts with it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


async def generate(
    store: OpenStore,
    numbers: range,
    draft: Callable[[int], Any],
    write: Callable[[Drafts, Unit], Awaitable[int]],
    made: Made,
    chunk: int = CHUNK,
    job: int = JOB,
) -> None:
    """Adds as many rows as there are numbers; those that conflict are skipped in favour of later ones.

    `draft(k)` is what number k asks for, made in a thread before the transaction; `write` adds the rows of drafts,
    returns how many it added, and raises Taken. Raises Refusal when the plan holds no more; what was added until then
    stays.
    """
    number, count = numbers.start, len(numbers)

    async def add(drafts: Drafts) -> int:
        while True:
            try:
                added: int = await store.write(partial(write, drafts))
            except Taken as taken:
                drafts = {number: draft for number, draft in drafts.items() if number != taken.number}
            else:
                made(added)
                return added

    while count > 0:
        end = number + min(chunk, count)
        drafts = await aside(partial(_drafted, draft, range(number, end)))
        jobs = [add(dict(drafts[start : start + job])) for start in range(0, len(drafts), job)]
        count -= sum(await _all_of(jobs))
        number = end


async def where_free(store: OpenStore, write: Callable[[Unit], Awaitable[None]]) -> None:
    """Adds what a store has once, such as sample pages; none of it where something in the store conflicts with it: a
    row that was renamed, or one of a client's own. Raises Refusal when the plan holds no more."""
    try:
        await store.write(write)
    except Refusal as refusal:
        if refusal.reason is not Reason.DUPLICATE:
            raise


def _drafted(draft: Callable[[int], Any], numbers: range) -> list[tuple[int, Any]]:
    return [(number, draft(number)) for number in numbers]


async def one_by_one(rows: Keyed, drafts: Drafts, unit: Unit) -> int:
    """Makes the rows that are free, as many as the plan holds; how many. Raises Taken."""
    taken = [
        (key, await _held(unit.tx, column, [key(draft) for draft in drafts.values()]))
        for column, key in rows.keys.items()
    ]
    added = 0
    for number, draft in drafts.items():
        if any(key(draft) in there for key, there in taken):
            continue
        if added and room(unit, rows.endpoint) == 0:
            break  # the plan is full: the next chunk will be refused
        try:
            await rows.create(unit, draft)
        except Refusal as refusal:
            if refusal.reason is Reason.DUPLICATE:
                raise Taken(number) from refusal
            raise
        added += 1
    return added


async def _all_of(jobs: Sequence[Coroutine[Any, Any, int]]) -> list[int]:
    """What all jobs returned, once all have ended. Raises what the first failure raised."""
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if not isinstance(result, BaseException)]


def read(endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a POST of this body asks for. Raises Refusal."""
    if endpoint.v3 is not None:
        return endpoint.v3.read(_encode(body), creating=True)
    assert endpoint.v2 is not None
    return endpoint.v2.read(body, creating=True)


def room(unit: Unit, endpoint: Endpoint) -> int | None:
    """How many more the plan holds; None when it sets no limit."""
    limit = unit.terms.limits.get(endpoint.table.counter)
    return None if limit is None else max(0, limit - unit.statistics.total(endpoint.table.name))


async def everything(unit: Unit, endpoint: Endpoint) -> list[Any]:
    """All entities of a small table."""
    return await query.entities(unit.tx, endpoint.table)


async def _held(tx: Tx, column: str, values: Sequence[str]) -> set[str]:
    """Those of the values that a row has in a column, given as `table.column`."""
    table, _, name = column.partition(".")
    placeholders = numbered_placeholders(len(values))
    sql = f"SELECT {name} FROM {table} WHERE {name} IN ({placeholders})"  # noqa: S608 - declared names
    return set(await query.values(tx, sql, *values))


async def first_free(tx: Tx, rows: Keyed, draft: Callable[[int], Any]) -> int:
    """A number that is not there while the one before it is: where an earlier seeding ended."""
    column, key = next(iter(rows.keys.items()))

    async def there(number: int) -> bool:
        return bool(await _held(tx, column, [key(draft(number))]))

    if not await there(0):
        return 0
    known, missing = 0, 1
    while await there(missing):
        known, missing = missing, missing * 2
    while missing - known > 1:
        middle = (known + missing) // 2
        known, missing = (middle, missing) if await there(middle) else (known, middle)
    return missing
