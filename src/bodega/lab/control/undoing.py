"""Undoing one request."""

from __future__ import annotations

from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Operation
from bodega.lab.control.problem import Problem
from bodega.lab.undo import CannotUndo, Undone, undo


async def undo_request(lab: Lab, store_hash: str, request_id: str) -> Undone:
    """Undo what one request changed: its rows, and what belongs to them, are as they were before. It is refused if any
    of them was changed since, and said which, and by which request. No event is fired."""
    store = await lab.store(store_hash)
    await store.ready()
    await lab.journal.write()
    try:
        return await undo(store, lab.journal.ring, request_id)
    except CannotUndo as error:
        raise Problem(409, str(error), error.rows) from None


OPERATIONS = (Operation("POST", "/stores/{store_hash}/journal/{request_id}/undo", undo_request, refuses=(409,)),)
