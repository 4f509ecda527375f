"""Carrying a shopper's session to another host of the shop, and taking it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from bodega.kit.fields import moment
from bodega.resources.tokens import sessions
from bodega.storage.unit import Unit
from bodega.storefront import session_sync
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.carts import NoCart, cart_thing, own_cart
from bodega.storefront.graphql.fields.complaints import WrongInput, complaint
from bodega.storefront.graphql.fields.customers import customer_thing

Args = Mapping[str, Any]
_REQUEST = "url ip userAgent referer acceptLanguage"
shaped(
    GenerateSessionSyncTokenResult="result errors",
    GenerateSessionSyncTokenData="token url",
    ValidateSessionSyncJwtResult="content errors",
    SessionSyncJwtContent="customer customerAccessToken cart analytics redirectTo",
    ValidateSessionSyncJwtAnalytics="visitorId visitId initiator request consent",
    ValidateSessionSyncJwtAnalyticsInitiator="visitorId visitId",
    ValidateSessionSyncJwtAnalyticsRequest=_REQUEST,
    ValidateSessionSyncJwtAnalyticsConsent="targeting analytics functional",
)


@mutation("Mutation.generateSessionSyncJwt")
async def _generate(asking: Asking, args: Args) -> Any:
    if not await session_sync.leads_here(asking.store, asking.channel_id, args["redirectTo"], asking.base):
        raise WrongInput("redirectTo must be a path of the shop, or an address of one of its hosts.")
    cart_id = args.get("cartId") or ""
    if cart_id:
        try:
            cart_id = (await own_cart(asking, cart_id)).uuid
        except NoCart as error:
            kind = "GenerateSessionSyncTokenCartNotFound"
            return {"result": None, "errors": [complaint(kind, error.message)]}
    said = {
        "channel_id": asking.channel_id, "customer_id": asking.customer_id, "redirect_to": args["redirectTo"],
        "session": sessions.digest(asking.session) if asking.session else "",
        "cart_id": cart_id, "ip": str(args.get("ipAddress") or ""), "analytics": _analytics(args),
    }  # fmt: skip
    token = await session_sync.token_for(asking.store, said)
    if not token:
        raise GraphQLError("The store has no key to sign a token with.")
    url = f"{asking.base}{session_sync.PATH}{token}"
    return {"result": {"token": token, "url": url}, "errors": []}


def _analytics(args: Args) -> dict[str, Any] | None:
    """What is told of the visit, as the other side is told it."""
    given, visitor, visit = args.get("analytics"), args.get("visitorId"), args.get("visitId")
    if given is None and visitor is None and visit is None:
        return None
    given = given or {}
    initiator, request, consent = given.get("initiator") or {}, given.get("request") or {}, given.get("consent") or {}
    who = {"visitorId": initiator.get("visitorId") or visitor, "visitId": initiator.get("visitId") or visit}
    who = {name: None if value is None else str(value) for name, value in who.items()}
    told = {name: request.get({"referer": "refererUrl"}.get(name, name)) for name in _REQUEST.split()}
    agreed = {name: bool(consent.get(name, True)) for name in ("targeting", "analytics", "functional")}
    return {**who, "initiator": who, "request": told, "consent": agreed}


@mutation("Mutation.validateSessionSyncJwt")
async def _validate(asking: Asking, args: Args) -> Any:
    try:
        claims = await session_sync.read(asking.store, asking.channel_id, args["jwt"])

        async def job(unit: Unit) -> tuple[str, int]:
            return await session_sync.carry(unit, claims), unit.now + sessions.SECONDS

        token, until = await asking.api.write(job)
    except session_sync.NotCarried as error:
        if error.kind == "EXPIRED":
            return {"content": None, "errors": [complaint("JwtTokenExpiredError", str(error))]}
        wrong = complaint("InvalidSessionSyncJwtError", str(error), errorType=error.kind)
        return {"content": None, "errors": [wrong]}
    asking.customer_id, asking.session = claims.customer_id, token
    asking.changed()
    return {
        "content": {
            "customer": await customer_thing(asking),
            "customerAccessToken": {"value": token, "expiresAt": moment(until)} if token else None,
            "cart": await cart_thing(asking, claims.cart_id) if claims.cart_id else None,
            "analytics": claims.analytics,
            "redirectTo": claims.redirect_to,
        },
        "errors": [],
    }
