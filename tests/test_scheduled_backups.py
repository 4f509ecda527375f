"""Scheduled backups: taken when they are due, checked by restoring them, kept as many as are wanted, and told of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.access.backup_states import RETRY_SECONDS, state_of
from bodega.cli import main
from bodega.lab import scheduled
from bodega.lab.scheduled import Schedule, check
from bodega.metrics import Board, exposition
from bodega.storage.backend import NoCopy
from bodega.storage.opening import open_backend
from bodega.storage.sqlite.engine import Connection, open_file
from panel import base, signed_in
from postgres import database
from shop import Server, Shop
from test_damaged import Told, asked

Place = tuple[str, ...]
HOUR = 3_600


class Clocked:
    """A server's schedule whose time stands still until it is moved."""

    def __init__(self, runner: asyncio.Runner, place: Place, folder: Path) -> None:
        self.place = place
        data = Path(place[1]) if place[0] == "--data" else None
        self.server = Server(runner, runner.run(open_backend(data, None if data else place[1]))).awake()
        self.shop = self.server.shop()
        self.folder = folder
        self.now = 1_800_000_000.0
        self.log: Any = Told()
        self.board = Board()
        self.schedule = self.another()

    def another(self) -> Schedule:
        """The schedule of one more server."""
        return Schedule(self.server.backend, self.folder, self.log, self.board.meter(), lambda: self.now)

    def look(self, seconds: float = 0) -> int:
        """What the server does so much later."""
        self.now += seconds
        tried: int = self.server.run(self.schedule.look())
        return tried

    def files(self) -> list[str]:
        """What is in the store's folder."""
        folder = self.folder / self.shop.name
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def done(self, line: str) -> Any:
        """What a command prints with --json."""
        self.server.rest()
        result = CliRunner(env={"BODEGA_DATA": None, "BODEGA_DATABASE": None}).invoke(
            main, [*line.split(), *self.place, "--json"]
        )
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def wants(self, *settings: str) -> None:
        """Sets settings of the store."""
        self.done(f"store set {self.shop.name} {' '.join(settings)}")

    def counted(self, name: str) -> float:
        """A metric."""
        lines = exposition(self.board).decode().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(f"bodega_{name} ")))


@pytest.fixture(params=["sqlite", "postgres"])
def clocked(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Clocked]:
    """A schedule over each database."""
    if request.param == "sqlite":
        made = Clocked(runner, ("--data", str(tmp_path / "data")), tmp_path / "backups")
        yield made
        runner.run(made.server.app.stop())
        return
    with database(request.getfixturevalue("postgres_url")) as url:
        made = Clocked(runner, ("--database", url), tmp_path / "backups")
        yield made
        runner.run(made.server.app.stop())


def test_backups_are_taken_when_they_are_due_and_as_many_are_kept(clocked: Clocked) -> None:
    """Issue 14: `backup.every`, `backup.keep`."""
    name = clocked.shop.name
    clocked.shop.brand("Acme")
    assert clocked.look() == 0
    assert clocked.done(f"store show {name}")["backup"] is None
    clocked.wants("backup.every=6h", "backup.keep=2")
    assert clocked.look() == 1
    assert clocked.look(6 * HOUR - 1) == 0
    assert clocked.look(1) == 1
    assert len(clocked.files()) == 2
    (clocked.folder / name / "mine.bodega").write_bytes(b"not theirs to delete")
    newest = []
    for _ in range(3):
        clocked.shop.brand(f"Brand {clocked.now}")
        assert clocked.look(6 * HOUR) == 1
        newest = clocked.files()
    assert len(newest) == 3
    assert "mine.bodega" in newest
    newest.remove("mine.bodega")
    assert all(file.startswith(f"{name}-2027") and file.endswith("Z.bodega") for file in newest)
    told = clocked.done(f"store show {name}")["backup"]
    assert (told["every"], told["keep"], told["failed"], told["error"]) == ("6h", 2, None, None)
    assert Path(told["file"]).name == newest[1]
    assert told["bytes"] == Path(told["file"]).stat().st_size
    assert Path(told["file"]).stat().st_mode & 0o077 == 0
    assert clocked.counted("backups_done_total") == 5
    assert clocked.done(f"store recover copy {told['file']}")["made"] is True
    assert clocked.done("store show copy")["used"]["brands"] == 4
    clocked.wants("backup.every=off")
    assert clocked.look(24 * HOUR) == 1, "the copy has the settings of the store"
    clocked.done("store set copy backup.every=off")
    assert clocked.look(24 * HOUR) == 0


def test_a_backup_that_cannot_be_taken_is_told_and_tried_again(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log, metric, `store show`, health and panel; and no older one goes before a new one was checked."""
    name = clocked.shop.name
    browser = signed_in(clocked.shop)
    clocked.wants("backup.every=6h", "backup.keep=1")
    assert clocked.look() == 1
    before = clocked.files()

    def unusable(file: Path) -> None:
        raise NoCopy(f"The backup {file.name} was taken, but a check found it unusable: so says the test.")

    with monkeypatch.context() as patched:
        patched.setattr(scheduled, "check", unusable)
        assert clocked.look(6 * HOUR) == 1
        assert clocked.files() == before, "the one that is good stays, the bad one goes"
        assert "backup failed" in clocked.log.of(name)
        assert clocked.counted("backups_failed_total") == 1
        told = clocked.done(f"store show {name}")["backup"]
        assert "so says the test" in told["error"]
        assert told["failed"] > told["taken"]
        assert clocked.server.run(asked(clocked.server, "/_bodega/health"))["failing_backups"] == 1
        assert "so says the test" in browser.get(f"{base(clocked.shop)}/status").text
        assert clocked.look(RETRY_SECONDS - 1) == 0
        assert clocked.look(1) == 1
    assert clocked.look(RETRY_SECONDS) == 1
    assert clocked.files() != before
    assert len(clocked.files()) == 1
    told = clocked.done(f"store show {name}")["backup"]
    assert (told["failed"], told["error"]) == (None, None)
    assert "failing_backups" not in clocked.server.run(asked(clocked.server, "/_bodega/health"))


def test_a_clock_that_was_ahead_stops_no_backups_and_crowds_none_out(clocked: Clocked) -> None:
    """What was taken in the meantime is dated in the future: neither is it waited for, nor kept for good."""
    clocked.wants("backup.every=1h", "backup.keep=3")
    assert clocked.look() == 1
    ahead = 20 * 365 * 24 * HOUR
    for _ in range(4):
        assert clocked.look(ahead) == 1
        ahead = HOUR
    assert all("-2046" in file or "-2047" in file for file in clocked.files())
    clocked.now -= 20 * 365 * 24 * HOUR
    for taken in (1, 2, 3):
        assert clocked.look(HOUR) == 1
        assert len(clocked.files()) == 3
        assert sum("-2027" in file for file in clocked.files()) == taken
    assert clocked.look(HOUR - 1) == 0


def test_a_damaged_store_fails_and_others_are_backed_up(clocked: Clocked) -> None:
    """One after the other, whatever becomes of each."""
    other = clocked.server.shop()
    clocked.wants("backup.every=1h")
    clocked.done(f"store set {other.name} backup.every=1h")
    backend = clocked.server.backend
    clocked.server.run(backend.drop(clocked.server.run(backend.registry.store(clocked.shop.name))))
    assert clocked.look() == 2
    tx = backend.registry.tx
    assert "is missing" in clocked.server.run(state_of(tx, clocked.shop.name)).error
    assert clocked.server.run(state_of(tx, other.name)).taken


def test_of_several_servers_one_takes_it_and_a_killed_one_is_followed(clocked: Clocked) -> None:
    """They share the registry; a server that was killed leaves nothing behind for long."""
    clocked.wants("backup.every=24h")
    schedules = [clocked.another() for _ in range(4)]

    async def at_once() -> list[int]:
        return await asyncio.gather(*(one.look() for one in schedules))

    assert sum(clocked.server.run(at_once())) == 1
    folder = clocked.folder / clocked.shop.name
    (folder / "left.bodega.new").write_bytes(b"half")
    (folder / "left.bodega.new.part").write_bytes(b"half")
    (folder / "check-left").mkdir()
    assert clocked.look(24 * HOUR) == 1
    assert [file for file in clocked.files() if "left" in file] == []
    sql = "UPDATE scheduled_backups SET begun = $1"  # as a server leaves it that is killed while it takes one
    clocked.server.run(clocked.server.backend.registry.tx.run(sql, int(clocked.now + 1)))
    assert clocked.look(24 * HOUR) == 0
    assert clocked.look(24 * HOUR) == 1


def spoil_rows(made: Connection) -> None:
    made.execute("DELETE FROM brands")


def spoil_references(made: Connection) -> None:
    made.execute("PRAGMA foreign_keys = OFF")
    made.execute("DELETE FROM products")
    made.execute("UPDATE table_statistics SET total = 0 WHERE name = 'products'")


def spoil_facts(made: Connection) -> None:
    made.execute("DROP TABLE backup")


@pytest.mark.parametrize("spoil", [spoil_rows, spoil_references, spoil_facts])
def test_the_check_finds_what_is_missing(shop: Shop, tmp_path: Path, spoil: Any) -> None:
    """A check that passes everything is none."""
    from bodega.lab import copies

    shop.product("Hammer", categories=[shop.category()], brand_id=shop.brand("Acme"))
    file = tmp_path / "backup"
    server = shop.server
    server.run(copies.backup(server.backend, server.run(server.backend.registry.store(shop.name)), file))
    check(file)
    with closing(open_file(file)) as made:
        spoil(made)
    with pytest.raises(NoCopy):
        check(file)


def test_the_check_finds_a_file_that_is_not_whole(shop: Shop, tmp_path: Path) -> None:
    from bodega.lab import copies

    for number in range(40):
        shop.brand(f"Brand {number}")
    file = tmp_path / "backup"
    server = shop.server
    server.run(copies.backup(server.backend, server.run(server.backend.registry.store(shop.name)), file))
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    with pytest.raises(NoCopy):
        check(file)


@pytest.mark.parametrize("value", ["", "6", "1s", "59s", "400d", "x", "-1h", "6 h"])
def test_an_interval_that_is_none_is_a_usage_error(tmp_path: Path, value: str) -> None:
    place = ["--data", str(tmp_path)]
    CliRunner().invoke(main, ["store", "create", "shop", *place])
    assert CliRunner().invoke(main, ["store", "set", "shop", f"backup.every={value}", *place]).exit_code == 2
    assert CliRunner().invoke(main, ["store", "set", "shop", f"backup.keep={value}", *place]).exit_code in (0, 2)


def test_a_served_store_is_backed_up_by_its_server(tmp_path: Path) -> None:
    """The whole way: the setting, the server, the file below its data directory, `store show`."""
    import time

    from served import PATIENCE, first_json, started

    place = ["--data", str(tmp_path / "data")]

    def told(*words: str) -> Any:
        result = CliRunner(env={"BODEGA_DATA": None}).invoke(main, [*words, *place, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    told("store", "create", "shop")
    told("store", "set", "shop", "backup.every=24h")
    with started("serve", "--https-port", "0", "--http-port", "0", "--json", *place) as server:
        first_json(server)
        give_up = time.monotonic() + PATIENCE
        while not (found := told("store", "show", "shop")["backup"])["taken"]:
            assert time.monotonic() < give_up
            assert found["error"] is None
            time.sleep(0.1)
    file = Path(found["file"])
    assert file.parent == tmp_path / "data" / "backups" / "shop"
    check(file)
    assert told("store", "recover", "copy", str(file))["made"] is True
