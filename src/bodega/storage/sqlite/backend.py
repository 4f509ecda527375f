"""The SQLite backend: a directory with `registry.db`, `stores/HASH.PLACE.db` and `changes`, the notifications."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bodega import private
from bodega.storage import migrate
from bodega.storage.backend import HAS_DELIVERIES, HAS_TASKS, Comparison, NoCopy, Settle
from bodega.storage.registry import Registry, StoreRecord, new_place
from bodega.storage.sealing import KEY_FILE, Sealer
from bodega.storage.sqlite import cloning, copies, engine, file
from bodega.storage.sqlite.commits import CommitThreads
from bodega.storage.sqlite.connection import SqliteTx, adapted, begin, carry_out, connect, numbered
from bodega.storage.sqlite.registry import SqliteRegistry, has_table, revision_of
from bodega.storage.tx import Damaged

if TYPE_CHECKING:
    from bodega.storage.aggregate import DataModel
    from bodega.storage.sqlite.journal import SqliteJournal
    from bodega.storage.sqlite.rows import SqliteRows
    from bodega.storage.tx import Tx


class SqliteBackend:
    """Stores as SQLite files of one process."""

    def __init__(self, directory: Path, key_file: Path | None = None) -> None:
        private.make_folder(directory / "stores")
        self.directory = directory
        self.registry: Registry = SqliteRegistry(directory, Sealer(key_file or directory / KEY_FILE))
        self._commits = CommitThreads()
        self._sources = cloning.Sources()

    @property
    def connections(self) -> int:
        return 0

    def path(self, record: StoreRecord) -> Path:
        """The file of a store, never the same twice: SQLite deletes the log of a file that it closes, by its name."""
        return self.directory / "stores" / f"{record.hash}.{record.place}.db"

    async def create(self, record: StoreRecord) -> None:
        await self._aside(place_new, self.path(record))

    async def fork(
        self, source: StoreRecord, target: StoreRecord, settle: Settle, model: DataModel, snapshot: str | None = None
    ) -> None:
        clone = cloning.Clone(self.path(target))
        try:
            if snapshot is not None:
                await self._aside(clone.of_copy, self._copy(source, snapshot))
                await self.migrate(target)
            else:
                file.examine(self.path(source), source.hash)
                with file.read_errors(self.path(source), source.hash):
                    await self._aside(clone.of_store, self._sources, self.path(source))
            await self._settled(clone, self._rows(clone.path, target, model), settle)
        finally:
            clone.close()

    async def create_of(self, record: StoreRecord, copy: Path) -> None:
        """Creates the database of a new store as a backup has it. Raises OSError, Damaged."""
        clone = cloning.Clone(self.path(record))
        try:
            await self._aside(clone.of_copy, copy)
            await self._aside(clone.sync)
            await self.migrate(record)
        finally:
            clone.close()

    async def _settled(self, clone: cloning.Clone, rows: SqliteRows, settle: Settle) -> None:
        """The clone is brought to the disk meanwhile."""
        written = asyncio.ensure_future(self._aside(clone.sync))
        try:
            try:
                await settle(rows)
            finally:
                await rows.close()
        finally:
            await asyncio.wait([written])
        written.result()

    async def withdraw(self, record: StoreRecord) -> None:
        await self.drop(record)

    async def inspect(self, record: StoreRecord, *, thorough: bool = False) -> None:
        if thorough:
            await self._aside(functools.partial(file.inspect, self.path(record), record.hash, thorough=True))
        else:
            file.inspect(self.path(record), record.hash)

    async def revision(self, record: StoreRecord) -> int:
        return await self._number(record, migrate.READ)

    async def has_tasks(self, record: StoreRecord) -> bool:
        return await self._number(record, HAS_TASKS) > 0 or await self._number(record, HAS_DELIVERIES) > 0

    async def _number(self, record: StoreRecord, sql: str) -> int:
        """The single number that a query returns; 0 if the table does not exist yet."""
        path = self.path(record)
        file.examine(path, record.hash)
        with file.read_errors(path, record.hash):
            connection = engine.open_file(path, "ro", busy_ms=1_000)
            try:
                if not has_table(connection, "migrations"):
                    raise Damaged(f"the file {path.name} holds no store", record.hash)
                return int(engine.value(connection, sql))
            except engine.SqlError:
                return 0
            finally:
                connection.close()

    async def migrate(self, record: StoreRecord) -> None:
        path = self.path(record)
        file.examine(path, record.hash)
        with file.read_errors(path, record.hash):
            await self._aside(functools.partial(forward, path, record.hash))

    async def open(self, record: StoreRecord, model: DataModel | None = None) -> SqliteRows:
        from bodega.storage.model import NO_TABLES

        path = self.path(record)
        file.inspect(path, record.hash)
        with file.read_errors(path, record.hash):
            return self._rows(path, record, NO_TABLES if model is None else model)

    def _rows(self, path: Path, record: StoreRecord, model: DataModel) -> SqliteRows:
        """Imported here: a command that only looks needs no writer, and all that comes with it."""
        from bodega.storage.sqlite.rows import SqliteRows

        return SqliteRows(path, record.hash, self._commits, model)

    @asynccontextmanager
    async def reading(self, record: StoreRecord) -> AsyncIterator[Tx]:
        with file.inspected(self.path(record), record.hash) as connection:
            yield SqliteTx(connection)

    async def drop(self, record: StoreRecord) -> None:
        path = self.path(record)
        self._sources.forget(path)
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.is_dir() and not part.is_symlink():  # whoever put it there
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)
        shutil.rmtree(self._copies(record), ignore_errors=True)

    async def rebuild(self, record: StoreRecord) -> StoreRecord:
        """The new file has another name: a server may have the old one open, whose log goes by its name."""
        fresh = msgspec.structs.replace(record, place=new_place())
        await self.create(fresh)
        return fresh

    async def settle(self, record: StoreRecord, rebuilt: StoreRecord) -> None:
        if self._copies(record).is_dir():
            self._copies(record).rename(self._copies(rebuilt))

    @asynccontextmanager
    async def withheld(self, record: StoreRecord) -> AsyncIterator[None]:
        """A writer who waited commits into a file without a name, sees that after the commit, and is refused."""
        path = self.path(record)
        file.examine(path, record.hash)
        with file.read_errors(path, record.hash):
            connection = await asyncio.to_thread(connect, path, 30_000)
            try:
                await asyncio.to_thread(begin, connection)
                yield
                await self.drop(record)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.close()

    def _copies(self, record: StoreRecord) -> Path:
        return self.directory / "snapshots" / f"{record.hash}.{record.place}"

    async def snapshot(self, record: StoreRecord, name: str) -> None:
        file.examine(self.path(record), record.hash)
        with file.read_errors(self.path(record), record.hash):
            await self._aside(copies.take, self.path(record), self._copies(record) / f"{name}.db", None, True)

    async def snapshots(self, record: StoreRecord) -> list[str]:
        folder = self._copies(record)
        return sorted(path.stem for path in folder.glob("*.db")) if folder.is_dir() else []

    async def restore(self, record: StoreRecord, name: str) -> None:
        await self.recover(record, self._copy(record, name))

    async def forget(self, record: StoreRecord, name: str) -> None:
        self._copy(record, name).unlink()

    @asynccontextmanager
    async def compared(
        self, record: StoreRecord, before: str | None, after: str | None, origin: StoreRecord | None = None
    ) -> AsyncIterator[Comparison]:
        states = ((origin or record, before), (record, after))
        files = [self.path(of) if name is None else self._copy(of, name) for of, name in states]
        for of, _ in states:
            file.examine(self.path(of), of.hash)
        with file.read_errors(self.path(record), record.hash):
            reading = Reading(*files)
            try:
                await self._aside(reading.begin)
                if reading.revisions != {migrate.newest()}:
                    raise NoCopy("A snapshot that was taken before an upgrade of the schema cannot be compared.")
                yield Comparison(functools.partial(self._read, reading), ("a.", "b."), origin is not None)
            finally:
                await self._aside(reading.connection.close)

    async def _read(self, reading: Reading, sql: str, *values: Any) -> list[Any]:
        work = functools.partial(reading.rows, sql, *values)
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def _copy(self, record: StoreRecord, name: str) -> Path:
        path = self._copies(record) / f"{name}.db"
        if not path.exists():
            raise NoCopy(f"Store {record.hash} has no snapshot {name}.")
        return path

    async def backup(self, record: StoreRecord, target: Path, facts: Mapping[str, str], *, force: bool = False) -> None:
        file.examine(self.path(record), record.hash)
        with file.read_errors(self.path(record), record.hash):
            await self._aside(copies.take, self.path(record), target, facts, force)

    async def recover(self, record: StoreRecord, backup: Path) -> None:
        await self._aside(copies.put_back, backup, self.path(record), int(record.clock.now()), forward)

    async def _aside(self, work: Callable[..., None], *given: Any) -> None:
        """Copies files in a thread, so that requests are served meanwhile."""
        await asyncio.get_running_loop().run_in_executor(None, functools.partial(work, *given))

    def journal(self) -> SqliteJournal:
        from bodega.storage.sqlite.journal import SqliteJournal

        return SqliteJournal(self.directory)

    async def close(self) -> None:
        await self.registry.close()
        self._sources.close()
        self._commits.close()


class Reading:
    """Two files that are read as they are at one moment."""

    def __init__(self, before: Path, after: Path) -> None:
        self.connection = engine.in_memory()
        self._files = {"a": before, "b": after}
        self.revisions: set[int] = set()

    def begin(self) -> None:
        """Opens the files."""
        for name, path in self._files.items():
            self.connection.execute(f"ATTACH ? AS {name}", (str(path),))
        self.connection.execute("PRAGMA query_only=ON")
        self.connection.execute("BEGIN")
        for name in self._files:
            sql = migrate.READ.replace("FROM ", f"FROM {name}.")
            self.revisions.add(int(engine.value(self.connection, sql)))

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        return engine.rows(self.connection, numbered(sql), values)


def place_new(path: Path) -> None:
    """As `make`, but the schema is made once in a process. Raises FileExistsError."""
    cloning.place(cloning.new_store(migrate.migrations(), make), path)


def make(path: Path) -> None:
    """Creates the file of a store, of the newest schema. Raises FileExistsError."""
    private.touch(path, exclusive=True)
    try:
        forward(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def add_functions(connection: engine.Connection) -> None:
    """Adds the functions that PostgreSQL has and migrations need: `normalize`."""

    from bodega.storage.text import composed

    def normalize(text: str | None) -> str | None:
        return None if text is None else composed(text)

    engine.add_function(connection, "normalize", normalize)


def forward(path: Path, store: str = "") -> None:
    """Brings the file of a store of this hash to the newest schema; it may be empty, but must exist. Raises Newer."""
    connection = connect(path, busy_ms=600_000)
    add_functions(connection)
    try:
        begin(connection)
        connection.execute(migrate.TABLE)
        carry_out(connection, migrate.pending(revision_of(connection), store), adapted)
        connection.execute("COMMIT")
    finally:
        engine.roll_back(connection)
        connection.close()
