"""Menus of channels: what the control panel offers in the side navigation of a channel."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.channels.own import DropOwn, OfChannel, put
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

Section = Literal[
    "overview", "storefront_settings", "localization", "carousel", "script_manager", "currencies", "payments",
    "checkout", "domains", "notifications", "social", "pages", "data_solutions",
]  # fmt: skip


class AppSection(msgspec.Struct, kw_only=True):
    """A section of the app behind the channel: its title, and the `section` parameter with which it is opened."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    query_path: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class ChannelMenus(Entity, kw_only=True):
    """The panel's own sections that the channel has, and those of its app; the row has the channel's id."""

    bigcommerce_protected_app_sections: Annotated[list[Section], AtMost(50)] = []
    custom_app_sections: Annotated[list[AppSection], AtMost(50)] = []
    channel_id: Id = 0


TABLE = stored(
    "channel_menus",
    ChannelMenus,
    noun="channel menu",
    columns="channel_id",
    indexed="channel_id",
    hidden="channel_id",
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
)

v3 = V3Shape(ChannelMenus, required="", read_only="id", hidden="channel_id")
OF_CHANNEL = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ""),
    "store_channel_settings",
    "channels/{}/channel-menus",
    v3=v3,
    parents=(Parent("channel_id", channels.TABLE),),
)


class ShowMenus(OfChannel):
    """GET: both lists are empty until menus are made."""

    async def shown(self, tx: Tx, channel: int) -> Any:
        row = await query.get(tx, TABLE, channel)
        kept: ChannelMenus = row.entity if row is not None else ChannelMenus()
        return {
            "bigcommerce_protected_app_sections": kept.bigcommerce_protected_app_sections,
            "custom_app_sections": kept.custom_app_sections,
        }


class ReplaceMenus(ShowMenus):
    """POST: what the body leaves out is empty."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        changes = v3.read(content, creating=False)
        named = changes.get("bigcommerce_protected_app_sections", [])
        if len(set(named)) < len(named):
            raise refuse_faults([invalid("bigcommerce_protected_app_sections", "must name each section once")])
        return changes

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self.recheck(unit, write)
        await put(unit, OF_CHANNEL, write.found.parent, lambda row: ChannelMenus(id=row, channel_id=row, **write.draft))
        return await self.answer(context, write.found)


routes = (
    route(
        "channels/{channel_id}/channel-menus",
        3,
        GET=ShowMenus(OF_CHANNEL),
        POST=ReplaceMenus(OF_CHANNEL),
        DELETE=DropOwn(OF_CHANNEL),
    ),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
