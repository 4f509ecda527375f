"""What a shopper says at the checkout of a cart: addresses, consignments, fees, a message.

What it comes to is kept with the cart (`carts/cart.py`), since a change of either changes both.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Money
from bodega.storage.table import Reference

SCOPE = "store_checkout"
MOST_FEES = 5
"""Rule 120."""

MOST_CERTIFICATES = 10
"""Gift certificates that are entered at one checkout; no limit is published."""

Answer = str | list[str]


class CustomField(msgspec.Struct, kw_only=True):
    """The answer to a field of the store's own address form."""

    field_id: Line
    field_value: Any = ""


class CheckoutAddress(msgspec.Struct, kw_only=True):
    """An address of a checkout. Its country and state were looked up by their codes."""

    id: str = ""
    first_name: Line = ""
    last_name: Line = ""
    email: Line = ""
    company: Line = ""
    address1: Line = ""
    address2: Line = ""
    city: Line = ""
    state_or_province: Line = ""
    state_or_province_code: Line = ""
    country: Line = ""
    country_code: Line = ""
    postal_code: Line = ""
    phone: Line = ""
    custom_fields: list[CustomField] = []


class CustomShipping(msgspec.Struct, kw_only=True):
    """A price for shipping that the merchant names."""

    price: Money
    description: Annotated[str, msgspec.Meta(max_length=255)] = ""


class CheckoutConsignment(msgspec.Struct, kw_only=True):
    """Items of the cart that go to one address, or that are collected: then it has a `pickup_method_id`.

    `option_id` is the selected shipping option; `custom_shipping` takes its place.
    """

    id: str
    address: CheckoutAddress | None = None
    item_ids: list[str] = []
    option_id: str = ""
    custom_shipping: CustomShipping | None = None
    pickup_method_id: Id = 0


class CheckoutFee(msgspec.Struct, kw_only=True):
    """A fee on the whole checkout, at the price as it is entered."""

    id: str
    type: str
    name: str
    display_name: str
    cost: Money
    source: str
    tax_class_id: int | None = None


class Checkout(Entity, kw_only=True):
    """The checkout of the cart `cart_id`; both have the same number. `gift_certificates` are the codes that pay a part,
    before store credit if the shopper `pays_by_credit`."""

    cart_id: Id
    billing_address: CheckoutAddress | None = None
    consignments: list[CheckoutConsignment] = []
    fees: list[CheckoutFee] = []
    customer_message: str = ""
    gift_certificates: list[str] = []
    pays_by_credit: bool = False


TABLE = stored(
    "checkouts",
    Checkout,
    noun="checkout",
    columns="cart_id",
    indexed="cart_id",
    references=[Reference("cart_id", "carts", "id", "The cart does not exist.", "CASCADE")],
)


class CheckoutToken(Entity, kw_only=True):
    """Shows the confirmation of an order to a guest. Only its digest is kept; `expires` in UTC seconds."""

    digest: str
    cart_id: Id
    max_uses: int = 1
    uses: int = 0
    expires: int = 0


TOKENS = stored(
    "checkout_tokens",
    CheckoutToken,
    noun="checkout token",
    columns="digest cart_id",
    indexed="digest cart_id",
)
