"""What somebody sees who has just cloned the repository: what `make` does, how far it is, and what went wrong."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "installing.py"
PATIENCE = 120

PIP = """
import sys, time
print("Collecting apsw==3 (from -r run.txt (line 1))")
print("  Using cached apsw-3-cp311-manylinux.whl (9 kB)")
print("Requirement already satisfied: click==8 in ./lib", flush=True)
time.sleep({pause})
print("Installing collected packages: apsw, click", flush=True)
time.sleep({pause})
{end}
"""


def told(end: str = "", pause: float = 0.0, *words: str) -> subprocess.CompletedProcess[str]:
    """What is printed while a pip works that behaves so."""
    line = [sys.executable, str(SCRIPT), "Installing a server", "--usually", "3 s", "--lock", "requirements/run.txt"]
    line += ["--", sys.executable, "-c", PIP.format(pause=pause, end=end), *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def pins(name: str) -> dict[str, str]:
    """The packages of a lock with their versions."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", text))


def test_a_step_says_what_it_does_and_how_long_that_takes() -> None:
    done = told()
    assert done.returncode == 0
    first, last = done.stdout.splitlines()
    assert first == "Installing a server (usually 3 s) ..."
    assert re.fullmatch(r"  done after \d+ s", last)


def test_a_step_that_fails_shows_what_pip_said() -> None:
    done = told("print('ERROR: No matching distribution found for apsw==3'); sys.exit(7)", 0.0, "--only-binary")
    assert done.returncode == 7
    assert "failed at unpacks 2 packages" in done.stdout
    assert "ERROR: No matching distribution found for apsw==3" in done.stderr
    assert "WHEELS=" in done.stderr
    other = told("print('ERROR: disk full'); sys.exit(1)")
    assert "ERROR: disk full" in other.stderr
    assert "WHEELS=" not in other.stderr


def test_on_a_terminal_one_line_is_kept_up_to_date() -> None:
    ours, theirs = pty.openpty()
    code = PIP.format(pause=0.5, end="")
    line = [sys.executable, str(SCRIPT), "Installing", "--usually", "3 s", "--lock", "requirements/run.txt", "--"]
    with subprocess.Popen([*line, sys.executable, "-c", code], cwd=ROOT, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            shown += part
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    seen = shown.decode()
    assert f"package 2 of {len(pins('run'))}: click" in seen
    assert "unpacks 2 packages" in seen
    assert seen.count("\n") == 2
    assert "\r" in seen


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_dev_installs_what_runs_the_server_and_nothing_else(tmp_path: Path) -> None:
    told = {}
    for target in ("dev", "test"):
        line = ["make", "--dry-run", f"VENV={tmp_path / 'none'}", target]
        told[target] = subprocess.check_output(line, cwd=ROOT, text=True, timeout=PATIENCE)
    assert "requirements/run.txt" in told["dev"]
    assert "requirements/dev.txt" not in told["dev"]
    assert "requirements/dev.txt" in told["test"]
    for text in told.values():
        assert "--require-hashes" in text
        assert "--only-binary :all:" in text
        assert text.count("--usually") == 3  # an environment, the packages, Bodega itself
        for step in text.splitlines():
            assert "pip install" not in step or "installing.py" in step or step.lstrip().startswith("--"), step


def test_the_locks_agree() -> None:
    """What runs is the same version in every lock, and what builds is that of the development lock."""
    run, build, dev = pins("run"), pins("build"), pins("dev")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert set(wanted) <= set(build)
    assert {name: dev.get(name) for name in run} == run
    assert {name: dev.get(name) for name in build} == build
