"""Snapshots: taken, restored and deleted."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bodega.lab import copies
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem

SnapshotName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Snapshot(msgspec.Struct, frozen=True):
    """A saved state of a store."""

    name: str


class SnapshotAsked(Asked):
    """A name: 1 to 64 letters, digits, dots, hyphens and underscores."""

    name: SnapshotName


async def list_snapshots(lab: Lab, store_hash: str) -> list[Snapshot]:
    """The snapshots of a store."""
    return [Snapshot(name) for name in await lab.backend.snapshots(await lab.record(store_hash))]


async def take_snapshot(lab: Lab, store_hash: str, body: SnapshotAsked) -> Snapshot:
    """Save a store's state under a name, to go back to. It replaces an older snapshot of that name."""
    await lab.rows(store_hash)  # of the newest schema
    await lab.backend.snapshot(await lab.record(store_hash), body.name)
    return Snapshot(body.name)


async def restore_snapshot(lab: Lab, store_hash: str, name: str) -> Snapshot:
    """Go back to a snapshot. Accounts, plan, settings and clock stay as they are."""
    await _known(lab, store_hash, name)
    await copies.restore(lab.backend, await lab.record(store_hash), name)
    lab.stores.reread()
    return Snapshot(name)


async def delete_snapshot(lab: Lab, store_hash: str, name: str) -> None:
    """Delete a snapshot."""
    await _known(lab, store_hash, name)
    await lab.backend.forget(await lab.record(store_hash), name)


async def _known(lab: Lab, store_hash: str, name: str) -> None:
    if name not in await lab.backend.snapshots(await lab.record(store_hash)):
        raise Problem(404, f"Store {store_hash} has no snapshot {name[:100]}.")


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/snapshots", list_snapshots),
    Operation("POST", "/stores/{store_hash}/snapshots", take_snapshot, status=201, refuses=(409,)),
    Operation("POST", "/stores/{store_hash}/snapshots/{name}/restore", restore_snapshot, refuses=(409,)),
    Operation("DELETE", "/stores/{store_hash}/snapshots/{name}", delete_snapshot),
)
