"""The only file that knows ASGI: a scope becomes a Request, a Response a message; every exception is caught once."""

from __future__ import annotations

import functools
import itertools
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from bodega import tracing
from bodega.access.stores import OpenStore
from bodega.aside import aside
from bodega.http.app_context import AppContext
from bodega.http.decision import judge
from bodega.http.products import Seen
from bodega.http.request import Receive, Request, Scope, read_head
from bodega.http.response import Response, refused
from bodega.http.spans import traced
from bodega.http.steps.table import LAW, Steps
from bodega.http.trace import Trace
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.log import Log
from bodega.metrics import Board, Meter
from bodega.storage.tx import Busy, Damaged

FEW_FAULTS = 200
"""A refusal that names more is written aside: each has its words."""

WHOLE = "http.response.whole"
"""The extension of our own server that accepts a reply in one message."""

CUT = "http.response.cut"
"""The extension of our own server that ends the connection, whatever was promised."""

REQUEST_ID = "bodega.request_id"
"""The member of a mount's scope that holds the X-Request-Id of its reply."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Scope, Receive, Send], Awaitable[None]]


class Recorder(Protocol):
    """Keeps a journal of requests and responses (`journal/`)."""

    def note(self, request: Request, seen: Seen, response: Response, us: int, store: OpenStore) -> None:
        """Records an answered request of an existing store, and what was known of it; `us` is its duration in
        microseconds."""


class Wire:
    """The connection of one request, for an answer that is sent in another manner than usual."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._cuts = CUT in scope.get("extensions", ())

    async def start(self, response: Response) -> None:
        """Sends the head of a response."""
        await self._send({"type": "http.response.start", "status": response.status, "headers": response.headers})

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
        """Whether a fault may strike a request with these headers; asked at every one, so it must cost next to nothing."""

    async def answer(self, request: Request, seen: Seen, judged: Judged, wire: Wire) -> Response:
        """Answers the request, struck or not, and sends the answer as far as it is to arrive."""


class Api:
    """The store API as an ASGI application. `mounts` are served besides it, by the first segment of the path."""

    def __init__(
        self,
        app: AppContext,
        log: Log,
        mounts: Mapping[str, Mount] | None = None,
        meter: Meter | None = None,
        journal: Recorder | None = None,
        faults: Injector | None = None,
    ) -> None:
        self._app = app
        self._log = log
        self._journal = journal
        self._faults = faults
        self._mounts = dict(mounts or {})
        self._meter = meter or Board().meter()
        self._tracer = tracing.tracer()
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        began = time.perf_counter()
        if self._app.behind_tls:
            scope = {**scope, "scheme": "https"}  # for the mounts, too
        if self._app.proxies.trusted:
            scope = self._app.proxies.seen_through(scope)
        request = read_head(scope, receive, f"{self._prefix}{next(self._numbers):08x}")
        if not request.version and not request.store and not request.host_form:
            mount = self._mounts.get(request.path.lstrip("/").partition("/")[0])
            if mount is not None:
                await mount({**scope, REQUEST_ID: request.request_id}, receive, _named(send, request.request_id))
                return
        seen = Seen(request.error_media)
        if self._faults is not None and self._faults.concerns(request.headers):
            judged = functools.partial(self._judged, seen=seen)
            response = await self._faults.answer(request, seen, judged, Wire(scope, send))
            self._note(request, seen, response, began)
            return
        if self._tracer is None and b"bodega-trace" not in request.headers:
            response = await self._answer(LAW, request, seen)
        elif self._tracer is None:
            response = await self._respond(request, seen)
        else:
            response = await traced(self._tracer, request, seen, self._respond(request, seen))
        body = b"" if request.method == "HEAD" else response.body
        if WHOLE in scope.get("extensions", ()) and not response.closes:
            await send({"type": WHOLE, "status": response.status, "headers": response.headers, "body": body})
        else:
            await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
            await send({"type": "http.response.body", "body": body})
        self._note(request, seen, response, began)

    def _note(self, request: Request, seen: Seen, response: Response, began: float) -> None:
        """Counts, logs and records an answered request, which began at this `perf_counter`."""
        us = int((time.perf_counter() - began) * 1_000_000)
        self._meter.request(request.version, response.status, response.reason, reads=request.reads, us=us)
        self._log.request(request, response, us, seen.client_id)
        store = seen.store or (self._app.stores.known(request.store) if request.store else None)
        if store is not None and store.keeps_journal and self._journal is not None:
            self._journal.note(request, seen, response, us, store)

    async def _judged(self, steps: Steps, request: Request, *, seen: Seen) -> Response:
        responding = self._respond(request, seen, steps)
        return await (responding if self._tracer is None else traced(self._tracer, request, seen, responding))

    async def _respond(self, request: Request, seen: Seen, steps: Steps = LAW) -> Response:
        if b"bodega-trace" not in request.headers:
            return await self._answer(steps, request, seen)
        trace = Trace()
        response = await self._answer(trace.steps(steps), request, seen)
        response.headers += trace.headers(response.reason, response.status)
        return response

    async def _answer(self, steps: Steps, request: Request, seen: Seen) -> Response:
        try:
            try:
                return await judge(steps, self._app, request, seen)
            except Damaged:
                if not await self._is_damaged(seen):
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


def _named(send: Send, request_id: str) -> Send:
    """A `send` that adds the request's id to the reply of a mount."""

    async def named(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"x-request-id", request_id.encode())]
            message = {**message, "headers": headers}
        await send(message)

    return named
