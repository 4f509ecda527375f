"""Sessions of the control panel, and the limit on attempts to sign in.

A session is known by a token that only the browser holds; the registry keeps its digest. It ends when it is not
used for `IDLE_SECONDS`, and after `LONGEST_SECONDS` in any case.
"""

from __future__ import annotations

import msgspec

from bodega.storage import query
from bodega.storage.registry import digest, new_token
from bodega.storage.tx import Tx

IDLE_SECONDS = 8 * 3_600
LONGEST_SECONDS = 7 * 86_400
TOUCHED_SECONDS = 300
"""How often the registry is updated with the use of a session: not with every page."""

WINDOW_SECONDS = 900
TRIES_BY_EMAIL = 10
TRIES_BY_ADDRESS = 50
"""Attempts to sign in within a window: for one account, and from one IP address, which many people may share."""


class Session(msgspec.Struct, frozen=True):
    """`form_token` is the secret that every form of this session carries; `agent` is what the browser says it is."""

    digest: str
    owner: int
    form_token: str
    agent: str
    began: int
    used: int


_SESSION = "SELECT digest, owner, form_token, agent, began, used FROM sessions"


async def begin(tx: Tx, owner: int, agent: str, now: int) -> str:
    """A new session under a new token: a token that somebody knew beforehand is never reused."""
    token = new_token()
    sql = "INSERT INTO sessions (digest, owner, form_token, agent, began, used) VALUES ($1, $2, $3, $4, $5, $5)"
    await tx.run(sql, digest(token), owner, new_token(), agent[:200], now)
    await tx.run("DELETE FROM sessions WHERE used < $1 OR began < $2", now - IDLE_SECONDS, now - LONGEST_SECONDS)
    return token


async def find(tx: Tx, token: str, now: int, *, touch: bool = True) -> Session | None:
    """The session of a token, while it lasts; `touch` unless a page polls by itself, which is not use."""
    session = await query.first(tx, Session, _SESSION + " WHERE digest = $1", digest(token))
    if session is None:
        return None
    if now - session.used >= IDLE_SECONDS or now - session.began >= LONGEST_SECONDS:
        return None
    if touch and now - session.used >= TOUCHED_SECONDS:
        await tx.run("UPDATE sessions SET used = $2 WHERE digest = $1", session.digest, now)
    return session


async def of_owner(tx: Tx, owner: int) -> list[Session]:
    """Where an owner is signed in, last used first."""
    return await query.named(tx, Session, _SESSION + " WHERE owner = $1 ORDER BY used DESC", owner)


async def end(tx: Tx, session: Session) -> None:
    """Signs out here."""
    await tx.run("DELETE FROM sessions WHERE digest = $1", session.digest)


async def end_all(tx: Tx, owner: int) -> None:
    """Signs out everywhere."""
    await tx.run("DELETE FROM sessions WHERE owner = $1", owner)


# Attempts to sign in


async def may_try(tx: Tx, email: str, address: str, now: int) -> int:
    """Counts an attempt; 0, or the seconds to wait when there were too many.

    Attempts from a blocked IP address do not count against the account: else anybody could lock anybody out.
    Counted before the password is checked, so that parallel attempts gain nothing over sequential ones.
    """
    await tx.run("DELETE FROM attempts WHERE until <= $1", now)
    for who, maximum in ((f"address {address}", TRIES_BY_ADDRESS), (f"email {email}", TRIES_BY_EMAIL)):
        rows = await tx.rows(_COUNT, who, now, now + WINDOW_SECONDS)
        tries, until = rows[0]
        if tries > maximum:
            return max(1, int(until) - now)
    return 0


_COUNT = """
INSERT INTO attempts (who, tries, until) VALUES ($1, 1, $3)
ON CONFLICT (who) DO UPDATE SET
    tries = CASE WHEN attempts.until <= $2 THEN 1 ELSE attempts.tries + 1 END,
    until = CASE WHEN attempts.until <= $2 THEN excluded.until ELSE attempts.until END
RETURNING tries, until
"""


async def forgive(tx: Tx, email: str, address: str) -> None:
    """The right password was given: earlier attempts no longer count against its owner, nor this one against the IP
    address. Attempts from there for other accounts still count."""
    await tx.run("DELETE FROM attempts WHERE who = $1", f"email {email}")
    await tx.run("UPDATE attempts SET tries = tries - 1 WHERE who = $1 AND tries > 0", f"address {address}")
