"""Tasks: writes that were accepted with 202 and are carried out by a worker."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.panel.templates_of import show
from bodega.panel.web import Asked, Pages, Reply, Turned
from bodega.storage import rows
from bodega.storage.plan import Condition, Plan
from bodega.tasks import queue

pages = Pages()

LIMIT = 50
STATES = ("pending", "running", "done", "failed")


@pages.get("/stores/{store}/tasks")
async def listed(asked: Asked) -> Reply:
    """The newest first."""
    state = asked.asked_for("state")
    where = (Condition("state", "eq", state),) if state in STATES else ()
    number = asked.asked_for("page")
    page = max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    found: list[queue.Task] = []
    if asked.shop.rows is not None:
        plan = Plan(queue.TABLE, where, ("id", True), LIMIT + 1, (page - 1) * LIMIT)
        read = await rows.page(asked.shop.rows.reader, asked.shop.census, plan, rows.NOTHING, "t.doc, t.rest")
        found = [queue.TABLE.decode(row[0], row[1]) for row in read]
    names = {client: account.name for client, account in asked.shop.by_client.items()}
    busy = any(task.state in ("pending", "running") for task in found)
    facts: dict[str, Any] = {"tasks": found[:LIMIT], "more": len(found) > LIMIT, "names": names, "busy": busy}
    template = "tasks_rows.html" if asked.swapped else "tasks.html"
    return show(asked, template, page=page, state=state, states=STATES, **facts)


@pages.get("/stores/{store}/tasks/{task}")
async def one(asked: Asked) -> Reply:
    """One task with its request and its response."""
    number = asked.ids["task"]
    found = None
    if asked.shop.rows is not None and number.isascii() and number.isdigit() and len(number) < 10:
        found = await rows.get(asked.shop.rows.reader, queue.TABLE, int(number))
    if found is None:
        raise Turned(HTTPStatus.NOT_FOUND, "There is no such task.")
    from bodega.http import masking

    task = found.entity
    kind = task.request.headers.get("content-type", "")
    body = task.request.body if task.request.coded else masking.body(task.request.body, kind)
    names = {client: account.name for client, account in asked.shop.by_client.items()}
    answered = task.response
    response = masking.body(answered.body, answered.headers.get("content-type", "")) if answered else ""
    busy = task.state in ("pending", "running")
    return show(asked, "task.html", task=task, body=body, response=response, names=names, busy=busy)
