"""The operator's settings of a store as they hold: those of the registry, and what the store's API has said since."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from bodega.access.settings import with_defaults
from bodega.resources import MODEL
from bodega.resources.settings import operators
from bodega.storage.backend import Backend
from bodega.storage.registry import Registry, StoreRecord
from bodega.storage.rows import Rows
from bodega.storage.tx import Damaged
from bodega.storage.unit import Terms


@asynccontextmanager
async def opened(backend: Backend, record: StoreRecord) -> AsyncIterator[Rows | None]:
    """A store's rows for a command; None if its database is damaged: then only the registry speaks."""
    try:
        await backend.migrate(record)
        rows = await backend.open(record, MODEL)
    except Damaged:
        yield None
        return
    try:
        yield rows
    finally:
        await rows.close()


async def settings_now(rows: Rows | None, record: StoreRecord) -> dict[str, Any]:
    """All settings by name."""
    return with_defaults(record.settings) if rows is None else await operators.as_heard(rows.reader, record.settings)


async def change_settings(
    registry: Registry, rows: Rows | None, record: StoreRecord, changed: Mapping[str, Any]
) -> StoreRecord:
    """The store's record with these settings changed, written. What the API had said of them is taken back before."""
    if rows is not None and operators.SHARED & changed.keys():
        job = functools.partial(operators.overrule, keys=changed.keys())
        await rows.write(job, int(record.clock.now()), Terms(settings=with_defaults(record.settings)))
        await registry.rows_changed(record.hash)
    saved = replace(record, settings={**record.settings, **changed})
    await registry.save_store(saved)
    return saved
