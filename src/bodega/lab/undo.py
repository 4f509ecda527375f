"""Undoing one request of the journal: by what it keeps of the rows as they were before."""

from __future__ import annotations

import msgspec

from bodega.access.stores import OpenStore
from bodega.journal.recorder import key_of
from bodega.journal.ring import JournalRing
from bodega.storage import undoing
from bodega.storage.past import unpacked
from bodega.storage.undoing import InTheWay, RowUndone

LATER = 500
"""So many later requests are looked through for the one that is in the way."""


class CannotUndo(ValueError):
    """A request that cannot be undone; the message is a sentence, `rows` says what is wrong with each row."""

    def __init__(self, message: str, rows: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.rows = rows or {}


class Undone(msgspec.Struct, frozen=True):
    """A request that was undone, and the rows that are as they were before it, each with what it had done to it."""

    id: str
    request: str
    rows: list[RowUndone]


async def undo(store: OpenStore, ring: JournalRing, request_id: str) -> Undone:
    """Undoes what a request changed. Raises CannotUndo, Busy."""
    key, here = key_of(store.record), store.record.hash
    exchange = await ring.exchange(key, request_id)
    if exchange is None:
        raise CannotUndo(f"The journal of store {here} has no request {request_id[:100]}.")
    told = f"{exchange.method} {exchange.target}"
    content = await ring.past(key, request_id)
    if content is None:
        why = "it changed nothing, was undone already, or came while no lab was on"
        raise CannotUndo(f"Nothing is kept of what {told} changed: {why}.")
    past = unpacked(content)
    if past.why:
        raise CannotUndo(f"{told} cannot be undone: {past.why}.")
    try:
        rows: list[RowUndone] = await store.write(lambda unit: undoing.undo(unit, past))
    except InTheWay as error:
        rows_told = {}
        for table, row, why in error.rows:
            place = f"{table}/{'/'.join(map(str, row))}"
            by = await _later(ring, key, request_id, table, row)
            rows_told[place] = f"{why} {by}".strip()
        raise CannotUndo(f"{told} cannot be undone: {', '.join(rows_told)} changed since.", rows_told) from None
    await ring.forget_past(key, request_id)
    return Undone(request_id, told, rows)


async def _later(ring: JournalRing, key: str, request_id: str, table: str, row: list[object]) -> str:
    """The newest request that changed a row, as words; empty if none is known."""
    for later_id, content in await ring.pasts(key, after=request_id, limit=LATER):
        if any(one.table == table and one.key == row for one in unpacked(content).touched):
            found = await ring.exchange(key, later_id)
            return f"By {found.method} {found.target} ({later_id})." if found is not None else ""
    return ""
