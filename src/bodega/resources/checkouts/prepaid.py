"""What pays a part of a checkout before anything else: gift certificates by their codes, and store credit.

They are spent when the order is made (`placing.py`), and until then only reckoned with.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from bodega.domain.pricing.adjustments import ZERO, Origin
from bodega.domain.pricing.basket import GiftCertificateBalance
from bodega.domain.pricing.payment import pay
from bodega.kit.fields import epoch
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts.checkout import MOST_CERTIFICATES, Checkout
from bodega.resources.customers import customer
from bodega.resources.marketing import gift_certificates
from bodega.resources.marketing.gift_certificates import GiftCertificate
from bodega.resources.orders import order
from bodega.resources.payments import paying
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

FIELD = "gift_certificate_code"


class Spent(NamedTuple):
    """What a gift certificate pays of a checkout, in its currency."""

    certificate: GiftCertificate
    used: Decimal

    @property
    def remaining(self) -> Decimal:
        """What is left on it then."""
        return self.certificate.balance - self.used


class Prepaid(NamedTuple):
    """What is paid of a checkout already, and what is left to pay."""

    certificates: list[Spent]
    credit: Decimal
    outstanding: Decimal


def can_be_spent(one: GiftCertificate, now: int) -> bool:
    """Whether a gift certificate is worth something at a time in UTC seconds."""
    return one.status == "active" and one.balance > 0 and not (one.expiry_date and epoch(one.expiry_date) <= now)


async def enter(unit: Unit, cart: Cart, of: Checkout, code: str) -> None:
    """Enters the code of a gift certificate. Raises Refusal for one that cannot be spent here."""
    found = await query.one(unit.tx, gift_certificates.TABLE, "code_key = $1", caseless(code.strip()))
    if found is None:
        raise refuse_faults([invalid(FIELD, "must be the code of a gift certificate")])
    one: GiftCertificate = found.entity
    if not can_be_spent(one, unit.now):
        raise refuse_faults([invalid(FIELD, "must be a gift certificate that can be spent")])
    if one.currency_code != cart.currency_code:
        raise refuse_faults([invalid(FIELD, f"must be in the currency of the cart: this is {one.currency_code}")])
    if caseless(one.code) in map(caseless, of.gift_certificates):
        raise refuse_faults([invalid(FIELD, "must not be entered twice")])
    if len(of.gift_certificates) == MOST_CERTIFICATES:
        raise refuse_faults([invalid(FIELD, f"must be one of at most {MOST_CERTIFICATES}")])
    of.gift_certificates = [*of.gift_certificates, one.code]


def drop(of: Checkout, code: str) -> None:
    """Takes a gift certificate back. Raises Refusal."""
    kept = [one for one in of.gift_certificates if caseless(one) != caseless(code.strip())]
    if kept == of.gift_certificates:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    of.gift_certificates = kept


async def reckoned(tx: Tx, cart: Cart, of: Checkout, now: int, places: int) -> Prepaid:
    """What is paid of a checkout as it is, with what can be spent at this time (UTC seconds); `places` are the decimal
    places of its currency. At most three statements."""
    owed = cart.totals.grand_total
    found: dict[str, GiftCertificate] = {}
    if of.gift_certificates:
        keys = [caseless(one) for one in of.gift_certificates]
        test = f"code_key IN ({numbered_placeholders(len(keys))})"
        for one in await query.entities(tx, gift_certificates.TABLE, test, *keys):
            if can_be_spent(one, now) and one.currency_code == cart.currency_code:
                found[caseless(one.code)] = one
    credit = await _credit(tx, cart) if of.pays_by_credit else ZERO
    listed = [found[caseless(code)] for code in of.gift_certificates if caseless(code) in found]
    balances = [GiftCertificateBalance(one.code, one.balance, one.id) for one in listed]
    paid, left = pay(owed, balances, credit, places)
    amounts = {one.code: -one.amount for one in paid if one.origin is Origin.GIFT_CERTIFICATE}
    by_credit = sum((-one.amount for one in paid if one.origin is Origin.STORE_CREDIT), ZERO)
    return Prepaid([Spent(one, amounts.get(one.code, ZERO)) for one in listed], by_credit, left)


async def _credit(tx: Tx, cart: Cart) -> Decimal:
    """The store credit of the cart's customer, which is in the store's own currency."""
    row = await query.get(tx, customer.TABLE, cart.customer_id) if cart.customer_id else None
    own = (await currencies.default(tx)).currency_code
    return ZERO if row is None or cart.currency_code != own else Decimal(row.entity.store_credit)


async def spend(unit: Unit, order_id: int, of: Checkout) -> None:
    """Pays for an order that was just made. Raises Refusal for a gift certificate that can no longer be spent: nobody
    is charged more than that without being told."""
    for code in of.gift_certificates:
        row = await unit.get(order.TABLE, order_id)
        if row is not None and paying.owed(row.entity):
            await paying.by_certificate(unit, row, code)
    row = await unit.get(order.TABLE, order_id) if of.pays_by_credit else None
    if row is None or not paying.owed(row.entity):
        return
    person = await unit.get(customer.TABLE, row.entity.customer_id) if row.entity.customer_id else None
    if person is not None and person.entity.store_credit > 0:
        await paying.by_credit(unit, row)
