"""What the operator and the API can both set (`bodega store set`, PUT): one value, that of whoever spoke last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from bodega.access.settings import with_defaults
from bodega.resources.channel_settings import EVERYWHERE
from bodega.resources.settings.group import OVER, Group, behind
from bodega.resources.settings.selling import INVENTORY
from bodega.resources.settings.shop import LOCALE, PROFILE, UNITS
from bodega.resources.tax.settings import GROUP as TAX
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

GROUPS: tuple[Group[Any], ...] = (PROFILE, LOCALE, UNITS, INVENTORY, TAX)
"""The groups that settings of the operator stand behind."""

SHARED = frozenset(member.backed for group in GROUPS for member in group.members.values() if member.backed)
"""The operator's settings that the API can change as well."""


async def as_heard(reader: Tx, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of the operator by name, those of the registry with what the API has said since."""
    told = with_defaults(settings)
    for group in GROUPS:
        row = await group.row(reader, EVERYWHERE)
        for name, member in group.members.items():
            said = group.store_says(row, name, behind(member, settings)) if member.backed else None
            if said is not None:
                told[member.backed] = said
    return told


async def overrule(unit: Unit, keys: Collection[str]) -> None:
    """Takes back what the API said of these settings, as the operator speaks now, be it to say the same as before."""
    for group in GROUPS:
        row = await unit.get(group.table, EVERYWHERE)
        if row is None:
            continue
        names = {name for name, member in group.members.items() if member.backed in keys}
        names = {name for name in names if getattr(row.entity, name) is not None}
        if names:
            over = {name: value for name, value in getattr(row.entity, OVER).items() if name not in names}
            await unit.save(group.table, row, replace(row.entity, **dict.fromkeys(names), **{OVER: over}))
