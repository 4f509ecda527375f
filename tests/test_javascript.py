"""The JavaScript package in its published form, under the real Vitest and the real Jest from their registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

JS = Path(__file__).parent.parent / "clients" / "js"
PATIENCE = 600
SUITE = 8
"""Tests in `examples/store.body.js`."""

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm, which are not installed here")


def run(folder: Path, *command: str, **environment: str) -> str:
    """What a command prints; it must succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BODEGA_", "NODE_"))}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False, env=kept | environment
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples with what they need: the frameworks by the lock, the package as npm would publish it."""
    folder = tmp_path_factory.mktemp("js")
    for file in (JS / "examples").iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    run(JS, "npm", "pack", "--silent", "--pack-destination", str(folder))
    run(folder, "npm", "ci", "--silent", "--no-audit", "--no-fund")
    [packed] = folder.glob("*.tgz")
    run(folder, "npm", "install", "--silent", "--no-save", "--no-audit", "--no-fund", str(packed))
    return folder


COMMAND = f"{sys.executable} -m bodega.cli"


def test_vitest(installed: Path) -> None:
    told = run(installed, "npx", "--no-install", "vitest", "run", BODEGA_COMMAND=COMMAND, NO_COLOR="1")
    assert f"{SUITE} passed" in told


def test_jest(installed: Path) -> None:
    """Jest runs ECMAScript modules with an option of Node's."""
    told = run(
        installed, "npx", "--no-install", "jest", BODEGA_COMMAND=COMMAND, NODE_OPTIONS="--experimental-vm-modules"
    )
    assert f"{SUITE} passed" in told


def test_the_package_holds_what_it_names() -> None:
    """Every file that `exports` names is there, and each member of the declarations exists in the code."""
    import json
    import re

    described = json.loads((JS / "package.json").read_text())
    named = {
        path for one in described["exports"].values() for path in (one.values() if isinstance(one, dict) else [one])
    }
    assert {path for path in named if not (JS / path).exists()} == set()
    declared = re.findall(r"export (?:class|function) (\w+)", (JS / "index.d.ts").read_text())
    code = (JS / "index.js").read_text()
    assert [name for name in declared if not re.search(rf"export (?:async )?(?:class|function) {name}\b", code)] == []
