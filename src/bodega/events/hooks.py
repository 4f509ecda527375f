"""Hooks as they are stored: which client wants which events, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import STRING
from bodega.storage import outbox
from bodega.storage.table import Unique, numbered_placeholders
from bodega.storage.unit import Unit

SCHEMA = (
    outbox.SCHEMA
    + """
CREATE TABLE hook_leases (
    hook_id INTEGER PRIMARY KEY, holder TEXT NOT NULL, held_until BIGINT NOT NULL
);
CREATE TABLE hook_blocks (
    client_id TEXT NOT NULL, domain TEXT NOT NULL, blocked_until BIGINT NOT NULL, reasons TEXT NOT NULL,
    PRIMARY KEY (client_id, domain)
);
CREATE TABLE hook_contacts (
    client_id TEXT PRIMARY KEY, emails TEXT NOT NULL
);"""
)


Word = Annotated[str, STRING]


class Hook(Entity, kw_only=True):
    """Times are in UTC seconds by the store's clock. `used_at` is the day on which it last had something to deliver.

    `deactivated` says why it was deactivated, if not by its owner: "failed" (rule 126) or "idle".
    """

    client_id: Word = ""
    store_hash: Word = ""
    scope: Word
    destination: Word
    headers: Annotated[dict[str, str], AtMost(100)] | None = None
    is_active: bool = True
    created_at: int = 0
    updated_at: int = 0
    used_at: int = 0
    deactivated: str = ""

    @property
    def status(self) -> str:
        """The word that `/hooks/admin` shows."""
        return "active" if self.is_active else "deactivated" if self.deactivated else "inactive"


TABLE = stored(
    outbox.HOOKS,
    Hook,
    noun="webhook",
    columns="client_id scope destination is_active",
    hidden="used_at deactivated",
    uniques=[
        Unique(
            ("client_id", "scope", "destination"),
            "destination",
            "A webhook of this scope and destination exists.",  # rule 123
        )
    ],
    more_schema=SCHEMA,
)


async def give_up_what_waits(unit: Unit, old: Hook | None, new: Hook) -> None:
    """A deactivated hook gets nothing more; its waiting deliveries stay in the log and can be redelivered."""
    if old is not None and old.is_active and not new.is_active:
        message = "The webhook was deactivated." if new.deactivated else "The webhook was made inactive."
        sql = "UPDATE deliveries SET state = 'failed', message = $2 WHERE hook_id = $1 AND state = 'waiting'"
        await unit.tx.run(sql, new.id, message)


async def take_what_waits_along(unit: Unit, ids: Sequence[int]) -> None:
    """Waiting deliveries of a deleted hook are dropped; what was delivered stays in the log."""
    placeholders = numbered_placeholders(len(ids))
    await unit.tx.run(f"DELETE FROM deliveries WHERE state = 'waiting' AND hook_id IN ({placeholders})", *ids)
    unit.statistics.gone_hooks += ids
    await unit.tx.run(f"DELETE FROM hook_leases WHERE hook_id IN ({placeholders})", *ids)
