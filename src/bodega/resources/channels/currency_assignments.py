"""Currency assignments: in which currencies a channel sells. A channel without one has those of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.kit.body import Changes
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.events import channel_of, fires
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.channels.own import DropOwn, OfChannel, enter_unless_missing, know_the_channel, put
from bodega.resources.store import channels, currencies
from bodega.resources.store.channel_currencies import TABLE, TABLES, ChannelCurrencies, of_channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_channel_settings"
MAX_AT_ONCE = 50
"""No limit is published."""

one = V3Shape(ChannelCurrencies, required="enabled_currencies default_currency", read_only="id channel_id")
many = V3Shape(ChannelCurrencies, required="channel_id enabled_currencies default_currency")
_LIST = Listing(TABLE, 3, "")
OF_CHANNEL = Endpoint(
    3,
    TABLE,
    _LIST,
    SCOPE,
    "channels/{}/currency-assignments",
    v3=one,
    parents=(Parent("channel_id", channels.TABLE),),
)
ALL = Endpoint(3, TABLE, _LIST, SCOPE, "channels/currency-assignments", v3=many)


async def _told(tx: Tx, ids: Sequence[int]) -> list[dict[str, Any]]:
    found = await of_channels(tx, ids)
    return [
        {
            "channel_id": channel,
            "enabled_currencies": found[channel].enabled,
            "default_currency": found[channel].default,
        }
        for channel in ids
    ]


class ShowAssignments(OfChannel):
    """GET: of one channel; what is not assigned is the store's."""

    async def shown(self, tx: Tx, channel: int) -> Any:
        return (await _told(tx, [channel]))[0]


class AssignCurrencies(ShowAssignments):
    """POST and PUT are the same: the assignment is made or replaced."""

    writes = True
    body = True

    async def find(self, context: Context) -> Found:
        return Found(await self.state(context), await enter_unless_missing(self, context))

    def read(self, content: Any) -> Any:
        return one.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self.recheck(unit, write)
        know_the_channel(write.found.parent)
        faults = await _faults(unit, write.draft, "")
        if faults:
            raise refuse_faults(faults)
        await _assign(unit, write.found.parent, write.draft)
        return await self.answer(context, write.found)


class ShowAllAssignments(OfChannel):
    """GET: of every channel."""

    async def find(self, context: Context) -> Found:
        return Found(await self.state(context))

    async def answer(self, context: Context, found: Found) -> Outcome:
        ids = await query.values(context.reader, "SELECT id FROM channels ORDER BY id")
        return Shown(ready=json({"data": await _told(context.reader, ids), "meta": {}}))


class AssignToMany(ShowAllAssignments):
    """POST and PUT of a list: all are made or replaced, or none. The reply has the channels that it names."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        drafts = many.read_new(content, MAX_AT_ONCE)
        named = [draft["channel_id"] for draft in drafts]
        twice = [place for place, channel in enumerate(named) if channel in named[:place]]
        if twice:
            raise refuse_faults([invalid(f"{place}.channel_id", "must be named once") for place in twice])
        return drafts

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self.recheck(unit, write)
        ids = [draft["channel_id"] for draft in write.draft]
        known = set(await query.existing(unit.tx, channels.TABLE.name, ids)) if ids else set()
        faults: list[Fault] = []
        for place, draft in enumerate(write.draft):
            if draft["channel_id"] not in known:
                faults.append(invalid(f"{place}.channel_id", "must be the id of a channel of this store"))
            faults += await _faults(unit, draft, f"{place}.")
        if faults:
            raise refuse_faults(faults)
        for draft in write.draft:
            await _assign(unit, draft["channel_id"], draft)
        return Shown(ready=json({"data": await _told(unit.tx, ids), "meta": {}}))


async def _faults(unit: Unit, draft: Changes, before: str) -> list[Fault]:
    """Only what the store has enabled can be assigned, and the default is one of what is."""
    faults = []
    codes = draft["enabled_currencies"]
    unknown = sorted(set(codes).difference(await currencies.enabled(unit.tx)))
    if unknown:
        why = f"must name only currencies that the store has enabled, not {', '.join(unknown)}"
        faults.append(invalid(f"{before}enabled_currencies", why))
    elif draft["default_currency"] not in codes:
        faults.append(invalid(f"{before}default_currency", "must be one of enabled_currencies"))
    return faults


async def _assign(unit: Unit, channel: int, draft: Changes) -> None:
    codes = list(dict.fromkeys(draft["enabled_currencies"]))
    default = draft["default_currency"]
    await put(
        unit,
        OF_CHANNEL,
        channel,
        lambda row: ChannelCurrencies(id=row, channel_id=row, enabled_currencies=codes, default_currency=default),
    )


def currencies_changed(old: ChannelCurrencies | None, new: ChannelCurrencies | None) -> dict[str, Any]:
    """The payload of a change of a channel's currencies."""
    known = new if new is not None else old
    assert known is not None
    return {"channel_id": known.channel_id}


routes = (
    route(
        "channels/currency-assignments",
        3,
        GET=ShowAllAssignments(ALL, f"{TABLES} {channels.TABLE.name}"),
        POST=AssignToMany(ALL, f"{TABLES} {channels.TABLE.name}"),
        PUT=AssignToMany(ALL, f"{TABLES} {channels.TABLE.name}"),
    ),
    route(
        "channels/{channel_id}/currency-assignments",
        3,
        GET=ShowAssignments(OF_CHANNEL, TABLES),
        POST=AssignCurrencies(OF_CHANNEL, TABLES),
        PUT=AssignCurrencies(OF_CHANNEL, TABLES),
        DELETE=DropOwn(OF_CHANNEL, TABLES),
    ),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=(
                fires(
                    "store/channel/#/settings/currency/updated",
                    currencies_changed,
                    on="created updated deleted",
                    channels=channel_of,
                ),
            ),
        ),
    ),
    routes=routes,
)
