"""How shoppers sign in by a password, wherever they do: by GraphQL, by REST, on a page.

Wrong passwords are counted by the e-mail address, together with those that the API is asked to validate, and by the
network address they come from.
"""

from __future__ import annotations

from typing import NamedTuple

from bodega import passwords
from bodega.domain import guesses
from bodega.law.reasons import Reason
from bodega.resources.customers import customer, settings
from bodega.resources.tokens import sessions
from bodega.storage.text import caseless
from bodega.storage.unit import Unit
from bodega.storefront.shoppers_api import ShoppersApi, refusing

WRONG = "Invalid credentials"
RESET = "Reset password"
"""What a shopper is told who must choose another password first: clients look for these very words."""


class NotSignedIn(Exception):
    """Why somebody is not signed in; `code` as that of an error."""

    def __init__(self, words: str, code: str) -> None:
        super().__init__(words)
        self.code = code


class Session(NamedTuple):
    """`token` is the value of the session's cookie, or the customer access token; it ends `until` (UTC seconds)."""

    customer_id: int
    token: str
    until: int


class Subject(NamedTuple):
    """For what wrong passwords are counted, and the most of them in a while."""

    name: str
    most: int


def subjects(email: str, address: str) -> list[Subject]:
    """An e-mail address, and a network address if it is known."""
    found = [Subject(guesses.subject_of(caseless(email)), guesses.MAX_GUESSES)]
    if address:
        found.append(Subject(guesses.subject_of(f"from {address}"), guesses.MAX_OF_ADDRESS))
    return found


async def may_guess(api: ShoppersApi, counted: list[Subject]) -> None:
    """Raises ShopperRefused after too many wrong passwords."""
    assert api.store.rows is not None
    with refusing():
        for one in counted:
            await guesses.check_guesses(api.store.rows.reader, one.name, api.store.time(), one.most)


async def guessed(unit: Unit, counted: list[Subject], *, right: bool) -> None:
    """Counts a password that was compared. Raises Refusal: guesses can arrive in parallel."""
    for one in counted:
        await guesses.answered(unit, one.name, right=right, most=one.most)


async def sign_in(api: ShoppersApi, channel_id: int, email: str, password: str, address: str) -> Session:
    """Signs a shopper in on a channel; `address` is the network address from which they ask, empty if unknown. Raises
    NotSignedIn and ShopperRefused."""
    assert api.store.rows is not None
    counted = subjects(email, address)
    await may_guess(api, counted)
    who = await settings.who_signs_in(api.store.rows.reader, caseless(email), channel_id)
    right = await passwords.is_right("" if who is None else who.password, password)
    # Who came from elsewhere without a password has none to be right; they, too, are to choose one.
    must = who is not None and who.authentication.force_password_reset and (right or not who.password)

    async def job(unit: Unit) -> tuple[str, int]:
        await guessed(unit, counted, right=right or must)
        if who is None or not right or must:
            return "", 0
        now = await unit.get(customer.TABLE, who.id)
        if now is None or now.entity.password != who.password:
            return "", 0
        return await sessions.begin(unit, who.id, channel_id), unit.now + sessions.SECONDS

    token, until = await api.write(job)
    if must:
        raise NotSignedIn(RESET, "PASSWORD_RESET_REQUIRED")
    if who is None or not token:
        raise NotSignedIn(WRONG, Reason.CREDENTIALS_WRONG.name)
    return Session(who.id, token, until)


async def is_own_password(api: ShoppersApi, who: customer.Customer, password: str, address: str) -> bool:
    """Whether this is the password of a customer who is signed in; counted as a guess. Raises ShopperRefused."""
    counted = subjects(who.email, address)
    await may_guess(api, counted)
    right = await passwords.is_right(who.password, password)
    if not right:
        await api.write(lambda unit: guessed(unit, counted, right=False))
    return right
