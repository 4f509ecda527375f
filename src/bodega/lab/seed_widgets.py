"""Sample widgets: a banner on the home page, made of a template that can be set."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from bodega.access.stores import OpenStore
from bodega.kit.fields import moment
from bodega.lab.generation import where_free
from bodega.resources.widgets import placements, templates, widgets
from bodega.storage import query
from bodega.storage.unit import Unit

SCHEMA = [
    {
        "type": "tab",
        "label": "Content",
        "sections": [
            {
                "label": "Banner",
                "settings": [
                    {"type": "input", "label": "Title", "id": "title", "default": "Welcome"},
                    {"type": "text", "label": "Text", "id": "text", "default": ""},
                    {"type": "input", "label": "Leads to", "id": "link", "default": "/"},
                    {"type": "boolean", "label": "Show the button", "id": "button", "default": True},
                ],
            }
        ],
    }
]
TEMPLATE = (
    '<section class="banner" id="{{_.id}}"><h2>{{title}}</h2>{{#if text}}<p>{{text}}</p>{{/if}}'
    '{{#if button}}<a href="{{link}}">Have a look</a>{{/if}}</section>'
)
REGION = "home_below_menu"


def _named(what: str) -> str:
    """A UUID that follows from what it names."""
    return str(uuid5(NAMESPACE_URL, f"bodega sample {what}"))


async def generate_widgets(store: OpenStore) -> None:
    """Makes them, unless they are there."""
    await where_free(store, _make)


async def _make(unit: Unit) -> None:
    if await query.value(unit.tx, "SELECT 1 FROM widget_templates WHERE uuid = $1", _named("widget template")):
        return
    now = moment(unit.now)
    template = await unit.insert(
        templates.TABLE,
        templates.WidgetTemplate(
            uuid=_named("widget template"), name="Banner", schema=SCHEMA, template=TEMPLATE,
            current_version_uuid=_named("widget template version"), date_created=now, date_modified=now,
        ),
    )  # fmt: skip
    widget = await unit.insert(
        widgets.TABLE,
        widgets.Widget(
            uuid=_named("widget"), name="Welcome", description="Below the menu of the home page",
            widget_configuration={"title": "New this week", "link": "/new"}, template_id=template.entity.id,
            version_uuid=_named("widget template version"), date_created=now, date_modified=now,
        ),
    )  # fmt: skip
    await unit.insert(
        placements.TABLE,
        placements.Placement(
            uuid=_named("placement"), template_file="pages/home", region=REGION, status="active", sort_order=1,
            widget_id=widget.entity.id, date_created=now, date_modified=now,
        ),
    )  # fmt: skip
