"""Requests of the journal as an HTTP archive (HAR 1.2)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from bodega import __version__
from bodega.journal.exchange import Exchange

_HOST = re.compile(r"[A-Za-z0-9.\-_:\[\]]{1,260}")


def log(entries: Sequence[Exchange]) -> dict[str, Any]:
    """The member `log` of an archive; the entries are in the order of time, their credentials are masked."""
    return {
        "version": "1.2",
        "creator": {"name": "Bodega", "version": __version__},
        "entries": [_archived(entry) for entry in entries],
    }


def url(entry: Exchange, *, scheme: str = "", query: str | None = None) -> str:
    """The requested URL."""
    host = entry.header("host")
    host = host if _HOST.fullmatch(host) else "localhost"
    request = entry.query if query is None else query
    return f"{scheme or ('https' if entry.secure else 'http')}://{host}{entry.path}{'?' + request if request else ''}"


def _archived(entry: Exchange) -> dict[str, Any]:
    ms = entry.us / 1000
    began = entry.at - ms / 1000
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)) + f".{int(began % 1 * 1000):03}Z"
    request: dict[str, Any] = {
        "method": entry.method,
        "url": url(entry),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in entry.headers],
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(entry.query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": entry.size if entry.body is not None else -1,
    }
    if entry.body:
        request["postData"] = {"mimeType": entry.header("content-type"), "text": entry.body}
    try:
        phrase = HTTPStatus(entry.status).phrase
    except ValueError:  # 509 is not in the registry of status codes
        phrase = ""
    response = {
        "status": entry.status,
        "statusText": phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in entry.answer_headers],
        "content": {
            "size": entry.answer_size,
            "mimeType": entry.answered("content-type"),
            "text": entry.answer_body or "",
        },
        "redirectURL": entry.answered("location"),
        "headersSize": -1,
        "bodySize": entry.answer_size if entry.answer_body is not None else -1,
    }
    return {
        "startedDateTime": stamp,
        "time": ms,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
        "_reason": entry.reason,
        "_requestId": entry.id,
    }
