"""The active theme of a channel: which theme, in which of its configurations, the channel's storefront shows (V3)."""

from __future__ import annotations

from typing import Any

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.store import channels
from bodega.resources.themes import theme
from bodega.resources.themes.themes import THEMED
from bodega.storage import query, rows

_ID = Endpoint(
    3, channels.TABLE, Listing(channels.TABLE, 3, ""), "store_channel_settings", "channels/{}", v3=channels.v3
)


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
        now = await rows.table_state(context.reader, theme.ACTIVE)
        assert found.state is not None
        return Found(Validator.of_all(found.state, Validator(now.revision, now.modified)), entity_id=found.entity_id)

    async def answer(self, context: Context, found: Found) -> Outcome:
        active = await theme.active_at(context.reader, found.entity_id)
        shown = await query.get(context.reader, theme.TABLE, active.theme_id)
        configuration = await query.get(context.reader, theme.CONFIGURATIONS, active.configuration_id)
        assert shown is not None
        assert configuration is not None
        told = {
            "active_theme_uuid": shown.entity.uuid,
            "active_theme_configuration_uuid": configuration.entity.uuid,
            "active_theme_version_uuid": shown.entity.version_uuid,
            "saved_theme_configuration_uuid": configuration.entity.uuid,
        }
        return Shown(ready=json({"data": told, "meta": {}}))


routes = (route("channels/{channel_id}/active-theme", 3, GET=ShowActiveTheme(_ID)),)

RESOURCE = Resource(routes=routes)
