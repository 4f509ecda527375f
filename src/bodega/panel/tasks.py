"""Tasks: writes that were accepted with 202 and are carried out by a worker."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.access import team
from bodega.panel import views
from bodega.panel.api import number, page_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.storage import query, rows
from bodega.storage.plan import Condition, QueryPlan
from bodega.storage.unit import Unit
from bodega.tasks import queue

pages = Pages()

LIMIT = 50
STATES = ("pending", "running", "done", "failed", "cancelled")


VIEWS = views.declare("tasks", "Tasks", {"state": "State"})


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The newest first."""
    state = request.query_value("state")
    where = (Condition("state", "eq", state),) if state in STATES else ()
    page = page_of(request)
    found: list[queue.Task] = []
    if request.shop.rows is not None:
        plan = QueryPlan(queue.TABLE, where, ("id", True), LIMIT + 1, (page - 1) * LIMIT)
        found = await rows.entities(request.shop.rows.reader, request.shop.page_index, plan, rows.NOTHING)
    names = {client: account.name for client, account in request.shop.by_client.items()}
    busy = any(task.state in ("pending", "running") for task in found)
    facts: dict[str, Any] = {"tasks": found[:LIMIT], "more": len(found) > LIMIT, "names": names, "busy": busy}
    facts |= {"view": view, "query": view.carry({"state": state}, {"state": STATES})}
    template = "tasks_rows.html" if request.swapped else "tasks.html"
    return show(request, template, page=page, state=state, states=STATES, **facts)


async def the_task(request: PanelRequest) -> queue.Task:
    """The task in the path. Raises PageError."""
    found = None
    if request.shop.rows is not None:
        found = await query.get(request.shop.rows.reader, queue.TABLE, number(request.ids["task"]))
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such task.")
    task: queue.Task = found.entity
    return task


@pages.get("/stores/{store}/tasks/{task}")
async def detail(request: PanelRequest) -> Reply:
    """One task with its request and its response."""
    return await _show(request, await the_task(request))


def _may_read(request: PanelRequest, task: queue.Task) -> bool:
    """Whether whoever asks may read what a task was sent and answered, which may be anything that the API tells: those
    who may change tasks, and of products those who keep them."""
    of_products = task.request.url.partition("?")[0].partition("/v3/")[2].startswith("catalog/")
    return team.may(request.role, "/tasks", changes=True) or (
        of_products and team.may(request.role, "/products", changes=True)
    )


async def _show(request: PanelRequest, task: queue.Task, message: str = "") -> Reply:
    from bodega import masking

    readable = _may_read(request, task)
    kind = task.request.headers.get("content-type", "")
    body = task.request.body if task.request.coded else masking.body(task.request.body, kind)
    names = {client: account.name for client, account in request.shop.by_client.items()}
    answered = task.response
    response = masking.body(answered.body, answered.headers.get("content-type", "")) if answered else ""
    busy = task.state in ("pending", "running")
    return show(
        request, "task.html", status=HTTPStatus.CONFLICT if message else HTTPStatus.OK, task=task,
        body=body if readable else "", readable=readable, message=message, response=response if readable else "",
        names=names, busy=busy, again=may_be_repeated(request, task),
    )  # fmt: skip


def may_be_repeated(request: PanelRequest, task: queue.Task) -> bool:
    """Whether its request can be carried out again: it had no effect, is kept in full, and its account exists."""
    came_to_nothing = task.state in ("failed", "cancelled")
    return came_to_nothing and not task.request.coded and task.client_id in request.shop.by_client


@pages.post("/stores/{store}/tasks/{task}/cancel")
async def cancel(request: PanelRequest) -> Reply:
    """Cancels a task; what it did until then stays done."""
    task = await the_task(request)

    async def job(unit: Unit) -> bool:
        row = await unit.get(queue.TABLE, task.id)
        return row is not None and await queue.cancel(unit, row)

    if not await request.shop.write(job):
        return await _show(request, await the_task(request), "It has already ended.")
    return go(f"{request.base}/tasks/{task.id}?done=cancelled", *SAFE)


@pages.post("/stores/{store}/tasks/{task}/again")
async def again(request: PanelRequest) -> Reply:
    """Creates a new task for the same request and account."""
    task = await the_task(request)
    if not may_be_repeated(request, task):
        return await _show(request, task, "It cannot be carried out again.")

    async def job(unit: Unit) -> int:
        row = await queue.enqueue(unit, task.request, base=task.base, client_id=task.client_id)
        new: int = row.entity.id
        return new

    new = await request.shop.write(job)
    request.panel.api.wake_worker(request.shop)
    return go(f"{request.base}/tasks/{new}?done=again", *SAFE)
