"""Forward migrations: numbered SQL files, run in order, each store in one transaction under a lock; likewise the
registry and the journal.

No library: a store is a database of its own, so there may be thousands to migrate, and the check that nothing is
pending must cost one small query (docs/decisions/0004-migrations.md).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from bodega.storage.tx import Newer

_FOLDER = os.path.join(os.path.dirname(__file__), "migrations")


class Migration(NamedTuple):
    """One step forward; `number` is the schema revision after it."""

    number: int
    name: str
    sql: str

    def statements(self, dialect: str = "") -> list[str]:
        """Its statements, one by one. One that begins with `/* sqlite */` or `/* postgresql */` is for that dialect."""
        lines = [line for line in self.sql.splitlines() if not line.lstrip().startswith("--")]
        parts = _whole("\n".join(lines).split(";"))
        own = f"/* {dialect} */"
        meant = [part for part in parts if part and (part.startswith(own) or not part.startswith("/*"))]
        return [part.removeprefix(own).strip() for part in meant]


def _whole(parts: Sequence[str]) -> list[str]:
    """The statements of what lies between semicolons: those of a trigger belong to it, up to its END."""
    found: list[str] = []
    inside = False
    for part in map(str.strip, parts):
        if inside:
            found[-1] += f"; {part}"
        else:
            found.append(part)
        inside = (inside and part != "END") or "CREATE TRIGGER" in part
    return found


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations of a store by number; the files are `NNNN_name.sql`."""
    return _numbered("")


@cache
def registry_migrations() -> tuple[Migration, ...]:
    """All migrations of the registry by number."""
    return _numbered("registry")


@cache
def journal_migrations() -> tuple[Migration, ...]:
    """All migrations of the journal's database by number."""
    return _numbered("journal")


def _files(part: str) -> list[tuple[int, str, str]]:
    """The number, name and path of each migration in a folder, by number."""
    folder = os.path.join(_FOLDER, part)
    found = []
    for file in os.listdir(folder):
        if file.endswith(".sql"):
            number, _, name = file.removesuffix(".sql").partition("_")
            found.append((int(number), name, os.path.join(folder, file)))
    return sorted(found)


def _numbered(part: str) -> tuple[Migration, ...]:
    found = []
    for number, name, path in _files(part):
        with open(path, encoding="utf-8") as file:
            found.append(Migration(number, name, file.read()))
    return tuple(found)


def newest() -> int:
    """The schema revision this program needs."""
    return migrations()[-1].number


class Revisions(NamedTuple):
    """The newest revision of the schema of a store, of the registry, and of the journal."""

    store: int
    registry: int
    journal: int

    def __str__(self) -> str:
        """For people, in a line."""
        return f"stores {self.store}, registry {self.registry}, journal {self.journal}"


def revisions() -> Revisions:
    """What this program brings databases to, by the names of the files alone."""
    return Revisions(*(_files(part)[-1][0] for part in ("", "registry", "journal")))


def pending(revision: int, store: str = "") -> list[Migration]:
    """The migrations that a store at this revision still needs. Raises Newer, which names the store."""
    return _needed(migrations(), revision, f"store {store}".rstrip())


def _needed(known: Sequence[Migration], revision: int, whose: str) -> list[Migration]:
    if revision > known[-1].number:
        raise Newer(whose, revision, known[-1].number)
    return [migration for migration in known if migration.number > revision]


_CHANGED = re.compile(
    r"(?P<made>CREATE TABLE (?:IF NOT EXISTS )?(?P<new>\w+))|DROP TABLE (?:IF EXISTS )?(?P<gone>\w+)"
    r"|ALTER TABLE (?P<old>\w+) RENAME TO (?P<renamed>\w+)"
)


@cache
def _tables(steps: tuple[Migration, ...], dialect: str) -> frozenset[str]:
    names = {"migrations"}
    for step in steps:
        for found in _CHANGED.finditer(";".join(step.statements(dialect))):
            names -= {found["gone"], found["old"]}
            names |= {name for name in (found["new"], found["renamed"]) if name}
    return frozenset(names)


def tables(dialect: str = "") -> frozenset[str]:
    """The names of all tables of a store of the newest schema; without a dialect, of those that every database has."""
    return _tables(migrations(), dialect)


def told_missing(names: Collection[str], dialect: str) -> str:
    """What a store of the newest schema lacks that has these tables, as part of a sentence; empty if nothing."""
    missing = sorted(tables(dialect).difference(names))
    if not missing:
        return ""
    if len(missing) == 1:
        return f"the table {missing[0]} is missing"
    return f"the tables {', '.join(missing[:5])} are missing"


def journal_pending(revision: int) -> list[Migration]:
    """The migrations that the journal's database still needs. Raises Newer."""
    return _needed(journal_migrations(), revision, "the journal")


def registry_pending(revision: int, *, unnumbered: bool) -> list[Migration]:
    """The migrations that the registry still needs. One created before its schema had numbers (`unnumbered`) is at the
    first. Raises Newer."""
    at = max(revision, 1) if unnumbered else revision
    return _needed(registry_migrations(), at, "the stores' registry")


TABLE = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
READ = "SELECT coalesce(max(number), 0) FROM migrations"
WRITE = "INSERT INTO migrations (number, name) VALUES ($1, $2)"
