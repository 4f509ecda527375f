"""Placements: which widget stands in which region of which page (V3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FieldType, Id, Line, Moment, SortOrder, as_is, clean_text
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.widgets import widgets
from bodega.resources.widgets.own import CHANNELS, SCOPE, SITES, Uuid, by, give_an_id, know_the_channel
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

CAP_OF_PAGE = 150
"""Widgets of a page."""

_FILE = re.compile(r"(?:pages|layout|components)/[\w./-]{1,240}")


def clean_file(value: str) -> str:
    """A template of a theme: its path below templates, without .html. Raises ValueError."""
    if not _FILE.fullmatch(clean_text(value)) or ".." in value:
        raise ValueError("must be the path of a template, as pages/category")
    return value.removesuffix(".html")


FILE = FieldType("string", as_is, clean_file, clean_file)


class Placement(Entity, kw_only=True):
    """`uuid` is its id on the wire. `template_file` is empty for the regions of every page. A placement in a layout has
    its number and that of the dropzone."""

    uuid: str = ""
    template_file: Annotated[str, msgspec.Meta(max_length=255), FILE]
    entity_id: Line = ""
    sort_order: SortOrder = 0
    region: Line = ""
    status: Literal["inactive", "active"] = "inactive"
    channel_id: Id = 1
    date_created: Moment = ""
    date_modified: Moment = ""
    widget_id: Id = 0
    layout_id: Id | None = None
    dropzone: int = 0


PAGE = "channel_id template_file entity_id"
TABLE = stored(
    "placements",
    Placement,
    noun="placement",
    columns=f"uuid {PAGE} widget_id layout_id status",
    indexed="widget_id layout_id",
    hidden="widget_id layout_id dropzone",
    uniques=[Unique(("uuid",), "uuid", "A placement of this id exists.")],
    references=[
        Reference("widget_id", "widgets", "widget_id", "The widget does not exist.", "CASCADE"),
        Reference("layout_id", "widget_layouts", "layout_id", "The layout does not exist.", "CASCADE"),
        Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE"),
    ],
    cap_within=(PAGE, CAP_OF_PAGE),
    more_schema="CREATE INDEX placements_page ON placements (channel_id, template_file, entity_id);",
)
MEMBERS = "uuid template_file date_created date_modified channel_id entity_id sort_order region status"


def members(placement: Placement) -> dict[str, Any]:
    """The form on the wire, without the widget, which is read for a whole page."""
    return {name: getattr(placement, name) for name in MEMBERS.split()}


async def _with_widget(context: Any, ids: Sequence[int]) -> dict[int, bytes]:
    placed = await query.entities_of(context.reader, TABLE, ids)
    shown = await query.entities_of(context.reader, widgets.TABLE, sorted({one.widget_id for one in placed}))
    of_widget = await widgets.templates_of(context.reader, shown)
    documents = {one.id: json({**widgets.members(one), "widget_template": of_widget[one.id]}) for one in shown}
    return {one.id: documents[one.widget_id] for one in placed if one.widget_id in documents}


INCLUDES = {
    "widget": Include(_with_widget, b"null", tables="widgets widget_templates widget_template_versions"),
}  # fmt: skip
SHAPE: dict[str, Any] = {
    "read_only": "id uuid date_created date_modified",
    "hidden": "widget_id layout_id dropzone",
    "write_only": {"widget_uuid": Uuid},
    "view": members,
    "members": MEMBERS,
}
post = V3Shape(Placement, required="widget_uuid template_file", **SHAPE)
put = V3Shape(Placement, required="", **SHAPE)
LIST = Listing(
    TABLE,
    3,
    "",
    mapped={
        "widget_template_kind": by(
            "widget_id IN (SELECT w.id FROM widgets w JOIN widget_templates k ON k.id = w.template_id"
            " WHERE k.kind IN ({placeholders}))"
        ),
        "template_file": FilterField("template_file", lambda text: text.removesuffix(".html")),
        "widget_uuid": by("widget_id IN (SELECT id FROM widgets WHERE uuid IN ({placeholders}))"),
        "widget_template_uuid": by(
            "widget_id IN (SELECT w.id FROM widgets w JOIN widget_templates k ON k.id = w.template_id"
            " WHERE k.uuid IN ({placeholders}))"
        ),
        ":channel_id:in": CHANNELS,
        "site_id:in": SITES,
    },
    exact=True,
    includes=INCLUDES,
    inside="widget",
    shown=(*post.shown, "widget"),
    always=("uuid",),
)
ONE = Listing(TABLE, 3, "", includes=INCLUDES, inside="widget", shown=(*post.shown, "widget"), always=("uuid",))
HOME = "content/placements"
V3 = Endpoint(3, TABLE, LIST, SCOPE, HOME, v3=post, created=200, key="uuid")
PUT = Endpoint(3, TABLE, ONE, SCOPE, HOME, v3=put, key="uuid")

routes = (collection(HOME, V3, "GET POST"), item(HOME + "/{uuid:text}", PUT))


async def find_widget(unit: Unit, changes: Changes, _old: Placement | None, _notes: list[Fault]) -> None:
    """A placement names its widget."""
    wanted = changes.pop("widget_uuid", None)
    if wanted is None:
        return
    number = await query.value(unit.tx, "SELECT id FROM widgets WHERE uuid = $1", wanted)
    if number is None:
        raise refuse_faults([invalid("widget_uuid", "must be the id of a widget of this store")])
    changes["widget_id"] = number


@depends_on("template_file entity_id")
async def home_has_no_entity(_unit: Unit, _old: Placement | None, new: Placement) -> None:
    """The home page is one page."""
    if new.template_file == "pages/home" and new.entity_id:
        raise refuse_faults([invalid("entity_id", "must not be said of the home page")])


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE, before_validate=(give_an_id, find_widget), before_write=(know_the_channel, home_has_no_entity)
        ),
    ),
    routes=routes,
)
