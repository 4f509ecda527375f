"""Projects of infrastructure hosting, and the stream of their logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import uuid4

import msgspec

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.event_stream import MEDIA, QUIET
from bodega.kit.fields import NAME, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_infrastructure_projects_manage"
DEPLOYMENTS = "store_infrastructure_deployments_manage|store_infrastructure_deployments_create_preview"
LOGS = "store_infrastructure_logs_read_only"

MAXIMUM = 250
QUIET_SECONDS = 15.0
LONGEST_SECONDS = 60.0
"""A stream of logs says that it is alive so often, and ends after so long."""


class HostingProject(Entity, kw_only=True):
    """What is deployed time and again under one name. Catalyst's command needs the hosts beside the published
    members."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    uuid: str = ""
    date_created: Moment = ""
    date_modified: Moment = ""
    deployment_hostnames: list[str] = []


TABLE = stored(
    "hosting_projects",
    HostingProject,
    noun="project",
    columns="uuid date_created date_modified",
    computed={"name_key": ("TEXT", lambda project: caseless(project.name))},
    uniques=[Unique(("uuid",), "uuid", "A project of this id exists.")],
    cap=MAXIMUM,
)

MEMBERS = "uuid name deployment_hostnames date_created date_modified"
v3 = V3Shape(
    HostingProject,
    required="name",
    read_only="id uuid deployment_hostnames date_created date_modified",
    view=lambda project: {name: getattr(project, name) for name in MEMBERS.split()},
    members=MEMBERS,
)
UUIDS = FilterField("uuid", str, ("in",))
HOME = "infrastructure/projects"
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "date_created date_modified",
        mapped={":uuid:in": UUIDS, ":name:like": FilterField("name_key", caseless, ("like",))},
        shown=v3.shown,
        always=("uuid",),
        cursor=True,
    ),
    SCOPE,
    HOME,
    v3=v3,
    created=200,
    key="uuid",
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={":project_uuid:in": UUIDS}, exact=True),
    SCOPE,
    HOME,
    delete_needs_filter=True,
)
TAIL = Endpoint(3, TABLE, Listing(TABLE, 3, ""), LOGS, "", v3=v3)


class TailLogs(Action):
    """GET of the log of what a project serves. Nothing is executed here, so nothing is logged: the stream is that of a
    project without visitors, and ends at once where nothing was deployed."""

    has_own_media = True
    ids_in_path = 1

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        row = await query.one(context.reader, TABLE, "uuid = $1", context.ids[-1])
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return Found(row=row)

    async def answer(self, context: Context, found: Found) -> Outcome:
        deployed = "SELECT 1 FROM hosting_deployments WHERE project_id = $1 LIMIT 1"
        is_live = await context.reader.row(deployed, found.row.entity.id) is not None
        return Shown(media=MEDIA, parts=_quiet(LONGEST_SECONDS if is_live else 0.0))


async def _quiet(lasts: float) -> AsyncIterator[bytes]:
    yield b": listening\n\n"
    while lasts > 0:
        await asyncio.sleep(min(QUIET_SECONDS, lasts))
        lasts -= QUIET_SECONDS
        yield QUIET


async def give_an_id(unit: Unit, changes: Changes, old: HostingProject | None, _notes: list[Fault]) -> None:
    """A project gets its UUID and its dates from the store."""
    if old is None:
        changes |= {"uuid": str(uuid4()), "date_created": moment(unit.now), "date_modified": moment(unit.now)}


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(give_an_id,)),),
    routes=(
        collection(HOME, V3, "GET POST").also(collection(HOME, DELETE, "DELETE")),
        item(f"{HOME}/{{project_uuid:text}}", V3, "DELETE"),
        route("infrastructure/logs/{project_uuid:text}/tail", 3, GET=TailLogs(TAIL)),
    ),
)
