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
from bodega.law.outcome import Emptied, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.unit import Row, Unit
from bodega.tasks import queue


class Replay:
    """Carries out tasks with the routes of a house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, store: OpenStore, row: Row) -> None:
        """Runs one claimed task. Its effect and its end are one transaction, so it happens exactly once."""
        task: queue.Task = row.entity
        ask = _ask(task)
        account = store.by_client.get(task.client_id)
        try:
            if account is None or account.disabled:
                raise Refusal(Reason.CREDENTIALS_WRONG)
            await self._judge(ask, Caller(account, store), task)
        except Refusal as refusal:
            ending = _response(refused(ask, refusal))

            async def job(unit: Unit) -> None:
                await queue.finish(unit, task.id, ending)

            await store.write(job)

    async def _judge(self, ask: Ask, caller: Caller, task: queue.Task) -> None:
        match = aim.find_route(self._house, ask)
        action = aim.allowed_action(ask, match)
        aim.require_scope(ask, caller, action)
        body = _body(task.request)
        unfinished = True
        while unfinished:
            call = aim.parse_query(ask, caller, match, action)
            call.in_task = True
            await deed.find_entity(ask, action, call)
            deed.read_draft(ask, action, call, body)

            async def then(unit: Unit, outcome: Outcome) -> None:
                if _more(outcome):
                    await queue.advance(unit, task.id, outcome.value, int(time.time()))
                else:
                    await queue.finish(unit, task.id, _response(answered(ask, outcome, None)))

            call.then = then
            outcome = await deed.perform(self._house, ask, caller, action, call, body)
            unfinished = _more(outcome)


def _more(outcome: Outcome) -> bool:
    return type(outcome) is Emptied and outcome.value is not None


def _body(request: queue.Asked) -> bytes:
    return base64.b64decode(request.body) if request.coded else request.body.encode()


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
        "headers": [(b"host", host.encode()), (b"content-type", task.request.content_type.encode("latin-1"))],
    }
    ask = read_head(scope, _nothing, f"task-{task.id}")
    ask.client_id = task.client_id
    return ask


def _response(answer: Answer) -> queue.Answered:
    kept = {name.decode(): value.decode("latin-1") for name, value in answer.headers if name in _KEPT}
    return queue.Answered(answer.status, kept, answer.body.decode())


_KEPT = frozenset({b"content-type", b"location", b"etag", b"bodega-reason"})
