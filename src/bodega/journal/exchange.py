"""What may be shown of an answered request: text with masked credentials."""

from __future__ import annotations

import contextlib
import zlib

import msgspec

from bodega.journal import masking
from bodega.journal.store import Entry

LONGEST_UNPACKED = 1024 * 1024


class Exchange(msgspec.Struct):
    """A request as it may be shown: text with masked credentials. Bodies are None if they were not kept."""

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
    headers: list[tuple[str, str]]
    answer_headers: list[tuple[str, str]]
    secure: bool
    prefix: str
    body: str | None
    answer_body: str | None
    size: int
    answer_size: int

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header(self, name: str) -> str:
        """A header of the request; empty if there is none."""
        return next((value for other, value in self.headers if other == name), "")

    def answered(self, name: str) -> str:
        """A header of the response; empty if there is none."""
        return next((value for other, value in self.answer_headers if other == name), "")


def exchange_of(entry: Entry, *, bodies: bool = True) -> Exchange:
    """What may be shown of a request. Without `bodies` it costs a tenth: a list of requests does not show them."""
    sent, answered = masking.headers(entry.headers.items()), masking.headers(entry.answer_headers)
    body, answer_body = (entry.body, entry.answer_body) if bodies else (None, None)
    return Exchange(
        entry.at, entry.id, entry.method, entry.path, masking.query(entry.query), entry.version, entry.status,
        entry.reason, entry.client_id, entry.us, sent, answered, entry.secure, entry.prefix,
        _body(body, dict(sent)), _body(answer_body, dict(answered)), entry.size, entry.answer_size,
    )  # fmt: skip


def _body(raw: bytes | None, headers: dict[str, str]) -> str | None:
    if raw is None:
        return None
    if headers.get("content-encoding") == "gzip":
        with contextlib.suppress(zlib.error):  # a truncated body is shown as far as it goes
            raw = zlib.decompressobj(31).decompress(raw, LONGEST_UNPACKED)
    return masking.body(raw.decode("utf-8", "replace"), headers.get("content-type", ""))
