"""Configurations of themes: the settings of their variations, listed, and judged by the theme's schema (V3)."""

from __future__ import annotations

import re
from typing import Any

from bodega.kit.actions import Action, ListAll
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.themes import theme
from bodega.resources.themes.archive import MAX_SETTING
from bodega.resources.themes.theme import CONFIGURATIONS, CONTENTS, Configuration
from bodega.storage import query

_COLOR = re.compile(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{1,5})?|(?:rgb|hsl)a?\([0-9., %]{5,40}\)|[a-z]{3,30}")
_SIZE = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")


def members(configuration: Configuration) -> dict[str, Any]:
    """The form on the wire."""
    return {
        "uuid": configuration.uuid,
        "theme_uuid": configuration.theme_uuid,
        "variation_id": configuration.variation_id,
        "settings": configuration.settings,
        "date_created": configuration.date_created,
        "site_id": configuration.site_id,
    }


MEMBERS = "uuid theme_uuid variation_id settings date_created site_id"
v3 = V3Shape(
    Configuration,
    required="",
    read_only="id uuid theme_id theme_uuid date_created site_id",
    hidden="channel_id",
    view=members,
    members=MEMBERS,
)
V3 = Endpoint(
    3,
    CONFIGURATIONS,
    Listing(
        CONFIGURATIONS,
        3,
        "",
        mapped={
            ":uuid:in": FilterField("uuid", str),
            ":channel_id:in": FilterField("channel_id"),
            "variation_uuid": FilterField("variation_id", str),
        },
        exact=True,
        shown=v3.shown,
        always=("uuid",),
    ),
    theme.SCOPE,
    "themes/{}/configurations",
    v3=v3,
    parents=(Parent("theme_id", theme.TABLE, key="uuid"),),
)


class ListConfigurations(ListAll):
    """GET: at least one filter says which are wanted."""

    def parse(self, query: str) -> Query:
        asked = super().parse(query)
        if not asked.filters:
            raise Refusal(
                Reason.FILTER_REQUIRED,
                "At least one filter must be provided.",
                details={"supported_filters": sorted(self.listing.filters)},
            )
        return asked


class Validate(Action):
    """POST: whether settings are those of the theme. It keeps nothing."""

    body = True
    calculates = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    async def answer_to(self, context: Context, found: Found, draft: Any) -> Outcome:
        faults: list[Fault] = []
        variation = draft.get("variation_id")
        if variation is not None:
            sql = f"SELECT 1 FROM {CONFIGURATIONS.name} WHERE theme_id = $1 AND variation_id = $2"
            if await query.value(context.reader, sql, found.parent, variation) is None:
                faults.append(invalid("variation_id", "must be the id of a variation of this theme"))
        settings = draft.get("settings", {})
        kept = await query.get(context.reader, CONTENTS, found.parent)
        known = await query.one(context.reader, CONFIGURATIONS, "theme_id = $1 AND channel_id IS NULL", found.parent)
        brought = known.entity.settings if known is not None else {}
        schema = kept.entity.schema if kept is not None else []
        faults += _wrong_with(settings, schema, brought)
        if faults:
            raise refuse_faults(faults)
        return Shown(ready=json({}))


def _wrong_with(settings: dict[str, Any], schema: list[Any], brought: dict[str, Any]) -> list[Fault]:
    """What is wrong with settings: each is one that the schema lists, or the theme brought, and has a value that the
    kind of setting can have."""
    listed = {
        setting["id"]: setting
        for group in schema
        for setting in group.get("settings", [])
        if isinstance(setting.get("id"), str)
    }
    faults = []
    for key, value in settings.items():
        if key not in listed and key not in brought:
            faults.append(invalid(f"settings.{key}", "is not a setting of the theme"))
            continue
        why = _wrong_value(listed.get(key, {}), value)
        if why:
            faults.append(invalid(f"settings.{key}", why))
    return faults


def _wrong_value(setting: dict[str, Any], value: Any) -> str:
    kind = setting.get("type", "")
    if kind == "checkbox" and not isinstance(value, bool):
        return "must be true or false"
    if kind == "color" and not (isinstance(value, str) and _COLOR.fullmatch(value)):
        return "must be a colour, as #757575"
    if kind in ("select", "font"):
        offered = [one.get("value") for one in setting.get("options", []) if isinstance(one, dict)]
        if offered and str(value) not in map(str, offered):
            return "must be one of " + ", ".join(map(str, offered[:50]))
    if kind == "imageDimension" and value != "custom" and not (isinstance(value, str) and _SIZE.fullmatch(value)):
        return "must be a size in pixels, as 250x100"
    if not isinstance(value, str | int | float | bool | type(None)):
        return "must be a text, a number, true or false"
    if isinstance(value, str) and len(value) > MAX_SETTING:
        return f"must be at most {MAX_SETTING} characters long"
    return ""


routes = (
    route("themes/{uuid:text}/configurations", 3, GET=ListConfigurations(V3)),
    route("themes/{uuid:text}/configurations/validate", 3, POST=Validate(V3)),
)

RESOURCE = Resource(routes=routes)
