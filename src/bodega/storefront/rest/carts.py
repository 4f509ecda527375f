"""The operations of carts."""

from __future__ import annotations

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, missing, refuse_faults
from bodega.resources.carts.cart import TABLE, Cart
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storefront import baskets
from bodega.storefront.rest.bodies import Lines, OneLine, Versioned, refuse_unseen
from bodega.storefront.rest.call import Answer, Body, Call, given, segment
from bodega.storefront.rest.cart_form import cart_form
from bodega.storefront.shopper import cart_cookie, cart_of

CARTS = "/v3/carts"


async def cart_at_hand(call: Call) -> Cart | None:
    """The cart of the shopper's browser; of a customer without one there, the one that changed last."""
    asking = call.asking
    found = await cart_of(asking.reader, call.browser.cart_id, asking.channel_id, asking.customer_id)
    if found is not None or not asking.customer_id:
        return found
    test = "customer_id = $1 AND channel_id = $2 AND order_id = 0 ORDER BY date_modified DESC, id DESC LIMIT 1"
    row = await query.one(asking.reader, TABLE, test, asking.customer_id, asking.channel_id)
    return None if row is None else row.entity


async def shown(call: Call, cart_id: str) -> Answer:
    """The cart after a change; the browser keeps which it is. Nothing if it is gone."""
    asking = call.asking
    asking.changed()
    cart = await cart_of(asking.reader, cart_id, asking.channel_id, asking.customer_id)
    kept = [cart_cookie(call.scope, "" if cart is None else cart.uuid)]
    if cart is None:
        return Answer(None, kept)
    return Answer(await cart_form(asking, cart, call.include), kept)


async def show(call: Call) -> Answer:
    """GET: a list, of one cart or none."""
    cart = await cart_at_hand(call)
    if cart is None:
        return Answer([])
    return Answer([await cart_form(call.asking, cart, call.include)], [cart_cookie(call.scope, cart.uuid)])


async def create(call: Call) -> Answer:
    """POST: a new cart; a browser that has one puts the lines into that."""
    said = call.read(Lines)
    if not said.line_items and not said.gift_certificates:
        raise refuse_faults([missing("lineItems")])
    await refuse_unseen(call.asking, said.line_items)
    there = await cart_at_hand(call)
    if there is not None:
        return await _put_in(call, there, said)
    body = given(
        channel_id=call.asking.channel_id,
        customer_id=call.asking.customer_id,
        locale=said.locale,
        line_items=[one.as_v3() for one in said.line_items],
        gift_certificates=[one.as_v3() for one in said.gift_certificates],
    )
    made = await call.asking.api.send("POST", CARTS, body)
    return await shown(call, made["id"])


async def _put_in(call: Call, cart: Cart, said: Lines) -> Answer:
    body = given(
        line_items=[one.as_v3() for one in said.line_items],
        gift_certificates=[one.as_v3() for one in said.gift_certificates],
        version=said.version,
    )
    await call.asking.api.send("POST", f"{CARTS}/{cart.uuid}/items", body)
    await baskets.forget_shipping(call.asking.api, cart)
    return await shown(call, cart.uuid)


async def delete(call: Call) -> Answer:
    """DELETE: the cart is gone for good."""
    cart = await call.cart()
    await call.asking.api.send("DELETE", f"{CARTS}/{cart.uuid}")
    return Answer(None, [cart_cookie(call.scope, "")] if cart.uuid == call.browser.cart_id else [])


async def add_items(call: Call) -> Answer:
    """POST of lines."""
    cart, said = await call.cart(), call.read(Lines)
    if not said.line_items and not said.gift_certificates:
        raise refuse_faults([missing("lineItems")])
    await refuse_unseen(call.asking, said.line_items)
    return await _put_in(call, cart, said)


async def put_item(call: Call, cart: Cart) -> None:
    """Changes a line to what the body says."""
    said, item_id = call.read(OneLine), segment(call.ids["itemId"])
    if (said.line_item is None) is (said.gift_certificate is None):
        raise refuse_faults([invalid("lineItem", "must be sent, or else giftCertificate")])
    if said.gift_certificate is not None:
        await baskets.change_certificate(call.asking.api, cart, item_id, said.gift_certificate.as_v3(), said.version)
        return
    line = said.line_item
    assert line is not None
    if line.quantity == 0:
        await baskets.drop_line(call.asking.api, cart, item_id, said.version)
        return
    if line.product_id is not None:
        await refuse_unseen(call.asking, [line], "lineItem")
    body = given(line_item=line.as_v3(), version=said.version)
    await call.asking.api.send("PUT", f"{CARTS}/{cart.uuid}/items/{item_id}", body)
    await baskets.forget_shipping(call.asking.api, cart)


async def change_item(call: Call) -> Answer:
    """PUT of a line."""
    cart = await call.cart()
    await put_item(call, cart)
    return await shown(call, cart.uuid)


async def drop_item(call: Call) -> Answer:
    """DELETE of a line; with the last one the cart goes."""
    cart = await call.cart()
    said = call.read(Versioned) if call.content else Versioned()
    await baskets.drop_line(call.asking.api, cart, segment(call.ids["itemId"]), said.version)
    return await shown(call, cart.uuid)


class CurrencyChoice(Body, kw_only=True):
    """The currency that the cart is to be in."""

    currency_code: str


async def change_currency(call: Call) -> Answer:
    """POST of a currency: a list of one cart, which has another id. Promotions and gift certificates that do not apply
    to the new currency are gone from it."""
    cart, code = await call.cart(), call.read(CurrencyChoice).currency_code.upper()
    if await query.one(call.asking.reader, currencies.TABLE, "currency_code = $1 AND enabled", code) is None:
        raise Refusal(Reason.NO_SUCH_ENTITY, "The store has no such currency.")
    made = await shown(call, await baskets.change_currency(call.asking.api, cart, code))
    return made._replace(body=[made.body])
