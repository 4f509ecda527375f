"""Snapshots, resets and backups: taken and put back while servers run and while none does, on both databases."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from bodega.cli import main
from bodega.lab import copies
from bodega.storage import migrate
from bodega.storage.backend import NoCopy
from bodega.storage.opening import open_backend
from bodega.storage.postgres import copies as postgres_copies
from bodega.storage.postgres import sharding
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.sqlite.engine import open_file
from postgres import database, postgres
from shop import Server, Shop
from statistics_check import check_statistics
from test_concurrency import ask

Place = tuple[str, ...]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where the commands find the stores."""
    if request.param == "sqlite":
        yield ("--data", str(tmp_path / "data"))
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield ("--database", url)


def run(place: Place, line: str) -> Result:
    """A command as typed."""
    for server in list(Server.everyone):
        server.rest()
    return CliRunner(env={"BODEGA_DATA": None, "BODEGA_DATABASE": None}).invoke(main, [*line.split(), *place])


def done(place: Place, line: str) -> Any:
    """What a command prints with --json."""
    result = run(place, f"{line} --json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def house(runner: asyncio.Runner, place: Place) -> Server:
    """A server on the same stores."""
    data = Path(place[1]) if place[0] == "--data" else None
    return Server(runner, runner.run(open_backend(data, None if data else place[1]))).awake()


@pytest.fixture
def served(runner: asyncio.Runner, place: Place) -> Iterator[Shop]:
    """A store that a server has open."""
    server = house(runner, place)
    yield server.shop()
    runner.run(server.app.stop())


def names(shop: Shop) -> list[str]:
    """The brands that the server shows."""
    return [brand["name"] for brand in shop.get("/v3/catalog/brands?limit=250").data]


def heard(shop: Shop) -> None:
    shop.server.hear()


# Snapshots


def test_a_store_goes_back_to_a_snapshot_while_it_is_served(served: Shop, place: Place) -> None:
    """Design section 6: name one, change anything, go back."""
    served.brand("Acme")
    served.product("Hammer", categories=[served.category()], brand_id=1)
    assert done(place, f"store snapshot {served.name} base") == {
        "hash": served.name, "snapshot": "base", "deleted": False,
    }  # fmt: skip
    before = {path: served.get(path).json for path in ("/v3/catalog/products", "/v2/brands", "/v3/catalog/categories")}
    served.brand("Best")
    served.put("/v3/catalog/products/1", {"name": "Mallet"})
    served.delete("/v3/catalog/categories")
    for _ in range(2):
        done(place, f"store restore {served.name} base")
        heard(served)
        assert {path: served.get(path).json for path in before} == before
        check_statistics(served)
        assert served.brand("Best") == 2  # ids go on where the snapshot left them
        assert served.post("/v3/catalog/brands", {"name": "ACME"}).status == 409


def test_a_file_that_is_shorter_after_going_back_is_not_taken_for_a_damaged_one(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    """The file of a store that had grown, put back to where it was small, was once told as damaged: one 503."""
    place = ("--data", str(tmp_path / "data"))
    server = house(runner, place)
    shop = server.shop()
    file = server.backend.path(runner.run(server.backend.registry.store(shop.name)))

    def written_through() -> int:
        """What is in the log is in the file, and the server has seen its size."""
        with closing(open_file(file)) as made:
            made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = shop.server.run(shop.server.app.stores.get(shop.name)).rows
        rows._file.check()
        rows._file._good_until = 0.0
        return file.stat().st_size

    done(place, f"store snapshot {shop.name} small")
    for number in range(40):
        made = shop.post("/v2/pages", {"name": f"Page {number}", "type": "page", "body": "x" * 50_000})
        assert made.status == 200, made.body
    grown = written_through()
    done(place, f"store restore {shop.name} small")
    with closing(open_file(file)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert file.stat().st_size < grown - 1_000_000
    assert shop.get("/v2/pages").status == 204
    for number in range(3):
        assert shop.post("/v2/brands", {"name": f"Brand {number}"}).status == 201
    runner.run(server.app.stop())


def test_no_entity_tag_is_given_twice_after_going_back(served: Shop, place: Place) -> None:
    """RFC 9110 8.8.3: a tag of the state that was left must not name another one."""
    served.brand("Acme")
    done(place, f"store snapshot {served.name} base")
    seen = set()
    for turn in range(3):
        etags = [served.get("/v3/catalog/brands").headers["etag"]]
        served.brand(f"Best {turn}")
        etags += [served.get(path).headers["etag"] for path in ("/v3/catalog/brands", "/v3/catalog/brands/2")]
        assert not seen & set(etags)
        seen |= set(etags)
        done(place, f"store restore {served.name} base")
        heard(served)


def test_a_snapshot_is_taken_and_put_back_while_no_server_runs(runner: asyncio.Runner, place: Place) -> None:
    """Design section 7: every command works while the server runs and while it does not."""
    server = house(runner, place)
    shop = server.shop()
    shop.brand("Acme")
    runner.run(server.app.stop())
    done(place, f"store snapshot {shop.name} base")
    done(place, f"store reset {shop.name}")
    assert done(place, f"store show {shop.name}")["used"]["brands"] == 0
    done(place, f"store restore {shop.name} base")
    assert done(place, f"store show {shop.name}")["used"]["brands"] == 1
    done(place, f"store snapshot {shop.name} base --delete")
    gone = run(place, f"store restore {shop.name} base")
    assert (gone.exit_code, gone.stderr) == (1, f"Store {shop.name} has no snapshot base.\n")


def test_a_second_snapshot_of_a_name_takes_the_place_of_the_first(served: Shop, place: Place) -> None:
    """And others stay."""
    for turn, name in enumerate(["one", "two", "one"]):
        served.brand(f"Brand {turn}")
        done(place, f"store snapshot {served.name} {name}")
    for name, count in (("two", 2), ("one", 3)):
        done(place, f"store restore {served.name} {name}")
        heard(served)
        assert len(names(served)) == count
    record = served.server.run(served.server.backend.registry.store(served.name))
    assert served.server.run(served.server.backend.snapshots(record)) == ["one", "two"]


def test_resetting_a_store_keeps_its_snapshots_and_takes_milliseconds(served: Shop, place: Place) -> None:
    """Design section 6: resetting a store between two tests takes milliseconds."""
    from bodega.lab.reset import empty

    for number in range(20):
        served.product(f"Hammer {number}")
    done(place, f"store snapshot {served.name} base")
    store = served.server.run(served.server.app.stores.get(served.name))
    took = []
    for _ in range(5):  # a busy machine may hold up some of them
        began = time.monotonic()
        served.server.run(store.write(empty))
        took.append(time.monotonic() - began)
    assert min(took) < 0.5
    assert served.rows("products") == 0
    done(place, f"store restore {served.name} base")
    heard(served)
    assert served.rows("products") == 20


def test_what_is_written_while_a_snapshot_is_put_back_is_there_or_not(
    served: Shop, place: Place, runner: asyncio.Runner
) -> None:
    """A write waits, or is part of what was left behind; the store is whole either way."""
    served.brand("Acme")
    record = served.server.run(served.server.backend.registry.store(served.name))
    backend = served.server.backend

    async def work() -> list[int]:
        await copies.snapshot(backend, record, "base")
        replies: list[int] = []

        async def write(worker: int) -> None:
            for turn in range(15):
                body = {"name": f"B{worker}-{turn}-{len(replies)}"}
                replies.append((await ask(served, "POST", "/v3/catalog/brands", body)).status)

        writers = [asyncio.create_task(write(worker)) for worker in range(3)]
        for _ in range(3):
            await asyncio.sleep(0.02)
            await copies.restore(backend, record, "base")
        await asyncio.gather(*writers)
        return replies

    assert set(runner.run(work())) == {200}
    check_statistics(served)
    assert names(served)[0] == "Acme"


@pytest.mark.parametrize("way", ["restore", "recover"])
def test_a_writer_that_waited_for_a_copy_to_be_put_back_has_the_write_lock(
    postgres_url: str, tmp_path: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Else it writes beside the next one, and the two may wait for one another."""
    paused, go_on = asyncio.Event(), asyncio.Event()
    moved_on = postgres_copies._move_on

    async def slowly(connection: Any, *terms: Any) -> None:
        await moved_on(connection, *terms)
        paused.set()
        await go_on.wait()

    async def put_back(backend: Any, record: Any) -> None:
        if way == "restore":
            await backend.restore(record, "base")
        else:
            await backend.recover(record, tmp_path / "backup.sqlite")

    async def work(server: Server, shop: Shop) -> None:
        backend: Any = server.backend
        record = await backend.registry.store(shop.name)
        await backend.snapshot(record, "base")
        await copies.backup(backend, record, tmp_path / "backup.sqlite")
        monkeypatch.setattr(postgres_copies, "_move_on", slowly)
        putting = asyncio.create_task(put_back(backend, record))
        await asyncio.wait_for(paused.wait(), 30)
        async with backend._connected(record) as connection, connection.transaction():
            lock = await sharding.write_lock(connection)
            waiting = asyncio.create_task(connection.execute(lock))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            go_on.set()
            await putting
            assert await waiting == "SELECT 1"
            async with backend._connected(record) as other:
                with pytest.raises(asyncpg.LockNotAvailableError):
                    await other.execute(f"{lock} NOWAIT")

    with database(postgres_url) as url:
        server = house(runner, ("--database", url))
        shop = server.shop()
        shop.brand("Acme")
        runner.run(work(server, shop))
        assert names(shop) == ["Acme"]
        check_statistics(shop)
        runner.run(server.app.stop())


def test_a_snapshot_from_before_an_upgrade_is_brought_forward_or_refused(
    served: Shop, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file can be brought forward like a store; tables beside the store's own cannot."""
    served.brand("Acme")
    done(place, f"store snapshot {served.name} base")
    real = migrate.migrations()
    step = migrate.Migration(real[-1].number + 1, "next", "CREATE TABLE gained (id INTEGER PRIMARY KEY)")
    monkeypatch.setattr(migrate, "migrations", lambda: (*real, step))
    backend = served.server.backend
    record = served.server.run(backend.registry.store(served.name))
    if isinstance(backend, SqliteBackend):
        served.server.run(copies.restore(backend, record, "base"))
        assert served.server.run(backend.revision(record)) == step.number
        return
    with pytest.raises(NoCopy, match="before an upgrade"):
        served.server.run(copies.restore(backend, record, "base"))


@pytest.mark.parametrize("name", ["../x", "", "a b", ".hidden", "x" * 65, "a/b"])
def test_a_name_that_is_no_name_is_a_usage_error(tmp_path: Path, name: str) -> None:
    """It becomes the name of a file."""
    place = ["--data", str(tmp_path)]
    CliRunner().invoke(main, ["store", "create", "shop", *place])
    for command in ("snapshot", "restore"):
        assert CliRunner().invoke(main, ["store", command, "shop", name, *place]).exit_code == 2


def test_a_deleted_store_takes_its_snapshots_along(runner: asyncio.Runner, place: Place, tmp_path: Path) -> None:
    """A store made again under the hash is another store."""
    for _ in range(2):
        done(place, "store create shop")
        assert run(place, "store restore shop base").exit_code == 1
        done(place, "store snapshot shop base")
        done(place, "store delete shop")
    assert not list(tmp_path.glob("data/snapshots/*"))


# Backups


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_backup_brings_a_store_back_into_either_database(
    served: Shop, place: Place, target: str, tmp_path: Path, postgres_url: str, runner: asyncio.Runner
) -> None:
    """Issue 5: restore tried; rows, ids, files of rows, accounts, plan, settings: everything a client sees."""
    served.brand("Ünïcödé")
    served.product("Hammer", categories=[served.category()], brand_id=1, is_featured=True, description="<p>é</p>")
    served.change(limits={"brands": 7}, settings={"name": "Corner shop"})
    pages = (
        "/v3/catalog/products?include=variants",
        "/v2/products",
        "/v2/brands",
        "/v3/catalog/categories",
        "/v2/store",
    )
    before = {path: served.get(path).json for path in pages}
    file = tmp_path / "shop.backup"
    told = done(place, f"store backup {served.name} {file}")
    assert told["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o077 == 0
    with database(postgres_url) as url:
        there: Place = ("--data", str(tmp_path / "other")) if target == "sqlite" else ("--database", url)
        assert done(there, f"store recover {served.name} {file}")["made"] is True
        server = house(runner, there)
        twin = Shop(server, served.name)
        twin.token = served.token
        after = {path: twin.get(path).json for path in pages}
        before["/v2/store"].pop("id", None)
        after["/v2/store"].pop("id", None)
        assert after == before
        check_statistics(twin)
        assert twin.brand("Next") == 2
        assert twin.post("/v3/catalog/brands", {"name": "ünïcödé"}).status == 409
        runner.run(server.app.stop())


def test_a_backup_fills_the_store_it_was_made_of_while_it_is_served(served: Shop, place: Place, tmp_path: Path) -> None:
    """The rows go back; accounts made since stay, and so does their right."""
    served.brand("Acme")
    file = tmp_path / "shop.backup"
    done(place, f"store backup {served.name} {file}")
    served.brand("Best")
    token = served.account()
    assert done(place, f"store recover {served.name} {file}")["made"] is False
    heard(served)
    assert names(served) == ["Acme"]
    assert served.get("/v3/catalog/brands", token=token).status == 200
    check_statistics(served)


def test_what_every_store_has_is_there_after_a_backup_that_is_older(served: Shop, place: Place, tmp_path: Path) -> None:
    """As when a store is opened that never held a row of a table (storage/default_rows.py)."""
    assert served.get("/v2/time").status == 200
    file = tmp_path / "shop.backup"
    done(place, f"store backup {served.name} {file}")
    with closing(open_file(file)) as older:
        assert older.execute("SELECT count(*) FROM channels").fetchone() == (1,)
        for table in ("active_themes", "theme_configurations", "sites", "trees", "channels"):
            older.execute(f"DELETE FROM {table}")
            older.execute("DELETE FROM table_statistics WHERE name = ?", (table,))
            older.execute("DELETE FROM page_index WHERE name = ?", (table,))
    done(place, f"store recover {served.name} {file}")
    heard(served)
    assert (served.rows("channels"), served.rows("trees")) == (1, 1)
    check_statistics(served)


def test_a_copy_of_a_store_under_another_hash_has_no_accounts(served: Shop, place: Place, tmp_path: Path) -> None:
    """Client ids are unique in a registry."""
    served.brand("Acme")
    file = tmp_path / "shop.backup"
    done(place, f"store backup {served.name} {file}")
    assert done(place, f"store recover copy {file}")["made"] is True
    assert done(place, "account list copy") == []
    assert done(place, "store show copy")["used"]["brands"] == 1


def test_a_file_that_is_no_backup_is_refused_and_nothing_is_made(place: Place, tmp_path: Path) -> None:
    """Neither text nor any other database."""
    text, other = tmp_path / "text", tmp_path / "other"
    text.write_text("not a database at all, but long enough to be looked at")
    with closing(open_file(other, "rwc")) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    for file in (text, other):
        refused = run(place, f"store recover shop {file}")
        assert (refused.exit_code, refused.stderr) == (1, f"{file} is no backup of a store.\n")
    assert done(place, "store list") == []


# Several servers


@pytest.fixture(scope="module")
def second_server() -> Iterator[str]:
    """Another PostgreSQL server."""
    with postgres() as url:
        yield url


def test_stores_are_placed_on_several_servers_through_the_registry(
    runner: asyncio.Runner, postgres_url: str, second_server: str, tmp_path: Path
) -> None:
    """Issue 5, beyond one machine: one registry, a store on each of two servers, served alike."""
    with database(postgres_url) as url:
        place: Place = ("--database", url)
        done(place, "store create near")
        shown = done(place, f"store create far --server {second_server}")
        assert shown["server"].startswith("postgresql://")
        assert "?" not in shown["server"]
        servers = [house(runner, place) for _ in range(2)]
        shops = {name: [Shop(server, name) for server in servers] for name in ("near", "far")}
        for twins in shops.values():
            twins[0].token = twins[1].token = twins[0].account()
            servers[1].hear()
            assert twins[0].brand("Acme") == 1
            assert twins[1].get("/v3/catalog/brands/1").status == 200
            task = twins[1].delete("/v3/catalog/brands?name=Acme", headers={"prefer": "respond-async"}).data["id"]
            assert twins[0].settle(task)["response"]["status"] == 204
            check_statistics(twins[1])
        assert schemas(runner, url) & {"store_near", "store_far"} == {"store_near"}
        assert schemas(runner, second_server) & {"store_near", "store_far"} == {"store_far"}
        shops["far"][0].brand("Kept")
        done(place, "store snapshot far base")
        done(place, "store reset far")
        done(place, "store restore far base")
        assert names(shops["far"][1]) == ["Kept"]
        done(place, f"store backup far {tmp_path / 'far'}")
        done(place, "store delete far")
        assert "store_far" not in schemas(runner, second_server)
        assert done(place, f"store recover far {tmp_path / 'far'}")["made"] is True
        for server in servers:
            runner.run(server.app.stop())


def schemas(runner: asyncio.Runner, url: str) -> set[str]:
    """The schemas of stores in a database."""
    import asyncpg

    async def work() -> set[str]:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'store%'")
        await connection.close()
        return {row[0] for row in rows}

    return runner.run(work())


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("store create shop --server postgresql://nobody@127.0.0.1:9/x", 1, "PostgreSQL cannot be reached"),
        ("store create shop --server mysql://x", 2, "postgresql://"),
    ],
)
def test_a_server_that_cannot_be_used_leaves_no_store(postgres_url: str, line: str, code: int, message: str) -> None:
    """Bad input changes nothing."""
    with database(postgres_url) as url:
        result = run(("--database", url), line)
        assert result.exit_code == code
        assert message in result.stderr
        assert done(("--database", url), "store list") == []


def test_embedded_stores_have_no_server(tmp_path: Path) -> None:
    """The directory is the server."""
    result = run(("--data", str(tmp_path)), "store create shop --server postgresql://x")
    assert result.exit_code == 2
