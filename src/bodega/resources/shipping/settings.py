"""Settings of shipping: what a checkout says about where a store ships; the message may differ by channel (V3)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

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
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.channel_settings import EVERYWHERE, holding
from bodega.resources.shipping.customs import SCOPE
from bodega.resources.store import channels
from bodega.storage.aggregate import Aggregate
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

Strategy = Literal["DISPLAY_ALL_COUNTRIES", "DISPLAY_ONLY_SHIPPABLE_COUNTRIES"]
Text = Annotated[str, msgspec.Meta(max_length=65_535)]
MESSAGE = (
    "Unfortunately one or more items in your cart can't be shipped to your location. Please choose a different delivery"
    " address."
)


class ShippingSettingsRow(Entity, kw_only=True):
    """One row for the store, one for each channel with a message of its own. None: the store's, or the default."""

    country_list_strategy: Strategy | None = None
    out_of_delivery_zone_message: Text | None = None


class StoreCheckout(msgspec.Struct, kw_only=True):
    """What the store's body may name."""

    country_list_strategy: Strategy | UnsetType = UNSET
    out_of_delivery_zone_message: Text | UnsetType = UNSET


class ChannelCheckout(msgspec.Struct, kw_only=True):
    """What a channel's body may name."""

    out_of_delivery_zone_message: Text | UnsetType = UNSET


class ShippingSettings(NamedTuple):
    """What holds: which countries a checkout lists, and what it says where the store does not ship."""

    country_list_strategy: str = "DISPLAY_ALL_COUNTRIES"
    out_of_delivery_zone_message: str = MESSAGE


TABLE = stored("shipping_settings", ShippingSettingsRow, noun="shipping settings", columns="")
DEFAULTS: dict[str, Any] = ShippingSettings()._asdict()
HOME = "shipping/settings"
_LIST = Listing(TABLE, 3, "")


def _shape(checkout: Any) -> V3Shape:
    return V3Shape(
        ShippingSettingsRow,
        required="",
        read_only="id country_list_strategy out_of_delivery_zone_message",
        write_only={"checkout": checkout},
    )


STORE = Endpoint(3, TABLE, _LIST, SCOPE, HOME, v3=_shape(StoreCheckout))
CHANNEL = Endpoint(
    3,
    TABLE,
    _LIST,
    SCOPE,
    f"{HOME}/channels/{{}}",
    v3=_shape(ChannelCheckout),
    parents=(Parent("id", channels.TABLE),),
)


async def shipping_settings(tx: Tx, channel_id: int = EVERYWHERE) -> ShippingSettings:
    """What holds for a channel: its own message, else the store's."""
    return ShippingSettings(**await holding(tx, TABLE, DEFAULTS, channel_id))


class ShowShippingSettings(Action):
    """GET: of the store, or what holds for the channel of the path."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        try:
            parent = await self.selection.enter(context)
        except Refusal as refusal:
            if refusal.reason is not Reason.NO_SUCH_ENTITY:
                raise
            raise refuse_faults([invalid("channel_id", "must be a channel of the store")]) from refusal
        return Found(await self._collection(context), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        holds = await shipping_settings(context.reader, found.parent or EVERYWHERE)
        checkout = holds._asdict()
        if self.endpoint.parents:
            del checkout["country_list_strategy"]
        return Shown(ready=json({"data": {"checkout": checkout}, "meta": {}}))


class ChangeShippingSettings(ShowShippingSettings):
    """PUT: what the body does not name stays."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        assert self.endpoint.v3 is not None
        return self.endpoint.v3.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        row_id = write.found.parent or EVERYWHERE
        old = await unit.get(TABLE, row_id)
        was = old.entity if old is not None else ShippingSettingsRow(id=row_id)
        given = write.draft.get("checkout")
        named = {} if given is None else msgspec.structs.asdict(given)
        holds = (await shipping_settings(unit.tx, row_id))._asdict()  # what holds already is not made the channel's own
        new = replace(
            was, **{name: value for name, value in named.items() if value is not UNSET and value != holds[name]}
        )
        if new != was:
            await unit.save(TABLE, old, new)
        return await self.answer(context.within(unit), write.found)


routes = (
    route(HOME, 3, GET=ShowShippingSettings(STORE), PUT=ChangeShippingSettings(STORE)),
    route(f"{HOME}/channels/{{channel_id}}", 3, GET=ShowShippingSettings(CHANNEL), PUT=ChangeShippingSettings(CHANNEL)),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
