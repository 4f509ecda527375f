"""How an order is paid, and its transactions (rule 88).

An order created through the API contains no card data. Its status says that it is paid, and that is recorded as a
payment outside of the store. One that names a provider's payment while it awaits payment is an authorised payment,
which can be captured or voided.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bodega.kit.actions import Action, ListAll
from bodega.kit.body import parse_json
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FieldType, Id, Line, Moment, Money, as_is, moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.orders import order
from bodega.resources.orders.order import Order
from bodega.resources.store.payment_methods import METHODS
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.plan import conditions_sql
from bodega.storage.query import Row
from bodega.storage.table import Reference
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_transactions"
EITHER = "store_v2_transactions|store_v2_orders"
CREDIT = "storecredit"
PAID = frozenset({2, 3, 8, 9, 10, 11})
"""Rule 88: the statuses of paid orders."""
WAITING = frozenset({1, 7, 12})
AWAITING_FULFILLMENT = 11
GATEWAYS = {caseless(name): code for code, name, _ in METHODS}

Optional = dict[str, Any] | None
Reference_ = int | UnsetType


class Transaction(Entity, kw_only=True):
    """One movement of money. `reference_transaction_id` is the transaction on which it acts."""

    order_id: Annotated[str, FieldType("string", as_is, as_is, as_is)]
    event: Literal["purchase", "authorization", "capture", "refund", "void", "pending", "settled"]
    method: Line
    amount: Money
    currency: Line
    gateway: Line
    gateway_transaction_id: Line = ""
    date_created: Moment = ""
    test: bool = False
    status: Literal["ok", "error"] = "ok"
    fraud_review: bool = False
    reference_transaction_id: Reference_ = UNSET
    offline: Optional = None
    custom: Optional = None
    payment_method_id: Line = ""
    payment_instrument_token: str | None = None
    avs_result: dict[str, Any] = msgspec.field(default_factory=dict)
    cvv_result: dict[str, Any] = msgspec.field(default_factory=dict)
    gift_certificate: Optional = None
    store_credit: Optional = None
    custom_provider_field_result: Optional = None
    credit_card: dict[str, Any] | UnsetType = UNSET
    refund_id: Id = 0


TABLE = stored(
    "order_transactions",
    Transaction,
    noun="transaction",
    columns="refund_id",
    computed={"order_ref": ("INTEGER", lambda made: int(made.order_id))},
    indexed="order_ref refund_id",
    hidden="refund_id",
    references=[Reference("order_ref", "orders", "order_id", "The order does not exist.", "CASCADE")],
)
v3 = V3Shape(Transaction, required="", hidden="refund_id")
OF_ORDER = (Parent("order_ref", order.TABLE),)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", shown=v3.shown),
    SCOPE,
    "orders/{}/transactions",
    v3=v3,
    parents=OF_ORDER,
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), SCOPE, V3.home, parents=OF_ORDER)


class Payment(NamedTuple):
    """A payment that is to be recorded as a transaction."""

    event: Literal["purchase", "authorization", "capture", "refund", "void"]
    amount: Decimal
    refund_id: int = 0
    gateway: str = ""


def gateway_of(item: Order) -> str:
    """The gateway of a payment: one of the store's own methods, or "custom"."""
    return GATEWAYS.get(caseless(item.payment_method), "custom")


def opening(new: Order) -> Payment | None:
    """The opening payment of a new order, if any; records it in the order."""
    if new.total_inc_tax <= 0:
        return None
    if new.status_id in PAID:
        new.paid = new.total_inc_tax
        new.payment_status = "captured" if new.payment_provider_id else ""
        return Payment("purchase", new.total_inc_tax)
    if new.status_id in WAITING and new.payment_provider_id:
        new.payment_status = "authorized"
        return Payment("authorization", new.total_inc_tax)
    return None


async def follow(unit: Unit, old: Order, new: Order) -> None:
    """An order that gets a paid status was paid; an authorised payment is captured with it.

    One that awaits payment, and gets the id of a provider's payment, is authorised.
    """
    told = new.payment_provider_id and not old.payment_provider_id and not new.payment_status
    if told and not new.paid and new.status_id in WAITING and (payment := opening(new)) is not None:
        await record(unit, new, payment)
        return
    if new.status_id not in PAID or old.status_id in PAID or new.paid or new.total_inc_tax <= 0:
        return
    authorized = new.payment_status == "authorized"
    new.paid = new.total_inc_tax
    if authorized:
        new.payment_status = "captured"
    await record(unit, new, Payment("capture" if authorized else "purchase", new.total_inc_tax))


async def record(unit: Unit, item: Order, payment: Payment) -> Row:
    """Writes the transaction of a payment."""
    gateway = payment.gateway or gateway_of(item)
    acts_upon: Reference_ = UNSET
    if payment.event in ("capture", "refund", "void"):
        last = await query.value(unit.tx, "SELECT max(id) FROM order_transactions WHERE order_ref = $1", item.id)
        acts_upon = last or UNSET
    method = "custom" if gateway == "custom" else "offline"
    if item.payment_provider_id:
        method = "offsite"
    if gateway == CREDIT:
        method = "store_credit"
    made = Transaction(
        order_id=str(item.id),
        event=payment.event,
        method=method,
        amount=payment.amount,
        currency=item.default_currency_code,
        gateway=gateway,
        gateway_transaction_id=item.payment_provider_id or "",
        date_created=moment(unit.now),
        test=gateway == "testgateway",
        reference_transaction_id=acts_upon,
        offline={"display_name": item.payment_method} if method == "offline" else None,
        custom={"payment_method": item.payment_method} if method == "custom" else None,
        payment_method_id=f"{gateway}.{method}",
        refund_id=payment.refund_id,
    )
    return await unit.insert(TABLE, made)


class ShowTransactions(ListAll):
    """GET below V2's path: connectors read `data` there as well."""

    async def answer(self, context: Context, found: Found) -> Outcome:
        assert found.plan is not None
        where, values = conditions_sql(found.plan.where, context.reader.dialect, found.plan.table)
        docs = await query.values(context.reader, f"SELECT doc FROM order_transactions{where} ORDER BY id", *values)
        shown = [parse_json(doc) for doc in docs]
        return Shown(value={"data": shown}, root="transactions")


class PaymentAction(Action):
    """POST that captures or voids an authorised payment."""

    writes = True
    body = True

    def __init__(self, event: Literal["capture", "void"]) -> None:
        super().__init__(Endpoint(3, order.TABLE, Listing(order.TABLE, 3, ""), EITHER, ""))
        self._event: Literal["capture", "void"] = event

    async def find(self, context: Context) -> Found:
        return await self._find_item(context)

    def read(self, content: Any) -> Any:
        return None

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await unit.get(order.TABLE, write.found.entity_id)
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        if write.recheck is not None:
            write.recheck(Validator(row.version, row.modified))
        old: Order = row.entity
        if old.payment_status != "authorized":
            message = f"The order has no authorised payment to {self._event}."
            raise Refusal(Reason.PAYMENT_STATE, message, details={"payment_status": old.payment_status})
        await record(unit, old, Payment(self._event, old.total_inc_tax))
        new = replace(old, payment_status="void", date_modified=moment(unit.now))
        if self._event == "capture":
            new.payment_status, new.paid = "captured", old.total_inc_tax
            new.status_id = AWAITING_FULFILLMENT if old.status_id in WAITING else old.status_id
        await unit.update(order.TABLE, row, new)
        return Created(ready=b"{}")


routes = (
    route("orders/{order_id}/transactions", 3, GET=ListAll(V3)),
    route("orders/{order_id}/transactions", 2, GET=ShowTransactions(V2)),
    route("orders/{order_id}/payment_actions/capture", 3, POST=PaymentAction("capture")),
    route("orders/{order_id}/payment_actions/void", 3, POST=PaymentAction("void")),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=order.tells("transaction", "transaction_id")[:1],
        ),
    ),
    routes=routes,
)
