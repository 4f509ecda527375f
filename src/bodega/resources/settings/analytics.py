"""Web analytics providers: the ones that every store knows, with what each channel set of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INT32
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.settings.actions import channel_asked
from bodega.resources.settings.group import BY_CHANNEL
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import duplicate
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_v2_content"
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Number = Annotated[int, msgspec.Meta(ge=0, le=INT32)]


class AnalyticsProvider(Entity, kw_only=True):
    """What a channel set of a provider; `code` is the account there, or the whole of its tag."""

    channel_id: int = 0
    name: Word = ""
    code: Annotated[str, msgspec.Meta(max_length=65_535)] = ""
    enabled: bool = False
    data_tag_enabled: bool = False
    version: Number = 1
    is_oauth_connected: bool | None = None


KNOWN = {1: "Google Analytics", 2: "Visual Website Optimizer", 3: "Meta Pixel"}
"""The providers by their ids."""

_MOST = 100
"""The row of a provider at a channel is the channel's id times this, and the provider's."""

TABLE = stored("analytics_providers", AnalyticsProvider, noun="web analytics provider", columns="")
v3 = V3Shape(
    AnalyticsProvider,
    required="",
    read_only="id channel_id",
)
_LIST = Listing(TABLE, 3, "", mapped=BY_CHANNEL)
ALL = Endpoint(3, TABLE, _LIST, SCOPE, "settings/analytics", v3=v3)


async def analytics_providers(tx: Tx, channel_id: int = channels.DEFAULT) -> list[AnalyticsProvider]:
    """The providers of a channel, with their own ids."""
    found = await query.entities_of(tx, TABLE, [channel_id * _MOST + known for known in KNOWN])
    kept = {one.id % _MOST: one for one in found}
    return [_own(kept[known], known) if known in kept else _unset(channel_id, known) for known in KNOWN]


def _unset(channel_id: int, known: int) -> AnalyticsProvider:
    return AnalyticsProvider(id=known, channel_id=channel_id, name=KNOWN[known])


def _own(kept: AnalyticsProvider, known: int) -> AnalyticsProvider:
    return replace(kept, id=known)


def _shown(one: AnalyticsProvider) -> dict[str, Any]:
    members = ("id", "channel_id", "name", "code", "enabled", "data_tag_enabled", "version")
    return {name: getattr(one, name) for name in members}


class ShowProviders(Action):
    """GET of a channel's providers; of the store's own storefront unless a channel is named."""

    async def find(self, context: Context) -> Found:
        channel_id = await channel_asked(context) or channels.DEFAULT
        return Found(await self._collection(context), channel_id)

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown = await analytics_providers(context.reader, found.parent)
        return Shown(ready=json({"data": [_shown(one) for one in shown], "meta": {}}))


class ShowProvider(ShowProviders):
    """GET of one. Its published reply has no `data`."""

    ids_in_path = 1

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        known = context.ids[0]
        if known not in KNOWN:
            raise Refusal(Reason.NO_SUCH_ENTITY, "Web analytics provider was not found.")
        return Found(found.state, found.parent, known)

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown = await analytics_providers(context.reader, found.parent)
        return _told(next(one for one in shown if one.id == found.entity_id))


def _told(one: AnalyticsProvider) -> Outcome:
    return Shown(ready=json(_shown(one)))


class ChangeProvider(ShowProvider):
    """PUT: what the body does not name stays."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        channel_id, known = write.found.parent, write.found.entity_id
        others = await analytics_providers(unit.tx, channel_id)
        was = next(one for one in others if one.id == known)
        new = replace(was, **write.draft)
        for other in others:
            if other.id != known and other.name == new.name:
                raise refuse_faults([_same_name(other)])
        if new != was:
            row_id = channel_id * _MOST + known
            await unit.save(TABLE, await unit.get(TABLE, row_id), replace(new, id=row_id))
        return _told(new)


def _same_name(other: AnalyticsProvider) -> Fault:
    return duplicate("name", "Another web analytics provider has this name.", TABLE.noun, other.id)


routes = (
    route("settings/analytics", 3, GET=ShowProviders(ALL)),
    route("settings/analytics/{id}", 3, GET=ShowProvider(ALL), PUT=ChangeProvider(ALL)),
)
RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
