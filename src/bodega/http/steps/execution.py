"""Steps 13 to 16 of the law: the request is good; now the rows are read, judged and written."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Mapping
from typing import Any

from bodega.dates import http_date, parse_http_date
from bodega.http import form, idempotency, xml
from bodega.http.app_context import AppContext, Caller
from bodega.http.conditions import Validators, has_conditions, judge, tag
from bodega.http.negotiation import Media, media_of
from bodega.http.request import Request
from bodega.kit.actions import Action
from bodega.kit.context import Context
from bodega.kit.render import json, located
from bodega.kit.shape import parse_json
from bodega.law.outcome import Accepted, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal
from bodega.storage.query import Row
from bodega.storage.unit import Unit
from bodega.tasks import queue

_DECIDE = (
    b"content-type", b"accept", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since",
)  # fmt: skip
"""The headers that a task's answer depends on."""

_ASYNC = re.compile(rb"(^|,)\s*respond-async\s*(;|,|$)", re.IGNORECASE)


async def find_entity(
    request: Request, caller: Caller, action: Action, context: Context, body: bytes
) -> Validator | None:
    """What the path names, and the state it is in; for a POST whose key is known, the answer it was given.

    In V2 a collection's If-Modified-Since is a filter (rule 12).
    """
    if idempotency.HEADER in request.headers and request.method == "POST" and action.writes:
        context.key = await idempotency.key_of(request, body, secret=action.secret)
        context.again = await idempotency.known(caller.store, context, context.key)
        if context.again is not None:
            return None
    if (
        request.version == 2
        and action.is_list
        and b"if-modified-since" in request.headers
        and b"if-none-match" not in request.headers
    ):
        context.since = parse_http_date(request.headers[b"if-modified-since"])
    state = await action.find(context)
    if state is None and has_conditions(request.headers):
        return await action.standing(context)
    return state


def preconditions(request: Request, action: Action, context: Context, state: Validator | None) -> Validator | None:
    """If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of RFC 9110 13.2.2.

    Returns the state that the reply may tell: none where the date was a filter, since a part of a collection must not
    be taken for the whole by its entity tag.
    """
    if context.again is not None or not has_conditions(request.headers):
        return state
    _judge(request, state)
    if action.writes:
        context.recheck_preconditions = lambda now: _judge(request, now)
    return state if context.since is None else None


def _judge(request: Request, state: Validator | None) -> None:
    current = None
    if state is not None:
        current = Validators(tag(state.version, xml=request.media is Media.XML), state.modified)
    verdict = judge(request.headers, request.method, current)
    if verdict == "go_on":
        return
    reason = Reason.NOT_MODIFIED if verdict == "not_modified" else Reason.PRECONDITION_FAILED
    raise Refusal(reason, headers=_told(request, state))


def _told(request: Request, state: Validator | None) -> list[Header]:
    """The validators of what is there now; the tag is that of the gzip form when this is the form the caller holds."""
    if state is None:
        return []
    is_xml = request.media is Media.XML
    zipped = tag(state.version, xml=is_xml, gzip=True)
    held = zipped in request.headers.get(b"if-none-match", b"")
    etag = zipped if held else tag(state.version, xml=is_xml)
    dated = [(b"last-modified", http_date(state.modified))] if state.modified else []
    return [(b"etag", etag), *dated]


def read_draft(request: Request, action: Action, context: Context, body: bytes) -> None:
    """The body as changes of fields; every faulty field is named, not only the first."""
    if context.again is not None or not action.body:
        return
    content_type = request.headers.get(b"content-type", b"")
    if body and action.uploads and media_of(content_type) == "multipart":
        try:
            form_members = form.read(content_type, body)
        except form.FormRefused as error:
            raise Refusal(Reason.MALFORMED_BODY, f"The request body is not an acceptable form: {error}.") from error
        context.draft = action.read_form(form_members)
    elif request.version == 3:
        context.draft = action.read(body or b"{}")
    elif not body:
        context.draft = action.read({})
    elif action.json_only and b"content-type" not in request.headers:
        raise Refusal(Reason.MALFORMED_BODY, "The request body has no Content-Type; send it as application/json.")
    elif media_of(content_type) is Media.XML:
        try:
            members = xml.read(body)
        except xml.XMLRefused as error:
            raise Refusal(Reason.MALFORMED_BODY, f"The request body is not acceptable XML: {error}.") from error
        context.draft = action.read(members)
    else:
        context.draft = action.read(parse_json(body))


async def perform(
    app: AppContext, request: Request, caller: Caller, action: Action, context: Context, body: bytes
) -> Outcome:
    """Reads answer; writes run inside their own transaction, and are on disk before this returns."""
    if context.again is not None:
        return context.again
    if not action.writes:
        return _located(await action.answer(context), action, context)
    if context.key is None:
        return await _write(app, request, caller, action, context, body)
    work = functools.partial(_write, app, request, caller, action, context, body)
    return await idempotency.once(caller.store, context, context.key, work)


async def _write(
    app: AppContext, request: Request, caller: Caller, action: Action, context: Context, body: bytes
) -> Outcome:
    if not context.in_task and not action.secret and (_prefers_task(request) or action.wants_task(context)):
        return await _schedule(app, request, caller, context, body, await action.task_meta(context))
    await action.prefetch(context)

    reader = context.reader

    async def job(unit: Unit) -> Outcome:
        unit.client_id = context.client_id
        try:
            outcome = _located(await action.perform(unit, context), action, context)
        finally:
            context.reader = reader  # what a write shows is read inside its transaction, and nothing else is
        if context.then is not None:
            await context.then(unit, outcome)
        await idempotency.keep(unit, request, context, outcome)
        return outcome

    outcome: Outcome = await caller.store.write(job)
    return outcome


def _located(outcome: Outcome, action: Action, context: Context) -> Outcome:
    return located(outcome, context.base) if action.files else outcome


def _prefers_task(request: Request) -> bool:
    prefer = request.headers.get(b"prefer")
    return prefer is not None and _ASYNC.search(prefer) is not None


async def _schedule(
    app: AppContext, request: Request, caller: Caller, context: Context, body: bytes, meta: Mapping[str, Any]
) -> Outcome:
    url = request.path + (f"?{request.query}" if request.query else "")
    headers = {name.decode(): request.headers[name].decode("latin-1") for name in _DECIDE if name in request.headers}
    content = ""
    try:
        asked = queue.TaskRequest(request.method, url, headers, body.decode())
    except UnicodeDecodeError:
        asked, content = queue.TaskRequest(request.method, url, headers, coded=True), base64.b64encode(body).decode()

    async def job(unit: Unit) -> Outcome:
        client_id = caller.account.client_id
        row = await queue.enqueue(unit, asked, base=request.url(""), client_id=client_id, content=content)
        accepted = _accepted(request, row, meta)
        await idempotency.keep(unit, request, context, accepted)
        return accepted

    outcome: Outcome = await caller.store.write(job)
    app.wake_worker(caller.store)
    return outcome


def _accepted(request: Request, row: Row, meta: Mapping[str, Any]) -> Accepted:
    location = request.url(f"{request.prefix}/tasks/{row.entity.id}")
    if request.version == 3:
        return Accepted(ready=b'{"data":' + queue.shown(row)[0] + b',"meta":' + json(meta) + b"}", location=location)
    return Accepted(value=queue.as_data(row), root="task", location=location)
