"""When an order takes stock, and when it returns it (rule 86)."""

from __future__ import annotations

from typing import NamedTuple

from bodega.storage.outbox import Cause

CAUSE: Cause = "order"
"""The `cause` of a unit of work while an order moves stock: such a change has an event of its own."""

PLACED = "order_placed"
COMPLETED = "order_completed_or_shipped"
INCOMPLETE = 0
GIVEN_BACK = frozenset({0, 4, 5, 6})
"""Incomplete, Refunded, Cancelled, Declined: the stock of such an order can be sold to others."""
DONE = frozenset({2, 10})
"""Shipped, Completed."""


class Timing(NamedTuple):
    """A store's settings: when stock moves, whether edits move it, whether a refund or a cancellation returns it."""

    when: str = PLACED
    edits: bool = True
    returns: bool = True


def holds(status_id: int, timing: Timing, *, held: bool, reserved: bool = False) -> bool:
    """Whether an order of this status has taken stock; it keeps the stock until it is returned. `reserved`: it was
    placed by a checkout, so that it has its stock while it waits for its payment."""
    if status_id in GIVEN_BACK and not (reserved and status_id == INCOMPLETE):
        return False
    return held or timing.when == PLACED or status_id in DONE


def wanted(quantity: int, taken: int, timing: Timing, *, held: bool, holds: bool) -> int:
    """How many pieces a line takes from stock from now on, if it had `taken` some before."""
    if holds and not held:
        return quantity
    if held and not holds:
        return 0 if timing.returns else taken
    return quantity if holds and timing.edits else taken


def sold(quantity: int, status_id: int, *, historical: bool) -> int:
    """What a line adds to its product's total_sold: nothing if the order was imported (rule 76)."""
    return 0 if historical or status_id in GIVEN_BACK else quantity
