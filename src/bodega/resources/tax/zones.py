"""Tax zones: which shoppers pay which taxes, by where they are and by their group, and how prices are shown to them.

Every store has the default zone, for everybody who is in no other: it cannot be made, deleted or given targets
(rule 112).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, structured
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, listed, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.geography import places
from bodega.resources.tax.settings import DEFAULT_ZONE, forget_zones
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.unit import Unit

SCOPE = "store_v2_information"
DEFAULT = DEFAULT_ZONE
MOST_AT_ONCE = 50
"""Zones in one body; no limit is published."""
MOST_CODES = 10_000

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class PriceDisplay(msgspec.Struct, kw_only=True):
    """How prices are shown to the shoppers of a zone: with tax, or with and without it on pages of one or of many
    products."""

    show_inclusive: bool | UnsetType = UNSET
    show_both_on_detail_view: bool | UnsetType = UNSET
    show_both_on_list_view: bool | UnsetType = UNSET


class Place(msgspec.Struct, kw_only=True):
    """A country (ISO 3166-1), or of it the subdivisions (ISO 3166-2) and postal codes that are named. A postal code may
    end with an asterisk, which stands for any ending."""

    country_code: Annotated[str, msgspec.Meta(min_length=2, max_length=2)]
    subdivision_codes: Annotated[list[Code], AtMost(1000)] = []
    postal_codes: Annotated[list[Code], AtMost(MOST_CODES)] = []


class Targets(msgspec.Struct, kw_only=True):
    """Which shoppers are in a zone; no groups: all. Group 0 are shoppers without one."""

    locations: Annotated[list[Place], AtMost(250)] | UnsetType = UNSET
    customer_groups: Annotated[list[Id], AtMost(250)] | UnsetType = UNSET


class TaxZone(Entity, kw_only=True):
    """Only a zone that is enabled has shoppers."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    enabled: bool = True
    price_display_settings: Annotated[PriceDisplay, structured(PriceDisplay)] = msgspec.field(
        default_factory=lambda: _display()
    )
    shopper_target_settings: Annotated[Targets, structured(Targets)] = msgspec.field(default_factory=lambda: _targets())


def _display() -> PriceDisplay:
    return PriceDisplay(show_inclusive=False, show_both_on_detail_view=False, show_both_on_list_view=False)


def _targets() -> Targets:
    return Targets(locations=[], customer_groups=[])


def the_default(_unit: Unit) -> list[TaxZone]:
    """The zone that every store has."""
    return [TaxZone(id=DEFAULT, name="Default Tax Zone")]


TABLE = stored("tax_zones", TaxZone, noun="tax zone", columns="enabled", first=the_default)

v3 = V3Shape(TaxZone, required="name")
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id:in", exact=True),
    SCOPE,
    "tax/zones",
    v3=v3,
    created=200,
    batch=Batch(MOST_AT_ONCE, whole=True),
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, V3.home, delete_needs_filter=True)

routes = (
    collection("tax/zones", V3, "GET")
    .also(listed("tax/zones", V3, "POST PUT"))
    .also(route("tax/zones", 3, DELETE=DeleteMany(DELETE))),
)


@depends_on("price_display_settings shopper_target_settings")
async def keep_what_is_not_named(_unit: Unit, changes: Changes, old: TaxZone | None, _notes: list[Fault]) -> None:
    """Members of the two objects that a body does not name stay as they are; a new zone that has one of the objects
    says whether prices are shown with tax, and where its shoppers are."""
    faults: list[Fault] = []
    for name, needed, unset in (
        ("price_display_settings", "show_inclusive", _display),
        ("shopper_target_settings", "locations", _targets),
    ):
        given = changes.get(name)
        if given is None:
            continue
        if old is None and getattr(given, needed) is UNSET:
            faults.append(missing(f"{name}.{needed}"))
        was = unset() if old is None else getattr(old, name)
        said = {part: value for part in given.__struct_fields__ if (value := getattr(given, part)) is not UNSET}
        changes[name] = msgspec.structs.replace(was, **said)
    if faults:
        raise refuse_faults(faults)


@depends_on("shopper_target_settings")
async def check_targets(unit: Unit, old: TaxZone | None, new: TaxZone) -> None:
    """Rule 112: the default zone takes no targets. Countries are those of ISO 3166, groups those of the store."""
    targets = new.shopper_target_settings
    name = "shopper_target_settings"
    if new.id == DEFAULT and (targets.locations or targets.customer_groups):
        raise refuse_faults([invalid(name, "must be empty: the default zone is for everybody who is in no other")])
    faults = []
    assert isinstance(targets.locations, list)
    assert isinstance(targets.customer_groups, list)
    for number, place in enumerate(targets.locations):
        country = places.country(place.country_code)
        if country is None:
            field = f"{name}.locations.{number}.country_code"
            faults.append(invalid(field, "must be the two-letter code of a country, as US"))
            continue
        place.country_code = country.country_iso2
        faults += _name_subdivisions(country, place, f"{name}.locations.{number}.subdivision_codes")
        place.postal_codes = list(dict.fromkeys(place.postal_codes))
    groups = [group for group in targets.customer_groups if group]
    known = set(await query.existing(unit.tx, "customer_groups", groups)) if groups else set()
    faults += [
        invalid(f"{name}.customer_groups.{number}", "must be the id of a customer group, or 0")
        for number, group in enumerate(targets.customer_groups)
        if group and group not in known
    ]
    if faults:
        raise refuse_faults(faults)


def _name_subdivisions(country: places.Country, place: Place, field: str) -> list[Fault]:
    """Subdivisions are those of the country, each once, by their codes without the country's; a country of which none
    are known may have any."""
    known, found, faults = bool(places.states_of(country)), [], []
    for number, code in enumerate(place.subdivision_codes):
        own = code.upper().removeprefix(f"{country.country_iso2}-")
        state = places.state(country, own)
        if state is None and (known or "-" in own):
            faults.append(invalid(f"{field}.{number}", f"must be the code of a subdivision of {country.country}"))
        found.append(own if state is None else state.state_abbreviation)
    place.subdivision_codes = list(dict.fromkeys(found))
    return faults


async def keep_the_default(_unit: Any, ids: Sequence[int]) -> None:
    """Rule 112: every store has its default zone."""
    if DEFAULT in ids:
        raise refuse_faults([invalid("id", "names the store's default tax zone, which cannot be deleted")])


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(keep_what_is_not_named,),
            before_write=(check_targets,),
            before_delete=(keep_the_default,),
            after_delete=(forget_zones,),
        ),
    ),
    routes=routes,
)
