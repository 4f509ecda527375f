"""Carts: what a shopper has chosen, and what it came to when it last changed (rule 119)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from bodega.domain.pricing.basket import ItemKind
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import LANGUAGE, Count, Id, Line, Moment, Money
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

SCOPE = "store_cart"
ZERO = Decimal(0)

Theme = Literal["Birthday", "Boy", "Celebration", "Christmas", "General", "Girl"]
Status = Literal["active", "abandoned", "converted"]


class Person(msgspec.Struct, kw_only=True):
    """Who sends or gets a gift certificate."""

    name: Annotated[str, msgspec.Meta(max_length=255)]
    email: Annotated[str, msgspec.Meta(max_length=255)]


class Certificate(msgspec.Struct, kw_only=True):
    """The gift certificate that a line is; its amount is the line's own price."""

    theme: Theme
    sender: Person
    recipient: Person
    message: str = ""


class CartOption(msgspec.Struct, kw_only=True):
    """An answered option or modifier: `name_id` is the product's option; `value_id` is None where the value is text."""

    name_id: Id
    name: str
    value: str
    value_id: Id | None = None


class Wrapping(msgspec.Struct, kw_only=True):
    """The gift wrapping of a line, for all its pieces."""

    name: str
    message: str = ""
    amount: Money = ZERO


class LineReduction(msgspec.Struct, kw_only=True):
    """What a promotion, or the coupon of a `code`, took off a line; `id` is the promotion's or the coupon's."""

    id: int | str
    amount: Money
    name: str = ""
    code: str = ""


class CartItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A line. `custom_price` is a price that the caller gave, and the price of whatever is not from the catalogue.

    `original_price` is the catalogue's, `list_price` that of one piece, `sale_price` the same after discounts on the
    item; the extended ones are those of all pieces.
    """

    id: str
    kind: ItemKind
    parent_id: str = ""
    product_id: Id = 0
    variant_id: Id = 0
    sku: str = ""
    name: Line = ""
    path: str = ""
    image_url: str = ""
    quantity: Count = 1
    taxable: bool = True
    custom_price: Money | None = None
    options: list[CartOption] = []
    certificate: Certificate | None = None
    wrapping: Wrapping | None = None
    added_by_promotion: Id = 0
    original_price: Money = ZERO
    list_price: Money = ZERO
    sale_price: Money = ZERO
    extended_list_price: Money = ZERO
    extended_sale_price: Money = ZERO
    discount_amount: Money = ZERO
    coupon_amount: Money = ZERO
    discounts: list[LineReduction] = []
    coupons: list[LineReduction] = []

    @property
    def is_mutable(self) -> bool:
        """Whether the shopper may change it: not what a promotion added."""
        return not self.added_by_promotion


def pieces_of(items: Iterable[CartItem]) -> int:
    """The pieces that were put into a cart: gifts of promotions come on top, as far as there is room for them."""
    return sum(one.quantity for one in items if one.is_mutable)


class CartCoupon(msgspec.Struct, kw_only=True):
    """A coupon code that was entered; `kind` is the type that coupons of V2 have."""

    code: str
    id: int | str = ""
    kind: str = ""
    name: str = ""
    amount: Money = ZERO


class Given(msgspec.Struct, kw_only=True):
    """A discount that the merchant gave on the cart, or on the item `item_id`."""

    id: str
    amount: Money
    name: str = ""
    item_id: str = ""


class NamedTax(msgspec.Struct, kw_only=True):
    """A tax of the cart, by its name."""

    name: str
    amount: Money


class SelectedOption(msgspec.Struct, kw_only=True):
    """The shipping option of a consignment, in the cart's currency."""

    id: str
    type: str
    description: str
    cost: Money
    zone_id: Id = 0
    transit_time: str = ""
    more: str = ""


class ConsignmentTotals(msgspec.Struct, kw_only=True):
    """What sending a consignment costs, before its discounts: `taken_off` by automatic promotions and by coupons."""

    id: str
    option: SelectedOption | None = None
    shipping_ex_tax: Money = ZERO
    shipping_inc_tax: Money = ZERO
    handling_ex_tax: Money = ZERO
    handling_inc_tax: Money = ZERO
    taken_off: list[LineReduction] = []


class FeeTotal(msgspec.Struct, kw_only=True):
    """A fee of the checkout with its tax."""

    id: str
    cost_ex_tax: Money
    cost_inc_tax: Money


class Totals(msgspec.Struct, kw_only=True):
    """What a cart comes to with all that its checkout adds. Subtotal, shipping and handling are before discounts;
    `cart` is the lines after them; `grand_total` is what is owed."""

    subtotal_ex_tax: Money = ZERO
    subtotal_inc_tax: Money = ZERO
    cart_ex_tax: Money = ZERO
    cart_inc_tax: Money = ZERO
    shipping_ex_tax: Money = ZERO
    shipping_inc_tax: Money = ZERO
    handling_ex_tax: Money = ZERO
    handling_inc_tax: Money = ZERO
    taxes: list[NamedTax] = []
    tax_total: Money = ZERO
    grand_total: Money = ZERO
    consignments: list[ConsignmentTotals] = []
    fees: list[FeeTotal] = []
    tax_provider_id: str = ""
    is_tax_unknown: bool = False


class Cart(Entity, kw_only=True):
    """`uuid` is its id on the wire. `version` grows with every change that a caller makes (rule 30).

    `coupon_codes` and `given` are what the checkout entered; amounts are those of the last change. `token` recovers an
    abandoned cart, `order_id` is the order that came of it. `redirect_key` signs its redirect URLs, `opened` are those
    that were used.
    """

    uuid: str
    customer_id: Id = 0
    channel_id: Id = 1
    email: str = ""
    currency_code: str = ""
    locale: Annotated[str, LANGUAGE] = "en"
    tax_included: bool = False
    base_amount: Money = ZERO
    discount_amount: Money = ZERO
    manual_discount_amount: Money = ZERO
    cart_amount: Money = ZERO
    items: list[CartItem] = []
    coupon_codes: list[str] = []
    coupons: list[CartCoupon] = []
    discounts: list[LineReduction] = []
    banners: list[str] = []
    totals: Totals = msgspec.field(default_factory=Totals)
    given: list[Given] = []
    date_created: Moment = ""
    date_modified: Moment = ""
    edition: int = 1
    status: Status = "active"
    token: str = ""
    order_id: Id = 0
    redirect_key: str = ""
    opened: list[str] = []


def quiet_since(cart: Cart) -> str | None:
    """Since when a cart that may be abandoned was left alone: its shopper is known, and it is not one yet."""
    return cart.date_modified if cart.status == "active" and cart.email and not cart.order_id else None


TABLE = stored(
    "carts",
    Cart,
    noun="cart",
    columns="uuid customer_id channel_id status date_modified token order_id",
    computed={"quiet_since": ("TEXT", quiet_since)},
    indexed="customer_id channel_id token quiet_since date_modified",
    uniques=[Unique(("uuid",), "id", "A cart of this id exists.")],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.")],
)


def told(cart: Cart) -> dict[str, Any]:
    """What every event of a cart says of it."""
    return {"type": "cart", "id": cart.uuid}


async def fire_cart_event(unit: Unit, cart: Cart, word: str, data: dict[str, Any] | None = None, **more: Any) -> None:
    """Fires an event of a cart, for the store and for its channel. Its payload is `data`, or names the cart and has
    `more`."""
    data = {**told(cart), **more} if data is None else data
    await unit.fire(f"store/cart/{word}", data)
    await unit.fire(f"store/channel/#/cart/{word}", data, channels=[cart.channel_id])
