"""The export of redirects as a CSV file: written part by part in a task, then downloaded."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any
from urllib.parse import urljoin

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.bounds import AtMost
from bodega.kit.chunk import Chunk
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import Id
from bodega.kit.listing import Listing, Query
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import NO_DATE, Emptied, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.channels import sites
from bodega.resources.channels.addresses import host_of
from bodega.resources.content import redirects
from bodega.resources.content.redirect_import import COLUMNS
from bodega.resources.content.redirect_jobs import SCOPE, TABLE, RedirectJob, StartJob, job_of, keep_part
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

TARGET_URL = "Dynamic Target URL"
ROWS_AT_ONCE = 250
MOST_IDS = 5_000
CSV = "text/csv; charset=utf-8"

v3 = V3Shape(
    RedirectJob,
    required="",
    read_only=" ".join(name for name in RedirectJob.__struct_fields__ if name not in ("site_id", "redirect_ids")),
    write_only={
        "site_id": Id | None,
        "redirect_ids": Annotated[list[Id], AtMost(MOST_IDS)],
        "include_dynamic_target_urls": bool,
    },
)
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, ""), SCOPE, "", v3=v3)


def _wanted(job: RedirectJob) -> tuple[str, list[Any]]:
    """Which redirects a job is about, in SQL, whose first parameter is the id after which they begin."""
    values: list[Any] = [job.done]
    test = "id > $1"
    if job.site_id:
        values.append(job.site_id)
        test += f" AND site_id = ${len(values)}"
    if job.redirect_ids:
        test += f" AND id IN ({numbered_placeholders(len(job.redirect_ids), len(values) + 1)})"
        values += job.redirect_ids
    return test, values


class ExportRedirects(StartJob):
    """POST of what is to be exported; in its task, one part of the file."""

    anew = True

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def begin(self, unit: Unit, context: Context) -> RedirectJob:
        draft = context.brought
        job = RedirectJob(
            uuid="",
            type="export",
            site_id=draft.get("site_id") or 0,
            redirect_ids=sorted(set(draft.get("redirect_ids", []))),
            with_target_urls=draft.get("include_dynamic_target_urls", False),
        )
        test, values = _wanted(job)
        job.total_items = int(await query.value(unit.tx, f"SELECT count(*) FROM redirects WHERE {test}", *values) or 0)
        if not job.total_items:
            raise Refusal(Reason.DANGLING_REFERENCE, "No redirects of the store meet these criteria.")
        return job

    async def began(self, unit: Unit, context: Context, job: RedirectJob) -> None:
        header = (*COLUMNS, TARGET_URL) if job.with_target_urls else COLUMNS
        await keep_part(unit, job.id, 0, _csv([header]))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await self.at_work(unit, context)
        job: RedirectJob = row.entity
        test, values = _wanted(job)
        order = f"id LIMIT {ROWS_AT_ONCE}"
        found = [one.entity for one in await unit.where(redirects.TABLE, test, *values, order=order)]
        if found:
            urls = {
                one.entity.id: sites.primary_of(context.record, one.entity)
                for one in await unit.where(sites.TABLE, "1 = 1")
            }
            lines = [_line(one, urls.get(one.site_id, ""), whole=job.with_target_urls) for one in found]
            await keep_part(unit, job.id, found[-1].id, _csv(lines))
        ended = len(found) < ROWS_AT_ONCE
        done = found[-1].id if found else job.done
        await self.note(unit, row, ended=ended, completed_items=job.completed_items + len(found), done=done)
        return Emptied(value=Chunk(len(found), more=not ended))


def _csv(lines: list[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def _line(redirect: redirects.Redirect, site_url: str, *, whole: bool) -> tuple[str, ...]:
    forward = redirect.forward
    target = (str(forward.ref), "", "")
    if forward.type != "manual":
        target = ("", forward.type.title(), str(forward.ref))
    line = (host_of(site_url), redirect.path, *target)
    if not whole:
        return line
    url = urljoin(f"{site_url.rstrip('/')}/", redirect.url) if redirect.url and forward.type != "manual" else ""
    return (*line, url)


class DownloadExport(Action):
    """GET of the file of an export that is complete."""

    has_own_media = True

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        job, status = await job_of(context.reader, context.ids[-1], "export")
        if status != "complete":
            raise Refusal(Reason.NO_SUCH_ENTITY, f"The export is {status}: there is no file to download.")
        return Found(Validator(job.id, NO_DATE), entity_id=job.id)  # the file is as it was made

    async def answer(self, context: Context, found: Found) -> Outcome:
        sql = "SELECT content FROM redirect_job_parts WHERE job_id = $1 ORDER BY part"
        parts = [bytes(content) for (content,) in await context.reader.rows(sql, found.entity_id)]
        return Shown(ready=b"".join(parts), media=CSV)
