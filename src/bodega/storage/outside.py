"""What a transaction has to know from another server, which it must not wait for.

Who computes inside a transaction looks an `Ask` up in the `Answers` of its request. An answer that is not known yet
ends the work with `Wanted`: the transaction is rolled back, the server is asked while nothing is open, and the work is
done again from the beginning, with the answer. Work that is done where nobody can ask has `NOBODY`: no answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Ask(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One request to a provider. `content` is its body, JSON; `username` goes into the Authorization header with the
    password that is sealed under `key_id`. With `options_at` what is sealed there are the values of the store's
    connection, and a member of this name in the body. `client_id`: the account without which it is not sent, and by
    whose client secret it is signed where it is `signed`;
    `identity`: what makes it the same request, if not the whole body. `judge` says
    what is wrong with an answer, as the end of a sentence; `keeps`, for how many seconds it may be remembered (None: as
    the store's settings say); without that it is not.
    """

    kind: str
    provider: str
    operation: str
    url: str
    content: bytes
    username: str = ""
    key_id: str = ""
    options_at: str = ""
    client_id: str = ""
    signed: bool = False
    identity: bytes | None = None
    judge: Callable[[bytes], str] | None = None
    keeps: Callable[[bytes], int | None] | None = None

    @cached_property
    def key(self) -> bytes:
        """The same for the same request."""
        parts = (self.url.encode(), self.username.encode(), self.key_id.encode(), self.identity or self.content)
        return hashlib.sha256(b"\0".join(parts)).digest()


class Answer(msgspec.Struct, frozen=True):
    """What came back: the body of a 200, or None and `why` there is none, as the end of a sentence about the provider.
    `status` is None where nothing was answered."""

    body: bytes | None
    why: str = ""
    status: int | None = None


class Wanted(Exception):
    """The work needs an answer that is not known yet."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(f"{ask.kind} provider {ask.provider}: {ask.operation}")
        self.ask = ask


class Answers:
    """What is known while one request is carried out."""

    def __init__(self, *, may_ask: bool = True) -> None:
        self._may_ask = may_ask
        self._known: dict[bytes, Answer] = {}
        self._made: list[Any] = []
        self._place = 0

    def closed(self) -> Answers:
        """The same answers, where nothing more is asked."""
        made = Answers(may_ask=False)
        made._known, made._made = self._known, self._made
        return made

    def begin(self) -> None:
        """The work begins, or begins again."""
        self._place = 0

    def once(self, make: Callable[[], T]) -> T:
        """What `make` made when the work came to this place first: chance must not make another request of it."""
        if not self._may_ask and not self._made:
            return make()
        if self._place == len(self._made):
            self._made.append(make())
        self._place += 1
        made: T = self._made[self._place - 1]
        return made

    def learn(self, ask: Ask, answer: Answer) -> None:
        """Takes an answer over."""
        self._known[ask.key] = answer

    def to(self, ask: Ask) -> Answer:
        """The answer. Raises Wanted."""
        found = self._known.get(ask.key)
        if found is not None:
            return found
        if not self._may_ask:
            return Answer(None, "is not asked here")
        raise Wanted(ask)


NOBODY = Answers(may_ask=False)
