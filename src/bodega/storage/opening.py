"""Opens the backend of a place."""

from __future__ import annotations

from pathlib import Path

from bodega.storage.backend import Backend


async def open_backend(data: Path | None, database: str | None, workers: int = 1) -> Backend:
    """The directory of SQLite files, or the PostgreSQL server, for a process that is one of `workers`. Raises Busy or
    OSError.

    Each database is imported only where it is used: a command on SQLite does not pay for importing asyncpg.
    """
    if database:
        from bodega.storage.postgres.backend import CONNECTIONS, PostgresBackend

        return await PostgresBackend.open_backend(database, max(8, CONNECTIONS // workers))
    from bodega.storage.sqlite.backend import SqliteBackend

    return SqliteBackend(data or Path("bodega-data"))
