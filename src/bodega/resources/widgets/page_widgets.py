"""Page widgets: the regions of a page with all that stands in them, read and published as one (V3).

What is published are widgets and placements as any others; a layout keeps what is around those that stand in it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec

from bodega.kit.actions import Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, SortOrder, moment, structured
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Emptied, Outcome, Shown, Validator
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.store import channels
from bodega.resources.widgets import placements, templates, widgets
from bodega.resources.widgets.own import Uuid, know_the_channel
from bodega.resources.widgets.placements import FILE, Placement
from bodega.resources.widgets.widgets import Widget
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_v2_marketing|store_v2_content"
MAX_REGIONS = 100
MAX_DROPZONES = 12
Text = Annotated[str, msgspec.Meta(max_length=65_535)]


class PageWidget(msgspec.Struct, kw_only=True):
    """A widget of a page."""

    widget_template_uuid: Uuid = ""
    configuration: dict[str, Any] = {}
    storefront_api_query_params: dict[str, Any] = {}
    name: Line = ""
    description: Text = ""
    type: Literal["widget"] = "widget"


class Dropzone(msgspec.Struct, kw_only=True):
    """A column of a layout, with the widgets in it."""

    configuration: dict[str, Any] = {}
    widgets: Annotated[list[PageWidget], AtMost(placements.CAP_OF_PAGE)] = []


class Child(msgspec.Struct, kw_only=True):
    """What stands in a region: a widget, or a layout, which has dropzones instead of a template of widgets."""

    type: Literal["widget", "layout"] | None = None
    widget_template_uuid: Uuid = ""
    layout_template_uuid: Uuid = ""
    configuration: dict[str, Any] = {}
    storefront_api_query_params: dict[str, Any] = {}
    name: Line = ""
    description: Text = ""
    dropzones: Annotated[list[Dropzone], AtMost(MAX_DROPZONES)] = []

    @property
    def is_layout(self) -> bool:
        """Whether it is a layout."""
        return self.type == "layout" or (self.type is None and bool(self.layout_template_uuid))


class Region(msgspec.Struct, kw_only=True):
    """A region and its children, in order."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    children: Annotated[list[Child], AtMost(placements.CAP_OF_PAGE)] = []


REGIONS = structured(list[Region])._replace(deep=True)


class Published(Entity, kw_only=True):
    """The body of a publication; without a template it is about the regions of every page."""

    regions: Annotated[list[Region], AtMost(MAX_REGIONS), REGIONS]
    template_file: Annotated[str, msgspec.Meta(max_length=255)] = ""
    entity_id: Line = ""
    channel_id: Id = channels.DEFAULT


class Layout(Entity, kw_only=True):
    """What is around the widgets of a layout: `dropzones` are the configurations of its columns."""

    channel_id: Id
    template_file: str
    entity_id: str
    region: str
    sort_order: SortOrder
    layout_template_uuid: str
    name: str
    configuration: dict[str, Any] = {}
    dropzones: list[dict[str, Any]] = []


TABLE = stored(
    "widget_layouts",
    Layout,
    noun="layout",
    columns="channel_id template_file entity_id",
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
    more_schema="CREATE INDEX widget_layouts_page ON widget_layouts (channel_id, template_file, entity_id);",
)
published = V3Shape(Published, required="regions")
_LIST = Listing(
    placements.TABLE,
    3,
    "",
    mapped={"channel_id": Ignored(integer), "template_file": Ignored(str), "entity_id": Ignored(str)},
)
V3 = Endpoint(3, placements.TABLE, _LIST, SCOPE, "", v3=published)
_PAGE = "channel_id = $1 AND template_file = $2 AND entity_id = $3"
Page = tuple[int, str, str]


class ShowPage(Action):
    """GET of the regions of a page."""

    async def find(self, context: Context) -> Found:
        tables = (placements.TABLE, TABLE, widgets.TABLE)
        found = [await rows.table_state(context.reader, table) for table in tables]
        return Found(Validator.of_all(*(Validator(one.revision, one.modified) for one in found)))

    async def answer(self, context: Context, found: Found) -> Outcome:
        given: dict[str, Any] = dict(context.query.given)
        file = str(given.get("template_file") or "").removesuffix(".html")
        page = (int(given.get("channel_id") or channels.DEFAULT), file, str(given.get("entity_id") or ""))
        regions = await regions_of(context.reader, page)
        shown = [{"name": name, "children": children} for name, children in regions.items()]
        return Shown(ready=json({"data": {"regions": shown}, "meta": {}}))


async def regions_of(tx: Tx, page: Page) -> dict[str, list[dict[str, Any]]]:
    """The active widgets and the layouts of a page, by region, in order."""
    placed = await query.entities(tx, placements.TABLE, f"{_PAGE} AND status = 'active'", *page)
    layouts = await query.entities(tx, TABLE, _PAGE, *page)
    there: dict[int, Widget] = {}
    owners: dict[int, str] = {}
    if placed:
        there = {
            one.id: one for one in await query.entities_of(tx, widgets.TABLE, sorted({one.widget_id for one in placed}))
        }
        numbers = sorted({one.template_id for one in there.values()})
        owners = {one.id: one.uuid for one in await query.entities_of(tx, templates.TABLE, numbers)}
    inside: dict[tuple[int, int], list[dict[str, Any]]] = {}
    children: list[tuple[str, int, int, dict[str, Any]]] = []
    for one in sorted(placed, key=lambda one: (one.sort_order, one.id)):
        widget = there[one.widget_id]
        shown = _widget(widget, owners[widget.template_id])
        if one.layout_id is None:
            children.append((one.region, one.sort_order, one.id, shown))
        else:
            inside.setdefault((one.layout_id, one.dropzone), []).append(shown)
    children += [(one.region, one.sort_order, one.id, _layout(one, inside)) for one in layouts]
    regions: dict[str, list[dict[str, Any]]] = {}
    for region, _order, _number, child in sorted(children, key=lambda child: child[:3]):
        regions.setdefault(region, []).append(child)
    return regions


def _widget(widget: Widget, template: str) -> dict[str, Any]:
    return {
        "widget_template_uuid": template,
        "configuration": widget.widget_configuration,
        "storefront_api_query_params": widget.query_params,
        "name": widget.name,
        "description": widget.description,
        "type": "widget",
    }


def _layout(layout: Layout, inside: dict[tuple[int, int], list[dict[str, Any]]]) -> dict[str, Any]:
    dropzones = [
        {"configuration": configuration, "widgets": inside.get((layout.id, place), [])}
        for place, configuration in enumerate(layout.dropzones)
    ]
    return {
        "layout_template_uuid": layout.layout_template_uuid,
        "configuration": layout.configuration,
        "name": layout.name,
        "dropzones": dropzones,
        "type": "layout",
    }


class PublishPage(ShowPage):
    """POST: the page has these regions from now on, and no others."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        draft = published.read(content, creating=True)
        faults: list[Fault] = []
        file = draft.get("template_file", "")
        if file:
            try:
                draft["template_file"] = FILE.clean(file)
            except ValueError as error:
                faults.append(invalid("template_file", str(error)))
        if draft.get("entity_id") and draft.get("template_file", "") in ("", "pages/home"):
            faults.append(invalid("entity_id", "must be said only of a page that there are several of"))
        names = [region.name for region in draft["regions"]]
        if len(set(names)) < len(names):
            faults.append(invalid("regions", "must name each region once"))
        for place, region in enumerate(draft["regions"]):
            for at, child in enumerate(region.children):
                here = f"regions.{place}.children.{at}"
                faults += _wrong_with(child, here)
        if faults:
            raise refuse_faults(faults)
        return draft

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if write.recheck is not None:
            tables = (placements.TABLE, TABLE, widgets.TABLE)
            write.recheck(Validator.of_all(*(Validator(*unit.statistics.state(one.name)) for one in tables)))
        draft = write.draft
        page = (draft.get("channel_id", channels.DEFAULT), draft.get("template_file", ""), draft.get("entity_id", ""))
        await know_the_channel(unit, None, Published(regions=[], channel_id=page[0]))
        await _clear(unit, page)
        for place, region in enumerate(draft["regions"]):
            for at, child in enumerate(region.children):
                await _put(unit, page, region.name, at, child, f"regions.{place}.children.{at}")
        return Emptied()


def _wrong_with(child: Child, here: str) -> list[Fault]:
    foreign = (
        ("widget_template_uuid", "storefront_api_query_params", "description") if child.is_layout else ("dropzones",)
    )
    strange = [name for name in foreign if getattr(child, name)]
    if strange:
        other = "widget" if child.is_layout else "layout"
        return [invalid(f"{here}.{name}", f"is a member that only a {other} has") for name in strange]
    if child.is_layout:
        if not child.layout_template_uuid:
            return [missing(f"{here}.layout_template_uuid")]
        return [
            missing(f"{here}.dropzones.{zone}.widgets.{at}.widget_template_uuid")
            for zone, dropzone in enumerate(child.dropzones)
            for at, widget in enumerate(dropzone.widgets)
            if not widget.widget_template_uuid
        ]
    return [] if child.widget_template_uuid else [missing(f"{here}.widget_template_uuid")]


async def _clear(unit: Unit, page: Page) -> None:
    """Empties a page. Widgets that were published with it and stand nowhere else go with it."""
    placed = await query.where(unit.tx, placements.TABLE, _PAGE, *page)
    await unit.delete(TABLE, await query.values(unit.tx, f"SELECT id FROM {TABLE.name} WHERE {_PAGE}", *page))
    await unit.delete(placements.TABLE, [row.entity.id for row in placed])
    numbers = sorted({row.entity.widget_id for row in placed})
    if not numbers:
        return
    elsewhere = set(
        await query.values(
            unit.tx,
            f"SELECT widget_id FROM placements WHERE widget_id IN ({numbered_placeholders(len(numbers))})",
            *numbers,
        )
    )
    left = await query.entities_of(unit.tx, widgets.TABLE, numbers)
    await unit.delete(widgets.TABLE, [one.id for one in left if one.of_page and one.id not in elsewhere])


async def _put(unit: Unit, page: Page, region: str, order: int, child: Child, here: str) -> None:
    channel, file, entity = page
    if not child.is_layout:
        await _place(unit, page, region, order, child, here)
        return
    layout = Layout(
        channel_id=channel, template_file=file, entity_id=entity, region=region, sort_order=order,
        layout_template_uuid=child.layout_template_uuid, name=child.name, configuration=child.configuration,
        dropzones=[dropzone.configuration for dropzone in child.dropzones],
    )  # fmt: skip
    row = await unit.insert(TABLE, layout)
    for zone, dropzone in enumerate(child.dropzones):
        for at, widget in enumerate(dropzone.widgets):
            where = f"{here}.dropzones.{zone}.widgets.{at}"
            await _place(unit, page, region, at, widget, where, layout_id=row.entity.id, dropzone=zone)


async def _place(
    unit: Unit,
    page: Page,
    region: str,
    order: int,
    one: Child | PageWidget,
    here: str,
    layout_id: int | None = None,
    dropzone: int = 0,
) -> None:
    channel, file, entity = page
    owner = await query.one(unit.tx, templates.TABLE, "uuid = $1", one.widget_template_uuid)
    if owner is None:
        why = "must be the id of a widget template of this store"
        raise refuse_faults([invalid(f"{here}.widget_template_uuid", why)])
    now = moment(unit.now)
    widget = Widget(
        uuid=str(uuid4()), name=one.name or owner.entity.name, description=one.description,
        widget_configuration=one.configuration, template_id=owner.entity.id,
        version_uuid=owner.entity.current_version_uuid, channel_id=channel, date_created=now, date_modified=now,
        of_page=True, query_params=one.storefront_api_query_params,
    )  # fmt: skip
    row = await unit.insert(widgets.TABLE, widget)
    placement = Placement(
        uuid=str(uuid4()), template_file=file, entity_id=entity, sort_order=order, region=region, status="active",
        channel_id=channel, date_created=now, date_modified=now, widget_id=row.entity.id, layout_id=layout_id,
        dropzone=dropzone,
    )  # fmt: skip
    await unit.insert(placements.TABLE, placement)


routes = (route("content/page-widgets", 3, GET=ShowPage(V3), POST=PublishPage(V3)),)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
