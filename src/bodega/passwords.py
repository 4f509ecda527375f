"""Passwords, of shoppers and of owners: only their argon2id hashes are kept, made in threads of their own."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

SHORTEST = 7
"""Characters of a shopper's password, at least."""

LONGEST = 250
"""At most so many characters of a password are used."""

_COST = 2
_KIBIBYTES = 19 * 1024

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
"""A hash takes some 26 ms and 19 MiB: at most two at a time, and never on the event loop."""

_staffs_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password-staff")
"""That of whoever signs in to the control panel: strangers who register at a shop do not make them wait."""


async def hashed(password: str, *, staff: bool = False) -> str:
    """The argon2id hash of a password, of a shopper or of somebody of the `staff`."""
    return await _aside(lambda: str(_hasher().hash(password)), staff=staff)


async def is_right(known: str, password: str, *, staff: bool = False) -> bool:
    """Whether a password matches a hash; "" matches none. Both take equally long."""
    right = await _aside(lambda: _verify(known or _nobodys(), password), staff=staff)
    return bool(known) and right


async def print_of(content: bytes, salt: str) -> bytes:
    """A fingerprint of a text that may hold a password: as slow to attack as the hash of the password itself."""
    return await _aside(lambda: _print(content, salt))


async def _aside(work: Callable[[], T], *, staff: bool = False) -> T:
    return await asyncio.get_running_loop().run_in_executor(_staffs_thread if staff else _threads, work)


@cache
def _hasher() -> Any:
    from argon2 import PasswordHasher, Type

    return PasswordHasher(time_cost=_COST, memory_cost=_KIBIBYTES, parallelism=1, type=Type.ID)


def _verify(known: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return len(password) <= LONGEST and bool(_hasher().verify(known, password))
    except (Argon2Error, InvalidHashError):
        return False


def _print(content: bytes, salt: str) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    salted = hashlib.sha256(salt.encode()).digest()[:16]
    return bytes(hash_secret_raw(content, salted, _COST, _KIBIBYTES, 1, 32, Type.ID))


@cache
def _nobodys() -> str:
    return str(_hasher().hash(secrets.token_hex(16)))
