"""What it costs to ship items to an address: the methods of its shipping zone, as the store set them up.

A postal code goes before a state, a state before a country, a country before the rest of the world. Products with free
shipping cost nothing, those with a fixed price cost that a piece, and a method prices the others. Amounts are in the
store's own currency.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from bodega.domain.pricing.amounts import rounded
from bodega.resources.geography.destination import Destination
from bodega.resources.providers.shipping_rates import Service
from bodega.resources.shipping.methods import FLAT, RANGED, TYPES, Method
from bodega.resources.shipping.methods import TABLE as METHODS
from bodega.resources.shipping.zones import TABLE as ZONES
from bodega.resources.shipping.zones import HandlingFees, Zone
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.tx import Tx

ZERO = Decimal(0)
FREE = "freeshipping"


class Parcel(NamedTuple):
    """Pieces of one line that are sent: `total` is what they cost before tax. `fixed` is a price a piece."""

    quantity: int
    weight: Decimal
    total: Decimal
    free: bool = False
    fixed: Decimal = ZERO


class ShippingOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way of sending a consignment, with its cost; `handling` is charged apart."""

    id: str
    type: str
    description: str
    cost: Decimal
    handling: Decimal = ZERO
    zone_id: int = 0
    transit_time: str = ""
    more: str = ""


Carriers = Callable[[Method, Zone], Awaitable[Sequence[Service]]]
"""What the provider of a method quotes for the pieces that have no price of their own."""


class Places(NamedTuple):
    """The locations of a zone, for looking up."""

    zone: Zone
    countries: frozenset[str]
    states: frozenset[tuple[str, str]]
    zips: frozenset[tuple[str, str]]


@lru_cache(maxsize=512)
def _places(doc: bytes) -> Places:
    """A zone by its stored bytes: the same bytes are the same zone, in whatever store."""
    zone: Zone = ZONES.decode(doc, None)
    countries, states, zips = set(), set(), set()
    for place in zone.locations:
        if zone.type == "zip":
            zips.add((place.country_iso2, caseless(place.zip.replace(" ", ""))))
        elif zone.type == "state":
            states.add((place.country_iso2, caseless(place.state_iso2)))
        else:
            countries.add(place.country_iso2)
    return Places(zone, frozenset(countries), frozenset(states), frozenset(zips))


async def zone_of(tx: Tx, to: Destination) -> Zone | None:
    """The shipping zone of a place: of those that are in use the one that names it most closely; None if none does."""
    found: list[tuple[int, int, Zone]] = []
    for doc in await query.values(tx, "SELECT doc FROM shipping_zones WHERE enabled ORDER BY id"):
        closeness = _closeness(_places(doc), to)
        if closeness:
            zone = _places(doc).zone
            found.append((-closeness, zone.id, zone))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _closeness(places: Places, to: Destination) -> int:
    kind = places.zone.type
    if kind == "global":
        return 1
    if kind == "country":
        return 2 if to.country in places.countries else 0
    if kind == "state":
        return 3 if (to.country, caseless(to.state)) in places.states else 0
    code = caseless(to.postal_code.replace(" ", ""))
    return 4 if code and any((to.country, pattern) in places.zips for pattern in _patterns(code)) else 0


def _patterns(code: str) -> list[str]:
    """The ways in which a zone may write a postal code: whole, or its beginning with an asterisk."""
    return [code, *(f"{code[:length]}*" for length in range(len(code), 0, -1))]


async def options(
    tx: Tx, to: Destination, parcels: Sequence[Parcel], channel_id: int, carriers: Carriers | None = None
) -> list[ShippingOption]:
    """What the zone of an address offers on a channel for these pieces, the cheapest first.

    Methods that are not in use, that another channel has or that cannot price the pieces are not among them; fallback
    methods are only where no other is. A method of a provider is as many options as the provider quotes services.
    Raises Wanted.
    """
    zone = await zone_of(tx, to)
    if zone is None or not parcels:
        return []
    methods: list[Method] = await query.entities(tx, METHODS, "zone_id = $1 AND enabled", zone.id)
    usual: list[ShippingOption] = []
    fallback: list[ShippingOption] = []
    for method in methods:
        if channel_id not in method.channel_ids:
            continue
        offered = fallback if method.is_fallback else usual
        if method.type not in TYPES:
            offered += await _quoted(method, zone, parcels, carriers)
            continue
        cost = _cost(method, zone, parcels)
        if cost is not None:
            offered.append(_option(method, zone, cost))
    has_free = any(method.type == FREE for method in methods)
    if zone.free_shipping.enabled and not has_free and _is_free(zone, parcels):
        usual.append(
            ShippingOption(
                id=_id(zone.id, 0), type=f"shipping_{FREE}", description="Free Shipping", cost=ZERO, zone_id=zone.id
            )
        )
    return sorted(usual or fallback, key=lambda option: (option.cost + option.handling, option.id))


async def _quoted(
    method: Method, zone: Zone, parcels: Sequence[Parcel], carriers: Carriers | None
) -> list[ShippingOption]:
    fixed = sum((one.fixed * one.quantity for one in parcels if not one.free), ZERO)
    if all(one.free or one.fixed for one in parcels):
        return [_option(method, zone, fixed)]
    if carriers is None:
        return []
    return [_option(method, zone, fixed + one.cost, one) for one in await carriers(method, zone)]


def _cost(method: Method, zone: Zone, parcels: Sequence[Parcel]) -> Decimal | None:
    """The cost of a method for these pieces, with those that have a price of their own; None if it has none."""
    if method.type == FREE:
        return ZERO if _is_free(zone, parcels) else None
    fixed = sum((one.fixed * one.quantity for one in parcels if not one.free), ZERO)
    others = [one for one in parcels if not one.free and not one.fixed]
    if not others:
        return fixed
    priced = _priced(method, others)
    return None if priced is None else fixed + priced


def _is_free(zone: Zone, parcels: Sequence[Parcel]) -> bool:
    terms = zone.free_shipping
    if not terms.enabled:
        return True
    if terms.exclude_fixed_shipping_products and any(one.fixed for one in parcels):
        return False
    return sum((one.total for one in parcels), ZERO) >= terms.minimum_sub_total


def _priced(method: Method, parcels: Sequence[Parcel]) -> Decimal | None:
    settings = method.settings
    if method.type in FLAT:
        rate = settings.rate if isinstance(settings.rate, Decimal) else ZERO
        return rate * sum(one.quantity for one in parcels) if method.type == "peritem" else rate
    if method.type not in RANGED:
        return None  # a carrier that is built into the hosted service: no connection to one is made
    whole = sum((one.total for one in parcels), ZERO)
    measure = sum((one.weight * one.quantity for one in parcels), ZERO) if method.type == "weight" else whole
    for part in settings.range or ():
        if part.lower_limit <= measure < part.upper_limit:
            return part.shipping_cost
    if not isinstance(settings.default_cost, Decimal):
        return None
    if settings.default_cost_type == "percentage_of_total":
        return whole * settings.default_cost / 100
    return settings.default_cost


def _option(method: Method, zone: Zone, cost: Decimal, service: Service | None = None) -> ShippingOption:
    fees = method.handling_fees if _surcharge(method.handling_fees, cost) else zone.handling_fees
    surcharge = _surcharge(fees, cost)
    apart = fees.display_separately is True
    return ShippingOption(
        id=_id(zone.id, method.id, "" if service is None else service.code),
        type=f"shipping_{_TYPES.get(method.type, method.type)}",
        description=method.name if service is None else f"{method.name} ({service.name})",
        cost=rounded(cost if apart else cost + surcharge, 4),
        handling=rounded(surcharge, 4) if apart else ZERO,
        zone_id=zone.id,
        transit_time="" if service is None else service.transit_time,
        more="" if service is None else service.description,
    )


_TYPES = {"perorder": "flatrate", "peritem": "peritem", "weight": "byweight", "total": "bytotal"}


def _surcharge(fees: HandlingFees, cost: Decimal) -> Decimal:
    """The handling fee: an amount, or a percentage of the shipping cost."""
    if isinstance(fees.percentage_surcharge, Decimal):
        return cost * fees.percentage_surcharge / 100
    return fees.fixed_surcharge if isinstance(fees.fixed_surcharge, Decimal) else ZERO


def _id(zone_id: int, method_id: int, service: str = "") -> str:
    """The id of an option: the same for the same method and service, as long as these exist."""
    named = f"{zone_id}.{method_id}.{service}" if service else f"{zone_id}.{method_id}"
    return hashlib.sha256(f"shipping option {named}".encode()).hexdigest()[:32]
