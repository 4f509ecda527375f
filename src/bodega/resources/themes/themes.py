"""The operations of themes: listed, uploaded, downloaded, activated at a channel, deleted (V3)."""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

import msgspec

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity
from bodega.kit.fields import Id, moment
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing
from bodega.kit.parameters import integer
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Emptied, Outcome
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.channels import sites
from bodega.resources.store import channels
from bodega.resources.themes import jobs, theme
from bodega.resources.themes.theme import ACTIVE, CONFIGURATIONS, TABLE, ActiveTheme, Configuration
from bodega.storage import query
from bodega.storage.unit import Unit

v3 = V3Shape(
    theme.Theme,
    required="",
    read_only=" ".join(theme.Theme.__struct_fields__[:-1]),
    hidden="version_uuid",
    view=theme.members,
    members="uuid variations name is_private is_active updated_at",
)
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, ""), theme.SCOPE, "themes", v3=v3, key="uuid")

THEMED = "bigcommerce"
"""The platform of storefronts that are made of themes."""


class Activation(Entity, kw_only=True):
    """The body of an activation: which configuration of the variation is meant. The published place of the channel is
    the query; the command line tool of themes says it here."""

    variation_id: str
    which: Literal["original", "last_activated", "last_created"] = "last_activated"
    channel_id: Id = 0


activation = V3Shape(Activation, required="variation_id")
ACTIVATE = Endpoint(
    3, ACTIVE, Listing(ACTIVE, 3, "", mapped={"channel_id": Ignored(integer)}), theme.SCOPE, "", v3=activation
)


class Activate(Action):
    """POST: a channel shows a variation of a theme from now on."""

    writes = True
    body = True

    async def find(self, context: Context) -> Found:
        return Found(await self._collection(context))

    def read(self, content: Any) -> Any:
        return activation.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        wanted = Activation(**write.draft)
        channel = int(dict(context.query.given).get("channel_id") or wanted.channel_id or channels.DEFAULT)
        at = await unit.get(channels.TABLE, channel)
        if at is None or at.entity.type != "storefront" or at.entity.platform != THEMED:
            raise refuse_faults([invalid("channel_id", "must be the id of a storefront that is made of themes")])
        chosen = await _chosen(unit, channel, wanted)
        if chosen is None:
            raise refuse_faults([invalid("variation_id", "must be the id of a variation of one of the store's themes")])
        old = await unit.get(ACTIVE, channel)
        if old is not None and old.entity.configuration_id == chosen.id:
            return Emptied()
        new = ActiveTheme(
            id=channel, theme_id=chosen.theme_id, configuration_id=chosen.id, date_activated=moment(unit.now)
        )
        await unit.save(ACTIVE, old, new)
        for number in {chosen.theme_id, old.entity.theme_id if old is not None else chosen.theme_id}:
            await _note_whether_active(unit, number)
        return Emptied()


async def _chosen(unit: Unit, channel: int, wanted: Activation) -> Configuration | None:
    """The configuration that an activation is about. What a channel shows is always one of its own: a theme's own
    stays as it came."""
    variation = wanted.variation_id
    original = await query.one(unit.tx, CONFIGURATIONS, "variation_id = $1 AND channel_id IS NULL", variation)
    if original is None:
        return None
    own = await query.where(unit.tx, CONFIGURATIONS, "variation_id = $1 AND channel_id = $2", variation, channel)
    made: Configuration = original.entity
    if wanted.which == "original":
        own = [row for row in own if row.entity.settings == made.settings]
    if wanted.which == "last_activated":
        active = await unit.get(ACTIVE, channel)
        own = [row for row in own if active is not None and row.entity.id == active.entity.configuration_id] or own
    if own:
        found: Configuration = own[-1].entity
        return found
    site = await query.value(unit.tx, f"SELECT id FROM {sites.TABLE.name} WHERE channel_id = $1", channel)
    copy = msgspec.structs.replace(
        made, id=0, uuid=str(uuid4()), channel_id=channel, site_id=site or 0, date_created=moment(unit.now)
    )
    row = await unit.insert(CONFIGURATIONS, copy)
    kept: Configuration = row.entity
    return kept


async def _note_whether_active(unit: Unit, number: int) -> None:
    row = await unit.get(TABLE, number)
    shown_at = await query.value(unit.tx, "SELECT 1 FROM active_themes WHERE theme_id = $1 LIMIT 1", number)
    if row is not None and row.entity.is_active != (shown_at is not None):
        await unit.update(TABLE, row, msgspec.structs.replace(row.entity, is_active=shown_at is not None))


routes = (
    collection("themes", V3, "GET").also(route("themes", 3, POST=jobs.UploadTheme(V3))),
    route("themes/actions/activate", 3, POST=Activate(ACTIVATE)),
    route("themes/jobs/{job_id:text}", 3, GET=jobs.ShowJob(jobs.JOB)),
    item("themes/{uuid:text}", V3, "GET DELETE"),
    route("themes/{uuid:text}/actions/download", 3, POST=jobs.DownloadTheme(V3)),
)

RESOURCE = Resource(aggregates=(*theme.AGGREGATES, *jobs.AGGREGATES), routes=routes, sweeps=jobs.SWEEPS)
