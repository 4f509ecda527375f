"""Whether a promotion is for this shopper, at this time and place: everything about it but what is in the cart."""

from __future__ import annotations

from datetime import datetime, timedelta

from bodega.domain.pricing.basket import Basket
from bodega.domain.pricing.promotion import Destination, EnteredCode, Promotion, Schedule

NOT_ENABLED = "The coupon code is not active."
NOT_YET = "The coupon code cannot be used yet."
OVER = "The coupon code has expired."
NOT_NOW = "The coupon code cannot be used at this time."
USED_UP = "The coupon code has been used as often as it can be."
USED_BY_SHOPPER = "The coupon code has been used as often as one customer may use it."
NOT_HERE = "The coupon code cannot be used in this store."
OTHER_CURRENCY = "The coupon code cannot be used in this currency."
NOT_FOR_SHOPPER = "The coupon code is not for this customer."
NOT_THERE = "The coupon code cannot be used for this shipping address."


def why_not(promotion: Promotion, basket: Basket) -> str:
    """Why a promotion is not for this basket's shopper, now and here: a sentence, empty if it is."""
    if not promotion.enabled:
        return NOT_ENABLED
    now = basket.now.timestamp()
    if now < promotion.start:
        return NOT_YET
    if promotion.end is not None and now >= promotion.end:
        return OVER
    if promotion.max_uses and promotion.uses >= promotion.max_uses:
        return USED_UP
    if promotion.channels and basket.channel_id not in promotion.channels:
        return NOT_HERE
    if promotion.currency not in ("*", basket.currency):
        return OTHER_CURRENCY
    if not _is_for(promotion, basket):
        return NOT_FOR_SHOPPER
    if promotion.schedule is not None and not is_on(promotion.schedule, basket.now, promotion.start):
        return NOT_NOW
    if promotion.destination is not None and not _goes_there(promotion.destination, basket):
        return NOT_THERE
    return ""


def why_not_redeemed(entered: EnteredCode) -> str:
    """Why a code cannot be redeemed, whatever is in the cart; empty if it can."""
    if not entered.enabled:
        return NOT_ENABLED
    if entered.max_uses and entered.uses >= entered.max_uses:
        return USED_UP
    if entered.max_uses_by_shopper and entered.uses_by_shopper >= entered.max_uses_by_shopper:
        return USED_BY_SHOPPER
    return ""


def _is_for(promotion: Promotion, basket: Basket) -> bool:
    shopper = basket.shopper
    if promotion.groups or promotion.excluded_groups:
        groups = {shopper.group_id} if shopper.customer_id else {0, shopper.group_id}  # guests may have a group, too
        if promotion.groups and promotion.groups.isdisjoint(groups):
            return False
        if not promotion.excluded_groups.isdisjoint(groups):
            return False
    if shopper.order_count < promotion.minimum_order_count:
        return False
    return promotion.segments is None or promotion.segments.meets(shopper.segments)


def is_on(schedule: Schedule, now: datetime, start: int) -> bool:
    """Whether a time, by the store's clock, is within a schedule that began at `start`. The times of day include their
    last second; one that ends before it starts goes on past midnight, and belongs to the day on which it started."""
    day, clock = now.date(), now.time().replace(microsecond=0)
    if schedule.start <= schedule.end:
        if not schedule.start <= clock <= schedule.end:
            return False
    elif clock <= schedule.end:
        day -= timedelta(days=1)
    elif clock < schedule.start:
        return False
    if day.weekday() not in schedule.days:
        return False
    first = datetime.fromtimestamp(start, now.tzinfo).date()
    weeks = (day - timedelta(days=day.weekday()) - first + timedelta(days=first.weekday())).days // 7
    return weeks % schedule.week_frequency == 0


def _goes_there(destination: Destination, basket: Basket) -> bool:
    """Whether everything goes to places that are meant; without an address nothing is known to."""
    sent = [one for one in basket.consignments if one.country]
    return bool(sent) and all(
        _is_there(destination, one.country.upper(), one.state.casefold(), one.postal_code.casefold()) for one in sent
    )


def _is_there(destination: Destination, country: str, state: str, postal_code: str) -> bool:
    if destination.excluded:
        return country not in destination.countries
    if country in destination.countries:
        return True
    if state in destination.states.get(country, ()):
        return True
    return postal_code in destination.postal_codes.get(country, ())
