"""What is shown of a store, its clock and its accounts: the same by the command line and by the lab's HTTP API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from bodega.access.backup_states import state_of
from bodega.access.plans import PLANS
from bodega.access.settings import every_seconds, with_defaults
from bodega.dates import iso
from bodega.storage import query
from bodega.storage.sealing import is_sealed
from bodega.storage.tx import Damaged

if TYPE_CHECKING:
    from bodega.clock import Clock
    from bodega.storage.backend import Backend
    from bodega.storage.registry import Account, StoreRecord
    from bodega.storage.tx import Tx

COUNTED = ("products", "categories", "brands")
"""The tables of which it is shown how many rows they hold."""


class ClockFacts(msgspec.Struct, frozen=True):
    """`mode` is live, shifted (by `offset` seconds) or frozen; `now` is ISO 8601."""

    mode: str
    now: str
    offset: int


class BackupFacts(msgspec.Struct, frozen=True):
    """The scheduled backups of a store: how often, how many are kept, and how the last ones ended."""

    every: str
    keep: int
    taken: str | None
    file: str | None
    bytes: int | None
    failed: str | None
    error: str | None


class StoreFacts(msgspec.Struct, frozen=True):
    """A store: `limits` are those in force, `used` counts what it holds, `damage` says what is wrong with its
    database, null where nothing is."""

    hash: str
    plan: str
    limits: dict[str, int]
    requests_per_window: int
    requests_per_hour: int
    maintenance: bool
    suspended: bool
    server: str
    damage: str | None
    used: dict[str, int]
    clock: ClockFacts
    backup: BackupFacts | None
    created: str


class AccountFacts(msgspec.Struct, frozen=True):
    """An account without its secrets; `kind` is oauth or basic, `requests_per_hour` null where it has no such quota."""

    client_id: str
    username: str | None
    store: str
    name: str
    kind: str
    scopes: list[str]
    requests_per_hour: int | None
    requests_per_window: int
    disabled: bool
    created: str


async def store_facts(backend: Backend, record: StoreRecord, reader: Tx | None = None) -> StoreFacts:
    """What is shown of a store; `reader` are its open rows, where they are open already."""
    plan = PLANS[record.plan]
    damage, used = await _held(backend, record, reader)
    return StoreFacts(
        hash=record.hash,
        plan=record.plan,
        limits={**plan.limits, **record.limits},
        requests_per_window=plan.requests_per_window,
        requests_per_hour=plan.requests_per_hour,
        maintenance=record.maintenance,
        suspended=with_defaults(record.settings)["suspended"],
        server=server_shown(record.server),
        damage=damage,
        used=used,
        clock=clock_facts(record.clock),
        backup=await backup_facts(backend, record),
        created=iso(record.created),
    )


async def _held(backend: Backend, record: StoreRecord, reader: Tx | None) -> tuple[str | None, dict[str, int]]:
    """What is damaged of a store, and how many rows it holds of what matters most."""
    try:
        if reader is not None:
            return None, await _counts(reader)
        if not await backend.revision(record):
            return None, dict.fromkeys(COUNTED, 0)
        async with backend.reading(record) as opened:
            return None, await _counts(opened)
    except Damaged as error:
        return error.what, dict.fromkeys(COUNTED, 0)


async def _counts(reader: Tx) -> dict[str, int]:
    totals = await query.pairs(reader, "SELECT name, total FROM table_statistics")
    return {name: int(totals.get(name, 0)) for name in COUNTED}


async def backup_facts(backend: Backend, record: StoreRecord) -> BackupFacts | None:
    """What is shown of a store's scheduled backups; None if it never had one and is to have none."""
    settings = with_defaults(record.settings)
    state = await state_of(backend.registry.tx, record.hash)
    if not every_seconds(settings) and not state.begun:
        return None
    return BackupFacts(
        every=settings["backup.every"],
        keep=settings["backup.keep"],
        taken=iso(state.taken) if state.taken else None,
        file=state.file or None,
        bytes=state.bytes if state.taken else None,
        failed=iso(state.failed) if state.failing else None,
        error=state.error or None,
    )


def server_shown(url: str) -> str:
    """Where a store is kept, without what must not be shown; empty: on the registry's own server."""
    if is_sealed(url):
        return "(cannot be read without the key)"
    return re.sub(r"//[^@/]*@", "//", url).partition("?")[0]


def clock_facts(clock: Clock) -> ClockFacts:
    """What is shown of a clock."""
    mode = "frozen" if clock.frozen is not None else "shifted" if clock.offset else "live"
    return ClockFacts(mode, iso(int(clock.now())), int(clock.offset))


def account_facts(account: Account) -> AccountFacts:
    """What is shown of an account."""
    return AccountFacts(
        client_id=account.client_id,
        username=account.username or None,
        store=account.store,
        name=account.name,
        kind=account.kind,
        scopes=sorted(account.scopes),
        requests_per_hour=account.per_hour if account.per_hour >= 0 else None,
        requests_per_window=account.per_window,
        disabled=account.disabled,
        created=iso(account.created),
    )
