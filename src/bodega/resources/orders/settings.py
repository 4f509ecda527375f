"""Settings of orders: who is notified of a new one, for the whole store and for channels that differ."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import clean_email
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.channel_settings import EVERYWHERE
from bodega.resources.orders.order import SCOPE
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

KINDS = ("order_placed", "forward_invoice")


class Mailing(msgspec.Struct):
    """The addresses to notify; None, for a channel, means the store's addresses."""

    email_addresses: Annotated[list[str], AtMost(100)] | UnsetType | None = UNSET


class Notifications(msgspec.Struct):
    """Notifications of a new order, and of its invoice."""

    order_placed: Mailing | UnsetType = UNSET
    forward_invoice: Mailing | UnsetType = UNSET


class OrderSettings(Entity, kw_only=True):
    """One row for the store, and one for each channel with its own settings."""

    notifications: Notifications = msgspec.field(default_factory=Notifications)


TABLE = stored("order_settings", OrderSettings, noun="order settings", columns="")
v3 = V3Shape(OrderSettings, required="")
_LIST = Listing(TABLE, 3, "")
STORE = Endpoint(3, TABLE, _LIST, SCOPE, "orders/settings", v3=v3)
CHANNEL = Endpoint(
    3, TABLE, _LIST, SCOPE, "orders/settings/channels/{}", v3=v3, parents=(Parent("id", channels.TABLE),)
)  # fmt: skip


def _addresses(kept: OrderSettings, kind: str) -> Any:
    mailing = getattr(kept.notifications, kind)
    return UNSET if mailing is UNSET else mailing.email_addresses


async def _shown(tx: Tx, row_id: int) -> dict[str, Any]:
    row = await query.get(tx, TABLE, row_id)
    kept = row.entity if row is not None else OrderSettings()
    return {
        "notifications": {kind: {"email_addresses": _told_as(_addresses(kept, kind), row_id)} for kind in KINDS},
    }


def _told_as(addresses: Any, row_id: int) -> list[str] | None:
    """Of a store that names none, nobody is told; a channel leaves it to the store."""
    if addresses is UNSET:
        return None if row_id else []
    found: list[str] | None = addresses
    return found


class ShowOrderSettings(Action):
    """GET: the settings of the store, or of the channel in the path. Their published form has no `data`."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        return Found(await self._collection(context), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return await self._told(context, found)

    async def _told(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({**await _shown(context.reader, found.parent or EVERYWHERE), "meta": {}}))


class ChangeOrderSettings(ShowOrderSettings):
    """PUT: settings that the body does not name stay."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        row_id = write.found.parent or EVERYWHERE
        wanted: Notifications = write.draft.get("notifications", Notifications())
        old = await unit.get(TABLE, row_id)
        was = old.entity if old is not None else OrderSettings(id=row_id)
        given = {kind: _addresses(OrderSettings(notifications=wanted), kind) for kind in KINDS}
        kept = {kind: _addresses(was, kind) if value is UNSET else value for kind, value in given.items()}
        _respect(kept, for_channel=bool(row_id))
        if all(_told_as(kept[kind], row_id) == _told_as(_addresses(was, kind), row_id) for kind in KINDS):
            return await self._told(context, write.found)
        new = OrderSettings(id=row_id, notifications=Notifications(**{k: Mailing(v) for k, v in kept.items()}))
        await unit.save(TABLE, old, new)
        return await self._told(context, write.found)


def _respect(kept: dict[str, Any], *, for_channel: bool) -> None:
    """Addresses are e-mail addresses; a channel has both lists of its own, or neither."""
    faults = []
    for kind, addresses in kept.items():
        name = f"notifications.{kind}.email_addresses"
        if addresses is None and not for_channel:
            faults.append(invalid(name, "must be a list of e-mail addresses"))
        for address in addresses or ():
            try:
                clean_email(address)
            except ValueError:
                faults.append(invalid(name, "must be a list of e-mail addresses"))
                break
    own = [kind for kind, addresses in kept.items() if addresses not in (None, UNSET)]
    if for_channel and len(own) == 1:
        other = next(kind for kind in KINDS if kind not in own)
        why = "must be a list as well, since a channel has both lists of its own or neither"
        faults.append(invalid(f"notifications.{other}.email_addresses", why))
    if faults:
        raise refuse_faults(faults)


routes = (
    route("orders/settings", 3, GET=ShowOrderSettings(STORE), PUT=ChangeOrderSettings(STORE)),
    route("orders/settings/channels/{channel_id}", 3, GET=ShowOrderSettings(CHANNEL), PUT=ChangeOrderSettings(CHANNEL)),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
