"""The launcher of the throwaway PostgreSQL server: quick, private, and nothing left behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

import postgres as launcher
from postgres import OVERRIDE, database, database_url, postgres

BUDGET = 60.0  # seconds: it takes one; the rest is for a busy machine


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(OVERRIDE, raising=False)
        with postgres() as url:
            yield url


def ask(url: str, query: str) -> object:
    async def asking() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(asking())


def home_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def pid_of(url: str) -> int:
    return int((home_of(url) / "data" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_version_num", "18"),
        ("max_connections", "400"),
        ("fsync", "off"),
        ("listen_addresses", "127.0.0.1"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_server_is_set_up_for_tests(server: str, setting: str, value: str) -> None:
    assert str(ask(server, f"SHOW {setting}")).startswith(value)


def test_the_database_also_answers_over_tcp(server: str) -> None:
    port = parse_qs(urlsplit(server).query)["port"][0]
    assert ask(f"postgresql://bodega@127.0.0.1:{port}/bodega", "SELECT current_database()") == "bodega"


def test_text_is_ordered_by_code_point_and_folded_by_unicode(server: str) -> None:
    assert ask(server, "SELECT 'Z' < 'a'") is True
    assert ask(server, "SELECT lower('ÄÉ')") == "äé"


def test_a_database_is_dropped_with_those_still_connected_to_it(server: str) -> None:
    with database(server) as url:
        name = ask(url, "SELECT current_database()")
        assert name != "bodega"
    assert ask(server, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0


def test_a_database_can_be_copied_from_a_template(server: str) -> None:
    with database(server) as template:
        ask(template, "CREATE TABLE kept AS SELECT 7 AS number")
        with database(server, urlsplit(template).path[1:]) as copy:
            assert ask(copy, "SELECT number FROM kept") == 7


def test_a_named_server_is_used_and_left_as_it_was(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERRIDE, server)
    before = ask(server, "SELECT count(*) FROM pg_database")
    for url in database_url():
        assert home_of(url) == home_of(server)
        assert ask(url, "SELECT current_database()") != "bodega"
    assert ask(server, "SELECT count(*) FROM pg_database") == before


def test_a_durable_server_starts_quickly_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OVERRIDE, raising=False)
    began = time.monotonic()
    with postgres(durable=True) as url:
        assert ask(url, "SHOW fsync") == "on"
        assert time.monotonic() - began < BUDGET
        pid, home = pid_of(url), home_of(url)
        assert is_alive(pid)
    assert not is_alive(pid)
    assert not home.exists()


AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root runs the server as somebody else")


@AS_ROOT
def test_programs_in_a_private_directory_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OVERRIDE, raising=False)
    package = launcher._binaries().parent.parent
    for directory in (package, package.with_suffix(".libs")):
        shutil.copytree(directory, tmp_path / directory.name)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(launcher, "_binaries", lambda: tmp_path / package.name / "pginstall" / "bin")
    with postgres() as url:
        assert ask(url, "SELECT 1") == 1
        assert Path(f"/proc/{pid_of(url)}/exe").resolve().is_relative_to(home_of(url))


@AS_ROOT
def test_root_hands_the_server_to_nobody(server: str) -> None:
    assert home_of(server).stat().st_uid == Path(f"/proc/{pid_of(server)}").stat().st_uid != 0


OWNER = "import sys; sys.path.insert(0, sys.argv[1]); import postgres, time\n" + (
    "with postgres.postgres() as url: print(url, flush=True); time.sleep(600)"
)


def test_the_server_goes_even_when_its_owner_is_killed() -> None:
    environment = {name: value for name, value in os.environ.items() if name != OVERRIDE}
    command = [sys.executable, "-c", OWNER, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        pid, home = pid_of(url), home_of(url)
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + BUDGET
    while home.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not home.exists()
    assert not is_alive(pid) or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]
