"""Consignments: how an order reaches its buyer: sent to an address, collected, downloaded, mailed (rules 80 and 91)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Long
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import also_at, route
from bodega.kit.selection import Selection
from bodega.law.outcome import Emptied, Outcome, Shown, Validator
from bodega.resources.orders import line, order, shipping_addresses
from bodega.resources.orders.drafts import PickupLocation
from bodega.resources.orders.order import Order
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Table

LINES = "consignments.line_items"
TABLES = "orders order_products order_shipping_addresses order_pickups"


class Pickup(Entity, kw_only=True):
    """What is collected instead of being sent."""

    pickup_method_id: Id = 0
    pickup_method_display_name: Line = ""
    collection_instructions: Long = ""
    collection_time_description: Line = ""
    location: PickupLocation = msgspec.field(default_factory=PickupLocation)
    order_id: Id = 0


TABLE = stored(
    "order_pickups",
    Pickup,
    noun="pickup",
    columns="order_id",
    computed={"location_id": ("INTEGER", lambda pickup: pickup.location.id or None)},
    hidden="order_id",
    indexed="order_id location_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)

_NUMBERS = (
    "base_cost", "cost_ex_tax", "cost_inc_tax", "cost_tax", "base_handling_cost", "handling_cost_ex_tax",
    "handling_cost_inc_tax", "handling_cost_tax",
)  # fmt: skip


async def _read(context: Any, table: Table, orders: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {item: [] for item in orders}
    for entity in await query.entities_of(context.reader, table, orders, "order_id"):
        found[entity.order_id].append(entity)
    return found


async def of_orders(context: Any, orders: Sequence[int]) -> Mapping[int, Any]:
    """The consignments of each order, with its lines as links unless they are included."""
    lines = await _read(context, line.TABLE, orders)
    addresses = await _read(context, shipping_addresses.TABLE, orders)
    pickups = await _read(context, TABLE, orders)
    wholes = await query.entities_of(context.reader, order.TABLE, orders)
    return {
        item.id: _shown(context, item, lines[item.id], addresses[item.id], pickups[item.id])
        for item in wholes
    }  # fmt: skip


def _shown(
    context: Any, item: Order, lines: Sequence[Any], addresses: Sequence[Any], pickups: Sequence[Any]
) -> dict[str, Any]:
    def items(those: Sequence[Any]) -> list[Any]:
        if LINES in context.query.include:
            return [line.v2.show(each, context.base) for each in those]
        paths = [f"/orders/{item.id}/products/{each.id}" for each in those]
        return [{"url": f"{context.base.url}{path}{context.base.suffix}", "resource": path} for path in paths]

    email = item.billing_address.email
    digital = [each for each in lines if each.type == "digital" and not each.order_pickup_method_id]
    return {
        "pickups": [
            {
                **_plain(pickup),
                "line_items": items([each for each in lines if each.order_pickup_method_id == pickup.id]),
            }
            for pickup in pickups
        ],
        "shipping": [
            {**_address(context, address), "line_items": items([e for e in lines if e.order_address_id == address.id])}
            for address in addresses
        ],
        "downloads": [{"recipient_email": email, "line_items": items(digital)}] if digital else [],
        "email": {"gift_certificates": []},
    }


def _plain(pickup: Pickup) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(pickup)
    del shown["order_id"]
    return shown


def _address(context: Any, address: Any) -> dict[str, Any]:
    """The address as it is shown by itself, but with numbers for amounts."""
    shown: dict[str, Any] = shipping_addresses.v2.show(address, context.base)
    del shown["order_id"]
    path = f"/orders/{address.order_id}/consignments/shipping/{address.id}/shipping_quotes"
    quotes = {"url": f"{context.base.url}{path}{context.base.suffix}", "resource": path}
    return {**shown, **{name: _number(shown[name]) for name in _NUMBERS}, "shipping_quotes": quotes}


def _number(text: str) -> Decimal | int:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number.normalize()


async def _nothing(_call: Any, _orders: Sequence[int]) -> dict[int, bytes]:
    return {}


INCLUDES = {"consignments": Include(_nothing, tables=TABLES), LINES: Include(_nothing, tables=TABLES)}
_ITEM = Endpoint(2, order.TABLE, Listing(order.TABLE, 2, "", includes={LINES: INCLUDES[LINES]}), order.SCOPE, "orders")


class ShowConsignments(Action):
    """GET of the consignments of one order."""

    async def find(self, context: Context) -> Found:
        found = await self.selection.item(context)
        standing = [await rows.table_state_of(context.reader, table) for table in TABLES.split()]
        state = Validator.of_all(*(Validator(item.revision, item.modified) for item in standing))
        return msgspec.structs.replace(found, state=state)

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown = await of_orders(context, [context.ids[0]])
        return Shown(value=shown[context.ids[0]], root="consignments")


class ShowQuotes(Action):
    """GET of the shipping quotes of an address. Rule 91: an order made through the API was never quoted."""

    def __init__(self) -> None:
        super().__init__(shipping_addresses.V2)
        self.selection = Selection(shipping_addresses.V2)

    async def find(self, context: Context) -> Found:
        return await self._find_item(context)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Emptied()


_quotes = route("orders/{order_id}/shipping_addresses/{address_id}/shipping_quotes", 2, GET=ShowQuotes())
routes = (
    route("orders/{id}/consignments", 2, GET=ShowConsignments(_ITEM)),
    route("orders/{order_id}/consignments/shipping/{consignment_id}/shipping_quotes", 2, GET=ShowQuotes()),
    _quotes,
    *also_at("shipping_addresses", "shippingaddresses", _quotes),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
