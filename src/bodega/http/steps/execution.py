"""Steps 13 to 16 of the law: the request is acceptable; now the rows are read, judged and written."""

from __future__ import annotations

import asyncio
import base64
import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from msgspec.structs import replace

from bodega.access.open_store import OpenStore
from bodega.aside import aside, within_a_task
from bodega.http import concurrency, form, idempotency, xml
from bodega.http.app_context import AppContext
from bodega.http.conditions import Validators, has_conditions, judge, tag
from bodega.http.negotiation import Media, media_of
from bodega.http.products import Preconditions, RoutedRequest
from bodega.http.request import Request
from bodega.http.response import last_modified
from bodega.kit.actions import Action
from bodega.kit.body import parse_json, respect_size
from bodega.kit.complaint import values_are_judged
from bodega.kit.context import FOUND_WITHIN, Context, Found, HasToFetch, Write
from bodega.kit.preparation import Preparation
from bodega.kit.render import json, located
from bodega.law.outcome import Accepted, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal
from bodega.storage.outside import NOBODY, Answers, Wanted
from bodega.storage.past import Past, packed, watch
from bodega.storage.query import Row
from bodega.storage.unit import Unit
from bodega.tasks import queue

T = TypeVar("T")
_DECIDE = (
    b"content-type", b"accept", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since",
)  # fmt: skip
"""The headers on which a task's response depends."""

Then = Callable[[Unit, Outcome], Awaitable[None]]

_ASYNC = re.compile(rb"(^|,)\s*respond-async\s*(;|,|$)", re.IGNORECASE)


async def find_entity(routed: RoutedRequest) -> Found:
    """What the path names, with its state; for a POST whose key is known, the first answer."""
    request, action, context = routed.request, routed.action, routed.context
    if action.max_concurrent:
        concurrency.begin(routed)  # `judge` ends it
    keyed = None
    if action.writes and request.method == "POST" and idempotency.HEADER in request.headers:
        key = await idempotency.key_of(request, context.client_id, routed.media, routed.body, secret=action.secret)
        keyed = await idempotency.look_up(routed.caller.store, context, key)
        if keyed.again is not None:
            return keyed
    found = await action.find(context)
    if found.state is None and has_conditions(request.headers):
        found = replace(found, state=await action.collection_state(context))
    return found if keyed is None else replace(found, key=keyed.key, over=keyed.over)


async def found_within(routed: RoutedRequest) -> Found:
    """Step 13 of a write that finds its row within its transaction, where that costs less than to read it twice: only
    what is judged before needs it now (`Action.finds_within`)."""
    headers = routed.request.headers
    if has_conditions(headers) or b"prefer" in headers:
        return await find_entity(routed)
    return FOUND_WITHIN


async def draft_of_found_within(routed: RoutedRequest, found: Found) -> Any:
    """Step 15 of such a write: before a body is refused, a row that is not there is."""
    try:
        return await read_draft(routed, found)
    except Refusal:
        if found is FOUND_WITHIN:
            await find_entity(routed)
        raise


def preconditions(routed: RoutedRequest, found: Found) -> Preconditions:
    """If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of RFC 9110 13.2.2.

    The reply has no validators if the date was a filter, since the entity tag of a part must not be taken for that of
    the whole collection.
    """
    request, state = routed.request, found.state
    if found.again is not None or not has_conditions(request.headers):
        return Preconditions(state)
    _judge(routed, state)
    recheck = functools.partial(_judge, routed) if routed.action.writes else None
    return Preconditions(state if routed.context.since is None else None, recheck)


def _judge(routed: RoutedRequest, state: Validator | None) -> None:
    request, media = routed.request, routed.media
    current = None
    if state is not None:
        current = Validators(tag(state.version, xml=media is Media.XML), state.current_from)
    verdict = judge(request.headers, request.method, current)
    if verdict == "go_on":
        return
    reason = Reason.NOT_MODIFIED if verdict == "not_modified" else Reason.PRECONDITION_FAILED
    raise Refusal(reason, headers=current_validators(routed, state))


def current_validators(routed: RoutedRequest, state: Validator | None) -> list[Header]:
    """The current validators; the tag is that of the gzip form if this is the form that the caller has."""
    if state is None:
        return []
    request, is_xml = routed.request, routed.media is Media.XML
    zipped = tag(state.version, xml=is_xml, gzip=True)
    held = zipped in request.headers.get(b"if-none-match", b"")
    etag = zipped if held else tag(state.version, xml=is_xml)
    return [(b"etag", etag), *last_modified(state, routed.caller.store.time())]


async def read_draft(routed: RoutedRequest, found: Found) -> Any:
    """The body as changes of fields; every faulty field is named, not only the first. A large one is read aside."""
    if found.again is not None or not routed.action.body:
        return None
    body = routed.body
    if len(body) <= ALWAYS_SMALL or (len(body) <= SMALL_BYTES and _parts(body) <= SMALL_PARTS):
        return _read(routed)
    return await aside(functools.partial(_read, routed))


ALWAYS_SMALL = 2 * 1024
SMALL_BYTES = 64 * 1024
SMALL_PARTS = 1_000
"""A body of more bytes than these, or more values, could hold the event loop for too long while it is judged."""


def _parts(body: bytes) -> int:
    """At least as many as there are values in a body of JSON, or elements in one of XML."""
    return body.count(b",") + body.count(b"{") + body.count(b"[") + body.count(b"<")


def _read(routed: RoutedRequest) -> Any:
    with values_are_judged():
        return _content(routed)


def _content(routed: RoutedRequest) -> Any:
    action = routed.action
    request, body = routed.request, routed.body
    if body and request.version == 3 and not action.uploads:
        if len(body) > SMALL_BYTES:
            respect_size(body)
        return action.read(body)
    if not body and request.method == "PUT":
        raise Refusal(Reason.FIELD_MISSING, "The request has no body.")
    content_type = request.headers.get(b"content-type", b"")
    if body and action.uploads and media_of(content_type) == "multipart":
        try:
            form_members = form.read(content_type, body)
        except form.FormRefused as error:
            raise Refusal(Reason.MALFORMED_BODY, f"The request body is not an acceptable form: {error}.") from error
        return action.read_form(form_members)
    is_xml = request.version == 2 and media_of(content_type) is Media.XML
    if len(body) > SMALL_BYTES and not is_xml:
        respect_size(body)
    if request.version == 3:
        return action.read(body or b"{}")
    if not body:
        return action.read({})
    if action.json_only and b"content-type" not in request.headers:
        raise Refusal(Reason.MALFORMED_BODY, "The request body has no Content-Type; send it as application/json.")
    if is_xml:
        try:
            members = xml.read(body)
        except xml.XMLRefused as error:
            raise Refusal(Reason.MALFORMED_BODY, f"The request body is not acceptable XML: {error}.") from error
        return action.read(members)
    return action.read(parse_json(body))


async def perform(
    routed: RoutedRequest, found: Found, before: Preconditions, draft: Any, then: Then | None = None
) -> Outcome:
    """Carries out the request; writes run inside their own transaction, and are on disk before this returns.

    `then` is called in the transaction of the write, with its outcome.
    """
    if found.again is not None:
        return found.again
    action, context = routed.action, routed.context
    if action.at_once:
        outcome = await action.answer(context, found)
        return located(outcome, context.base) if context.base.files else outcome
    if not action.writes:
        return _located(await _read_rows(routed, found, draft), context)
    if found.key is None:
        return await _write(routed, found, before, draft, then)
    work = functools.partial(_write, routed, found, before, draft, then)
    return await idempotency.once(routed.caller.store, context, found.key, work)


ASKED_AT_MOST = 12
"""Requests to providers that carrying one request out may need: each consignment has shipping rates, and what they cost
decides what tax is asked for."""


async def informed(app: AppContext, store: OpenStore, work: Callable[[Answers], Awaitable[T]]) -> T:
    """Does work until it misses no answer of another server; these are asked in between, while nothing is open."""
    answers = Answers(may_ask=app.consult is not None)
    try:
        return await work(answers)
    except Wanted as wanted:
        return await _once_informed(app, store, work, answers, wanted)


async def _once_informed(
    app: AppContext, store: OpenStore, work: Callable[[Answers], Awaitable[T]], answers: Answers, wanted: Wanted
) -> T:
    """Goes on with work that misses an answer."""
    consult = app.consult
    assert consult is not None
    for _ in range(ASKED_AT_MOST):
        await within_a_task()
        answers.learn(wanted.ask, await consult(store, wanted.ask))
        try:
            return await work(answers)
        except Wanted as another:
            wanted = another
    return await work(answers.closed())


async def _read_rows(routed: RoutedRequest, found: Found, draft: Any) -> Outcome:
    action, context = routed.action, routed.context

    async def work(answers: Answers) -> Outcome:
        informed = replace(context, outside=answers)
        return await (action.answer_to(informed, found, draft) if action.calculates else action.answer(informed, found))

    return await informed(routed.app, routed.caller.store, work)


async def _write(routed: RoutedRequest, found: Found, before: Preconditions, draft: Any, then: Then | None) -> Outcome:
    action, context = routed.action, routed.context
    may_be_task = not context.in_task and not action.secret
    if may_be_task and (_prefers_task(routed.request) or action.wants_task(context, found)):
        return await _schedule(routed, found, before, draft)
    if action.fetches(draft):
        write = await _prepare(routed, context, found, before, draft)
    else:
        write = Write(found, draft, None, before.recheck)
    answers = Answers(may_ask=routed.app.consult is not None)

    async def job(unit: Unit) -> Outcome:
        unit.client_id, unit.outside = context.client_id, answers
        answers.begin()
        with values_are_judged():
            outcome = _located(await action.perform(unit, context.within(unit, draft), write), context)
        if then is not None:
            await then(unit, outcome)
        if found.key is not None:
            await idempotency.keep(unit, routed.media, found, outcome)
        return outcome

    async def work(known: Answers) -> Outcome:
        nonlocal answers
        answers = known
        return await _written(routed, job)

    store = routed.caller.store
    try:
        outcome: Outcome = await (store.write(job) if _forgets(routed) else _written(routed, job))
    except Wanted as wanted:
        outcome = await _once_informed(routed.app, store, work, answers, wanted)
    routed.app.wrote(routed.caller.store)
    return outcome


def _forgets(routed: RoutedRequest) -> bool:
    """Whether nothing is kept of what the request changes: it cannot be undone."""
    return routed.app.keep_past is None or not routed.request.request_id or not routed.caller.store.keeps_journal


async def _written(routed: RoutedRequest, job: Callable[[Unit], Awaitable[Outcome]]) -> Outcome:
    """Runs a request's job; where requests can be undone, what it changed is kept once it is on disk."""
    store, keep, request_id = routed.caller.store, routed.app.keep_past, routed.request.request_id
    outcome: Outcome
    if keep is None or _forgets(routed):
        outcome = await store.write(job)
        return outcome

    async def watched(unit: Unit) -> tuple[Outcome, Past]:
        unit.tx = watching = await watch(unit.tx)
        return await job(unit), await watching.past()

    outcome, past = await store.write(watched)
    if past.changes or past.why:
        keep(store, request_id, packed(past))
    return outcome


async def _prepare(routed: RoutedRequest, context: Context, found: Found, before: Preconditions, draft: Any) -> Write:
    """What is to be written, with what it needs from outside. Nothing is done for a caller who went away; a task has
    none. Raises Refusal, HasToFetch."""
    if not routed.action.fetches(draft):
        return Write(found, draft, None, before.recheck)
    await within_a_task()
    if found is FOUND_WITHIN:
        found = await find_entity(routed)
    gone = None if context.in_task else functools.partial(_caller_gone, routed.request)
    preparation = Preparation(routed.app.pictures, store=context.record.hash, patient=context.in_task, caller_gone=gone)
    try:
        with values_are_judged():
            consult = routed.app.consult
            if consult is not None:
                context = replace(context, consult=functools.partial(consult, routed.caller.store))
            prefetched = await routed.action.prefetch(context.preparing(preparation), found, draft)
    finally:
        preparation.close()
    return Write(found, draft, prefetched, before.recheck)


async def _caller_gone(request: Request) -> None:
    """Returns when the caller has gone away; never for one who cannot be watched, and sends its body again."""
    for _ in range(2):
        if (await request.receive())["type"] == "http.disconnect":
            return
    await asyncio.Event().wait()


async def _carry_out(action: Action, unit: Unit, context: Context, write: Write) -> Outcome:
    """Judges and writes; what the write shows is read inside its transaction. Raises Refusal."""
    with values_are_judged():
        return await action.perform(unit, context.within(unit, write.draft), write)


def _located(outcome: Outcome, context: Context) -> Outcome:
    return located(outcome, context.base) if context.base.files else outcome


def _prefers_task(request: Request) -> bool:
    prefer = request.headers.get(b"prefer")
    return prefer is not None and _ASYNC.search(prefer) is not None


class _TakenBack(Exception):
    """A write that was only tried."""


async def _try(unit: Unit, routed: RoutedRequest, write: Write) -> None:
    """Carries a write out, of many rows one chunk, and takes it back. What would refuse it is told before the 202:
    nobody should have to look into a task to learn that. Raises Refusal."""
    mark = unit.statistics.mark()
    context = replace(routed.context, in_task=True)
    unit.outside = NOBODY
    try:
        async with unit.tx.savepoint():
            await _carry_out(routed.action, unit, context, write)
            raise _TakenBack
    except _TakenBack:
        unit.statistics.restore(mark)
        unit.leaving.clear()
        unit.left.clear()


async def _schedule(routed: RoutedRequest, found: Found, before: Preconditions, draft: Any) -> Outcome:
    request, store, body, action = routed.request, routed.caller.store, routed.body, routed.action
    meta = await action.task_meta(routed.context, found)
    write = None
    if action.tried:
        with suppress(HasToFetch):  # what another server says of it is the task's to find out
            write = await _prepare(routed, replace(routed.context, may_fetch=False), found, before, draft)
    url = request.path + (f"?{request.query}" if request.query else "")
    headers = {name.decode(): request.headers[name].decode("latin-1") for name in _DECIDE if name in request.headers}
    content = ""
    try:
        asked = queue.TaskRequest(request.method, url, headers, body.decode())
    except UnicodeDecodeError:
        asked = queue.TaskRequest(request.method, url, headers, coded=True)
        content = (await aside(functools.partial(base64.b64encode, body))).decode()

    async def job(unit: Unit) -> Outcome:
        unit.client_id = routed.context.client_id
        if write is not None:
            await _try(unit, routed, write)
        client_id = routed.caller.account.client_id
        row = await queue.enqueue(unit, asked, base=request.url(""), client_id=client_id, content=content)
        accepted = await action.accept(unit, routed.context.within(unit, draft), row.entity.id)
        if accepted is None:
            accepted = _accepted(request, row, meta)
        await idempotency.keep(unit, routed.media, found, accepted)
        return accepted

    outcome: Outcome = await _written(routed, job)
    routed.app.wake_worker(store)
    return outcome


def _accepted(request: Request, row: Row, meta: Mapping[str, Any]) -> Accepted:
    location = request.url(f"{request.prefix}/tasks/{row.entity.id}")
    if request.version == 3:
        return Accepted(ready=b'{"data":' + queue.shown(row)[0] + b',"meta":' + json(meta) + b"}", location=location)
    return Accepted(value=queue.as_data(row), root="task", location=location)
