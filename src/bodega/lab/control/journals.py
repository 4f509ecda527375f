"""The journal of a store: what was asked and answered, searched, shown, exported as HAR, cleared."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec

from bodega.dates import iso, parse_duration, parse_moment
from bodega.journal import har
from bodega.journal.exchange import Exchange
from bodega.journal.ring import Wanted
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem


class ExchangeShown(msgspec.Struct, frozen=True):
    """A request as the journal has it, with its credentials masked. `number` orders all requests by time and is the
    cursor of a page; `time` is ISO 8601; `fault` has the ids of the fault rules that struck it, joined by + (`header`
    where the request asked for it); bodies are null where they are not kept (setting `journal`)."""

    number: int
    id: str
    time: str
    method: str
    path: str
    query: str
    version: int
    status: int
    reason: str
    fault: str
    client_id: str
    us: int
    headers: dict[str, str]
    answer_headers: dict[str, str]
    body: str | None
    answer_body: str | None
    size: int
    answer_size: int


class JournalQuery(Asked):
    """Which requests: those of a `status` (404, or 4xx), `method`, account, refused for a `reason`, whose path with its
    query contains `path`, whose bodies contain all `words`; since a time or for a duration; before or after a number.
    """

    status: str = ""
    method: str = ""
    account: str = ""
    reason: str = ""
    path: str = ""
    words: str = ""
    since: str = ""
    before: int = 0
    after: int = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


class Har(msgspec.Struct, frozen=True):
    """An HTTP archive, version 1.2."""

    log: dict[str, Any]


class Cleared(msgspec.Struct, frozen=True):
    """The store's journal is empty; `after` is the number to ask for what comes from now on."""

    after: int


async def read_journal(lab: Lab, store_hash: str, query: JournalQuery) -> list[ExchangeShown]:
    """The requests of a store that are wanted, the newest first."""
    return [shown(exchange) for exchange in await _search(lab, store_hash, query)]


async def show_exchange(lab: Lab, store_hash: str, request_id: str) -> ExchangeShown:
    """One request with its bodies, by the X-Request-Id of its reply."""
    await lab.record(store_hash)
    found = await lab.journal.find(store_hash, request_id)
    if found is None:
        raise Problem(404, f"The journal has no request {request_id[:100]}.")
    return shown(found)


async def export_journal(lab: Lab, store_hash: str, query: JournalQuery) -> Har:
    """The same as an HTTP archive, the oldest first."""
    found = await _search(lab, store_hash, query)
    return Har((await har.whole(reversed(found)))["log"])


async def clear_journal(lab: Lab, store_hash: str) -> None:
    """Forget what the journal has of a store."""
    await lab.record(store_hash)
    await lab.journal.forget(store_hash)


async def _search(lab: Lab, store_hash: str, query: JournalQuery) -> list[Exchange]:
    await lab.record(store_hash)
    account = query.account
    for one in await lab.registry.accounts(store_hash):
        if account and account in (one.name, one.username):
            account = one.client_id
    wanted = Wanted(
        status=query.status.lower(), account=account, method=query.method.upper(), path=query.path,
        reason=query.reason.upper(), words=query.words, since=_since(query.since),
    )  # fmt: skip
    return await lab.journal.search(
        store_hash, wanted, before=query.before, after=query.after, limit=query.limit, bodies=True
    )


def _since(text: str) -> float:
    """A duration as 10m, as the time so long ago, or a time. Raises Problem."""
    if not text:
        return 0.0
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        pass
    try:
        return parse_moment(text)
    except ValueError:
        told = {"since": "Write a duration as 90s, 10m, 2h, or a time as 2030-01-31T12:00:00Z."}
        raise Problem(422, "The request is not valid.", told) from None


def shown(exchange: Exchange) -> ExchangeShown:
    """What the lab shows of a request."""
    return ExchangeShown(
        exchange.number, exchange.id, iso(int(exchange.at)), exchange.method, exchange.path, exchange.query,
        exchange.version, exchange.status, exchange.reason, exchange.fault, exchange.client_id, exchange.us,
        dict(exchange.headers), dict(exchange.answer_headers), exchange.body, exchange.answer_body, exchange.size,
        exchange.answer_size,
    )  # fmt: skip


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/journal", read_journal),
    Operation("DELETE", "/stores/{store_hash}/journal", clear_journal),
    Operation("GET", "/stores/{store_hash}/journal/har", export_journal),
    Operation("GET", "/stores/{store_hash}/journal/{request_id}", show_exchange),
)
