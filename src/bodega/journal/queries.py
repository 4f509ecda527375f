"""Queries of the storefront, in the journal beside the requests of the store's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time as wall
from typing import Any

from bodega import masking
from bodega.access.stores import OpenStore
from bodega.http.asgi import REQUEST_ID
from bodega.http.response import Response
from bodega.journal.exchange import Entry
from bodega.journal.recorder import Journal
from bodega.storefront.graphql.serving import Asked, QueryRecorder


def note_struck(journal: Journal) -> Callable[[OpenStore, Mapping[str, Any], bytes, Response], None]:
    """Records requests at a shop's host that a fault answered."""

    def note(store: OpenStore, scope: Mapping[str, Any], content: bytes, response: Response) -> None:
        entry = Entry(
            0, wall(), str(scope.get(REQUEST_ID) or ""), scope["method"], scope["path"],
            scope.get("query_string", b"").decode("latin-1"), 0, response.status, response.reason, "", 0,
            dict(scope["headers"]), response.headers, scope["scheme"] == "https",
        )  # fmt: skip
        journal.note_exchange(entry, store, _without_secrets(scope["path"], content), response.body)

    return note


def query_recorder(journal: Journal) -> QueryRecorder:
    """Records queries in a journal: their operation and complexity are among the fields of the reply."""

    def record(store: OpenStore, asked: Asked) -> None:
        if not store.keeps_journal:
            return
        entry = Entry(
            0, wall(), asked.request_id, asked.method, asked.path, asked.query, 0, asked.reply.status,
            asked.reply.reason, "", asked.us, asked.headers, list(asked.reply.headers), asked.secure,
        )  # fmt: skip
        content = _without_secrets(asked.path, asked.content) if store.keeps_bodies else b""
        journal.note_exchange(entry, store, content, asked.reply.body)

    return record


def _without_secrets(path: str, content: bytes) -> bytes:
    """The body of a query without the passwords that may stand in it."""
    if not path.startswith("/graphql"):
        return content
    return masking.question(content.decode("utf-8", "replace")).encode()
