"""Opens the backend of a place."""

from __future__ import annotations

import os
from pathlib import Path

from bodega.storage.backend import Backend
from bodega.storage.key_care import prepare
from bodega.storage.sealing import KEY_FILE

KEY_FILE_VARIABLE = "BODEGA_KEY_FILE"
"""The environment variable that names the key file, where it is not in the data directory."""


async def open_backend(data: Path | None, database: str | None, workers: int = 1) -> Backend:
    """The directory of SQLite files, or the PostgreSQL server, for a process that is one of `workers`. Raises Busy,
    OSError, or NoKey if the key file is none.

    Each database is imported only where it is used: a command on SQLite does not pay for importing asyncpg.
    """
    data = data or Path("bodega-data")
    named = os.environ.get(KEY_FILE_VARIABLE)
    key_file = Path(named) if named else data / KEY_FILE
    backend: Backend
    if database:
        from bodega.storage.postgres.backend import CONNECTIONS, PostgresBackend

        backend = await PostgresBackend.open_backend(database, key_file, max(8, CONNECTIONS // workers))
    else:
        from bodega.storage.sqlite.backend import SqliteBackend

        backend = SqliteBackend(data, key_file)
    try:
        await prepare(backend.registry)
    except BaseException:
        await backend.close()
        raise
    return backend
