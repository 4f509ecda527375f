"""What the vendor's own checkout kit asks besides the published operations: it is no part of the published API.

`@bigcommerce/checkout-sdk` runs unmodified by it: settings and countries, signing in, the order, and its payment.
"""

from __future__ import annotations

from typing import Any

from bodega.access.payment_tokens import granted
from bodega.kit.render import json
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.checkouts.checkout import Checkout
from bodega.resources.orders import order
from bodega.resources.payments import processing
from bodega.resources.payments.paying import CARD
from bodega.resources.shipping.destinations import delivered_to
from bodega.resources.tokens import sessions
from bodega.storage import query
from bodega.storage.unit import Unit
from bodega.storefront import baskets
from bodega.storefront.pages import own_cart
from bodega.storefront.placing import complete
from bodega.storefront.rest import people
from bodega.storefront.rest.bodies import Address
from bodega.storefront.rest.call import Answer, Body, Call
from bodega.storefront.rest.carts import cart_at_hand
from bodega.storefront.rest.checkout_form import customer_form
from bodega.storefront.rest.kit_form import card_method, countries_form, every_country, settings_form
from bodega.storefront.rest.orders import own_order
from bodega.storefront.shopper import cart_cookie, named_cookie, session_cookie
from bodega.storefront.signing_in import NotSignedIn, sign_in


async def settings(call: Call) -> Answer:
    """GET."""
    cart = await cart_at_hand(call)
    return Answer(await settings_form(call.asking, "" if cart is None else cart.uuid))


async def methods(call: Call) -> Answer:
    """GET of the ways to pay."""
    return Answer([card_method()] if call.asking.store.settings[processing.TEST] else [])


async def method(call: Call) -> Answer:
    """GET of a way to pay."""
    if call.ids["methodId"] != CARD or not call.asking.store.settings[processing.TEST]:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return Answer(card_method())


async def countries(_call: Call) -> Answer:
    """GET of all countries."""
    return Answer({"data": every_country(), "meta": {}})


async def destinations(call: Call) -> Answer:
    """GET of the countries that are delivered to."""
    return Answer({"data": countries_form(await delivered_to(call.asking.reader)), "meta": {}})


class Credentials(Body, kw_only=True):
    """An e-mail address and a password."""

    email: str
    password: str


async def begin_session(call: Call) -> Answer:
    """POST of credentials."""
    said, asking = call.read(Credentials), call.asking
    try:
        session = await sign_in(asking.api, asking.channel_id, said.email, said.password, asking.address)
    except NotSignedIn as why:
        raise Refusal(Reason.CREDENTIALS_WRONG, str(why)) from None
    made = await people.with_session(call, session.customer_id, session.token)
    return made._replace(body={"data": {"customer": {"customerId": session.customer_id, "isGuest": False}}, "meta": {}})


async def end_session(call: Call) -> Answer:
    """DELETE: signed out at once; the customer's cart stays the customer's."""
    asking, headers = call.asking, [session_cookie(call.scope, "")]
    if asking.session:
        token = asking.session
        await asking.api.write(lambda unit: sessions.end(unit, token))
        headers.append(cart_cookie(call.scope, ""))
    return Answer({"data": {"customer": {"customerId": 0, "isGuest": True}}, "meta": {}}, headers)


class CustomerAddress(Address, kw_only=True):
    """An address of a customer."""


async def add_address(call: Call) -> Answer:
    """POST of an address, for the customer who is signed in."""
    asking, said = call.asking, call.read(CustomerAddress)
    if not asking.customer_id:
        raise Refusal(Reason.CREDENTIALS_MISSING, "Nobody is signed in.")
    body = [{**said.as_customers(), "customer_id": asking.customer_id}]
    await asking.api.send("POST", "/v3/customers/addresses", body)
    cart = await cart_at_hand(call)
    if cart is None:
        return Answer({})
    return Answer(await customer_form(asking, cart, Checkout(cart_id=cart.id), grouped=True))


class OrderWanted(Body, kw_only=True):
    """What the kit says when it orders: the cart is the one that the browser holds."""

    cart_id: str = ""
    use_store_credit: bool = False
    customer_message: str | None = None


async def place_order(call: Call) -> Answer:
    """POST: makes the order of the checkout, once; the token that pays it is in a header."""
    said, asking = call.read(OrderWanted), call.asking
    cart = await call.cart_named(said.cart_id or call.browser.cart_id, ordered=True)
    if said.use_store_credit and not cart.order_id:
        await baskets.use_credit(asking.api, cart, True)
    made = await complete(asking.api, cart, asking.customer_id)
    body = {
        "data": {
            "order": {
                "id": made.order_id,
                "orderId": made.order_id,
                "token": made.token or "",
                "callbackUrl": "",
                "isComplete": made.token is None,
                "status": "INCOMPLETE" if made.token else "AWAITING_FULFILLMENT",
                "payment": {"status": "PAYMENT_STATUS_INITIALIZE" if made.token else "PAYMENT_STATUS_FINALIZE"},
            }
        },
        "meta": {"deviceFingerprint": None},
    }
    token = [(b"token", made.token.encode())] if made.token else []
    kept = named_cookie(call.scope, own_cart.ORDERED, cart.uuid, own_cart.ORDERED_SECONDS)
    return Answer(body, [*token, cart_cookie(call.scope, cart.uuid), kept])


async def finish_order(call: Call) -> Answer:
    """POST: the kit asks this after a payment elsewhere; the order is what it is."""
    found, _ = await own_order(call)
    return Answer({"data": {"order": {"orderId": found.id, "id": found.id, "isComplete": found.status_id != 0}},
                   "meta": {}})  # fmt: skip


class CreditCard(Body, kw_only=True, rename=None):
    """A card, as the kit sends it to the gateway."""

    number: str
    account_name: str
    month: int
    year: int
    verification_value: str | None = None


class PaymentOf(Body, kw_only=True, rename=None):
    """How it is paid."""

    credit_card: CreditCard | None = None


class Payment(Body, kw_only=True, rename=None):
    """A payment, as the kit sends it to the gateway."""

    payment: PaymentOf


async def pay(call: Call) -> Answer:
    """POST with the token of an order: pays it with a card, at the gateway for tests. Asked again, it is the same
    payment."""
    asking, said = call.asking, call.read(Payment)
    token = dict(call.scope["headers"]).get(b"authorization", b"").decode("latin-1")
    store = asking.store
    found = granted(token, store.by_client, store.time(), store.record.hash)
    if found is None:
        raise Refusal(Reason.CREDENTIALS_WRONG, "The token pays no order.")
    card = said.payment.credit_card
    if card is None:
        raise refuse_faults([invalid("payment.credit_card", "must be sent: only cards are taken")])
    instrument = {
        "type": "card", "number": card.number, "cardholder_name": card.account_name, "expiry_month": card.month,
        "expiry_year": card.year,
    }  # fmt: skip
    if card.verification_value:
        instrument["verification_value"] = card.verification_value
    draft = processing.read_payment(json({"payment": {"instrument": instrument, "payment_method_id": CARD}}))
    token_id = await processing.held_by(asking.reader, found[1])

    async def job(unit: Unit) -> dict[str, Any]:
        return await processing.processed(unit, token_id, draft)

    made = await asking.api.write(job)
    row = await query.get(asking.reader, order.TABLE, found[1].order_id)
    return Answer({
        "status": "ok" if made["status"] == "success" else "additional_action_required",
        "transaction_id": made["id"],
        "order_id": found[1].order_id,
        "order_status": None if row is None else row.entity.status_id,
        "errors": [],
    })  # fmt: skip
