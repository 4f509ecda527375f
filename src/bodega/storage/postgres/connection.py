"""PostgreSQL through asyncpg: single statements for reads, one composed statement for the writes of an entity."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import groupby
from typing import Any

import asyncpg

from bodega.storage import migrate
from bodega.storage.migrate import Migration
from bodega.storage.postgres.catalogue import Catalogue
from bodega.storage.postgres.pending import Pending
from bodega.storage.postgres.readers import Readers
from bodega.storage.tx import Busy, Clash, Damaged, Redo, Statement, Unstorable

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.UndefinedTableError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""The server is gone, full or shutting down, or the store was deleted during the request: the request itself is not
known to be wrong.

A value that cannot be sent is an InterfaceError too, but also a ValueError: that one is a bug of this program.
"""

RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class ReadTx:
    """Reads outside a transaction, each on any of the store's reading connections."""

    dialect = "postgresql"
    asks = True

    def __init__(self, readers: Readers, on_damage: Callable[[Damaged], None] | None = None) -> None:
        """`on_damage` is told when a read finds no table."""
        self._readers = readers
        self._on_damage = on_damage

    def _lost(self, error: Exception) -> Busy:
        told = unreachable(error)
        if isinstance(told, Damaged) and self._on_damage is not None:
            self._on_damage(told)
        return told

    async def breathe(self) -> None:
        """Every statement waits for the server, and others go on meanwhile."""

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        try:
            return await self._readers.fetch(sql, *values)  # type: ignore[no-any-return]
        except ValueError:
            raise
        except LOST as error:
            raise self._lost(error) from error

    async def row(self, sql: str, *values: Any) -> Any | None:
        try:
            return await self._readers.fetchrow(sql, *values)
        except ValueError:
            raise
        except LOST as error:
            raise self._lost(error) from error

    async def run(self, sql: str, *values: Any) -> None:
        try:
            await self._readers.execute(sql, *values)
        except ValueError:
            raise
        except LOST as error:
            raise self._lost(error) from error

    async def script(self, statements: Sequence[Statement], *, sure: bool = True) -> None:
        raise NotImplementedError("reads only")

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        raise NotImplementedError("reads only")
        yield


class PostgresTx:
    """One connection inside a transaction.

    In a group (with a `catalogue`) writes have no savepoints and wait for each other: those of one shape are one
    statement, sent by `flush` and before whatever may see them. One that fails makes the group start over, each write
    alone, and so does what has to be taken back. Alone, every write has a savepoint, so that the conflict can be read
    afterwards.
    """

    dialect = "postgresql"

    def __init__(self, connection: Any, catalogue: Catalogue | None) -> None:
        self._connection = connection
        alone = self._alone = catalogue is None
        self._pending = None if catalogue is None else Pending(catalogue)
        self.asks = alone
        self._depth = 0
        self._writes = 0
        self.wrote = False

    async def breathe(self) -> None:
        """Every statement waits for the server, and others go on meanwhile."""

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        if self._pending is not None and self._pending.seen_by(sql, values):
            await self.flush()
        try:
            return await self._connection.fetch(sql, *values)  # type: ignore[no-any-return]
        except asyncpg.DataError as error:
            raise self._unstorable(error) from error

    async def row(self, sql: str, *values: Any) -> Any | None:
        if self._pending is not None and self._pending.seen_by(sql, values):
            await self.flush()
        try:
            return await self._connection.fetchrow(sql, *values)
        except asyncpg.DataError as error:
            raise self._unstorable(error) from error

    def _unstorable(self, error: Exception) -> Exception:
        """What a value did to a statement: in a group it is everybody's transaction that has failed."""
        self.wrote = True
        return Unstorable(str(error)) if self._alone else Redo()

    async def run(self, sql: str, *values: Any) -> None:
        if self._pending is None:
            await self._write(sql, values)
        else:
            await self._later(self._pending, sql, values, sure=True)

    async def script(self, statements: Sequence[Statement], *, sure: bool = True) -> None:
        if self._pending is not None:
            for place, (sql, values) in enumerate(statements, start=1):
                await self._later(self._pending, sql, values, sure=sure or place < len(statements))
        elif statements:
            sql, shape = composed(tuple((sql, len(values)) for sql, values in statements))
            values = [value for index in shape for value in statements[index][1]]
            told = await self._write(sql, values)
            if not sure and told.endswith(" 0"):
                raise Redo

    async def finish(self, statements: Sequence[Statement]) -> None:
        """Sends what waits, and what belongs to no job: if it is refused all is, so nothing has to be read of it."""
        if self._pending is not None:
            await self.script(statements)
            await self.flush()
        elif statements:
            sql, shape = composed(tuple((sql, len(values)) for sql, values in statements))
            await self._write(sql, [value for index in shape for value in statements[index][1]], undone=False)

    async def _later(self, pending: Pending, sql: str, values: Sequence[Any], *, sure: bool) -> None:
        """Lets a write of a group wait; one that cannot is sent, after those that came before it."""
        self.wrote = True
        self._writes += 1
        rows = pending.shaped(sql)
        if rows is None:
            await self.flush()
            if (await self._write(sql, values)).endswith(" 0") and not sure:
                raise Redo
            return
        for shape, places in rows:
            its = [values[place] for place in places]
            if not pending.fits(shape, its):
                await self.flush()
            pending.add(shape, its, sure=sure)

    async def flush(self) -> None:
        """Sends the writes that wait. Raises Redo if the database refuses one: which one is found out alone."""
        if self._pending is None or not self._pending.rows:
            return
        sql, columns, expected = self._pending.take()
        try:
            if expected is None:
                await self._connection.execute(sql, *columns)
            elif tuple(await self._connection.fetchrow(sql, *columns)) != expected:
                raise Redo
        except ValueError as error:  # a value that cannot be sent
            raise Redo from error
        except (*LOST, *RETRIED):
            raise
        except asyncpg.PostgresError as error:
            raise Redo from error

    async def _write(self, sql: str, values: Sequence[Any], *, undone: bool = True) -> str:
        self.wrote = True
        try:
            if not self._alone or not undone:
                return str(await self._connection.execute(sql, *values))
            async with self._undone_by_errors():
                return str(await self._connection.execute(sql, *values))
        except asyncpg.IntegrityConstraintViolationError as error:
            if self._alone:
                raise Clash(str(error)) from error
            raise Redo from error
        except asyncpg.DataError as error:
            raise self._unstorable(error) from error

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        if self._alone:
            async with self._undone_by_errors():
                yield
            return
        before = self._writes
        try:
            yield
        except Exception as error:
            if self._writes != before:
                raise Redo from error  # it cannot be taken back without what others wrote
            raise

    @asynccontextmanager
    async def _undone_by_errors(self) -> AsyncIterator[None]:
        self._depth += 1
        name = f"s{self._depth}"
        await self._connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except Exception:
            await self._connection.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self._depth -= 1
        await self._connection.execute(f"RELEASE {name}")


@lru_cache(maxsize=1024)
def composed(statements: tuple[tuple[str, int], ...]) -> tuple[str, range]:
    """Several `$n` statements as one, with their parameters renumbered; foreign keys are checked at its end. Rows that
    follow each other into one table are one part: each part is planned, and by Citus twice."""
    parts = []
    before = 0
    for (sql, count), alike in groupby(statements):
        rows = len(tuple(alike))
        row = _ONE_ROW.fullmatch(sql) if rows > 1 else None
        if row is not None:
            listed = ", ".join(_renumbered(row[2], before + place * count) for place in range(rows))
            parts.append(f"{row[1]}{listed}{row[3] or ''}")
        else:
            parts += [_renumbered(sql, before + place * count) for place in range(rows)]
        before += rows * count
    if len(parts) == 1:
        return parts[0], range(len(statements))
    *first, last = parts
    with_clause = ", ".join(f"s{place} AS ({sql})" for place, sql in enumerate(first))
    return f"WITH {with_clause} {last}", range(len(statements))


_ONE_ROW = re.compile(r"(INSERT INTO \w+ \([\w\s,]+\)\s+VALUES )(\([^()]*\))(\s+ON CONFLICT\b[^$]*)?", re.DOTALL)


def _renumbered(sql: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda mark: f"${int(mark[1]) + by}", sql) if by else sql


def plain(error: Exception) -> Exception:
    """The error as the packages above know it: Busy if the server cannot be reached."""
    return unreachable(error) if isinstance(error, LOST) and not isinstance(error, ValueError) else error


def unreachable(error: Exception) -> Busy:
    """The error for a server that cannot be reached, or has no such table or database."""
    if isinstance(error, (asyncpg.UndefinedTableError, asyncpg.InvalidCatalogNameError)):
        return Damaged(str(error), sure=False)
    return Busy(f"PostgreSQL cannot be reached: {error}")


def adapted(statement: str) -> str:
    """A schema statement adapted to PostgreSQL: text is ordered by its bytes, as in SQLite."""
    return statement.replace(" TEXT", ' TEXT COLLATE "C"')


async def carry_out(connection: Any, migrations: Iterable[Migration]) -> None:
    """Brings the schema of a store or of the journal forward, within the transaction that the caller began."""
    for migration in migrations:
        for statement in migration.statements("postgresql"):
            await connection.execute(adapted(statement))
        await connection.execute(migrate.WRITE, migration.number, migration.name)


PATIENCE_SECONDS = 30.0
"""How long one statement of a request may take: a server that hangs must not block callers for ever."""


async def connect(dsn: str, schema: str, *, patient: bool = True) -> Any:
    """A connection whose `search_path` is the store's schema. Raises Busy when the server cannot be reached.

    A `patient` one has no time limit for its statements, since migrations may be slow.
    """
    try:
        connection = await asyncpg.connect(
            dsn,
            server_settings={"search_path": schema},
            timeout=min(10.0, PATIENCE_SECONDS),
            command_timeout=None if patient else PATIENCE_SECONDS,
        )
    except LOST as error:
        raise unreachable(error) from error
    connection.get_settings().register_data_types(_ARRAYS)
    return connection


def _array(oid: int, name: str, element: int) -> dict[str, Any]:
    told = {"oid": oid, "name": f"_{name}", "ns": "pg_catalog", "kind": b"b", "elemtype": element, "elemdelim": ","}
    return {**told, "elemtype_name": name, "basetype": None, "range_subtype": None, "attrtypoids": None}


_ARRAYS = [
    _array(1000, "bool", 16),
    _array(1001, "bytea", 17),
    _array(1007, "int4", 23),
    _array(1016, "int8", 20),
]
"""Arrays of the types that tables have, with their numbers in every server (pg_type.dat): asyncpg knows those of text,
and for the others would ask each new connection (measured: 19 ms)."""
