"""Payment access tokens of orders: asked for by an app, sent with the payment by whoever pays."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.access.payment_tokens import issue
from bodega.kit.actions import Action
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INT32, Id
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.orders import order
from bodega.resources.payments import paying
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

SCOPE = "store_payments_access_token_create"
SWEPT = 100
"""Ended tokens that go when a new one is made."""


class PaymentToken(Entity, kw_only=True):
    """A token by its own name; `transaction_id` is the payment that was made with it, 0 if none was."""

    jti: str
    order_id: Id
    expires: int
    transaction_id: int = 0
    pending: bool = False


TABLE = stored(
    "payment_access_tokens",
    PaymentToken,
    noun="payment access token",
    columns="jti order_id",
    computed={"expires": ("BIGINT", lambda token: token.expires)},
    indexed="order_id expires",
    uniques=[Unique(("jti",), "id", "The token exists.")],
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)


class OrderToPay(msgspec.Struct, kw_only=True):
    """The order in the body."""

    id: Annotated[int, msgspec.Meta(ge=1, le=INT32)]
    is_recurring: bool = False


v3 = V3Shape(
    PaymentToken,
    required="order",
    read_only=" ".join(PaymentToken.__struct_fields__),
    write_only={"order": OrderToPay},
    view=lambda _token: {"id": ""},
    members="id",
)
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, ""), SCOPE, "", v3=v3)


class MakeAccessToken(Action):
    """POST."""

    anew = True
    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        wanted: OrderToPay = write.draft["order"]
        row = await unit.get(order.TABLE, wanted.id)
        if row is None or row.entity.is_deleted:
            raise Refusal(Reason.NO_SUCH_ENTITY, details={"order_id": wanted.id})
        if not paying.owed(row.entity):
            message = "The order has nothing to pay."
            raise Refusal(Reason.PAYMENT_STATE, message, details={"payment_status": row.entity.payment_status})
        assert context.account is not None
        token, grant = issue(context.account, wanted.id, unit.now)
        ended = await query.values(
            unit.tx, "SELECT id FROM payment_access_tokens WHERE expires <= $1 LIMIT $2", unit.now, SWEPT
        )
        await unit.delete(TABLE, ended)
        await unit.insert(TABLE, PaymentToken(jti=grant.jti, order_id=grant.order_id, expires=grant.exp))
        return Created(ready=json({"data": {"id": token}, "meta": {}}))


routes = (route("payments/access_tokens", 3, POST=MakeAccessToken(V3)),)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
