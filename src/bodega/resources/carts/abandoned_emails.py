"""E-mails to shoppers who left a cart (V3): of the store, and of channels that have their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import NO_QUERY, Action, Create, ListAll
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, structured
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import item, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.marketing.mail_template import Template, faults_of, written
from bodega.resources.marketing.template_texts import ABANDONED_CART
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.plan import Condition
from bodega.storage.table import Reference
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_v2_information"
PATH = "marketing/abandoned-cart-emails"

MOST = 100
"""E-mails of a store: each is written to every shopper who left a cart."""

Minutes = Literal[
    60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 660, 720, 780, 840, 900, 960, 1020, 1080, 1140, 1200, 1260, 1320,
    1380, 1440, 2880, 4320, 5760, 7200, 8640, 10080, 11520, 12960, 14400,
]  # fmt: skip
"""Each hour of the first day, then each day to the tenth."""


def default_template() -> Template:
    """What an e-mail says that brings no template."""
    return written(ABANDONED_CART)


class AbandonedCartEmail(Entity, kw_only=True):
    """Sent so many minutes after a cart was left; without a channel it is the store's."""

    notify_at_minutes: Minutes = 60
    coupon_code: Line = ""
    template: Annotated[Template, structured(Template)] = msgspec.field(default_factory=default_template)
    is_active: bool = False
    sent_num: int = 0
    channel_id: Id | None = None


TABLE = stored(
    "abandoned_cart_emails",
    AbandonedCartEmail,
    noun="abandoned cart e-mail",
    columns="channel_id",
    computed={"place": ("INTEGER", lambda email: email.channel_id or 0)},
    hidden="channel_id",
    indexed="channel_id place",
    cap=MOST,
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
)


class EmailSettings(Entity, kw_only=True):
    """One row for each channel that has e-mails of its own."""

    use_global: bool = True


SETTINGS = stored("abandoned_cart_email_settings", EmailSettings, noun="abandoned cart e-mail settings", columns="")

v3 = V3Shape(AbandonedCartEmail, required="", read_only="id sent_num", hidden="channel_id")
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={"channel_id": Filter("place", "eq", integer)}, exact=True),
    SCOPE,
    PATH,
    v3=v3,
    created=200,
)


async def of_channel(tx: Tx, channel: int) -> list[AbandonedCartEmail]:
    """The active e-mails that hold for a channel: its own, unless it uses those of the store; the soonest first."""
    row = await query.get(tx, SETTINGS, channel)
    place = 0 if row is None or row.entity.use_global else channel
    found = await query.entities(tx, TABLE, "place = $1", place)
    return sorted((one for one in found if one.is_active), key=lambda one: (one.notify_at_minutes, one.id))


def _named(context: Context) -> int:
    """The channel that the query names; 0 for none."""
    return int(dict(context.query.given).get("channel_id") or 0)


class ListEmails(ListAll):
    """GET: those of the store, or of the channel that the query names."""

    def parse(self, query: str) -> Query:
        asked = super().parse(query)
        if dict(asked.given).get("channel_id"):
            return asked
        return replace(asked, plan=asked.plan._replace(where=(*asked.plan.where, Condition("place", "eq", 0))))


class CreateEmail(Create):
    """POST, for the store or for the channel that the query names."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        draft = {**write.draft, "channel_id": _named(context) or None}
        return await super().perform(unit, context, msgspec.structs.replace(write, draft=draft))


class ShowDefault(Action):
    """GET of the template that an e-mail has without one of its own; nothing is around it, as published."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        return Found(Validator(1, 0))

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json(default_template()))


class ShowSettings(Action):
    """GET: whether a channel uses the e-mails of the store; nothing is around it, as published."""

    must_name = True

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, closed=True)
        if self.must_name and not dict(asked.given).get("channel_id"):
            why = "must name a channel"
            fault = Fault(Reason.QUERY_INVALID, "channel_id", f"channel_id {why}.", {"field": "channel_id"})
            raise refuse_faults([fault])
        return asked

    def channel(self, context: Context) -> int:
        """The channel that the query names, or the store's own storefront."""
        return _named(context) or channels.DEFAULT

    async def find(self, context: Context) -> Found:
        sql = "SELECT 1 FROM channels WHERE id = $1"
        if await context.reader.row(sql, self.channel(context)) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY, "The channel does not exist.")
        return Found(await self._collection(context))

    async def answer(self, context: Context, found: Found) -> Outcome:
        row = await query.get(context.reader, SETTINGS, self.channel(context))
        return Shown(ready=json({"use_global": True if row is None else row.entity.use_global}))


class PutSettings(ShowSettings):
    """PUT of the same."""

    writes = True
    body = True
    must_name = False

    def read(self, content: Any) -> Any:
        return of_settings.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        channel = self.channel(context)
        old = await unit.get(SETTINGS, channel)
        new = replace(old.entity if old is not None else EmailSettings(id=channel), **write.draft)
        await unit.save(SETTINGS, old, new)
        return await self.answer(context, write.found)


of_settings = V3Shape(EmailSettings, required="use_global")
OF_SETTINGS = Endpoint(
    3,
    SETTINGS,
    Listing(SETTINGS, 3, "", mapped={"channel_id": Filter("id", "eq", integer)}, exact=True),
    SCOPE,
    PATH + "/settings",
    v3=of_settings,
)

routes = (
    route(PATH, 3, GET=ListEmails(V3), POST=CreateEmail(V3)),
    route(PATH + "/default", 3, GET=ShowDefault(V3)),
    route(PATH + "/settings", 3, GET=ShowSettings(OF_SETTINGS), PUT=PutSettings(OF_SETTINGS)),
    item(PATH + "/{email_id}", V3),
)


async def be_a_template(_unit: Unit, old: AbandonedCartEmail | None, new: AbandonedCartEmail) -> None:
    """The subject and the body of an e-mail can be read as Handlebars, and its phrases are of languages."""
    if old is not None and old.template == new.template:
        return
    made = new.template
    faults = faults_of(made.subject, made.body, made.translations, "template.")
    if faults:
        raise refuse_faults(faults)


AGGREGATES = (Aggregate(TABLE, before_write=(be_a_template,)), Aggregate(SETTINGS))
RESOURCE = Resource(aggregates=AGGREGATES, routes=routes)
