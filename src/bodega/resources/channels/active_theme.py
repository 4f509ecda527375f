"""The active theme of a channel: stores have one theme, which their own kind of storefront shows."""

from __future__ import annotations

import uuid
from typing import Any

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.store import channels

THEMED = "bigcommerce"
"""The platform of storefronts that are made of themes."""

_ID = Endpoint(
    3, channels.TABLE, Listing(channels.TABLE, 3, ""), "store_channel_settings", "channels/{}", v3=channels.v3
)


def theme_of(store: str, channel: int) -> dict[str, str]:
    """The ids of the theme of a store and of its configuration at a channel: always the same ones."""

    def named(what: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"bodega:{store}/{what}"))

    configuration = named(f"theme/configuration/{channel}")
    return {
        "active_theme_uuid": named("theme"),
        "active_theme_configuration_uuid": configuration,
        "active_theme_version_uuid": named("theme/version"),
        "saved_theme_configuration_uuid": configuration,
    }


class ShowActiveTheme(Action):
    """GET: 404 for a channel that is made of something else."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        found = await self.selection.item(context)
        channel: Any = found.row.entity(self.table)
        if channel.type != "storefront" or channel.platform != THEMED:
            message = f"No active theme found with channel_id: {channel.id}"
            raise Refusal(Reason.NO_SUCH_ENTITY, message)
        return found

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({"data": theme_of(context.record.hash, found.entity_id), "meta": {}}))


routes = (route("channels/{channel_id}/active-theme", 3, GET=ShowActiveTheme(_ID)),)

RESOURCE = Resource(routes=routes)
