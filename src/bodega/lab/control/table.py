"""All operations of the lab. A module that has more adds its own `OPERATIONS` here."""

from __future__ import annotations

from bodega.lab.control import (
    accounts,
    assertions,
    clocks,
    diffs,
    faults,
    hooks,
    journals,
    reports,
    seeding,
    snapshots,
    states,
    stores,
    terms,
    undoing,
)
from bodega.lab.control.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *stores.OPERATIONS,
    *accounts.OPERATIONS,
    *snapshots.OPERATIONS,
    *diffs.OPERATIONS,
    *terms.OPERATIONS,
    *clocks.OPERATIONS,
    *seeding.OPERATIONS,
    *journals.OPERATIONS,
    *assertions.OPERATIONS,
    *undoing.OPERATIONS,
    *hooks.OPERATIONS,
    *reports.OPERATIONS,
    *faults.OPERATIONS,
    *states.OPERATIONS,
)
