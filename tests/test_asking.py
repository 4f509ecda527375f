"""Commands that lose something ask a terminal, `--yes` answers, a script goes on; copies do not tread on others."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bodega.cli import main
from bodega.lab import copies
from bodega.storage.backend import Backend, NoCopy
from bodega.storage.opening import open_backend
from bodega.storage.sqlite.copies import being_made
from postgres import database
from served import BODEGA, PATIENCE, environment

Place = tuple[str, ...]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where the stores are."""
    if request.param == "sqlite":
        yield ("--data", str(tmp_path / "data"))
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield ("--database", url)


def run(place: Place, line: str) -> Result:
    """A command of a script: its standard input is no terminal."""
    return CliRunner(env={"BODEGA_DATA": None, "BODEGA_DATABASE": None}).invoke(main, [*line.split(), *place])


def done(place: Place, line: str) -> Any:
    """What a command prints with --json."""
    result = run(place, f"{line} --json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def typed(place: Place, line: str, answer: str) -> tuple[int, str]:
    """A command typed at a terminal, and what is answered: its exit code, and what the terminal shows."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        told = subprocess.run(
            [*BODEGA, *line.split(), *place], stdin=theirs, capture_output=True, text=True, timeout=PATIENCE,
            env=environment(), check=False,
        )  # fmt: skip
        return told.returncode, told.stdout + told.stderr
    finally:
        os.close(ours)
        os.close(theirs)


ASKING = {
    "delete": "Delete store shop, its accounts and everything it holds, for good?",
    "reset": "Delete all that store shop holds?",
    "recover {file}": "Replace all that store shop holds by what is in {file}?",
    "restore empty": "Replace all that store shop holds by snapshot empty?",
}
"""Every command that loses what a store holds, with its question."""


@pytest.mark.parametrize("command", ASKING)
def test_a_terminal_is_asked_and_a_script_is_not(place: Place, tmp_path: Path, command: str) -> None:
    """Issue 12, point 7: over both databases."""
    file = tmp_path / "backup"
    question = ASKING[command].format(file=file)
    word, *rest = command.format(file=file).split()
    line = " ".join(["store", word, "shop", *rest])
    done(place, "store create shop")
    done(place, f"store backup shop {file}")
    done(place, "store snapshot shop empty")
    done(place, "seed shop --products 2")
    code, shown = typed(place, line, "n\n")
    assert code == 1
    assert question in shown
    assert done(place, "store show shop")["used"]["products"] == 2, "nothing was done"
    code, shown = typed(place, f"{line} --yes", "n\n")
    assert code == 0
    assert question not in shown
    if word == "delete":
        done(place, "store create shop")
    done(place, "seed shop --products 2")
    code, shown = typed(place, line, "y\n")
    assert code == 0, shown
    if word == "delete":
        done(place, "store create shop")
    assert done(place, "store show shop")["used"]["products"] == 0
    done(place, line)  # a script


def test_recovering_a_store_that_is_not_there_asks_nothing(place: Place, tmp_path: Path) -> None:
    """Nothing can be lost."""
    done(place, "store create shop")
    done(place, f"store backup shop {tmp_path / 'backup'}")
    code, shown = typed(place, f"store recover copy {tmp_path / 'backup'}", "n\n")
    assert code == 0, shown


# Backups


def test_a_backup_replaces_nothing_but_a_file(place: Place, tmp_path: Path) -> None:
    """A pipe here; a device would be lost for everybody."""
    done(place, "store create shop")
    os.mkfifo(tmp_path / "pipe")
    refused = run(place, f"store backup shop {tmp_path / 'pipe'} --force")
    assert (refused.exit_code, refused.stderr) == (1, f"{tmp_path / 'pipe'} is not a file; nothing was done.\n")


def test_a_backup_overwrites_nothing_without_force(place: Place, tmp_path: Path) -> None:
    """Issue 12, point 7."""
    done(place, "store create shop")
    file = tmp_path / "backup"
    file.write_text("something dear")
    refused = run(place, f"store backup shop {file}")
    assert (refused.exit_code, refused.stderr) == (1, f"{file} exists already; --force overwrites it.\n")
    assert file.read_text() == "something dear"
    assert done(place, f"store backup shop {file} --force")["bytes"] == file.stat().st_size > 1000
    assert run(place, f"store backup shop {file}").exit_code == 1
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    from bodega.storage.sqlite.copies import keep

    target = tmp_path / "copy"

    def make() -> None:
        with being_made(target, force=False) as part:
            target.write_text("something dear")
            keep(part, target)

    with pytest.raises(NoCopy, match="exists already"):
        make()
    assert target.read_text() == "something dear"
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


# Two at once


def test_of_two_snapshots_of_one_name_at_once_the_second_is_told(
    place: Place, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 12, point 7: one succeeds, the other says why nothing was done; afterwards the name can be taken again."""
    done(place, "store create shop")
    done(place, "seed shop --products 3")
    data, url = (Path(place[1]), None) if place[0] == "--data" else (None, place[1])

    async def at_once() -> list[Any]:
        backends: list[Backend] = [await open_backend(data, url) for _ in range(6)]
        record = await backends[0].registry.store("shop")
        assert record is not None
        ends = await asyncio.gather(
            *(copies.snapshot(backend, record, "one") for backend in backends), return_exceptions=True
        )
        names = await backends[0].snapshots(record)
        for backend in backends:
            await backend.close()
        return [names, *ends]

    for _ in range(3):
        names, *ends = runner.run(at_once())
        assert names == ["one"]
        told = [end for end in ends if end is not None]
        assert all(isinstance(end, NoCopy) and "by another command at this moment" in str(end) for end in told), told
        assert len(told) < len(ends)
    done(place, "store reset shop")
    done(place, "store restore shop one")
    assert done(place, "store show shop")["used"]["products"] == 3


def test_a_copy_that_is_being_made_is_told_and_one_that_was_left_is_taken_over(tmp_path: Path) -> None:
    """The claim ends with whoever made it: a killed command leaves a file that stands in nobody's way."""
    target = tmp_path / "copy"
    (tmp_path / "copy.part").write_bytes(b"left by a killed command")
    begun, go = threading.Event(), threading.Event()

    def first() -> None:
        with being_made(target, force=True) as part:
            assert part.stat().st_size == 0
            begun.set()
            go.wait(PATIENCE)
            part.replace(target)

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(PATIENCE)
    with pytest.raises(NoCopy, match="at this moment"), being_made(target, force=True):
        pass
    go.set()
    thread.join()
    with being_made(target, force=True) as part:
        assert part.exists()
        part.unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
