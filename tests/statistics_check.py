"""What the table statistics of a store must say, counted from its rows."""

from __future__ import annotations

from collections import Counter

from bodega.resources import TABLES
from bodega.storage import query
from bodega.storage.table_stats import BLOCK_BITS
from bodega.storage.tx import Tx
from shop import Shop

REVISION = "SELECT revision FROM table_statistics WHERE name = '*'"


def check_statistics(shop: Shop) -> None:
    """The table statistics tell what is there: totals, blocks, the next id, and versions that no two rows share.

    A task may still write meanwhile, here or in another process: what is compared was read at one revision.
    """

    async def work() -> None:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        assert store.rows is not None
        reader = store.rows.reader
        before = None
        while before is None or before != (newest := await query.value(reader, REVISION)):
            before = await query.value(reader, REVISION)
            wrong = await _wrong(reader, int(before or 0))
        assert newest is not None
        assert wrong == []

    shop.server.run(work())


async def _wrong(reader: Tx, newest: int) -> list[str]:
    """What the statistics do not tell as it is."""
    wrong: list[str] = []
    versions: list[int] = []
    for table in TABLES:
        rows = [tuple(row) for row in await reader.rows(f"SELECT id, version FROM {table.name} ORDER BY id")]
        entry = await reader.row("SELECT total, next_id, revision FROM table_statistics WHERE name = $1", table.name)
        total, next_id, revision = entry or (0, 1, 0)
        living = Counter(row[0] >> BLOCK_BITS for row in rows)
        blocks = await reader.rows("SELECT block, living FROM page_index WHERE name = $1", table.name)
        kept = {block: count for block, count in blocks if count}
        facts = {
            "total": total == len(rows),
            "next_id": all(0 <= row[0] < next_id for row in rows),
            "revision": all(row[1] <= revision for row in rows),
            "page index": kept == living,
        }
        wrong += [f"{table.name}: {fact}" for fact, right in facts.items() if not right]
        if table.name != "variants":  # a base variant is written with its product
            versions += [row[1] for row in rows]
    if len(versions) != len(set(versions)):
        wrong.append("two rows share a version")
    if newest < max(versions, default=0):
        wrong.append("the store's revision is behind its rows")
    return wrong
