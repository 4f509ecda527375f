"""What shoppers do with carts: through the operations of the store's API, each in the cart that is theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from graphql import GraphQLError

from bodega.law.reasons import Reason
from bodega.resources.carts.cart import Cart
from bodega.resources.catalog import variants
from bodega.resources.catalog.seen import unseen
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storefront import baskets
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.carts import NoCart, cart_thing, own_cart
from bodega.storefront.shoppers_api import ShopperRefused

Args = Mapping[str, Any]
T = TypeVar("T")
CARTS = "/v3/carts"
THEMES = {"NONE": "General"}
MISMATCH = "Incorrect or mismatch: "
"""Before what is wrong with a code: clients look for these words."""

TOO_FEW = "Not enough stock: "


class Told(GraphQLError):
    """A refusal of the store's API in the words that clients of the storefront know."""

    def __init__(self, refused: ShopperRefused, before: str) -> None:
        super().__init__(f"{before}{refused}")
        self.code = refused.code


def in_known_words(refused: ShopperRefused) -> Exception:
    """A refusal about the lines of a cart."""
    return Told(refused, TOO_FEW) if refused.reason is Reason.OUT_OF_STOCK else refused


class NoSuchId(GraphQLError):
    """What a shopper names is not in the cart."""

    code = "NO_SUCH_ENTITY"

    def __init__(self) -> None:
        super().__init__("The cart has nothing of this id.")


class NotSoldHere(GraphQLError):
    """A product that shoppers do not see."""

    code = "FIELD_INVALID"

    def __init__(self, products: Sequence[int]) -> None:
        super().__init__(f"These products are not sold here: {', '.join(map(str, products))}.")


def given(**members: Any) -> dict[str, Any]:
    """A body without what was left out."""
    return {name: value for name, value in members.items() if value is not None}


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "checkboxes": lambda one: one["optionValueEntityId"],
    "multipleChoices": lambda one: one["optionValueEntityId"],
    "dateFields": lambda one: str(one["date"]),
    "multiLineTextFields": lambda one: one["text"],
    "textFields": lambda one: one["text"],
    "numberFields": lambda one: f"{Decimal(str(one['number'])).normalize():f}",
}


def _selections(chosen: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    if chosen is None:
        return None
    return [
        {"option_id": one["optionEntityId"], "option_value": answer(one)}
        for kind, answer in _KINDS.items()
        for one in chosen.get(kind) or ()
    ]


async def line_items(asking: Asking, lines: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Lines of the catalogue as V3 takes them. A SKU is looked up; products that shoppers do not see are refused."""
    named = list(lines or ())
    by_sku = await _skus(asking, [one["sku"] for one in named if one.get("sku") and not one.get("productEntityId")])
    made = []
    for one in named:
        product_id, variant_id = by_sku.get(caseless(one.get("sku") or ""), (0, 0))
        made.append(
            given(
                quantity=one["quantity"],
                product_id=one.get("productEntityId") or product_id,
                variant_id=one.get("variantEntityId") or variant_id or None,
                option_selections=_selections(one.get("selectedOptions")),
            )
        )
    await _refuse_unseen(asking, made)
    return made


async def _refuse_unseen(asking: Asking, lines: Sequence[Mapping[str, Any]]) -> None:
    hidden = await unseen(asking.reader, asking.channel_id, [one.get("product_id") or 0 for one in lines])
    if hidden:
        raise NotSoldHere(hidden)


async def _skus(asking: Asking, skus: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The products and variants of SKUs, by these without their case."""
    keys = sorted({caseless(one) for one in skus})
    if not keys:
        return {}
    test = f"sku_key IN ({numbered_placeholders(len(keys))})"
    found = await query.entities(asking.reader, variants.TABLE, test, *keys)
    return {caseless(one.sku): (one.product_id, one.id) for one in found}


def certificates(wanted: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Gift certificates as V3 takes them."""
    return [
        given(
            name=one["name"],
            theme=THEMES.get(one["theme"], one["theme"].capitalize()),
            amount=Decimal(str(one["amount"])),
            quantity=one["quantity"],
            sender={"name": one["sender"]["name"], "email": one["sender"]["email"]},
            recipient={"name": one["recipient"]["name"], "email": one["recipient"]["email"]},
            message=one.get("message"),
        )
        for one in wanted or ()
    ]


async def new_cart(asking: Asking, said: Mapping[str, Any]) -> str:
    """The id of a new cart of the shopper."""
    code = said.get("currencyCode")
    body = given(
        channel_id=asking.channel_id,
        customer_id=asking.customer_id,
        currency={"code": code} if code else None,
        locale=said.get("locale"),
        line_items=await line_items(asking, said.get("lineItems")),
        gift_certificates=certificates(said.get("giftCertificates")),
    )
    try:
        made = await asking.api.send("POST", CARTS, body)
    except ShopperRefused as refused:
        raise in_known_words(refused) from None
    return str(made["id"])


async def cart_after(asking: Asking, cart_id: str) -> dict[str, Any]:
    """The result of a mutation that changed a cart; what was read before is forgotten."""
    asking.changed()
    return {"cart": await cart_thing(asking, cart_id)}


@mutation("CartMutations.createCart")
async def _create(asking: Asking, args: Args) -> Any:
    return await cart_after(asking, await new_cart(asking, args["input"]))


@mutation("CartMutations.addCartLineItems")
async def _add(asking: Asking, args: Args) -> Any:
    said = args["input"]
    cart = await own_cart(asking, said["cartEntityId"])
    body = given(
        line_items=await line_items(asking, said["data"].get("lineItems")),
        gift_certificates=certificates(said["data"].get("giftCertificates")),
        version=said.get("version"),
    )
    try:
        await asking.api.send("POST", f"{CARTS}/{cart.uuid}/items", body)
    except ShopperRefused as refused:
        raise in_known_words(refused) from None
    await baskets.forget_shipping(asking.api, cart)
    return await cart_after(asking, cart.uuid)


@mutation("CartMutations.updateCartLineItem")
async def _update(asking: Asking, args: Args) -> Any:
    said = args["input"]
    cart, item_id, version = await own_cart(asking, said["cartEntityId"]), said["lineItemEntityId"], said.get("version")
    line, certificate = said["data"].get("lineItem"), said["data"].get("giftCertificate")
    if (line is None) is (certificate is None):
        raise GraphQLError("Send either lineItem or giftCertificate.")
    if certificate is not None:
        (body,) = certificates([certificate])
        await baskets.change_certificate(asking.api, cart, item_id, body, version)
    elif line["quantity"] == 0:
        await baskets.drop_line(asking.api, cart, item_id, version)
    else:
        await _change_line(asking, cart, item_id, line, version)
    return await cart_after(asking, cart.uuid)


async def _change_line(asking: Asking, cart: Cart, item_id: str, line: Mapping[str, Any], version: int | None) -> None:
    (draft,) = await line_items(asking, [line])
    draft = {name: value for name, value in draft.items() if value or name == "quantity"}
    body = given(line_item=draft, version=version)
    try:
        await asking.api.send("PUT", f"{CARTS}/{cart.uuid}/items/{segment(item_id)}", body)
    except ShopperRefused as refused:
        raise in_known_words(refused) from None
    await baskets.forget_shipping(asking.api, cart)


def segment(text: str) -> str:
    """An id that a shopper sends, where it stands in a path. Raises NoSuchId for what cannot be one."""
    if not text or len(text) > LONGEST or not text.isascii() or not text.replace("-", "").isalnum():
        raise NoSuchId
    return text


LONGEST = 64


@mutation("CartMutations.deleteCartLineItem")
async def _drop(asking: Asking, args: Args) -> Any:
    said = args["input"]
    cart = await own_cart(asking, said["cartEntityId"])
    gone = await baskets.drop_line(asking.api, cart, said["lineItemEntityId"], said.get("version"))
    return {
        "deletedLineItemEntityId": said["lineItemEntityId"],
        "deletedCartEntityId": cart.uuid if gone else None,
        **await cart_after(asking, cart.uuid),
    }


@mutation("CartMutations.deleteCart")
async def _delete(asking: Asking, args: Args) -> Any:
    cart = await own_cart(asking, args["input"]["cartEntityId"])
    await asking.api.send("DELETE", f"{CARTS}/{cart.uuid}")
    return {"deletedCartEntityId": cart.uuid}


@mutation("CartMutations.updateCartCurrency")
async def _currency(asking: Asking, args: Args) -> Any:
    said = args["input"]
    cart = await own_cart(asking, said["cartEntityId"])
    return await cart_after(asking, await baskets.change_currency(asking.api, cart, said["data"]["currencyCode"]))


@mutation("CartMutations.assignCartToCustomer")
async def _assign(asking: Asking, args: Args) -> Any:
    said = args["input"]
    cart = await own_cart(asking, said["cartEntityId"])
    if not asking.customer_id:
        raise GraphQLError("Sign in first: there is no customer.")
    return await _given_to(asking, cart, asking.customer_id, said.get("version"))


@mutation("CartMutations.unassignCartFromCustomer")
async def _unassign(asking: Asking, args: Args) -> Any:
    said = args["input"]
    return await _given_to(asking, await own_cart(asking, said["cartEntityId"]), 0, said.get("version"))


async def _given_to(asking: Asking, cart: Cart, customer_id: int, version: int | None) -> dict[str, Any]:
    await asking.api.send("PUT", f"{CARTS}/{cart.uuid}", given(customer_id=customer_id, version=version))
    return await cart_after(asking, cart.uuid)


@mutation("CartMutations.createCartRedirectUrls")
async def _links(asking: Asking, args: Args) -> Any:
    said = args.get("input") or {}
    try:
        cart = await own_cart(asking, said.get("cartEntityId") or "")
    except NoCart as error:
        return {"redirectUrls": None, "errors": [{"__typename": "NotFoundError", "message": error.message}]}
    more = {one["key"]: one["value"] for one in said.get("queryParams") or ()}
    body = {"query_params": more} if more else {}
    made = await asking.api.send("POST", f"{CARTS}/{cart.uuid}/redirect_urls", body)
    urls = {"redirectedCheckoutUrl": made["checkout_url"], "embeddedCheckoutUrl": made["embedded_checkout_url"]}
    return {"redirectUrls": urls, "errors": []}


shaped(
    CreateCartResult="cart",
    AddCartLineItemsResult="cart",
    UpdateCartLineItemResult="cart",
    DeleteCartLineItemResult="deletedLineItemEntityId cart deletedCartEntityId",
    DeleteCartResult="deletedCartEntityId",
    UpdateCartCurrencyResult="cart",
    AssignCartToCustomerResult="cart",
    UnassignCartFromCustomerResult="cart",
    CreateCartRedirectUrlsResult="redirectUrls errors",
    CartRedirectUrls="redirectedCheckoutUrl embeddedCheckoutUrl",
    NotFoundError="message",
)
