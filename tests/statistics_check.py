"""What the table statistics of a store must say, counted from its rows."""

from __future__ import annotations

from collections import Counter

from bodega.resources import TABLES
from bodega.storage.table_stats import BLOCK_BITS
from shop import Shop


def check_statistics(shop: Shop) -> None:
    """The table statistics tells what is there: totals, blocks, the next id, and versions that no two rows share."""

    async def work() -> None:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        assert store.rows is not None
        reader = store.rows.reader
        versions: list[int] = []
        for table in TABLES:
            rows = [tuple(row) for row in await reader.rows(f"SELECT id, version FROM {table.name} ORDER BY id")]
            entry = await reader.row(
                "SELECT total, next_id, revision FROM table_statistics WHERE name = $1", table.name
            )
            total, next_id, revision = entry or (0, 1, 0)
            assert total == len(rows), table.name
            assert all(0 <= row[0] < next_id for row in rows), table.name
            assert all(row[1] <= revision for row in rows), table.name
            living = Counter(row[0] >> BLOCK_BITS for row in rows)
            kept = {
                r[0]: r[1]
                for r in await reader.rows("SELECT block, living FROM page_index WHERE name = $1", table.name)
            }
            assert {block: count for block, count in kept.items() if count} == living, table.name
            if table.name != "variants":  # a base variant is written with its product
                versions += [row[1] for row in rows]
        assert len(versions) == len(set(versions))
        newest = await reader.row("SELECT revision FROM table_statistics WHERE name = '*'")
        assert newest is not None
        assert newest[0] >= max(versions, default=0)

    shop.server.run(work())
