"""Limits guessing of shoppers' passwords, and of codes that are worth money, and how many accounts are made: attempts
are counted in the store, by its clock."""

from __future__ import annotations

import hashlib

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAX_GUESSES = 10
WINDOW_SECONDS = 60
"""The most wrong passwords per minute for one shopper, by the store's clock."""

MAX_OF_ADDRESS = 100
"""The most per minute from one network address, behind which may be many shoppers."""

MAX_ACCOUNTS = 60
MAX_ACCOUNTS_OF_SERVERS = 25 * MAX_ACCOUNTS
ACCOUNTS_SECONDS = 600
"""The most attempts to make an account in ten minutes from one network address, and from that of a shop's server, which
asks for many shoppers."""

GUESSES = """CREATE TABLE password_guesses (
    subject TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until BIGINT NOT NULL
);"""


def subject_of(words: str) -> str:
    """For whom attempts are counted, as it is stored: neither an e-mail address nor a network address can be read in
    it."""
    return hashlib.sha256(words.encode()).hexdigest()


async def check_guesses(tx: Tx, subject: str, now: int, most: int = MAX_GUESSES, words: str = "") -> None:
    """Refuses while there are too many recent wrong passwords for this subject; `now` in UTC seconds, `words` what is
    told where they were none."""
    for wrong, until in await tx.rows("SELECT wrong, until FROM password_guesses WHERE subject = $1", subject):
        if until > now and wrong >= most:
            wait = str(until - now).encode()
            raise Refusal(
                Reason.PASSWORD_GUESSED,
                words,
                details={"wrong": wrong, "seconds": until - now},
                headers=[(b"retry-after", wait), (b"x-retry-after", wait)],
            )


async def answered(
    unit: Unit, subject: str, *, right: bool, most: int = MAX_GUESSES, seconds: int = WINDOW_SECONDS, words: str = ""
) -> None:
    """Counts an answer before it is given. The limit is checked again, since guesses can arrive in parallel; `words`
    are those of `check_guesses`."""
    await check_guesses(unit.tx, subject, unit.now, most, words)
    if right:
        return
    await unit.tx.run("DELETE FROM password_guesses WHERE until <= $1", unit.now)
    await unit.tx.run(
        "INSERT INTO password_guesses (subject, wrong, until) VALUES ($1, 1, $2)"
        " ON CONFLICT (subject) DO UPDATE SET wrong = password_guesses.wrong + 1",
        subject,
        unit.now + seconds,
    )
