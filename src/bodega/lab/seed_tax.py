"""Sample taxes: made once, when a store has sample products and nobody has set up its taxes.

Three zones with the rates that are known there, of which one has two.
The default zone stays without rates, so that whoever is in no other pays what they paid before.
"""

from __future__ import annotations

from typing import Any

from bodega.access.stores import OpenStore
from bodega.kit.write import create_one
from bodega.lab.generation import read
from bodega.resources.tax import rates, zones
from bodega.storage import query
from bodega.storage.unit import Unit

ZONES: dict[str, tuple[dict[str, Any], bool, tuple[tuple[str, int, dict[int, str]], ...]]] = {
    "Germany": ({"country_code": "DE"}, True, (("VAT", 1, {0: "19", 2: "19", 3: "19"}),)),
    "Quebec": (
        {"country_code": "CA", "subdivision_codes": ["QC"]},
        False,
        (("GST", 1, {0: "5", 2: "5", 3: "5"}), ("QST", 1, {0: "9.975", 2: "9.975", 3: "9.975"})),
    ),
    "Australia": ({"country_code": "AU"}, True, (("GST", 1, {0: "10", 2: "10", 3: "10"}),)),
}
"""By name: the place, whether prices are shown with tax, and rates by class."""


async def generate_taxes(store: OpenStore) -> None:
    """Adds the zones and rates, unless the store has any besides the default zone."""
    await store.write(_zones)


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
