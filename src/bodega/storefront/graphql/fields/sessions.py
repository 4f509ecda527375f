"""Signing in and out: the customer access token of an answer is the value of a session of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from graphql import GraphQLError

from bodega.kit.fields import moment
from bodega.law.reasons import Reason
from bodega.resources.customers import mails
from bodega.resources.customers.settings import who_signs_in
from bodega.resources.tokens import password_resets, sessions
from bodega.storage.text import caseless
from bodega.storage.unit import Unit
from bodega.storefront.baskets import merge_carts
from bodega.storefront.customer_login import LinkRefused, accepted, begin_once, local
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.carts import NoCart, cart_thing, own_cart
from bodega.storefront.graphql.fields.complaints import complaint, invalid
from bodega.storefront.graphql.fields.customers import customer_thing
from bodega.storefront.signing_in import NotSignedIn, Session, sign_in

Args = Mapping[str, Any]
LONGEST_EMAIL = 250
shaped(
    LoginResult="result customer cart customerAccessToken",
    LoginWithCustomerLoginJwtResult="redirectTo customer cart customerAccessToken",
    LogoutResult="result cartUnassignResult",
    CartUnassignResult="cart errors",
    CustomerAccessToken="value expiresAt",
    RequestResetPasswordResult="errors",
)


class NotLetIn(GraphQLError):
    """Nobody is signed in, and why."""

    def __init__(self, words: str, code: str) -> None:
        super().__init__(words)
        self.code = code


async def _signed_in(asking: Asking, session: Session, guest_cart: str | None) -> dict[str, Any]:
    """The result of a sign-in: the shopper is that customer from here on, with the cart that became theirs."""
    cart_id = await merge_carts(asking.api, session.customer_id, guest_cart or "", asking.channel_id)
    asking.customer_id, asking.session = session.customer_id, session.token
    asking.changed()
    return {
        "customer": await customer_thing(asking),
        "cart": await cart_thing(asking, cart_id) if cart_id else None,
        "customerAccessToken": {"value": session.token, "expiresAt": moment(session.until)},
    }


@mutation("Mutation.login", costly=True)
async def _login(asking: Asking, args: Args) -> Any:
    try:
        session = await sign_in(asking.api, asking.channel_id, args["email"], args["password"], asking.address)
    except NotSignedIn as error:
        raise NotLetIn(str(error), error.code) from None
    return {"result": "success", **await _signed_in(asking, session, args.get("guestCartEntityId"))}


@mutation("Mutation.loginWithCustomerLoginJwt")
async def _login_by_link(asking: Asking, args: Args) -> Any:
    store = asking.store
    try:
        claims = await accepted(asking.api.app.stores, store, asking.channel_id, args["jwt"], asking.address)
    except LinkRefused as error:
        raise NotLetIn(str(error), Reason.CREDENTIALS_WRONG.name) from None

    async def job(unit: Unit) -> tuple[str, str, int]:
        return *await begin_once(unit, claims), unit.now + sessions.SECONDS

    token, why, until = await asking.api.write(job)
    if why:
        raise NotLetIn(why, Reason.CREDENTIALS_WRONG.name)
    session = Session(claims.customer_id, token, until)
    return {
        "redirectTo": local(claims.redirect_to) or "/",
        **await _signed_in(asking, session, args.get("guestCartEntityId")),
    }


@mutation("Mutation.logout")
async def _logout(asking: Asking, args: Args) -> Any:
    """The token is worth nothing from now on. The cart stays the customer's, for the next time."""
    errors: list[dict[str, Any]] = []
    if args.get("cartEntityId"):
        try:
            await own_cart(asking, args["cartEntityId"])
        except NoCart as error:
            errors.append(complaint("CartUnassignInaccessibleError", error.message))
    if asking.session:
        await asking.api.write(lambda unit: sessions.end(unit, asking.session))
    asking.customer_id, asking.session = 0, ""
    return {"result": "success", "cartUnassignResult": {"cart": None, "errors": errors}}


@mutation("CustomerMutations.requestResetPassword", costly=True)
async def _request_reset(asking: Asking, args: Args) -> Any:
    """The answer is the same whether somebody has the address or not."""
    said = args["input"]
    email, path = said["email"], said.get("path")
    if not 3 <= len(email) <= LONGEST_EMAIL or "@" not in email:
        return {"errors": [invalid("email must be an e-mail address.", "email")]}
    if path and not local(path):
        return {"errors": [invalid("path must be a path of the storefront, as /change-password.", "path")]}

    async def job(unit: Unit) -> None:
        who = await who_signs_in(unit.tx, caseless(email), asking.channel_id)
        token = await password_resets.begin(unit, who.id) if who is not None else ""
        if who is None or not token:
            return
        to = path or mails.RESET_PAGE
        link = f"{to}{'&' if '?' in to else '?'}{urlencode({'c': who.id, 't': token})}"
        await mails.tell_of_reset(unit, asking.store.record, asking.channel_id, who, link, asking.base)

    await asking.api.write(job)
    return {"errors": []}
