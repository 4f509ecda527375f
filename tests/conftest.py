"""Fixtures: one server a database and session, a fresh store a test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bodega.storage.opening import open_backend
from forms import FORMS, Desk, emptied
from postgres import database, postgres
from receiver import Receiver, receiving
from shop import Server, Shop

settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """The session's event loop."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throwaway PostgreSQL, or the one that BODEGA_TEST_DATABASE_URL names."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def own_database(postgres_url: str) -> Iterator[str]:
    """A database for a file of tests that start servers of their own: each looks after every store it finds."""
    with database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The house on each database."""
    if request.param == "sqlite":
        backend = runner.run(open_backend(tmp_path_factory.mktemp("data"), None))
    else:
        backend = runner.run(open_backend(None, request.getfixturevalue("postgres_url")))
    running = Server(runner, backend)
    yield running
    runner.run(running.app.stop())


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    """A fresh store; its connections are given back, since a database server has fewer than the tests have stores."""
    made = server.shop()
    yield made
    made.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who is told of events."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def embedded(runner: asyncio.Runner, tmp_path: Path) -> Iterator[Server]:
    """A house of its own, on SQLite, for tests that take it apart."""
    running = Server(runner, runner.run(open_backend(tmp_path, None)))
    yield running
    runner.run(running.app.stop())


@pytest.fixture(scope="module")
def lobby(server: Server) -> Shop:
    """One store for tests of a module that leave only rows behind."""
    return server.shop()


@pytest.fixture
def room(lobby: Shop) -> Shop:
    """The same, emptied."""
    return emptied(lobby)


@pytest.fixture(params=FORMS, ids=lambda form: form.name)
def desk(room: Shop, request: pytest.FixtureRequest) -> Desk:
    """The emptied store, asked in each form."""
    return Desk(room, request.param)
