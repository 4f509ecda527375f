"""Jobs of redirects: a CSV file is imported or exported as a task, which ends it or tells why it has not (decision 55).

A file is kept in parts, so that each step of the task reads or writes one of them, however long the file is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from bodega.kit import render
from bodega.kit.actions import Action, ListAll
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment, moment
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing
from bodega.kit.parameters import one_of
from bodega.kit.resource import Sweep
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal
from bodega.storage import query, rows
from bodega.storage.operands import SqlTest
from bodega.storage.query import Row
from bodega.storage.table import Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit
from bodega.tasks import queue

SCOPE = "store_v2_content"
STATES = ("new", "working", "complete", "aborted", "failed")
MOST_ERRORS = 1_000
"""Rows of a file whose errors are told."""

KEPT_SECONDS = 30 * 86_400
SWEPT = 50

Kind = Literal["import", "export"]


class RowError(msgspec.Struct, kw_only=True):
    """What is wrong with a row of a file; the header is row 1."""

    row: int
    message: str


class RedirectJob(Entity, kw_only=True):
    """`state` is what the job itself noted: one that is not complete is in the state of its task.

    An export is of `site_id` (0: of all) and of `redirect_ids` (none: of all), and is done up to the redirect `done`.
    """

    uuid: str
    type: Kind
    state: Literal["new", "working", "complete", "failed"] = "new"
    completed_items: int = 0
    failed_items: int = 0
    total_items: int = 0
    errors: list[RowError] = []
    created_at: Moment = ""
    completed_at: Moment = ""
    task_id: Id = 0
    site_id: Id = 0
    redirect_ids: list[int] = []
    with_target_urls: bool = False
    done: Id = 0


TABLE = stored(
    "redirect_jobs",
    RedirectJob,
    noun="redirect job",
    columns="uuid type state task_id created_at",
    indexed="state task_id created_at",
    uniques=[Unique(("uuid",), "uuid", "A job of this id exists.")],
    more_schema="""CREATE TABLE redirect_job_parts (
    job_id INTEGER NOT NULL REFERENCES redirect_jobs(id) ON DELETE CASCADE, part INTEGER NOT NULL,
    content BYTEA NOT NULL, PRIMARY KEY (job_id, part)
);""",
)

_STATUS = (
    "CASE WHEN state NOT IN ('new', 'working') THEN state"
    " WHEN EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id AND tasks.state IN ('pending', 'running')) THEN state"
    " WHEN EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id AND tasks.state = 'failed') THEN 'failed'"
    " ELSE 'aborted' END"
)
"""The state of a job in SQL: a task that was cancelled, or is no more, leaves it aborted."""

IN_STATUS = SqlTest(f"{_STATUS} IN ({{placeholders}})")


def status_of(job: RedirectJob, task_state: str | None) -> str:
    """The state of a job, as `_STATUS` has it."""
    if job.state in ("complete", "failed") or task_state in ("pending", "running"):
        return job.state
    return "failed" if task_state == "failed" else "aborted"


def shown(job: RedirectJob, status: str) -> dict[str, Any]:
    """A job as it is on the wire."""
    names = ("type", "completed_items", "failed_items", "total_items", "errors", "created_at")
    told = {"id": job.uuid, "status": status, **{name: getattr(job, name) for name in names}}
    return {**told, "completed_at": job.completed_at} if job.completed_at else told


v3 = V3Shape(RedirectJob, required="", read_only=" ".join(RedirectJob.__struct_fields__))
LIST = Listing(
    TABLE,
    3,
    "type",
    mapped={
        "id": Filter("uuid", "eq", str),
        "status": Filter(IN_STATUS, "in", lambda text: (one_of(STATES)(text),)),
    },
    usual=10,
    order="-id",
)
V3 = Endpoint(3, TABLE, LIST, SCOPE, "storefront/redirects/imex/jobs", v3=v3)


async def task_states(tx: Tx, jobs: Sequence[RedirectJob]) -> dict[int, str]:
    """The states of the tasks of jobs that are not known to have ended."""
    asked = [job.task_id for job in jobs if job.state in ("new", "working")]
    if not asked:
        return {}
    sql = f"SELECT id, state FROM tasks WHERE id IN ({numbered_placeholders(len(asked))})"
    return {int(task): str(state) for task, state in await tx.rows(sql, *asked)}


class ListJobs(ListAll):
    """GET of the jobs, the latest first."""

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        tasks = await rows.table_state(context.reader, queue.TABLE)
        assert found.state is not None
        return replace(found, state=Validator.of_all(found.state, Validator(tasks.revision, tasks.modified)))

    async def answer(self, context: Context, found: Found) -> Outcome:
        assert found.plan is not None
        page = await rows.page(context.reader, context.page_index, found.plan, found.row, "t.doc, t.rest")
        jobs: list[RedirectJob] = [TABLE.decode(doc, rest) for doc, rest in page]
        states = await task_states(context.reader, jobs)
        documents = [render.json(shown(job, status_of(job, states.get(job.task_id)))) for job in jobs]
        total = await rows.count(context.reader, found.plan, found.row)
        meta = b'"pagination":' + render.pagination(context, total, len(jobs))
        return Shown(ready=b'{"data":[' + b",".join(documents) + b'],"meta":{' + meta + b"}}")


async def job_of(tx: Tx, uuid: str, kind: Kind) -> tuple[RedirectJob, str]:
    """A job of a kind, and its state. Raises Refusal."""
    row = await query.one(tx, TABLE, "uuid = $1 AND type = $2", uuid, kind)
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    job: RedirectJob = row.entity
    states = await task_states(tx, [job])
    return job, status_of(job, states.get(job.task_id))


class StartJob(Action):
    """A POST that becomes a task, and is answered with the id of its job: a store has one at a time."""

    writes = True
    body = True
    tried = False

    def wants_task(self, context: Context, found: Found) -> bool:
        return True

    async def accept(self, unit: Unit, context: Context, task_id: int) -> Outcome:
        sql = (
            f"SELECT 1 FROM redirect_jobs WHERE state IN ('new', 'working') AND {_STATUS} IN ('new', 'working') LIMIT 1"
        )
        if await unit.tx.row(sql) is not None:
            headers: list[Header] = [(b"retry-after", b"1"), (b"x-retry-after", b"1")]
            message = "An import or an export of redirects is under way; a store has one at a time."
            raise Refusal(Reason.TOO_MANY_AT_ONCE, message, details={"max_concurrent": 1}, headers=headers)
        job = await self.begin(unit, context)
        row = await unit.insert(TABLE, replace(job, uuid=str(uuid4()), task_id=task_id, created_at=moment(unit.now)))
        await self.began(unit, context, row.entity)
        await queue.forget_content(unit, task_id)
        return Created(ready=render.json({"id": row.entity.uuid}))

    async def begin(self, unit: Unit, context: Context) -> RedirectJob:
        """The job of a request. Raises Refusal."""
        raise NotImplementedError

    async def began(self, unit: Unit, context: Context, job: RedirectJob) -> None:
        """Keeps what the job needs besides its row."""

    async def at_work(self, unit: Unit, context: Context) -> Row:
        """The row of the job whose task is carried out. Raises Refusal."""
        row = await query.one(unit.tx, TABLE, "task_id = $1", context.task)
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return row

    async def note(self, unit: Unit, row: Row, *, ended: bool, **members: Any) -> None:
        """Notes how far the job has come."""
        state = "complete" if ended else "working"
        completed_at = moment(unit.now) if ended else ""
        await unit.update(TABLE, row, replace(row.entity, state=state, completed_at=completed_at, **members))


async def keep_part(unit: Unit, job_id: int, part: int, content: bytes) -> None:
    """Keeps a part of a job's file."""
    sql = "INSERT INTO redirect_job_parts (job_id, part, content) VALUES ($1, $2, $3)"
    await unit.tx.run(sql, job_id, part, content)


async def expire(unit: Unit) -> None:
    """Deletes the jobs that are old, with their files."""
    sql = f"SELECT id FROM redirect_jobs WHERE created_at <= $1 ORDER BY created_at LIMIT {SWEPT}"
    await unit.delete(TABLE, await query.values(unit.tx, sql, moment(unit.now - KEPT_SECONDS)))


SWEEP = Sweep(
    "SELECT 1 FROM redirect_jobs WHERE created_at <= $1 LIMIT 1",
    lambda now, _settings: (moment(now - KEPT_SECONDS),),
    expire,
)
