"""The backend: where the registry and the stores' databases are, and how a database is opened, migrated and dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from bodega.storage.aggregate import DataModel
    from bodega.storage.journal_database import JournalDatabase
    from bodega.storage.registry import Registry, StoreRecord
    from bodega.storage.rows import Rows
    from bodega.storage.tx import Tx

HAS_TASKS = "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE state IN ('pending', 'running') LIMIT 1) found"


HAS_DELIVERIES = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1) found"


Settle = Callable[["Rows"], Awaitable[None]]


class Comparison(NamedTuple):
    """Two states that are read at once: `rows` runs a query with `$n`, in which a table of the one is named after the
    first of `places` (as `a.products`), of the other after the second. `apart`: they are of two stores, each of which
    gave its own versions to rows. `elsewhere`: rows of the one may be kept where no query reads those of the other."""

    rows: Callable[..., Awaitable[list[Any]]]
    places: tuple[str, str]
    apart: bool = False
    elsewhere: bool = False


class NoCopy(Exception):
    """A copy does not exist, cannot be used or cannot be made; the message is a sentence."""


class Backend(Protocol):
    """A directory of SQLite files or a PostgreSQL server."""

    registry: Registry

    @property
    def connections(self) -> int:
        """The number of connections that this process holds to stores; SQLite files do not count."""

    async def create(self, record: StoreRecord) -> None:
        """Creates the database of a new store. Nothing else does: a store without a database is damaged. Raises
        Busy, or NoCopy if the database cannot be this store's."""

    async def fork(
        self, source: StoreRecord, target: StoreRecord, settle: Settle, model: DataModel, snapshot: str | None = None
    ) -> None:
        """Creates the database of a new store as another one is, or was in a snapshot; others may write to that one
        meanwhile. `settle` has its rows before anybody else. Raises Busy, Damaged, NoCopy."""

    async def withdraw(self, record: StoreRecord) -> None:
        """Takes `create` back, for a store that was not registered since another one has its hash."""

    async def inspect(self, record: StoreRecord, *, thorough: bool = False) -> None:
        """Looks whether the store's database is there and whole: that it has its tables, or `thorough` all of it.
        Raises Damaged, Busy."""

    async def revision(self, record: StoreRecord) -> int:
        """The schema revision of a store's database. Raises Damaged, Busy."""

    async def has_tasks(self, record: StoreRecord) -> bool:
        """Whether a task or a delivery waits in the store's database, checked without opening the store."""

    async def migrate(self, record: StoreRecord) -> None:
        """Migrates the store's database to the newest schema, under a lock that other processes wait for. Raises
        Damaged."""

    async def open(self, record: StoreRecord, model: DataModel | None = None) -> Rows:
        """Opens the store's rows, which are written by the rules of `model`. Raises Damaged, Busy."""

    def reading(self, record: StoreRecord) -> AbstractAsyncContextManager[Tx]:
        """Its rows for a few queries, without a writer: for who only looks. Raises Damaged, Busy."""

    async def drop(self, record: StoreRecord) -> None:
        """Deletes the store's database for good."""

    async def rebuild(self, record: StoreRecord) -> StoreRecord:
        """An empty database for a damaged store, where no server finds it yet, and the record to use it by. Raises
        Busy."""

    async def settle(self, record: StoreRecord, rebuilt: StoreRecord) -> None:
        """Puts the rebuilt database in the place of the damaged one, whose remains are left out of the way."""

    def withheld(self, record: StoreRecord) -> AbstractAsyncContextManager[None]:
        """Locks writers out of the store while a block runs; reads go on, and so does `backup`.

        When the block ends the database is gone from its place, so that a writer who waited is refused and not lost;
        if the block raises, everything is as before. Raises Damaged, Busy.
        """

    async def snapshot(self, record: StoreRecord, name: str) -> None:
        """Saves the present state of the store under a name; it replaces an older snapshot of that name. Raises
        NoCopy if another one of that name is being taken."""

    async def snapshots(self, record: StoreRecord) -> list[str]:
        """The names of the store's snapshots."""

    async def restore(self, record: StoreRecord, name: str) -> None:
        """Restores the store from the snapshot, while servers may have it open. Raises NoCopy."""

    def compared(
        self, record: StoreRecord, before: str | None, after: str | None, origin: StoreRecord | None = None
    ) -> AbstractAsyncContextManager[Comparison]:
        """Two states of the store: snapshots, or now (None). With an `origin` the first one is that store's, now or in
        its snapshot. Raises NoCopy, Damaged, Busy."""

    async def forget(self, record: StoreRecord, name: str) -> None:
        """Deletes a snapshot. Raises NoCopy."""

    async def backup(self, record: StoreRecord, target: Path, facts: Mapping[str, str], *, force: bool = False) -> None:
        """Writes a consistent copy of the store into a file, together with `facts` about it. An existing file is
        only replaced by `force`. Raises NoCopy."""

    async def recover(self, record: StoreRecord, backup: Path) -> None:
        """Restores the store from a file of `backup`, whichever database it was taken from."""

    def journal(self) -> JournalDatabase:
        """The journal's database, opened when it is first used; whoever asks for it closes it."""

    async def close(self) -> None:
        """Closes everything except the rows that were opened."""
