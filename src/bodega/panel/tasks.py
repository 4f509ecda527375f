"""Tasks: writes that were accepted with 202 and are carried out by a worker."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.panel.api import number, page_of
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, Turned, go
from bodega.storage import rows
from bodega.storage.plan import Condition, Plan
from bodega.storage.unit import Unit
from bodega.tasks import queue

pages = Pages()

LIMIT = 50
STATES = ("pending", "running", "done", "failed", "cancelled")


@pages.get("/stores/{store}/tasks")
async def listed(asked: Asked) -> Reply:
    """The newest first."""
    state = asked.asked_for("state")
    where = (Condition("state", "eq", state),) if state in STATES else ()
    page = page_of(asked)
    found: list[queue.Task] = []
    if asked.shop.rows is not None:
        plan = Plan(queue.TABLE, where, ("id", True), LIMIT + 1, (page - 1) * LIMIT)
        read = await rows.page(asked.shop.rows.reader, asked.shop.page_index, plan, rows.NOTHING, "t.doc, t.rest")
        found = [queue.TABLE.decode(row[0], row[1]) for row in read]
    names = {client: account.name for client, account in asked.shop.by_client.items()}
    busy = any(task.state in ("pending", "running") for task in found)
    facts: dict[str, Any] = {"tasks": found[:LIMIT], "more": len(found) > LIMIT, "names": names, "busy": busy}
    template = "tasks_rows.html" if asked.swapped else "tasks.html"
    return show(asked, template, page=page, state=state, states=STATES, **facts)


async def the_task(asked: Asked) -> queue.Task:
    """The task in the path. Raises Turned."""
    found = None
    if asked.shop.rows is not None:
        found = await rows.get(asked.shop.rows.reader, queue.TABLE, number(asked.ids["task"]))
    if found is None:
        raise Turned(HTTPStatus.NOT_FOUND, "There is no such task.")
    task: queue.Task = found.entity
    return task


@pages.get("/stores/{store}/tasks/{task}")
async def one(asked: Asked) -> Reply:
    """One task with its request and its response."""
    return await _show(asked, await the_task(asked))


async def _show(asked: Asked, task: queue.Task, said: str = "") -> Reply:
    from bodega.http import masking

    kind = task.request.headers.get("content-type", "")
    body = task.request.body if task.request.coded else masking.body(task.request.body, kind)
    names = {client: account.name for client, account in asked.shop.by_client.items()}
    answered = task.response
    response = masking.body(answered.body, answered.headers.get("content-type", "")) if answered else ""
    busy = task.state in ("pending", "running")
    return show(
        asked, "task.html", status=HTTPStatus.CONFLICT if said else HTTPStatus.OK, task=task, body=body, said=said,
        response=response, names=names, busy=busy, again=may_be_repeated(asked, task),
    )  # fmt: skip


def may_be_repeated(asked: Asked, task: queue.Task) -> bool:
    """Whether its request can be carried out once more: it came to nothing, it is all there, and so is its account."""
    came_to_nothing = task.state in ("failed", "cancelled")
    return came_to_nothing and not task.request.coded and task.client_id in asked.shop.by_client


@pages.post("/stores/{store}/tasks/{task}/cancel")
async def cancel(asked: Asked) -> Reply:
    """Calls a task off; what it did until then stays done."""
    task = await the_task(asked)

    async def job(unit: Unit) -> bool:
        row = await unit.get(queue.TABLE, task.id)
        return row is not None and await queue.cancel(unit, row)

    if not await asked.shop.write(job):
        return await _show(asked, await the_task(asked), "It has ended already.")
    return go(f"{asked.base}/tasks/{task.id}?done=cancelled", *SAFE)


@pages.post("/stores/{store}/tasks/{task}/again")
async def again(asked: Asked) -> Reply:
    """Makes a new task of the same request, for the same account."""
    task = await the_task(asked)
    if not may_be_repeated(asked, task):
        return await _show(asked, task, "It cannot be carried out again.")

    async def job(unit: Unit) -> int:
        row = await queue.enqueue(unit, task.request, base=task.base, client_id=task.client_id)
        new: int = row.entity.id
        return new

    new = await asked.shop.write(job)
    asked.house.api.wake_worker(asked.shop)
    return go(f"{asked.base}/tasks/{new}?done=again", *SAFE)
