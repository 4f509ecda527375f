"""Assignments: pairs of ids, such as a product and its category, listed, made and removed many at a time (V3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from bodega.kit import render
from bodega.kit.actions import Action
from bodega.kit.body import parse_json, respect_cap, wrong_type
from bodega.kit.complaint import WrongType, typed
from bodega.kit.context import Context, Found, Write
from bodega.kit.fields import INT32
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer
from bodega.kit.route import Route
from bodega.law.outcome import Emptied, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, refuse_faults
from bodega.storage import query, rows
from bodega.storage.declaration import declared_in
from bodega.storage.plan import conditions_sql
from bodega.storage.table import Table
from bodega.storage.tx import Record
from bodega.storage.unit import Unit

MAXIMUM = 1000
"""The most pairs in one request: no limit is published, but there must be one."""

Named = Annotated[int, msgspec.Meta(ge=1, le=INT32)]
Change = Callable[[Unit, int, set[int], set[int]], Awaitable[None]]


class Pairs(NamedTuple):
    """`owner` and `member` name the two ids on the wire; `owners` and `members` are the tables they are of.

    `source` is SQL that selects the pairs, with the column names of the wire, sorted by both with an index. `tables`
    names the tables whose statistics change with them. `change(unit, owner, add, drop)` makes and removes pairs of one
    owner.
    """

    owner: str
    member: str
    owners: Table
    members: Table
    source: str
    tables: str
    change: Change


def assignments(path: str, pairs: Pairs, scope: str) -> Route:
    """GET, PUT and DELETE of pairs; a delete needs a filter (rule 22)."""
    actions = {"GET": ListPairs(pairs, scope), "PUT": Assign(pairs, scope), "DELETE": Unassign(pairs, scope)}
    return Route(3, path, actions, file=declared_in())


class OfPairs(Action):
    """What the methods of pairs have in common."""

    def __init__(self, pairs: Pairs, scope: str) -> None:
        self.pairs = pairs
        self.scope = scope
        self.table = pairs.owners
        word = ":{}:in" if self.writes else ":{}"
        names = {
            word.format(name): FilterField(name, integer, ("in", "not_in")) for name in (pairs.owner, pairs.member)
        }
        self.listing = Listing(pairs.owners, 3, "", mapped=names, exact=self.writes)

    async def find(self, context: Context) -> Found:
        standings = [await rows.table_state_of(context.reader, name) for name in self.pairs.tables.split()]
        return Found(Validator.of_all(*(Validator(one.revision, one.modified) for one in standings)))

    def _state(self, unit: Unit) -> Validator:
        return Validator.of_all(*(Validator(*unit.statistics.state(name)) for name in self.pairs.tables.split()))

    def _still(self, unit: Unit, write: Write) -> None:
        if write.recheck is not None:
            write.recheck(self._state(unit))


class ListPairs(OfPairs):
    """GET: a page of the pairs."""

    is_list = True

    def parse(self, query: str) -> Query:
        return self.listing.parse(query, closed=True)

    async def answer(self, context: Context, found: Found) -> Outcome:
        plan, pairs = context.query.plan, self.pairs
        where, values = conditions_sql(plan.where, context.reader.dialect)
        source = f"FROM ({pairs.source}) pairs{where}"
        limits = f"LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}"
        order = f"{pairs.owner}, {pairs.member}"
        sql = f"SELECT {order} {source} ORDER BY {order} {limits}"
        page = await context.reader.rows(sql, *values, plan.limit, plan.offset)
        total = await query.value(context.reader, f"SELECT count(*) {source}", *values)
        shown = render.json([{pairs.owner: owner, pairs.member: member} for owner, member in page])
        told = render.pagination(context, total, len(page))
        return Shown(ready=b'{"data":' + shown + b',"meta":{"pagination":' + told + b"}}")


class Assign(OfPairs):
    """PUT: makes pairs; existing ones stay."""

    writes = True
    body = True

    @property
    def takes(self) -> Any:
        """A list of pairs."""
        return list[msgspec.defstruct("Pair", [(self.pairs.owner, int), (self.pairs.member, int)])]  # type: ignore[misc]

    def read(self, content: Any) -> Any:
        items = parse_json(content)
        respect_cap(items, MAXIMUM)
        faults: list[Fault] = []
        wanted = [self._pair(position, item, faults) for position, item in enumerate(items)]
        if faults:
            raise refuse_faults(faults)
        return wanted

    def _pair(self, position: int, item: Any, faults: list[Fault]) -> tuple[int, int]:
        pair = []
        for name in (self.pairs.owner, self.pairs.member):
            if not isinstance(item, dict):
                faults.append(wrong_type(str(position), WrongType("must be an object", "error.expected.jsobject")))
                break
            value = item.get(name)
            if value is None:
                faults.append(Fault(Reason.FIELD_MISSING, f"{position}.{name}", f"{name} is required."))
                continue
            try:
                pair.append(typed(value, Named))
            except ValueError as error:
                faults.append(wrong_type(name, error).below(str(position)))
        return (pair[0], pair[1]) if len(pair) == 2 else (0, 0)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        await self._refuse_strangers(unit, write.draft)
        for owner, members in _by_owner(write.draft).items():
            await self.pairs.change(unit, owner, members, set())
        return Emptied()

    async def _refuse_strangers(self, unit: Unit, wanted: Sequence[tuple[int, int]]) -> None:
        """Both members of a pair must exist; every one that does not is named (422, as published)."""
        faults = []
        for side, (name, table) in enumerate(
            ((self.pairs.owner, self.pairs.owners), (self.pairs.member, self.pairs.members))
        ):
            ids = sorted({pair[side] for pair in wanted})
            there = set(await query.existing(unit.tx, table.name, ids))
            message = f"The {table.noun} does not exist."
            faults += [
                Fault(Reason.FIELD_INVALID, f"{position}.{name}", message)
                for position, pair in enumerate(wanted)
                if pair[side] not in there
            ]
        if faults:
            raise refuse_faults(faults)


class Unassign(OfPairs):
    """DELETE: removes the pairs that the filters name."""

    writes = True

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, strict=True)
        if not asked.filters:
            raise self.listing.need_filter()
        return asked

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        where, values = conditions_sql(context.query.plan.where, unit.tx.dialect)
        pairs = self.pairs
        sql = f"SELECT {pairs.owner}, {pairs.member} FROM ({pairs.source}) pairs{where}"
        for owner, members in _by_owner(await unit.tx.rows(sql, *values)).items():
            await pairs.change(unit, owner, set(), members)
        return Emptied()


def _by_owner(pairs: Iterable[Record]) -> Mapping[int, set[int]]:
    found: dict[int, set[int]] = {}
    for owner, member in pairs:
        found.setdefault(owner, set()).add(member)
    return found
