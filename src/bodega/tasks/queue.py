"""The queue: tasks are rows of the store, written in the transaction that answers 202."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from bodega.declare.entity import Entity, stored
from bodega.declare.fields import moment
from bodega.law.outcome import Validator
from bodega.storage.unit import Row, Unit

LEASE_SECONDS = 60
"""How long a worker holds a task before another may take it; it is renewed with every step of progress."""

_replace = msgspec.structs.replace


class Asked(msgspec.Struct):
    """The request as it came, for the worker to carry out; `url` is the path with its query.

    A body that is no UTF-8 is kept as base64 (`coded`).
    """

    method: str
    url: str
    content_type: str = ""
    body: str = ""
    coded: bool = False


class Answered(msgspec.Struct):
    """The response that the request would have had."""

    status: int
    headers: dict[str, str] = {}
    body: str = ""


class Task(Entity, kw_only=True):
    """`progress` counts rows done so far; times are empty until they come."""

    state: Literal["pending", "running", "done", "failed"] = "pending"
    progress: int = 0
    request: Asked
    response: Answered | None = None
    date_created: str = ""
    date_started: str = ""
    date_finished: str = ""
    base: str = ""
    client_id: str = ""
    lease_until: int = 0


TABLE = stored(
    "tasks",
    Task,
    noun="task",
    columns="state",
    indexed="state",
    hidden="base client_id lease_until",
)


async def enqueue(unit: Unit, request: Asked, *, base: str, client_id: str) -> Row:
    """A new task of an account; `base` is the scheme and host that its links are built from."""
    task = Task(request=request, date_created=moment(unit.now), base=base, client_id=client_id)
    return await unit.insert(TABLE, task)


async def claim(unit: Unit, wall: int) -> Row | None:
    """The oldest task that waits, or whose worker let its lease run out; `wall` is the machine's time in UTC seconds.

    Leases run by the machine's clock: a frozen store clock must not keep a dead worker's task for ever.
    """
    waiting = await unit.tx.rows("SELECT id FROM tasks WHERE state IN ('pending', 'running') ORDER BY id LIMIT 20")
    for found in waiting:
        row = await unit.get(TABLE, found[0])
        if row is not None and (row.entity.state == "pending" or row.entity.lease_until < wall):
            started = row.entity.date_started or moment(unit.now)
            lease = wall + LEASE_SECONDS
            return await unit.update(
                TABLE, row, _replace(row.entity, state="running", date_started=started, lease_until=lease)
            )
    return None


async def advance(unit: Unit, task_id: int, done: int, wall: int) -> None:
    """Progress of so many rows more; renews the lease."""
    row = await unit.get(TABLE, task_id)
    if row is not None:
        task: Task = row.entity
        changed = _replace(task, progress=task.progress + done, lease_until=wall + LEASE_SECONDS)
        await unit.update(TABLE, row, changed)


async def finish(unit: Unit, task_id: int, response: Answered, done: int = 0) -> None:
    """The end of a task, in the transaction of its last write."""
    row = await unit.get(TABLE, task_id)
    if row is None:
        return
    task: Task = row.entity
    state: Literal["done", "failed"] = "done" if response.status < 400 else "failed"
    ended = _replace(
        task,
        state=state,
        response=response,
        date_finished=moment(unit.now),
        progress=task.progress + done,
        lease_until=0,
    )
    await unit.update(TABLE, row, ended)


def shown(row: Row) -> tuple[bytes, Validator]:
    """A task's V3 form."""
    return TABLE.encode(row.entity)[0], Validator(row.version, row.modified)


def as_data(row: Row) -> Any:
    """A task as plain data, for V2."""
    return msgspec.json.decode(TABLE.encode(row.entity)[0])
