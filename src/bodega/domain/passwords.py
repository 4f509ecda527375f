"""Passwords of shoppers: only their argon2id hashes are kept, and guessing them is slow and counted."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

LONGEST = 250
MOST_GUESSES = 10
WINDOW_SECONDS = 60
"""So many wrong passwords a minute can be tried for one shopper, by the store's clock."""

GUESSES = """CREATE TABLE password_guesses (
    subject TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until BIGINT NOT NULL
);"""

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
"""A hash takes some 26 ms and 19 MiB: two at a time, and never on the event loop."""


@cache
def _hasher() -> Any:
    from argon2 import PasswordHasher, Type

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


async def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    made: str = await asyncio.get_running_loop().run_in_executor(_threads, lambda: _hasher().hash(password))
    return made


async def print_of(content: bytes, salt: str) -> bytes:
    """A print of a text that may hold a password: as slow to guess from as the hash of the password itself."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _print, content, salt)


def _print(content: bytes, salt: str) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    salted = hashlib.sha256(salt.encode()).digest()[:16]
    return bytes(hash_secret_raw(content, salted, 2, 19 * 1024, 1, 32, Type.ID))


async def is_right(known: str, password: str) -> bool:
    """Whether a password is the one behind a hash; "" is the hash of none. Either takes as long to say."""
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_threads, lambda: _verify(known or _nobodys(), password))
    return bool(known) and right


def _verify(known: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return len(password) <= LONGEST and bool(_hasher().verify(known, password))
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return str(_hasher().hash(secrets.token_hex(16)))


async def may_guess(tx: Tx, subject: str, now: int) -> None:
    """Refuses while too many wrong passwords of this subject are remembered; `now` in UTC seconds."""
    found = await tx.row("SELECT wrong, until FROM password_guesses WHERE subject = $1", subject)
    if found is not None and found[1] > now and found[0] >= MOST_GUESSES:
        wait = str(found[1] - now).encode()
        raise Refusal(
            Reason.PASSWORD_GUESSED,
            details={"wrong": found[0], "seconds": found[1] - now},
            headers=[(b"retry-after", wait), (b"x-retry-after", wait)],
        )


async def answered(unit: Unit, subject: str, *, right: bool) -> None:
    """Counts an answer before it is given. It is asked again whether there may be one: guesses can come all at once."""
    await may_guess(unit.tx, subject, unit.now)
    if right:
        return
    await unit.tx.run("DELETE FROM password_guesses WHERE until <= $1", unit.now)
    await unit.tx.run(
        "INSERT INTO password_guesses (subject, wrong, until) VALUES ($1, 1, $2)"
        " ON CONFLICT (subject) DO UPDATE SET wrong = password_guesses.wrong + 1",
        subject,
        unit.now + WINDOW_SECONDS,
    )
