"""What holds for a channel: its own settings, else the store's. `settings/group.py` makes most of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from bodega.storage import query
from bodega.storage.table import Table
from bodega.storage.tx import Tx

EVERYWHERE = 0
"""The id of the row for the whole store; the others have their channel's."""


async def holding(tx: Tx, table: Table, defaults: Mapping[str, Any], channel_id: int) -> dict[str, Any]:
    """The settings of a table that hold for a channel: its own, else the store's, else the defaults."""
    found = dict(defaults)
    for row_id in dict.fromkeys((EVERYWHERE, channel_id)):
        found |= {name: value for name, value in (await _kept(tx, table, row_id)).items() if value is not None}
    return found


async def of_its_channel(_tx: Tx, _old: Any, new: Any) -> list[int]:
    """The channel of a row of settings; those of the store belong to no channel."""
    return [new.id] if new.id != EVERYWHERE else []


async def _kept(tx: Tx, table: Table, row_id: int) -> dict[str, Any]:
    row = await query.get(tx, table, row_id)
    kept = asdict(row.entity if row is not None else table.entity())
    del kept["id"]
    return kept
