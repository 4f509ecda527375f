"""Which location serves an order: that of its pickup method, or the default one."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bodega.resources.catalog.stock_levels import DEFAULT
from bodega.resources.inventory import location, pickup_methods
from bodega.resources.inventory.location import Location
from bodega.resources.orders.consignments import Pickup
from bodega.resources.orders.drafts import PickupDraft, PickupLocation
from bodega.resources.orders.line import OrderLine
from bodega.storage.unit import Unit

TOLD = ("display_name", "collection_instructions", "collection_time_description")


def drafted(draft: PickupDraft, old: Pickup) -> Pickup:
    """The pickup with what a body says of it."""
    given = draft.has("pickup_method_id", "pickup_method_display_name", *TOLD[1:], "location")
    if draft.has("pickup_method_id") and draft.pickup_method_id != old.pickup_method_id:
        old = Pickup(id=old.id, order_id=old.order_id)  # what was told of another method
    return replace(old, **{name: getattr(draft, name) for name in given})


async def serve(unit: Unit, pickup: Pickup, lines: Sequence[OrderLine]) -> None:
    """Lets the location of the pickup's method serve these lines; what the body did not say of the pickup follows from
    the method and its location.

    A method that the store does not have, of an order from elsewhere, leaves them to the default location.
    """
    row = await unit.get(pickup_methods.TABLE, pickup.pickup_method_id)
    place = None if row is None else await unit.get(location.TABLE, row.entity.location_id)
    serving = DEFAULT if place is None else place.entity.id
    for item in lines:
        item.location_id = serving
    if row is None or place is None:
        return
    for name in TOLD:
        member = f"pickup_method_{name}" if name == "display_name" else name
        if not getattr(pickup, member):
            setattr(pickup, member, getattr(row.entity, name))
    blank = replace(pickup.location, id=0) == PickupLocation()
    pickup.location = _shown(place.entity) if blank else replace(pickup.location, id=serving)


async def keep_served(unit: Unit, pickup: Pickup | None, method: int, lines: Sequence[OrderLine]) -> None:
    """After a change of an order: another method than before serves all its lines; else new ones are served where the
    others are."""
    if pickup is None:
        return
    if pickup.pickup_method_id != method:
        await serve(unit, pickup, lines)
        return
    known = next((item.location_id for item in lines if item.id), DEFAULT)
    for item in lines:
        item.location_id = item.location_id if item.id else known


def _shown(place: Location) -> PickupLocation:
    address = place.address
    return PickupLocation(
        id=place.id,
        name=place.label,
        code=place.code[:50],
        address_line_1=address.address1,
        address_line_2=address.address2,
        city=address.city,
        state=address.state,
        postal_code=address.zip[:50],
        country_alpha2=address.country_code[:2],
        email=address.email,
        phone=address.phone[:125],
    )
