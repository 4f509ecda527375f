"""The only file that knows ASGI: a scope becomes an Ask, an Answer a message; every exception is caught once."""

from __future__ import annotations

import itertools
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bodega.http.answer import Answer, refused
from bodega.http.ask import Ask, Receive, Scope, read_head
from bodega.http.decision import Steps, judge
from bodega.http.house import House
from bodega.http.journal import Journal
from bodega.http.trace import Trace
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.log import Log
from bodega.metrics import Board, Meter
from bodega.storage.tx import Busy

WHOLE = "http.response.whole"
"""The extension of our own server that takes a reply in one message."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Scope, Receive, Send], Awaitable[None]]


class Api:
    """The store API as an ASGI application. `mounts` are served beside it, by the first segment of the path."""

    def __init__(
        self,
        house: House,
        log: Log,
        mounts: Mapping[str, Mount] | None = None,
        meter: Meter | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._house = house
        self._log = log
        self._journal = journal or Journal()
        self._mounts = dict(mounts or {})
        self._meter = meter or Board().meter()
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        began = time.perf_counter()
        if self._house.behind_tls:
            scope = {**scope, "scheme": "https"}  # for the mounts, too
        ask = read_head(scope, receive, f"{self._prefix}{next(self._numbers):08x}")
        if not ask.version and not ask.store and not ask.host_form:
            mount = self._mounts.get(ask.path.lstrip("/").partition("/")[0])
            if mount is not None:
                await mount(scope, receive, _named(send, ask.request_id))
                return
        if b"bodega-trace" in ask.headers:
            trace = Trace()
            answer = await self._answer(trace.steps(), ask)
            answer.headers += trace.headers(answer.reason, answer.status)
        else:
            answer = await self._answer(Steps, ask)
        body = b"" if ask.method == "HEAD" else answer.body
        if WHOLE in scope.get("extensions", ()) and not answer.closes:
            await send({"type": WHOLE, "status": answer.status, "headers": answer.headers, "body": body})
        else:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": body})
        us = int((time.perf_counter() - began) * 1_000_000)
        self._meter.request(ask.version, answer.status, answer.reason, reads=ask.reads, us=us)
        self._log.request(ask, answer, us)
        store = ask.opened or (self._house.stores.known(ask.store) if ask.store else None)
        if store is not None and store.keeps_journal:
            self._journal.note(ask, answer, us, store)

    async def _answer(self, steps: type[Steps], ask: Ask) -> Answer:
        try:
            return await judge(steps, self._house, ask)
        except Refusal as refusal:
            return refused(ask, refusal)
        except ConnectionResetError:
            return Answer(499, [], reason="CALLER_GONE")
        except Busy as error:
            self._log.event("database unreachable", request_id=ask.request_id, error=str(error))
            return refused(ask, Refusal(Reason.UNREACHABLE, headers=[(b"retry-after", b"5")]))
        except Exception as error:
            # The traceback goes to the log, the request id to the caller: no internals leave the house.
            text = "".join(traceback.format_exception(error))
            self._log.event("internal error", request_id=ask.request_id, path=ask.path, traceback=text)
            return refused(ask, Refusal(Reason.INTERNAL_ERROR, details={"request_id": ask.request_id}))


def _named(send: Send, request_id: str) -> Send:
    """A send that puts the request's id on the reply of a mount."""

    async def named(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"x-request-id", request_id.encode())]
            message = {**message, "headers": headers}
        await send(message)

    return named
