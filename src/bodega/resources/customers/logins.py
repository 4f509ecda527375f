"""Where an account signs in. For one e-mail address there is at most one account at each channel, and one more that
signs in wherever global logins are taken."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Statement
from bodega.storage.unit import Unit

GLOBAL = 0
"""Stands in the place of a channel for all that take global logins."""

SCHEMA = """CREATE TABLE customer_logins (
    email_key TEXT NOT NULL, channel_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers(id) ON DELETE CASCADE,
    PRIMARY KEY (email_key, channel_id)
);
CREATE INDEX customer_logins_customer_id ON customer_logins (customer_id);"""


def places(channel_ids: Sequence[int] | None, taking: Collection[int]) -> list[int]:
    """Where the address of an account is taken by it; `taking` are the channels that take global logins."""
    if channel_ids is None:
        return [GLOBAL]
    return [*([GLOBAL] if set(channel_ids) & set(taking) else []), *channel_ids]


def kept(email_key: str, customer_id: int, at: Sequence[int]) -> Statement:
    """What writes down where an account signs in."""
    rows = ", ".join(f"($1, ${place}, $2)" for place in range(3, len(at) + 3))
    sql = f"INSERT INTO customer_logins (email_key, channel_id, customer_id) VALUES {rows}"
    return sql, (email_key, customer_id, *at)


async def open_to_all(unit: Unit, channel: int) -> None:
    """A channel takes global logins from now on: an address of its accounts is theirs everywhere, unless it is somebody
    else's already, who then signs in at the other channels."""
    await unit.tx.run(
        "INSERT INTO customer_logins (email_key, channel_id, customer_id)"
        f" SELECT email_key, {GLOBAL}, customer_id FROM customer_logins WHERE channel_id = $1 ON CONFLICT DO NOTHING",
        channel,
    )


async def close_to_others(unit: Unit, channel: int, taking: Sequence[int]) -> None:
    """A channel takes no global logins any more: the address of its accounts is free elsewhere."""
    others = f" AND channel_id IN ({numbered_placeholders(len(taking), 2)})" if taking else " AND FALSE"
    await unit.tx.run(
        f"DELETE FROM customer_logins WHERE channel_id = {GLOBAL}"
        " AND customer_id IN (SELECT customer_id FROM customer_logins WHERE channel_id = $1)"
        f" AND customer_id NOT IN (SELECT customer_id FROM customer_logins WHERE customer_id IS NOT NULL{others})",
        channel,
        *taking,
    )
