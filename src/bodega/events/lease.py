"""Which process delivers to a hook, if several could: one at a time, so that events keep their order.

Leases use the machine's clock: a frozen store clock must not hold a dead process's hook for ever.
"""

from __future__ import annotations

from bodega.storage.unit import Unit

SECONDS = 5
"""A dead process delays a hook by this long; a living one renews after half of it."""


async def take(unit: Unit, hook_id: int, holder: str, wall: int) -> int:
    """Takes or renews the lease of a hook at `wall`, UTC seconds; returns until when another holds it, or 0.

    The transaction has the store's write lock, so two processes never take the same one.
    """
    for other, until in await unit.tx.rows("SELECT holder, held_until FROM hook_leases WHERE hook_id = $1", hook_id):
        if other != holder and wall < until <= wall + SECONDS:
            return int(until)
    sql = (
        "INSERT INTO hook_leases (hook_id, holder, held_until) VALUES ($1, $2, $3)"
        " ON CONFLICT (hook_id) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until"
    )
    await unit.tx.run(sql, hook_id, holder, wall + SECONDS)
    return 0


async def leave(unit: Unit, hook_id: int, holder: str) -> None:
    """Gives the lease up."""
    await unit.tx.run("DELETE FROM hook_leases WHERE hook_id = $1 AND holder = $2", hook_id, holder)
