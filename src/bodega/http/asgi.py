"""The only file that knows ASGI: a scope becomes a Request, a Response a message; every exception is caught once."""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any, Protocol

from bodega import tracing
from bodega.access.stores import OpenStore
from bodega.aside import aside
from bodega.dates import http_date
from bodega.http.app_context import AppContext
from bodega.http.begun import Begun
from bodega.http.decision import judge
from bodega.http.notes import Notes, Recorder
from bodega.http.products import Seen
from bodega.http.remembered import MOST, Key, Memory, Verdict, key_of
from bodega.http.request import Receive, Request, Scope, headers_of, read_head
from bodega.http.response import Response, refused, whole
from bodega.http.spans import traced
from bodega.http.steps.table import LAW, Steps
from bodega.http.trace import Trace
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.log import Log
from bodega.metrics import Board, Meter
from bodega.server.whole import BODY, CUT, DATE, FIELDS, WHOLE, Whole
from bodega.storable import storable
from bodega.storage.tx import Busy, Damaged

FEW_FAULTS = 200
"""A refusal that names more is written aside: each has its words."""

LONGEST_NOTED = 16 * 1024
"""Bytes of a body that is made while it is sent, for the journal."""

REQUEST_ID = "bodega.request_id"
"""The member of a mount's scope that holds the X-Request-Id of its reply."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Scope, Receive, Send], Awaitable[None]]


_TRACE = b"bodega-trace"
_FAULT = b"bodega-fault"
_NO_FAULT = (_FAULT, b"none;reason=this server has no lab, start it with --lab")


class Wire:
    """The connection of one request, for an answer that is sent in another manner than usual."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._cuts = CUT in scope.get("extensions", ())

    async def start(self, response: Response) -> None:
        """Sends the head of a response."""
        await self._send({"type": "http.response.start", "status": response.status, "headers": response.fields})

    async def part(self, body: bytes, *, more: bool) -> None:
        """Sends a part of its body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def cut(self) -> None:
        """Ends the connection. A server without this extension does so when an answer is not complete."""
        if self._cuts:
            await self._send({"type": CUT})


Judged = Callable[[Steps, Request], Awaitable[Response]]
"""The response to a request by these steps."""


class Injector(Protocol):
    """Answers the requests that a fault strikes (`lab/faults/`)."""

    def concerns(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a fault may strike a request with these headers; asked at each, so it must cost next to nothing."""

    async def answer(self, request: Request, seen: Seen, judged: Judged, wire: Wire) -> Response:
        """Answers the request, struck or not, and sends the answer as far as it is to arrive."""


OF_A_STORE = "s-"
"""The mount of all paths that begin with `s-` and the name of a store."""


class Api:
    """The store API as an ASGI application. `mounts` are served besides it, by the first segment of the path,
    below /api by the first two."""

    def __init__(
        self,
        app: AppContext,
        log: Log,
        mounts: Mapping[str, Mount] | None = None,
        meter: Meter | None = None,
        journal: Recorder | None = None,
        *,
        faults: Injector | None = None,
        reads_at_once: bool = False,
        remembers: int = MOST,
        otherwise: Callable[[Scope, Send], Awaitable[bool]] | None = None,
    ) -> None:
        """`otherwise` is asked for a path that is neither a store's API nor mounted, and says whether it answered;
        `reads_at_once`: the stores are read without waiting; `remembers`: so many verdicts are kept."""
        self._app = app
        self._log = log
        self._faults = faults
        self._otherwise = otherwise
        self._notes = Notes(app, log, meter or Board().meter(), journal)
        self._memory = Memory(app, remembers)
        self._mounts = dict(mounts or {})
        self._tracer = tracing.tracer()
        self._begins = reads_at_once and self._tracer is None
        self._behind_proxy = app.behind_tls or bool(app.proxies.trusted)
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)

    def at_once(self, scope: Scope, receive: Receive) -> Whole | Begun | None:
        """The reply to a request like one that passed before, if the store is read without waiting.

        It runs outside of any task, so it takes only actions that need none (`Action.at_once`, and writes: what they
        need a task for asks for one, `aside.within_a_task`). What has to wait, as a write does for the disk, is
        returned as it was begun.
        """
        began = perf_counter()
        if not self._begins:
            return None
        if self._behind_proxy:
            scope = self._seen_through(scope)
        headers = scope.get(FIELDS) or headers_of(scope)
        if _TRACE in headers or (_FAULT in headers if self._faults is None else self._faults.concerns(headers)):
            return None
        key, last = key_of(scope, headers)
        recall = self._memory.recall
        verdict = recall(key)
        if verdict is None or not verdict.at_once:
            return None
        request_id = f"{self._prefix}{next(self._numbers):08x}"
        request = verdict.request(scope, headers, receive, request_id, last, scope.get(BODY))
        seen = Seen(request.error_media)
        answering = self._answer(verdict.steps, request, seen)
        try:
            first = answering.send(None)
        except StopIteration as end:
            return self._end(key, verdict, request, seen, began, end.value)
        return Begun(answering, first, functools.partial(self._end, key, verdict, request, seen, began))

    def _end(self, key: Key, verdict: Verdict, request: Request, seen: Seen, began: float, response: Response) -> Whole:
        if seen.routed is not None and seen.routed.caller is not verdict.caller:
            self._memory.forget(key)  # the next one is judged from the start, and learned
        if seen.store is not None and not seen.store.clock_is_live:
            _date(response, seen.store)
        self._notes.add(request, seen, response, began)
        return response if request.method != "HEAD" and not response.closes else whole(request, response)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        began = perf_counter()
        if self._behind_proxy:
            scope = self._seen_through(scope)
        headers = headers_of(scope)
        key, last = key_of(scope, headers)
        verdict = self._memory.recall(key)
        if verdict is not None:
            request = verdict.request(scope, headers, receive, self._request_id(), last)
        else:
            request = read_head(scope, receive, self._request_id(), headers)
            if not request.version and not request.store:
                first = _mounted(request)
                mount = self._mounts.get(first) or (self._mounts.get(OF_A_STORE) if first.startswith("s-") else None)
                if mount is not None:
                    if "\x00" in scope["path"]:
                        scope = {**scope, "path": storable(scope["path"])}
                    await mount({**scope, REQUEST_ID: request.request_id}, receive, _named(send, request.request_id))
                    return
                elsewhere = None if request.host_form else self._otherwise
                if elsewhere is not None and await elsewhere(scope, _named(send, request.request_id)):
                    return
        seen = Seen(request.error_media)
        if self._faults is not None and self._faults.concerns(headers):
            judged = functools.partial(self._judged, seen=seen)
            response = await self._faults.answer(request, seen, judged, Wire(scope, send))
            self._notes.add(request, seen, response, began)
            return
        steps = LAW if verdict is None else verdict.steps
        if self._tracer is None and _TRACE not in headers:
            response = await self._answer(steps, request, seen)
        elif self._tracer is None:
            response = await self._respond(LAW, request, seen)
        else:
            response = await traced(self._tracer, request, seen, self._respond(steps, request, seen))
        if seen.store is not None and not seen.store.clock_is_live:
            _date(response, seen.store)
        if seen.routed is not None and (verdict is None or seen.routed.caller is not verdict.caller):
            self._memory.learn(key, last, seen.routed)
        if _FAULT in headers:
            response.headers = [*response.headers, _NO_FAULT]
        if response.parts is not None:
            await _send_parts(request, response, send)
        elif WHOLE in scope.get("extensions", ()) and not response.closes:
            await send({"type": WHOLE, "reply": whole(request, response)})
        else:
            body = b"" if request.method == "HEAD" else response.body
            await send({"type": "http.response.start", "status": response.status, "headers": response.fields})
            await send({"type": "http.response.body", "body": body})
        self._notes.add(request, seen, response, began)

    def _seen_through(self, scope: Scope) -> Scope:
        """The scope as the proxies in front saw it; for the mounts, too."""
        if self._app.behind_tls:
            scope = {**scope, "scheme": "https"}
        return self._app.proxies.seen_through(scope) if self._app.proxies.trusted else scope

    def settle(self) -> None:
        """Notes the last replies."""
        self._notes.settle()

    def _request_id(self) -> str:
        return f"{self._prefix}{next(self._numbers):08x}"

    async def _judged(self, steps: Steps, request: Request, *, seen: Seen) -> Response:
        responding = self._respond(steps, request, seen)
        response = await (responding if self._tracer is None else traced(self._tracer, request, seen, responding))
        if seen.store is not None and not seen.store.clock_is_live:
            _date(response, seen.store)
        if response.parts is not None:  # a fault strikes what is whole
            response.body = b"".join([part async for part in response.parts])
            response.parts = None
        return response

    async def _respond(self, steps: Steps, request: Request, seen: Seen) -> Response:
        if _TRACE not in request.headers:
            return await self._answer(steps, request, seen)
        trace = Trace()
        response = await self._answer(trace.steps(steps), request, seen)
        response.headers += trace.headers(response.reason, response.status)
        return response

    async def _answer(self, steps: Steps, request: Request, seen: Seen) -> Response:
        try:
            try:
                return await judge(steps, self._app, request, seen)
            except Busy as error:
                # A store that is found damaged is closed, also under those who read it just then.
                closed = seen.store is not None and seen.store.closed
                if not (closed or isinstance(error, Damaged)) or not await self._is_damaged(seen):
                    raise
            return await judge(steps, self._app, request, seen)  # which ends where the store is opened
        except Refusal as caught:
            seen.learn(caught)
            refusal = caught
        except ConnectionResetError:
            return Response(499, [], reason="CALLER_GONE")
        except Busy as error:
            self._log.event("database unreachable", request_id=request.request_id, error=str(error))
            refusal = Refusal(Reason.UNREACHABLE, headers=[(b"retry-after", b"5")])
        except Exception as error:
            # The traceback goes to the log, the request id to the caller: no internals are revealed.
            text = "".join(traceback.format_exception(error))
            self._log.event("internal error", request_id=request.request_id, path=request.path, traceback=text)
            refusal = Refusal(Reason.INTERNAL_ERROR, details={"request_id": request.request_id})
        if len(refusal.faults) <= FEW_FAULTS:
            return refused(self._app, request, seen, refusal)
        return await aside(functools.partial(refused, self._app, request, seen, refusal))

    async def _is_damaged(self, seen: Seen) -> bool:
        """Whether the store of a request is damaged for certain; asked when a statement found it so."""
        with suppress(Busy):
            return seen.store is not None and await self._app.stores.damage(seen.store.record.hash) != ""
        return False


async def _send_parts(request: Request, response: Response, send: Send) -> None:
    """Sends a body as it is made, until its end or until the caller has gone away. What the journal keeps of it is the
    beginning."""
    assert response.parts is not None
    await send({"type": "http.response.start", "status": response.status, "headers": response.fields})
    gone = asyncio.ensure_future(_gone(request))
    try:
        async for part in response.parts:
            if gone.done() or request.method == "HEAD":
                break
            if len(response.body) < LONGEST_NOTED:
                response.body += part
            await send({"type": "http.response.body", "body": part, "more_body": True})
    finally:
        gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(request: Request) -> None:
    """Returns when the caller has gone away; never for one who cannot be watched."""
    for _ in range(2):
        if (await request.receive())["type"] == "http.disconnect":
            return
    await asyncio.Event().wait()


def _date(response: Response, store: OpenStore) -> None:
    """The reply of a store whose clock is not the system's has its date."""
    response.headers = [(DATE, http_date(store.time())), *response.headers]


def _mounted(request: Request) -> str:
    """The name of the mount at a path: its first segment, and below /api its first two."""
    parts = request.path.lstrip("/").split("/", 2)
    return "/".join(parts[:2]) if request.host_form else parts[0]


def _named(send: Send, request_id: str) -> Send:
    """A `send` that adds the request's id to the reply of a mount."""

    async def named(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"x-request-id", request_id.encode())]
            message = {**message, "headers": headers}
        await send(message)

    return named
