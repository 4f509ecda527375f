"""What became of the scheduled backups of each store, as the registry has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bodega.access.settings import every_seconds, with_defaults
from bodega.storage import query
from bodega.storage.registry import StoreRecord
from bodega.storage.tx import Tx

RETRY_SECONDS = 900
"""After a failure a backup is tried again so soon, unless the next one is due before."""

LEASE_SECONDS = 3_600
"""After this time the server that began a backup is taken to be gone."""


class BackupState(NamedTuple):
    """What became of the scheduled backups of a store; times in UTC seconds, 0: never. A backup that succeeds ends
    `failed`."""

    store: str
    begun: int = 0
    taken: int = 0
    file: str = ""
    bytes: int = 0
    failed: int = 0
    error: str = ""

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self.failed > 0

    def due(self, every: int) -> int:
        """When the next one is due, if there is to be one so often."""
        if self.begun > max(self.taken, self.failed):
            return self.begun + max(LEASE_SECONDS, every)
        return self.begun + (min(every, RETRY_SECONDS) if self.failing else every)


_STATE = "SELECT store, begun, taken, file, bytes, failed, error FROM scheduled_backups"


async def states(tx: Tx) -> dict[str, BackupState]:
    """The states of all stores that were ever backed up by schedule."""
    return {state.store: state for state in await query.named(tx, BackupState, _STATE)}


async def state_of(tx: Tx, store: str) -> BackupState:
    """The state of one store."""
    return await query.first(tx, BackupState, _STATE + " WHERE store = $1", store) or BackupState(store)


async def failing(tx: Tx, records: Sequence[StoreRecord]) -> int:
    """How many of these stores want backups and did not get the last one."""
    known = await states(tx)
    wanted = [record.hash for record in records if every_seconds(with_defaults(record.settings))]
    return sum(known[name].failing for name in wanted if name in known)
