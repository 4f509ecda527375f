"""Widgets: the templates with a look at each, the widgets made of them, and where they stand."""

from __future__ import annotations

from typing import Any

from bodega.panel import api
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/widgets"
CONTENT = "/v3/content"
PER_PAGE = 25


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """The widgets, each with where it stands; the templates."""
    page = api.page_of(request)
    found = await api.read(request, f"{CONTENT}/widgets", limit=PER_PAGE, page=page)
    templates = (await api.read(request, f"{CONTENT}/widget-templates", limit=250)).data
    places: dict[str, list[Any]] = {}
    for one in found.data:
        placed = await api.read(request, f"{CONTENT}/placements", widget_uuid=one["uuid"], limit=10)
        places[one["uuid"]] = placed.data
    return show(
        request, "widgets.html", widgets=found.data, templates=templates, places=places, total=found.total, page=page,
        per=PER_PAGE,
    )  # fmt: skip


@pages.get(HERE + "/templates/{template}")
async def template(request: PanelRequest) -> Reply:
    """A template, what can be set, and what it comes to with its defaults."""
    path = f"{CONTENT}/widget-templates/{request.ids['template']}"
    one = (await api.read(request, path)).data
    looks = request.query_value("look") == "yes"  # it is rendered in a process of its own, which takes a while
    look = await api.send_request(request, "POST", f"{path}/preview", {"widget_configuration": {}}) if looks else None
    made = (await api.read(request, f"{CONTENT}/widgets", widget_template_uuid=one["uuid"], limit=1)).total
    return show(
        request, "widget_template.html", one=one, settings=_settings(one["schema"]), made=made,
        html="" if look is None or look.refused else look.data["html"], looks=looks,
        message=sentence_of(look) if look is not None and look.refused else "",
    )  # fmt: skip


def _settings(schema: list[Any], before: str = "") -> list[tuple[str, Any]]:
    """What can be set, with the name by which the template knows it."""
    found: list[tuple[str, Any]] = []
    for item in schema:
        for owner in item.get("sections", [item]):
            found += [(before + one["id"], one) for one in owner.get("settings", [])]
        if item["type"] == "array":
            found += _settings(item.get("schema", []), f"{before}{item['id']}[].")
    return found


@pages.post(HERE + "/{widget}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a widget with its placements."""
    await api.send_request(request, "DELETE", f"{CONTENT}/widgets/{request.ids['widget']}")
    return go(f"{request.base}/widgets?done=deleted", *SAFE)
