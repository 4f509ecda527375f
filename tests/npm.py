"""Clients of the JavaScript registry, as a lock has them; kept from one run to the next."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

PATIENCE = 600
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm, which are not installed here")


def installed(request: pytest.FixtureRequest, folder: Path) -> Path:
    """The folder `node_modules` of the clients that `package-lock.json` in this folder names; no script of theirs
    runs. Skips with a sentence where they cannot be had."""
    cache = getattr(request.config, "cache", None)
    if cache is None:
        pytest.skip("pytest keeps no cache")
    lock = (folder / "package-lock.json").read_bytes()
    place = cache.mkdir("clients") / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (place / "installed").exists():
        place.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, place)
        command = ("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
        made = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if made.returncode:
            pytest.skip(f"npm could not install the clients: {made.stdout[-500:]}{made.stderr[-500:]}")
        (place / "installed").touch()
    return place / "node_modules"
