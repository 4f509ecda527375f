"""The registry is brought forward at the start, from the schema it had before its versions were numbered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bodega.storage import migrate
from bodega.storage.backend import Backend
from bodega.storage.migrate import Migration
from bodega.storage.opening import open_backend
from bodega.storage.postgres import connection as postgres
from bodega.storage.postgres import registry as postgres_server
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.sqlite.connection import connect
from postgres import database

FIRST = migrate.registry_migrations()[0]
OLD_ROWS = (
    "INSERT INTO stores VALUES ('old', 1000, 'plus', '{\"products\":5}', '{}', 1, '{}', 7, 3, 'abcd')",
    "INSERT INTO accounts VALUES ('c1', 'old', 'ERP', 'oauth', '', 'd1', 's1', 'store_v2_orders', 9, 8, 0, 7, 2)",
)
"""What stood in a registry of the first release."""

Place = tuple[Path | None, str | None]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where no registry is yet."""
    if request.param == "sqlite":
        yield tmp_path, None
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield None, url


@pytest.fixture
def opened(runner: asyncio.Runner, place: Place) -> Iterator[Callable[[], Backend]]:
    """Opens backends at the place, and closes them in the end."""
    backends: list[Backend] = []

    def one() -> Backend:
        backends.append(runner.run(open_backend(*place)))
        return backends[-1]

    yield one
    for backend in backends:
        runner.run(backend.close())


def make_old(runner: asyncio.Runner, place: Place) -> None:
    """A registry as the first release left it: no numbers, one store, one account."""
    data, url = place
    if data is not None:
        (data / "registry.db").touch()
        connection = connect(data / "registry.db")
        for statement in (*FIRST.statements(), *OLD_ROWS):
            connection.execute(statement)
        connection.close()
        return

    async def work() -> None:
        assert url is not None
        made = await postgres.connect(url, postgres_server.REGISTRY)
        await made.execute(f"CREATE SCHEMA IF NOT EXISTS {postgres_server.REGISTRY}")
        for statement in (*FIRST.statements(), *OLD_ROWS):
            await made.execute(statement)
        await made.close()

    runner.run(work())


def revision(runner: asyncio.Runner, backend: Backend) -> int:
    return int(runner.run(backend.registry.tx.row(migrate.READ))[0])


def test_the_files_are_numbered_without_a_gap() -> None:
    """The number is the schema's revision."""
    numbers = [migration.number for migration in migrate.registry_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_new_registry_has_the_newest_schema(runner: asyncio.Runner, opened: Callable[[], Backend]) -> None:
    backend = opened()
    assert revision(runner, backend) == len(migrate.registry_migrations())
    assert runner.run(backend.registry.stores()) == []


def test_an_old_registry_is_brought_forward_with_all_it_knows(
    runner: asyncio.Runner, place: Place, opened: Callable[[], Backend]
) -> None:
    make_old(runner, place)
    backend = opened()
    assert revision(runner, backend) == len(migrate.registry_migrations())
    store = runner.run(backend.registry.store("old"))
    assert (store.plan, store.limits, store.maintenance) == ("plus", {"products": 5}, True)
    [account] = runner.run(backend.registry.accounts("old"))
    assert (account.client_id, account.scopes, account.quota_epoch) == ("c1", {"store_v2_orders"}, 2)


def test_opening_twice_changes_nothing(runner: asyncio.Runner, place: Place, opened: Callable[[], Backend]) -> None:
    make_old(runner, place)
    opened()
    again = opened()
    rows = runner.run(again.registry.tx.rows("SELECT number FROM migrations ORDER BY number"))
    assert [row[0] for row in rows] == [step.number for step in migrate.registry_migrations()[1:]]


def test_several_processes_that_open_an_old_registry_at_once_bring_it_forward_once(
    runner: asyncio.Runner, place: Place
) -> None:
    """Under a lock: the others wait, and find nothing to do."""
    make_old(runner, place)

    async def open_one() -> Any:
        if place[0] is not None:  # SQLite waits inside the call, so each one needs a thread
            return await asyncio.get_running_loop().run_in_executor(None, SqliteBackend, place[0])
        return await open_backend(*place)

    async def work() -> list[int]:
        backends = await asyncio.gather(*(open_one() for _ in range(6)))
        found = [(await backend.registry.tx.row(migrate.READ))[0] for backend in backends]
        for backend in backends:
            await backend.close()
        return found

    assert runner.run(work()) == [len(migrate.registry_migrations())] * 6


def test_a_step_that_fails_leaves_the_registry_as_it_was(
    runner: asyncio.Runner, place: Place, opened: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(runner, place)
    steps = migrate.registry_migrations()
    wrong = Migration(len(steps) + 1, "wrong", "CREATE TABLE half (i INTEGER);\nINSERT INTO nowhere VALUES (1);")
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "registry_migrations", lambda: (*steps, wrong))
        with pytest.raises(Exception, match="nowhere"):
            opened()
    backend = opened()
    assert revision(runner, backend) == len(steps)
    with pytest.raises(Exception, match="half"):
        runner.run(backend.registry.tx.rows("SELECT * FROM half"))
