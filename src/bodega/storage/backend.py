"""The backend: where the registry and the stores' databases are, and how one is opened, brought forward and dropped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from bodega.storage.aggregate import DataModel
from bodega.storage.model import NO_TABLES
from bodega.storage.registry import Registry, StoreRecord
from bodega.storage.rows import Rows

HAS_TASKS = "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE state IN ('pending', 'running') LIMIT 1) found"


HAS_DELIVERIES = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1) found"


class NoCopy(Exception):
    """There is no such snapshot, or it cannot be used; the message is a sentence."""


class Backend(Protocol):
    """A directory of SQLite files or a PostgreSQL server."""

    registry: Registry

    @property
    def connections(self) -> int:
        """Connections that this process holds to stores; files do not count."""

    async def revision(self, record: StoreRecord) -> int:
        """The schema revision of a store's database; 0 when there is none yet. Raises Busy."""

    async def has_tasks(self, record: StoreRecord) -> bool:
        """Whether a task or a delivery waits in the store's database, asked without opening it."""

    async def migrate(self, record: StoreRecord) -> None:
        """Brings the store's database to the newest schema, under a lock that other processes wait for."""

    async def open(self, record: StoreRecord, model: DataModel = NO_TABLES) -> Rows:
        """Opens the store's rows, which are written by the rules of `model`. Raises Busy."""

    async def drop(self, record: StoreRecord) -> None:
        """Deletes the store's database for good."""

    async def snapshot(self, record: StoreRecord, name: str) -> None:
        """Keeps the store as it is now under a name; an older snapshot of that name gives way."""

    async def snapshots(self, record: StoreRecord) -> list[str]:
        """The names of the store's snapshots."""

    async def restore(self, record: StoreRecord, name: str) -> None:
        """The store is again as the snapshot has it, while servers may have it open. Raises NoCopy."""

    async def forget(self, record: StoreRecord, name: str) -> None:
        """Deletes a snapshot. Raises NoCopy."""

    async def backup(self, record: StoreRecord, target: Path, facts: Mapping[str, str]) -> None:
        """Writes the store, as it is at one moment, into a file with what is to be known of it."""

    async def recover(self, record: StoreRecord, backup: Path) -> None:
        """The store is again as the file of `backup` has it, whichever database it was made from."""

    async def close(self) -> None:
        """Lets go of everything but the rows that were opened."""
