"""Regions: where widgets can stand on a page, as the theme says that the channel shows (V3)."""

from __future__ import annotations

from typing import Any

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.store import channels
from bodega.resources.themes import theme
from bodega.resources.themes.archive import regions_of
from bodega.resources.widgets.own import SCOPE
from bodega.storage import rows

_LIST = Listing(theme.ACTIVE, 3, "", mapped={"template_file": Ignored(str), "channel_id": Ignored(integer)})


class ListRegions(Action):
    """GET of the regions of a template, and of the templates that it includes."""

    async def find(self, context: Context) -> Found:
        given: dict[str, Any] = dict(context.query.given)
        file = given.get("template_file")
        if not file:
            raise refuse_faults([Fault(Reason.QUERY_INVALID, "template_file", "template_file is required.")])
        channel = int(given.get("channel_id") or channels.DEFAULT)
        if await context.reader.row("SELECT 1 FROM channels WHERE id = $1", channel) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        contents = await theme.contents_at(context.reader, channel)
        regions = regions_of(contents.templates, file.removesuffix(".html"))
        if regions is None:
            raise Refusal(Reason.NO_SUCH_ENTITY, f"The active theme has no template {file[:200]}.")
        now = await rows.table_state(context.reader, theme.ACTIVE)
        return Found(Validator(now.revision, now.modified), row=regions)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({"data": [{"name": name} for name in found.row], "meta": {}}))


routes = (route("content/regions", 3, GET=ListRegions(Endpoint(3, theme.ACTIVE, _LIST, SCOPE, ""))),)

RESOURCE = Resource(routes=routes)
