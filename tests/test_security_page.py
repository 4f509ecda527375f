"""docs/security.md: what it names is there, and what no other test holds of it."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from served import command

HOME = Path(__file__).parent.parent
PAGE = (HOME / "docs" / "security.md").read_text()


def test_every_defence_names_what_holds_it() -> None:
    """A row without a test is a promise."""
    rows = PAGE.partition("## What is defended")[2].partition("\n## ")[0].strip().splitlines()[2:]
    assert len(rows) > 15
    for row in rows:
        held = row.strip("| ").split(" | ")[2]
        assert "ruff" in held or all((HOME / path).exists() for path in re.findall(r"`([^`]+)`", held)), row
        assert "`" in held


@pytest.mark.skipif(os.name != "posix", reason="permissions of files as POSIX has them")
def test_what_holds_secrets_is_its_owners(tmp_path: Path) -> None:
    """With the usual umask."""
    before = os.umask(0o022)
    try:
        place = ("--data", str(tmp_path / "data"))
        command(place, "store create shop")
        registry = tmp_path / "data" / "registry.db"
        assert stat.S_IMODE(registry.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "data" / "stores").stat().st_mode) == 0o700
        command(place, f"store backup shop {tmp_path / 'shop.bodega'}")
        assert stat.S_IMODE((tmp_path / "shop.bodega").stat().st_mode) == 0o600
    finally:
        os.umask(before)


BAD = """
import subprocess
subprocess.call("ls " + input(), shell=True)
"""


def test_insecure_code_is_found(tmp_path: Path) -> None:
    """By both programs of `make lint`, as this project has set them up."""
    (tmp_path / "bad.py").write_text(BAD)
    words = ["-m", "bandit", "--quiet", "--configfile", str(HOME / "pyproject.toml"), str(tmp_path / "bad.py")]
    bandit = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120)
    assert (bandit.returncode, "B602" in bandit.stdout) == (1, True)
    words = ["-m", "ruff", "check", "--config", str(HOME / "pyproject.toml"), str(tmp_path / "bad.py")]
    ruff = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120)
    assert (ruff.returncode, "S602" in ruff.stdout) == (1, True)


def test_make_lint_runs_them() -> None:
    """And each exception says why."""
    lint = (HOME / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "bandit" in lint
    assert "ruff check" in lint
    text = (HOME / "pyproject.toml").read_text()
    for rule in tomllib.loads(text)["tool"]["bandit"]["skips"]:
        assert re.search(rf'"{rule}",  # \S', text), rule
    for path in (HOME / "src").rglob("*.py"):
        for line in path.read_text().splitlines():
            assert "nosec" not in line, f"{path.name}: {line}"
            assert not re.search(r"noqa: S\d", line) or re.search(r"noqa: S\d+ - \w", line), f"{path.name}: {line}"
