"""What each location has of a variant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from bodega.resources.catalog import stock_levels
from bodega.resources.inventory import location
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking, connection
from bodega.storefront.graphql.execution import batch

Args = Mapping[str, Any]
_EARTH = {"Miles": 3_958.8, "Kilometres": 6_371.0}
"""Its radius in each unit of length."""


async def _locations(asking: Asking) -> list[location.Location]:
    test = "enabled AND storefront_visibility"
    return await asking.kept("locations", ("locations",), lambda: query.entities(asking.reader, location.TABLE, test))


def _distance(one: location.Location, asked: Mapping[str, Any]) -> float | None:
    """How far a location is from where the shopper is; None if it does not say where it is."""
    at = one.address.geo_coordinates
    if at is UNSET:
        return None
    north, east = math.radians(float(at.latitude)), math.radians(float(at.longitude))
    here_north, here_east = math.radians(asked["latitude"]), math.radians(asked["longitude"])
    half = math.sin((north - here_north) / 2) ** 2
    half += math.cos(north) * math.cos(here_north) * math.sin((east - here_east) / 2) ** 2
    return 2 * _EARTH[asked["lengthUnit"]] * math.asin(min(1.0, math.sqrt(half)))


def _fits(one: location.Location, args: Args) -> bool:
    ids, codes, kinds = (args.get(f"locationEntity{what}") for what in ("Ids", "Codes", "TypeIds"))
    if args.get("locationEntityServiceTypeIds"):
        return False  # locations have no service types
    return (not ids or one.id in ids) and (not codes or one.code in codes) and (not kinds or one.type_id in kinds)


@batch("VariantInventory.byLocation")
async def _by_location(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    asked = args.get("distanceFilter")
    near: list[tuple[location.Location, float | None]] = []
    for one in await _locations(asking):
        far = _distance(one, asked) if asked else None
        if _fits(one, args) and (not asked or (far is not None and far <= asked["radius"])):
            near.append((one, far))
    owners = {thing["stock"][0] for thing in things if thing["stock"] is not None}
    read = await asking.once(("levels", *sorted(owners)), lambda: stock_levels.read(asking.reader, owners))
    unit = asked["lengthUnit"] if asked else None
    made = []
    for thing in things:
        stock = thing["stock"]
        items = []
        for one, far in near:
            told = {**_KNOWN_OF_ALL, **_place(one), "locationDistance": far and {"value": far, "lengthUnit": unit}}
            if stock is not None:
                level = read.get(stock, stock_levels.NOTHING).at(one.id, stock, thing["level"])
                sold = level.for_sale
                told |= {"availableToSell": sold, "warningLevel": level.warning_level, "isInStock": sold > 0}
            items.append(told)
        made.append(connection(items, args))
    return made


_KNOWN_OF_ALL = {
    "availableToSell": 0, "warningLevel": 0, "isInStock": True, "locationEntityServiceTypeIds": [],
    "backorderMessage": None,
}  # fmt: skip
"""What holds where stock is not counted, too."""


def _place(one: location.Location) -> dict[str, Any]:
    return {"locationEntityId": one.id, "locationEntityCode": one.code, "locationEntityTypeId": one.type_id}
