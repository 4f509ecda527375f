"""V2 `GET /requestlogs`: the last requests of the store, newest first, as the journal has them.

The published documents name the path and nothing more, so the members are this project's own choice
(docs/differences.md). What the journal masks is masked here, and bodies are not shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from bodega.dates import rfc2822
from bodega.journal.exchange import Exchange
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.entity import Entity, stored
from bodega.kit.listing import Listing
from bodega.kit.route import Route, route
from bodega.law.outcome import NO_DATE, Emptied, Outcome, Shown, Validator


class ReadJournal(Protocol):
    """Reads a part of a store's journal, by its hash: newest first, `offset` exchanges left out."""

    def __call__(self, store: str, /, *, limit: int, offset: int) -> Awaitable[list[Exchange]]:
        """The exchanges; all workers' of a store that several serve."""


TABLE = stored("requestlogs", Entity, noun="request", columns="")


class ListRequests(Action):
    """GET of the requests: a page of them."""

    scope = "store_v2_information"

    def __init__(self, read: ReadJournal) -> None:
        self.listing = Listing(TABLE, 2, "")
        self._read = read

    async def find(self, context: Context) -> Found:
        plan = context.query.plan
        newest = await self._read(context.record.hash, limit=plan.limit, offset=plan.offset)
        return Found(state_of(newest), row=newest)

    async def answer(self, context: Context, found: Found) -> Outcome:
        if not found.row:
            return Emptied()
        return Shown(value=[shown(exchange) for exchange in found.row], root="requestlogs", item="requestlog")


def state_of(exchanges: Sequence[Exchange]) -> Validator:
    """The state of a list of these: what was answered does not change."""
    digest = hashlib.sha256(",".join(one.id for one in exchanges).encode()).digest()
    return Validator(int.from_bytes(digest[:7], "big"), NO_DATE)


def shown(exchange: Exchange) -> dict[str, Any]:
    """A request: `duration` is in milliseconds, `id` the X-Request-Id of its reply, `reason` empty if it succeeded."""
    return {
        "id": exchange.id,
        "method": exchange.method,
        "url": exchange.target,
        "status": exchange.status,
        "reason": exchange.reason,
        "client_id": exchange.client_id,
        "user_agent": exchange.header("user-agent"),
        "duration": round(exchange.us / 1000, 3),
        "date_created": rfc2822(int(exchange.at)),
    }


async def nothing(_store: str, /, *, limit: int, offset: int) -> list[Exchange]:
    """The journal of a process that has none."""
    return []


def request_logs(read: ReadJournal = nothing) -> Route:
    """The route; `read` is how this process reads its journal."""
    return route("requestlogs", 2, GET=ListRequests(read))
