"""Settings of tax for the whole store: how prices are entered and shown, and which zone stands for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from bodega.kit.context import Context, Write
from bodega.kit.fields import Id
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.channel_settings import EVERYWHERE
from bodega.resources.settings.actions import ChangeGroup, ShowGroup
from bodega.resources.settings.group import Group
from bodega.storage import query
from bodega.storage.unit import Unit

Strategy = Literal["ZONE", "INCLUSIVE", "EXCLUSIVE"]
DEFAULT_ZONE = 1
"""The zone of everybody who is in no other."""
ZONES_OF_STORE = "tax_zones"
ZONES = ("guest_shopper_tax_zone_id", "store_tax_zone_id")


class DisplayStrategies(msgspec.Struct, frozen=True):
    """How prices are shown where nobody shops: as the zone of the order says, with tax, or without."""

    control_panel_price_display_strategy: Strategy = "ZONE"
    invoice_price_display_strategy: Strategy = "ZONE"


class TaxSettings(msgspec.Struct, frozen=True):
    """`fallback_strategy`: what happens when a tax provider fails: 10 per cent, the store's own rates, or no sale.

    With `should_subtract_store_tax` an inclusive price loses the tax of the store's zone before it gains that of the
    shopper's; else it is the same everywhere. The location of a guest is never looked up: who shops unknown is in the
    zone for guests.
    """

    tax_entered_with_prices: bool = False
    price_display_settings: DisplayStrategies = DisplayStrategies()
    fallback_strategy: Literal["FIXED", "BASIC", "DISABLE"] = "FIXED"
    should_subtract_store_tax: bool = True
    should_use_geolocation_to_determine_guest_shopper_tax_zone: bool = False
    guest_shopper_tax_zone_id: Id = DEFAULT_ZONE
    store_tax_zone_id: Id = DEFAULT_ZONE
    document_submission_strategy: Literal["ON_PAYMENT_CAPTURE", "ON_ORDER_CREATION"] = "ON_PAYMENT_CAPTURE"
    rounding_strategy: Literal["NO_ROUNDING", "RATE_ROUNDING"] = "RATE_ROUNDING"


GROUP = Group(
    TaxSettings,
    "tax_settings",
    "tax/settings",
    backed={"tax_entered_with_prices": "prices_include_tax"},
    by_channel=False,
)
tax_settings = GROUP.of


class ChangeTaxSettings(ChangeGroup):
    """PUT: the zones that it names are those of the store."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        named: dict[str, Any] = {name: write.draft[name] for name in ZONES if isinstance(write.draft.get(name), int)}
        known = set(await query.existing(unit.tx, ZONES_OF_STORE, list(named.values()))) if named else set()
        wrong = [name for name, zone in named.items() if zone not in known]
        if wrong:
            raise refuse_faults([invalid(name, "must be the id of a tax zone") for name in wrong])
        return await super().perform(unit, context, write)


async def forget_zones(unit: Unit, ids: Sequence[int]) -> None:
    """A zone that is deleted stands for nobody any more: the default zone does again."""
    row = await unit.get(GROUP.table, EVERYWHERE)
    if row is None:
        return
    gone = [name for name in ZONES if getattr(row.entity, name) in ids]
    if gone:
        await unit.update(GROUP.table, row, replace(row.entity, **dict.fromkeys(gone, DEFAULT_ZONE)))


RESOURCE = Resource(
    aggregates=(GROUP.aggregate,),
    routes=(route(GROUP.path, 3, GET=ShowGroup(GROUP), PUT=ChangeTaxSettings(GROUP)),),
)
