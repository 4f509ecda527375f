"""One server a directory: two would each keep quotas, journals and queues of their own for the same stores.

The lock is the system's and ends with the process that holds it, however it ends. The file that it is on says which
process that is; a file that is left behind locks nobody out.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bodega import private

FILE = "serving.lock"
_PATIENCE_SECONDS = 1.0


class Served(Exception):
    """Another server serves the directory; the message is a sentence that names its process."""


@contextmanager
def serving(directory: Path) -> Iterator[None]:
    """Holds the directory for this process. Raises Served, OSError.

    A process that is forked meanwhile does not hold it: it would keep a successor out.
    """
    private.make_folder(directory)
    descriptor = private.make_file(directory / FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        os.close(descriptor)
        raise Served(
            f"Another server ({holder}) serves the stores in {directory} already; stop it, or choose another directory"
            " with --data."
        ) from None
    held = [descriptor]
    os.register_at_fork(after_in_child=lambda: _let_go(held))
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        _let_go(held)


def is_served(directory: Path) -> bool:
    """Whether a process serves the directory at this moment."""
    try:
        descriptor = os.open(directory / FILE, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _let_go(held: list[int]) -> None:
    while held:
        os.close(held.pop())


def _holder(descriptor: int) -> str:
    """Which process holds the lock; it writes its number a moment after it got it."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        if text.isdigit():
            return f"process {text}"
        time.sleep(0.02)
    return "a process that does not say which"
