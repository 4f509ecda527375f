"""The forms of a promotion's parts, as they are sent, stored and shown (promotions.v3.yml).

A part of which there are several kinds is one struct whose members are those of all kinds; `checks` says which belong
together. What nests is declared as deep as it is published: item matchers and segments three levels deep.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.fields import Count, Id

_PLACES = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")
_BELOW = msgspec.Meta(ge=0, lt=10**10)
Amount = (
    Annotated[str, msgspec.Meta(pattern=f"^{_PLACES.pattern}$", max_length=21)]
    | Annotated[int, _BELOW]
    | Annotated[float, _BELOW]
)
"""Published as text, and shown as text; a number is taken as well, since clients send one."""

AMOUNTS = frozenset(
    {"minimum_spend", "fixed_amount", "percentage_amount", "maximum_allowed_discount_amount", "fixed_price"}
)
"""Money or a percentage, as a string of digits."""

MOST_RULES = 100
MOST_CHILDREN = 100
MOST_IDS = 10_000
"""The longest lists of a promotion; none is published."""

Ids = Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]], AtMost(MOST_IDS)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Values = Annotated[list[Name], AtMost(1_000), msgspec.Meta(min_length=1)]
Strategy = Literal["LEAST_EXPENSIVE", "LEAST_EXPENSIVE_ONLY", "MOST_EXPENSIVE", "MOST_EXPENSIVE_ONLY"]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([0-1][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$", min_length=8, max_length=8)]
Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class OptionMatcher(msgspec.Struct, kw_only=True):
    """A choice of the shopper: the option of this name has one of these values."""

    type: Literal["string_match"]
    name: Name
    values: Values


class CustomFieldMatcher(msgspec.Struct, kw_only=True):
    """The product's custom field of this name has one of these values."""

    name: Name
    values: Values


class SimpleMatcher(msgspec.Struct, kw_only=True):
    """Which items: exactly one member says so."""

    brands: Ids | UnsetType | None = UNSET
    categories: Ids | UnsetType | None = UNSET
    products: Ids | UnsetType | None = UNSET
    variants: Ids | UnsetType | None = UNSET
    product_option: OptionMatcher | UnsetType | None = UNSET
    product_custom_field: CustomFieldMatcher | UnsetType | None = UNSET


_WORDS = {"and_": "and", "or_": "or", "not_": "not"}


class Matcher3(SimpleMatcher, kw_only=True, rename=_WORDS):
    """A matcher, or several joined; the innermost level."""

    and_: Annotated[list[SimpleMatcher], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET
    or_: Annotated[list[SimpleMatcher], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET
    not_: SimpleMatcher | UnsetType | None = UNSET


class Matcher2(SimpleMatcher, kw_only=True, rename=_WORDS):
    """The level above."""

    and_: Annotated[list[Matcher3], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET
    or_: Annotated[list[Matcher3], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET
    not_: Matcher3 | UnsetType | None = UNSET


class Matcher(SimpleMatcher, kw_only=True, rename=_WORDS):
    """The outermost level."""

    and_: Annotated[list[Matcher2], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET
    or_: Annotated[list[Matcher2], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET
    not_: Matcher2 | UnsetType | None = UNSET


class Cart(msgspec.Struct, kw_only=True):
    """What has to be in the cart. `minimum_quantity` counts only where `items` are named."""

    items: Matcher | UnsetType | None = UNSET
    minimum_spend: Amount | UnsetType | None = UNSET
    minimum_quantity: Count | UnsetType | None = UNSET


class CartCondition(msgspec.Struct, kw_only=True):
    """One of the conditions that are joined."""

    cart: Cart


class Condition(msgspec.Struct, kw_only=True, rename=_WORDS):
    """A condition on the cart, or several of which each has to be met."""

    cart: Cart | UnsetType | None = UNSET
    and_: Annotated[list[CartCondition], AtMost(MOST_CHILDREN)] | UnsetType | None = UNSET


class Discount(msgspec.Struct, kw_only=True):
    """An amount or a percentage off, one of the two."""

    fixed_amount: Amount | UnsetType | None = UNSET
    percentage_amount: Amount | UnsetType | None = UNSET


class CartValueAction(msgspec.Struct, kw_only=True):
    """A discount on the whole cart."""

    discount: Discount
    maximum_allowed_discount_amount: Amount | UnsetType | None = UNSET


class CartItemsAction(msgspec.Struct, kw_only=True):
    """A discount on items of the cart; without `items`, on all."""

    discount: Discount
    maximum_allowed_discount_amount: Amount | UnsetType | None = UNSET
    as_total: bool | UnsetType | None = UNSET
    items: Matcher | UnsetType | None = UNSET
    include_items_considered_by_condition: bool | UnsetType | None = UNSET
    exclude_items_on_sale: bool | UnsetType | None = UNSET
    strategy: Strategy | UnsetType | None = UNSET
    quantity: Pieces | UnsetType | None = UNSET
    add_free_item: bool | UnsetType | None = UNSET


class GiftItemAction(msgspec.Struct, kw_only=True):
    """Pieces of a product or a variant, for nothing."""

    quantity: Pieces
    product_id: Id | UnsetType | None = UNSET
    variant_id: Id | UnsetType | None = UNSET


class FixedPriceSetAction(msgspec.Struct, kw_only=True):
    """So many pieces for one price together."""

    quantity: Pieces
    fixed_price: Amount
    items: Matcher | UnsetType | None = UNSET
    strategy: Strategy | UnsetType | None = UNSET
    exclude_items_on_sale: bool | UnsetType | None = UNSET
    include_items_considered_by_condition: bool | UnsetType | None = UNSET


class ShippingAction(msgspec.Struct, kw_only=True):
    """Free shipping to zones: a list of their ids, or `*` for all."""

    zone_ids: Literal["*"] | Ids
    free_shipping: bool | UnsetType | None = UNSET


class Action(msgspec.Struct, kw_only=True):
    """What a rule gives: exactly one member says it."""

    cart_value: CartValueAction | UnsetType | None = UNSET
    cart_items: CartItemsAction | UnsetType | None = UNSET
    gift_item: GiftItemAction | UnsetType | None = UNSET
    fixed_price_set: FixedPriceSetAction | UnsetType | None = UNSET
    shipping: ShippingAction | UnsetType | None = UNSET


class Rule(msgspec.Struct, kw_only=True):
    """If the condition is met, the action applies: once, or as often as the cart meets it."""

    action: Action
    apply_once: bool = True
    stop: bool | UnsetType | None = UNSET
    condition: Condition | UnsetType | None = UNSET


Segment = Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
SegmentList = Annotated[list[Segment], AtMost(100), msgspec.Meta(min_length=1)]


class SegmentIds(msgspec.Struct, kw_only=True):
    """Shoppers of one of these segments."""

    id: SegmentList


class Segments3(msgspec.Struct, kw_only=True, rename=_WORDS):
    """Segments, or several limitations joined; the innermost level."""

    id: SegmentList | UnsetType | None = UNSET
    and_: Annotated[list[SegmentIds], AtMost(MOST_CHILDREN), msgspec.Meta(min_length=2)] | UnsetType | None = UNSET
    or_: Annotated[list[SegmentIds], AtMost(MOST_CHILDREN), msgspec.Meta(min_length=2)] | UnsetType | None = UNSET
    not_: SegmentIds | UnsetType | None = UNSET


class Segments2(msgspec.Struct, kw_only=True, rename=_WORDS):
    """The level above."""

    id: SegmentList | UnsetType | None = UNSET
    and_: Annotated[list[Segments3], AtMost(MOST_CHILDREN), msgspec.Meta(min_length=2)] | UnsetType | None = UNSET
    or_: Annotated[list[Segments3], AtMost(MOST_CHILDREN), msgspec.Meta(min_length=2)] | UnsetType | None = UNSET
    not_: Segments3 | UnsetType | None = UNSET


class Segments(msgspec.Struct, kw_only=True, rename=_WORDS):
    """The outermost level."""

    id: SegmentList | UnsetType | None = UNSET
    and_: Annotated[list[Segments2], AtMost(MOST_CHILDREN), msgspec.Meta(min_length=2)] | UnsetType | None = UNSET
    or_: Annotated[list[Segments2], AtMost(MOST_CHILDREN), msgspec.Meta(min_length=2)] | UnsetType | None = UNSET
    not_: Segments2 | UnsetType | None = UNSET


class Eligible(msgspec.Struct, kw_only=True):
    """Which customers a promotion is for. Group 0: guests, and customers of no group."""

    group_ids: Annotated[list[Id], AtMost(1_000)] = []
    minimum_order_count: Count = 0
    excluded_group_ids: Annotated[list[Id], AtMost(1_000)] = []
    segments: Segments | UnsetType | None = UNSET


class ChannelId(msgspec.Struct, kw_only=True):
    """A channel."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]


class Notification(msgspec.Struct, kw_only=True):
    """What the storefront tells the shopper, and on which pages."""

    content: Annotated[str, msgspec.Meta(min_length=1, max_length=65_535)]
    type: Literal["UPSELL", "ELIGIBLE", "APPLIED"]
    locations: Annotated[list[Name], AtMost(100)]


class Country(msgspec.Struct, kw_only=True):
    """A country, by its code of ISO 3166-1."""

    iso2_country_code: Annotated[str, msgspec.Meta(min_length=2, max_length=2)]


class Countries(msgspec.Struct, kw_only=True):
    """Addresses in one of these countries."""

    countries: Annotated[list[Country], AtMost(250)]


class AddressMatcher(msgspec.Struct, kw_only=True, rename=_WORDS):
    """Addresses in some countries, or in others than these."""

    countries: Annotated[list[Country], AtMost(250)] | UnsetType | None = UNSET
    not_: Countries | UnsetType | None = UNSET


class Schedule(msgspec.Struct, kw_only=True):
    """On some days of every so many weeks, between two times of the store's clock."""

    week_frequency: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    week_days: Annotated[list[Day], AtMost(7)]
    daily_start_time: Clock
    daily_end_time: Clock


KEEPS_NULL = frozenset({"maximum_allowed_discount_amount"})
"""Members that the published description lets be null."""


def _text(name: str, amount: float) -> str:
    text = format(Decimal(repr(amount)).normalize(), "f")
    if not _PLACES.fullmatch(text):
        raise ValueError(f"must have {name} with at most ten decimal places")
    return text


def settled(value: Any) -> Any:
    """The same form without the members that are null, which say nothing, and with its amounts as text. Changes structs
    in place. Raises ValueError."""
    if isinstance(value, list):
        for item in value:
            settled(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if inner is None and name not in KEEPS_NULL:
                setattr(value, name, UNSET)
            elif isinstance(inner, msgspec.Struct | list):
                settled(inner)
            elif name in AMOUNTS and isinstance(inner, int | float):
                setattr(value, name, _text(name, inner))
    return value
