"""Widget templates: Handlebars with a schema of what a merchant sets, in versions, and rendered for a look (V3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import uuid4

import msgspec

from bodega.kit.actions import Action, ShowItem
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, Line, Moment
from bodega.kit.filters import FilterField, Ignored
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Header, Refusal, invalid, refuse_faults
from bodega.rendering.messages import Work
from bodega.rendering.renderer import render
from bodega.resources.widgets.own import CHANNELS, SCOPE, give_an_id, know_the_channel
from bodega.resources.widgets.schema import Schema, faults_of, with_defaults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.unit import Unit
from bodega.turns import Full

CAP = 5_000
CAP_OF_CHANNEL = 1_000
MAX_TEMPLATE = 500_000
"""Characters of a template."""

MAX_VERSIONS = 1_000
_LATER: tuple[Header, ...] = ((b"retry-after", b"5"),)
Template = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEMPLATE)]
Long = Annotated[str, msgspec.Meta(max_length=65_535)]


class WidgetTemplate(Entity, kw_only=True):
    """`uuid` is its id on the wire. What it says is what its current version says."""

    uuid: str = ""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    schema: Schema = []
    template: Template
    storefront_api_query: Long = ""
    kind: Line = "custom"
    channel_id: Id = 1
    current_version_uuid: str = ""
    icon_name: Line = "default"
    date_created: Moment = ""
    date_modified: Moment = ""


class TemplateVersion(Entity, kw_only=True):
    """What a template said, or says, in one version."""

    uuid: str
    template_id: Id
    name: str
    schema: list[Any] = []
    template: str
    storefront_api_query: str = ""


TABLE = stored(
    "widget_templates",
    WidgetTemplate,
    noun="widget template",
    columns="uuid name kind channel_id",
    indexed="channel_id",
    uniques=[Unique(("uuid",), "uuid", "A widget template of this id exists.")],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
    cap=CAP,
    cap_within=("channel_id", CAP_OF_CHANNEL),
)
VERSIONS = stored(
    "widget_template_versions",
    TemplateVersion,
    noun="widget template version",
    columns="uuid template_id",
    indexed="template_id",
    uniques=[Unique(("uuid",), "uuid", "A version of this id exists.")],
    references=[Reference("template_id", "widget_templates", "uuid", "The template does not exist.", "CASCADE")],
    cap_within=("template_id", MAX_VERSIONS),
)
SAID = ("name", "schema", "template", "storefront_api_query")
"""The members that a version keeps."""

MEMBERS = (
    "name schema template storefront_api_query uuid kind date_created date_modified current_version_uuid icon_name"
)


def members(template: WidgetTemplate) -> dict[str, Any]:
    """The form on the wire. Its channel is only asked for."""
    return {name: getattr(template, name) for name in MEMBERS.split()}


READ_ONLY = "id uuid kind current_version_uuid icon_name date_created date_modified"
v3 = V3Shape(WidgetTemplate, required="name template", read_only=READ_ONLY, view=members, members=MEMBERS)
put = V3Shape(
    WidgetTemplate,
    required="",
    read_only=READ_ONLY,
    write_only={"create_new_version": bool},
    view=members,
    members=MEMBERS,
)
LIST = Listing(
    TABLE,
    3,
    "",
    mapped={"widget_template_kind": FilterField("kind", str), ":channel_id:in": CHANNELS},
    exact=True,
    shown=v3.shown,
    always=("uuid",),
)
ONE = Listing(TABLE, 3, "", mapped={"version_uuid": Ignored(str)}, shown=v3.shown, always=("uuid",))
HOME = "content/widget-templates"
V3 = Endpoint(3, TABLE, LIST, SCOPE, HOME, v3=v3, created=200, key="uuid")
PUT = Endpoint(3, TABLE, ONE, SCOPE, HOME, v3=put, key="uuid")


def at(template: WidgetTemplate, version: TemplateVersion) -> WidgetTemplate:
    """The template as it was in a version."""
    return msgspec.structs.replace(template, **{name: getattr(version, name) for name in SAID})


class ShowTemplate(ShowItem):
    """GET, as it is or in another version."""

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        wanted = dict(context.query.given).get("version_uuid")
        if not wanted:
            return found
        version = await query.one(context.reader, VERSIONS, "uuid = $1 AND template_id = $2", wanted, found.entity_id)
        if version is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        template = at(found.row.entity(TABLE), version.entity)
        doc, rest = TABLE.encode(template)
        return msgspec.structs.replace(found, row=msgspec.structs.replace(found.row, doc=doc, rest=rest))


class PreviewDraft(Entity, kw_only=True):
    """The body of a preview."""

    widget_configuration: dict[str, Any] = {}


preview = V3Shape(PreviewDraft, required="")
PREVIEW = Endpoint(3, TABLE, Listing(TABLE, 3, ""), SCOPE, "", v3=preview, key="uuid")


class Preview(Action):
    """POST: what the template comes to with a configuration. Nothing is kept; a storefront query is not asked."""

    body = True
    calculates = True

    def read(self, content: Any) -> Any:
        return preview.read(content, creating=True)

    async def find(self, context: Context) -> Found:
        return await self.selection.item(context)

    async def answer_to(self, context: Context, found: Found, draft: Any) -> Outcome:
        template: WidgetTemplate = found.row.entity(TABLE)
        configuration = draft.get("widget_configuration", {})
        faults = faults_of(configuration, template.schema)
        if faults:
            raise refuse_faults(faults)
        shown = {**with_defaults(configuration, template.schema), "_": {"id": template.uuid, "data": {}}}
        work = Work(template.template, msgspec.to_builtins(shown, builtin_types=()))
        try:
            (made,) = await render(context.record.hash, [work])
        except Full:
            raise Refusal(Reason.TEMPLATES_WAITING, headers=_LATER) from None
        if made.refused:
            raise refuse_faults([invalid("template", made.refused)])
        return Shown(ready=json({"data": {"html": made.html}}))


routes = (
    collection(HOME, V3, "GET POST"),
    item(HOME + "/{uuid:text}", PUT, "PUT DELETE").also(
        route(HOME + "/{uuid:text}", 3, GET=ShowTemplate(PUT)),
    ),
    route(HOME + "/{uuid:text}/preview", 3, POST=Preview(PREVIEW)),
)


async def choose_a_version(_unit: Unit, changes: Changes, old: WidgetTemplate | None, _notes: list[Fault]) -> None:
    """A new template begins a version, and an update that asks for one does; any other changes the current one."""
    if changes.pop("create_new_version", False) or old is None:
        changes["current_version_uuid"] = str(uuid4())


@depends_on("name schema template storefront_api_query current_version_uuid")
async def keep_the_version(unit: Unit, _old: WidgetTemplate | None, new: WidgetTemplate) -> None:
    """Keeps what the current version says."""
    kept = await query.one(unit.tx, VERSIONS, "uuid = $1", new.current_version_uuid)
    version = TemplateVersion(
        id=kept.entity.id if kept is not None else 0, uuid=new.current_version_uuid, template_id=new.id, name=new.name,
        schema=new.schema, template=new.template, storefront_api_query=new.storefront_api_query,
    )  # fmt: skip
    if kept is None:
        await unit.insert(VERSIONS, version)
    else:
        await unit.update(VERSIONS, kept, version)


async def keep_used_templates(unit: Unit, ids: Sequence[int]) -> None:
    """A template that widgets are made of stays."""
    sql = f"SELECT uuid FROM widgets WHERE template_id IN ({numbered_placeholders(len(ids))}) LIMIT 10"
    made = await query.values(unit.tx, sql, *ids)
    if made:
        raise refuse_faults([invalid("uuid", "must not be that of a template with widgets: " + ", ".join(made))])


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(give_an_id, choose_a_version),
            before_write=(know_the_channel,),
            after_write=(keep_the_version,),
            before_delete=(keep_used_templates,),
        ),
        Aggregate(VERSIONS),
    ),
    routes=routes,
)
