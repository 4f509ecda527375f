"""Steps 13 to 16 of the law: the request is good; now the rows are read, judged and written."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Mapping
from typing import Any

from bodega.dates import http_date, parse_http_date
from bodega.http import form, idempotency, xml
from bodega.http.ask import Ask
from bodega.http.conditional import Validators, has_conditions, judge, tag
from bodega.http.house import Caller, House
from bodega.http.negotiate import Media, media_of
from bodega.kit.actions import Action
from bodega.kit.call import Call
from bodega.kit.render import json, located
from bodega.kit.shape import parse_json
from bodega.law.outcome import Accepted, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal
from bodega.storage.unit import Row, Unit
from bodega.tasks import queue

_DECIDE = (
    b"content-type", b"accept", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since",
)  # fmt: skip
"""The headers that a task's answer depends on."""

_ASYNC = re.compile(rb"(^|,)\s*respond-async\s*(;|,|$)", re.IGNORECASE)


async def find_entity(ask: Ask, caller: Caller, action: Action, call: Call, body: bytes) -> Validator | None:
    """What the path names, and the state it is in; for a POST whose key is known, the answer it was given.

    In V2 a collection's If-Modified-Since is a filter (rule 12).
    """
    if idempotency.HEADER in ask.headers and ask.method == "POST" and action.writes:
        call.key = await idempotency.key_of(ask, body, secret=action.secret)
        call.again = await idempotency.known(caller.store, call, call.key)
        if call.again is not None:
            return None
    if (
        ask.version == 2
        and action.is_list
        and b"if-modified-since" in ask.headers
        and b"if-none-match" not in ask.headers
    ):
        call.since = parse_http_date(ask.headers[b"if-modified-since"])
    state = await action.find(call)
    if state is None and has_conditions(ask.headers):
        return await action.standing(call)
    return state


def preconditions(ask: Ask, action: Action, call: Call, state: Validator | None) -> Validator | None:
    """If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of RFC 9110 13.2.2.

    Returns the state that the reply may tell: none where the date was a filter, since a part of a collection must not
    be taken for the whole by its entity tag.
    """
    if call.again is not None or not has_conditions(ask.headers):
        return state
    _judge(ask, state)
    if action.writes:
        call.recheck_preconditions = lambda now: _judge(ask, now)
    return state if call.since is None else None


def _judge(ask: Ask, state: Validator | None) -> None:
    current = None
    if state is not None:
        current = Validators(tag(state.version, xml=ask.media is Media.XML), state.modified)
    verdict = judge(ask.headers, ask.method, current)
    if verdict == "go_on":
        return
    reason = Reason.NOT_MODIFIED if verdict == "not_modified" else Reason.PRECONDITION_FAILED
    raise Refusal(reason, headers=_told(ask, state))


def _told(ask: Ask, state: Validator | None) -> list[Header]:
    """The validators of what is there now; the tag is that of the gzip form when this is the form the caller holds."""
    if state is None:
        return []
    is_xml = ask.media is Media.XML
    zipped = tag(state.version, xml=is_xml, gzip=True)
    held = zipped in ask.headers.get(b"if-none-match", b"")
    etag = zipped if held else tag(state.version, xml=is_xml)
    dated = [(b"last-modified", http_date(state.modified))] if state.modified else []
    return [(b"etag", etag), *dated]


def read_draft(ask: Ask, action: Action, call: Call, body: bytes) -> None:
    """The body as changes of fields; every faulty field is named, not only the first."""
    if call.again is not None or not action.body:
        return
    content_type = ask.headers.get(b"content-type", b"")
    if body and action.uploads and media_of(content_type) == "multipart":
        try:
            form_members = form.read(content_type, body)
        except form.FormRefused as error:
            raise Refusal(Reason.MALFORMED_BODY, f"The request body is not an acceptable form: {error}.") from error
        call.draft = action.read_form(form_members)
    elif ask.version == 3:
        call.draft = action.read(body or b"{}")
    elif not body:
        call.draft = action.read({})
    elif action.json_only and b"content-type" not in ask.headers:
        raise Refusal(Reason.MALFORMED_BODY, "The request body has no Content-Type; send it as application/json.")
    elif media_of(content_type) is Media.XML:
        try:
            members = xml.read(body)
        except xml.XMLRefused as error:
            raise Refusal(Reason.MALFORMED_BODY, f"The request body is not acceptable XML: {error}.") from error
        call.draft = action.read(members)
    else:
        call.draft = action.read(parse_json(body))


async def perform(house: House, ask: Ask, caller: Caller, action: Action, call: Call, body: bytes) -> Outcome:
    """Reads answer; writes run inside their own transaction, and are on disk before this returns."""
    if call.again is not None:
        return call.again
    if not action.writes:
        return _located(await action.answer(call), action, call)
    if call.key is None:
        return await _write(house, ask, caller, action, call, body)
    work = functools.partial(_write, house, ask, caller, action, call, body)
    return await idempotency.once(caller.store, call, call.key, work)


async def _write(house: House, ask: Ask, caller: Caller, action: Action, call: Call, body: bytes) -> Outcome:
    if not call.in_task and not action.secret and (_prefers_task(ask) or action.wants_task(call)):
        return await _schedule(house, ask, caller, call, body, await action.task_meta(call))
    await action.gather(call)

    reader = call.reader

    async def job(unit: Unit) -> Outcome:
        unit.client_id = call.client_id
        try:
            outcome = _located(await action.perform(unit, call), action, call)
        finally:
            call.reader = reader  # what a write shows is read inside its transaction, and nothing else is
        if call.then is not None:
            await call.then(unit, outcome)
        await idempotency.keep(unit, ask, call, outcome)
        return outcome

    outcome: Outcome = await caller.store.write(job)
    return outcome


def _located(outcome: Outcome, action: Action, call: Call) -> Outcome:
    return located(outcome, call.base) if action.files else outcome


def _prefers_task(ask: Ask) -> bool:
    prefer = ask.headers.get(b"prefer")
    return prefer is not None and _ASYNC.search(prefer) is not None


async def _schedule(
    house: House, ask: Ask, caller: Caller, call: Call, body: bytes, meta: Mapping[str, Any]
) -> Outcome:
    url = ask.path + (f"?{ask.query}" if ask.query else "")
    headers = {name.decode(): ask.headers[name].decode("latin-1") for name in _DECIDE if name in ask.headers}
    content = ""
    try:
        asked = queue.Asked(ask.method, url, headers, body.decode())
    except UnicodeDecodeError:
        asked, content = queue.Asked(ask.method, url, headers, coded=True), base64.b64encode(body).decode()

    async def job(unit: Unit) -> Outcome:
        client_id = caller.account.client_id
        row = await queue.enqueue(unit, asked, base=ask.url(""), client_id=client_id, content=content)
        accepted = _accepted(ask, row, meta)
        await idempotency.keep(unit, ask, call, accepted)
        return accepted

    outcome: Outcome = await caller.store.write(job)
    house.wake_worker(caller.store)
    return outcome


def _accepted(ask: Ask, row: Row, meta: Mapping[str, Any]) -> Accepted:
    location = ask.url(f"{ask.prefix}/tasks/{row.entity.id}")
    if ask.version == 3:
        return Accepted(ready=b'{"data":' + queue.shown(row)[0] + b',"meta":' + json(meta) + b"}", location=location)
    return Accepted(value=queue.as_data(row), root="task", location=location)
