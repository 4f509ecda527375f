"""The operations of checkouts: each answers with the checkout as it is then."""

from __future__ import annotations

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.carts.cart import Cart
from bodega.storefront import baskets, guests
from bodega.storefront.rest.bodies import Address, BillingAddress, Consignment, Versioned
from bodega.storefront.rest.call import Answer, Body, Call, given, segment
from bodega.storefront.rest.carts import put_item
from bodega.storefront.rest.checkout_form import checkout_form
from bodega.storefront.shopper import cart_cookie, cart_of
from bodega.storefront.shoppers_api import ShopperRefused

CHECKOUTS = "/v3/checkouts"
ID = "checkoutId"


async def shown(call: Call, cart: Cart) -> Answer:
    """The checkout after a change; nothing if the cart is gone with its last line."""
    asking = call.asking
    asking.changed()
    now = await cart_of(asking.reader, cart.uuid, asking.channel_id, asking.customer_id)
    if now is None:
        return Answer(None, [cart_cookie(call.scope, "")])
    return Answer(await checkout_form(asking, now, call.include))


async def show(call: Call) -> Answer:
    """GET: a checkout that has become an order is shown to its shopper as well."""
    cart = await call.cart(ID, ordered=True)
    return Answer(await checkout_form(call.asking, cart, call.include))


class Message(Versioned, kw_only=True):
    """What the shopper writes to the shop."""

    customer_message: str = ""


async def say(call: Call) -> Answer:
    """PUT of a message to the shop."""
    cart, said = await call.cart(ID), call.read(Message)
    body = given(customer_message=said.customer_message, version=said.version)
    await call.asking.api.send("PUT", f"{CHECKOUTS}/{cart.uuid}", body)
    return await shown(call, cart)


async def keep_address(call: Call, address: Address | None) -> None:
    """Puts an address into the customer's own, if the shopper wishes it; one that is not whole, or is there already,
    is left."""
    asking = call.asking
    if address is None or not address.should_save_address or not asking.customer_id:
        return
    body = [{**address.as_customers(), "customer_id": asking.customer_id}]
    await asking.api.ask("POST", "/v3/customers/addresses", body)


async def refuse_known_address(call: Call, email: str | None) -> None:
    """Refuses a guest who names the e-mail address of an account, where the shop has such customers sign in."""
    asking = call.asking
    await guests.refuse_address_of_account(asking.api, asking.channel_id, asking.customer_id, email)


async def bill_to(call: Call) -> Answer:
    """POST of the billing address; a customer's e-mail address need not be sent, and a guest may begin with that
    alone."""
    cart, said = await call.cart(ID), call.read(BillingAddress)
    await refuse_known_address(call, said.email)
    if said.email and said.is_email_alone:
        await baskets.name_guest(call.asking.api, cart, said.email, said.version)
        return await shown(call, cart)
    body = {**said.as_v3(cart.email), **given(version=said.version)}
    await call.asking.api.send("POST", f"{CHECKOUTS}/{cart.uuid}/billing-address", body)
    await keep_address(call, said)
    return await shown(call, cart)


async def change_billing(call: Call) -> Answer:
    """PUT of the billing address."""
    cart, said = await call.cart(ID), call.read(BillingAddress)
    await refuse_known_address(call, said.email)
    body = {**said.as_v3(), **given(version=said.version)}
    at = f"{CHECKOUTS}/{cart.uuid}/billing-address/{segment(call.ids['addressId'])}"
    await call.asking.api.send("PUT", at, body)
    await keep_address(call, said)
    return await shown(call, cart)


async def _with_cart(call: Call) -> Cart:
    """The cart of a checkout, which a path names twice."""
    if call.ids["cartId"] != call.ids[ID]:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return await call.cart(ID)


async def change_item(call: Call) -> Answer:
    """PUT of a line of the cart."""
    cart = await _with_cart(call)
    await put_item(call, cart)
    return await shown(call, cart)


async def drop_item(call: Call) -> Answer:
    """DELETE of a line of the cart."""
    cart = await _with_cart(call)
    await baskets.drop_line(call.asking.api, cart, segment(call.ids["itemId"]))
    return await shown(call, cart)


async def add_consignments(call: Call) -> Answer:
    """POST of a list of consignments."""
    cart, said = await call.cart(ID), call.read_list(Consignment)
    body = [one.as_v3(cart.email) for one in said]
    at = f"{CHECKOUTS}/{cart.uuid}/consignments"
    made = await call.asking.api.send("POST", at, body)
    for one, kept in zip(said, made["consignments"][-len(said) :] if said else (), strict=False):
        if one.shipping_option_id:
            option = {"shipping_option_id": one.shipping_option_id}
            await call.asking.api.send("PUT", f"{at}/{segment(kept['id'])}", option)
        await keep_address(call, one.sent_to)
    return await shown(call, cart)


async def change_consignment(call: Call) -> Answer:
    """PUT of a consignment: another address or other lines, or the shipping option, but not both at once."""
    cart, said = await call.cart(ID), call.read(Consignment)
    if said.sent_to is not None and said.shipping_option_id:
        raise refuse_faults([invalid("shippingOptionId", "must not be sent together with an address")])
    body = {**said.as_v3(cart.email), **given(shipping_option_id=said.shipping_option_id)}
    at = f"{CHECKOUTS}/{cart.uuid}/consignments/{segment(call.ids['consignmentId'])}"
    await call.asking.api.send("PUT", at, body)
    await keep_address(call, said.sent_to)
    return await shown(call, cart)


async def drop_consignment(call: Call) -> Answer:
    """DELETE of a consignment."""
    cart = await call.cart(ID)
    said = call.read(Versioned) if call.content else Versioned()
    await baskets.drop_consignment(call.asking.api, cart, segment(call.ids["consignmentId"]), said.version)
    return await shown(call, cart)


class CouponCode(Versioned, kw_only=True):
    """The code of a coupon."""

    coupon_code: str


async def enter_coupon(call: Call) -> Answer:
    """POST of a coupon."""
    cart, said = await call.cart(ID), call.read(CouponCode)
    body = given(coupon_code=said.coupon_code, version=said.version)
    await call.asking.api.send("POST", f"{CHECKOUTS}/{cart.uuid}/coupons", body)
    return await shown(call, cart)


async def drop_coupon(call: Call) -> Answer:
    """DELETE of a coupon."""
    cart = await call.cart(ID)
    said = call.read(Versioned) if call.content else Versioned()
    await baskets.drop_coupon(call.asking.api, cart, segment(call.ids["couponCode"]), said.version)
    return await shown(call, cart)


class CertificateCode(Body, kw_only=True):
    """The code of a gift certificate."""

    gift_certificate_code: str


async def enter_certificate(call: Call) -> Answer:
    """POST of a gift certificate: 404 for a code that is none."""
    cart, said = await call.cart(ID), call.read(CertificateCode)
    try:
        code, address = said.gift_certificate_code, call.asking.address
        await baskets.enter_certificate(call.asking.api, cart, code, address=address)
    except ShopperRefused as refused:
        if refused.reason is Reason.FIELD_INVALID:
            raise Refusal(Reason.NO_SUCH_ENTITY, str(refused)) from None
        raise
    return await shown(call, cart)


async def drop_certificate(call: Call) -> Answer:
    """DELETE of a gift certificate."""
    cart = await call.cart(ID)
    await baskets.drop_certificate(call.asking.api, cart, segment(call.ids["giftCertificateCode"]))
    return await shown(call, cart)


class SpamToken(Body, kw_only=True):
    """What a service says of whoever sends it."""

    token: str


async def pass_spam_check(call: Call) -> Answer:
    """POST: the service is none that this server asks: what is not empty passes."""
    cart = await call.cart(ID)
    if not call.read(SpamToken).token.strip():
        raise refuse_faults([invalid("token", "must not be empty")])
    return await shown(call, cart)


async def use_credit(call: Call) -> Answer:
    """POST: store credit pays, as far as it goes."""
    cart = await call.cart(ID)
    await baskets.use_credit(call.asking.api, cart, True)
    return await shown(call, cart)


async def keep_credit(call: Call) -> Answer:
    """DELETE: store credit does not pay."""
    cart = await call.cart(ID)
    await baskets.use_credit(call.asking.api, cart, False)
    return await shown(call, cart)
