"""The last step of the checkout: how it is paid, and the order that comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from bodega.law.reasons import Reason
from bodega.resources.marketing import gift_certificates
from bodega.resources.payments import processing
from bodega.resources.payments.cards import digits_of
from bodega.resources.payments.paying import CARD, owed
from bodega.resources.payments.processing import TEST, Instrument, PaymentDraft
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit
from bodega.storefront import gateways, guests
from bodega.storefront.ordering import order_and_pay
from bodega.storefront.pages import own_cart
from bodega.storefront.pages.checkout_state import State
from bodega.storefront.pages.web import Answer, Page
from bodega.storefront.shoppers_api import ShopperRefused, refusing

CONFIRMATION = "/checkout/order-confirmation"
_EXPIRY = re.compile(r"(0?[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)")
BACK = "/checkout/paid"
"""Where gateways lead shoppers back to."""


class NotPaid(NamedTuple):
    """Why nothing was ordered: what is wrong with the form, or a sentence."""

    faults: Mapping[str, str] = {}
    message: str = ""


async def facts(page: Page, state: State) -> dict[str, Any]:
    """What the step shows."""
    known = gateways.offered(page.store)
    return {"owes": state.prepaid.outstanding > 0, "gateways": known, "tests": bool(page.store.settings[TEST])}


async def pay(page: Page, state: State) -> Answer | NotPaid:
    """Orders and pays, as the form says."""
    draft, method = None, page.form.get("method", "")
    if shown_to(page, state) != state.prepaid.outstanding:
        return NotPaid(
            message="Nothing was ordered: what is to be paid has changed. Look at the total, and order again."
        )
    if state.of.pays_by_credit and not _is_theirs(page, state):
        return NotPaid(message="Store credit is its owner's alone: sign in to pay by it.")
    if state.prepaid.outstanding > 0:
        known = {one.id for one in gateways.offered(page.store)}
        if method.removesuffix(".card") in known:
            return await _elsewhere(page, state, method.removesuffix(".card"))
        if method not in ("", CARD) or not page.store.settings[TEST]:
            return NotPaid(message="Choose how to pay.")
        draft, faults = card(page.form)
        if draft is None:
            return NotPaid(faults)
    return await ordered(page, state, draft)


async def _elsewhere(page: Page, state: State, gateway: str) -> Answer | NotPaid:
    """Onward to the page of a gateway. A form may lead only to this host (its policy), so a page leads there."""
    assert page.store.rows is not None
    try:
        if not page.shopper.customer_id:
            with refusing():
                await guests.may_order(page.store.rows.reader, state.cart)
        url = await gateways.begin(
            page.api, state.cart, state.prepaid.outstanding, gateway, f"{page.origin}{BACK}"
        )  # fmt: skip
    except ShopperRefused as refused:
        return NotPaid(message=sentence(refused))
    if not url:
        return NotPaid(message="This way of paying does not answer just now. Nothing was ordered.")
    return page.show("onward.html", url=url)


async def back(page: Page) -> Answer | NotPaid:
    """GET /checkout/paid: the shopper comes back from a gateway, which is asked what came of it."""
    one = await gateways.attempt_of(page.store, page.query.get("attempt", ""))
    if one is None:
        return page.onward("/checkout")
    outcome = await gateways.settle(page.api, one)
    if not outcome.order_id:
        return NotPaid(message=outcome.words)
    cart = await own_cart.own_cart(page, ordered=True)
    mine = cart is not None and cart.id == one.cart_id
    cookies = own_cart.ordered_cookies(page, cart) if cart is not None and mine else ()
    return page.onward(CONFIRMATION, *cookies)


async def ordered(page: Page, state: State, draft: PaymentDraft | None) -> Answer | NotPaid:
    """Onward to the confirmation of the order; it is paid by the card of the form, in one transaction with it."""

    async def charge(unit: Unit, row: Row) -> None:
        if draft is not None and owed(row.entity):
            await processing.charge(unit, row, draft)

    try:
        customer_id = page.shopper.customer_id
        await order_and_pay(page.api, state.cart, charge, shown_to(page, state), customer_id=customer_id)
    except ShopperRefused as refused:
        return NotPaid(message=sentence(refused))
    return page.onward(CONFIRMATION, *own_cart.ordered_cookies(page, state.cart))


def _is_theirs(page: Page, state: State) -> bool:
    """Whether the customer of the cart is signed in: a link to a cart opens the cart, not what is the customer's."""
    return state.cart.customer_id == page.shopper.customer_id


def shown_to(page: Page, state: State) -> Decimal:
    """What the page said is left to pay; of a form that does not say it, what it would show now."""
    try:
        said = Decimal(page.form["owed"])
    except (KeyError, InvalidOperation):
        return state.prepaid.outstanding
    return said if said.is_finite() else state.prepaid.outstanding


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
