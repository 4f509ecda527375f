"""The journal: the last requests, each with its path through the law, and for refusals a request that would succeed."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from bodega.explain import MEANS, reason_facts, statuses
from bodega.http.remedies import of_fault
from bodega.journal.curl import curl
from bodega.journal.exchange import TOKEN_PATH, Exchange
from bodega.journal.har import written
from bodega.journal.ring import Wanted
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import METHODS, Reason, Step
from bodega.law.remedy import fill, sentences
from bodega.panel import curl_suggestions, permissions, views
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply

pages = Pages()

SHOWN = 100
EXPORTED = 1_000
"""Requests of a page, and of an export."""

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FILTERS = Wanted._fields[:6]
"""All but the time: what the form asks."""


def _wanted(request: PanelRequest) -> Wanted:
    """The filter in the query."""
    asked: dict[str, Any] = {name: request.query_value(name).strip()[:200] for name in FILTERS}
    return Wanted()._replace(**asked)


def _cursor(request: PanelRequest, name: str) -> int:
    text = request.query_value(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


VIEWS = views.declare(
    "journal",
    "Requests",
    {"status": "Status", "account": "Account", "method": "Method", "path": "Path", "reason": "Reason",
     "words": "Words in bodies"},
)  # fmt: skip


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """A page of requests, the newest if no cursor is given; htmx requests the rows alone."""
    store, reader, wanted = request.shop.record.hash, request.panel.journal_sync, _wanted(request)
    before, after = _cursor(request, "before"), _cursor(request, "after")
    found = await reader.search(store, wanted, before=before, after=after, limit=SHOWN + 1)
    entries = found[-SHOWN:] if after else found[:SHOWN]
    more = len(found) > SHOWN
    asked = {name: value for name, value in wanted._asdict().items() if name in FILTERS}
    names = {client: account.name for client, account in request.shop.by_client.items()}
    query = view.carry(asked, {"account": names})
    facts: dict[str, Any] = {
        "wanted": wanted,
        "query": query.rstrip("&") or f"view={view.mark}",
        "filtered": query,
        "view": view,
        "entries": entries,
        "names": names,
        "newest": not (before or after),
        "newer": bool(entries) and (more if after else bool(before)),
        "older": bool(entries) and (bool(after) or more),
        "whole": bool(entries) or bool(await reader.search(store, limit=1)),
    }
    if request.swapped:
        return show(request, "journal_lines.html", **facts)
    return show(request, "journal.html", statuses=statuses(), methods=METHODS, **facts)


@pages.get("/stores/{store}/journal.har")
async def har(request: PanelRequest) -> Reply:
    """The newest of what the filter finds as an HTTP Archive 1.2, credentials masked."""
    store = request.shop.record.hash
    entries = await request.panel.journal_sync.search(store, _wanted(request), limit=EXPORTED, bodies=True)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-disposition", f'attachment; filename="{request.shop.record.hash}.har"'.encode()),
        (b"cache-control", b"no-store"),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, stream=written(entries[::-1]))


async def the_entry(request: PanelRequest) -> Exchange:
    """The request that the path names. Raises PageError."""
    entry = await request.panel.journal_sync.find(request.shop.record.hash, request.ids["id"])
    if entry is None:
        raise PageError(
            HTTPStatus.NOT_FOUND, "This request is no longer in the journal, which keeps them for some days."
        )
    return entry


@pages.get("/stores/{store}/journal/{id}")
async def detail(request: PanelRequest) -> Reply:
    """One request in full."""
    return show_entry(request, await the_entry(request))


def show_entry(
    request: PanelRequest, entry: Exchange, status: int = HTTPStatus.OK, problems: Sequence[str] = ()
) -> Reply:
    """The page of a request; `problems` say why it was not undone."""
    reason = Reason.__members__.get(entry.reason)
    faulted = entry.made_by_fault
    scope = "" if faulted else curl_suggestions.missing_scope(entry)
    account = request.shop.by_client.get(entry.client_id)
    return show(
        request,
        "entry.html",
        status=HTTPStatus(status),
        problems=problems,
        undoable=request.panel.lab is not None and entry.method in _WRITES and entry.status < HTTPStatus.BAD_REQUEST,
        entry=entry,
        path=path(entry.status, reason) if entry.path != TOKEN_PATH else [],
        reason=reason_facts(reason) if reason is not None else None,
        remedy=remedy(request.shop.record.hash, entry, reason) if reason is not None else "",
        faulted=faulted,
        outcome=next((MEANS[each] for each in OUTCOMES if each.status == entry.status and entry.version), None),
        account=account,
        scope=scope if account is not None else "",
        permission=permissions.row_of(scope),
        curl=curl(entry),
        suggestion=curl_suggestions.suggest(entry, reason) if reason is not None and not faulted else None,
    )


def remedy(store: str, entry: Exchange, reason: Reason) -> str:
    """What to do about a refusal, in the words of its request. A sentence that asks for more than the journal knows is
    left out, or cut before its request."""
    method = "GET" if entry.method == "HEAD" else entry.method
    if entry.made_by_fault:
        return plain(of_fault(entry.fault.split("+"), store, method, entry.target).text)
    facts = {
        "HASH": store, "CLIENT_ID": entry.client_id, "METHOD": method, "PATH": entry.target, "RESOURCE": entry.path,
        "LOCATION": entry.answered("location"),
    }  # fmt: skip
    first, *others = sentences(reason.remedy)
    told = [fill(one, lambda word: facts.get(word, "")).text for one in (first, *others)]
    return plain(" ".join(filter(None, [told[0] or reason.advice, *told[1:]])))


def plain(text: str) -> str:
    """Without the backticks of what can be carried out."""
    return text.replace("`", "")


def path(status: int, reason: Reason | None) -> list[dict[str, Any]]:
    """The steps of the law: those passed, the one that answered, those not reached. No trace is needed: a reason
    belongs to one step."""
    end = reason.step if reason is not None else None
    steps = []
    for step in Step:
        if step is Step.CATCH_ALL and end is not Step.CATCH_ALL:
            continue
        state = "met"
        if end is not None and step >= end:
            state = "here" if step == end else "unmet"
        if end is Step.CATCH_ALL and step is not Step.CATCH_ALL:
            state = "unsure"
        steps.append({"number": int(step), "word": step.word, "state": state})
    if end is None:
        steps.append({"number": None, "word": "answer", "state": "here"})
    return steps
