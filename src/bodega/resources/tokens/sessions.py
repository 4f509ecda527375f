"""Sessions of shoppers, and the tokens by which apps sign them in: each token signs in once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id
from bodega.kit.resource import Resource, sweep_ended
from bodega.resources.customers import customer
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SECONDS = 7 * 86_400
"""How long a session lasts."""


class ShopperSession(Entity, kw_only=True):
    """`digest` is the SHA-256 of the cookie's value in hexadecimal, `until` when the session ends (UTC seconds)."""

    digest: str
    customer_id: Id
    channel_id: Id
    until: int = 0


class UsedLogin(Entity, kw_only=True):
    """The name of a sign-in token that was used (`jti`), by the account that made it."""

    client_id: str
    jti: str
    until: int = 0


TABLE = stored(
    "shopper_sessions",
    ShopperSession,
    noun="session",
    columns="digest customer_id",
    computed={"until": ("BIGINT", lambda session: session.until)},
    indexed="customer_id until",
    uniques=[Unique(("digest",), "digest", "The session exists.")],
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)
USED = stored(
    "used_logins",
    UsedLogin,
    noun="used sign-in token",
    columns="client_id jti",
    computed={"until": ("BIGINT", lambda used: used.until)},
    indexed="until",
    uniques=[Unique(("client_id", "jti"), "jti", "The token was used before.")],
)


def digest(cookie: str) -> str:
    """What is kept of a cookie's value."""
    return hashlib.sha256(cookie.encode()).hexdigest()


async def begin(unit: Unit, customer_id: int, channel_id: int) -> str:
    """A new session: the value of its cookie."""
    cookie = secrets.token_urlsafe(32)
    session = ShopperSession(
        digest=digest(cookie), customer_id=customer_id, channel_id=channel_id, until=unit.now + SECONDS
    )
    await unit.insert(TABLE, session)
    return cookie


async def customer_of(reader: Tx, cookie: str, channel_id: int, now: int) -> int:
    """The customer who is signed in on a channel by this value; 0 if nobody is, or is no more. `now` is the store's
    time (UTC seconds)."""
    row = await query.one(reader, TABLE, "digest = $1", digest(cookie))
    if row is None or row.entity.until <= now or row.entity.channel_id != channel_id:
        return 0
    return int(row.entity.customer_id)


async def is_alive(reader: Tx, of_digest: str, now: int) -> bool:
    """Whether the session of this digest has not ended."""
    row = await query.one(reader, TABLE, "digest = $1", of_digest)
    return row is not None and row.entity.until > now


async def end(unit: Unit, cookie: str) -> None:
    """Signs out: the value is worth nothing from now on."""
    row = await query.one(unit.tx, TABLE, "digest = $1", digest(cookie))
    if row is not None:
        await unit.delete(TABLE, [row.entity.id])


async def end_all(unit: Unit, customer_id: int, staying_on: Collection[int] = ()) -> None:
    """Signs a customer out everywhere, but on the channels of `staying_on`."""
    found = await unit.where(TABLE, "customer_id = $1", customer_id)
    await unit.delete(TABLE, [row.entity.id for row in found if row.entity.channel_id not in staying_on])


async def use_once(unit: Unit, client_id: str, jti: str, until: int) -> bool:
    """Whether a token had not been used before; it has been now. `until` is when it could be used last."""
    if await unit.tx.row("SELECT 1 FROM used_logins WHERE client_id = $1 AND jti = $2", client_id, jti) is not None:
        return False
    await unit.insert(USED, UsedLogin(client_id=client_id, jti=jti, until=until))
    return True


async def sign_in_once(
    unit: Unit, client_id: str, jti: str, until: int, customer_id: int, channel_id: int
) -> tuple[str, str]:
    """The cookie of a new session and "", or "" and why there is none. `until` is when the token could be used last."""
    row = await unit.get(customer.TABLE, customer_id)
    if row is None:
        return "", "There is no such customer."
    if row.entity.channel_ids is not None and channel_id not in row.entity.channel_ids:
        return "", "The customer has no account on this storefront."
    if not await use_once(unit, client_id, jti, until):
        return "", "The link was used before; each signs in once."
    return await begin(unit, customer_id, channel_id), ""


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE), Aggregate(USED)),
    sweeps=(sweep_ended(TABLE), sweep_ended(USED)),
)
