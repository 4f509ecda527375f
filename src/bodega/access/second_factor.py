"""The second factor of whoever signs in: one-time codes of an app (RFC 6238, SHA-1, six digits, 30 seconds), and
recovery codes for the day on which the app is lost.

A code is used once: the number of its period is kept. The secret is sealed like all secrets of the registry.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from typing import NamedTuple
from urllib.parse import quote

from bodega.access.owners import Owner
from bodega.storage import query
from bodega.storage.registry import Registry, digest, new_token
from bodega.storage.tx import Tx

PERIOD_SECONDS = 30
DIGITS = 6
DRIFT = 1
"""A code counts for so many periods before and after its own: clocks differ."""

RECOVERY_CODES = 10
STEP_SECONDS = 300
_ABOUT = "second factor"


class SecondFactor(NamedTuple):
    """`used` is the number of the last period whose code was used; `confirmed` when it was set up, or 0."""

    sealed: str
    used: int
    confirmed: int


def code_at(secret: bytes, period: int) -> str:
    """The code of a period (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", period), "sha1")
    place = mac[-1] & 15
    number = int.from_bytes(mac[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def period_of(secret: bytes, code: str, now: int, after: int) -> int | None:
    """The period of a right code, later than the period `after`; None for a wrong one."""
    present = now // PERIOD_SECONDS
    found = None
    for period in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, period).encode(), code.encode()) and period > after:
            found = period
    return found


def address_of(email: str, secret: str, issuer: str = "Bodega") -> str:
    """What an app reads: otpauth://totp/..., as the key URI format has it."""
    return f"otpauth://totp/{quote(f'{issuer}:{email}')}?secret={secret}&issuer={quote(issuer)}"


async def _of(tx: Tx, owner: Owner) -> SecondFactor | None:
    sql = "SELECT sealed, used, confirmed FROM second_factors WHERE owner = $1"
    return await query.first(tx, SecondFactor, sql, owner.uuid)


async def is_on(tx: Tx, owner: Owner) -> bool:
    """Whether a code is asked for."""
    found = await _of(tx, owner)
    return found is not None and found.confirmed > 0


async def begin(registry: Registry, owner: Owner) -> str:
    """A new secret in base32, which counts once a code of it was given. One that counts already stays: then empty."""
    if await is_on(registry.tx, owner):
        return ""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    sealed = registry.sealer.seal(secret, f"{_ABOUT} {owner.uuid}")
    sql = (
        "INSERT INTO second_factors (owner, sealed, used, confirmed) VALUES ($1, $2, 0, 0)"
        " ON CONFLICT (owner) DO UPDATE SET sealed = excluded.sealed, used = 0 WHERE second_factors.confirmed = 0"
    )
    await registry.tx.run(sql, owner.uuid, sealed)
    return secret


async def confirm(registry: Registry, owner: Owner, code: str, now: int) -> list[str]:
    """Switches it on, and gives the recovery codes, which are shown once; none if the code is wrong."""
    if await is_on(registry.tx, owner) or not await _is_code(registry, owner, code, now):
        return []
    await registry.tx.run("UPDATE second_factors SET confirmed = $2 WHERE owner = $1", owner.uuid, now)
    await registry.tx.run("DELETE FROM recovery_codes WHERE owner = $1", owner.uuid)
    codes = [secrets.token_hex(5) for _ in range(RECOVERY_CODES)]
    for one in codes:
        sql = "INSERT INTO recovery_codes (owner, digest) VALUES ($1, $2)"
        await registry.tx.run(sql, owner.uuid, digest(one))
    return codes


async def _is_code(registry: Registry, owner: Owner, code: str, now: int) -> bool:
    """Whether it is a code of the app that was not used yet; it is used now."""
    found = await _of(registry.tx, owner)
    secret = registry.sealer.open(found.sealed, f"{_ABOUT} {owner.uuid}") if found is not None else None
    if found is None or secret is None:
        return False
    period = period_of(base64.b32decode(secret), code, now, found.used)
    if period is None:
        return False
    sql = "UPDATE second_factors SET used = $2 WHERE owner = $1 AND used < $2 RETURNING used"
    return bool(await registry.tx.rows(sql, owner.uuid, period))


async def passes(registry: Registry, owner: Owner, typed: str, now: int) -> bool:
    """Whether somebody gave a code of the app, or a recovery code; either is used up."""
    code = typed.replace(" ", "").replace("-", "").lower()
    if len(code) == DIGITS:
        return await _is_code(registry, owner, code, now)
    sql = "DELETE FROM recovery_codes WHERE owner = $1 AND digest = $2 RETURNING digest"
    return bool(await registry.tx.rows(sql, owner.uuid, digest(code)))


async def left(tx: Tx, owner: Owner) -> int:
    """How many recovery codes are left."""
    return int(await query.value(tx, "SELECT count(*) FROM recovery_codes WHERE owner = $1", owner.uuid) or 0)


async def switch_off(tx: Tx, owner: Owner) -> None:
    """No code is asked for any more."""
    await tx.run("DELETE FROM second_factors WHERE owner = $1", owner.uuid)
    await tx.run("DELETE FROM recovery_codes WHERE owner = $1", owner.uuid)


# Between the password and the code


async def await_code(tx: Tx, owner: Owner, now: int) -> str:
    """A secret that says that the right password was given, for a few minutes."""
    token = new_token()
    await tx.run("DELETE FROM second_steps WHERE expires <= $1", now)
    sql = "INSERT INTO second_steps (digest, owner, expires) VALUES ($1, $2, $3)"
    await tx.run(sql, digest(token), owner.id, now + STEP_SECONDS)
    return token


async def who_waits(tx: Tx, token: str, now: int) -> int | None:
    """The id of the owner who gave the right password."""
    sql = "SELECT owner FROM second_steps WHERE digest = $1 AND expires > $2"
    found = await query.value(tx, sql, digest(token), now)
    return None if found is None else int(found)


async def step_taken(tx: Tx, token: str) -> None:
    """The code was given: the secret is worth nothing any more."""
    await tx.run("DELETE FROM second_steps WHERE digest = $1", digest(token))
