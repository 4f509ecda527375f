"""Shipping zones: the parts of the world to which a store ships."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import DECIMAL, NAME, clean_decimal, structured
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v2_shape import V2Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.geography import places
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.unit import Unit

MAX_ZIPS = 40_000
"""Rule 113: postal codes in all zones of a store together."""

Code = Annotated[str, msgspec.Meta(max_length=10)]


class ZoneLocation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A country, a state, or a postal code. The store assigns its id, which does not change."""

    id: int = 0
    zip: Annotated[str, msgspec.Meta(max_length=20)] = ""
    country_iso2: Code = ""
    state_iso2: Code = ""


class FreeShipping(msgspec.Struct, kw_only=True):
    """The minimum total for free shipping."""

    enabled: bool = False
    minimum_sub_total: Decimal = Decimal(0)
    exclude_fixed_shipping_products: bool = False

    def __post_init__(self) -> None:
        self.minimum_sub_total = clean_decimal(self.minimum_sub_total)


class HandlingFees(msgspec.Struct, kw_only=True):
    """The handling fee: an amount or a percentage of the shipping cost, never both."""

    fixed_surcharge: Decimal | UnsetType = UNSET
    percentage_surcharge: Decimal | UnsetType = UNSET
    display_separately: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.fixed_surcharge is not UNSET:
            self.fixed_surcharge = clean_decimal(self.fixed_surcharge)
        if self.percentage_surcharge is not UNSET:
            self.percentage_surcharge = clean_decimal(self.percentage_surcharge)
            if self.fixed_surcharge is not UNSET:
                raise ValueError("must have one surcharge, fixed or percentage")


def _amounts(fees: HandlingFees) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(fees)  # amounts are text in V2
    return shown


LOCATIONS = structured(Annotated[list[ZoneLocation], AtMost(MAX_ZIPS)])
FREE_SHIPPING = structured(FreeShipping)._replace(
    show=lambda free: {**msgspec.to_builtins(free), "minimum_sub_total": DECIMAL.show(free.minimum_sub_total)}
)
HANDLING_FEES = structured(HandlingFees)._replace(show=_amounts)


class Zone(Entity, kw_only=True):
    """Its type is what its locations name: postal codes, states or countries; a global one has none."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    type: Literal["zip", "country", "state", "global"]
    locations: Annotated[list[ZoneLocation], AtMost(MAX_ZIPS), LOCATIONS] = []
    free_shipping: Annotated[FreeShipping, FREE_SHIPPING] = msgspec.field(default_factory=FreeShipping)
    handling_fees: Annotated[HandlingFees, HANDLING_FEES] = msgspec.field(
        default_factory=lambda: HandlingFees(fixed_surcharge=Decimal(0), display_separately=False)
    )
    enabled: bool = True


TABLE = stored(
    "shipping_zones",
    Zone,
    noun="shipping zone",
    columns="type enabled",
    computed={
        "zips": ("INTEGER", lambda zone: len(zone.locations) if zone.type == "zip" else 0),
        "last_location": ("INTEGER", lambda zone: max((place.id for place in zone.locations), default=0)),
    },
)

v2 = V2Shape(Zone, "shipping_zones", "shipping_zone", "id! name* type* locations free_shipping handling_fees enabled")
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_information", "shipping/zones", v2=v2)

routes = (collection("shipping/zones", V2, "GET POST"), item("shipping/zones/{id}", V2))


async def check_locations(unit: Unit, _old: Zone | None, new: Zone) -> None:
    """Each location must match its zone's type, in a country and a state of ISO 3166."""
    faults = []
    for number, place in enumerate(new.locations):
        faults += _faults(new.type, number, place)
        if number % 1000 == 0:
            await unit.tx.breathe()
    if new.type == "global" and new.locations:
        faults.append(invalid("locations", "must be empty in a global zone"))
    if faults:
        raise refuse_faults(faults)


def _faults(kind: str, number: int, place: ZoneLocation) -> list[Fault]:
    if kind == "global":
        return []
    faults = []
    where = f"locations.{number}"
    country = places.country(place.country_iso2) if len(place.country_iso2) == 2 else None
    if country is None:
        faults.append(invalid(f"{where}.country_iso2", "must be the two-letter code of a country, as US"))
    else:
        place.country_iso2 = country.country_iso2
    if kind == "state" and country is not None:
        state = places.state(country, place.state_iso2)
        if state is None:
            faults.append(invalid(f"{where}.state_iso2", f"must be the code of a state in {country.country}"))
        else:
            place.state_iso2 = state.state_abbreviation
    if kind == "zip" and not place.zip.strip():
        faults.append(invalid(f"{where}.zip", "must be a postal code"))
    return faults


async def number_locations(unit: Unit, old: Zone | None, new: Zone) -> None:
    """An existing location keeps its id; a new one gets the store's next. Repeated ones count once."""
    kept = {_place(place): place.id for place in (old.locations if old is not None else [])}
    await unit.tx.breathe()
    new.locations = list({_place(place): place for place in new.locations}.values())
    await unit.tx.breathe()
    fresh = [place for place in new.locations if _place(place) not in kept]
    await unit.tx.breathe()
    for place in new.locations:
        place.id = kept.get(_place(place), 0)
    await unit.tx.breathe()
    if fresh:
        last = await query.value(unit.tx, "SELECT coalesce(max(last_location), 0) FROM shipping_zones")
        for number, place in enumerate(fresh, start=last + 1):
            place.id = number


def _place(place: ZoneLocation) -> tuple[str, str, str]:
    return (place.country_iso2, place.state_iso2, place.zip)


async def limit_postal_codes(unit: Unit, _old: Zone | None, new: Zone) -> None:
    """Rule 113: limits the postal codes in all zones of a store together."""
    if new.type != "zip":
        return
    others = await query.value(unit.tx, "SELECT coalesce(sum(zips), 0) FROM shipping_zones WHERE id <> $1", new.id)
    if others + len(new.locations) > MAX_ZIPS:
        message = f"A store can have at most {MAX_ZIPS} postal codes in its shipping zones."
        raise Refusal(Reason.PLATFORM_CAP_REACHED, message, details={"resource": "zip locations", "limit": MAX_ZIPS})


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(check_locations, number_locations, limit_postal_codes),
        ),
    ),
    routes=routes,
)
