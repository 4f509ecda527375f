"""What an error of the rooms below means to whoever asked the lab: over HTTP, or on a page of the panel."""

from __future__ import annotations

import traceback

from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem, unknown_store
from bodega.law.refusal import Refusal
from bodega.storage.backend import NoCopy
from bodega.storage.sealing import NoKey
from bodega.storage.tx import Busy


async def problem_of(lab: Lab, store_hash: str | None, error: Exception, where: str) -> Problem:
    """Any error as a Problem; `store_hash` is the store that was worked on, `where` the path that the log names."""
    if isinstance(error, Problem):
        return error
    gone = await _gone(lab, store_hash, error)
    return _told(lab, error, where) if gone is None else gone


async def _gone(lab: Lab, store_hash: str | None, error: Exception) -> Problem | None:
    """Whether the store was deleted while it was worked on: then whatever its database said means that."""
    if store_hash is None or isinstance(error, (NoCopy, NoKey, Refusal)):
        return None
    try:
        return unknown_store(store_hash) if await lab.registry.store(store_hash) is None else None
    except Exception:
        return None  # the registry cannot be asked either


def _told(lab: Lab, error: Exception, where: str) -> Problem:
    if isinstance(error, NoCopy):
        return Problem(409, str(error))
    if isinstance(error, (Busy, NoKey)):
        return Problem(503, str(error), headers=((b"retry-after", b"5"),))
    if isinstance(error, Refusal):
        return Problem(409, error.message)
    lab.log.event("internal error", path=where, traceback="".join(traceback.format_exception(error)))
    return Problem(500, "Something went wrong that should not; the server's log says what.")
