"""Whether the declarations were checked as they are: a stamp beside the bytecode of the package, which goes with the
source as the bytecode does. A start then need not check them again (docs/decisions/0024-compile.md)."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from pathlib import Path


def is_stamped() -> bool:
    """Whether `stamp` was called with the source as it is."""
    path = _path()
    if path is None:
        return False
    try:
        return path.read_text() == _state()
    except OSError:
        return False


def stamp() -> None:
    """Notes that it was checked as it is, where bytecode may be written."""
    path = _path()
    if path is None:
        return
    with contextlib.suppress(OSError):
        made = path.with_name(f"{path.name}.{os.getpid()}")
        made.write_text(_state())
        made.replace(path)


def _path() -> Path | None:
    if sys.dont_write_bytecode:
        return None
    return Path(importlib.util.cache_from_source(__file__)).with_suffix(".stamp")


def _state() -> str:
    """What the modules of the package are, by the times and sizes of their files, as Python tells bytecode that is out
    of date. Raises OSError."""
    made = hashlib.sha256(sys.version.encode())
    for folder, folders, files in os.walk(Path(__file__).parents[1]):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py"):
                facts = os.stat(f"{folder}/{name}")
                made.update(f"{name} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    return made.hexdigest()
