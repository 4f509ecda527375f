"""Idempotency keys: the first answer to a POST, kept beside what the POST wrote and in the same transaction."""

from __future__ import annotations

from typing import NamedTuple

from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

KEPT_SECONDS = 86_400
"""How long an answer is kept, by the store's clock."""

SWEPT = 500
"""Answers that one sweep deletes at most."""

SCHEMA = """
CREATE TABLE idempotency (
    client_id TEXT NOT NULL, name TEXT NOT NULL, print TEXT NOT NULL, created BIGINT NOT NULL,
    status INTEGER NOT NULL, location TEXT NOT NULL, version BIGINT NOT NULL, modified BIGINT NOT NULL,
    body BYTEA NOT NULL, PRIMARY KEY (client_id, name)
);
CREATE INDEX idempotency_created ON idempotency (created);
"""

_FIND = (
    "SELECT print, status, location, version, modified, body, created FROM idempotency"
    " WHERE client_id = $1 AND name = $2"
)
_KEEP = (
    "INSERT INTO idempotency (client_id, name, print, created, status, location, version, modified, body)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_DROP = "DELETE FROM idempotency WHERE client_id = $1 AND name = $2 AND created <= $3"
OLD = "SELECT 1 FROM idempotency WHERE created <= $1 LIMIT 1"
_SWEEP = (
    "DELETE FROM idempotency WHERE created <= $1 AND (client_id, name) IN"
    " (SELECT client_id, name FROM idempotency WHERE created <= $1 ORDER BY created LIMIT $2)"
)


class Key(NamedTuple):
    """The key of a request: whose it is, its name, and the print of what it stands for."""

    client_id: str
    name: str
    print: str


class FirstAnswer(NamedTuple):
    """What a keyed POST was answered; `version` and `modified` are 0 where the answer told no state."""

    print: str
    status: int
    location: str
    version: int
    modified: int
    body: bytes
    created: int = 0


async def find(tx: Tx, key: Key) -> FirstAnswer | None:
    """What is kept of a key, also when it is old already."""
    found = await tx.row(_FIND, key.client_id, key.name)
    return None if found is None else FirstAnswer(*found)


def is_old(answer: FirstAnswer, now: int) -> bool:
    """Whether an answer was kept for its day, at `now` (UTC seconds by the store's clock)."""
    return answer.created <= now - KEPT_SECONDS


async def keep(unit: Unit, key: Key, answer: FirstAnswer, *, over: bool) -> None:
    """Keeps the answer to what this transaction does. Raises Clash where the key is kept already.

    `over`: an old answer of the key is known to be there, and gives way.
    """
    if over:
        await unit.tx.run(_DROP, key.client_id, key.name, unit.now - KEPT_SECONDS)
    await unit.tx.run(_KEEP, key.client_id, key.name, answer.print, unit.now, *answer[1:6])


async def sweep(unit: Unit) -> None:
    """Deletes what was kept for its day, oldest first."""
    await unit.tx.run(_SWEEP, unit.now - KEPT_SECONDS, SWEPT)
