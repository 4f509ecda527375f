"""What a payment does to its order: a transaction, what was paid, and, once nothing is left to pay, its status."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from secrets import token_hex
from typing import Any

from msgspec.structs import replace

from bodega.kit.fields import epoch, moment
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.resources.marketing import gift_certificates
from bodega.resources.orders import order, payments, writing
from bodega.resources.orders.order import Order
from bodega.resources.orders.payments import AWAITING_FULFILLMENT, Transaction
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

ZERO = Decimal(0)
CARD, CERTIFICATE, CREDIT = "testgateway.card", "bigcommerce.gift_certificate", "bigcommerce.store_credit"
NAMES: Mapping[str, str] = {
    CARD: "Test Payment Gateway",
    CERTIFICATE: "Gift Certificate",
    CREDIT: "Store Credit",
}
"""The payment methods with their names."""

PAYABLE = frozenset({0, 1, 7})
"""Incomplete, Pending, Awaiting Payment: orders of these statuses can be paid."""
AWAITING_PAYMENT = 7
AUTHORIZED = frozenset({"authorized", "capture pending"})


def owed(item: Order) -> Decimal:
    """What is left to pay of an order; 0 if it cannot be paid."""
    if item.status_id not in PAYABLE or item.payment_status in AUTHORIZED:
        return ZERO
    return max(item.total_inc_tax - item.paid, ZERO)


async def take(
    unit: Unit, row: Row, amount: Decimal, method: str, pending: bool = False, reference: str = "", **more: Any
) -> int:
    """Records a payment of the order; the id of the transaction. `more` are members of the transaction, `reference` is
    the payment's name at a gateway other than the one for tests; its method is GATEWAY.card.

    A pending one is not received yet: the order then awaits its payment.
    """
    old: Order = row.entity
    gateway = method.partition(".")[0]
    made = Transaction(
        order_id=str(old.id),
        event="pending" if pending else "purchase",
        method={CERTIFICATE: "gift_certificate", CREDIT: "store_credit"}.get(method, "credit_card"),
        amount=amount,
        currency=old.default_currency_code,
        gateway={CERTIFICATE: "giftcertificate", CREDIT: payments.CREDIT}.get(method, gateway),
        gateway_transaction_id=token_hex(12) if method == CARD else reference,
        date_created=moment(unit.now),
        test=method == CARD,
        payment_method_id=method,
        **more,
    )
    transaction_id = int((await unit.insert(payments.TABLE, made)).entity.id)
    new = replace(old, payment_method=NAMES.get(method, gateway), date_modified=moment(unit.now))
    if not pending:
        new.paid += amount
        new.paid_by_certificates += amount if method == CERTIFICATE else ZERO
        new.paid_by_credit += amount if method == CREDIT else ZERO
    whole = not pending and new.paid >= new.total_inc_tax
    if whole and method not in (CERTIFICATE, CREDIT):
        new.payment_status = "captured"
    await unit.update(order.TABLE, row, new)
    status = AWAITING_FULFILLMENT if whole else AWAITING_PAYMENT if pending else old.status_id
    if status != old.status_id:
        await writing.change(unit, old.id, {"status_id": status}, [])
    if whole:
        await _activate(unit, old.id)
    return transaction_id


async def _activate(unit: Unit, order_id: int) -> None:
    """The gift certificates that a paid order bought can be spent."""
    bought = await unit.where(gift_certificates.TABLE, "order_id = $1", order_id)
    for row in bought:
        if row.entity.status == "pending":
            await unit.update(gift_certificates.TABLE, row, replace(row.entity, status="active"))


async def by_certificate(unit: Unit, row: Row, code: str) -> int:
    """Pays as much as a gift certificate has. Raises Refusal for one that cannot be spent."""
    found = await query.one(unit.tx, gift_certificates.TABLE, "code_key = $1", caseless(code.strip()))
    name = "payment.instrument.gift_certificate_code"
    if found is None:
        raise refuse_faults([invalid(name, "must be the code of a gift certificate")])
    old = found.entity
    if old.status != "active" or (old.expiry_date and epoch(old.expiry_date) <= unit.now):
        raise refuse_faults([invalid(name, "must be a gift certificate that can be spent")])
    if old.currency_code != row.entity.default_currency_code:
        raise refuse_faults([invalid(name, f"must be in the currency of the order: this is {old.currency_code}")])
    amount = min(old.balance, owed(row.entity))
    if amount <= 0:
        raise Refusal(Reason.PAYMENT_DECLINED, "Nothing is left on the gift certificate.", details=_EMPTY)
    left = old.balance - amount
    await unit.update(gift_certificates.TABLE, found, replace(old, balance=left))
    told = {
        "code": old.code,
        "original_balance": old.amount,
        "starting_balance": old.balance,
        "remaining_balance": left,
        "status": old.status,
    }
    return await take(unit, row, amount, CERTIFICATE, gift_certificate=told)


_EMPTY = {"decline_code": "insufficient_funds"}


async def by_credit(unit: Unit, row: Row) -> int:
    """Pays as much as the customer has of store credit, which is in the store's own currency. Raises Refusal."""
    item: Order = row.entity
    found = await unit.get(customer.TABLE, item.customer_id) if item.customer_id else None
    default = await currencies.default(unit.tx)
    if found is None or item.default_currency_code != default.currency_code:
        why = "cannot be store_credit: the order has no customer, or another currency than the store"
        raise refuse_faults([invalid("payment.instrument.type", why)])
    amount = min(found.entity.store_credit, owed(item))
    if amount <= 0:
        raise Refusal(Reason.PAYMENT_DECLINED, "The customer has no store credit.", details=_EMPTY)
    left = found.entity.store_credit - amount
    await unit.update(customer.TABLE, found, replace(found.entity, store_credit=left))
    return await take(unit, row, amount, CREDIT, store_credit={"remaining_balance": left})
