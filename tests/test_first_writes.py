"""The first writes of a new store, by several workers at once: the lock is there before there is anything to lock."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial

from bodega.resources import MODEL
from bodega.resources.catalog import brands
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend
from bodega.storage.unit import Terms, Unit

WORKERS = 4


async def _brand(name: str, unit: Unit) -> int:
    row = await unit.insert(brands.TABLE, brands.Brand(name=name))
    return int(row.entity.id)


async def _first_writes(url: str) -> list[int]:
    backend = await open_backend(None, url)
    record = await create_store(backend, f"young-{secrets.token_hex(4)}", "sandbox", {}, 0)
    workers = [await backend.open(record, MODEL) for _ in range(WORKERS)]
    writes = [each.write(partial(_brand, f"Brand {at}"), 0, Terms()) for at, each in enumerate(workers)]
    ids = await asyncio.gather(*writes, return_exceptions=True)
    for each in workers:
        await each.close()
    await backend.close()
    return [one if isinstance(one, int) else 0 for one in ids]


def test_workers_that_write_first_share_no_id(runner: asyncio.Runner, postgres_url: str) -> None:
    for _ in range(3):
        assert sorted(runner.run(_first_writes(postgres_url))) == list(range(1, WORKERS + 1))
