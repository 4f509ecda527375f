"""What an order consists of: what is sent where, collected, downloaded or mailed, and its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bodega.resources.geography import places
from bodega.resources.marketing import gift_certificates
from bodega.resources.orders import consignments, line, shipments, shipping_addresses
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.store.currencies import Currency
from bodega.storefront.graphql.asking import Asking, Thing, connection
from bodega.storefront.graphql.execution import batch, plain, plain_with, shaped
from bodega.storefront.graphql.fields.cart_lines import product_of, seen_products
from bodega.storefront.graphql.fields.orders import address_of, rows_of
from bodega.storefront.graphql.fields.prices import money_as, written
from bodega.storefront.graphql.fields.products import default_images

Args = Mapping[str, Any]
LINES = ("OrderPhysicalLineItem", "OrderDigitalLineItem")


class Of(NamedTuple):
    """What a part of an order knows of it: the order, its currency, the lines that belong to the part."""

    order: Order
    currency: Currency
    lines: Sequence[OrderLine]


async def _lines(asking: Asking, things: Sequence[Thing]) -> dict[int, list[OrderLine]]:
    return await rows_of(asking, line.TABLE, [thing.row.id for thing in things])


@batch("OrderConsignments.shipping")
async def _shipping(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    """One for each address; where an order has but a billing address, it is sent there."""
    found = await rows_of(asking, shipping_addresses.TABLE, [thing.row.id for thing in things])
    of_orders = await _lines(asking, things)
    made = []
    for thing in things:
        sent = [one for one in of_orders.get(thing.row.id, ()) if one.is_sent]
        parts = []
        addresses = found.get(thing.row.id, [])
        for address in addresses:
            own = [one for one in sent if one.order_address_id == address.id]
            parts.append(Thing("OrderShippingConsignment", address, Of(thing.row, thing.more, own)))
        known = {address.id for address in addresses}
        rest = [one for one in sent if one.order_address_id not in known]
        if rest:
            parts.append(Thing("OrderShippingConsignment", None, Of(thing.row, thing.more, rest)))
        made.append(connection(parts, args))
    return made


def _at(thing: Thing) -> int:
    return 0 if thing.row is None else int(thing.row.id)


def _cost(name: str) -> Any:
    def found(_asking: Asking, thing: Thing, _args: Args) -> Any:
        of: Of = thing.more
        whose = of.order if thing.row is None else thing.row
        member = f"{'shipping_' if thing.row is None and name == 'cost' else ''}{name}"
        amount = getattr(whose, f"{member}_{'inc' if of.order.is_tax_inclusive_pricing else 'ex'}_tax")
        return money_as(amount, of.currency)

    return found


plain(
    "OrderShippingConsignment",
    entityId=_at,
    shippingAddress=lambda thing: address_of(thing.more.order.billing_address if thing.row is None else thing.row),
)
plain_with("OrderShippingConsignment.shippingCost")(_cost("cost"))
plain_with("OrderShippingConsignment.handlingCost")(_cost("handling_cost"))


def _line_items(_asking: Asking, thing: Thing, args: Args) -> Any:
    of: Of = thing.more
    kind = "OrderDigitalLineItem" if thing.kind == "OrderDownloadConsignment" else "OrderPhysicalLineItem"
    return connection([Thing(kind, one, of) for one in of.lines], args)


for _kind in ("OrderShippingConsignment", "OrderDownloadConsignment", "OrderPickupConsignment"):
    plain_with(f"{_kind}.lineItems")(_line_items)


@batch("OrderShippingConsignment.shipments")
async def _shipments(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await rows_of(asking, shipments.TABLE, [thing.more.order.id for thing in things])
    made = []
    for thing in things:
        sent = found.get(thing.more.order.id, ())
        made.append(connection([_shipment(one) for one in sent if one.order_address_id == _at(thing)], args))
    return made


def _shipment(one: shipments.Shipment) -> dict[str, Any]:
    number, url = one.tracking_number, one.tracking_link or shipments.tracked_at(one)
    tracking: dict[str, Any] | None = None
    if number and url:
        tracking = {"__typename": "OrderShipmentNumberAndUrlTracking", "number": number, "url": url}
    elif url:
        tracking = {"__typename": "OrderShipmentUrlOnlyTracking", "url": url}
    elif number:
        tracking = {"__typename": "OrderShipmentNumberOnlyTracking", "number": number}
    return {
        "entityId": one.id,
        "shippedAt": {"utc": one.date_created},
        "shippingProviderName": shipments.display_name(one),
        "shippingMethodName": one.shipping_method,
        "tracking": tracking,
    }


@batch("OrderConsignments.downloads")
async def _downloads(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    of_orders = await _lines(asking, things)
    made = []
    for thing in things:
        own = [one for one in of_orders.get(thing.row.id, ()) if one.type == "digital"]
        made.append([Thing("OrderDownloadConsignment", None, Of(thing.row, thing.more, own))] if own else [])
    return made


plain("OrderDownloadConsignment", recipientEmail=lambda thing: thing.more.order.billing_address.email)


@batch("OrderConsignments.pickups")
async def _pickups(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await rows_of(asking, consignments.TABLE, [thing.row.id for thing in things])
    of_orders = await _lines(asking, things)
    made = []
    for thing in things:
        parts = []
        for one in found.get(thing.row.id, ()):
            own = [each for each in of_orders.get(thing.row.id, ()) if each.order_pickup_method_id == one.id]
            parts.append(Thing("OrderPickupConsignment", one, Of(thing.row, thing.more, own)))
        made.append(connection(parts, args))
    return made


def _place(thing: Thing) -> dict[str, Any]:
    where = thing.row.location
    country = places.country(where.country_alpha2)
    return {
        "address1": where.address_line_1, "address2": where.address_line_2 or None, "city": where.city,
        "stateOrProvince": where.state or None, "country": country.country if country else where.country_alpha2,
        "countryCode": where.country_alpha2, "postalCode": where.postal_code, "email": where.email,
        "phone": where.phone,
    }  # fmt: skip


plain(
    "OrderPickupConsignment",
    entityId=lambda thing: thing.row.id,
    pickupMethodName=lambda thing: thing.row.pickup_method_display_name,
    collectionInstructions=lambda thing: thing.row.collection_instructions,
    collectionTimeDescription=lambda thing: thing.row.collection_time_description,
    locationName=lambda thing: thing.row.location.name,
    address=_place,
)
plain("OrderConsignments", email=lambda thing: thing)


@batch("OrderEmailConsignments.giftCertificates")
async def _certificates(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    """Certificates that were bought, by the address to which they are sent."""
    found = await rows_of(asking, gift_certificates.TABLE, [thing.row.id for thing in things])
    made = []
    for thing in things:
        to: dict[str, list[Any]] = {}
        for one in found.get(thing.row.id, ()):
            to.setdefault(one.to_email, []).append(_certificate(one, thing.more))
        made.append(connection([{"recipientEmail": email, "lines": lines} for email, lines in to.items()], args))
    return made


def _certificate(one: gift_certificates.GiftCertificate, currency: Currency) -> dict[str, Any]:
    name = f"{written(one.amount, currency)} Gift Certificate"
    return {"entityId": one.id, "name": name, "salePrice": money_as(one.amount, currency), "refundedQuantity": 0}


@plain_with("OrderGiftCertificateConsignment.lineItems")
def _certificate_lines(_asking: Asking, found: Any, args: Args) -> Any:
    return connection(found["lines"], args)


shaped(
    OrderGiftCertificateConsignment="recipientEmail",
    OrderGiftCertificateLineItem="entityId name salePrice refundedQuantity",
    OrderShipment="entityId shippedAt shippingProviderName shippingMethodName tracking",
    OrderShipmentNumberAndUrlTracking="number url",
    OrderShipmentUrlOnlyTracking="url",
    OrderShipmentNumberOnlyTracking="number",
    OrderLineItemProductOption="name value",
    OrderLineItemWrapping="name cost",
    OrderPickupLocationAddress="address1 address2 city stateOrProvince country countryCode postalCode email phone",
)


# Lines


def _subtotal(*, discounted: bool) -> Any:
    def found(_asking: Asking, thing: Thing, _args: Args) -> Any:
        of: Of = thing.more
        inclusive = of.order.is_tax_inclusive_pricing
        total = thing.row.total_inc_tax if inclusive else thing.row.total_ex_tax
        return money_as(total - thing.row.discount if discounted else total, of.currency)

    return found


def _wrapping(thing: Thing) -> dict[str, Any] | None:
    one, of = thing.row, thing.more
    if not one.wrapping_name:
        return None
    inclusive = of.order.is_tax_inclusive_pricing
    cost = one.wrapping_cost_inc_tax if inclusive else one.wrapping_cost_ex_tax
    return {"name": one.wrapping_name, "cost": money_as(cost, of.currency)}


async def _image(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    ids = sorted({thing.row.product_id for thing in things})
    found = await asking.once(("line images", tuple(ids)), lambda: default_images(asking, ids))
    return [found.get(thing.row.product_id) for thing in things]


async def _chosen_product(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await seen_products(asking, things)
    made = []
    for thing in things:
        owner = found.get(thing.row.product_id)
        picked = {one.product_option_id: int(one.value) for one in thing.row.product_options if one.value.isdecimal()}
        made.append(None if owner is None else Thing("Product", owner, picked))
    return made


for _kind in LINES:
    plain(
        _kind,
        entityId=lambda thing: thing.row.id,
        productEntityId=lambda thing: thing.row.product_id,
        name=lambda thing: thing.row.name,
        sku=lambda thing: thing.row.sku,
        quantity=lambda thing: thing.row.quantity,
        refundedQuantity=lambda thing: thing.row.quantity_refunded,
        parentLineItemEntityId=lambda _thing: None,
        brand=lambda thing: thing.row.brand or None,
        wrapping=_wrapping,
        productOptions=lambda thing: [
            {"name": one.display_name, "value": one.display_value} for one in thing.row.product_options
        ],
        downloadFileUrls=lambda _thing: [],
        downloadPageUrl=lambda _thing: None,
    )
    plain_with(f"{_kind}.subTotalListPrice")(_subtotal(discounted=False))
    plain_with(f"{_kind}.subTotalSalePrice")(_subtotal(discounted=True))
    batch(f"{_kind}.image")(_image)
    batch(f"{_kind}.baseCatalogProduct")(product_of)
    batch(f"{_kind}.catalogProductWithOptionSelections")(_chosen_product)
