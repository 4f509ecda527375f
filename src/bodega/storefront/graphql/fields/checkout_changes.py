"""What shoppers say at a checkout, up to its order: through the operations of the store's API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from bodega.resources.carts.cart import Cart
from bodega.resources.geography import places
from bodega.storefront import baskets, guests
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.cart_changes import MISMATCH, Told, given, in_known_words, new_cart, segment
from bodega.storefront.graphql.fields.carts import own_cart
from bodega.storefront.graphql.fields.checkouts import checkout_thing, offered, recommended
from bodega.storefront.placing import complete
from bodega.storefront.shoppers_api import ShopperRefused

Args = Mapping[str, Any]
CHECKOUTS = "/v3/checkouts"
_ADDRESS = {
    "firstName": "first_name", "lastName": "last_name", "email": "email", "company": "company",
    "address1": "address1", "address2": "address2", "city": "city", "stateOrProvince": "state_or_province",
    "stateOrProvinceCode": "state_or_province_code", "countryCode": "country_code", "postalCode": "postal_code",
    "phone": "phone",
}  # fmt: skip
"""The members of an address, and those of V3's."""

_ANSWERS: Mapping[str, Any] = {
    "checkboxes": lambda one: [str(value) for value in one["fieldValueEntityIds"]],
    "multipleChoices": lambda one: str(one["fieldValueEntityId"]),
    "numbers": lambda one: one["number"],
    "dates": lambda one: str(one["date"]),
    "texts": lambda one: one["text"],
    "passwords": lambda one: one["password"],
}


def address_of(said: Mapping[str, Any], email: str = "") -> dict[str, Any]:
    """An address as V3 takes it. Its state may be named by name, abbreviation or id; `email` is the one of the cart."""
    made = {name: said[word] for word, name in _ADDRESS.items() if said.get(word) is not None}
    country = places.country(made["country_code"]) if len(made["country_code"]) == 2 else None
    for name in ("state_or_province", "state_or_province_code"):
        text = made.get(name, "")
        if country is not None and text.isascii() and text.isdigit() and len(text) < 7:
            state = places.state_numbered(country, int(text))
            if state is not None:
                made["state_or_province"], made["state_or_province_code"] = state.state, state.state_abbreviation
    if not made.get("state_or_province_code"):
        made.pop("state_or_province_code", None)
    if email and not made.get("email"):
        made["email"] = email
    answers = said.get("customFields") or {}
    fields = [
        {"field_id": str(one["fieldEntityId"]), "field_value": answer(one)}
        for kind, answer in _ANSWERS.items()
        for one in answers.get(kind) or ()
    ]
    return {**made, "custom_fields": fields} if fields else made


def _lines(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"item_id": one["lineItemEntityId"], "quantity": one["quantity"]} for one in wanted]


async def checkout_after(asking: Asking, cart: Cart) -> dict[str, Any]:
    """The result of a mutation that changed a checkout; what was read before is forgotten."""
    asking.changed()
    return {"checkout": await checkout_thing(asking, cart.uuid)}


Change = Callable[[Asking, Mapping[str, Any], Cart, str], Awaitable[None]]
"""What a mutation does to a checkout: `(asking, input, cart, where the checkout is)`."""


def changes(name: str) -> Callable[[Change], Change]:
    """Declares a mutation of a checkout of the shopper's own, which answers with the checkout as it is then."""

    def declare(change: Change) -> Change:
        @mutation(f"CheckoutMutations.{name}")
        async def run(asking: Asking, args: Args) -> Any:
            said = args["input"]
            cart = await own_cart(asking, said["checkoutEntityId"])
            await change(asking, said, cart, f"{CHECKOUTS}/{cart.uuid}")
            return await checkout_after(asking, cart)

        shaped(**{f"{name[0].upper()}{name[1:]}Result": "checkout"})
        return change

    return declare


async def _keep_address(asking: Asking, said: Mapping[str, Any]) -> None:
    """Puts an address into the customer's own, if the shopper wishes it and is one; one that is not whole is left."""
    if not said["shouldSaveAddress"] or not asking.customer_id:
        return
    made = address_of(said)
    made.pop("email", None)
    made.pop("custom_fields", None)
    made["state_or_province"] = made.get("state_or_province") or made.pop("state_or_province_code", "")
    made.pop("state_or_province_code", None)
    await asking.api.ask("POST", "/v3/customers/addresses", [{**made, "customer_id": asking.customer_id}])


async def _may_name(asking: Asking, said: Mapping[str, Any]) -> None:
    await guests.refuse_address_of_account(asking.api, asking.channel_id, asking.customer_id, said.get("email"))


@changes("addCheckoutBillingAddress")
async def _add_billing(asking: Asking, said: Args, cart: Cart, at: str) -> None:
    address = said["data"]["address"]
    await _may_name(asking, address)
    body = {**address_of(address, cart.email), **given(version=said.get("version"))}
    await asking.api.send("POST", f"{at}/billing-address", body)
    await _keep_address(asking, address)


@changes("updateCheckoutBillingAddress")
async def _change_billing(asking: Asking, said: Args, _cart: Cart, at: str) -> None:
    address = said["data"]["address"]
    await _may_name(asking, address)
    body = {**address_of(address), **given(version=said.get("version"))}
    await asking.api.send("PUT", f"{at}/billing-address/{segment(said['addressEntityId'])}", body)
    await _keep_address(asking, address)


@changes("updateCheckoutCustomerMessage")
async def _message(asking: Asking, said: Args, _cart: Cart, at: str) -> None:
    body = given(customer_message=said["data"]["message"], version=said.get("version"))
    await asking.api.send("PUT", at, body)


@changes("addCheckoutShippingConsignments")
async def _add_consignments(asking: Asking, said: Args, cart: Cart, at: str) -> None:
    wanted = said["data"]["consignments"]
    version = given(version=said.get("version"))
    body = [
        {"address": address_of(one["address"], cart.email), "line_items": _lines(one["lineItems"]), **version}
        for one in wanted
    ]
    await asking.api.send("POST", f"{at}/consignments", body)
    for one in wanted:
        await _keep_address(asking, one["address"])


@changes("updateCheckoutShippingConsignment")
async def _change_consignment(asking: Asking, said: Args, cart: Cart, at: str) -> None:
    one = said["data"]["consignment"]
    body = given(address=address_of(one["address"], cart.email), version=said.get("version"))
    if one["lineItems"]:
        body["line_items"] = _lines(one["lineItems"])
    await asking.api.send("PUT", f"{at}/consignments/{segment(said['consignmentEntityId'])}", body)
    await _keep_address(asking, one["address"])


@changes("deleteCheckoutConsignment")
async def _drop_consignment(asking: Asking, said: Args, cart: Cart, _at: str) -> None:
    await baskets.drop_consignment(asking.api, cart, said["consignmentEntityId"], said.get("version"))


@changes("selectCheckoutShippingOption")
async def _select(asking: Asking, said: Args, _cart: Cart, at: str) -> None:
    body = given(shipping_option_id=said["data"]["shippingOptionEntityId"], version=said.get("version"))
    await asking.api.send("PUT", f"{at}/consignments/{segment(said['consignmentEntityId'])}", body)


@changes("applyCheckoutCoupon")
async def _coupon(asking: Asking, said: Args, _cart: Cart, at: str) -> None:
    body = given(coupon_code=said["data"]["couponCode"], version=said.get("version"))
    try:
        await asking.api.send("POST", f"{at}/coupons", body)
    except ShopperRefused as refused:
        raise _mismatch(refused) from None


def _mismatch(refused: ShopperRefused) -> Exception:
    """A refusal of a code that was entered; of a version it is what it is."""
    return Told(refused, MISMATCH) if refused.reply.errors else refused


@changes("unapplyCheckoutCoupon")
async def _no_coupon(asking: Asking, said: Args, cart: Cart, _at: str) -> None:
    await baskets.drop_coupon(asking.api, cart, said["data"]["couponCode"], said.get("version"))


@changes("applyCheckoutGiftCertificate")
async def _certificate(asking: Asking, said: Args, cart: Cart, _at: str) -> None:
    try:
        code = said["data"]["giftCertificateCode"]
        await baskets.enter_certificate(
            asking.api, cart, code, said.get("version"), address=asking.address, most=asking.most_codes
        )
    except ShopperRefused as refused:
        raise _mismatch(refused) from None


@changes("unapplyCheckoutGiftCertificate")
async def _no_certificate(asking: Asking, said: Args, cart: Cart, _at: str) -> None:
    code = said["data"]["giftCertificateCode"]
    await baskets.drop_certificate(asking.api, cart, code, said.get("version"))


@changes("applyCheckoutSpamProtection")
async def _not_a_robot(asking: Asking, said: Args, _cart: Cart, _at: str) -> None:
    """The token is that of a service which this server does not ask: what is not empty passes."""
    if not said["data"]["token"].strip():
        raise GraphQLError("Send the token of the spam protection.")


@mutation("CheckoutMutations.createCheckout")
async def _create(asking: Asking, args: Args) -> Any:
    said = args["input"]
    cart = await own_cart(asking, await new_cart(asking, said))
    try:
        await _say(asking, cart, said)
    except (ShopperRefused, GraphQLError):
        await asking.api.ask("DELETE", f"/v3/carts/{cart.uuid}")
        raise
    return await checkout_after(asking, cart)


async def _say(asking: Asking, cart: Cart, said: Mapping[str, Any]) -> None:
    """What a new checkout begins with: a billing address, and consignments, each of all that is sent. Several addresses
    would share the same pieces: the last one has them."""
    at, billing = f"{CHECKOUTS}/{cart.uuid}", said.get("billingAddress")
    if billing is not None:
        await _may_name(asking, billing)
        await asking.api.send("POST", f"{at}/billing-address", address_of(billing, cart.email))
    lines = [{"item_id": one.id, "quantity": one.quantity} for one in cart.items if one.kind == "physical"]
    wanted = said.get("shippingConsignments") or ()
    for one in wanted:
        body = [{"address": address_of(one["address"], cart.email), "line_items": lines}]
        made = await asking.api.send("POST", f"{at}/consignments", body)
        if not one.get("selectRecommendedOption"):
            continue
        asking.changed()
        consignment_id = made["consignments"][-1]["id"]
        best = recommended((await offered(asking, cart.uuid)).get(consignment_id, ()))
        if best is not None:
            await asking.api.send("PUT", f"{at}/consignments/{consignment_id}", {"shipping_option_id": best["id"]})


@mutation("CheckoutMutations.completeCheckout")
async def _complete(asking: Asking, args: Args) -> Any:
    """Makes the order, once: asked again, the answer is the same order, with another token while it is to be paid."""
    cart = await own_cart(asking, args["input"]["checkoutEntityId"], ordered=True)
    try:
        made = await complete(asking.api, cart, asking.customer_id)
    except ShopperRefused as refused:
        raise in_known_words(refused) from None
    return {"orderEntityId": made.order_id, "paymentAccessToken": made.token}


shaped(CreateCheckoutResult="checkout", CompleteCheckoutResult="orderEntityId paymentAccessToken")
