"""Hooks as they are stored: which client wants which events, and where."""

from __future__ import annotations

from bodega.declare.entity import Entity, stored
from bodega.storage import outbox
from bodega.storage.table import Unique

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


class Hook(Entity, kw_only=True):
    """Times are in UTC seconds by the store's clock. `used_at` is the day on which it last had something to deliver.

    `deactivated` says why it was made inactive, where its owner did not do it: "failed" (rule 126) or "idle".
    """

    client_id: str = ""
    store_hash: str = ""
    scope: str
    destination: str
    headers: dict[str, str] | None = None
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
