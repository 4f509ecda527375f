"""Tasks: what a 202 promised; state, progress, the request, and the response it would have had."""

from __future__ import annotations

import msgspec

from bodega.declare.facet import Facet
from bodega.declare.listing import Listing
from bodega.declare.route import collection, item
from bodega.declare.shape import Derived, V2Shape
from bodega.tasks.queue import TABLE, Task

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

V2 = Facet(2, TABLE, Listing(TABLE, 2, "state min_id max_id"), "", "tasks", v2=v2, owner="client_id")
V3 = Facet(3, TABLE, Listing(TABLE, 3, "id:set state"), "", "tasks", owner="client_id")

routes = (
    collection("tasks", V2, "GET"),
    item("tasks/{id}", V2, "GET"),
    collection("tasks", V3, "GET"),
    item("tasks/{id}", V3, "GET"),
)
