"""Jobs of themes: an upload or a download, carried out as a task. A job is in the state of its task."""

from __future__ import annotations

import hashlib
import secrets
from functools import partial
from typing import Any, Literal
from uuid import uuid4

import msgspec

from bodega.aside import aside
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, recognize_own_files, stored
from bodega.kit.fields import FileUrl, Id, Moment, moment
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Sweep
from bodega.kit.upload import Form, Upload
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, missing, refuse_faults
from bodega.resources.themes import sample, theme
from bodega.resources.themes.archive import Contents, Problem, ThemeRefused, read_archive
from bodega.storage import files, query
from bodega.storage.aggregate import Aggregate
from bodega.storage.files import PLACE, File
from bodega.storage.table import Unique
from bodega.storage.unit import Unit
from bodega.tasks import queue

LINK_SECONDS = 60
"""How long the link of a finished download works."""

SWEPT = 100
ZIP = "application/zip"


class ThemeJob(Entity, kw_only=True):
    """`uuid` is its id on the wire. `archive` keeps the file that a download gives out."""

    uuid: str
    kind: Literal["upload", "download"]
    task_id: Id
    date_created: Moment = ""
    has_ended: bool = False
    result: dict[str, str] = {}
    errors: list[Problem] = []
    warnings: list[tuple[str, str]] = []
    archive: FileUrl = ""
    link: str = ""


TABLE = stored(
    "theme_jobs",
    ThemeJob,
    noun="theme job",
    columns="uuid task_id date_created",
    indexed="task_id date_created",
    uniques=[Unique(("uuid",), "uuid", "A job of this id exists.")],
)

v3 = V3Shape(ThemeJob, required="", read_only=" ".join(ThemeJob.__struct_fields__))
JOB = Endpoint(3, TABLE, Listing(TABLE, 3, ""), theme.SCOPE, "", v3=v3, key="uuid")

_STATES = {"pending": ("QUEUED", 0), "running": ("WORKING", 50), "done": ("COMPLETED", 100)}
_LOST = Problem("server_error", "The job ended before it was done: its task was cancelled, or given up.")


def shown(job: ThemeJob, task_state: str | None) -> dict[str, Any]:
    """The form on the wire. A task that is no more has ended."""
    errors = list(job.errors)
    if task_state in ("pending", "running"):
        status, percent = _STATES[task_state]
    elif job.has_ended and not errors:
        status, percent = _STATES["done"]
    else:
        status, percent = "FAILED", 0
        errors = errors or [_LOST]
    result: dict[str, str] = dict(job.result)
    if job.link:
        result["download_url"] = job.link
    return {
        "id": job.uuid,
        "time": job.date_created,
        "status": status,
        "percent_complete": percent,
        "result": result,
        "warnings": [{"warning": word, "message": message} for word, message in job.warnings],
        "errors": [{"error": problem.error, "message": problem.message} for problem in errors],
    }


class ShowJob(Action):
    """GET of a job."""

    files = True

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        found = await self.selection.item(context)
        job: ThemeJob = found.row.entity(TABLE)
        task = await query.get(context.reader, queue.TABLE, job.task_id)
        state = found.state
        if task is not None and state is not None:
            state = Validator.of_all(state, Validator(task.version, task.modified))
        return Found(state, row=shown(job, None if task is None else task.entity.state))

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({"data": found.row, "meta": {}}))


class ThemeTask(Action):
    """A write that becomes a task, and is answered with the id of its job. `kind` is that of the job."""

    writes = True
    body = True
    tried = False
    kind: Literal["upload", "download"]
    outcome: type[Outcome] = Shown

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def wants_task(self, context: Context, found: Found) -> bool:
        return True

    async def accept(self, unit: Unit, context: Context, task_id: int) -> Outcome:
        job = ThemeJob(uuid=uuid4().hex, kind=self.kind, task_id=task_id, date_created=moment(unit.now))
        await unit.insert(TABLE, job)
        return self.outcome(ready=json({"job_id": job.uuid}))

    async def work(self, unit: Unit, context: Context, write: Write, job: ThemeJob) -> None:
        """Does what the job is about, and notes in it what came of it. Raises Refusal."""
        raise NotImplementedError

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await query.one(unit.tx, TABLE, "task_id = $1", context.task)
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        job = msgspec.structs.replace(row.entity, has_ended=True)
        try:
            async with unit.tx.savepoint():
                mark = unit.statistics.mark()
                await self.work(unit, context, write, job)
        except Refusal as refusal:
            unit.statistics.restore(mark)
            told = refusal.faults[0].message if refusal.faults else refusal.message
            job.errors = [Problem(refusal.reason.name.lower(), told)]
        await unit.update(TABLE, row, job)
        return self.outcome(ready=json({"job_id": job.uuid}))


class Read(msgspec.Struct, frozen=True):
    """An archive that was read: what it holds, and the file that keeps it; or what is wrong with it."""

    contents: Contents | None = None
    file: File | None = None
    problems: tuple[Problem, ...] = ()


def _read(content: bytes) -> Read:
    try:
        contents = read_archive(content)
    except ThemeRefused as refused:
        return Read(problems=refused.problems)
    return Read(contents, File(hashlib.sha256(content).hexdigest(), ZIP, 0, 0, content))


class UploadTheme(ThemeTask):
    """POST of a zip file. That the store has as many themes as it may is told at once."""

    only_uploads = True
    uploads = True
    kind = "upload"
    outcome = Created

    def read(self, content: Any) -> Any:
        raise refuse_faults([missing("file")])

    def read_form(self, members: Form) -> Any:
        given = members.get("file")
        if given is None:
            raise refuse_faults([missing("file")])
        if not isinstance(given, Upload):
            raise refuse_faults([invalid("file", "must be a file")])
        return given

    async def find(self, context: Context) -> Found:
        return Found()

    async def accept(self, unit: Unit, context: Context, task_id: int) -> Outcome:
        limit, used = unit.model.rules_of(theme.TABLE).table.cap, unit.statistics.total(theme.TABLE.name)
        if used >= limit:
            raise Refusal(Reason.THEMES_FULL, details={"limit": limit, "used": used})
        return await super().accept(unit, context, task_id)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        return await aside(partial(_read, draft.content))

    async def work(self, unit: Unit, context: Context, write: Write, job: ThemeJob) -> None:
        read: Read = write.prefetched
        if read.contents is None or read.file is None:
            job.errors = list(read.problems)
            return
        await files.keep(unit.tx, read.file)
        keys = ["*", "version"]
        for one in read.contents.variations:
            keys += [one.external_id, f"configuration/{one.external_id}"]
        address = f"{PLACE}/{read.file.digest}/theme.zip"
        made = await theme.add(unit, read.contents, address, {key: str(uuid4()) for key in keys})
        job.warnings = read.contents.warnings
        job.result = {"theme_id": made.uuid}


class Wanted(msgspec.Struct):
    """The body of a download; what is missing or unknown stands for the last one that was activated."""

    which: Any = "last_activated"


_read_wanted = msgspec.json.Decoder(Wanted).decode


class DownloadTheme(ThemeTask):
    """POST: a link to the theme's zip file."""

    anew = True

    kind = "download"

    def read(self, content: Any) -> Any:
        try:
            _read_wanted(content)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.") from error
        return None

    async def find(self, context: Context) -> Found:
        return await self.selection.item(context)

    async def work(self, unit: Unit, context: Context, write: Write, job: ThemeJob) -> None:
        kept = await unit.get(theme.CONTENTS, write.found.entity_id)
        owner = await unit.get(theme.TABLE, write.found.entity_id)
        if kept is None or owner is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        address: str = kept.entity.archive
        if not address:
            content = sample.archive()
            own = File(hashlib.sha256(content).hexdigest(), ZIP, 0, 0, content)
            await files.keep(unit.tx, own)
            address = f"{PLACE}/{own.digest}/theme.zip"
        key, digest = secrets.token_urlsafe(24), address.split("/")[1]
        await files.give_out(unit.tx, key, digest, unit.now + LINK_SECONDS)
        job.archive = address
        name = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in owner.entity.name)
        job.link = f"{PLACE}/{digest}/{name}.zip?key={key}"
        job.result = {"theme_id": owner.entity.uuid}


OLD = "SELECT id FROM theme_jobs WHERE date_created <= $1 ORDER BY date_created LIMIT $2"


async def sweep_jobs(unit: Unit) -> None:
    """Deletes jobs that are older than tasks are kept, with the files that only they name."""
    before = moment(unit.now - unit.terms.settings[queue.KEPT])
    await unit.delete(TABLE, await query.values(unit.tx, OLD, before, SWEPT))


async def sweep_keys(unit: Unit) -> None:
    """Deletes the keys of links that work no more."""
    await files.forget_keys(unit.tx, unit.now)


AGGREGATES = (Aggregate(TABLE, before_validate=(recognize_own_files(TABLE),)),)
SWEEPS = (
    Sweep(OLD, lambda now, settings: (moment(now - settings[queue.KEPT]), 1), sweep_jobs),
    Sweep(files.OLD_KEYS, lambda now, _settings: (now,), sweep_keys),
)
