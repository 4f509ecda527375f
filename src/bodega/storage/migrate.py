"""Forward migrations: numbered SQL files, run in order, each store in one transaction under a lock.

No library: a store is a database of its own, so there may be thousands to bring forward, and the check that nothing is
to be done must cost one small query (docs/decisions/0004-migrations.md).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple


class Migration(NamedTuple):
    """One step forward; `number` is the schema revision after it."""

    number: int
    name: str
    sql: str

    def statements(self) -> list[str]:
        """Its statements, one by one."""
        lines = [line for line in self.sql.splitlines() if not line.lstrip().startswith("--")]
        return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations by number; the files are `NNNN_name.sql`."""
    folder = resources.files("bodega.storage") / "migrations"
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return tuple(sorted(found))


def newest() -> int:
    """The schema revision this program needs."""
    return migrations()[-1].number


def pending(revision: int) -> list[Migration]:
    """What a store at this revision still lacks."""
    return [migration for migration in migrations() if migration.number > revision]


TABLE = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
READ = "SELECT coalesce(max(number), 0) FROM migrations"
WRITE = "INSERT INTO migrations (number, name) VALUES ($1, $2)"
