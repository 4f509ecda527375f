"""The operations about shoppers themselves: an account, consent, the newsletter, forms; and where to collect."""

from __future__ import annotations

import json
from typing import Any, Literal
from urllib.parse import quote, urlencode

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, missing, refuse_faults
from bodega.resources.customers import customer, subscribers
from bodega.resources.tokens import sessions
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storefront.baskets import merge_carts
from bodega.storefront.registering import make_account
from bodega.storefront.rest.call import Answer, Body, Call, given
from bodega.storefront.rest.form_fields import form_fields_form
from bodega.storefront.shopper import cart_cookie, readable_cookie, session_cookie
from bodega.storefront.shoppers_api import ShopperRefused

CONSENT = "bc_consent"
"""The cookie that tells a shop's scripts which of them may run."""

CATEGORIES = {1: "essential", 2: "functional", 3: "analytics", 4: "targeting"}
NEWSLETTER, ABANDONED = "marketing_newsletter", "abandoned_cart"


class Answered(Body, kw_only=True):
    """An answer to a field of the form."""

    field_id: str
    field_value: Any = ""


class NewCustomer(Body, kw_only=True):
    """Who wants an account."""

    email: str = ""
    password: str = ""
    first_name: str = ""
    last_name: str = ""
    accepts_marketing_emails: bool = False
    custom_fields: list[Answered] = []
    token: str | None = None


async def register(call: Call) -> Answer:
    """POST: an account, and its owner is signed in."""
    said, asking = call.read(NewCustomer), call.asking
    lacking = [
        missing(name)
        for name, value in (("firstName", said.first_name), ("lastName", said.last_name),
                            ("email", said.email), ("password", said.password))
        if not value.strip()
    ]  # fmt: skip
    if lacking:
        raise refuse_faults(lacking)
    body = given(
        email=said.email,
        first_name=said.first_name,
        last_name=said.last_name,
        authentication={"new_password": said.password, "force_password_reset": False},
        form_fields=[{"name": one.field_id, "value": one.field_value} for one in said.custom_fields] or None,
    )
    if await _is_taken(call, said.email):
        raise Refusal(Reason.DUPLICATE, "An account with this e-mail address exists: sign in, or use another one.")
    customer_id = await make_account(asking.api, asking.channel_id, body, asking.address)
    if said.accepts_marketing_emails:
        await _consent_to(call, said.email, [NEWSLETTER])
    return await signed_in(call, customer_id)


async def _is_taken(call: Call, email: str) -> bool:
    found = await call.asking.api.send("GET", f"/v3/customers?{urlencode({'email:in': email.strip()})}")
    own = call.asking.channel_id
    return any(not one.get("channel_ids") or own in one["channel_ids"] for one in found)


async def signed_in(call: Call, customer_id: int) -> Answer:
    """Signs the browser in; what is in its cart is the customer's from now on."""
    asking = call.asking
    cookie = await asking.api.write(lambda unit: sessions.begin(unit, customer_id, asking.channel_id))
    return await with_session(call, customer_id, cookie)


async def with_session(call: Call, customer_id: int, cookie: str) -> Answer:
    """Gives the browser a session that has begun, and the customer's cart."""
    asking = call.asking
    cart_id = await merge_carts(asking.api, customer_id, call.browser.cart_id, asking.channel_id)
    kept = [cart_cookie(call.scope, cart_id)] if cart_id else []
    return Answer(None, [session_cookie(call.scope, cookie), *kept])


class ConsentSaid(Body, kw_only=True):
    """The categories of scripts that may run, and those that may not, by their numbers."""

    allow: list[Literal[1, 2, 3, 4]]
    deny: list[Literal[1, 2, 3, 4]]


async def consent(call: Call) -> Answer:
    """POST: kept in the browser, and with the customer who is signed in."""
    said = call.read(ConsentSaid)
    if set(said.allow) & set(said.deny):
        raise refuse_faults([invalid("deny", "must not name what allow names")])
    told = {"allow": sorted(set(said.allow)), "deny": sorted(set(said.deny))}
    if call.asking.customer_id:
        body = {name: [CATEGORIES[one] for one in numbers] for name, numbers in told.items()}
        await call.asking.api.send("PUT", f"/v3/customers/{call.asking.customer_id}/consent", body)
    text = quote(json.dumps(told, separators=(",", ":")))
    return Answer(None, [readable_cookie(call.scope, CONSENT, text)])


async def form_fields(call: Call) -> Answer:
    """GET: the fields of the forms."""
    return Answer(await form_fields_form(call.asking))


class Subscription(Body, kw_only=True):
    """What a shopper wishes to be sent."""

    email: str
    accepts_marketing_newsletter: bool = False
    accepts_abandoned_cart_emails: bool = False


async def subscribe(call: Call) -> Answer:
    """POST. Anybody can name any address: so consent is only taken back by the customer whose address it is, and
    nothing is told that the shop knew before."""
    said = call.read(Subscription)
    wanted = [NEWSLETTER] if said.accepts_marketing_newsletter else []
    wanted += [ABANDONED] if said.accepts_abandoned_cart_emails else []
    made = await _consent_to(call, said.email, wanted)
    return Answer(
        {
            "id": made["id"],
            "email": said.email,
            "firstName": "",
            "lastName": "",
            "source": "storefront",
            "orderId": None,
            "consents": wanted,
        }
    )


async def _consent_to(call: Call, email: str, wanted: list[str]) -> dict[str, Any]:
    asking = call.asking
    test = "email_key = $1"
    known = await query.one(asking.reader, subscribers.TABLE, test, caseless(email.strip())) if email else None
    if known is None:
        body = {"email": email, "source": "storefront", "channel_id": asking.channel_id, "consents": wanted}
        try:
            made: dict[str, Any] = await asking.api.send("POST", "/v3/customers/subscribers", body)
        except ShopperRefused as refused:
            if refused.reason is not Reason.DUPLICATE:
                raise
            return await _consent_to(call, email, wanted)
        return made
    who = await query.get(asking.reader, customer.TABLE, asking.customer_id) if asking.customer_id else None
    own = who is not None and caseless(who.entity.email) == caseless(email.strip())
    before = [] if own else known.entity.consents
    consents = [*before, *(one for one in wanted if one not in before)]
    if consents != known.entity.consents:
        await asking.api.send("PUT", f"/v3/customers/subscribers/{known.entity.id}", {"consents": consents})
    return {"id": known.entity.id}


class Coordinates(Body, kw_only=True):
    """A point on the earth, in degrees."""

    latitude: float
    longitude: float


class Radius(Body, kw_only=True):
    """How far a shopper would go."""

    value: int
    unit: str


class SearchArea(Body, kw_only=True):
    """A circle."""

    radius: Radius
    coordinates: Coordinates | None = None


class Wanted(Body, kw_only=True):
    """So many pieces of a variant."""

    variant_id: int
    quantity: int


class PickupSearch(Body, kw_only=True):
    """What is to be collected, and where about."""

    search_area: SearchArea
    items: list[Wanted]


async def pickup_options(call: Call) -> Answer:
    """POST of a search: where all of it can be collected."""
    said = call.read(PickupSearch)
    radius, point = said.search_area.radius, said.search_area.coordinates
    area = given(
        radius={"value": radius.value, "unit": radius.unit},
        coordinates=point and {"latitude": point.latitude, "longitude": point.longitude},
    )
    items = [{"variant_id": one.variant_id, "quantity": one.quantity} for one in said.items]
    found = await call.asking.api.send("POST", "/v3/pickup/options", {"search_area": area, "items": items})
    return Answer({"results": [{"pickupOptions": [_option(one) for one in each["pickup_options"]]}
                               for each in found["results"]]})  # fmt: skip


def _option(one: dict[str, Any]) -> dict[str, Any]:
    method = one["pickup_method"]
    return {
        "pickupMethod": {
            "id": method["id"],
            "locationId": method["location_id"],
            "displayName": method["display_name"],
            "collectionInstructions": method["collection_instructions"],
            "collectionTimeDescription": method["collection_time_description"],
        },
        "availableItems": [
            {"variantId": each["variant_id"], "quantity": each["quantity"]} for each in one["available_items"]
        ],
    }
