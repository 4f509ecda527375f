"""The last step of the checkout: how it is paid, and the order that comes of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from bodega.law.reasons import Reason
from bodega.resources.marketing import gift_certificates
from bodega.resources.payments import processing
from bodega.resources.payments.cards import digits_of
from bodega.resources.payments.paying import CARD, owed
from bodega.resources.payments.processing import Instrument, PaymentDraft
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit
from bodega.storefront.ordering import order_and_pay
from bodega.storefront.pages import own_cart
from bodega.storefront.pages.checkout_state import State
from bodega.storefront.pages.web import Answer, Page
from bodega.storefront.shoppers_api import ShopperRefused

CONFIRMATION = "/checkout/order-confirmation"
_EXPIRY = re.compile(r"(0?[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)")
PAGES: Mapping[str, Callable[[Page], Awaitable[Answer]]] = {}
"""The pages below /checkout that the way back from a gateway leads to."""


class NotPaid(NamedTuple):
    """Why nothing was ordered: what is wrong with the form, or a sentence."""

    faults: Mapping[str, str] = {}
    message: str = ""


async def facts(_page: Page, state: State) -> dict[str, Any]:
    """What the step shows."""
    return {"owes": state.prepaid.outstanding > 0}


async def pay(page: Page, state: State) -> Answer | NotPaid:
    """Orders and pays, as the form says."""
    draft = None
    if state.prepaid.outstanding > 0:
        draft, faults = card(page.form)
        if draft is None:
            return NotPaid(faults)
    return await ordered(page, state, draft)


async def ordered(page: Page, state: State, draft: PaymentDraft | None) -> Answer | NotPaid:
    """Onward to the confirmation of the order; it is paid by the card of the form, in one transaction with it."""

    async def charge(unit: Unit, row: Row) -> None:
        if draft is not None and owed(row.entity):
            await processing.charge(unit, row, draft)

    try:
        await order_and_pay(page.api, state.cart, charge)
    except ShopperRefused as refused:
        return NotPaid(message=sentence(refused))
    return page.onward(CONFIRMATION, *own_cart.ordered_cookies(page, state.cart))


def sentence(refused: ShopperRefused) -> str:
    """What a shopper reads whose order was refused."""
    if refused.reason is Reason.PAYMENT_DECLINED:
        return f"{refused} Nothing was ordered. Try another card."
    return f"Nothing was ordered, and nothing was paid: {refused}"


def card(form: Mapping[str, str]) -> tuple[PaymentDraft | None, dict[str, str]]:
    """The card of the form, or what is wrong with it, by the field."""
    faults: dict[str, str] = {}
    digits, expiry = digits_of(form.get("ccNumber", "")), _EXPIRY.fullmatch(form.get("ccExpiry", ""))
    code = form.get("ccCvv", "")
    if not digits:
        faults["ccNumber"] = "Enter the number of a card."
    if expiry is None:
        faults["ccExpiry"] = "Enter month and year, as 12/30."
    if not form.get("ccName") or len(form["ccName"]) > 255:
        faults["ccName"] = "Enter the name on the card."
    if not (code.isascii() and code.isdigit() and len(code) in (3, 4)):
        faults["ccCvv"] = "Enter the 3 or 4 digits of the verification value."
    if faults or expiry is None:
        return None, faults
    instrument = Instrument(
        type="card",
        cardholder_name=form["ccName"],
        number=digits,
        expiry_month=int(expiry[1]),
        expiry_year=2_000 + int(expiry[2]),
        verification_value=code,
    )
    return PaymentDraft(instrument=instrument, payment_method_id=CARD), {}


async def is_certificate(page: Page, code: str) -> bool:
    """Whether there is a gift certificate of this code."""
    assert page.store.rows is not None
    key = caseless(code.strip())
    return await query.one(page.store.rows.reader, gift_certificates.TABLE, "code_key = $1", key) is not None
