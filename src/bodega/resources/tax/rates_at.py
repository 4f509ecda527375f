"""The taxes of a place: the zone of a shopper, its rates by tax class, and how prices are shown there.

Of the zones that are in use that of a shopper is the one that names the place most closely: a postal code goes before a
subdivision, a subdivision before a country, a country before everywhere; of two that are equally close the one for the
shopper's group goes before one for everybody, then the older one. Who is in none is in the default zone, whose rates
are those of the operator's setting `tax.rates` as long as it has none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from bodega.domain.pricing.basket import TaxPolicy, TaxRate, TaxRates
from bodega.resources.customers import addresses, groups
from bodega.resources.geography.destination import Destination, destination
from bodega.resources.tax import rates, zones
from bodega.resources.tax.rates import StoredRate
from bodega.resources.tax.settings import TaxSettings, tax_settings
from bodega.resources.tax.zones import Place, TaxZone
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.tx import Tx

ANYWHERE = Destination("")
"""The place of a shopper of whom no address is known."""


class Display(NamedTuple):
    """How prices are shown: with tax; and on pages of one product, or of many, both with and without it."""

    inclusive: bool = False
    both_on_detail: bool = False
    both_on_list: bool = False


class RatesAt(NamedTuple):
    """The taxes of one place: `rates` in per cent, by tax class."""

    zone: TaxZone | None
    rates: TaxRates
    display: Display = Display()


class _Targets(NamedTuple):
    """A zone, for looking up."""

    zone: TaxZone
    places: tuple[Place, ...]
    groups: frozenset[int]


@lru_cache(maxsize=1024)
def _targets(doc: bytes) -> _Targets:
    """A zone by its stored bytes: the same bytes are the same zone, in whatever store."""
    zone: TaxZone = zones.TABLE.decode(doc, None)
    targets = zone.shopper_target_settings
    locations, named = targets.locations, targets.customer_groups
    return _Targets(
        zone,
        tuple(locations) if isinstance(locations, list) else (),
        frozenset(named if isinstance(named, list) else ()),
    )


def _closeness(one: _Targets, to: Destination, group_id: int) -> tuple[int, int]:
    """How closely a zone names a shopper, by place and by group; (0, 0) is not at all."""
    if one.groups and group_id not in one.groups:
        return (0, 0)
    of_group = 1 if one.groups else 0
    if not one.places:
        return (1, of_group) if one.groups else (0, 0)
    closest = max(_closeness_of(place, to) for place in one.places)
    return (closest, of_group) if closest else (0, 0)


def _closeness_of(place: Place, to: Destination) -> int:
    if not to.country or place.country_code != to.country.upper():
        return 0
    if place.subdivision_codes and to.state.upper() not in place.subdivision_codes:
        return 0
    if place.postal_codes:
        code = _plain(to.postal_code)
        return 4 if code and any(_matches(pattern, code) for pattern in place.postal_codes) else 0
    return 3 if place.subdivision_codes else 2


def _plain(code: str) -> str:
    return caseless(code.replace(" ", ""))


def _matches(pattern: str, code: str) -> bool:
    wanted = _plain(pattern)
    return code.startswith(wanted[:-1]) if wanted.endswith("*") else code == wanted


async def zone_of(tx: Tx, to: Destination, group_id: int) -> TaxZone | None:
    """The zone of a shopper of this group at a place; the default zone if no other is theirs. None if that is not in
    use."""
    best: tuple[tuple[int, int], TaxZone] | None = None
    default: TaxZone | None = None
    for doc in await query.values(tx, "SELECT doc FROM tax_zones WHERE enabled ORDER BY id"):
        one = _targets(doc)
        if one.zone.id == zones.DEFAULT:
            default = one.zone
            continue
        closeness = _closeness(one, to, group_id)
        if closeness[0] and (best is None or closeness > best[0]):
            best = (closeness, one.zone)
    return best[1] if best is not None else default


@lru_cache(maxsize=4096)
def _rate(doc: bytes) -> StoredRate:
    found: StoredRate = rates.TABLE.decode(doc, None)
    return found


async def rates_of(tx: Tx, zone_id: int, operator: Mapping[str, Any]) -> TaxRates:
    """The rates of a zone by class. The default zone has the operator's until it has one of its own."""
    sql = "SELECT doc FROM tax_rates WHERE tax_zone_id = $1 ORDER BY id"
    kept = [_rate(doc) for doc in await query.values(tx, sql, zone_id)]
    if not kept and zone_id == zones.DEFAULT:
        return rates_in(operator.get("tax.rates", ""))
    found: dict[int, tuple[TaxRate, ...]] = {}
    for one in kept:
        for part in one.class_rates if one.enabled else ():
            if part.rate:
                made = TaxRate(part.rate, one.name, one.id, one.priority)
                found[part.tax_class_id] = (*found.get(part.tax_class_id, ()), made)
    return found


@lru_cache(maxsize=256)
def rates_in(text: str) -> TaxRates:
    """The rates of the operator's setting, as 0=20,1=0; a rate of 0 is none."""
    parts = (part.split("=") for part in text.split(",") if part)
    return {int(number): (TaxRate(Decimal(rate)),) for number, rate in parts if Decimal(rate)}


async def rates_at(
    tx: Tx,
    address: Destination | None,
    *,
    customer_id: int | None = None,
    group_id: int | None = None,
    operator: Mapping[str, Any] | None = None,
) -> RatesAt:
    """What a shopper pays at a delivery address, and how prices are shown there.

    Without an address a guest is in the zone for guests, and a customer where the first of their addresses is.
    `group_id` takes the place of the customer's own group; `operator` are the operator's settings of the store.
    """
    operator = operator or {}
    if group_id is None:
        group_id = await _group_of(tx, customer_id or 0)
    if address is None or not address.country:
        address = await _first_address(tx, customer_id) if customer_id else None
    if address is None:
        kept = await tax_settings(tx, operator=operator)
        row = await query.get(tx, zones.TABLE, kept.guest_shopper_tax_zone_id)
        zone = None if row is None or not row.entity.enabled else row.entity
        if row is None:
            zone = await zone_of(tx, ANYWHERE, group_id)
    else:
        zone = await zone_of(tx, address, group_id)
    if zone is None:
        return RatesAt(None, {})
    shown = zone.price_display_settings
    display = Display(
        shown.show_inclusive is True, shown.show_both_on_detail_view is True, shown.show_both_on_list_view is True
    )
    return RatesAt(zone, await rates_of(tx, zone.id, operator), display)


async def _group_of(tx: Tx, customer_id: int) -> int:
    if not customer_id:
        return await groups.holder(tx, "is_group_for_guests")
    return int(await query.value(tx, "SELECT customer_group_id FROM customers WHERE id = $1", customer_id) or 0)


async def _first_address(tx: Tx, customer_id: int) -> Destination | None:
    sql = "customer_id = $1 AND id = (SELECT min(id) FROM customer_addresses WHERE customer_id = $1)"
    row = await query.one(tx, addresses.TABLE, sql, customer_id)
    if row is None:
        return None
    found = row.entity
    return destination(found.country_code, found.state_or_province, found.postal_code)


async def policy_at(
    tx: Tx,
    address: Destination | None,
    *,
    operator: Mapping[str, Any],
    customer_id: int | None = None,
    group_id: int | None = None,
    exempt: bool = False,
) -> TaxPolicy:
    """The taxes of a shopper for the engine of prices, with the store's own where prices are entered with them."""
    kept = await tax_settings(tx, operator=operator)
    there = await rates_at(tx, address, customer_id=customer_id, group_id=group_id, operator=operator)
    home = None
    if kept.tax_entered_with_prices and (there.zone is None or there.zone.id != kept.store_tax_zone_id):
        home = await rates_of(tx, kept.store_tax_zone_id, operator)
    return policy(kept, there, home, exempt=exempt)


def policy(kept: TaxSettings, there: RatesAt, home: TaxRates | None, *, exempt: bool = False) -> TaxPolicy:
    """The policy that follows from the store's settings and the taxes of a place."""
    return TaxPolicy(
        rates=there.rates,
        inclusive=kept.tax_entered_with_prices,
        exempt=exempt,
        home=home,
        subtracts_home=kept.should_subtract_store_tax,
        exact=kept.rounding_strategy == "NO_ROUNDING",
    )
