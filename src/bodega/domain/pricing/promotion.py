"""A promotion as the engine reads it: for whom and when it is, its rules, and what they give. Plain frozen data.

Amounts are in the promotion's currency, or in the store's own where it is for all. Times are UTC seconds; a schedule is
by the store's clock. A V2 coupon is a promotion with one rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import time
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

import msgspec

Strategy = Literal["LEAST_EXPENSIVE", "LEAST_EXPENSIVE_ONLY", "MOST_EXPENSIVE", "MOST_EXPENSIVE_ONLY"]


class Thing(Protocol):
    """What item matchers look at: an item of the basket."""

    @property
    def product_id(self) -> int:
        """Its product, 0 for none."""

    @property
    def variant_id(self) -> int:
        """Its variant, 0 for none."""

    @property
    def brand_id(self) -> int:
        """Its brand, 0 for none."""

    @property
    def categories(self) -> frozenset[int]:
        """The categories of its product."""

    @property
    def options(self) -> Mapping[str, str]:
        """What was chosen, by the name of the option."""

    @property
    def custom_fields(self) -> Mapping[str, frozenset[str]]:
        """The custom fields of its product, by name."""


class Brands(NamedTuple):
    """Items of one of these brands."""

    ids: frozenset[int]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return item.brand_id in self.ids


class Categories(NamedTuple):
    """Items whose product is in one of these categories."""

    ids: frozenset[int]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return not self.ids.isdisjoint(item.categories)


class Products(NamedTuple):
    """Items of one of these products."""

    ids: frozenset[int]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return item.product_id in self.ids


class Variants(NamedTuple):
    """Items of one of these variants."""

    ids: frozenset[int]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return item.variant_id in self.ids


class OptionIs(NamedTuple):
    """Items for which one of these values was chosen of the option of this name."""

    name: str
    values: frozenset[str]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return item.options.get(self.name) in self.values


class CustomFieldIs(NamedTuple):
    """Items whose product has a custom field of this name with one of these values."""

    name: str
    values: frozenset[str]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return not self.values.isdisjoint(item.custom_fields.get(self.name, ()))


class AllOf(NamedTuple):
    """Items that all of these match."""

    parts: tuple[Matcher, ...]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        for part in self.parts:  # noqa: SIM110 - twice as fast as `all` of a generator
            if not part.matches(item):
                return False
        return True


class AnyOf(NamedTuple):
    """Items that one of these matches."""

    parts: tuple[Matcher, ...]

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        for part in self.parts:  # noqa: SIM110 - as above
            if part.matches(item):
                return True
        return False


class Not(NamedTuple):
    """Items that this one does not match."""

    part: Matcher

    def matches(self, item: Thing) -> bool:
        """Whether the item is one of those meant."""
        return not self.part.matches(item)


Matcher = Brands | Categories | Products | Variants | OptionIs | CustomFieldIs | AllOf | AnyOf | Not


class InSegments(NamedTuple):
    """Shoppers of one of these segments."""

    ids: frozenset[str]

    def meets(self, segments: Set[str]) -> bool:
        """Whether a shopper of these segments is meant."""
        return not self.ids.isdisjoint(segments)


class AllSegments(NamedTuple):
    """Shoppers that all of these mean."""

    parts: tuple[Segments, ...]

    def meets(self, segments: Set[str]) -> bool:
        """Whether a shopper of these segments is meant."""
        return all(part.meets(segments) for part in self.parts)


class AnySegments(NamedTuple):
    """Shoppers that one of these means."""

    parts: tuple[Segments, ...]

    def meets(self, segments: Set[str]) -> bool:
        """Whether a shopper of these segments is meant."""
        return any(part.meets(segments) for part in self.parts)


class NotSegments(NamedTuple):
    """Shoppers that this one does not mean."""

    part: Segments

    def meets(self, segments: Set[str]) -> bool:
        """Whether a shopper of these segments is meant."""
        return not self.part.meets(segments)


Segments = InSegments | AllSegments | AnySegments | NotSegments


class Schedule(NamedTuple):
    """Every `week_frequency` weeks from that of the start, on these days (Monday is 0), between two times of day."""

    week_frequency: int
    days: frozenset[int]
    start: time
    end: time


class Destination(NamedTuple):
    """Addresses in these countries, or where `excluded` in others. States and postal codes narrow their countries."""

    countries: frozenset[str] = frozenset()
    excluded: bool = False
    states: Mapping[str, frozenset[str]] = {}
    postal_codes: Mapping[str, frozenset[str]] = {}


class CartCondition(NamedTuple):
    """So many pieces, or so much spent, of what `items` matches (None: of the cart)."""

    items: Matcher | None = None
    minimum_spend: Decimal | None = None
    minimum_quantity: int = 0


class Off(NamedTuple):
    """An amount or a percentage, one of the two."""

    fixed: Decimal | None = None
    percent: Decimal | None = None


class CartValue(NamedTuple):
    """A discount on the cart, at most `maximum`."""

    off: Off
    maximum: Decimal | None = None


class CartItems(NamedTuple):
    """A discount on each matching piece, or `as_total` on all of them together; on `quantity` pieces at most.

    Pieces that met the condition are spared unless `with_considered`.
    """

    off: Off
    items: Matcher | None = None
    maximum: Decimal | None = None
    as_total: bool = False
    with_considered: bool = False
    spares_sale: bool = False
    strategy: Strategy = "LEAST_EXPENSIVE"
    quantity: int | None = None
    adds_free_item: bool = False


class GiftOf(NamedTuple):
    """Pieces of a product, or of a variant, for nothing."""

    quantity: int
    product_id: int = 0
    variant_id: int = 0


class FixedPriceSet(NamedTuple):
    """`quantity` matching pieces for one price together."""

    quantity: int
    price: Decimal
    items: Matcher | None = None
    strategy: Strategy = "LEAST_EXPENSIVE"
    spares_sale: bool = False
    with_considered: bool = True


class ShippingOff(NamedTuple):
    """Free shipping, or an `amount` off it, to these zones (None: all), by these methods (empty: all)."""

    zones: frozenset[int] | None = None
    amount: Decimal | None = None
    methods: frozenset[str] = frozenset()


Action = CartValue | CartItems | GiftOf | FixedPriceSet | ShippingOff


class Rule(NamedTuple):
    """If all conditions are met, the action applies: once, or as often as the cart meets them.

    After a rule that applied, the next ones are tried only if it says so (`goes_on`).
    """

    action: Action
    conditions: tuple[CartCondition, ...] = ()
    once: bool = True
    goes_on: bool = False


class EnteredCode(NamedTuple):
    """A code of a promotion that a shopper entered. `uses_by_shopper` are earlier ones. A limit of 0 is none."""

    code: str
    coupon_id: int = 0
    enabled: bool = True
    uses: int = 0
    max_uses: int = 0
    uses_by_shopper: int = 0
    max_uses_by_shopper: int = 0


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that may apply. With `codes`, it is redeemed by one of them; without, it is automatic.

    `groups` and `excluded_groups`: 0 is a guest, or a customer of no group; none named are all. `alone`: it applies
    only if nothing else does. A coupon of that kind may override what applied before it: always, or if it gives more.
    """

    id: int
    name: str = ""
    rules: tuple[Rule, ...] = ()
    codes: tuple[EnteredCode, ...] = ()
    is_coupon: bool = False
    enabled: bool = True
    priority: int = 0
    stop: bool = False
    alone: bool = False
    overrides: bool = False
    overrides_if_more: bool = False
    start: int = 0
    end: int | None = None
    schedule: Schedule | None = None
    channels: frozenset[int] = frozenset()
    currency: str = "*"
    groups: frozenset[int] = frozenset()
    excluded_groups: frozenset[int] = frozenset()
    segments: Segments | None = None
    minimum_order_count: int = 0
    destination: Destination | None = None
    uses: int = 0
    max_uses: int = 0


class PromotionPolicy(NamedTuple):
    """The store's settings: whether items with a custom price take part, whether items that cost nothing count for
    conditions, how many coupons one order may have, and whether each promotion is computed on the original prices or on
    what those before it left."""

    on_custom_prices: bool = False
    zero_prices_count: bool = False
    most_coupons: int = 1
    on_original_prices: bool = True
