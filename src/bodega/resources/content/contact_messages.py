"""What shoppers wrote in contact forms: kept for the panel and for apps, and mailed to whom the page names.

`/v3/contact-messages` is Bodega's own: no published operation lists them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource, sweep_old
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.resources.content import visits
from bodega.storage.aggregate import Aggregate

SCOPE = "store_v2_information"
KEPT_SECONDS = 365 * 86_400
SWEPT = 250
MOST = 20_000
"""Messages that are kept at most."""

LONGEST = 10_000
Comments = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]


class ContactMessage(Entity, kw_only=True):
    """A message: by which page, on which channel, from whom."""

    page_id: Id
    channel_id: Id = 1
    customer_id: Id = 0
    full_name: Line = ""
    email: Line
    company_name: Line = ""
    phone_number: Line = ""
    order_number: Line = ""
    rma_number: Line = ""
    comments: Comments
    date_created: Moment = ""


TABLE = stored(
    "contact_messages",
    ContactMessage,
    noun="message",
    columns="page_id channel_id date_created",
    indexed="date_created",
    cap=MOST,
    more_schema=visits.SCHEMA,
)
v3 = V3Shape(
    ContactMessage,
    required="",
    read_only="id page_id channel_id customer_id full_name email company_name phone_number order_number rma_number"
    " comments date_created",
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "id page_id channel_id date_created", sorts="id date_created", shown=v3.shown),
    SCOPE,
    "contact-messages",
    v3=v3,
)


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE),),
    routes=(collection("contact-messages", V3, "GET"), item("contact-messages/{message_id}", V3, "GET DELETE")),
    sweeps=(sweep_old(TABLE, KEPT_SECONDS, SWEPT),),
)
