"""Idempotency keys: the first answer to a POST, stored in the same transaction as what the POST wrote."""

from __future__ import annotations

from typing import NamedTuple

from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

KEPT_SECONDS = 86_400
"""How long an answer is kept, by the store's clock."""

SWEPT = 500
"""The most answers that one sweep deletes."""

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
    """The key of a request: its account, its name, and the fingerprint of the request."""

    client_id: str
    name: str
    print: str


class FirstAnswer(NamedTuple):
    """The answer to a POST with a key; `version` and `modified` are 0 if the answer had no validators."""

    print: str
    status: int
    location: str
    version: int
    modified: int
    body: bytes
    created: int = 0


async def find(tx: Tx, key: Key) -> FirstAnswer | None:
    """The stored answer of a key, even if it has expired."""
    found = await tx.row(_FIND, key.client_id, key.name)
    return None if found is None else FirstAnswer(*found)


def is_old(answer: FirstAnswer, now: int) -> bool:
    """Whether an answer is older than a day, at `now` (UTC seconds by the store's clock)."""
    return answer.created <= now - KEPT_SECONDS


async def keep(unit: Unit, key: Key, answer: FirstAnswer, *, over: bool) -> None:
    """Stores the answer to what this transaction does. Raises Clash if the key is stored already.

    `over`: an expired answer of the key exists, and is replaced.
    """
    if over:
        await unit.tx.run(_DROP, key.client_id, key.name, unit.now - KEPT_SECONDS)
    await unit.tx.run(_KEEP, key.client_id, key.name, answer.print, unit.now, *answer[1:6])


async def sweep(unit: Unit) -> None:
    """Deletes answers that are older than a day, oldest first."""
    await unit.tx.run(_SWEEP, unit.now - KEPT_SECONDS, SWEPT)
