"""A store whose database vanished or is none: 503 STORE_DAMAGED, said everywhere, never made anew, and brought back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bodega.access import opening
from bodega.cli import main
from bodega.storage import migrate
from bodega.storage.opening import open_backend
from bodega.storage.registry import StoreRecord
from bodega.storage.sqlite import file as sqlite_file
from bodega.storage.sqlite.backend import SqliteBackend, make
from bodega.storage.sqlite.engine import open_file
from bodega.storage.tx import Damaged
from panel import base, signed_in
from postgres import database
from shop import Server, Shop

Place = tuple[str, ...]


class Told:
    """A log that is kept."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def event(self, what: str, **facts: Any) -> None:
        """One line."""
        self.events.append((what, facts))

    def request(self, *_: Any) -> None:
        """Not kept."""

    def flush(self) -> None:
        """Nothing to do."""

    def of(self, store: str) -> list[str]:
        """What was said of a store, in order."""
        return [what for what, facts in self.events if facts.get("store") == store]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at with every request, and a damaged store only when there is a reason."""
    monkeypatch.setattr(sqlite_file, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(opening, "AGAIN_SECONDS", 300.0)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where the stores are."""
    if request.param == "sqlite":
        yield ("--data", str(tmp_path / "data"))
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield ("--database", url)


class House:
    """A server over a place, which can be ended and started again."""

    def __init__(self, runner: asyncio.Runner, place: Place) -> None:
        self.runner = runner
        self.place = place
        self.server: Server
        self.log: Any
        self.start()

    @property
    def there(self) -> tuple[Path | None, str | None]:
        """The place, as backends are opened."""
        option, where = self.place
        return (Path(where), None) if option == "--data" else (None, where)

    def start(self) -> None:
        """Another server, once it has looked at all stores."""
        backend = self.runner.run(open_backend(*self.there))
        self.server = Server(self.runner, backend)
        self.log = self.server.app.stores._log = self.server.app.stores._opening._log = Told()
        self.server.awake()

    def stop(self) -> None:
        """Ends it."""
        self.runner.run(self.server.app.stop())

    def again(self, shop: Shop) -> Shop:
        """The same store on the server that is there now."""
        twin = Shop(self.server, shop.name)
        twin.token = shop.token
        return twin

    def record(self, name: str) -> StoreRecord:
        """What the registry knows."""
        found = self.server.run(self.server.backend.registry.store(name))
        assert found is not None
        return found

    def run(self, line: str) -> Result:
        """A command beside the server."""
        self.server.rest()
        return CliRunner(env={"BODEGA_DATA": None, "BODEGA_DATABASE": None}).invoke(main, [*line.split(), *self.place])

    def done(self, line: str) -> Any:
        """What a command prints with --json."""
        result = self.run(f"{line} --json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def house(runner: asyncio.Runner, place: Place) -> Iterator[House]:
    """A server."""
    made = House(runner, place)
    yield made
    made.stop()


@pytest.fixture
def files(runner: asyncio.Runner, tmp_path: Path) -> Iterator[House]:
    """A server on files."""
    made = House(runner, ("--data", str(tmp_path / "data")))
    yield made
    made.stop()


def vanish(house: House, shop: Shop) -> None:
    """The database is gone, and nobody told the registry."""

    async def work() -> None:
        data, url = house.there
        backend = await open_backend(data, url)
        record = await backend.registry.store(shop.name)
        assert record is not None
        await backend.drop(record)
        await backend.close()

    house.runner.run(work())


# Both databases


@pytest.mark.parametrize("running", [True, False], ids=["while-it-runs", "at-its-start"])
def test_a_database_that_vanished_is_503_said_everywhere_and_recovered(
    house: House, tmp_path: Path, running: bool
) -> None:
    """Issue 12, point 4: not made anew; the log, `store show` and the panel say so; the others go on."""
    shop, other = house.server.shop(), house.server.shop()
    shop.brand("Acme")
    other.brand("Best")
    backup = tmp_path / "backup"
    house.done(f"store backup {shop.name} {backup}")
    shop.brand("Later")
    if not running:
        house.stop()
    vanish(house, shop)
    if not running:
        house.start()
        shop, other = house.again(shop), house.again(other)
    for path in ("/v3/catalog/brands", "/v2/brands"):
        reply = shop.get(path)
        assert (reply.status, reply.reason, reply.headers["retry-after"]) == (503, "STORE_DAMAGED", "60"), reply.body
    assert shop.post("/v3/catalog/brands", {"name": "New"}).reason == "STORE_DAMAGED"
    assert other.post("/v3/catalog/brands", {"name": "New"}).status == 200
    assert house.log.of(shop.name).count("store damaged") == 1
    assert house.log.of(other.name) == []
    shown = house.done(f"store show {shop.name}")
    assert "is missing" in shown["damage"]
    assert shown["used"] == {"products": 0, "categories": 0, "brands": 0}
    assert "damaged" in house.run("store list").output
    assert house.done(f"store show {other.name}")["damage"] is None
    assert shop.get("/v3/catalog/brands").reason == "STORE_DAMAGED", "nothing was made by looking"
    assert house.done(f"store recover {shop.name} {backup}")["made"] is False
    house.server.hear()
    assert [brand["name"] for brand in shop.get("/v3/catalog/brands").data] == ["Acme"]
    assert shop.post("/v3/catalog/brands", {"name": "New"}).status == 200
    assert house.done(f"store show {shop.name}")["damage"] is None


def test_a_recovery_that_fails_makes_nothing(house: House, tmp_path: Path) -> None:
    """Neither an empty store, nor a loss of what there still was."""
    shop = house.server.shop()
    shop.brand("Acme")
    backup = tmp_path / "backup"
    house.done(f"store backup {shop.name} {backup}")
    house.done(f"store snapshot {shop.name} base")
    with closing(open_file(backup)) as made:
        made.execute("DROP TABLE brands")
        made.execute("DROP TABLE table_statistics")
    backend = house.server.backend
    if isinstance(backend, SqliteBackend):
        backend.path(house.record(shop.name)).unlink()
    else:
        vanish(house, shop)
    assert house.run(f"store recover {shop.name} {backup}").exit_code == 1
    assert "is missing" in house.done(f"store show {shop.name}")["damage"]
    assert shop.get("/v3/catalog/brands").reason == "STORE_DAMAGED"
    if isinstance(backend, SqliteBackend):
        record = house.record(shop.name)
        assert house.server.run(backend.snapshots(record)) == ["base"]
        assert list((backend.directory / "stores").glob(f"{shop.name}.*.db")) == []


COMMANDS = {
    "show": 0, "get": 0, "set name=Shop": 0, "plan plus": 0, "limit products=9": 0, "maintenance on": 0, "clock": 0,
    "snapshot one": 1, "restore one": 1, "backup {folder}/new.backup": 1, "reset": 1,
    "recover {folder}/good.backup": 0, "delete": 0, "fork {name}-fork": 1,
}  # fmt: skip
"""Every command about one store, and how it ends where the store's database is missing."""


@pytest.mark.parametrize("command", [*COMMANDS, "seed"])
def test_no_command_makes_a_missing_database_anew(house: House, tmp_path: Path, command: str) -> None:
    """Only `store create` and `store recover` make one; the others say what is the matter, or do not need it."""
    shop = house.server.shop()
    house.done(f"store backup {shop.name} {tmp_path / 'good.backup'}")
    vanish(house, shop)
    word, _, rest = command.partition(" ")
    line = f"seed {shop.name} --products 1" if command == "seed" else f"store {word} {shop.name} {rest}"
    result = house.run(line.format(folder=tmp_path, name=shop.name))
    assert result.exit_code == COMMANDS.get(command, 1), result.output
    if result.exit_code:
        assert f"The database of store {shop.name} is damaged" in result.stderr
        assert f"bodega store recover {shop.name} FILE" in result.stderr
    if word not in ("recover", "delete"):
        with pytest.raises(Damaged):
            house.server.run(house.server.backend.revision(house.record(shop.name)))
        assert "is missing" in house.done(f"store show {shop.name}")["damage"]


def test_the_commands_of_the_table_are_all_there_are() -> None:
    """A new command of `store` needs a row."""
    from bodega.cli.store import command

    others = {"create", "list", "diff", "move"}  # diff reads a snapshot first, move asks the other server
    assert {line.split()[0] for line in COMMANDS} | others == set(command.list_commands(click.Context(command)))


def test_a_lost_table_is_damage(house: House) -> None:
    """Part of a database is none."""
    shop = house.server.shop()
    shop.brand("Acme")
    record = house.record(shop.name)
    backend = house.server.backend
    house.stop()
    if isinstance(backend, SqliteBackend):
        with closing(open_file(backend.path(record))) as made:
            made.execute("DROP TABLE wishlists")
    else:
        import asyncpg

        async def drop() -> None:
            connection = await asyncpg.connect(house.place[1])
            await connection.execute(f"DROP TABLE {backend.schema(record)}.wishlists CASCADE")  # type: ignore[attr-defined]
            await connection.close()

        house.runner.run(drop())
    house.start()
    assert house.again(shop).get("/v3/catalog/brands").reason == "STORE_DAMAGED"
    assert "the table wishlists is missing" in house.done(f"store show {shop.name}")["damage"]


def test_the_names_of_all_tables_follow_from_the_migrations(tmp_path: Path) -> None:
    """What is looked for is what the migrations make."""
    make(tmp_path / "store.db")
    with closing(open_file(tmp_path / "store.db")) as made:
        names = {name for (name,) in made.execute(sqlite_file._TABLES)}
    of_full_text = {name for name in names if re.fullmatch("product_search(_(config|content|data|docsize|idx))?", name)}
    assert of_full_text
    assert migrate.tables("sqlite") == names - of_full_text


def test_the_panel_and_health_say_that_a_store_is_damaged(house: House) -> None:
    """Its owner sees it on every page; content is not shown, and no page fails for it."""
    shop = house.server.shop()
    browser = signed_in(shop)
    vanish(house, shop)
    shop.get("/v3/catalog/brands")
    for page in ("", "/status", "/settings"):
        shown = browser.get(base(shop) + page)
        assert shown.status == 200
        assert "database is damaged" in shown.text
    assert browser.get(f"{base(shop)}/brands").status == 503
    health = shop.server.run(asked(shop.server, "/_bodega/health"))
    assert (health["ready"], health["damaged_stores"]) == (True, 1)


async def asked(server: Server, path: str) -> Any:
    """What a mount answers."""
    got: list[bytes] = []

    async def send(message: Any) -> None:
        got.append(message.get("body", b""))

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(),
             "query_string": b"", "headers": [(b"host", b"localhost")]}  # fmt: skip
    await server.app(scope, receive, send)
    return json.loads(b"".join(got))


# Files


def cut_to_nothing(path: Path) -> None:
    os.truncate(path, 0)


def cut_short(path: Path) -> None:
    with closing(open_file(path)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(path, 8192)


def replaced_by_text(path: Path) -> None:
    path.unlink()
    path.write_text("this is no database, but long enough to be looked at " * 100)


def replaced_by_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replaced_by_another_database(path: Path) -> None:
    path.unlink()
    with closing(open_file(path, "rwc")) as made:
        made.execute("CREATE TABLE t (i INTEGER)")


def overwritten(path: Path) -> None:
    with closing(open_file(path)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"x" * size)


WAYS = {
    "empty": (cut_to_nothing, "is empty"),
    "short": (cut_short, ""),
    "text": (replaced_by_text, ""),
    "directory": (replaced_by_a_directory, "is a directory"),
    "other": (replaced_by_another_database, "holds no store"),
    "overwritten": (overwritten, ""),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("running", [True, False], ids=["while-it-runs", "at-its-start"])
def test_a_file_that_is_no_store_is_damage_and_recovered(files: House, tmp_path: Path, way: str, running: bool) -> None:
    """Empty, cut, no database, another database, a directory in its place."""
    damage, why = WAYS[way]
    shop, other = files.server.shop(), files.server.shop()
    for number in range(50):
        shop.brand(f"Brand {number}")
    backup = tmp_path / "backup"
    files.done(f"store backup {shop.name} {backup}")
    files.done(f"store snapshot {shop.name} base")
    path = files.server.backend.path(files.record(shop.name))  # type: ignore[attr-defined]
    if not running:
        files.stop()
    damage(path)
    if not running:
        files.start()
        shop, other = files.again(shop), files.again(other)
    if way == "overwritten" and running:  # what SQLite holds in memory is still right
        assert shop.get("/v3/catalog/products").status in (200, 503)
        shop.post("/v3/catalog/brands", {"name": "New"})
        files.stop()
        files.start()
        shop, other = files.again(shop), files.again(other)
    assert shop.get("/v3/catalog/brands?limit=50").reason == "STORE_DAMAGED"
    assert shop.post("/v3/catalog/brands", {"name": "New"}).reason == "STORE_DAMAGED"
    assert other.brand("Best") == 1
    if not running:
        assert why in files.done(f"store show {shop.name}")["damage"]
    files.done(f"store recover {shop.name} {backup}")
    assert len(shop.get("/v3/catalog/brands?limit=50").data) == 50
    files.done(f"store restore {shop.name} base")  # snapshots have survived
    assert path.exists(), "what is left of the file is left to whoever wants to look at it"


def test_a_file_that_the_server_may_not_read_is_damage(tmp_path: Path) -> None:
    """Wrong permissions, as they look to a user other than root."""
    path = tmp_path / "x.db"
    make(path)
    path.chmod(0o000)
    tmp_path.chmod(0o755)
    for above in list(tmp_path.parents)[:3]:
        above.chmod(above.stat().st_mode | 0o055)
    child = os.fork()
    if child == 0:
        code = 3
        try:
            if os.geteuid() == 0:
                os.setuid(65_534)
            sqlite_file.examine(path, "x")
        except Damaged as error:
            code = 0 if "Permission denied" in error.what else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_write_is_never_acknowledged_to_a_file_that_is_gone(files: House) -> None:
    """Issue 12, point 4: SQLite itself would go on writing into a file without a name."""
    shop = files.server.shop()
    shop.brand("Acme")
    path = files.server.backend.path(files.record(shop.name))  # type: ignore[attr-defined]
    path.with_name(path.name + "-wal").unlink()
    assert shop.post("/v3/catalog/brands", {"name": "New"}).reason == "STORE_DAMAGED"


def test_a_good_file_that_is_put_back_by_hand_is_found(files: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged store is looked at again now and then."""
    monkeypatch.setattr(opening, "AGAIN_SECONDS", 0.05)
    shop = files.server.shop()
    shop.brand("Acme")
    path = files.server.backend.path(files.record(shop.name))  # type: ignore[attr-defined]
    with closing(open_file(path)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = path.with_name("aside")
    path.rename(aside)
    assert shop.get("/v3/catalog/brands").reason == "STORE_DAMAGED"
    aside.rename(path)
    until(shop, lambda: shop.get("/v3/catalog/brands").status == 200)
    assert files.log.of(shop.name) == ["store damaged", "store is back"]


def until(shop: Shop, holds: Callable[[], bool]) -> None:
    """Waits for it."""
    give_up = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < give_up
        shop.server.run(asyncio.sleep(0.02))


def test_a_registry_that_vanished_is_not_made_anew_beside_stores(tmp_path: Path) -> None:
    """Its accounts would be gone without a word."""
    place = ["--data", str(tmp_path)]
    assert CliRunner().invoke(main, ["store", "create", "shop", *place]).exit_code == 0
    (tmp_path / "registry.db").unlink()
    for path in tmp_path.glob("registry.db-*"):
        path.unlink()
    told = CliRunner().invoke(main, ["store", "list", *place])
    assert told.exit_code == 1
    assert "registry.db is missing or empty" in told.stderr
    assert not (tmp_path / "registry.db").exists()


def test_a_create_that_is_interrupted_leaves_no_damaged_store(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database comes first, then the record."""
    backend = type(house.server.backend)
    real = backend.create

    async def interrupted(self: Any, record: StoreRecord) -> None:
        await real(self, record)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backend, "create", interrupted)
        assert house.run("store create shop").exit_code == 1
    assert house.done("store list") == []
    house.done("store create shop")
    assert house.done("store show shop")["damage"] is None


OF_THE_REGISTRY: dict[str, Callable[[Path], None]] = {
    "notifications deleted": lambda data: (data / "changes").unlink(),
    "notifications cut": lambda data: os.truncate(data / "changes", 0),
    "notifications replaced": lambda data: _replaced(data / "changes"),
    "registry replaced": lambda data: _replaced(data / "registry.db"),
}


def _replaced(path: Path) -> None:
    if path.suffix == ".db":  # what is not in the file yet is in its log
        with closing(open_file(path)) as made:
            made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


@pytest.mark.parametrize("way", OF_THE_REGISTRY)
def test_a_revoked_account_is_refused_whatever_became_of_the_registrys_files(files: House, way: str) -> None:
    """Once a server whose file of notifications was deleted served it until its end, and one whose file was cut was
    ended by the system."""
    shop = files.server.shop()
    assert shop.get("/v2/time").status == 200
    OF_THE_REGISTRY[way](Path(files.place[1]))
    accounts = json.loads(files.run(f"account list {shop.name} --json").stdout)
    assert shop.get("/v2/time").status == 200
    for account in accounts:
        assert files.run(f"account revoke {shop.name} {account['client_id']}").exit_code == 0
    assert shop.get("/v2/time").status == 401
