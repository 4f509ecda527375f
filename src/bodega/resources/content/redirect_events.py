"""Live news of a job of redirects, as server-sent events (WHATWG HTML 9.2): one at once, one for each step, the last
when it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.event_stream import MEDIA, News, told_as_it_changes
from bodega.kit.listing import Query
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Refusal
from bodega.resources.content.redirect_jobs import Kind, RedirectJob, job_of
from bodega.storage.tx import Tx

LOOK_SECONDS = 0.1
QUIET_SECONDS = 15.0
"""A stream of which nothing is heard for so long says that it is alive; a client that is cut off asks again."""

LONGEST_SECONDS = 300.0


def told(job: RedirectJob, status: str) -> dict[str, Any]:
    """What an event says of a job."""
    counts = {"completed_items": job.completed_items, "total_items": job.total_items}
    if job.type == "import":
        counts["failed_items"] = job.failed_items
        return {"job_id": job.uuid, "status": status, **counts, "errors": msgspec.to_builtins(job.errors)}
    return {"job_id": job.uuid, "status": status, **counts}


class WatchJob(Action):
    """GET of the events of a job."""

    has_own_media = True

    def __init__(self, endpoint: Endpoint, kind: Kind) -> None:
        super().__init__(endpoint)
        self.kind = kind

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        return Found(row=await job_of(context.reader, context.ids[-1], self.kind))

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(media=MEDIA, parts=_events(context.reader, context.ids[-1], self.kind))


def _events(tx: Tx, uuid: str, kind: Kind) -> AsyncIterator[bytes]:
    async def look() -> News | None:
        try:
            job, status = await job_of(tx, uuid, kind)
        except Refusal:  # it was deleted meanwhile
            return None
        event = b"event: message\ndata: " + msgspec.json.encode(told(job, status)) + b"\n\n"
        return News(event, status not in ("new", "working"))

    return told_as_it_changes(look, every=LOOK_SECONDS, longest=LONGEST_SECONDS, quiet=QUIET_SECONDS)
