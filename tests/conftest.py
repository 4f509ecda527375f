"""Fixtures: one server a database and session, a fresh store a test."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bodega import passwords
from bodega.app import check_declarations
from bodega.storage.declaration import DeclarationError
from bodega.storage.opening import open_backend
from bodega.storage.sealing import key_id
from forms import FORMS, Desk, emptied
from postgres import database, in_memory, postgres
from receiver import Receiver, receiving
from shop import Borrowed, Server, Shop

LONGEST_FIRST = (
    "test_panel_screens", "test_operations_page", "test_packages",
    "test_durability", "test_soak", "test_kills", "test_rolling_restart", "test_connectors", "test_real_client",
    "test_bad_input", "test_quota", "test_panel_selling_browser", "test_copies", "test_migrations", "test_moves",
    "test_asking", "test_pytest_plugin", "test_damaged", "test_every_member", "test_pool", "test_proportion",
    "test_faults", "test_page_examples",
    "test_webhook_lives", "test_webhooks", "test_panel_browser", "test_shop_screens", "test_event_scopes",
    "test_shop_browser", "test_scheduled_backups", "test_remedies", "test_node_clients", "test_testing_page",
    "test_mutated_bodies", "test_undo", "test_openapi", "test_site", "test_javascript", "test_secrets_at_rest",
    "test_concurrency", "test_seed", "test_panel_sign_in", "test_orders", "test_products",
    "test_panel_apps", "test_rules", "test_law_statuses", "test_scale", "test_fresh_start", "test_real_client_orders",
    "test_cli", "test_sample_orders", "test_panel_journal",
)  # fmt: skip
"""Files that take long: whichever process is free takes the next file, and the last ones are to be short."""

settings.register_profile("house", deadline=None)
settings.load_profile("house")

COSTS = {name: getattr(passwords, name) for name in ("_COST", "_KIBIBYTES")}
"""What a hash of a password costs, to be as slow to guess from as it should be: most tests guess nothing."""
passwords._COST, passwords._KIBIBYTES = 1, 8


KEY = bytes(range(32))
"""Every process of the tests has the same key: they may share a registry on PostgreSQL."""


def pytest_configure(config: pytest.Config) -> None:
    """The key of the secrets is in a throwaway file, wherever the stores are; and Ctrl-C ends what a test starts, also
    where the tests run in the background of a shell, which lets them ignore it. Several processes would not say which
    file is not there."""
    for told in config.args:
        if not (config.invocation_params.dir / told.partition("::")[0]).exists():
            raise pytest.UsageError(f"There is no file or directory {told.partition('::')[0]}.")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = tempfile.TemporaryDirectory(prefix="bodega-key-")
    config.add_cleanup(folder.cleanup)
    file = Path(folder.name) / "secrets.key"
    file.write_text(f"{key_id(KEY)} {base64.b64encode(KEY).decode()}\n")
    os.environ["BODEGA_KEY_FILE"] = str(file)
    os.environ["BODEGA_CACHE"] = str(Path(folder.name) / "cache")


def pytest_sessionstart() -> None:
    """A mistake in a declaration is told once, and not by every test that needs a store."""
    try:
        check_declarations()
    except DeclarationError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def costly_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed as they are outside of the tests."""
    passwords._hasher.cache_clear()
    for name, value in COSTS.items():
        monkeypatch.setattr(passwords, name, value)
    yield
    passwords._hasher.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on-postgres", action="store_true", help="only tests that use PostgreSQL: make test-cluster")


def uses_postgres(item: pytest.Item) -> bool:
    """Whether a test, in this of its forms, is on PostgreSQL. A file that starts servers or makes databases of its own
    does so in most of its tests."""
    names = {*getattr(item, "fixturenames", ())}
    if names & {"postgres_url", "own_database", "server_on_postgres"}:
        return True
    form = getattr(item, "callspec", None)
    told = form.id if form is not None else ""
    if "postgres" in told or "postgres" in item.name:
        return True
    module = vars(getattr(item, "module", object()))
    return "sqlite" not in item.nodeid and any(
        module.get(name) in (postgres, database) for name in ("postgres", "database")
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files begin; inside a file nothing changes."""
    if config.getoption("--on-postgres"):
        others = [item for item in items if not uses_postgres(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if uses_postgres(item)]
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: a test on PostgreSQL waits for it half of its time."""
    return (os.cpu_count() or 1) + 1


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


@pytest.fixture(scope="session")
def server_on_sqlite(runner: asyncio.Runner) -> Iterator[Server]:
    """The house on SQLite; its files are in memory where they can be."""
    with tempfile.TemporaryDirectory(prefix="bodega-tests-", dir=in_memory()) as folder:
        running = Server(runner, runner.run(open_backend(Path(folder), None))).lasting()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def server_on_postgres(runner: asyncio.Runner, postgres_url: str) -> Iterator[Server]:
    """The house on PostgreSQL."""
    running = Server(runner, runner.run(open_backend(None, postgres_url))).lasting()
    yield running
    running.stop()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Server:
    """The house on each database; it goes on while tests ask for the other."""
    running: Server = request.getfixturevalue(f"server_on_{request.param}")
    return running


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """A store that a fixture of a module or a session makes is given back when the fixture ends."""
    if fixturedef.scope == "function":
        return (yield)
    Borrowed.begin()
    try:
        return (yield)
    finally:
        shops = Borrowed.end()
        fixturedef.addfinalizer(lambda: Borrowed.give_back(shops))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, Any, Any]:
    """A test's own stores are given back when all its fixtures have ended."""
    try:
        return (yield)
    finally:
        Borrowed.give_back(Borrowed.of_the_test())


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    """A fresh store."""
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
