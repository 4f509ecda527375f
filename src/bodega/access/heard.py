"""Whether a store's API has said anything of what its operator sets: most stores' has not, and then nothing has to be
known of resources to tell the operator's settings."""

from __future__ import annotations

from bodega.storage import query
from bodega.storage.backend import Backend
from bodega.storage.registry import StoreRecord
from bodega.storage.tx import Damaged

TABLES = ("store_profile", "store_locale", "units_of_measurement", "inventory_settings", "tax_settings")
"""Where it is kept (`resources/settings/operators.py`)."""


async def nothing_heard(backend: Backend, record: StoreRecord) -> bool:
    """Whether the settings of the registry hold as they are; also where the store's database is damaged."""
    try:
        await backend.migrate(record)
        rows = await backend.open(record)
    except Damaged:
        return True
    try:
        totals = await query.pairs(rows.reader, "SELECT name, total FROM table_statistics")
        return not any(totals.get(name) for name in TABLES)
    finally:
        await rows.close()
