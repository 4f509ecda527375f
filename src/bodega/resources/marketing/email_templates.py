"""Templates of e-mails (V3): of the store, and of channels that differ. What nobody wrote is as every store begins."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.fields import Id
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, refuse_faults
from bodega.resources.marketing.mail_template import Body, Subject, Translations, faults_of, written
from bodega.resources.marketing.template_texts import TEXTS
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.query import Row
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_v2_information"


class EmailTemplate(Entity, kw_only=True):
    """A template of a type; without a channel it is the store's."""

    type_id: str = ""
    body: Body = ""
    translations: Translations = []
    subject: Subject = ""
    channel_id: Id | None = None


TABLE = stored(
    "email_templates",
    EmailTemplate,
    noun="e-mail template",
    columns="type_id channel_id",
    computed={"place": ("TEXT", lambda kept: _place(kept.type_id, kept.channel_id))},
    hidden="channel_id",
    indexed="channel_id",
    uniques=[Unique(("place",), "type_id", "There is a template of this type.")],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
)


def _place(type_id: str, channel: int | None) -> str:
    return f"{channel or 0}/{type_id}"


def at_first(type_id: str) -> EmailTemplate:
    """The template of a type with which every store begins."""
    text = written(TEXTS[type_id])
    return EmailTemplate(type_id=type_id, body=text.body, translations=text.translations, subject=text.subject)


async def holding(tx: Tx, type_id: str, channel: int | None) -> tuple[Row | None, EmailTemplate]:
    """The template that holds for a channel, or for the store: its own, else the store's, else that of every store.
    The row is that of this very place, if it has one."""
    places = dict.fromkeys((_place(type_id, channel), _place(type_id, None)))
    rows = [await query.one(tx, TABLE, "place = $1", place) for place in places]
    return rows[0], next((row.entity for row in rows if row is not None), at_first(type_id))


def shown(template: EmailTemplate) -> dict[str, Any]:
    """A template as it is on the wire."""
    names = ("type_id", "body", "translations", "subject")
    return {name: msgspec.to_builtins(getattr(template, name)) for name in names}


v3 = V3Shape(EmailTemplate, required="", read_only="id type_id channel_id")
PATH = "marketing/email-templates"
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, "", mapped={"channel_id": Ignored(integer)}, exact=True), SCOPE, PATH, v3=v3)


class _OfChannel(Action):
    """An action of the store's templates, or of those of the channel that the query names."""

    at_once = False

    def parse(self, query: str) -> Query:
        return self.listing.parse(query, closed=True)

    def channel(self, context: Context) -> int | None:
        """The channel that the query names."""
        given = dict(context.query.given).get("channel_id", "")
        return int(given) if given else None

    async def find(self, context: Context) -> Found:
        channel = self.channel(context)
        there = "SELECT 1 FROM channels WHERE id = $1"
        if channel is not None and await context.reader.row(there, channel) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY, "The channel does not exist.")
        if context.ids and context.ids[-1] not in TEXTS:
            raise Refusal(Reason.NO_SUCH_ENTITY, details={"templates": sorted(TEXTS)})
        return Found(await self._collection(context))


class ListTemplates(_OfChannel):
    """GET of all templates."""

    async def answer(self, context: Context, found: Found) -> Outcome:
        channel = self.channel(context)
        places = [_place(name, where) for where in dict.fromkeys((None, channel)) for name in TEXTS]
        kept = await query.entities(context.reader, TABLE, f"place IN ({numbered_placeholders(len(places))})", *places)
        known = {name: at_first(name) for name in TEXTS}
        known |= {one.type_id: one for one in sorted(kept, key=lambda one: one.channel_id or 0)}
        return Shown(ready=json({"data": [shown(one) for one in known.values()], "meta": {}}))


class ShowTemplate(_OfChannel):
    """GET of one template."""

    async def answer(self, context: Context, found: Found) -> Outcome:
        _row, template = await holding(context.reader, context.ids[-1], self.channel(context))
        return Shown(ready=json({"data": shown(template), "meta": {}}))


class PutTemplate(ShowTemplate):
    """PUT: the store's template, or one that a channel has instead."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        type_id, channel = context.ids[-1], self.channel(context)
        old, holds = await holding(unit.tx, type_id, channel)
        wanted = replace(holds, id=old.entity.id if old is not None else 0, channel_id=channel, **write.draft)
        faults = faults_of(wanted.subject, wanted.body, wanted.translations)
        if faults:
            raise refuse_faults(faults)
        row = await unit.insert(TABLE, wanted) if old is None else await unit.update(TABLE, old, wanted)
        now = Validator(*unit.statistics.state(TABLE.name))
        return Shown(ready=json({"data": shown(row.entity), "meta": {}}), state=now)


class DropTemplate(ShowTemplate):
    """DELETE: the channel has the store's template again."""

    writes = True

    def parse(self, query: str) -> Query:
        asked = super().parse(query)
        if not dict(asked.given).get("channel_id"):
            raise self.listing.need_filter()
        return asked

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        old, _holds = await holding(unit.tx, context.ids[-1], self.channel(context))
        if old is not None:
            await unit.delete(TABLE, [old.entity.id])
        _none, template = await holding(unit.tx, context.ids[-1], self.channel(context))
        return Shown(ready=json({"data": shown(template), "meta": {}}))


def own_template_told(old: EmailTemplate | None, new: EmailTemplate | None) -> dict[str, Any] | None:
    """The payload of a change of a channel's own template."""
    kept = new if new is not None else old
    assert kept is not None
    return {"channel_id": kept.channel_id, "type_id": kept.type_id} if kept.channel_id else None


async def _its_channel(_tx: Tx, old: EmailTemplate | None, new: EmailTemplate | None) -> list[int]:
    kept = new if new is not None else old
    return [kept.channel_id] if kept is not None and kept.channel_id else []


_EVENT = "store/channel/#/email/templates"

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=(
                fires(f"{_EVENT}/updated", own_template_told, on="created updated", channels=_its_channel),
                fires(f"{_EVENT}/deleted", own_template_told, on="deleted", channels=_its_channel),
            ),
        ),
    ),
    routes=(
        route(PATH, 3, GET=ListTemplates(V3)),
        route(PATH + "/{template_name:text}", 3, GET=ShowTemplate(V3), PUT=PutTemplate(V3), DELETE=DropTemplate(V3)),
    ),
)
