"""Two settings of the process that a server needs: how the C library keeps memory, what the garbage collector scans."""

from __future__ import annotations

import atexit
import gc
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
KEPT = 16 * 1024 * 1024
"""Bytes of free memory that are kept for the next reply."""


def short() -> None:
    """Called once by a process that carries out one command: the collector seldom finds anything in what a command
    imports, and when it ends there is nothing to look for."""
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)


def load() -> None:
    """Called once, before everything is loaded: what is loaded stays, so the collector would find nothing in it."""
    gc.disable()


def settle() -> None:
    """Called once, when everything is loaded.

    glibc hands every block over 128 kB back to the kernel and takes it again for the next reply, page by page: a list
    of 50 products then costs twice as much. And what was loaded at the start stays: the collector need not scan it.
    """
    if sys.platform == "linux":
        import ctypes

        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, KEPT)
            mallopt(_M_TRIM_THRESHOLD, KEPT)
    gc.set_threshold(20_000, 20, 50)  # a request makes next to no cycles, but hundreds of short-lived objects
    gc.freeze()  # without collecting: that takes a tenth of a start, and frees next to nothing
    gc.enable()


def resident() -> tuple[int, int]:
    """Bytes of memory and of address space that this process takes; zeros where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            size, pages = file.read().split()[:2]
    except OSError:
        return 0, 0
    import resource

    page = resource.getpagesize()
    return int(pages) * page, int(size) * page
