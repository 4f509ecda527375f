"""Tasks: writes that were answered with 202; their state, progress, request, and later response."""

from __future__ import annotations

import msgspec

from bodega.kit.actions import Delete
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, route
from bodega.kit.v2_members import Derived
from bodega.kit.v2_shape import V2Shape
from bodega.law.outcome import Emptied, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.aggregate import Aggregate
from bodega.storage.unit import Unit
from bodega.tasks import queue
from bodega.tasks.queue import TABLE, Task, cancel

v2 = V2Shape(
    Task,
    "tasks",
    "task",
    "id! state! progress! request! response! date_created! date_started! date_finished!",
    {
        "request": Derived(lambda task: msgspec.to_builtins(task.request), "object"),
        "response": Derived(lambda task: msgspec.to_builtins(task.response), "object"),
    },
)

V2 = Endpoint(2, TABLE, Listing(TABLE, 2, "state min_id max_id"), "", "tasks", v2=v2, owner="client_id")
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, "id state"), "", "tasks", owner="client_id")


class Cancel(Delete):
    """DELETE cancels a task; it can still be read until a sweep deletes it."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await unit.get(TABLE, context.ids[-1])
        if write.recheck is not None:
            write.recheck(Validator(row.version, row.modified) if row else None)
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        if not await cancel(unit, row):
            raise Refusal(Reason.TASK_ENDED, details={"state": row.entity.state})
        return Emptied()


routes = (
    collection("tasks", V2, "GET"),
    item("tasks/{id}", V2, "GET").also(route("tasks/{id}", 2, DELETE=Cancel(V2))),
    collection("tasks", V3, "GET"),
    item("tasks/{id}", V3, "GET").also(route("tasks/{id}", 3, DELETE=Cancel(V3))),
)

RESOURCE = Resource(aggregates=(Aggregate(queue.TABLE),), routes=routes)
