"""Carries out a task's request later: it is judged again from the route on, and the response goes into the task."""

from __future__ import annotations

import base64
import time
from typing import Any

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.internal import PANEL, owner_account
from bodega.http.products import Preconditions, RoutedRequest, Seen
from bodega.http.request import Request, read_head
from bodega.http.response import Response, answered, refused
from bodega.http.steps import execution, routing
from bodega.kit.chunk import Chunk
from bodega.law.outcome import Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.query import Row
from bodega.storage.tx import Busy
from bodega.storage.unit import Unit
from bodega.tasks import queue


class TaskExecutor:
    """Carries out tasks with the routes of the application."""

    def __init__(self, app: AppContext) -> None:
        self._app = app

    async def __call__(self, store: OpenStore, row: Row) -> queue.State:
        """Runs a claimed task and returns how it ended. Its effect and its end are one transaction: it happens exactly
        once."""
        task: queue.Task = row.entity
        request = _ask(task)
        seen = Seen(request.error_media, store=store, client_id=task.client_id)
        account = store.by_client.get(task.client_id)
        if task.client_id == PANEL:
            account = owner_account(PANEL, store.record.hash)
        try:
            if task.crash_count >= queue.MAX_CRASHES:
                raise Refusal(Reason.INTERNAL_ERROR, _GIVEN_UP, details={"request_id": request.request_id})
            if account is None or account.disabled:
                raise Refusal(Reason.CREDENTIALS_WRONG)
            return await self._judge(request, Caller(account, store, limited=False), task, seen)
        except Refusal as refusal:
            seen.learn(refusal)
            return await _end(store, task, refused(self._app, request, seen, refusal))
        except (Busy, queue.Overtaken):
            raise
        except Exception:
            # The worker logs it; the caller reads here what the response would have been.
            fault = Refusal(Reason.INTERNAL_ERROR, details={"request_id": request.request_id})
            await _end(store, task, refused(self._app, request, seen, fault))
            raise

    async def _judge(self, request: Request, caller: Caller, task: queue.Task, seen: Seen) -> queue.State:
        match = routing.find_route(self._app, request)
        action = routing.allowed_action(self._app, request, match)
        routing.require_scope(request, caller, action)
        media = seen.media = routing.acceptable(request, action)
        body = _body(task)
        untouched = task.progress == 0
        ended: list[queue.State] = []
        while not ended:
            context = routing.parse_query(request, caller, match, action, media, task=task.id)
            routed = RoutedRequest(self._app, request, caller, action, media, body, context)
            found = await execution.find_entity(routed)
            # In later chunks, differences from the caller's copy come from the task itself.
            before = execution.preconditions(routed, found) if untouched else Preconditions()
            untouched = False
            draft = await execution.read_draft(routed, found)

            async def then(unit: Unit, outcome: Outcome) -> None:
                ended.clear()  # a job can run twice
                chunk = _chunk(outcome)
                if chunk.more:
                    await queue.advance(unit, task, chunk.done, int(time.time()))
                else:
                    response = _response(await answered(request, media, b"", outcome, None, caller.store.time()))
                    ended.append(await queue.finish(unit, task, response, chunk.done))

            await execution.perform(routed, found, before, draft, then)
        return ended[0]


async def _end(store: OpenStore, task: queue.Task, response: Response) -> queue.State:
    ending = _response(response)

    async def job(unit: Unit) -> queue.State:
        return await queue.finish(unit, task, ending)

    state: queue.State = await store.write(job)
    return state


def _chunk(outcome: Outcome) -> Chunk:
    return outcome.value if isinstance(outcome.value, Chunk) else Chunk(0, more=False)


def _body(task: queue.Task) -> bytes:
    return base64.b64decode(task.content) if task.request.coded else task.request.body.encode()


def _headers(request: queue.TaskRequest) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in request.headers.items()]


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


def _ask(task: queue.Task) -> Request:
    path, _, query = task.request.url.partition("?")
    scheme, _, host = task.base.partition("://")
    scope = {
        "method": task.request.method,
        "scheme": scheme,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(b"host", host.encode()), *_headers(task.request)],
    }
    return read_head(scope, _nothing, f"task-{task.id}")


def _response(response: Response) -> queue.TaskResponse:
    kept = {name.decode(): value.decode("latin-1") for name, value in response.fields if name in _KEPT}
    return queue.TaskResponse(response.status, kept, response.body.decode())


_GIVEN_UP = f"The task was given up: {queue.MAX_CRASHES} times the server ended while it was being carried out."
_KEPT = frozenset({b"content-type", b"location", b"etag", b"bodega-reason"})
