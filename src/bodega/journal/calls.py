"""Calls of providers, in the journal beside the requests that led to them."""

from __future__ import annotations

import secrets
from time import time as wall
from urllib.parse import urlsplit

from bodega.access.stores import OpenStore
from bodega.journal.exchange import Entry
from bodega.journal.recorder import Journal
from bodega.providers.caller import Call, CallRecorder

FAILED = "PROVIDER_FAILED"
"""What the journal gives as the reason of a call that came to nothing."""

NO_ANSWER, TOO_LATE = 502, 504
"""The statuses of calls that got none."""


def recorder_of(journal: Journal) -> CallRecorder:
    """Records calls in a journal; `exchange_of` masks what is secret when they are written."""

    def record(store: OpenStore, call: Call) -> None:
        parts = urlsplit(call.url)
        headers = {name.encode(): value.encode("latin-1", "replace") for name, value in call.headers.items()}
        answered = list(call.answer_headers)
        if call.why:
            answered.append((b"bodega-outcome", f"the provider {call.why}".encode("ascii", "replace")))
        status = call.status or (TOO_LATE if "within" in call.why else NO_ANSWER)
        entry = Entry(
            0, wall(), secrets.token_hex(16), "POST", parts.path, parts.query, 0, status, FAILED if call.why else "",
            "", call.us, {b"host": parts.netloc.encode(), **headers}, answered, parts.scheme == "https",
        )  # fmt: skip
        journal.note_exchange(entry, store, call.content, call.body)

    return record
