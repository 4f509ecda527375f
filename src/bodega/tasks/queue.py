"""The queue: tasks are rows of the store, written in the transaction that answers 202."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from bodega.declare.entity import Entity, stored
from bodega.declare.fields import moment
from bodega.law.outcome import Validator
from bodega.storage.unit import Row, Unit

LEASE_SECONDS = 5
"""How long a worker holds a task before another may take it; it is renewed with every step of progress.

A step that takes longer is safe: to claim its task another worker needs the store's write lock, which the step holds.
One that is overtaken between two steps loses its work and not more: what it did is not committed (`Overtaken`).
"""

_replace = msgspec.structs.replace


class Asked(msgspec.Struct):
    """The request as it came, for the worker to carry out; `url` is the path with its query.

    `headers` are those that its answer depends on, by lower-case name. A body that is no UTF-8, as an upload, is not
    shown (`coded`): it is kept apart until the task has ended.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: str = ""
    coded: bool = False


class Answered(msgspec.Struct):
    """The response that the request would have had."""

    status: int
    headers: dict[str, str] = {}
    body: str = ""


class Overtaken(Exception):
    """The lease ran out and another worker took the task up: what this one did for it must not be committed."""


class Task(Entity, kw_only=True):
    """`progress` counts rows done so far; times are empty until they come; `attempt` counts its workers.

    `content` is the base64 form of a body that is not shown.
    """

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
    attempt: int = 0
    content: str = ""


TABLE = stored(
    "tasks",
    Task,
    noun="task",
    columns="state client_id",
    indexed="state",
    hidden="base client_id lease_until attempt content",
)


async def enqueue(unit: Unit, request: Asked, *, base: str, client_id: str, content: str = "") -> Row:
    """A new task of an account; `base` is the scheme and host that its links are built from."""
    task = Task(request=request, date_created=moment(unit.now), base=base, client_id=client_id, content=content)
    return await unit.insert(TABLE, task)


async def claim(unit: Unit, wall: int, *, alone: bool = False) -> Row | None:
    """The oldest task that waits, or whose worker let its lease run out; `wall` is the machine's time in UTC seconds.

    The only worker there is (`alone`) waits for no lease: whoever left a task running is gone.

    Leases run by the machine's clock: a frozen store clock must not keep a dead worker's task for ever.
    """
    waiting = await unit.tx.rows("SELECT id FROM tasks WHERE state IN ('pending', 'running') ORDER BY id LIMIT 20")
    for found in waiting:
        row = await unit.get(TABLE, found[0])
        if row is not None and (row.entity.state == "pending" or alone or row.entity.lease_until < wall):
            started = row.entity.date_started or moment(unit.now)
            lease = wall + LEASE_SECONDS
            taken = _replace(
                row.entity, state="running", date_started=started, lease_until=lease, attempt=row.entity.attempt + 1
            )
            return await unit.update(TABLE, row, taken)
    return None


async def advance(unit: Unit, task: Task, done: int, wall: int) -> None:
    """Progress of so many rows more; renews the lease. Raises Overtaken."""
    row = await _held(unit, task)
    changed = _replace(row.entity, progress=row.entity.progress + done, lease_until=wall + LEASE_SECONDS)
    await unit.update(TABLE, row, changed)


async def finish(unit: Unit, task: Task, response: Answered, done: int = 0) -> None:
    """The end of a task, in the transaction of its last write, which did so many rows. Raises Overtaken."""
    row = await _held(unit, task)
    state: Literal["done", "failed"] = "done" if response.status < 400 else "failed"
    ended = _replace(
        row.entity,
        state=state,
        response=response,
        date_finished=moment(unit.now),
        progress=row.entity.progress + done,
        lease_until=0,
        content="",
    )
    await unit.update(TABLE, row, ended)


async def _held(unit: Unit, task: Task) -> Row:
    """The task's row as it is now, while it is still the claimant's."""
    row = await unit.get(TABLE, task.id)
    if row is None or row.entity.state != "running" or row.entity.attempt != task.attempt:
        raise Overtaken(task.id)
    return row


def shown(row: Row) -> tuple[bytes, Validator]:
    """A task's V3 form."""
    return TABLE.encode(row.entity)[0], Validator(row.version, row.modified)


def as_data(row: Row) -> Any:
    """A task as plain data, for V2."""
    return msgspec.json.decode(TABLE.encode(row.entity)[0])
