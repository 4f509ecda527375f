"""The queue: tasks are rows of the store, written in the transaction that answers 202."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import moment
from bodega.law.outcome import Validator
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.unit import Unit

LEASE_SECONDS = 5
"""How long a worker holds a task before another may take it; it is renewed with every step of progress.

A longer step is safe: to claim its task another worker needs the store's write lock, which the step holds. A worker
that is overtaken between two steps loses only that work: it is not committed (`Overtaken`).
"""

SKEW_SECONDS = 5
"""How far the clocks of two machines may be apart. A lease that ends later is ignored: a clock was set back."""

MAX_CRASHES = 5
"""A task during which so many workers crashed, without progress in between, fails."""

FIRST_PAUSE_SECONDS = 2
"""The pause before a task that was abandoned twice is retried; four times as long after each further crash."""

KEPT = "tasks.keep_seconds"
"""The setting that says how long a task that ended is kept, by the store's clock."""

SWEPT = 250
"""Tasks that one sweep deletes at most."""

_replace = msgspec.structs.replace


class TaskRequest(msgspec.Struct):
    """The request as it came, for the worker to carry out; `url` is the path with its query.

    `headers` are those that its answer depends on, by lower-case name. A body that is not UTF-8, such as an upload, is
    not shown (`coded`): it is kept apart until the task has ended.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: str = ""
    coded: bool = False


class TaskResponse(msgspec.Struct):
    """The response that the request would have had."""

    status: int
    headers: dict[str, str] = {}
    body: str = ""


class Overtaken(Exception):
    """The lease ran out and another worker took the task up: what this one did for it must not be committed."""


State = Literal["pending", "running", "done", "failed", "cancelled"]


class Task(Entity, kw_only=True):
    """`progress` counts rows done so far; times are empty until they come; `attempt` counts its claims.

    `content` is the base64 form of a body that is not shown. `crash_count` counts the workers that crashed
    since it last made progress.
    """

    state: State = "pending"
    progress: int = 0
    request: TaskRequest
    response: TaskResponse | None = None
    date_created: str = ""
    date_started: str = ""
    date_finished: str = ""
    base: str = ""
    client_id: str = ""
    lease_until: int = 0
    attempt: int = 0
    content: str = ""
    crash_count: int = 0


TABLE = stored(
    "tasks",
    Task,
    noun="task",
    columns="state client_id",
    indexed="state",
    hidden="base client_id lease_until attempt content crash_count",
)


async def enqueue(unit: Unit, request: TaskRequest, *, base: str, client_id: str, content: str = "") -> Row:
    """A new task of an account; `base` is the scheme and host that its links are built from."""
    task = Task(request=request, date_created=moment(unit.now), base=base, client_id=client_id, content=content)
    return await unit.insert(TABLE, task)


async def claim(unit: Unit, wall: int, *, alone: bool = False) -> Row | None:
    """The oldest task that is waiting, or whose worker's lease ran out; `wall` is the machine's time in UTC seconds.

    A single worker (`alone`) waits for no lease: whoever left a task running is gone. A task that was abandoned more
    than once has to wait, since it may be what crashes its workers.

    Leases use the machine's clock: a frozen store clock must not hold a dead worker's task for ever.
    """
    # Abandoned tasks come first: they are older. Each query uses an index, however many tasks are waiting.
    left = await query.values(unit.tx, "SELECT id FROM tasks WHERE state = 'running' ORDER BY id LIMIT 100")
    waiting = await query.values(unit.tx, "SELECT id FROM tasks WHERE state = 'pending' ORDER BY id LIMIT 1")
    for task_id in (*left, *waiting):
        row = await unit.get(TABLE, task_id)
        if row is not None and _free(row.entity, wall, alone=alone):
            was_left = row.entity.state == "running"
            taken = _replace(
                row.entity,
                state="running",
                date_started=row.entity.date_started or moment(unit.now),
                lease_until=wall + LEASE_SECONDS,
                attempt=row.entity.attempt + 1,
                crash_count=row.entity.crash_count + was_left,
            )
            return await unit.update(TABLE, row, taken)
    return None


def _free(task: Task, wall: int, *, alone: bool) -> bool:
    """Whether nobody works on a task and it may be tried."""
    if task.state == "pending" or task.lease_until > wall + LEASE_SECONDS + SKEW_SECONDS:
        return True
    ended = task.lease_until - LEASE_SECONDS if alone else task.lease_until + 1
    pause = FIRST_PAUSE_SECONDS * 4 ** (task.crash_count - 1) if task.crash_count else 0
    return wall >= ended + pause


async def advance(unit: Unit, task: Task, done: int, wall: int) -> None:
    """Progress of so many rows more; renews the lease. Raises Overtaken."""
    row = await _held(unit, task)
    changed = _replace(row.entity, progress=row.entity.progress + done, lease_until=wall + LEASE_SECONDS, crash_count=0)
    await unit.update(TABLE, row, changed)


async def renew(unit: Unit, task: Task, wall: int) -> None:
    """The worker is still alive: renews the lease. Raises Overtaken."""
    row = await _held(unit, task)
    await unit.update(TABLE, row, _replace(row.entity, lease_until=wall + LEASE_SECONDS))


async def release(unit: Unit, task: Task) -> None:
    """The worker stops and hands the task back: nobody has to wait for its lease. Raises Overtaken."""
    row = await _held(unit, task)
    await unit.update(TABLE, row, _replace(row.entity, state="pending", lease_until=0))


async def cancel(unit: Unit, row: Row) -> bool:
    """Cancels a task; False if it has ended. What its worker is doing is not committed (`Overtaken`)."""
    if row.entity.state not in ("pending", "running"):
        return False
    ended = _replace(row.entity, state="cancelled", date_finished=moment(unit.now), lease_until=0, content="")
    await unit.update(TABLE, row, ended)
    return True


OLD = "SELECT id FROM tasks WHERE state IN ('cancelled', 'done', 'failed') AND modified <= $1 ORDER BY id LIMIT $2"


async def forget_content(unit: Unit, task_id: int) -> None:
    """The body of a task is kept elsewhere, by what has accepted it."""
    row = await unit.get(TABLE, task_id)
    assert row is not None
    request = _replace(row.entity.request, body="", coded=False)
    await unit.update(TABLE, row, _replace(row.entity, request=request, content=""))


async def sweep(unit: Unit) -> None:
    """Deletes tasks that ended longer ago than the store keeps them."""
    await unit.delete(TABLE, await query.values(unit.tx, OLD, unit.now - unit.terms.settings[KEPT], SWEPT))


async def finish(unit: Unit, task: Task, response: TaskResponse, done: int = 0) -> State:
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
    return state


async def _held(unit: Unit, task: Task) -> Row:
    """The task's current row, if it is still the claimant's."""
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
