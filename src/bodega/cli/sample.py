"""The sample store of `bodega dev`, kept once it was made: filling one takes seconds, and copying it milliseconds.

It is kept in the user's cache, under a name that follows from the program's own files and from how much was asked for,
and for some days only: orders of a sample store are of the last weeks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import bodega

KEPT_SECONDS = 7 * 86_400

CACHE = "BODEGA_CACHE"
"""The environment variable that names another folder than that of the system."""

_PREFIX = "sample-"


def folder() -> Path:
    """The user's cache of this program; it need not exist."""
    own = os.environ.get(CACHE)
    if own:
        return Path(own)
    named = os.environ.get("XDG_CACHE_HOME")
    if named:
        return Path(named) / "bodega"
    home = Path.home()
    return (home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache") / "bodega"


def kept(amounts: Mapping[str, int]) -> Path | None:
    """The file of a sample store of these amounts; None if there is none, or only an old one."""
    file = _file(amounts)
    with contextlib.suppress(OSError):
        facts = file.lstat()
        if facts.st_uid == os.geteuid() and time.time() - facts.st_mtime < KEPT_SECONDS and file.is_file():
            return file
    return None


def keep(store: Path, amounts: Mapping[str, int]) -> None:
    """Keeps the file of a store that was just filled, in place of any other. A cache that cannot be written to is
    none."""
    from bodega.storage.backend import NoCopy
    from bodega.storage.sqlite.copies import take

    file = _file(amounts)
    with contextlib.suppress(OSError, NoCopy):
        take(store, file, force=True)
        for other in file.parent.glob(f"{_PREFIX}*.db"):
            if other != file:
                other.unlink(missing_ok=True)


def _file(amounts: Mapping[str, int]) -> Path:
    return folder() / f"{_PREFIX}{_state(amounts)}.db"


def _state(amounts: Mapping[str, int]) -> str:
    """A word that changes with any file of the program: also while it is being worked on."""
    told = hashlib.sha256(repr((bodega.__version__, sorted(amounts.items()))).encode())
    package = Path(bodega.__file__).parent
    for above, folders, names in os.walk(package):
        folders.sort()
        for name in sorted(names):
            if not name.endswith(".pyc"):
                facts = os.stat(Path(above) / name)
                told.update(f"{above[len(str(package)) :]}/{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return told.hexdigest()[:16]
