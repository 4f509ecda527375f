"""The rows of a person, table by table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bodega.resources.personal.declared import PERSONAL, Below, OfAddress, Own, Personal, Saying, Theirs
from bodega.storage import query
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.text import caseless
from bodega.storage.tx import Tx

AT_ONCE = 250
"""Rows that are read before others have their turn."""

Found = Mapping[str, Sequence[int]]
"""Ids of rows by table."""


class Person(NamedTuple):
    """A customer: their number and their e-mail address, in lower case."""

    customer: int
    email: str


async def search(tx: Tx, person: Person) -> Found:
    """The rows of the tables that no index leads to. All of them are read, so this is done before a transaction, and
    other requests have their turn after each part."""
    found: dict[str, list[int]] = {}
    for one in PERSONAL:
        if isinstance(one.how, Saying):
            found[one.table.name] = [key async for key in _searched(tx, one, one.how, person)]
    return found


async def _searched(tx: Tx, one: Personal, how: Saying, person: Person) -> AsyncIterator[int]:
    last = 0
    while True:
        rows = await query.where(tx, one.table, "id > $1", last, order=f"id LIMIT {AT_ONCE}")
        for row in rows:
            if says(how, row.entity, person):
                yield row.entity.id
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].entity.id
        await asyncio.sleep(0)


def says(how: Saying, entity: Any, person: Person) -> bool:
    """Whether a row is the person's."""
    if how.customer and person.customer and getattr(entity, how.customer) == person.customer:
        return True
    if not person.email:
        return False
    texts = (caseless(getattr(entity, name)) for name in how.members.split())
    return any(person.email in text if how.within else person.email == text for text in texts)


async def rows_of(tx: Tx, person: Person, searched: Found, *, most: int = 1_000_000_000) -> dict[str, list[int]]:
    """The ids of a person's rows, in the order of `PERSONAL`; at most so many of each table that is not below another.
    `searched` is what `search` found: of these the rows that are still the person's."""
    found: dict[str, list[int]] = {}
    for one in PERSONAL:
        name = one.table.name
        if isinstance(one.how, Saying):
            rows = await query.entities_of(tx, one.table, searched.get(name, ()))
            found[name] = [entity.id for entity in rows if says(one.how, entity, person)]
        elif isinstance(one.how, Below):
            found[name] = await _below(tx, name, one.how.column, found[one.how.table.name])
        else:
            test, values = _test(one.how, person)
            sql = f"SELECT id FROM {name} WHERE {test} ORDER BY id LIMIT {most}"
            found[name] = await query.values(tx, sql, *values)
    return found


def _test(how: Own | OfAddress | Theirs, person: Person) -> tuple[str, Sequence[Any]]:
    if isinstance(how, Own):
        return f"{how.column} = $1", (person.customer,)
    if isinstance(how, OfAddress):
        return f"{how.column} = $1", (person.email,)
    return how.test, (person.customer, person.email) if "$2" in how.test else (person.customer,)


async def _below(tx: Tx, name: str, column: str, parents: Iterable[int]) -> list[int]:
    found: list[int] = []
    for some in parts(list(parents), AT_ONCE):
        sql = f"SELECT id FROM {name} WHERE {column} IN ({numbered_placeholders(len(some))}) ORDER BY id"
        found += await query.values(tx, sql, *some)
    return found
