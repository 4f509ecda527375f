"""A task's request, carried out later: judged again from the route on, answered into the task instead of a socket."""

from __future__ import annotations

import base64
import time
from typing import Any

from bodega.access.stores import OpenStore
from bodega.http import aim, deed
from bodega.http.answer import Answer, answered, refused
from bodega.http.ask import Ask, read_head
from bodega.http.house import Caller, House
from bodega.kit.actions import Chunk
from bodega.law.outcome import Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.tx import Busy
from bodega.storage.unit import Row, Unit
from bodega.tasks import queue


class Replay:
    """Carries out tasks with the routes of a house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, store: OpenStore, row: Row) -> queue.State:
        """Runs a claimed task: how it ended. Its effect and its end are one transaction, so it happens exactly once."""
        task: queue.Task = row.entity
        ask = _ask(task)
        account = store.by_client.get(task.client_id)
        try:
            if task.crash_count >= queue.MAX_CRASHES:
                raise Refusal(Reason.INTERNAL_ERROR, _GIVEN_UP, details={"request_id": ask.request_id})
            if account is None or account.disabled:
                raise Refusal(Reason.CREDENTIALS_WRONG)
            return await self._judge(ask, Caller(account, store), task)
        except Refusal as refusal:
            return await _end(store, task, refused(ask, refusal))
        except (Busy, queue.Overtaken):
            raise
        except Exception:
            # The worker logs it; the caller reads here what they would have been answered.
            await _end(
                store, task, refused(ask, Refusal(Reason.INTERNAL_ERROR, details={"request_id": ask.request_id}))
            )
            raise

    async def _judge(self, ask: Ask, caller: Caller, task: queue.Task) -> queue.State:
        match = aim.find_route(self._house, ask)
        action = aim.allowed_action(ask, match)
        aim.require_scope(ask, caller, action)
        aim.acceptable(ask, action)
        body = _body(task)
        untouched = task.progress == 0
        ended: list[queue.State] = []
        while not ended:
            call = aim.parse_query(ask, caller, match, action)
            call.in_task = True
            state = await deed.find_entity(ask, caller, action, call, body)
            if untouched:  # later, what differs from the caller's copy is the task's own work
                deed.preconditions(ask, action, call, state)
                untouched = False
            deed.read_draft(ask, action, call, body)

            async def then(unit: Unit, outcome: Outcome) -> None:
                ended.clear()  # a job may run twice
                chunk = _chunk(outcome)
                if chunk.more:
                    await queue.advance(unit, task, chunk.done, int(time.time()))
                else:
                    response = _response(answered(ask, outcome, None))
                    ended.append(await queue.finish(unit, task, response, chunk.done))

            call.then = then
            await deed.perform(self._house, ask, caller, action, call, body)
        return ended[0]


async def _end(store: OpenStore, task: queue.Task, answer: Answer) -> queue.State:
    ending = _response(answer)

    async def job(unit: Unit) -> queue.State:
        return await queue.finish(unit, task, ending)

    state: queue.State = await store.write(job)
    return state


def _chunk(outcome: Outcome) -> Chunk:
    return outcome.value if isinstance(outcome.value, Chunk) else Chunk(0, more=False)


def _body(task: queue.Task) -> bytes:
    return base64.b64decode(task.content) if task.request.coded else task.request.body.encode()


def _headers(request: queue.Asked) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in request.headers.items()]


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


def _ask(task: queue.Task) -> Ask:
    path, _, query = task.request.url.partition("?")
    scheme, _, host = task.base.partition("://")
    scope = {
        "method": task.request.method,
        "scheme": scheme,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(b"host", host.encode()), *_headers(task.request)],
    }
    ask = read_head(scope, _nothing, f"task-{task.id}")
    ask.client_id = task.client_id
    return ask


def _response(answer: Answer) -> queue.Answered:
    kept = {name.decode(): value.decode("latin-1") for name, value in answer.headers if name in _KEPT}
    return queue.Answered(answer.status, kept, answer.body.decode())


_GIVEN_UP = f"The task was given up: {queue.MAX_CRASHES} times the server ended while it was being carried out."
_KEPT = frozenset({b"content-type", b"location", b"etag", b"bodega-reason"})
