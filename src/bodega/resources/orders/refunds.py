"""Refunds of orders in V3: quotes, refunds, and what they change. Rule 87: they never return stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from bodega.domain.pricing.refunds import RefundDue
from bodega.kit.actions import Action, ListAll, ShowItem
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.fields import moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.parameters import parser
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Created, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.resources.orders import fees, line, order, payments, refund
from bodega.resources.orders.order import Order
from bodega.resources.orders.refund import (
    CREDIT,
    CUSTOM,
    PARTIALLY,
    PIECES,
    REFUNDED,
    TABLE,
    TITLES,
    ZERO,
    ItemDraft,
    PaymentDraft,
    Refund,
    RefundItem,
    RefundPayment,
    asked,
    v3,
)
from bodega.resources.orders.refund_due import RefundContext, due, refund_context
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import SqlTest
from bodega.storage.query import Row
from bodega.storage.unit import Unit

_id = parser("INTEGER", "id")
OF_TRANSACTION = SqlTest("id IN (SELECT refund_id FROM order_transactions x WHERE x.id IN ({placeholders}))")
MAPPED = {
    "transaction_id": FilterField(OF_TRANSACTION, _id),
}
ALL = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id :order_id :created", mapped=MAPPED),
    payments.EITHER,
    "orders/payment_actions/refunds",
    v3=v3,
)
OF_ORDER = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped=MAPPED),
    payments.EITHER,
    "orders/payment_actions/refunds",
    v3=v3,
    parents=(Parent("order_id", order.TABLE),),
)


def _providers(refundable: RefundContext) -> list[str]:
    """The providers of a refund: the one by which it was paid, a custom one, or a customer's store credit, which is in
    the store's own currency."""
    one = refundable.order
    credit = [CREDIT] if refundable.customer and one.default_currency_code == one.store_default_currency_code else []
    return list(dict.fromkeys([payments.gateway_of(one), CUSTOM, *credit]))


def _quoted(refundable: RefundContext, made: RefundDue) -> dict[str, Any]:
    return {
        "order_id": refundable.order.id,
        "total_refund_amount": made.amount,
        "total_refund_tax_amount": made.tax,
        "order_level_refund_amount": made.order_level,
        "rounding": 0,
        "adjustment": made.adjustment,
        "tax_inclusive": True,
        "refund_methods": [
            [
                {
                    "provider_id": provider,
                    "provider_description": TITLES[provider],
                    "amount": made.amount,
                    "offline": provider != CREDIT,
                    "offline_provider": provider != CREDIT,
                    "offline_reason": "" if provider == CREDIT else "This provider pays outside of the store.",
                }
            ]
            for provider in _providers(refundable)
        ],
    }


class _OfOrder(Action):
    """An action on the payment of one order."""

    writes = True
    body = True

    def __init__(self) -> None:
        super().__init__(Endpoint(3, order.TABLE, Listing(order.TABLE, 3, ""), payments.EITHER, ""))

    async def find(self, context: Context) -> Found:
        return await self._find_item(context)

    shape = asked

    def read(self, content: Any) -> Any:
        return self.shape.read(content, creating=True)


class QuoteRefund(_OfOrder):
    """POST: what a refund would amount to; it changes nothing."""

    anew = True

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        refundable = await refund_context(unit, write.found.entity_id)
        return Created(ready=json({"data": _quoted(refundable, due(refundable, write.draft)), "meta": {}}))


class MakeRefund(_OfOrder):
    """POST: makes a refund."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        refundable = await refund_context(unit, write.found.entity_id)
        if write.recheck is not None:
            write.recheck(Validator(refundable.row.version, refundable.row.modified))
        made = due(refundable, write.draft)
        row = await give_back(unit, refundable, made, _ways(refundable, made, write.draft), write.draft)
        return Created(
            ready=b'{"data":' + row.doc + b',"meta":{}}',
            location=f"{context.base.url}/{ALL.home}/{row.entity.id}",
        )


async def give_back(
    unit: Unit, refundable: RefundContext, made: RefundDue, ways: Sequence[PaymentDraft], draft: Mapping[str, Any]
) -> Row:
    """Makes the refund of a draft: its amount, by these providers."""
    new = replace(refundable.order, refunded=refundable.order.refunded + made.amount, date_modified=moment(unit.now))
    new.status_id = REFUNDED if new.refunded >= new.paid else PARTIALLY
    new.payment_status = "refunded" if new.refunded >= new.paid else "partially refunded"
    refund_id = unit.statistics.next_id(TABLE.name)
    went = []
    for way in ways:
        if way.provider_id == CREDIT:
            await _credit(unit, refundable, way.amount)
        payment = payments.Payment("refund", way.amount, refund_id, way.provider_id)
        row = await payments.record(unit, new, payment)
        told = RefundPayment(
            id=row.entity.id,
            provider_id=way.provider_id,
            amount=way.amount,
            offline=way.provider_id != CREDIT,
            transaction_id=str(row.entity.id),
        )
        went.append(told)
    items = draft.get("items", UNSET)
    await _mark(unit, refundable, new, [] if items is UNSET else items)
    refund = Refund(
        order_id=new.id,
        created=moment(unit.now),
        reason=draft.get("reason", ""),
        total_amount=made.amount,
        total_tax=made.tax,
        uses_merchant_override_values=draft.get("merchant_calculated_override") is not None,
        payments=went,
        items=[_kept(item) for item in ([] if items is UNSET else items)],
    )
    kept = await unit.insert(TABLE, refund)
    await unit.update(order.TABLE, refundable.row, new)
    return kept


def _ways(refundable: RefundContext, made: RefundDue, draft: Mapping[str, Any]) -> list[PaymentDraft]:
    """The payments by provider; together they must equal the amount of the refund (rule 87)."""
    given = draft.get("payments", UNSET)
    if given is UNSET and draft.get("items", UNSET) is UNSET:
        return [PaymentDraft(provider_id=_providers(refundable)[0], amount=made.amount)]
    if not given or given is UNSET:
        raise refuse_faults([Fault(Reason.FIELD_MISSING, "payments", "payments is required.")])
    faults = []
    for place, way in enumerate(given):
        name = f"payments.{place}"
        if way.provider_id == CREDIT and refundable.customer is None:
            faults.append(invalid(f"{name}.provider_id", "cannot be store credit: the order is a guest's"))
        elif way.provider_id not in _providers(refundable):
            faults.append(invalid(f"{name}.provider_id", "must be one of " + ", ".join(_providers(refundable))))
        if way.amount <= 0:
            faults.append(invalid(f"{name}.amount", "must be more than 0"))
    if faults:
        raise refuse_faults(faults)
    if sum((way.amount for way in given), ZERO) != made.amount:
        raise refuse_faults([invalid("payments", f"must come to {made.amount}, what a quote says")])
    return list(given)


async def _credit(unit: Unit, refundable: RefundContext, amount: Decimal) -> None:
    """Adds store credit to the customer."""
    assert refundable.customer is not None
    row = await unit.get(customer.TABLE, refundable.customer.entity.id)
    assert row is not None
    await unit.update(customer.TABLE, row, replace(row.entity, store_credit=row.entity.store_credit + amount))


async def _mark(unit: Unit, refundable: RefundContext, new: Order, items: Sequence[ItemDraft]) -> None:
    """Records the refund where the money came from, so that nothing is refunded twice."""
    for item in items:
        if item.item_type in PIECES:
            row = refundable.lines[item.item_id]
            member = "quantity_refunded" if item.item_type == "PRODUCT" else "wrapping_refunded"
            assert item.quantity is not UNSET
            changed = replace(row.entity, **{member: getattr(row.entity, member) + item.quantity})
            refundable.lines[item.item_id] = await unit.update(line.TABLE, row, changed)
        elif item.item_type == "FEE":
            row = refundable.fees[item.item_id]
            changed = replace(row.entity, refunded=row.entity.refunded + item.amount)
            refundable.fees[item.item_id] = await unit.update(fees.TABLE, row, changed)
        elif item.item_type == "SHIPPING":
            new.shipping_refunded += item.amount  # type: ignore[operator]
        elif item.item_type == "HANDLING":
            new.handling_refunded += item.amount  # type: ignore[operator]


def _kept(item: ItemDraft) -> RefundItem:
    pieces = item.item_type in PIECES
    return RefundItem(
        item_type=item.item_type,
        item_id=item.item_id,
        reason=item.reason,
        quantity=item.quantity if pieces and item.quantity is not UNSET else 1,
        requested_amount=UNSET if pieces else item.amount,
        adjustments=item.adjustments,
    )


routes = (
    route("orders/{order_id}/payment_actions/refund_quotes", 3, POST=QuoteRefund()),
    route("orders/{order_id}/payment_actions/refunds", 3, GET=ListAll(OF_ORDER), POST=MakeRefund()),
    route("orders/payment_actions/refunds", 3, GET=ListAll(ALL)),
    route("orders/payment_actions/refunds/{id}", 3, GET=ShowItem(ALL)),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            refund.TABLE,
            signals=order.tells("refund", "refund_id"),
        ),
    ),
    routes=routes,
)
