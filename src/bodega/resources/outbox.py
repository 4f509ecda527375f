"""The outbox: e-mails as they would be sent. Nothing leaves the machine: they are read here and in the panel."""

from __future__ import annotations

from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource, sweep_old
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.text import caseless

SCOPE = "store_v2_customers"
"""Letters hold what only their readers should, links that choose a password among it."""
KEPT_SECONDS = 30 * 86_400
SWEPT = 250
PAGE = 50
"""E-mails of a page: each may be as long as `mail_text.MOST_BYTES`."""


class Mail(Entity, kw_only=True):
    """An e-mail: of what type, about which cart, to whom, and what it says."""

    type_id: str
    channel_id: Id = 1
    cart_id: str = ""
    recipient: str
    subject: str
    body: str
    date_created: Moment = ""


TABLE = stored(
    "mail_outbox",
    Mail,
    noun="e-mail",
    columns="type_id channel_id cart_id date_created",
    computed={"recipient_key": ("TEXT", lambda mail: caseless(mail.recipient))},
    indexed="channel_id cart_id date_created recipient_key",
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
)
v3 = V3Shape(Mail, required="", read_only="id type_id channel_id cart_id recipient subject body date_created")
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "id type_id channel_id cart_id date_created",
        mapped={"recipient": FilterField("recipient_key")},
        sorts="id date_created",
        shown=v3.shown,
        maximum=PAGE,
    ),
    SCOPE,
    "outbox",
    v3=v3,
)


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE),),
    routes=(collection("outbox", V3, "GET"), item("outbox/{mail_id}", V3, "GET")),
    sweeps=(sweep_old(TABLE, KEPT_SECONDS, SWEPT),),
)
