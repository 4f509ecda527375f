"""One server an embedded directory: the second is refused with the process of the first, and commands go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from bodega.cli import main
from bodega.storage.sqlite.serving import FILE, Served, serving
from served import BODEGA, PATIENCE, environment, first_json, started

PORTS = ("--https-port", "0", "--http-port", "0")


@pytest.mark.parametrize("second", ["serve", "dev"])
def test_a_second_server_is_refused_with_the_process_of_the_first(tmp_path: Path, second: str) -> None:
    """Issue 12, point 5. It is told before anything else, such as a port that is taken."""
    data = str(tmp_path / "data")
    with started("serve", *PORTS, "--json", "--data", data) as first:
        first_json(first)
        begun = time.monotonic()
        told = subprocess.run(
            [*BODEGA, second, *PORTS, "--data", data],
            capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False,
        )  # fmt: skip
        assert told.returncode == 1
        assert f"Another server (process {first.pid}) serves the stores in {data} already" in told.stderr
        assert "Traceback" not in told.stderr
        assert time.monotonic() - begun < PATIENCE
        made = CliRunner().invoke(main, ["store", "create", "shop", "--json", "--data", data])
        assert json.loads(made.stdout)["hash"] == "shop", "commands go on working beside the server"
        first.send_signal(signal.SIGKILL)
        first.wait(PATIENCE)
    assert (tmp_path / "data" / FILE).exists()
    with started("serve", *PORTS, "--json", "--data", data) as third:
        first_json(third)  # a file that a killed server left behind locks nobody out


def test_the_lock_is_the_process_s_and_not_its_children_s(tmp_path: Path) -> None:
    """A process that was forked and outlives the server keeps no successor out."""
    ready, go = os.pipe(), os.pipe()
    with serving(tmp_path):
        child = os.fork()
        if child == 0:
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            os._exit(0)
        os.read(ready[0], 1)
        with pytest.raises(Served, match=f"process {os.getpid()}"), serving(tmp_path):
            pass
    with serving(tmp_path):
        os.write(go[1], b"x")
        os.waitpid(child, 0)
        with pytest.raises(Served), serving(tmp_path):
            pass


def test_a_program_that_the_server_starts_does_not_hold_the_lock(tmp_path: Path) -> None:
    """Its descriptor is closed when another program is executed."""
    with serving(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        until = time.monotonic() + PATIENCE
        while not _is_free(tmp_path):  # it may not have been executed yet
            assert time.monotonic() < until
    finally:
        other.communicate(b"\n", timeout=PATIENCE)


def _is_free(directory: Path) -> bool:
    try:
        with serving(directory):
            return True
    except Served:
        return False


def test_another_directory_may_be_served_as_well(tmp_path: Path) -> None:
    with serving(tmp_path / "a"), serving(tmp_path / "b"):
        assert (tmp_path / "a" / FILE).read_text() == f"{os.getpid()}\n"
        assert (tmp_path / "a" / FILE).stat().st_mode & 0o077 == 0
