"""The journal: the last requests, each with its path through the law, and for refusals a request that would succeed."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from bodega import __version__
from bodega.explain import MEANS, reason_facts
from bodega.journal.sync import Exchange
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason, Step
from bodega.panel import curl_suggestions, permissions
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply

pages = Pages()

SHOWN = 100
FILTERS = ("status", "account", "method", "path", "reason")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


def matches(entry: Exchange, wanted: dict[str, str]) -> bool:
    """Whether a request matches the filter; `status` may be a class, as 4xx."""
    status = wanted["status"]
    if status and not (str(entry.status) == status or (status[1:] == "xx" and str(entry.status)[0] == status[0])):
        return False
    return (
        (not wanted["account"] or entry.client_id == wanted["account"])
        and (not wanted["method"] or entry.method == wanted["method"])
        and (not wanted["reason"] or entry.reason == wanted["reason"])
        and wanted["path"].lower() in entry.target.lower()
    )


async def _found(request: PanelRequest, *, bodies: bool = False) -> tuple[dict[str, str], list[Exchange], int]:
    """The filter, what it finds (newest first), and how many requests there are."""
    wanted = {name: request.query_value(name).strip()[:200] for name in FILTERS}
    found = await request.panel.journal_sync.read(request.shop.record.hash, bodies=bodies)
    entries = [entry for entry in reversed(found.entries) if matches(entry, wanted)]
    return wanted, entries, len(found.entries)


@pages.get("/stores/{store}/journal")
async def listed(request: PanelRequest) -> Reply:
    """The last requests; htmx requests the rows alone."""
    wanted, entries, whole = await _found(request)
    names = {client: account.name for client, account in request.shop.by_client.items()}
    query = urlencode({name: value for name, value in wanted.items() if value})
    facts: dict[str, Any] = {"wanted": wanted, "entries": entries[:SHOWN], "found": len(entries), "whole": whole}
    if request.swapped:
        return show(request, "journal_lines.html", names=names, query=query, **facts)
    statuses = sorted(
        {entry.status for entry in entries} | ({int(wanted["status"])} if wanted["status"].isdigit() else set())
    )
    return show(
        request, "journal.html", names=names, query=query, statuses=statuses, methods=METHODS,
        live=request.query_value("live") != "0", **facts,
    )  # fmt: skip


@pages.get("/stores/{store}/journal.har")
async def har(request: PanelRequest) -> Reply:
    """What the filter finds as an HTTP Archive 1.2, credentials masked."""
    _, entries, _ = await _found(request, bodies=True)
    archive = {
        "log": {
            "version": "1.2",
            "creator": {"name": "Bodega", "version": __version__},
            "entries": [_archived(entry) for entry in reversed(entries)],
        }
    }
    headers = [
        (b"content-type", b"application/json"),
        (b"content-disposition", f'attachment; filename="{request.shop.record.hash}.har"'.encode()),
        (b"cache-control", b"no-store"),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, msgspec.json.encode(archive))


def _archived(entry: Exchange) -> dict[str, Any]:
    ms = entry.us / 1000
    began = entry.at - ms / 1000
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)) + f".{int(began % 1 * 1000):03}Z"
    request: dict[str, Any] = {
        "method": entry.method,
        "url": curl_suggestions.url(entry),
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


@pages.get("/stores/{store}/journal/{id}")
async def detail(request: PanelRequest) -> Reply:
    """One request in full."""
    entry = await request.panel.journal_sync.find(request.shop.record.hash, request.ids["id"])
    if entry is None:
        raise PageError(
            HTTPStatus.NOT_FOUND, "This request is no longer in the journal, which keeps only the most recent."
        )
    reason = Reason.__members__.get(entry.reason)
    scope = curl_suggestions.missing_scope(entry)
    account = request.shop.by_client.get(entry.client_id)
    return show(
        request,
        "entry.html",
        entry=entry,
        path=path(entry.status, reason),
        reason=reason_facts(reason) if reason is not None else None,
        outcome=next((MEANS[outcome] for outcome in OUTCOMES if outcome.status == entry.status), None),
        account=account,
        scope=scope if account is not None else "",
        permission=permissions.row_of(scope),
        curl=curl_suggestions.curl(entry),
        suggestion=curl_suggestions.suggest(entry, reason) if reason is not None else None,
    )


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
