"""Links by which shoppers choose a new password: each is good for a while, and once."""

from __future__ import annotations

import secrets

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id
from bodega.kit.resource import Resource, sweep_ended
from bodega.resources.tokens.sessions import digest
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SECONDS = 3_600
"""How long a link is good."""

MOST = 5
"""Links of a customer that are good at a time: those who ask again and again are sent no more."""


class PasswordReset(Entity, kw_only=True):
    """`digest` is the SHA-256 of the token in hexadecimal, `until` when it ends (UTC seconds)."""

    digest: str
    customer_id: Id
    until: int = 0


TABLE = stored(
    "password_resets",
    PasswordReset,
    noun="link for a new password",
    columns="digest customer_id",
    computed={"until": ("BIGINT", lambda reset: reset.until)},
    indexed="customer_id until",
    uniques=[Unique(("digest",), "digest", "The link exists.")],
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)


async def begin(unit: Unit, customer_id: int) -> str:
    """The token of a new link; empty if the customer has been sent enough of them."""
    found = await unit.where(TABLE, "customer_id = $1", customer_id)
    if sum(row.entity.until > unit.now for row in found) >= MOST:
        return ""
    token = secrets.token_urlsafe(32)
    await unit.insert(TABLE, PasswordReset(digest=digest(token), customer_id=customer_id, until=unit.now + SECONDS))
    return token


async def is_good(reader: Tx, customer_id: int, token: str, now: int) -> bool:
    """Whether a token is that of a link which was sent to a customer and was not used. `now` is the store's time."""
    row = await query.one(reader, TABLE, "digest = $1", digest(token))
    return row is not None and row.entity.customer_id == customer_id and row.entity.until > now


async def forget(unit: Unit, customer_id: int) -> None:
    """No link of a customer is good any more."""
    found = await unit.where(TABLE, "customer_id = $1", customer_id)
    if found:
        await unit.delete(TABLE, [row.entity.id for row in found])


RESOURCE = Resource(aggregates=(Aggregate(TABLE),), sweeps=(sweep_ended(TABLE),))
