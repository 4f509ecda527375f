"""The amount of a refund: each item is limited to what is left of what it names, all of them to the payment (rule
87)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import UNSET

from bodega.domain.pricing import refunds
from bodega.domain.pricing.amounts import Amount, rounded
from bodega.domain.pricing.refunds import RefundDue
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.resources.orders import fees, line, order
from bodega.resources.orders import shipping_addresses as addresses
from bodega.resources.orders.order import Order
from bodega.resources.orders.refund import PIECES, ZERO, ItemDraft, Override
from bodega.storage.query import Row
from bodega.storage.unit import Unit


class RefundContext(NamedTuple):
    """An order with everything of it that can be refunded."""

    row: Row
    lines: dict[int, Row]
    addresses: dict[int, Row]
    fees: dict[int, Row]
    customer: Row | None = None

    @property
    def order(self) -> Order:
        """The stored order."""
        found: Order = self.row.entity
        return found

    @property
    def left(self) -> Decimal:
        """What of the payment was not refunded yet."""
        return self.order.paid - self.order.refunded


async def refund_context(unit: Unit, order_id: int) -> RefundContext:
    row = await unit.get(order.TABLE, order_id)
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)

    async def of(table: Any) -> dict[int, Row]:
        return {one.entity.id: one for one in await unit.where(table, "order_id = $1", order_id)}

    who = await unit.get(customer.TABLE, row.entity.customer_id) if row.entity.customer_id else None
    return RefundContext(row, await of(line.TABLE), await of(addresses.TABLE), await of(fees.TABLE), who)


class RefundSum(NamedTuple):
    """The sum of the items: taxed parts, and an untaxed amount."""

    taxed: Amount
    plain: Decimal


def sum_items(refundable: RefundContext, items: Sequence[ItemDraft]) -> RefundSum:
    """The items of a refund, each limited to what is left of what it names. Raises Refusal naming every faulty one."""
    faults: list[Fault] = []
    taxed, plain = Amount(), ZERO
    done: Counter[tuple[str, int]] = Counter()
    for place, item in enumerate(items):
        name = f"items.{place}"
        if item.item_type in PIECES:
            part = _pieces(refundable, item, done, name, faults)
        else:
            part, more = _amount(refundable, item, done, name, faults)
            plain += more
        taxed = taxed.plus(part)
    if faults:
        raise refuse_faults(faults)
    return RefundSum(taxed, plain)


def _pieces(
    refundable: RefundContext, item: ItemDraft, done: Counter[tuple[str, int]], name: str, faults: list[Fault]
) -> Amount:
    row = refundable.lines.get(item.item_id)
    if row is None:
        faults.append(invalid(f"{name}.item_id", "must be a line of this order"))
        return Amount()
    sold: line.OrderLine = row.entity
    wrapped = item.item_type == "GIFT_WRAPPING"
    before = (sold.wrapping_refunded if wrapped else sold.quantity_refunded) + done[item.item_type, sold.id]
    left = sold.quantity - before
    if item.quantity is UNSET:
        faults.append(Fault(Reason.FIELD_MISSING, f"{name}.quantity", f"{name}.quantity is required."))
        return Amount()
    if item.amount is not UNSET:
        faults.append(invalid(f"{name}.amount", "must not be sent: it follows from the quantity"))
        return Amount()
    if item.quantity > left:
        message = f"{name}.quantity must be at most {left}: the rest was refunded already."
        details = {
            "invalid_reason": message,
            "available_quantity": left,
            "order_product_id": sold.id,
        }
        faults.append(Fault(Reason.FIELD_INVALID, f"{name}.quantity", message, details))
        return Amount()
    done[item.item_type, sold.id] += item.quantity
    whole = sold.wrapping if wrapped else sold.total.less(sold.discount)
    part = refunds.piece_by_piece(whole, sold.quantity, before, item.quantity, refundable.order.places)
    kept = sum((-one.amount for one in item.adjustments), ZERO)
    if kept > part.inc or (kept and wrapped):
        faults.append(invalid(f"{name}.adjustments", "must not exceed what the product brings back"))
        return Amount()
    return refunds.with_tax(part.inc - kept, part, refundable.order.places) if kept else part


def _amount(
    refundable: RefundContext, item: ItemDraft, done: Counter[tuple[str, int]], name: str, faults: list[Fault]
) -> tuple[Amount, Decimal]:
    if item.amount is UNSET:
        faults.append(Fault(Reason.FIELD_MISSING, f"{name}.amount", f"{name}.amount is required."))
        return Amount(), ZERO
    if item.quantity not in (UNSET, 1):
        faults.append(invalid(f"{name}.quantity", "must not be sent: an amount is refunded"))
    if item.adjustments:
        faults.append(invalid(f"{name}.adjustments", "must not be sent: only a product has any"))
    places = refundable.order.places
    wanted = item.amount
    if wanted < 0 or rounded(wanted, places) != wanted:
        faults.append(invalid(f"{name}.amount", f"must be an amount of at most {places} places, not below 0"))
        return Amount(), ZERO
    if item.item_type == "ORDER":
        if item.item_id != refundable.order.id:
            faults.append(invalid(f"{name}.item_id", "must be the id of this order"))
        return Amount(), wanted
    if item.item_type == "TAX":
        return Amount(ZERO, wanted), ZERO
    whole, refunded = _cost(refundable, item)
    key = (item.item_type, item.item_id)
    if whole is None:
        what = "a fee" if item.item_type == "FEE" else "a shipping address"
        faults.append(invalid(f"{name}.item_id", f"must be {what} of this order"))
        return Amount(), ZERO
    left = whole.inc - refunded - done_amount(done, key)
    if wanted > left:
        faults.append(invalid(f"{name}.amount", f"must be at most {left}"))
        return Amount(), ZERO
    done[key] += int(wanted * 10_000)
    return refunds.with_tax(wanted, whole, places), ZERO


def done_amount(done: Mapping[tuple[str, int], int], key: tuple[str, int]) -> Decimal:
    """What earlier items of the same body refunded of this, in ten-thousandths."""
    return Decimal(done.get(key, 0)) / 10_000


def _cost(refundable: RefundContext, item: ItemDraft) -> tuple[Amount | None, Decimal]:
    """The whole amount that an item is about, and what of it was refunded."""
    one = refundable.order
    if item.item_type == "FEE":
        row = refundable.fees.get(item.item_id)
        return (None, ZERO) if row is None else (row.entity.cost, row.entity.refunded)
    if item.item_id not in refundable.addresses:
        return None, ZERO
    if item.item_type == "SHIPPING":
        return Amount(one.shipping_cost_ex_tax, one.shipping_cost_inc_tax), one.shipping_refunded
    return Amount(one.handling_cost_ex_tax, one.handling_cost_inc_tax), one.handling_refunded


def due(refundable: RefundContext, draft: Mapping[str, Any]) -> RefundDue:
    """Rule 87: an order must be paid before it is refunded. Raises Refusal."""
    if refundable.left <= 0:
        message = "The order has no payment that could be refunded."
        details = {"payment_status": refundable.order.payment_status, "refundable_amount": str(refundable.left)}
        raise Refusal(Reason.PAYMENT_STATE, message, details=details)
    items, alone = draft.get("items", UNSET), draft.get("tax_adjustment_amount")
    if items is UNSET and alone is None:
        raise refuse_faults([Fault(Reason.FIELD_MISSING, "items", "items is required.")])
    if items is not UNSET and alone:
        raise refuse_faults([invalid("tax_adjustment_amount", "cannot be sent beside items")])
    override: Override | None = draft.get("merchant_calculated_override")
    if override is not None:
        _respect(refundable, {"total_amount": override.total_amount, "total_tax": override.total_tax})
    if items is UNSET:
        _respect(refundable, {"tax_adjustment_amount": alone})
        made = refunds.due(Amount(ZERO, alone or ZERO), ZERO, refundable.left)
    elif not items:
        raise refuse_faults([invalid("items", "must name at least one item")])
    else:
        sums = sum_items(refundable, items)
        made = refunds.due(sums.taxed, sums.plain, refundable.left)
    if override is not None:
        made = made._replace(amount=override.total_amount, tax=override.total_tax)
    if made.amount <= 0 and made.asked <= 0 and override is None:
        raise refuse_faults([invalid("items", "must come to more than 0")])
    return made


def _respect(refundable: RefundContext, amounts: Mapping[str, Any]) -> None:
    places = refundable.order.places
    faults = [
        invalid(name, f"must be an amount of at most {places} places, from 0 to {refundable.left}")
        for name, amount in amounts.items()
        if not 0 <= amount <= refundable.left or rounded(amount, places) != amount
    ]
    if faults:
        raise refuse_faults(faults)
