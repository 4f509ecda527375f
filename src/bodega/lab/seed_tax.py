"""Sample taxes: made once, when a store has sample products and nobody has set up its taxes.

Three zones with their rates, where no sample customer lives: sample orders cost the same with and without them. The
default zone stays without rates, so that whoever is in no other pays what they paid before.
"""

from __future__ import annotations

from typing import Any

from bodega.access.stores import OpenStore
from bodega.kit.write import create_one
from bodega.lab.generation import read, where_free
from bodega.resources.tax import rates, zones
from bodega.storage import query
from bodega.storage.unit import Unit

ZONES: dict[str, tuple[dict[str, Any], bool, tuple[tuple[str, int, dict[int, str]], ...]]] = {
    "Norway": ({"country_code": "NO"}, True, (("MVA", 1, {0: "25", 2: "25", 3: "25"}),)),
    "Spain": ({"country_code": "ES"}, True, (("IVA", 1, {0: "21", 2: "21", 3: "21"}),)),
    "Canary Islands": (
        {"country_code": "ES", "subdivision_codes": ["GC", "TF"]},
        True,
        (("IGIC", 1, {0: "7", 2: "7", 3: "7"}), ("AIEM", 1, {0: "2.5"})),
    ),
}
"""By name: the place, whether prices are shown with tax, and rates by class."""


async def generate_taxes(store: OpenStore) -> None:
    """Adds the zones and rates, unless the store has any besides the default zone."""
    await where_free(store, _zones)


async def _zones(unit: Unit) -> None:
    if await query.value(unit.tx, "SELECT 1 FROM tax_zones WHERE id > $1", zones.DEFAULT):
        return
    for name, (place, shown, those) in ZONES.items():
        body = {
            "name": name,
            "price_display_settings": {"show_inclusive": shown},
            "shopper_target_settings": {"locations": [place]},
        }
        zone = await create_one(unit, zones.V3, read(zones.V3, body), [])
        for title, priority, percents in those:
            of_classes = [{"tax_class_id": number, "rate": float(percent)} for number, percent in percents.items()]
            rate = {"tax_zone_id": zone.entity.id, "name": title, "priority": priority, "class_rates": of_classes}
            await create_one(unit, rates.V3, read(rates.V3, rate), [])
