"""The import of redirects from a CSV file: checked as a form at once, written row by row in a task."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import NO_QUERY
from bodega.kit.chunk import Chunk
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import INT32
from bodega.kit.listing import Listing, Query
from bodega.kit.targets import clean_link
from bodega.kit.upload import Form, Upload
from bodega.law.outcome import Emptied, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, missing, refuse_faults
from bodega.resources.channels import sites
from bodega.resources.channels.addresses import canonical_url, host_of
from bodega.resources.content import redirects
from bodega.resources.content.redirect_jobs import (
    MOST_ERRORS,
    SCOPE,
    TABLE,
    RedirectJob,
    RowError,
    StartJob,
    keep_part,
)
from bodega.resources.content.redirects import Forward, Redirect, clean_path
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.registry import StoreRecord
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

COLUMNS = ("Domain", "Old Path", "Manual URL/Path", "Dynamic Target Type", "Dynamic Target ID")
LARGEST = 20_000_000
"""Bytes of a file (rule 25)."""

ROWS_AT_ONCE = 100
"""Rows that one transaction writes, so that others get their turn."""

_Line = tuple[int, list[str]]
_lines = msgspec.json.Decoder(list[_Line]).decode


class BadRow(ValueError):
    """A row that cannot be a redirect; the message is a sentence."""


class _File(msgspec.Struct):
    """A file that was read: its rows, in parts as they are kept."""

    parts: list[bytes]
    rows: int


def read_file(content: bytes) -> _File:
    """The rows of a CSV file. Raises Refusal."""
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        if tuple(header[: len(COLUMNS)]) != COLUMNS:
            raise _no_csv(f"its first line is not {','.join(COLUMNS)}")
        parts: list[bytes] = []
        lines: list[_Line] = []
        count = 0
        for number, row in enumerate(reader, 2):
            if not any(value.strip() for value in row):
                continue
            count += 1
            lines.append((number, row[: len(COLUMNS)]))
            if len(lines) == ROWS_AT_ONCE:
                parts.append(msgspec.json.encode(lines))
                lines = []
    except (UnicodeDecodeError, csv.Error) as error:
        raise _no_csv(str(error)) from error
    if lines:
        parts.append(msgspec.json.encode(lines))
    return _File(parts, count)


def _no_csv(why: str) -> Refusal:
    return Refusal(Reason.MALFORMED_BODY, f"The file import_file is not the CSV of redirects: {why}.")


class ImportRedirects(StartJob):
    """POST of a CSV file; in its task, one part of it."""

    only_uploads = True
    uploads = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.max_body = LARGEST + 64 * 1024  # the form around it

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        """A task has no body: its file is kept in parts."""
        return None

    def read_form(self, members: Form) -> Any:
        file = members.get("import_file")
        if file is None:
            raise refuse_faults([missing("import_file")])
        if not isinstance(file, Upload):
            raise refuse_faults([invalid("import_file", "must be a file")])
        if len(file.content) > LARGEST:
            raise Refusal(Reason.BODY_TOO_LARGE, details={"max_bytes": LARGEST})
        return read_file(file.content)

    async def begin(self, unit: Unit, context: Context) -> RedirectJob:
        if context.brought is None:
            raise refuse_faults([missing("import_file")])
        return RedirectJob(uuid="", type="import", total_items=context.brought.rows)

    async def began(self, unit: Unit, context: Context, job: RedirectJob) -> None:
        for number, content in enumerate(context.brought.parts, 1):
            await keep_part(unit, job.id, number, content)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await self.at_work(unit, context)
        job: RedirectJob = row.entity
        sql = "SELECT part, content FROM redirect_job_parts WHERE job_id = $1 ORDER BY part LIMIT 2"
        parts = await unit.tx.rows(sql, job.id)
        if not parts:
            await self.note(unit, row, ended=True)
            return Emptied(value=Chunk(0, more=False))
        number, content = parts[0]
        lines = _lines(bytes(content))
        errors = await _write_lines(unit, context, lines)
        await unit.tx.run("DELETE FROM redirect_job_parts WHERE job_id = $1 AND part = $2", job.id, number)
        await self.note(
            unit,
            row,
            ended=len(parts) == 1,
            completed_items=job.completed_items + len(lines) - len(errors),
            failed_items=job.failed_items + len(errors),
            errors=[*job.errors, *errors][:MOST_ERRORS],
        )
        return Emptied(value=Chunk(len(lines), more=len(parts) > 1))


async def sites_by_host(tx: Tx, record: StoreRecord) -> dict[str, int]:
    """The sites by the hosts at which they are found."""
    found: dict[str, int] = {}
    for row in await query.where(tx, sites.TABLE, "1 = 1"):
        site = row.entity
        for url in (canonical_url(record, site.channel_id), sites.primary_of(record, site)):
            found[host_of(url)] = site.id
    return found


async def _write_lines(unit: Unit, context: Context, lines: list[_Line]) -> list[RowError]:
    """Makes or overwrites the redirects of some rows; returns what is wrong with the others."""
    hosts = await sites_by_host(unit.tx, context.record)
    errors: list[RowError] = []
    wanted: list[tuple[int, Redirect]] = []
    for number, values in lines:
        try:
            wanted.append((number, _redirect(values, hosts)))
        except ValueError as error:
            errors.append(RowError(row=number, message=str(error)))
    urls = await _urls(unit.tx, [redirect.forward for _number, redirect in wanted])
    there = await _there(unit, [redirect for _number, redirect in wanted])
    unit.judged.add(redirects.RESOLVED)
    try:
        for number, redirect in wanted:
            forward = redirect.forward
            redirect.url = str(forward.ref) if forward.type == "manual" else urls.get((forward.type, forward.ref), "")
            if not redirect.url:
                errors.append(RowError(row=number, message=f"The {forward.type} {forward.ref} does not exist."))
            elif redirect.url == redirect.path:
                errors.append(RowError(row=number, message="The redirect leads to its own path."))
            else:
                key = (redirect.site_id, redirect.path)
                there[key] = await _put(unit, there.get(key), redirect)
    finally:
        unit.judged.discard(redirects.RESOLVED)
    return sorted(errors, key=lambda error: error.row)


async def _put(unit: Unit, old: Row | None, redirect: Redirect) -> Row:
    if old is None:
        return await unit.insert(redirects.TABLE, redirect)
    return await unit.update(redirects.TABLE, old, replace(redirect, id=old.entity.id))


def _redirect(values: list[str], hosts: dict[str, int]) -> Redirect:
    """The redirect of a row, without the URL to which it leads. Raises BadRow."""
    domain, path, manual, kind, target = [*(value.strip() for value in values), *[""] * (len(COLUMNS) - len(values))]
    site = hosts.get(domain.lower().rstrip("."))
    if site is None:
        raise BadRow(f"No site has the domain {domain[:255]!r}.")
    try:
        if len(path) > redirects.LONGEST:
            raise ValueError(f"must be at most {redirects.LONGEST} characters long")
        clean = clean_path(path)
    except ValueError as error:
        raise BadRow(f"The old path {error}.") from error
    if bool(manual) == bool(kind):
        raise BadRow("A row has either a manual URL or path, or a dynamic target.")
    try:
        if manual:
            clean_link(manual)
            return Redirect(site_id=site, path=clean, forward=Forward(type="manual", ref=manual))
        if kind.lower() not in redirects.DYNAMIC:
            raise BadRow(f"The dynamic target type must be one of {', '.join(redirects.DYNAMIC).title()}.")
        if not (target.isascii() and target.isdigit() and 0 < int(target[:11]) <= INT32):
            raise BadRow("The dynamic target ID must be a whole number.")
        forward = Forward(type=kind.lower(), ref=int(target))  # type: ignore[arg-type]
    except BadRow:
        raise
    except ValueError as error:
        raise BadRow(f"The target {error}.") from error
    return Redirect(site_id=site, path=clean, forward=forward)


async def _urls(tx: Tx, forwards: list[Forward]) -> dict[tuple[str, int | str], str]:
    """Where the targets of some redirects are."""
    found: dict[tuple[str, int | str], str] = {}
    for kind in redirects.DYNAMIC:
        owners = sorted({int(forward.ref) for forward in forwards if forward.type == kind})
        if owners:
            marks = numbered_placeholders(len(owners), 2)
            sql = f"SELECT owner, url FROM urls WHERE kind = $1 AND owner IN ({marks})"
            found |= {(kind, owner): url for owner, url in await tx.rows(sql, kind, *owners)}
    return found


async def _there(unit: Unit, wanted: list[Redirect]) -> dict[tuple[int, str], Row]:
    """The redirects that have these paths already."""
    found: dict[tuple[int, str], Row] = {}
    for site in sorted({redirect.site_id for redirect in wanted}):
        paths = sorted({redirect.path for redirect in wanted if redirect.site_id == site})
        marks = numbered_placeholders(len(paths), 2)
        for row in await unit.where(redirects.TABLE, f"site_id = $1 AND path IN ({marks})", site, *paths):
            found[site, row.entity.path] = row
    return found


V3 = Endpoint(3, TABLE, Listing(TABLE, 3, ""), SCOPE, "")
