"""Rules in the registry: every process that serves a store hears of a change by the change notification."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from bodega.dates import iso
from bodega.lab.faults.chance import Tosses
from bodega.lab.faults.reading import FaultRefused, as_written, rule_of
from bodega.lab.faults.rule import FaultRule
from bodega.storage import query
from bodega.storage.registry import Registry
from bodega.storage.tx import Tx

MOST_RULES = 200
"""Of one store: each is looked at for every request."""


class KeptRule(NamedTuple):
    """A rule as the registry has it; `seen` is how many calls it was about, `created` in UTC seconds."""

    store: str
    rule: FaultRule
    seen: int
    created: int


class _Row(NamedTuple):
    id: str
    store: str
    rule: str
    seen: int
    created: int


_ROWS = "SELECT id, store, rule, seen, created FROM faults"


async def rules(tx: Tx, store_hash: str | None = None) -> list[KeptRule]:
    """The rules of a store, or of all, the oldest first."""
    where, values = ("", ()) if store_hash is None else (" WHERE store = $1", (store_hash,))
    rows = await query.named(tx, _Row, f"{_ROWS}{where} ORDER BY store, number, id", *values)
    return [KeptRule(row.store, rule_of(msgspec.json.decode(row.rule), row.id), row.seen, row.created) for row in rows]


async def add(registry: Registry, store_hash: str, given: Any, now: int, operations: Iterable[str] = ()) -> KeptRule:
    """Adds a rule and tells the servers. Raises FaultRefused."""
    rule = rule_of(given, secrets.token_hex(4), operations)
    if len(await rules(registry.tx, store_hash)) >= MOST_RULES:
        raise FaultRefused({"rule": f"is one too many: a store has at most {MOST_RULES}."})
    sql = (
        "INSERT INTO faults (id, store, number, rule, seen, created)"
        " SELECT $1, $2, coalesce(max(number), 0) + 1, $3, 0, $4 FROM faults"
    )
    await registry.tx.run(sql, rule.id, store_hash, msgspec.json.encode(as_written(rule)).decode(), now)
    await registry.notify_change()
    return KeptRule(store_hash, rule, 0, now)


async def clear(registry: Registry, store_hash: str, rule_id: str | None = None) -> list[str]:
    """Deletes a rule, or all of a store: the ids of those that were there."""
    there = [kept.rule.id for kept in await rules(registry.tx, store_hash)]
    gone = [one for one in there if rule_id is None or one == rule_id]
    for one in gone:
        await registry.tx.run("DELETE FROM faults WHERE id = $1", one)
    if gone:
        await registry.notify_change()
    return gone


async def take_number(tx: Tx, rule_id: str) -> int | None:
    """The number of one more call that a rule is about, unlike that of any other process; None if the rule is gone."""
    number: int | None = await query.value(
        tx, "UPDATE faults SET seen = seen + 1 WHERE id = $1 RETURNING seen", rule_id
    )
    return number


async def keep(tx: Tx, seen: dict[str, int]) -> None:
    """Keeps what a single process counted."""
    for rule_id, number in seen.items():
        await tx.run("UPDATE faults SET seen = $2 WHERE id = $1 AND seen < $2", rule_id, number)


def shown(kept: KeptRule) -> dict[str, Any]:
    """A rule as people see it: as it was written, with how many calls it was about, and how many it struck."""
    struck = Tosses(kept.rule.schedule).struck(kept.seen)
    written = as_written(kept.rule)
    window = written.get("schedule", {})
    for name in ("from", "until"):
        if name in window:
            window[name] = iso(int(window[name]))
    return {
        "id": kept.rule.id,
        **written,
        "seen": kept.seen,
        "struck": struck,
        "over": Tosses(kept.rule.schedule).is_over(kept.seen),
        "created": iso(kept.created),
    }
