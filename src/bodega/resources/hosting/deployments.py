"""Deployments of infrastructure hosting: a bundle goes through its steps by the store's clock, as its events say."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.event_stream import MEDIA, News, told_as_it_changes
from bodega.kit.fields import Id, Moment, moment
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.hosting import projects, uploads
from bodega.resources.hosting.projects import DEPLOYMENTS
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

STEPS = (("queued", "", 0), ("in_progress", "downloading", 25), ("in_progress", "unzipping", 50),
         ("in_progress", "processing", 75), ("completed", "complete", 100))  # fmt: skip
"""The state of a deployment after each second, its step, and how far it is in per cent."""

NO_BUNDLE, NO_ZIP = 10, 20
"""Codes of what keeps a bundle from being deployed; the published documents show one number and name none."""

FAILS_AFTER = {NO_BUNDLE: 1, NO_ZIP: 2}
"""The step, by its place, at which each is found out."""

LOOK_SECONDS = 0.1
LONGEST_SECONDS = 30.0
_SLUG = re.compile(r"[^a-z0-9]+")


class EnvironmentVariable(msgspec.Struct, kw_only=True):
    """What the code of a bundle is told. The value of a secret is not kept, since nothing is executed."""

    type: Literal["plain_text", "secret"]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    value: Annotated[str, msgspec.Meta(max_length=65_535)]


class HostingDeployment(Entity, kw_only=True):
    """`started` is in UTC seconds of the store's clock; `error` is 0 or the code of why it fails."""

    uuid: str = ""
    project_id: Id = 0
    project_uuid: str = ""
    upload_uuid: str = ""
    environment_variables: Annotated[list[EnvironmentVariable], AtMost(100)] | None = None
    started: int = 0
    date_created: Moment = ""
    error: int = 0
    host: str = ""


TABLE = stored(
    "hosting_deployments",
    HostingDeployment,
    noun="deployment",
    columns="uuid project_id",
    indexed="project_id",
    uniques=[Unique(("uuid",), "uuid", "A deployment of this id exists.")],
    references=[Reference("project_id", "hosting_projects", "project_uuid", "The project does not exist.", "CASCADE")],
)
v3 = V3Shape(
    HostingDeployment,
    required="upload_uuid project_uuid",
    read_only="id uuid project_id started date_created error host",
    view=lambda one: {"deployment_uuid": one.uuid},
    members="deployment_uuid",
)
HOME = "infrastructure/deployments"
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, ""), DEPLOYMENTS, "", v3=v3, created=200)


def step_at(deployment: HostingDeployment, now: int) -> tuple[str, str, int]:
    """State, step and progress of a deployment at a time."""
    place = min(max(now - deployment.started, 0), len(STEPS) - 1)
    if deployment.error and place >= FAILS_AFTER[deployment.error]:
        return "failed", "", 0
    return STEPS[place]


def told(deployment: HostingDeployment, now: int) -> dict[str, Any]:
    """What an event says of a deployment. Its hosts are told by two names: the published one, and the one that
    Catalyst's command reads."""
    state, step, progress = step_at(deployment, now)
    event = {
        "deployment_uuid": deployment.uuid,
        "deployment_status": state,
        "event": {"step": step, "progress": progress} if step else None,
        "deployment_url": deployment.host if state == "completed" else None,
        "deployment_hostnames": [deployment.host] if state == "completed" else [],
    }
    return {**event, "error": {"code": deployment.error}} if state == "failed" else event


class WatchDeployment(Action):
    """GET of the events of a deployment, as server-sent events, until it has ended."""

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
        return Shown(media=MEDIA, parts=_events(context, found.row.entity))


def _events(context: Context, deployment: HostingDeployment) -> AsyncIterator[bytes]:
    """Without a line that names the event `message`, which it is anyway: Catalyst's command cannot read one."""

    async def look() -> News:
        news = told(deployment, int(context.record.clock.now()))
        event = b"data: " + msgspec.json.encode(news) + b"\n\n"
        return News(event, news["deployment_status"] in ("completed", "failed"))

    return told_as_it_changes(look, every=LOOK_SECONDS, longest=LONGEST_SECONDS)


async def begin(unit: Unit, changes: Changes, _old: HostingDeployment | None, _notes: list[Fault]) -> None:
    """A deployment is of a project and an upload that there are; its bundle is looked at now."""
    project = await query.one(unit.tx, projects.TABLE, "uuid = $1", str(changes.get("project_uuid", "")))
    upload = await query.one(unit.tx, uploads.TABLE, "uuid = $1", str(changes.get("upload_uuid", "")))
    faults = []
    if project is None:
        faults.append(invalid("project_uuid", "must be the UUID of a project"))
    if upload is None:
        faults.append(invalid("upload_uuid", "must be the UUID of an upload of the last day"))
    if project is None or upload is None:
        raise refuse_faults(faults)
    error = NO_BUNDLE if not upload.entity.bundle else 0 if upload.entity.is_zip else NO_ZIP
    slug = _SLUG.sub("-", project.entity.name.lower()).strip("-") or "project"
    changes |= {
        "uuid": str(uuid4()), "project_id": project.entity.id, "started": unit.now, "error": error,
        "date_created": moment(unit.now), "host": f"{slug}.{project.entity.uuid[:8]}.localhost",
    }  # fmt: skip


async def be_the_only_one(unit: Unit, _old: HostingDeployment | None, new: HostingDeployment) -> None:
    """A project has one deployment under way at a time; secrets are not kept."""
    newest = await query.one(
        unit.tx, TABLE, "id = (SELECT max(id) FROM hosting_deployments WHERE project_id = $1)", new.project_id
    )
    if newest is not None and step_at(newest.entity, unit.now)[0] in ("queued", "in_progress"):
        raise Refusal(Reason.DEPLOYMENT_UNDERWAY, details={"deployment_uuid": newest.entity.uuid})
    for variable in new.environment_variables or ():
        if variable.type == "secret":
            variable.value = ""


async def name_the_host(unit: Unit, _old: HostingDeployment | None, new: HostingDeployment) -> None:
    """A project tells at which hosts it is deployed."""
    row = await unit.get(projects.TABLE, new.project_id)
    if row is not None and not new.error and new.host not in row.entity.deployment_hostnames:
        hosts = [*row.entity.deployment_hostnames, new.host]
        await unit.update(projects.TABLE, row, replace(row.entity, deployment_hostnames=hosts))


RESOURCE = Resource(
    aggregates=(
        Aggregate(TABLE, before_validate=(begin,), before_write=(be_the_only_one,), after_write=(name_the_host,)),
    ),
    routes=(
        collection(HOME, V3, "POST"),
        route(f"{HOME}/{{deployment_uuid:text}}/events", 3, GET=WatchDeployment(V3)),
    ),
)
