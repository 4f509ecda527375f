"""Settings of the whole store, and of channels that differ. One table for each kind, made by `settings_of`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import asdict, replace

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.outbox import Signal
from bodega.storage.table import Table
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

EVERYWHERE = 0
"""The id of the row for the whole store; the others have their channel's."""

Check = Callable[[Any], Sequence[Fault]]


class ChannelSettings(NamedTuple):
    """A kind of settings: its table, its operations, and what holds where neither store nor channel says anything."""

    table: Table
    defaults: Mapping[str, Any]
    resource: Resource

    async def of(self, tx: Tx, channel_id: int = EVERYWHERE) -> dict[str, Any]:
        """What holds for a channel: its own settings, else the store's, else the defaults."""
        return await holding(tx, self.table, self.defaults, channel_id)


async def holding(tx: Tx, table: Table, defaults: Mapping[str, Any], channel_id: int) -> dict[str, Any]:
    """The settings of a table that hold for a channel: its own, else the store's, else the defaults."""
    found = dict(defaults)
    for row_id in dict.fromkeys((EVERYWHERE, channel_id)):
        found |= {name: value for name, value in (await _kept(tx, table, row_id)).items() if value is not None}
    return found


async def of_its_channel(_tx: Tx, _old: Any, new: Any) -> list[int]:
    """The channel of a row of settings; those of the store belong to no channel."""
    return [new.id] if new.id != EVERYWHERE else []


async def _kept(tx: Tx, table: Table, row_id: int) -> dict[str, Any]:
    row = await query.get(tx, table, row_id)
    kept = asdict(row.entity if row is not None else table.entity())
    del kept["id"]
    return kept


def settings_of(
    name: str,
    noun: str,
    entity: type[Entity],
    defaults: Mapping[str, Any],
    path: str,
    scope: str,
    *,
    required: str = "",
    check: Check | None = None,
    signals: Sequence[Signal] = (),
) -> ChannelSettings:
    """The settings of an entity whose members may all be None: a channel then has the store's, the store its
    `defaults`. `required` are the members that the store's own body has to have; `check` says what is wrong with a
    changed row."""
    table = stored(name, entity, noun=noun, columns="")
    listing = Listing(table, 3, "")
    whole = Endpoint(3, table, listing, scope, path, v3=V3Shape(entity, required=required))
    of_channel = Endpoint(
        3,
        table,
        listing,
        scope,
        f"{path}/channels/{{}}",
        v3=V3Shape(entity, required=""),
        parents=(Parent("id", channels.TABLE),),
    )
    routes = (
        route(path, 3, GET=_Show(whole, defaults), PUT=_Change(whole, defaults, check)),
        route(
            f"{path}/channels/{{channel_id}}",
            3,
            GET=_Show(of_channel, defaults),
            PUT=_Change(of_channel, defaults, check),
        ),
    )
    resource = Resource(aggregates=(Aggregate(table, signals=tuple(signals)),), routes=routes)
    return ChannelSettings(table, defaults, resource)


class _Show(Action):
    """GET: of the store what holds, of a channel what it has of its own; null is the store's."""

    def __init__(self, endpoint: Endpoint, defaults: Mapping[str, Any]) -> None:
        super().__init__(endpoint)
        self.defaults = defaults

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        return Found(await self._collection(context), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        row_id = found.parent or EVERYWHERE
        kept = await _kept(context.reader, self.table, row_id)
        if row_id == EVERYWHERE:
            kept = {name: self.defaults[name] if value is None else value for name, value in kept.items()}
        return Shown(ready=json({"data": kept, "meta": {}}))


class _Change(_Show):
    """PUT: settings that the body does not name stay."""

    writes = True
    body = True

    def __init__(self, endpoint: Endpoint, defaults: Mapping[str, Any], check: Check | None) -> None:
        super().__init__(endpoint, defaults)
        self.check = check

    def read(self, content: Any) -> Any:
        assert self.endpoint.v3 is not None
        return self.endpoint.v3.read(content, creating=bool(self.endpoint.v3.required))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        row_id = write.found.parent or EVERYWHERE
        old = await unit.get(self.table, row_id)
        new = replace(old.entity if old is not None else self.table.entity(id=row_id), **write.draft)
        faults = [] if self.check is None else list(self.check(new))
        if row_id == EVERYWHERE:
            faults += [invalid(name, "must not be null") for name, value in write.draft.items() if value is None]
        if faults:
            raise refuse_faults(faults)
        await unit.save(self.table, old, new)
        return await self.answer(context, write.found)
