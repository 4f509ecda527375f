"""Pickup options: at which locations near a point a shopper can collect all of some items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.body import parse_json, wrong_type
from bodega.kit.bounds import AtMost, bound_of, excess
from bodega.kit.complaint import Absent, typed
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import INT32, Id
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import invalid, missing, refuse_faults
from bodega.resources.catalog import product, stock_levels, variants
from bodega.resources.catalog.stock_levels import NOTHING
from bodega.resources.inventory import location, pickup_methods
from bodega.resources.inventory.location import Coordinates, Location
from bodega.resources.inventory.pickup_methods import PickupMethod
from bodega.storage import query

MOST = 10
"""The most options that are told."""

MAX_ITEMS = 250
EARTH_KM = 6371.0088
"""The mean radius of the earth."""

KM = {"KM": 1.0, "MI": 1.609344}


class Radius(msgspec.Struct, kw_only=True):
    """How far a shopper would go."""

    value: Annotated[int, msgspec.Meta(ge=0, le=INT32)]
    unit: Literal["KM", "MI"]


class SearchArea(msgspec.Struct, kw_only=True):
    """A circle; without coordinates it is everywhere."""

    radius: Radius
    coordinates: Coordinates | UnsetType | None = UNSET


class Wanted(msgspec.Struct, kw_only=True):
    """So many pieces of a variant."""

    variant_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1, le=INT32)]


class Search(msgspec.Struct, kw_only=True):
    """What is to be collected, and where about."""

    search_area: SearchArea
    items: Annotated[list[Wanted], AtMost(MAX_ITEMS)]


class Near(NamedTuple):
    """A location, `km` kilometres away."""

    km: float
    location: Location


def distance(here: Coordinates, there: Coordinates) -> float:
    """The great-circle distance of two points in kilometres."""
    lat, lon, to_lat, to_lon = (
        radians(float(degrees)) for degrees in (here.latitude, here.longitude, there.latitude, there.longitude)
    )
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * asin(min(sqrt(half), 1.0))


def within(area: SearchArea, places: list[Location]) -> list[Near]:
    """The locations in an area that shoppers may see, nearest first."""
    open_ones = [place for place in places if place.enabled and place.storefront_visibility]
    if not isinstance(area.coordinates, Coordinates):
        return [Near(0.0, place) for place in open_ones]
    most = area.radius.value * KM[area.radius.unit]
    found = [
        Near(distance(area.coordinates, place.address.geo_coordinates), place)
        for place in open_ones
        if isinstance(place.address.geo_coordinates, Coordinates)
    ]
    return sorted((near for near in found if near.km <= most), key=lambda near: (near.km, near.location.id))


class FindOptions(Action):
    """POST of a search."""

    body = calculates = True
    takes = Search

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        members = parse_json(content)
        bound = bound_of(Search)
        over = excess(members, bound) if bound is not None else None
        if over is not None:
            raise refuse_faults([invalid(over.place.lstrip("."), str(over))])
        try:
            search = typed(members, Search)
        except Absent as error:
            raise refuse_faults([missing(error.path.lstrip("."))]) from None
        except ValueError as error:
            raise refuse_faults([wrong_type(str(getattr(error, "path", "")).lstrip(".") or "items", error)]) from None
        if not search.items:
            raise refuse_faults([invalid("items", "must have at least one item")])
        return search

    async def answer_to(self, context: Context, found: Found, draft: Search) -> Outcome:
        wanted: Counter[int] = Counter()
        for item in draft.items:
            wanted[item.variant_id] += item.quantity
        at = await _on_sale(context, wanted)
        near = within(draft.search_area, await query.entities(context.reader, location.TABLE))
        methods: dict[int, list[PickupMethod]] = {}
        ids = [place.location.id for place in near]
        for method in await query.entities_of(context.reader, pickup_methods.TABLE, ids, "location_id"):
            methods.setdefault(method.location_id, []).append(method)
        options = []
        for place in near:
            there = {variant: at(variant, place.location.id) for variant in wanted}
            if all(there[variant] >= many for variant, many in wanted.items()):
                options += [_option(method, there) for method in methods.get(place.location.id, [])]
        return Shown(ready=json({"results": [{"pickup_options": options[:MOST]}]}))


async def _on_sale(context: Context, wanted: Mapping[int, int]) -> Any:
    """A function that tells how many pieces of a variant a location can sell; of what is not tracked as many as are
    wanted, of what there is not none."""
    reader = context.reader
    found = {variant.id: variant for variant in await query.entities_of(reader, variants.TABLE, sorted(wanted))}
    ids = sorted({variant.product_id for variant in found.values()})
    owners = {owner.id: owner for owner in await query.entities_of(reader, product.TABLE, ids)}
    held = await stock_levels.read(reader, ids)

    def at(variant_id: int, place: int) -> int:
        variant = found.get(variant_id)
        if variant is None:
            return -1
        owner = owners[variant.product_id]
        if owner.inventory_tracking == "none":
            return wanted[variant_id]
        own = not variant.is_base and owner.inventory_tracking == "variant"
        stock = (owner.id, variant.id if own else 0)
        whole = variant.inventory_level if own else owner.inventory_level
        return held.get(stock, NOTHING).at(place, stock, whole).for_sale

    return at


def _option(method: PickupMethod, there: Mapping[int, int]) -> dict[str, Any]:
    names = ("id", "location_id", "display_name", "collection_instructions", "collection_time_description")
    return {
        "pickup_method": {name: getattr(method, name) for name in names},
        "available_items": [{"variant_id": variant, "quantity": many} for variant, many in there.items()],
    }


ENDPOINT = Endpoint(3, pickup_methods.TABLE, Listing(pickup_methods.TABLE, 3, ""), pickup_methods.SCOPE, "")

RESOURCE = Resource(routes=(route("pickup/options", 3, POST=FindOptions(ENDPOINT)),))
