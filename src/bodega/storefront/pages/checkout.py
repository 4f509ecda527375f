"""/checkout: from a cart to a paid order, step by step, each a form that works without a script.

E-mail or sign-in, address and shipping option, billing address where it is another, payment. A step is done when the
checkout knows its answer, so a checkout that was begun by an API goes on where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.kit.fields import clean_email
from bodega.law.reasons import Reason
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts.checkout import Checkout
from bodega.resources.customers import addresses, customer
from bodega.storage import query
from bodega.storage.unit import Unit
from bodega.storefront import baskets, guests
from bodega.storefront.pages import checkout_address, checkout_payment, confirmation
from bodega.storefront.pages.checkout_address import Typed, countries, faults_of, typed
from bodega.storefront.pages.checkout_state import STEPS, State, offered, state_of
from bodega.storefront.pages.web import SCRIPTED, Answer, Page, said
from bodega.storefront.shoppers_api import ShopperRefused

CHECKOUT = "/checkout"
NOT_DELIVERED = "We do not deliver to this address. Change it, or write to us."


async def act(page: Page) -> Answer:
    """Answers whatever is below /checkout."""
    if page.path.startswith(f"{CHECKOUT}/order-confirmation"):
        return await confirmation.show(page)
    what = page.path.removeprefix(CHECKOUT).strip("/")
    if page.method != "POST":
        if what == "paid":
            return await _back(page)
        if what:
            return page.onward(CHECKOUT)
    state = await state_of(page)
    if state is None:
        return await _nothing_here(page)
    if page.method != "POST":
        asked = page.query.get("step", "")
        if await _must_sign_in(page):
            return await shown(page, state, "customer", must_sign_in=True)
        earlier = asked in STEPS and STEPS.index(asked) <= STEPS.index(state.step)
        return await shown(page, state, asked if earlier else state.step)
    action = ACTIONS.get(what)
    if action is None:
        return said(Reason.NO_SUCH_RESOURCE)
    if await _must_sign_in(page):
        return await shown(page, state, "customer", must_sign_in=True, message=guests.NO_GUESTS)
    return await action(page, state)


async def _must_sign_in(page: Page) -> bool:
    """Whether guests do not check out here, and this is one."""
    assert page.store.rows is not None
    return not page.shopper.customer_id and not await guests.takes_guests(page.store.rows.reader, page.channel_id)


async def _nothing_here(page: Page) -> Answer:
    """There is no cart: it may have been ordered just now."""
    if await confirmation.ordered(page) is not None:
        return page.onward(f"{CHECKOUT}/order-confirmation")
    return page.show(
        "message.html", heading="Your cart is empty", words="There is nothing to check out.",
        status=HTTPStatus.OK,
    )  # fmt: skip


async def shown(
    page: Page,
    state: State,
    step: str,
    *,
    faults: Mapping[str, str] | None = None,
    message: str = "",
    address: Typed | None = None,
    **more: Any,
) -> Answer:
    """The page at a step; with what was wrong with the form that was sent."""
    wrong = bool(faults or message)
    facts: dict[str, Any] = {
        "state": state, "step": step, "faults": faults or {}, "message": message, "person": await _person(page),
        "options": (), "saved": (), "countries": None, "address": None, "same": True, "undelivered": "",
        "must_sign_in": False, **more,
    }  # fmt: skip
    if step in ("shipping", "billing"):
        facts |= await _places(page, state, step, address)
    if step == "shipping":
        options = await offered(page, state) if address is None or not faults else ()
        facts |= {"options": options, "same": not state.billing_is_said or _same(state)}
        if state.consignment is not None and not options and not faults:
            facts["undelivered"] = NOT_DELIVERED
    if step == "payment":
        facts |= await checkout_payment.facts(page, state)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return page.show("checkout.html", status=status, policy=SCRIPTED, **facts)


async def _places(page: Page, state: State, step: str, address: Typed | None) -> dict[str, Any]:
    """The form of an address: as it was sent, else one that the customer has kept, else as the checkout knows it."""
    found = await countries(page, sent=step == "shipping")
    saved = await _saved(page)
    chosen = next((one for one in saved if str(one.id) == page.query.get("address")), None)
    if address is None and chosen is not None:
        address = checkout_address.of_customer(chosen)
    if address is None:
        one = state.consignment
        known = state.of.billing_address if step == "billing" else None if one is None else one.address
        if (known is None or not known.address1) and step == "shipping" and saved:
            address = checkout_address.of_customer(saved[0])
        else:
            address = checkout_address.kept(known, found.usual)
    return {"countries": found, "address": address, "saved": saved}


def _same(state: State) -> bool:
    one, billing = state.consignment, state.of.billing_address
    if one is None or one.address is None or billing is None:
        return True
    return all(getattr(one.address, name) == getattr(billing, name) for name in ("address1", "city", "last_name"))


async def _person(page: Page) -> customer.Customer | None:
    assert page.store.rows is not None
    row = await query.get(page.store.rows.reader, customer.TABLE, page.shopper.customer_id)
    found: customer.Customer | None = None if row is None else row.entity
    return found


async def _saved(page: Page) -> list[Any]:
    """The addresses that the customer has kept, if one is signed in here."""
    assert page.store.rows is not None
    if not page.shopper.customer_id:
        return []
    found = await query.entities(
        page.store.rows.reader, addresses.TABLE, "customer_id = $1", page.shopper.customer_id, order="id LIMIT 20"
    )
    return list(found)


async def _customer(page: Page, state: State) -> Answer:
    """POST /checkout/customer."""
    try:
        email = clean_email(page.form.get("email", ""))
    except ValueError:
        words = {"email": "Enter an e-mail address, as name@example.com."}
        return await shown(page, state, "customer", faults=words, email=page.form.get("email", ""))

    who = page.shopper.customer_id
    try:
        await guests.refuse_address_of_account(page.api, page.channel_id, who, email)
    except ShopperRefused as refused:
        return await shown(page, state, "customer", faults={"email": str(refused)}, email=email)

    async def change(_unit: Unit, now: Cart, of: Checkout) -> None:
        now.email = email
        if of.billing_address is not None:
            of.billing_address.email = email

    return await _tried(page, state, "customer", baskets.change_checkout(page.api, state.cart, change))


async def _tried(page: Page, state: State, step: str, work: Any) -> Answer:
    """Onward after a change; the step again, with words, if the store's API refused it."""
    try:
        await work
    except ShopperRefused as refused:
        return await shown(page, state, step, message=str(refused))
    return page.onward(CHECKOUT)


async def save_shipping(page: Page, state: State, address: Typed) -> None:
    """Sends everything to an address. Raises ShopperRefused."""
    body = address.body(state.cart.email)
    at, one = f"/v3/checkouts/{state.cart.uuid}/consignments", state.consignment
    if one is not None and checkout_address.kept(one.address, "").body(state.cart.email) == body:
        return
    items = [{"item_id": each.id, "quantity": each.quantity} for each in state.sent]
    if one is not None:
        await page.api.send("PUT", f"{at}/{one.id}", {"address": body, "line_items": items})
    else:
        await page.api.send("POST", at, [{"address": body, "line_items": items}])


async def _read_shipping(page: Page, state: State) -> tuple[Typed, dict[str, str]]:
    """The address that was sent, and what is wrong with it; kept if nothing is. Raises ShopperRefused."""
    address = typed(page.form)
    faults = faults_of(address)
    known = await countries(page, sent=True)
    if address["countryCode"] and address["countryCode"] not in known.names:
        faults["countryCode"] = "We do not deliver to this country."
    if not faults:
        await save_shipping(page, state, address)
    return address, faults


async def choose(page: Page, state: State) -> str:
    """Selects the shipping option that was sent, if it is one of them; its id, empty without one. Raises
    ShopperRefused."""
    one, wanted = state.consignment, page.form.get("shippingOption", "")
    options = {each["id"] for each in await offered(page, state)}
    if one is None or wanted not in options:
        return ""
    if state.option is None or state.option.id != wanted:
        body = {"shipping_option_id": wanted}
        await page.api.send("PUT", f"/v3/checkouts/{state.cart.uuid}/consignments/{one.id}", body)
    return wanted


async def _shipping(page: Page, state: State) -> Answer:
    """POST /checkout/shipping: the address; and, once its options were shown, one of them. Without a script the first
    sending shows the options."""
    try:
        address, faults = await _read_shipping(page, state)
        if faults or page.form.get("again"):
            shown_faults = {} if page.form.get("again") else faults
            return await shown(page, state, "shipping", faults=shown_faults, address=address)
        now = await state_of(page)
        if now is None:
            return page.onward(CHECKOUT)
        if not await choose(page, now):
            return page.onward(f"{CHECKOUT}?step=shipping#options")
        await _say_message(page, now)
        if page.form.get("sameBilling"):
            body = address.body(state.cart.email)
            await page.api.send("POST", f"/v3/checkouts/{state.cart.uuid}/billing-address", body)
            return page.onward(CHECKOUT)
        return page.onward(f"{CHECKOUT}?step=billing")
    except ShopperRefused as refused:
        return await shown(page, state, "shipping", message=str(refused), address=typed(page.form))


async def _say_message(page: Page, state: State) -> None:
    said_now = page.form.get("orderMessage", "")
    if said_now != state.of.customer_message:
        body = {"customer_message": said_now}
        await page.api.send("PUT", f"/v3/checkouts/{state.cart.uuid}", body)


async def _options(page: Page, state: State) -> Answer:
    """POST /checkout/options: what the script of the page asks for, the options and what the order comes to."""
    try:
        _, faults = await _read_shipping(page, state)
        now = state if faults else await state_of(page) or state
        if not faults:
            await choose(page, now)
            now = await state_of(page) or now
        options = () if faults else await offered(page, now)
        words = "" if faults or options else NOT_DELIVERED
    except ShopperRefused as refused:
        now, options, words = state, (), str(refused)
    return page.show("_options.html", state=now, options=options, undelivered=words, step="shipping", fresh=True)


async def _billing(page: Page, state: State) -> Answer:
    """POST /checkout/billing."""
    address = typed(page.form)
    faults = faults_of(address)
    if faults or page.form.get("again"):
        wrong = {} if page.form.get("again") else faults
        return await shown(page, state, "billing", faults=wrong, address=address)
    body = address.body(state.cart.email)
    work = page.api.send("POST", f"/v3/checkouts/{state.cart.uuid}/billing-address", body)
    return await _tried(page, state, "billing", work)


async def _codes(page: Page, state: State) -> Answer:
    """POST /checkout/codes: a coupon or a gift certificate is entered or taken back, or store credit is used or not."""
    api, cart, form = page.api, state.cart, page.form
    try:
        if form.get("removeCoupon"):
            await baskets.drop_coupon(api, cart, form["removeCoupon"])
        elif form.get("removeCertificate"):
            await baskets.drop_certificate(api, cart, form["removeCertificate"])
        elif "credit" in form:
            if cart.customer_id != page.shopper.customer_id:  # a link opens the cart, not what is the customer's
                return await shown(page, state, state.step, code_fault="Sign in to use store credit.", code="")
            await baskets.use_credit(api, cart, form["credit"] == "1")
        elif form.get("code"):
            await _enter(page, cart, form["code"])
        else:
            return await shown(page, state, state.step, code_fault="Enter a code.", code="")
    except ShopperRefused as refused:
        words = str(refused)
        return await shown(page, state, state.step, code_fault=words, code=form.get("code", ""))
    return page.onward(CHECKOUT)


async def _enter(page: Page, cart: Cart, code: str) -> None:
    """A code is a gift certificate's if there is such a one, else a coupon's. Wrong ones are counted either way, since
    either may be guessed. Raises ShopperRefused."""
    await baskets.refuse_guessing(page.api, page.address)
    if await checkout_payment.is_certificate(page, code):
        await baskets.enter_certificate(page.api, cart, code, address=page.address)
        return
    try:
        await page.api.send("POST", f"/v3/checkouts/{cart.uuid}/coupons", {"coupon_code": code})
    except ShopperRefused:
        await baskets.count_wrong_code(page.api, page.address)
        raise


async def _payment(page: Page, state: State) -> Answer:
    """POST /checkout/payment."""
    if state.step != "payment":
        return page.onward(CHECKOUT)
    done = await checkout_payment.pay(page, state)
    if isinstance(done, Answer):
        return done
    return await shown(page, state, "payment", faults=done.faults, message=done.message)


async def _back(page: Page) -> Answer:
    done = await checkout_payment.back(page)
    if isinstance(done, Answer):
        return done
    state = await state_of(page)
    if state is None:
        return page.show("message.html", heading="The payment is not settled", words=done.message)
    return await shown(page, state, state.step, message=done.message)


ACTIONS = {
    "customer": _customer,
    "shipping": _shipping,
    "options": _options,
    "billing": _billing,
    "codes": _codes,
    "payment": _payment,
}
"""What each form does."""
