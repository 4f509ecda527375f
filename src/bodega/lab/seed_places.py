"""Sample locations: two beside the default one, where some of the products are kept as well, and how to collect there.

What a product has there comes on top of its level, and follows from the seed and its number, from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bodega.kit.write import create_one
from bodega.lab.deterministic import DeterministicRandom
from bodega.lab.generation import read
from bodega.resources.catalog import product, variants
from bodega.resources.catalog.stock_levels import Stock
from bodega.resources.inventory import location, locations, pickup_methods
from bodega.resources.inventory.ledger import Ledger
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

_SALT = 0x10CA7E
KEPT_ELSEWHERE = 4
"""One product in so many is kept at other locations too."""

HOURS = {"open": True, "opening": "09:00", "closing": "18:00"}


class SamplePlace(NamedTuple):
    """A location, and its pickup method."""

    code: str
    label: str
    city: str
    state: str
    zip: str
    time_zone: str
    point: tuple[str, str]
    method: str


PLACES = (
    SamplePlace("AUSTIN", "Austin store", "Austin", "TX", "78701", "America/Chicago", ("30.2672", "-97.7431"),
                "Austin store, at the counter"),
    SamplePlace("PORTLAND", "Portland warehouse", "Portland", "OR", "97201", "America/Los_Angeles",
                ("45.5152", "-122.6784"), "Portland warehouse, gate 2"),
)  # fmt: skip


def kept_at(seed: int, k: int, body: Mapping[str, Any]) -> dict[int, int]:
    """How many pieces of sample product `k` each of the sample places has, by the place's number; most have none."""
    rng = DeterministicRandom(seed ^ _SALT, k)
    if body["inventory_tracking"] == "none" or not rng.one_in(KEPT_ELSEWHERE):
        return {}
    return {place: 1 + rng.roll(40) for place in range(len(PLACES)) if rng.one_in(2)}


async def places(unit: Unit) -> list[int]:
    """The ids of the sample locations, created with their methods if missing."""
    ids: list[int] = []
    for place in PLACES:
        sql = "SELECT id FROM locations WHERE code_key = $1"
        known = await query.value(unit.tx, sql, caseless(place.code))
        ids.append(known or await _made(unit, place))
    return ids


async def _made(unit: Unit, place: SamplePlace) -> int:
    latitude, longitude = map(float, place.point)
    body = {
        "code": place.code,
        "label": place.label,
        "managed_by_external_source": False,
        "type_id": "PHYSICAL",
        "time_zone": place.time_zone,
        "operating_hours": dict.fromkeys(location.WEEKDAYS, HOURS),
        "address": {
            "address1": "100 Main Street", "city": place.city, "state": place.state, "zip": place.zip,
            "email": f"{place.code.lower()}@example.com", "country_code": "US",
            "geo_coordinates": {"latitude": latitude, "longitude": longitude},
        },
    }  # fmt: skip
    row = await create_one(unit, locations.V3, read(locations.V3, body), [])
    method = {
        "location_id": row.entity.id,
        "display_name": place.method,
        "collection_instructions": "Bring the number of your order.",
        "collection_time_description": "Ready within two hours, 9 am to 6 pm.",
    }
    await create_one(unit, pickup_methods.V3, read(pickup_methods.V3, method), [])
    return int(row.entity.id)


async def put_elsewhere(unit: Unit, product_id: int, kept: Mapping[int, int], ids: list[int]) -> None:
    """Adds what the sample places have of a product, or of each of its variants."""
    if not kept:
        return
    owner = await unit.get(product.TABLE, product_id)
    stocks: list[Stock] = [(product_id, 0)]
    if owner is not None and owner.entity.base_variant_id is None:
        rows = await unit.where(variants.TABLE, "product_id = $1", product_id)
        stocks = [(product_id, row.entity.id) for row in rows]
    ledger = await Ledger.read(unit.tx, stocks)
    for stock in stocks:
        for place, many in kept.items():
            ledger.set_level(stock, ids[place], many)
    await ledger.save(unit)
