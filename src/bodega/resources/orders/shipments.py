"""Shipments: what of an order was sent, how, and how its status follows (rules 89 and 95)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec
from msgspec.structs import replace

from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import events
from bodega.kit.fields import Id, Line, Long, Moment, Money, moment, structured
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.unknown_members import read_only
from bodega.kit.v2_members import Derived
from bodega.kit.v2_shape import V2Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.orders import line, order, order_policy, payments, stock
from bodega.resources.orders import shipping_addresses as addresses
from bodega.resources.orders.address import FIELDS, BillingAddress, PostalAddress
from bodega.resources.orders.line import OrderLine
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.query import Row
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

SHIPPED, PARTIALLY = 2, 3
ENDED = frozenset({4, 5, 6, 10})
"""Refunded, Cancelled, Declined, Completed: a later shipment does not change the status."""

CARRIERS = {
    "auspost": "australia-post", "canadapost": "canada-post", "endicia": "usps", "usps": "usps", "fedex": "fedex",
    "ups": "ups", "upsready": "ups", "upsonline": "ups", "royalmail": "royal-mail",
}  # fmt: skip
"""The tracking service's name for the carrier of a provider."""
DISPLAY = {
    "auspost": "Australia Post", "canadapost": "Canada Post", "endicia": "Endicia", "usps": "USPS", "fedex": "FedEx",
    "ups": "UPS", "upsready": "UPS Ready", "upsonline": "UPS Online", "shipperhq": "ShipperHQ",
    "royalmail": "Royal Mail",
}  # fmt: skip
TRACKED_AT = {
    "usps": "https://tools.usps.com/go/TrackConfirmAction?qtc_tLabels1={}",
    "ups": "https://www.ups.com/track?tracknum={}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
}


class Item(msgspec.Struct, kw_only=True):
    """A quantity of a line."""

    order_product_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    product_id: Id = 0


class ItemDraft(msgspec.Struct, kw_only=True):
    """What a body says of an item."""

    shown_only: ClassVar[str] = "product_id"

    order_product_id: Id
    quantity: int


class Shipment(Entity, kw_only=True):
    """`items` cannot change after it is created; the addresses are those of the order at that time."""

    order_id: Id
    customer_id: Id = 0
    order_address_id: Id
    date_created: Moment = ""
    tracking_number: Annotated[str, msgspec.Meta(max_length=50)] = ""
    merchant_shipping_cost: Money = Decimal(0)
    shipping_method: Line = ""
    shipping_provider: Line = ""
    tracking_carrier: Line = ""
    tracking_link: Annotated[str, msgspec.Meta(max_length=500)] = ""
    comments: Long = ""
    billing_address: Annotated[PostalAddress, structured(PostalAddress)] = msgspec.field(default_factory=PostalAddress)
    shipping_address: Annotated[PostalAddress, structured(PostalAddress)] = msgspec.field(default_factory=PostalAddress)
    items: Annotated[
        list[Item],
        AtMost(1_000),
        structured(list[Item])._replace(word="object_array", holds=Annotated[list[ItemDraft], AtMost(1_000)]),
    ]


TABLE = stored(
    "order_shipments",
    Shipment,
    noun="shipment",
    columns="order_id",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)


def tracked_at(shipment: Shipment) -> str:
    """The tracking URL of the parcel: the carrier's own page, else a tracking service."""
    carrier = shipment.tracking_carrier or CARRIERS.get(shipment.shipping_provider, "")
    if shipment.tracking_link or not carrier or not shipment.tracking_number:
        return ""
    known = TRACKED_AT.get(carrier, f"https://www.aftership.com/track/{carrier}/{{}}")
    return known.format(shipment.tracking_number)


def display_name(shipment: Shipment) -> str:
    """The name of the provider, as shoppers know it."""
    return DISPLAY.get(shipment.shipping_provider, shipment.shipping_provider)


v2 = V2Shape(
    Shipment,
    "shipments",
    "shipment",
    "id! order_id! customer_id! order_address_id* date_created! tracking_number merchant_shipping_cost shipping_method"
    " shipping_provider tracking_carrier tracking_link comments billing_address! shipping_address! items*"
    " shipping_provider_display_name! generated_tracking_link!",
    {
        "shipping_provider_display_name": Derived(display_name),
        "generated_tracking_link": Derived(tracked_at),
    },
)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, ""),
    order.SCOPE,
    "orders/{}/shipments",
    v2=v2,
    parents=(Parent("order_id", order.TABLE),),
)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, ""), order.SCOPE, "", v2=v2)

routes = (
    collection("orders/{order_id}/shipments", V2, "GET POST DELETE"),
    item("orders/{order_id}/shipments/{id}", V2),
    count("orders/{order_id}/shipments/count", V2),
    count("orders/shipments/count", ALL),
)


async def derive_carrier(_unit: Unit, changes: Changes, old: Shipment | None, _notes: list[Fault]) -> None:
    """Rule 89: `shipping_provider` and `tracking_carrier` name the same carrier."""
    provider = changes.get("shipping_provider", old.shipping_provider if old is not None else "")
    carrier = changes.get("tracking_carrier", old.tracking_carrier if old is not None else "")
    known = {provider, CARRIERS.get(provider, provider)}
    if provider and carrier and carrier not in known:
        raise refuse_faults([invalid("tracking_carrier", f"must be the carrier that {provider} sends by")])


async def check_shipped_quantities(unit: Unit, old: Shipment | None, new: Shipment) -> None:
    """Rule 89: no more is sent than was ordered and not sent yet; the destination is an address of the order."""
    if old is not None and old.order_address_id == new.order_address_id:
        return
    address = await unit.get(addresses.TABLE, new.order_address_id)
    if address is None or address.entity.order_id != new.order_id:
        raise refuse_faults([invalid("order_address_id", "must be a shipping address of this order")])
    new.shipping_address = PostalAddress(**address.entity.plain)
    if old is not None:
        return
    row = await unit.get(order.TABLE, new.order_id)
    assert row is not None
    billing: BillingAddress = row.entity.billing_address
    new.customer_id = row.entity.customer_id
    new.billing_address = PostalAddress(**{name: getattr(billing, name) for name in FIELDS})
    lines = await _lines(unit, new.order_id)
    faults = _too_many(new, lines)
    if faults:
        raise refuse_faults(faults)
    for one in new.items:
        one.product_id = lines[one.order_product_id].entity.product_id


async def _lines(unit: Unit, order_id: int) -> dict[int, Row]:
    return {row.entity.id: row for row in await unit.where(line.TABLE, "order_id = $1", order_id)}


def _too_many(new: Shipment, lines: Mapping[int, Row]) -> list[Fault]:
    if not new.items:
        return [invalid("items", "must name at least one line of the order")]
    faults = []
    asked: Counter[int] = Counter()
    for place, one in enumerate(new.items):
        row = lines.get(one.order_product_id)
        if row is None:
            faults.append(invalid(f"items.{place}.order_product_id", "must be a line of this order"))
            continue
        sold: OrderLine = row.entity
        if sold.order_address_id != new.order_address_id:
            why = "must be a line that goes to order_address_id"
            faults.append(invalid(f"items.{place}.order_product_id", why))
            continue
        left = sold.quantity - sold.quantity_shipped - asked[sold.id]
        asked[sold.id] += one.quantity
        if one.quantity > left:
            details = {
                "invalid_reason": "The quantity is greater than what is left to be sent.",
                "available_quantity": left,
                "order_product_id": sold.id,
            }
            faults.append(Fault(Reason.FIELD_INVALID, "quantity", "The field 'quantity' is invalid.", details))
    return faults


async def update_order_status(unit: Unit, old: Shipment | None, new: Shipment) -> None:
    """Rule 89: a partly sent order is Partially Shipped, a completely sent one Shipped. Rule 95: and dated."""
    if old is not None:
        return
    sent = await _count(unit, new.order_id, new.items, 1)
    row = await unit.get(order.TABLE, new.order_id)
    assert row is not None
    whole = all(one.entity.quantity_shipped >= one.entity.quantity for one in sent if one.entity.is_sent)
    now = moment(unit.now)
    shipped = sum(one.entity.quantity_shipped for one in sent)
    moved = replace(row.entity, items_shipped=shipped, date_modified=now)
    if row.entity.status_id not in ENDED:
        moved.status_id = SHIPPED if whole else PARTIALLY
    if whole:
        moved.date_shipped = moved.date_shipped or now
    await apply_status(unit, row, moved, [one.entity for one in sent])


async def apply_status(unit: Unit, row: Row, moved: order.Order, lines: Sequence[OrderLine]) -> None:
    """Applies the effects of a status: stock that is taken when an order is shipped, and that it counts as paid."""
    before = [replace(one) for one in lines]
    held = row.entity.holds_stock
    moves = stock.settle(moved, lines, before, await order_policy.timing(unit, moved.channel_id), held=held)
    await stock.move(unit, moves, lines)
    for was, one in zip(before, lines, strict=True):
        if was != one:
            there = await unit.get(line.TABLE, one.id)
            assert there is not None
            await unit.update(line.TABLE, there, one)
    await payments.follow(unit, row.entity, moved)
    await unit.update(order.TABLE, row, moved)


async def _count(unit: Unit, order_id: int, items: Sequence[Item], sign: int) -> list[Row]:
    """Counts pieces as sent (1) or as no longer sent (-1), in their lines and at their address; returns all lines."""
    lines = await _lines(unit, order_id)
    pieces: Counter[int] = Counter()
    at_address: Counter[int] = Counter()
    for one in items:
        if one.order_product_id in lines:
            pieces[one.order_product_id] += one.quantity * sign
    for line_id, many in pieces.items():
        row = lines[line_id]
        at_address[row.entity.order_address_id] += many
        changed = replace(row.entity, quantity_shipped=max(row.entity.quantity_shipped + many, 0))
        lines[line_id] = await unit.update(line.TABLE, row, changed)
    for address_id, many in at_address.items():
        there = await unit.get(addresses.TABLE, address_id)
        if there is not None:
            total = max(there.entity.items_shipped + many, 0)
            await unit.update(addresses.TABLE, there, replace(there.entity, items_shipped=total))
    return list(lines.values())


async def uncount_deleted_shipment(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 89: the pieces of a deleted shipment can be sent again; the order's status does not change."""
    gone: Shipment
    for gone in await query.entities_of(unit.tx, TABLE, ids):
        if (order.TABLE.name, gone.order_id) in unit.leaving:
            continue
        left = await _count(unit, gone.order_id, gone.items, -1)
        row = await unit.get(order.TABLE, gone.order_id)
        assert row is not None
        shipped = sum(one.entity.quantity_shipped for one in left)
        changed = replace(row.entity, items_shipped=shipped, date_modified=moment(unit.now))
        await unit.update(order.TABLE, row, changed)


async def keep_its_items(_unit: Unit, changes: Changes, old: Shipment | None, _notes: list[Fault]) -> None:
    """Rule 89: set for good when it is made: items. Those that are sent back as they are do no harm."""
    if old is None or "items" not in changes:
        return
    given, had = ([(one.order_product_id, one.quantity) for one in items] for items in (changes["items"], old.items))
    if given != had:
        raise refuse_faults([read_only("items")])
    del changes["items"]


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(
                keep_its_items,
                derive_carrier,
            ),
            before_write=(check_shipped_quantities,),
            after_write=(update_order_status,),
            before_delete=(uncount_deleted_shipment,),
            signals=events("store/shipment", more=lambda shipment: {"orderId": shipment.order_id}),
        ),
    ),
    routes=routes,
)
