"""What is kept of an answered request, and of an attempt to deliver an event: text with masked credentials."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Mapping, Sequence

import msgspec

from bodega import masking
from bodega.events.attempts import AttemptMade
from bodega.events.message import OWN_HEADERS
from bodega.http.remedies import is_of_fault
from bodega.http.response import read_fields
from bodega.law.refusal import Header
from bodega.storable import storable

LONGEST_BODY = 16 * 1024
LONGEST_UNPACKED = 64 * 1024
"""The bytes that are kept of a body, and of one that was compressed. They are masked on the event loop."""

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
_CODES = frozenset({"code", "code_verifier"})
"""What is secret there besides: elsewhere a code is one of a country, or of a coupon."""

TICKS = 11
"""The lowest bits of a number, which tell processes apart; the rest are microseconds since 1970."""


def number_at(at: float) -> int:
    """The least number of what ended at a time, in UTC seconds."""
    return int(at * 1_000_000) << TICKS


class Entry(msgspec.Struct, gc=False):
    """One answered request as it was. `at` is in UTC seconds, `us` the duration in microseconds; the real size of a
    truncated body is kept. `answer_headers` and `answer_head` together are the reply's fields, as `Response` has them.
    """

    number: int
    at: float
    id: str
    method: str
    path: str
    query: str
    version: int
    status: int
    reason: str
    client_id: str
    us: int
    headers: Mapping[bytes, bytes]
    answer_headers: Sequence[Header]
    secure: bool = False
    prefix: str = ""
    body: bytes | None = None
    answer_body: bytes | None = None
    size: int = 0
    answer_size: int = 0
    answer_head: bytes = b""


class Exchange(msgspec.Struct):
    """A request as it is kept: text with masked credentials. Bodies are None if they were not kept.

    `number` orders all exchanges by time, and is the cursor of a page.
    """

    number: int
    id: str
    method: str
    path: str
    query: str
    version: int
    status: int
    reason: str
    client_id: str
    us: int
    secure: bool
    prefix: str
    size: int
    answer_size: int
    headers: list[tuple[str, str]]
    answer_headers: list[tuple[str, str]]
    body: str | None
    answer_body: str | None
    store: str = ""

    @property
    def at(self) -> float:
        """When it was answered, in UTC seconds."""
        return (self.number >> TICKS) / 1_000_000

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def fault(self) -> str:
        """The ids of the fault rules that struck it, joined by +; empty if none did."""
        return self.answered("bodega-reason").partition(";fault=")[2]

    @property
    def made_by_fault(self) -> bool:
        """Whether a fault made the answer up, and did not only strike an honest one."""
        asked = self.answered("bodega-fault").partition(";")[0]
        return is_of_fault(self.answered("bodega-remedy")) or (asked != "" and asked in (self.reason, str(self.status)))

    def header(self, name: str) -> str:
        """A header of the request; empty if there is none."""
        return next((value for other, value in self.headers if other == name), "")

    def answered(self, name: str) -> str:
        """A header of the response; empty if there is none."""
        return next((value for other, value in self.answer_headers if other == name), "")


class Attempt(msgspec.Struct):
    """An attempt to deliver an event: what was sent, and what came back or why nothing did (`error`).

    `number` as of an `Exchange`; `us` is the duration in microseconds, `attempt` counts from 1 by delivery.
    """

    number: int
    hook_id: int
    delivery_id: int
    message_id: str
    attempt: int
    destination: str
    status: int | None
    error: str
    us: int
    answer_size: int
    headers: list[tuple[str, str]]
    answer_headers: list[tuple[str, str]]
    body: str | None
    answer_body: str | None

    @property
    def at(self) -> float:
        """When it ended, in UTC seconds."""
        return (self.number >> TICKS) / 1_000_000


def exchange_of(entry: Entry) -> Exchange:
    """What is kept of a request."""
    sent, answered = (
        masking.headers(entry.headers.items()),
        masking.headers([*read_fields(entry.answer_head), *entry.answer_headers]),
    )
    more = _CODES if entry.path == TOKEN_PATH else masking.NO_MORE
    return Exchange(
        entry.number, entry.id, entry.method, storable(entry.path), storable(masking.query(entry.query, more)),
        entry.version, entry.status, entry.reason, entry.client_id, entry.us, entry.secure, entry.prefix, entry.size,
        entry.answer_size, sent, answered, _body(entry.body, sent, more), _body(entry.answer_body, answered, more),
    )  # fmt: skip


def attempt_of(number: int, made: AttemptMade) -> Attempt:
    """What is kept of an attempt. Headers of the hook's owner are secrets: by them the receiver knows the sender."""
    sent = [
        (name, value if name in OWN_HEADERS or not value else masking.MASK)
        for name, value in masking.headers(
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in made.headers.items()
        )
    ]
    response = made.response
    answered = masking.headers(response.headers)
    path, mark, query = made.destination.partition("?")
    return Attempt(
        number, made.hook_id, made.delivery_id, made.message_id, made.attempt,
        path + mark + masking.query(query), response.status, "" if response.status is not None else response.message,
        response.us, response.size, sent, answered, _body(made.content[:LONGEST_BODY], sent, masking.NO_MORE),
        _body(response.body, answered, masking.NO_MORE),
    )  # fmt: skip


def _body(raw: bytes | None, headers: list[tuple[str, str]], more: frozenset[str]) -> str | None:
    if not raw:
        return None if raw is None else ""
    named = dict(headers)
    if named.get("content-encoding") == "gzip":
        with contextlib.suppress(zlib.error):  # a truncated body is kept as far as it goes
            raw = zlib.decompressobj(31).decompress(raw, LONGEST_UNPACKED)
    return storable(masking.body(raw.decode("utf-8", "replace"), named.get("content-type", ""), more))
