"""`bodega owner`: the first owner of a store, from the command line (design section 7)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bodega.cli import main

HASH = "owned-1"


class Desk:
    """Runs commands on one place."""

    def __init__(self, *place: str) -> None:
        self.place = place

    def run(self, line: str, typed: str = "") -> Result:
        """A command as typed, with this on standard input."""
        return CliRunner().invoke(main, [*shlex.split(line), *self.place], input=typed)


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with a store on each database."""
    for name in ("BODEGA_DATA", "BODEGA_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    on_postgres = request.param == "postgres"
    where = ("--database", request.getfixturevalue("postgres_url")) if on_postgres else ("--data", str(tmp_path))
    made = Desk(*where)
    assert made.run(f"store create {HASH}").exit_code == 0
    yield made
    made.run(f"store delete {HASH}")


def owners(desk: Desk) -> list[str]:
    return [owner["email"] for owner in json.loads(desk.run(f"owner list {HASH} --json").stdout)]


def test_an_owner_is_made_listed_and_removed(desk: Desk) -> None:
    made = desk.run(f"owner create {HASH} Me@Example.com --password-stdin --json", "a long password\n")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["stores"] == [HASH]
    assert "password" not in made.stdout
    assert owners(desk) == ["me@example.com"]
    assert "me@example.com" in desk.run(f"owner list {HASH}").stdout
    assert desk.run(f"owner remove {HASH} me@example.com").exit_code == 0
    assert owners(desk) == []
    assert "bodega owner create" in desk.run(f"owner list {HASH}").stdout


def test_an_owner_of_one_store_becomes_one_of_another_without_a_password(desk: Desk) -> None:
    desk.run(f"owner create {HASH} me@example.com --password-stdin", "a long password\n")
    desk.run("store create owned-2")
    assert "already" in desk.run(f"owner create {HASH} me@example.com").stdout
    again = desk.run("owner create owned-2 me@example.com --json")
    assert json.loads(again.stdout)["stores"] == [HASH, "owned-2"]
    desk.run("store delete owned-2")
    assert json.loads(desk.run(f"owner list {HASH} --json").stdout)[0]["stores"] == [HASH]
    desk.run(f"owner remove {HASH} me@example.com")


MISTAKES = [
    (f"owner create {HASH} nonsense --password-stdin", "a long password", 2, "name@example.com"),
    (f"owner create {HASH} a@b --password-stdin", "short", 2, "10 to 200"),
    (f"owner create {HASH} a@b --password-stdin", "", 2, "10 to 200"),
    (f"owner create {HASH} a@b", "", 2, "--password-stdin"),
    ("owner create nowhere a@b --password-stdin", "a long password", 1, "There is no store nowhere"),
    (f"owner remove {HASH} a@b", "", 1, "does not own"),
    ("owner list nowhere", "", 1, "There is no store nowhere"),
]


@pytest.mark.parametrize(("line", "typed", "code", "message"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_told_and_makes_nobody(desk: Desk, line: str, typed: str, code: int, message: str) -> None:
    done = desk.run(line, typed)
    assert (done.exit_code, message in done.output) == (code, True), done.output
    assert owners(desk) == []
