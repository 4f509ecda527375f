"""Widgets: templates with a configuration, which placements show (V3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, Moment
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.widgets import templates
from bodega.resources.widgets.own import CHANNELS, SCOPE, SITES, Uuid, by, give_an_id, know_the_channel
from bodega.resources.widgets.schema import faults_of
from bodega.resources.widgets.templates import VERSIONS
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

CAP = 100_000


class Widget(Entity, kw_only=True):
    """`uuid` is its id on the wire, `version_uuid` the version of its template. `of_page`: it was published with a
    page, and goes with its last placement; `query_params` are what a page says for its storefront query."""

    uuid: str = ""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    description: Annotated[str, msgspec.Meta(max_length=65_535)] = ""
    widget_configuration: dict[str, Any] = {}
    version_uuid: str = ""
    channel_id: Id = 1
    date_created: Moment = ""
    date_modified: Moment = ""
    template_id: Id = 0
    of_page: bool = False
    query_params: dict[str, Any] = {}


TABLE = stored(
    "widgets",
    Widget,
    noun="widget",
    columns="uuid name template_id channel_id",
    computed={"name_key": ("TEXT", lambda widget: caseless(widget.name))},
    indexed="template_id channel_id name_key",
    hidden="template_id of_page query_params",
    uniques=[Unique(("uuid",), "uuid", "A widget of this id exists.")],
    references=[
        Reference("template_id", "widget_templates", "template_id", "The widget template does not exist."),
        Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE"),
    ],
    cap=CAP,
)
MEMBERS = "name description widget_configuration uuid date_created date_modified version_uuid channel_id"


def members(widget: Widget) -> dict[str, Any]:
    """The form on the wire, without the template, which is read for a whole page."""
    return {name: getattr(widget, name) for name in MEMBERS.split()}


async def templates_of(tx: Tx, widgets: Sequence[Widget]) -> dict[int, dict[str, Any]]:
    """The template of each widget, by the widget's id: as it was in the version that the widget has."""
    owners = {one.template_id for one in widgets}
    if not owners:
        return {}
    found = {one.id: one for one in await query.entities_of(tx, templates.TABLE, sorted(owners))}
    uuids = sorted({one.version_uuid for one in widgets})
    test = f"uuid IN ({numbered_placeholders(len(uuids))})"
    versions = {one.uuid: one for one in await query.entities(tx, VERSIONS, test, *uuids)}
    return {
        one.id: templates.members(templates.at(found[one.template_id], versions[one.version_uuid])) for one in widgets
    }


async def _with_template(context: Any, ids: Sequence[int]) -> dict[int, bytes]:
    widgets = await query.entities_of(context.reader, TABLE, ids)
    return {number: json(shown) for number, shown in (await templates_of(context.reader, widgets)).items()}


INCLUDES = {"widget_template": Include(_with_template, b"null", tables="widget_templates widget_template_versions")}
READ_ONLY = "id uuid version_uuid date_created date_modified"
HIDDEN = "template_id of_page query_params"
post = V3Shape(
    Widget,
    required="name widget_template_uuid",
    read_only=READ_ONLY,
    hidden=HIDDEN,
    write_only={"widget_template_uuid": Uuid},
    view=members,
    members=MEMBERS,
)
put = V3Shape(
    Widget,
    required="",
    read_only=READ_ONLY,
    hidden=HIDDEN,
    write_only={"widget_template_uuid": Uuid, "upgrade": bool},
    view=members,
    members=MEMBERS,
)
LIST = Listing(
    TABLE,
    3,
    "name:in",
    mapped={
        "widget_template_kind": by("template_id IN (SELECT id FROM widget_templates WHERE kind IN ({placeholders}))"),
        "widget_template_uuid": by("template_id IN (SELECT id FROM widget_templates WHERE uuid IN ({placeholders}))"),
        ":channel_id:in": CHANNELS,
        "site_id:in": SITES,
    },
    exact=True,
    includes=INCLUDES,
    inside="widget_template",
    shown=(*post.shown, "widget_template"),
    always=("uuid",),
)
ONE = Listing(
    TABLE, 3, "", includes=INCLUDES, inside="widget_template", shown=(*post.shown, "widget_template"), always=("uuid",)
)
HOME = "content/widgets"
V3 = Endpoint(3, TABLE, LIST, SCOPE, HOME, v3=post, created=200, key="uuid")
PUT = Endpoint(3, TABLE, ONE, SCOPE, HOME, v3=put, key="uuid")

routes = (collection(HOME, V3, "GET POST"), item(HOME + "/{uuid:text}", PUT))


async def find_template(unit: Unit, changes: Changes, old: Widget | None, _notes: list[Fault]) -> None:
    """A widget names its template, and has its version of that moment until it is upgraded."""
    upgrade, wanted = changes.pop("upgrade", False), changes.pop("widget_template_uuid", None)
    if wanted is None and not upgrade:
        return
    row = (
        await query.one(unit.tx, templates.TABLE, "uuid = $1", wanted)
        if wanted is not None
        else await unit.get(templates.TABLE, old.template_id if old is not None else 0)
    )
    if row is None:
        raise refuse_faults([invalid("widget_template_uuid", "must be the id of a widget template of this store")])
    if upgrade or old is None or old.template_id != row.entity.id:
        changes["version_uuid"] = row.entity.current_version_uuid
    changes["template_id"] = row.entity.id


@depends_on("widget_configuration template_id version_uuid")
async def fit_the_schema(unit: Unit, _old: Widget | None, new: Widget) -> None:
    """The configuration holds what the schema of the template's version allows."""
    version = await query.one(unit.tx, VERSIONS, "uuid = $1", new.version_uuid)
    faults = faults_of(new.widget_configuration, version.entity.schema if version is not None else [])
    if faults:
        raise refuse_faults(faults)


RESOURCE = Resource(
    aggregates=(
        Aggregate(TABLE, before_validate=(give_an_id, find_template), before_write=(know_the_channel, fit_the_schema)),
    ),
    routes=routes,
)
