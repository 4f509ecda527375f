"""The report card of a client under test: what a recorded run shows that it did wrong or wastefully."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import structs

from bodega.access.stores import OpenStore
from bodega.aside import aside
from bodega.http.app_context import AppContext
from bodega.http.internal import carry_out
from bodega.journal.exchange import Exchange
from bodega.journal.recorder import key_of
from bodega.journal.ring import JournalRing, Wanted
from bodega.kit.route import Route
from bodega.lab.report import habits, safety, waste
from bodega.lab.report.calls import SEVERITIES, Call, Finding, Run, grouped, recorded
from bodega.lab.report.check import CHECKS, findings
from bodega.law.refusal import Refusal
from bodega.storage.registry import Account, StoreRecord

__all__ = ["CHECKS", "Card", "read_run", "report"]

DECLARING = (habits, waste, safety)
"""The modules whose checks are run."""

READ_AT_ONCE = 1_000
MOST = 100_000
"""Requests of a report: the newest so many."""

TITLES = MappingProxyType({check.name: check.title for check in CHECKS})
"""Every check, with its title, in the order in which they are declared."""


class Card(msgspec.Struct, frozen=True):
    """A report card: how much was looked at, and what was found, the worst first."""

    store: str
    requests: int
    deliveries: int
    findings: list[Finding]

    def worst(self) -> int:
        """The weight of the worst finding, 0 if there is none."""
        return max((SEVERITIES[finding.severity].weight for finding in self.findings), default=0)


async def read_run(
    ring: JournalRing,
    record: StoreRecord,
    accounts: Sequence[Account],
    served: Sequence[Route],
    *,
    account: str = "",
    since: float = 0.0,
    most: int = MOST,
    bodies: bool = True,
) -> Run:
    """What the journal keeps of a store since a time (UTC seconds), of one client id or of all: the newest `most`
    requests, with their bodies if these are asked for. Raises Busy, UnknownAccount."""
    key, wanted = key_of(record), Wanted(account=account, since=since)
    exchanges: list[Exchange] = []
    before = 0
    while len(exchanges) < most:
        limit = min(READ_AT_ONCE, most - len(exchanges))
        page = await ring.exchanges(key, wanted, before=before, limit=limit, bodies=bodies)
        exchanges += page
        if len(page) < limit:
            break
        before = page[-1].number
    known = {one.client_id for one in accounts}
    if account and not exchanges and account not in known:
        near = get_close_matches(account, [*known, *(one.name for one in accounts)], n=2)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UnknownAccount(f"Store {record.hash} has no account {account}, and its journal none either.{hint}")
    attempts = await ring.attempts(key, wanted=Wanted(since=since), limit=most)
    granted = {one.client_id: one.scopes for one in accounts}
    return await aside(lambda: recorded(exchanges, attempts, granted, served))


class UnknownAccount(ValueError):
    """No account of the store, nor one that its journal has; the message is a sentence."""


async def report(app: AppContext, store: OpenStore, run: Run) -> Card:
    """The report card of a run. Whether a list goes on is read from its pagination, as far as the journal keeps that,
    and else asked of the store as it is now."""
    unfinished = {
        last.id
        for calls in grouped((call for call in run.calls if call.is_list), lambda call: call.listing).values()
        if await _goes_on(app, store, last := max(calls, key=lambda call: call.page))
    }
    here = store.record.hash
    told = await aside(lambda: findings(run._replace(unfinished=unfinished)))
    found = [structs.replace(one, advice=one.advice.replace("HASH", here)) for one in told]
    found.sort(key=lambda one: (-SEVERITIES[one.severity].weight, one.check, one.where))
    return Card(store.record.hash, len(run.calls), len(run.attempts), found)


async def _goes_on(app: AppContext, store: OpenStore, call: Call) -> bool:
    """Whether more pages follow; a request for one row is a look, not a list."""
    if call.status != 200 or call.query.get("limit") == "1":
        return False
    pages = _pages_told(call)
    return await _has_page(app, store, call, call.page + 1) if pages is None else call.page < pages


def _pages_told(call: Call) -> int | None:
    """How many pages the reply said there are; None if it did not, or if its end is not kept."""
    try:
        told = msgspec.json.decode(call.exchange.answer_body or "")
    except msgspec.DecodeError:
        return None
    pagination = told.get("meta", {}).get("pagination", {}) if isinstance(told, dict) else {}
    pages = pagination.get("total_pages")
    return pages if isinstance(pages, int) else None


async def _has_page(app: AppContext, store: OpenStore, call: Call, page: int) -> bool:
    """Whether a list has this page, asked as the client would have."""
    asked = [pair for pair in parse_qsl(call.exchange.query, keep_blank_values=True) if pair[0] != "page"]
    path = f"/v{call.request.version}/{'/'.join(call.request.segments)}?{urlencode([*asked, ('page', str(page))])}"
    try:
        response = await carry_out(app, store, call.exchange.client_id, "GET", path, origin="http://localhost")
    except Refusal:
        return False
    if response.status != 200 or not response.body:
        return False
    told = msgspec.json.decode(response.body)
    if isinstance(told, list):
        return bool(told)
    pagination = told.get("meta", {}).get("pagination", {}) if isinstance(told, dict) else {}
    return bool(pagination.get("current_page") == page and pagination.get("count"))
