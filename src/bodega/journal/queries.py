"""Queries of the storefront, in the journal beside the requests of the store's API."""

from __future__ import annotations

from time import time as wall

from bodega.access.stores import OpenStore
from bodega.journal.exchange import Entry
from bodega.journal.recorder import Journal
from bodega.storefront.graphql.serving import Asked, QueryRecorder


def query_recorder(journal: Journal) -> QueryRecorder:
    """Records queries in a journal: their operation and complexity are among the fields of the reply."""

    def record(store: OpenStore, asked: Asked) -> None:
        entry = Entry(
            0, wall(), asked.request_id, asked.method, asked.path, asked.query, 0, asked.reply.status,
            asked.reply.reason, "", asked.us, asked.headers, list(asked.reply.headers), asked.secure,
        )  # fmt: skip
        journal.note_exchange(entry, store, asked.content, asked.reply.body)

    return record
