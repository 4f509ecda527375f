"""Owners: the people who sign in to the control panel. Their stores, their passwords, one-time links.

Times are in UTC seconds by the machine's clock: a frozen store clock must not keep a session for ever.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import msgspec

from bodega import passwords
from bodega.storage import query
from bodega.storage.registry import digest, new_token
from bodega.storage.text import composed
from bodega.storage.tx import Clash, Record, Tx

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

_EMAIL = re.compile(r"[^@\s\x00-\x1f<>\"]{1,64}@[^@\s\x00-\x1f<>\"]{1,190}")


class Owner(msgspec.Struct, frozen=True):
    """`password` is an argon2id hash, or empty for one who never chose a password; `stores` are hashes, by name."""

    id: int
    uuid: str
    email: str
    password: str
    created: int
    stores: tuple[str, ...] = ()


def read_email(text: str) -> str:
    """The address in its stored form. Raises ValueError with a sentence."""
    email = composed(text.strip().lower())
    if not _EMAIL.fullmatch(email):
        raise ValueError("An e-mail address looks like name@example.com.")
    return email


def read_password(text: str) -> str:
    """A new password. Raises ValueError with a sentence."""
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise ValueError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    return text


async def is_password(owner: Owner | None, password: str) -> bool:
    """Whether the password is the owner's. An unknown address takes as long as a known one."""
    return await passwords.is_right(owner.password if owner is not None else "", password, staff=True)


# Owners and their stores

_OWNER = "SELECT id, uuid, email, password, created FROM owners"


async def _whole(tx: Tx, row: Record | None) -> Owner | None:
    if row is None:
        return None
    owner_id, owner_uuid, email, password, created = row
    stores = await query.values(tx, "SELECT store FROM owned WHERE owner = $1 ORDER BY store", owner_id)
    return Owner(owner_id, owner_uuid, email, password, created, tuple(stores))


async def by_id(tx: Tx, owner_id: int) -> Owner | None:
    """The owner of this id."""
    return await _whole(tx, await tx.row(_OWNER + " WHERE id = $1", owner_id))


async def by_email(tx: Tx, email: str) -> Owner | None:
    """The owner of this address, in the form that `read_email` gives."""
    return await _whole(tx, await tx.row(_OWNER + " WHERE email = $1", email))


async def of_store(tx: Tx, store: str) -> list[Owner]:
    """Everybody who owns the store, oldest first."""
    sql = "SELECT owner FROM owned WHERE store = $1 ORDER BY owner"
    found = [await by_id(tx, owner_id) for owner_id in await query.values(tx, sql, store)]
    return [owner for owner in found if owner is not None]


async def known(tx: Tx, email: str, hashed: str, now: int) -> Owner:
    """The owner of this address, or a new one, who has no store yet; `hashed` is the password of a new one."""
    if await by_email(tx, email) is None:
        sql = (
            "INSERT INTO owners (id, uuid, email, password, created)"
            " SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4 FROM owners"
        )
        await _tried_again(tx, sql, str(uuid.uuid4()), email, hashed, now)
    owner = await by_email(tx, email)
    assert owner is not None
    return owner


async def add(tx: Tx, email: str, store: str, hashed: str, now: int, role: str = "owner") -> Owner:
    """Makes somebody an owner of a store. An existing owner keeps their stores, and gets a new password if
    one is given. Who has the store already keeps their `role` in it, unless they become an
    owner (team.py)."""
    owner = await known(tx, email, "", now)
    if hashed:
        await set_password(tx, owner.id, hashed)
    sql = (
        "INSERT INTO owned (owner, store, role) VALUES ($1, $2, $3)"
        " ON CONFLICT (owner, store) DO UPDATE SET role = excluded.role WHERE excluded.role = 'owner'"
    )
    await tx.run(sql, owner.id, store, role)
    made = await by_id(tx, owner.id)
    assert made is not None
    return made


async def _tried_again(tx: Tx, sql: str, *values: Any) -> None:
    """Two that are created at the same moment may get the same number, or be the same person."""
    for _ in range(5):
        try:
            await tx.run(sql, *values)
        except Clash:
            if await by_email(tx, values[1]) is not None:
                return
        else:
            return


async def set_password(tx: Tx, owner_id: int, hashed: str) -> None:
    """Sets a new password; whoever knew the old one is signed out everywhere."""
    await tx.run("UPDATE owners SET password = $2 WHERE id = $1", owner_id, hashed)
    await tx.run("DELETE FROM sessions WHERE owner = $1", owner_id)


async def remove(tx: Tx, owner_id: int, store: str) -> None:
    """Removes the store from an owner. Apps that they installed in it are the oldest owner's from now on, and so are
    those that they registered if they have no other store; an owner without store and app is deleted."""
    await tx.run("DELETE FROM owned WHERE owner = $1 AND store = $2", owner_id, store)
    heir = await query.value(tx, "SELECT min(owner) FROM owned WHERE store = $1 AND role = 'owner'", store)
    if heir is not None:
        await tx.run("UPDATE installations SET owner = $3 WHERE owner = $1 AND store = $2", owner_id, store, heir)
        sql = "UPDATE apps SET owner = $2 WHERE owner = $1 AND owner NOT IN (SELECT owner FROM owned)"
        await tx.run(sql, owner_id, heir)
    sql = (
        "DELETE FROM owners WHERE id = $1 AND id NOT IN (SELECT owner FROM owned)"
        " AND id NOT IN (SELECT owner FROM apps) AND id NOT IN (SELECT owner FROM installations)"
    )
    await tx.run(sql, owner_id)


# One-time links


class Invitation(msgspec.Struct, frozen=True):
    """Whoever holds it may become one of the staff of the store until `expires`. `vouched`: it was made by whoever runs
    the server, and so proves the address that it names; one made in the panel proves nothing but that it was given.
    `inviter` is the id of whoever made it there, `key` what it is told apart by."""

    store: str
    email: str
    expires: int
    role: str = "owner"
    vouched: bool = False
    inviter: int = 0
    key: str = ""


_INVITATION = "SELECT store, email, expires, role, vouched, inviter, digest AS key FROM invitations"
_STANDS = (
    " AND expires > $2 AND (inviter = 0 OR EXISTS (SELECT 1 FROM owned WHERE owned.owner = invitations.inviter"
    " AND owned.store = invitations.store"
    " AND (owned.role = 'owner' OR (owned.role = 'admin' AND invitations.role <> 'owner'))))"
)
"""Whether a link is good still: it has not expired, and whoever made it may still give its role."""


async def invite(
    tx: Tx,
    store: str,
    email: str,
    now: int,
    seconds: int,
    role: str = "owner",
    *,
    vouched: bool = False,
    inviter: int = 0,
) -> str:
    """The secret of a new link, valid for so many seconds; expired links are deleted."""
    token = new_token()
    await tx.run("DELETE FROM invitations WHERE expires <= $1", now)
    sql = (
        "INSERT INTO invitations (digest, store, email, expires, role, vouched, inviter)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
    )
    await tx.run(sql, digest(token), store, email, now + seconds, role, int(vouched), inviter)
    return token


async def invitation(tx: Tx, token: str, now: int) -> Invitation | None:
    """What a link leads to, while it is valid."""
    return await query.first(tx, Invitation, _INVITATION + " WHERE digest = $1" + _STANDS, digest(token), now)


async def invitations(tx: Tx, store: str, now: int) -> list[Invitation]:
    """The links into a store that are good still, those that end first at the top."""
    sql = _INVITATION + " WHERE store = $1" + _STANDS + " ORDER BY expires, digest"
    return await query.named(tx, Invitation, sql, store, now)


async def revoke(tx: Tx, store: str, key: str) -> bool:
    """Takes a link back; whether there was one."""
    sql = "DELETE FROM invitations WHERE store = $1 AND digest = $2 RETURNING digest"
    return bool(await tx.rows(sql, store, key))


async def accept(tx: Tx, token: str, now: int) -> Invitation | None:
    """Uses the link up: of several holders, only one succeeds."""
    if await invitation(tx, token, now) is None:
        return None
    sql = "DELETE FROM invitations WHERE digest = $1 AND expires > $2 RETURNING store, email, expires, role, vouched"
    used = await query.named(tx, Invitation, sql, digest(token), now)
    return used[0] if used else None
