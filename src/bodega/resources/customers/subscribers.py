"""Subscribers of a store's newsletter, whether customers or not."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import events
from bodega.kit.fields import INT32, Id, Line, Moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.resources.customers.customer import Email
from bodega.resources.store import channels
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.text import caseless

Consent = Literal["marketing_newsletter", "abandoned_cart"]


class Subscriber(Entity, kw_only=True):
    """`source` is storefront, order or custom; `consents` are what the subscriber agreed to receive, none after
    unsubscribing."""

    email: Email
    first_name: Line = ""
    last_name: Line = ""
    source: Line = "custom"
    order_id: Annotated[int, msgspec.Meta(ge=1, le=INT32)] | None = None
    channel_id: Id = channels.DEFAULT
    consents: Annotated[list[Consent], AtMost(10)] = msgspec.field(default_factory=lambda: ["marketing_newsletter"])
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "subscribers",
    Subscriber,
    noun="subscriber",
    columns="first_name last_name source order_id channel_id date_created date_modified",
    computed={"email_key": ("TEXT", lambda subscriber: caseless(subscriber.email))},
    uniques=[Unique(("email_key",), "email", "Another subscriber has this e-mail address.")],  # rule 104
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.")],
)

v3 = V3Shape(Subscriber, required="email", read_only="id date_created date_modified")

_EMAIL = {"email": FilterField("email_key")}
_WHO = "first_name last_name source order_id"
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, f"id {_WHO} date_created date_modified", mapped=_EMAIL),
    "store_v2_customers",
    "customers/subscribers",
    v3=v3,
    created=200,
)
DELETE = Endpoint(  # rule 22: without a filter, all of them
    3, TABLE, Listing(TABLE, 3, f"{_WHO} date_created date_modified", mapped=_EMAIL, exact=True), V3.scope, V3.home
)

routes = (
    collection("customers/subscribers", V3, "GET POST").also(collection("customers/subscribers", DELETE, "DELETE")),
    item("customers/subscribers/{id}", V3),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=events("store/subscriber"),
        ),
    ),
    routes=routes,
)
