"""What a channel has one of, as its menus: the row has the channel's id, and until there is one a default holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Query
from bodega.kit.render import json
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.storage import rows
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

NO_CHANNEL = 0
"""Stands for a channel that does not exist, where the published reply to that is another than 404."""


class OfChannel(Action):
    """An action on what the channel in the path has. `tables`: on which tables the reply depends."""

    def __init__(self, endpoint: Endpoint, tables: str = "") -> None:
        super().__init__(endpoint)
        self.tables = (tables or endpoint.table.name).split()

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        return Found(await self.state(context), parent)

    async def state(self, context: Context) -> Validator:
        """The state of all that the reply shows."""
        found = [await rows.table_state_of(context.reader, table) for table in self.tables]
        return Validator.of_all(*(Validator(one.revision, one.modified) for one in found))

    def recheck(self, unit: Unit, write: Write) -> None:
        """Judges the preconditions again, in the transaction."""
        if write.recheck is not None:
            write.recheck(Validator.of_all(*(Validator(*unit.statistics.state(name)) for name in self.tables)))

    async def shown(self, tx: Tx, channel: int) -> Any:
        """What the reply shows of a channel."""
        raise NotImplementedError

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({"data": await self.shown(context.reader, found.parent), "meta": {}}))


async def put(unit: Unit, endpoint: Endpoint, channel: int, make: Callable[[int], Any]) -> None:
    """Writes the channel's row, unless it says what it said before."""
    old = await unit.get(endpoint.table, channel)
    new = make(channel)
    if old is None or not endpoint.table.says_the_same(old.entity, new):
        await unit.save(endpoint.table, old, new)


class DropOwn(OfChannel):
    """DELETE: the default holds again. The reply names the channel, also where there was nothing to delete."""

    writes = True

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self.recheck(unit, write)
        if await unit.get(self.table, write.found.parent) is not None:
            await unit.delete(self.table, [write.found.parent])
        return Shown(ready=json({"data": write.found.parent, "meta": {}}))


async def enter_unless_missing(action: Action, context: Context) -> int:
    """The channel in the path, or `NO_CHANNEL`."""
    try:
        return int(await action.selection.enter(context))
    except Refusal as refusal:
        if refusal.reason is not Reason.NO_SUCH_ENTITY:
            raise
        return NO_CHANNEL


def know_the_channel(channel: int) -> None:
    """Refuses a channel that does not exist as the body's fault. Raises Refusal."""
    if channel == NO_CHANNEL:
        raise refuse_faults([invalid("channel_id", "must be the id of a channel of this store")])
