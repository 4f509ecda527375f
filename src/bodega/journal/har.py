"""HTTP Archives 1.2: the journal as one, and what one holds (softwareishard.com/blog/har-12-spec)."""

from __future__ import annotations

import base64
import binascii
import os
import re
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from bodega import __version__
from bodega.aside import Turn
from bodega.journal.exchange import LONGEST_BODY, Exchange

Pairs = list[tuple[str, str]]

_HOST = re.compile(r"[A-Za-z0-9.\-_:\[\]]{1,260}")


class NoArchive(ValueError):
    """A file that is no HTTP Archive; the message is a sentence."""


class Recorded(msgspec.Struct):
    """A request and its response as an archive holds them. Times in UTC seconds and milliseconds; a body is None if it
    was not kept; the real sizes in bytes are there where only a beginning was."""

    method: str
    url: str
    headers: Pairs
    body: bytes | None
    status: int
    answer_headers: Pairs
    answer_body: bytes | None
    began: float = 0.0
    ms: float = 0.0
    size: int | None = None
    answer_size: int | None = None
    reason: str = ""
    request_id: str = ""

    @property
    def cut(self) -> bool:
        """Whether only the beginning of the response's body was kept."""
        return self.answer_body is not None and (self.answer_size or 0) > len(self.answer_body)

    @property
    def target(self) -> str:
        """The path with its query."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def header(self, name: str) -> str:
        """A header of the request; empty if there is none."""
        return next((value for other, value in self.headers if other.lower() == name), "")

    def answered(self, name: str) -> str:
        """A header of the response; empty if there is none."""
        return next((value for other, value in self.answer_headers if other.lower() == name), "")


def url(entry: Exchange, *, scheme: str = "", query: str | None = None) -> str:
    """The requested URL."""
    host = entry.header("host")
    host = host if _HOST.fullmatch(host) else "localhost"
    request = entry.query if query is None else query
    return f"{scheme or ('https' if entry.secure else 'http')}://{host}{entry.path}{'?' + request if request else ''}"


def recorded_of(entry: Exchange, url: str) -> Recorded:
    """A request of the journal, which was sent to this URL."""
    ms = entry.us / 1000
    body, answer = entry.body, entry.answer_body
    return Recorded(
        entry.method, url, list(entry.headers), None if body is None else body.encode(), entry.status,
        list(entry.answer_headers), None if answer is None else answer.encode(), entry.at - ms / 1000, ms,
        _whole(entry.size), _whole(entry.answer_size), entry.reason, entry.id,
    )  # fmt: skip


def _whole(size: int) -> int | None:
    """The real size, where a body of it was cut; else masking and unpacking may have changed it."""
    return size if size > LONGEST_BODY else None


def archive(entries: Iterable[Recorded]) -> dict[str, Any]:
    """An archive of requests, in their order."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Bodega", "version": __version__},
            "entries": [_entry(entry) for entry in entries],
        }
    }


async def written(entries: Iterable[Exchange]) -> AsyncIterator[bytes]:
    """An archive of requests of the journal, in their order, as parts of a file; others go first in between."""
    head, tail = msgspec.json.encode(archive(())).rsplit(b"]", 1)
    yield head
    before = b""
    async for part in _encoded(entries):
        yield before + part
        before = b","
    yield b"]" + tail


async def whole(entries: Iterable[Exchange]) -> dict[str, Any]:
    """The same at once, to be encoded; others go first in between as well."""
    found = archive(())
    found["log"]["entries"] = [msgspec.Raw(part) async for part in _encoded(entries)]
    return found


async def _encoded(entries: Iterable[Exchange]) -> AsyncIterator[bytes]:
    turn = Turn()
    for entry in entries:
        yield msgspec.json.encode(_entry(recorded_of(entry, url(entry))))
        await turn.breathe()


class ArchiveFile:
    """An archive that is written as its requests come, and is a whole one after each. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.entries = 0
        head, self._tail = msgspec.json.format(msgspec.json.encode(archive(())), indent=1).rsplit(b"]", 1)
        self._tail = b"\n]" + self._tail
        self._file = path.open("wb")
        self._file.write(head + self._tail)
        self._file.flush()

    def add(self, one: Recorded) -> None:
        """Adds a request."""
        self._file.seek(-len(self._tail), os.SEEK_CUR)
        start = b",\n" if self.entries else b"\n"
        self._file.write(start + msgspec.json.encode(_entry(one)) + self._tail)
        self._file.flush()
        self.entries += 1

    def __enter__(self) -> ArchiveFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _entry(entry: Recorded) -> dict[str, Any]:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(entry.began)) + f".{int(entry.began % 1 * 1000):03}Z"
    request: dict[str, Any] = {
        "method": entry.method,
        "url": entry.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(entry.headers),
        "queryString": _named(parse_qsl(urlsplit(entry.url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": _size(entry.body, entry.size),
    }
    if entry.body:
        request["postData"] = {"mimeType": entry.header("content-type"), **_text(entry.body)}
    try:
        phrase = HTTPStatus(entry.status).phrase
    except ValueError:  # 509 is not in the registry of status codes
        phrase = ""
    content = {"size": entry.answer_size or len(entry.answer_body or b""), "mimeType": entry.answered("content-type")}
    response = {
        "status": entry.status,
        "statusText": phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(entry.answer_headers),
        "content": content | _text(entry.answer_body or b""),
        "redirectURL": entry.answered("location"),
        "headersSize": -1,
        "bodySize": _size(entry.answer_body, entry.answer_size),
    }
    return {
        "startedDateTime": stamp,
        "time": entry.ms,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": entry.ms, "receive": 0},
        "_reason": entry.reason,
        "_requestId": entry.request_id,
    }


def _size(body: bytes | None, whole: int | None) -> int:
    return -1 if body is None else whole or len(body)


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def read_archive(content: bytes) -> list[Recorded]:
    """The requests of an archive, in its order. Raises NoArchive."""
    try:
        found = msgspec.json.decode(content)
        entries: Sequence[Any] = found["log"]["entries"]
        return [_recorded(entry) for entry in entries]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise NoArchive(f"This is no HTTP Archive: {str(error) or type(error).__name__}.") from error


def _recorded(entry: dict[str, Any]) -> Recorded:
    request, response = entry["request"], entry["response"]
    sent = request.get("postData")
    content = response.get("content", {})
    kept = response.get("bodySize") != -1 or bool(content.get("text"))
    return Recorded(
        request["method"], request["url"], _pairs(request["headers"]), None if sent is None else _body(sent),
        int(response["status"]), _pairs(response["headers"]), _body(content) if kept else None,
        ms=float(entry.get("time", 0)), answer_size=content.get("size") if kept else None,
        reason=entry.get("_reason", ""), request_id=entry.get("_requestId", ""),
    )  # fmt: skip


def _pairs(named: Sequence[Any]) -> Pairs:
    return [(str(pair["name"]).lower(), str(pair["value"])) for pair in named]


def _body(part: dict[str, Any]) -> bytes:
    text = str(part.get("text", ""))
    return base64.b64decode(text) if part.get("encoding") == "base64" else text.encode()
