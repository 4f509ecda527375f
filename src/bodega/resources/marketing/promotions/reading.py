"""Promotions and coupons as the engine of prices reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from msgspec import UNSET

from bodega.domain.pricing import promotion as plain
from bodega.kit.fields import epoch
from bodega.resources.marketing.coupons import Coupon, RestrictedTo
from bodega.resources.marketing.promotions import forms
from bodega.resources.marketing.promotions.promotion import TABLE, Promotion

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERYTHING = 0
"""The category that means everything in a coupon's `applies_to`."""


@lru_cache(maxsize=4096)
def decoded(doc: bytes, rest: bytes | None) -> plain.Promotion:
    """A stored promotion, without its codes. The same bytes are the same promotion, in whatever store: so what was read
    once needs no decoding again until it changes."""
    return of_promotion(TABLE.decode(doc, rest))


def of_promotion(of: Promotion) -> plain.Promotion:
    """A promotion, without its codes."""
    who = of.customer
    return plain.Promotion(
        id=of.id,
        name=of.display_name or of.name,
        rules=tuple(map(_rule, of.rules)),
        is_coupon=of.redemption_type == "COUPON",
        enabled=of.status == "ENABLED",
        priority=of.priority,
        stop=of.stop,
        alone=not of.can_be_used_with_other_promotions,
        overrides=bool(of.coupon_overrides_other_promotions),
        overrides_if_more=bool(of.coupon_overrides_automatic_when_offering_higher_discounts),
        start=epoch(of.start_date),
        end=epoch(of.end_date) if of.end_date else None,
        schedule=_schedule(of.schedule),
        channels=frozenset(channel.id for channel in of.channels),
        currency=of.currency_code,
        groups=frozenset(who.group_ids),
        excluded_groups=frozenset(who.excluded_group_ids),
        segments=_segments(who.segments) if isinstance(who.segments, forms.Segments) else None,
        minimum_order_count=who.minimum_order_count,
        destination=_destination(of.shipping_address),
        uses=of.current_uses,
        max_uses=of.max_uses or 0,
    )


def _decimal(amount: Any) -> Decimal | None:
    return Decimal(amount) if isinstance(amount, str) else None


def _flag(value: Any, *, otherwise: bool = False) -> bool:
    return value if isinstance(value, bool) else otherwise


def _rule(rule: forms.Rule) -> plain.Rule:
    conditions: tuple[plain.CartCondition, ...] = ()
    if isinstance(rule.condition, forms.Condition):
        carts = [one.cart for one in rule.condition.and_ or ()]
        if isinstance(rule.condition.cart, forms.Cart):
            carts.append(rule.condition.cart)
        conditions = tuple(map(_condition, carts))
    return plain.Rule(_action(rule.action), conditions, once=rule.apply_once, goes_on=rule.stop is False)


def _condition(cart: forms.Cart) -> plain.CartCondition:
    quantity = cart.minimum_quantity if isinstance(cart.minimum_quantity, int) else 0
    return plain.CartCondition(_items(cart.items), _decimal(cart.minimum_spend), quantity)


def _items(matcher: Any) -> plain.Matcher | None:
    return matcher_of(matcher) if isinstance(matcher, forms.SimpleMatcher) else None


def matcher_of(of: Any) -> plain.Matcher:
    """An item matcher, of whatever level; exactly one of its members is set."""
    if isinstance(of.brands, list):
        return plain.Brands(frozenset(of.brands))
    if isinstance(of.categories, list):
        return plain.Categories(frozenset(of.categories))
    if isinstance(of.products, list):
        return plain.Products(frozenset(of.products))
    if isinstance(of.variants, list):
        return plain.Variants(frozenset(of.variants))
    if isinstance(of.product_option, forms.OptionMatcher):
        return plain.OptionIs(of.product_option.name, frozenset(of.product_option.values))
    if isinstance(of.product_custom_field, forms.CustomFieldMatcher):
        return plain.CustomFieldIs(of.product_custom_field.name, frozenset(of.product_custom_field.values))
    if isinstance(of.and_, list):
        return plain.AllOf(tuple(map(matcher_of, of.and_)))
    if isinstance(of.or_, list):
        return plain.AnyOf(tuple(map(matcher_of, of.or_)))
    return plain.Not(matcher_of(of.not_))


def _off(discount: forms.Discount) -> plain.Off:
    return plain.Off(_decimal(discount.fixed_amount), _decimal(discount.percentage_amount))


def _strategy(strategy: Any) -> plain.Strategy:
    return cast(plain.Strategy, strategy) if isinstance(strategy, str) else "LEAST_EXPENSIVE"


def _action(of: forms.Action) -> plain.Action:
    if isinstance(of.cart_value, forms.CartValueAction):
        return plain.CartValue(_off(of.cart_value.discount), _decimal(of.cart_value.maximum_allowed_discount_amount))
    if isinstance(of.cart_items, forms.CartItemsAction):
        form = of.cart_items
        return plain.CartItems(
            _off(form.discount),
            items=_items(form.items),
            maximum=_decimal(form.maximum_allowed_discount_amount),
            as_total=_flag(form.as_total),
            with_considered=_flag(form.include_items_considered_by_condition),
            spares_sale=_flag(form.exclude_items_on_sale),
            strategy=_strategy(form.strategy),
            quantity=form.quantity if isinstance(form.quantity, int) else None,
            adds_free_item=_flag(form.add_free_item),
        )
    if isinstance(of.gift_item, forms.GiftItemAction):
        gift = of.gift_item
        return plain.GiftOf(gift.quantity, gift.product_id or 0, gift.variant_id or 0)
    if isinstance(of.fixed_price_set, forms.FixedPriceSetAction):
        priced = of.fixed_price_set
        return plain.FixedPriceSet(
            priced.quantity,
            Decimal(priced.fixed_price),
            items=_items(priced.items),
            strategy=_strategy(priced.strategy),
            spares_sale=_flag(priced.exclude_items_on_sale),
            with_considered=_flag(priced.include_items_considered_by_condition, otherwise=True),
        )
    assert isinstance(of.shipping, forms.ShippingAction)
    zones = of.shipping.zone_ids
    return plain.ShippingOff(frozenset(zones) if isinstance(zones, list) else None)


def _segments(of: Any) -> plain.Segments:
    if isinstance(of, forms.SegmentIds) or isinstance(of.id, list):
        return plain.InSegments(frozenset(of.id))
    if isinstance(of.and_, list):
        return plain.AllSegments(tuple(map(_segments, of.and_)))
    if isinstance(of.or_, list):
        return plain.AnySegments(tuple(map(_segments, of.or_)))
    return plain.NotSegments(_segments(of.not_))


def _schedule(of: forms.Schedule | None) -> plain.Schedule | None:
    if of is None:
        return None
    days = frozenset(DAYS.index(day) for day in of.week_days)
    first, last = time.fromisoformat(of.daily_start_time), time.fromisoformat(of.daily_end_time)
    return plain.Schedule(of.week_frequency, days, first, last)


def _codes(countries: Sequence[forms.Country]) -> frozenset[str]:
    return frozenset(country.iso2_country_code.upper() for country in countries)


def _destination(of: forms.AddressMatcher | None) -> plain.Destination | None:
    if of is None:
        return None
    if isinstance(of.not_, forms.Countries):
        return plain.Destination(_codes(of.not_.countries), excluded=True)
    return plain.Destination(_codes(of.countries) if isinstance(of.countries, list) else frozenset())


def of_coupon(coupon: Coupon, entered: plain.EnteredCode, currency: str) -> plain.Promotion:
    """A coupon of V2 that is no code of a promotion: a promotion with one rule, in the store's own currency."""
    rules: tuple[plain.Rule, ...] = ()
    action = _coupon_action(coupon)
    if action is not None:
        conditions = [plain.CartCondition(None, coupon.min_purchase)] if coupon.min_purchase else []
        if isinstance(action, plain.ShippingOff) and (items := _applies_to(coupon)) is not None:
            conditions.append(plain.CartCondition(items, None, 1))
        rules = (plain.Rule(action, tuple(conditions)),)
    return plain.Promotion(
        id=coupon.id,
        name=coupon.name,
        rules=rules,
        codes=(entered,),
        is_coupon=True,
        priority=coupon.id,
        end=epoch(coupon.expires) if coupon.expires else None,
        currency=currency,
        destination=_restricted(coupon.restricted_to),
    )


def _applies_to(coupon: Coupon) -> plain.Matcher | None:
    ids = frozenset(coupon.applies_to.ids)
    if coupon.applies_to.entity == "products":
        return plain.Products(ids)
    return None if EVERYTHING in ids else plain.Categories(ids)


def _coupon_action(coupon: Coupon) -> plain.Action | None:
    items, amount = _applies_to(coupon), coupon.amount
    if coupon.type == "per_item_discount":
        return plain.CartItems(plain.Off(fixed=amount), items=items, with_considered=True)
    if coupon.type == "percentage_discount":
        return plain.CartItems(plain.Off(percent=amount), items=items, with_considered=True)
    if coupon.type == "per_total_discount":
        if items is None:
            return plain.CartValue(plain.Off(fixed=amount))
        return plain.CartItems(plain.Off(fixed=amount), items=items, as_total=True, with_considered=True)
    methods = frozenset(coupon.shipping_methods)
    if coupon.type == "shipping_discount":
        return plain.ShippingOff(amount=amount, methods=methods)
    if coupon.type == "free_shipping":
        return plain.ShippingOff(methods=methods)
    return None  # of a promotion that does not exist


def _restricted(to: RestrictedTo) -> plain.Destination | None:
    if not to.named():
        return None
    listed = to.countries.split(",") if isinstance(to.countries, str) else to.countries or ()

    def below(named: Any) -> dict[str, frozenset[str]]:
        found = {} if named is UNSET else named
        return {country.upper(): frozenset(map(str.casefold, inside)) for country, inside in found.items()}

    countries = frozenset(code.strip().upper() for code in listed if code.strip())
    return plain.Destination(countries, states=below(to.states), postal_codes=below(to.zips))
