"""Carts as shoppers see them: the rows of the store, with the amounts of their last change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from graphql import GraphQLError

from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts.checkout import Checkout
from bodega.resources.pricing.policy import money_of
from bodega.resources.store import currencies
from bodega.resources.store.currencies import Currency
from bodega.storefront.graphql.asking import Asking, Thing, node_id
from bodega.storefront.graphql.execution import batch, plain, plain_with, shaped
from bodega.storefront.graphql.fields.prices import money_as
from bodega.storefront.shopper import cart_of

Args = Mapping[str, Any]
KINDS = {
    "physical": "CartPhysicalItem", "digital": "CartDigitalItem", "gift_certificate": "CartGiftCertificate",
    "custom": "CartCustomItem",
}  # fmt: skip
_GROUPS = {
    "physicalItems": "physical", "digitalItems": "digital", "giftCertificates": "gift_certificate",
    "customItems": "custom",
}  # fmt: skip


class Shown(NamedTuple):
    """What the objects of one cart share; `of` is what was said at its checkout."""

    cart: Cart
    currency: Currency
    places: int
    of: Checkout


Amount = Callable[[Any, Shown], Decimal | None]


def amounts(kind: str, fields: Mapping[str, Amount]) -> None:
    """Declares amounts of a type, each with its twin in the currency that is displayed: a cart has one currency."""
    for name, found in fields.items():

        def told(_asking: Asking, thing: Thing, _args: Args, found: Amount = found) -> Any:
            amount = found(thing.row, thing.more)
            return None if amount is None else money_as(amount, thing.more.currency)

        plain_with(f"{kind}.{name}")(told)
        plain_with(f"{kind}.{name}InDisplayCurrency")(told)


def with_tax(shown: Shown, ex: Decimal, inc: Decimal) -> Decimal:
    """An amount as the prices of the cart are: with tax or without."""
    return inc if shown.cart.tax_included else ex


async def shown_of(asking: Asking, cart: Cart, of: Checkout | None = None) -> Shown:
    """What the objects of a cart need; at most two statements."""

    async def read() -> tuple[Currency, int]:
        money = await money_of(asking.reader, cart.currency_code)
        if money is not None:
            return money.currency, money.places
        own = await currencies.default(asking.reader)
        return own, own.decimal_places

    currency, places = await asking.once(("currency of", cart.currency_code), read)
    return Shown(cart, currency, places, of or Checkout(id=cart.id, cart_id=cart.id))


async def cart_thing(asking: Asking, entity_id: str | None) -> Thing | None:
    """The shopper's cart of this id, as an object of the answer; None if there is none."""
    cart = await cart_of(asking.reader, entity_id or "", asking.channel_id, asking.customer_id)
    return None if cart is None else Thing("Cart", cart, await shown_of(asking, cart))


class NoCart(GraphQLError):
    """A shopper named a cart that is not there, or that is somebody else's: nobody is told which."""

    code = "NO_SUCH_ENTITY"

    def __init__(self) -> None:
        super().__init__("The cart does not exist.")


async def own_cart(asking: Asking, entity_id: str, *, ordered: bool = False) -> Cart:
    """The shopper's cart of this id; with `ordered` also one that has become an order. Raises NoCart."""
    found = await cart_of(asking.reader, entity_id, asking.channel_id, asking.customer_id, ordered=ordered)
    if found is None:
        raise NoCart
    return found


@batch("Site.cart")
async def _cart(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [await cart_thing(asking, args.get("entityId"))] * len(things)


def _lines(thing: Thing) -> dict[str, Any]:
    shown: Shown = thing.more
    made: dict[str, Any] = {
        name: [Thing(KINDS[kind], item, shown) for item in shown.cart.items if item.kind == kind]
        for name, kind in _GROUPS.items()
    }
    return {**made, "totalQuantity": sum(item.quantity for item in shown.cart.items)}


def moment(text: str) -> dict[str, str]:
    """A time of the answer."""
    return {"utc": text}


plain(
    "Cart",
    id=lambda thing: node_id("Cart", thing.row.uuid),
    entityId=lambda thing: thing.row.uuid,
    currencyCode=lambda thing: thing.row.currency_code,
    displayCurrencyCode=lambda thing: thing.row.currency_code,
    isTaxIncluded=lambda thing: thing.row.tax_included,
    discounts=lambda thing: [Thing("CartDiscount", one, thing.more) for one in thing.row.discounts],
    lineItems=_lines,
    createdAt=lambda thing: moment(thing.row.date_created),
    updatedAt=lambda thing: moment(thing.row.date_modified),
    locale=lambda thing: thing.row.locale,
    version=lambda thing: thing.row.edition,
)
amounts(
    "Cart",
    {
        "baseAmount": lambda cart, _: cart.base_amount,
        "discountedAmount": lambda cart, _: cart.discount_amount,
        "amount": lambda cart, _: cart.cart_amount,
    },
)
shaped(CartLineItems="physicalItems digitalItems giftCertificates customItems totalQuantity")
plain("CartDiscount", entityId=lambda thing: str(thing.row.id))
amounts("CartDiscount", {"discountedAmount": lambda one, _: one.amount})


for _kind in ("CartPhysicalItem", "CartDigitalItem"):
    plain(
        _kind,
        entityId=lambda thing: thing.row.id,
        parentEntityId=lambda thing: thing.row.parent_id or None,
        productEntityId=lambda thing: thing.row.product_id,
        variantEntityId=lambda thing: thing.row.variant_id or None,
        sku=lambda thing: thing.row.sku or None,
        name=lambda thing: thing.row.name,
        path=lambda thing: thing.row.path,
        isMutable=lambda thing: thing.row.is_mutable,
        quantity=lambda thing: thing.row.quantity,
        isTaxable=lambda thing: thing.row.taxable,
        discounts=lambda thing: [Thing("CartDiscount", one, thing.more) for one in thing.row.discounts],
    )
    amounts(
        _kind,
        {
            "discountedAmount": lambda item, _: item.discount_amount,
            "couponAmount": lambda item, _: item.coupon_amount,
            "listPrice": lambda item, _: item.list_price,
            "originalPrice": lambda item, _: item.original_price,
            "salePrice": lambda item, _: item.sale_price,
            "extendedListPrice": lambda item, _: item.extended_list_price,
            "extendedSalePrice": lambda item, _: item.extended_sale_price,
            "comparisonPrice": lambda item, _: item.original_price,
            "extendedComparisonPrice": lambda item, _: item.original_price * item.quantity,
        },
    )
plain(
    "CartPhysicalItem",
    isShippingRequired=lambda _thing: True,
    giftWrapping=lambda thing: thing.row.wrapping and Thing("CartGiftWrapping", thing.row.wrapping, thing.more),
)
plain(
    "CartGiftWrapping",
    name=lambda thing: thing.row.name,
    message=lambda thing: thing.row.message or None,
)
amounts("CartGiftWrapping", {"amount": lambda wrapping, _: wrapping.amount})


@plain_with("CartPhysicalItem.url")
@plain_with("CartDigitalItem.url")
def _url(asking: Asking, thing: Thing, _args: Args) -> str:
    return asking.base + str(thing.row.path)


plain(
    "CartCustomItem",
    entityId=lambda thing: thing.row.id,
    sku=lambda thing: thing.row.sku or None,
    name=lambda thing: thing.row.name,
    quantity=lambda thing: thing.row.quantity,
)
amounts(
    "CartCustomItem",
    {
        "listPrice": lambda item, _: item.list_price,
        "extendedListPrice": lambda item, _: item.extended_list_price,
    },
)


def _person(side: str) -> Callable[[Thing], dict[str, str]]:
    def told(thing: Thing) -> dict[str, str]:
        one = getattr(thing.row.certificate, side)
        return {"name": one.name, "email": one.email}

    return told


plain(
    "CartGiftCertificate",
    entityId=lambda thing: thing.row.id,
    name=lambda thing: thing.row.name,
    theme=lambda thing: thing.row.certificate.theme.upper(),
    isTaxable=lambda thing: thing.row.taxable,
    sender=_person("sender"),
    recipient=_person("recipient"),
    message=lambda thing: thing.row.certificate.message or None,
)
amounts("CartGiftCertificate", {"amount": lambda item, _: item.list_price})
shaped(CartGiftCertificateSender="name email", CartGiftCertificateRecipient="name email")
