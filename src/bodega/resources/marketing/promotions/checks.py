"""Which members of a promotion's parts belong together: faults name the member, as `rules.0.action`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from bodega.law.refusal import Fault, invalid
from bodega.resources.geography import places
from bodega.resources.marketing.promotions import forms

GREATEST_MAXIMUM = Decimal(10_000_000)
MOST_CUSTOM_FIELDS = 10
"""Matchers of custom fields in one item matcher."""

SIMPLE = ("brands", "categories", "products", "variants", "product_option", "product_custom_field")


def given(form: msgspec.Struct) -> list[str]:
    """The names on the wire of the members that a form has."""
    names = zip(form.__struct_encode_fields__, form.__struct_fields__, strict=True)
    return [wire for wire, field in names if getattr(form, field) not in (UNSET, None)]


def _one_of(form: msgspec.Struct, place: str) -> Iterator[Fault]:
    """A form of several kinds has the member of exactly one."""
    if len(given(form)) != 1:
        yield invalid(place, "must have exactly one of " + ", ".join(form.__struct_encode_fields__))


def of_rules(rules: Sequence[forms.Rule]) -> Iterator[Fault]:
    """The faults of rules."""
    if not rules:
        yield invalid("rules", "must have at least one rule")
    for number, rule in enumerate(rules):
        place = f"rules.{number}"
        yield from _of_action(rule.action, f"{place}.action")
        if isinstance(rule.condition, forms.Condition):
            yield from _of_condition(rule.condition, f"{place}.condition")


def _of_condition(condition: forms.Condition, place: str) -> Iterator[Fault]:
    yield from _one_of(condition, place)
    if isinstance(condition.cart, forms.Cart):
        yield from _of_cart(condition.cart, f"{place}.cart")
    for number, one in enumerate(condition.and_ or ()):
        yield from _of_cart(one.cart, f"{place}.and.{number}.cart")
    if condition.and_ == []:
        yield invalid(f"{place}.and", "must have at least one condition")


def _of_cart(cart: forms.Cart, place: str) -> Iterator[Fault]:
    """A condition says something: what names nothing would be met by every cart."""
    if not given(cart):
        yield invalid(place, "must have at least one of " + ", ".join(cart.__struct_encode_fields__))
    if not isinstance(cart.items, forms.Matcher):
        return
    if not isinstance(cart.minimum_quantity, int) and not isinstance(cart.minimum_spend, str):
        yield invalid(place, "must have a minimum_quantity or a minimum_spend, since it names items")
    yield from of_items(cart.items, f"{place}.items")


def of_items(matcher: forms.Matcher, place: str) -> Iterator[Fault]:
    """The faults of an item matcher."""
    yield from _of_matcher(matcher, place)
    if _custom_fields(matcher) > MOST_CUSTOM_FIELDS:
        yield invalid(place, f"must have at most {MOST_CUSTOM_FIELDS} matchers of custom fields")


def _of_matcher(matcher: Any, place: str) -> Iterator[Fault]:
    yield from _one_of(matcher, place)
    for name in SIMPLE[:4]:
        if getattr(matcher, name) == []:
            yield invalid(f"{place}.{name}", "must not be empty")
    for word, children in _joined(matcher):
        if not children:
            yield invalid(f"{place}.{word}", "must not be empty")
        for number, child in enumerate(children):
            yield from _of_matcher(child, f"{place}.{word}.{number}")
    inner = getattr(matcher, "not_", UNSET)
    if isinstance(inner, forms.SimpleMatcher):
        yield from _of_matcher(inner, f"{place}.not")


def _joined(matcher: Any) -> list[tuple[str, Any]]:
    words = (("and", getattr(matcher, "and_", UNSET)), ("or", getattr(matcher, "or_", UNSET)))
    return [(word, children) for word, children in words if isinstance(children, list)]


def _custom_fields(matcher: Any) -> int:
    own = isinstance(matcher.product_custom_field, forms.CustomFieldMatcher)
    inner = getattr(matcher, "not_", UNSET)
    below = [child for _word, children in _joined(matcher) for child in children]
    below += [inner] if isinstance(inner, forms.SimpleMatcher) else []
    return own + sum(map(_custom_fields, below))


def _of_action(action: forms.Action, place: str) -> Iterator[Fault]:
    yield from _one_of(action, place)
    for name in given(action):
        form, there = getattr(action, name), f"{place}.{name}"
        if isinstance(form, forms.CartValueAction | forms.CartItemsAction):
            yield from _of_discount(form.discount, f"{there}.discount")
            yield from _of_maximum(form.maximum_allowed_discount_amount, there)
        if isinstance(form, forms.CartItemsAction | forms.FixedPriceSetAction) and isinstance(
            form.items, forms.Matcher
        ):
            yield from of_items(form.items, f"{there}.items")
        if isinstance(form, forms.CartItemsAction) and form.add_free_item is True:
            yield from _of_free_item(form, there)
        if isinstance(form, forms.GiftItemAction) and len({*given(form)} - {"quantity"}) != 1:
            yield invalid(there, "must have a product_id or a variant_id, one of the two")
        if isinstance(form, forms.ShippingAction) and form.zone_ids == []:
            yield invalid(f"{there}.zone_ids", "must name zones, or be * for all")
        if isinstance(form, forms.ShippingAction) and form.free_shipping is False:
            yield invalid(f"{there}.free_shipping", "must be true, since shipping has no other discount")


def _of_discount(discount: forms.Discount, place: str) -> Iterator[Fault]:
    yield from _one_of(discount, place)
    if isinstance(discount.percentage_amount, str) and Decimal(discount.percentage_amount) > 100:
        yield invalid(f"{place}.percentage_amount", "must be at most 100")


def _of_maximum(amount: Any, place: str) -> Iterator[Fault]:
    if isinstance(amount, str) and not 0 < Decimal(amount) <= GREATEST_MAXIMUM:
        why = f"must be greater than 0 and at most {GREATEST_MAXIMUM}"
        yield invalid(f"{place}.maximum_allowed_discount_amount", why)


def _of_free_item(form: forms.CartItemsAction, place: str) -> Iterator[Fault]:
    """A free item is taken off entirely."""
    percent = form.discount.percentage_amount
    if not isinstance(percent, str) or Decimal(percent) != 100:
        yield invalid(f"{place}.add_free_item", "must come with a discount whose percentage_amount is 100")


def of_customer(customer: forms.Eligible) -> Iterator[Fault]:
    """The faults of the customers that a promotion is for."""
    if customer.group_ids and customer.excluded_group_ids:
        yield invalid("customer.excluded_group_ids", "must be empty where group_ids are named")
    if isinstance(customer.segments, forms.Segments):
        yield from _of_segments(customer.segments, "customer.segments")


def _of_segments(limits: Any, place: str) -> Iterator[Fault]:
    yield from _one_of(limits, place)
    for word, children in _joined(limits):
        for number, child in enumerate(children):
            yield from _of_segments(child, f"{place}.{word}.{number}")
    inner = getattr(limits, "not_", UNSET)
    if isinstance(inner, msgspec.Struct):
        yield from _of_segments(inner, f"{place}.not")


def of_address(address: forms.AddressMatcher) -> Iterator[Fault]:
    """The faults of a limitation to countries."""
    yield from _one_of(address, "shipping_address")
    inner = address.not_.countries if isinstance(address.not_, forms.Countries) else address.countries
    place = "shipping_address.not" if isinstance(address.not_, forms.Countries) else "shipping_address"
    for number, country in enumerate(inner or ()):
        if places.country(country.iso2_country_code) is None:
            yield invalid(f"{place}.countries.{number}.iso2_country_code", "must be the code of a country")


def of_schedule(schedule: forms.Schedule) -> Iterator[Fault]:
    """The faults of a schedule."""
    if not schedule.week_days:
        yield invalid("schedule.week_days", "must have at least one day")
