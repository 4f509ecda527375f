"""What one promotion gives to a cart: its conditions, and each of its actions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bodega.domain.pricing.amounts import shares
from bodega.domain.pricing.offers import GiftItem, ShippingDiscount
from bodega.domain.pricing.promotion import (
    CartCondition,
    CartItems,
    CartValue,
    FixedPriceSet,
    GiftOf,
    Matcher,
    Off,
    Products,
    Promotion,
    Rule,
    ShippingOff,
    Variants,
)
from bodega.domain.pricing.promotion_cart import ZERO, Cart, CartLine, Gain

MOST_TIMES = 10_000
"""How often a rule that may repeat does at most."""

Pieces = dict[str, int]
"""How many pieces of each line, by its key."""


def gain(promotion: Promotion, cart: Cart, code: str) -> Gain:
    """What the promotion gives: that of its first rule that applies, and of those after it if that goes on."""
    given = Gain()
    for rule in promotion.rules:
        more = _Applied(rule, promotion, cart, code, given).gain
        if more:
            _join(given, more)
            if not rule.goes_on:
                break
    return given


def _join(given: Gain, more: Gain) -> None:
    for key, amount in more.lines.items():
        given.lines[key] = given.lines.get(key, ZERO) + amount
    given.order += more.order
    given.order_keys = more.order_keys or given.order_keys
    given.shipping += more.shipping
    given.gifts += more.gifts
    given.pending = given.pending or more.pending


class _Applied:
    """One rule tried on the cart, beside what earlier rules of its promotion gave (`before`)."""

    def __init__(self, rule: Rule, promotion: Promotion, cart: Cart, code: str, before: Gain) -> None:
        self.rule, self.promotion, self.cart, self.code, self.before = rule, promotion, cart, code, before
        self.gain = Gain()
        self.spent: Pieces = {}
        """Pieces that met a condition, or got a discount, in an earlier round."""
        action = rule.action
        if isinstance(action, CartItems | FixedPriceSet):
            self._in_rounds(action)
        else:
            self._at_once(action)

    def _money(self, amount: Decimal) -> Decimal:
        """An amount of the promotion in the basket's currency."""
        if self.promotion.currency != "*":
            return amount
        return self.cart.rounded(amount * self.cart.basket.exchange)

    # conditions

    def _met(self, round_number: int, action_items: Matcher | None, order: Sequence[CartLine]) -> Pieces | None:
        """The pieces that meet the conditions once more; None if they are not met."""
        taken: Pieces = {}
        for condition in self.rule.conditions:
            if condition.items is None:
                if not self._is_spent(condition, round_number):
                    return None
                continue
            pieces = self._pieces_for(condition, order, action_items)
            if pieces is None:
                return None
            for key, count in pieces.items():
                taken[key] = max(taken.get(key, 0), count)
        return taken

    def _is_spent(self, condition: CartCondition, round_number: int) -> bool:
        if not any(line.counts for line in self.cart.lines):
            return False
        if not condition.minimum_spend:
            return True
        return self.cart.subtotal() >= self._money(condition.minimum_spend) * round_number

    def _pieces_for(
        self, condition: CartCondition, order: Sequence[CartLine], action_items: Matcher | None
    ) -> Pieces | None:
        """Those that the action would not take, or would take last, go first."""
        cart = self.cart
        lines = [line for line in cart.matching(condition.items) if line.counts]
        count, spend = condition.minimum_quantity, self._money(condition.minimum_spend or ZERO)
        if not lines:
            return None
        if count > sum(line.quantity for line in lines):
            return None
        if len(lines) > 1:
            place = {line.key: number for number, line in enumerate(order)}
            lines.sort(key=lambda line: -place.get(line.key, len(place)))
        pieces: Pieces = {}
        count = count or (0 if spend else 1)
        for line in lines:
            if count <= 0 and spend <= 0:
                break
            unit = cart.unit(line)
            wanted = max(count, math.ceil(spend / unit) if spend > 0 and unit else 0)
            used = min(line.quantity - self.spent.get(line.key, 0), wanted)
            if used <= 0:
                continue
            pieces[line.key] = used
            count -= used
            spend -= unit * used
        return None if count > 0 or spend > 0 else pieces

    # actions on pieces

    def _in_rounds(self, action: CartItems | FixedPriceSet) -> None:
        cart = self.cart
        if isinstance(action, CartItems) and action.adds_free_item and (gift := _named(action.items)) is not None:
            self._free_item(action, *gift)
            return
        eligible = [line for line in cart.matching(action.items) if not (action.spares_sale and line.on_sale)]
        if not eligible:
            return
        order = cart.in_order(eligible, action.strategy)
        maximum = self._money(action.maximum) if isinstance(action, CartItems) and action.maximum is not None else None
        rounds = 1 if self.rule.once else MOST_TIMES
        for number in range(1, rounds + 1):
            taken = self._met(number, action.items, order)
            if taken is None:
                break
            free = {} if action.with_considered else taken
            chosen = self._choose(order, free, action.quantity)
            if isinstance(action, FixedPriceSet):
                if sum(chosen.values()) < action.quantity:
                    break
                given = self._set_price(action, order, chosen)
            else:
                given = self._off(action, order, chosen, maximum)
            if not given:
                break
            total = sum(given.values(), ZERO)
            for key, amount in given.items():
                self.gain.lines[key] = self.gain.lines.get(key, ZERO) + amount
            if maximum is not None:
                maximum -= total
                if maximum <= 0:
                    break
            self._spend(taken, chosen, together=action.with_considered)
            if not self.rule.conditions and action.quantity is None:
                break

    def _spend(self, taken: Mapping[str, int], chosen: Mapping[str, int], *, together: bool) -> None:
        for key in taken.keys() | chosen.keys():
            met, got = taken.get(key, 0), chosen.get(key, 0)
            self.spent[key] = self.spent.get(key, 0) + (max(met, got) if together else met + got)

    def _choose(self, order: Sequence[CartLine], spared: Mapping[str, int], quantity: int | None) -> Pieces:
        """The next pieces that the action is about."""
        chosen: Pieces = {}
        left = quantity
        for line in order:
            there = line.quantity - self.spent.get(line.key, 0) - spared.get(line.key, 0)
            if left is not None:
                there = min(there, left)
                left -= max(there, 0)
            if there > 0:
                chosen[line.key] = there
            if left == 0:
                break
        return chosen

    def _remaining(self, line: CartLine) -> Decimal:
        """What earlier promotions and earlier rules left of a line."""
        left = line.left - self.before.lines.get(line.key, ZERO) - self.gain.lines.get(line.key, ZERO)
        return max(left, ZERO)

    def _off(
        self, action: CartItems, order: Sequence[CartLine], chosen: Mapping[str, int], maximum: Decimal | None
    ) -> dict[str, Decimal]:
        cart = self.cart
        lines = [line for line in order if line.key in chosen]
        if action.as_total and action.off.fixed is not None:
            wanted = self._money(action.off.fixed)
            if maximum is not None:
                wanted = min(wanted, maximum)
            return self._dealt(lines, chosen, wanted)
        given: dict[str, Decimal] = {}
        for line in lines:
            unit, count = cart.unit(line), chosen[line.key]
            amount = min(cart.rounded(self._off_one(action.off, unit) * count), self._remaining(line))
            if maximum is not None:
                amount = min(amount, maximum)
                maximum -= amount
            if amount > 0:
                given[line.key] = amount
        return given

    def _off_one(self, off: Off, unit: Decimal) -> Decimal:
        if off.fixed is not None:
            return min(self._money(off.fixed), unit)
        return unit * (off.percent or ZERO) / 100

    def _dealt(self, lines: Sequence[CartLine], chosen: Mapping[str, int], amount: Decimal) -> dict[str, Decimal]:
        """An amount distributed among pieces by their prices: the shares sum to it."""
        weights = [
            min(self.cart.rounded(self.cart.unit(line) * chosen[line.key]), self._remaining(line)) for line in lines
        ]
        amount = min(amount, sum(weights, ZERO))
        if amount <= 0:
            return {}
        dealt = shares(amount, weights, self.cart.places)
        return {line.key: share for line, share in zip(lines, dealt, strict=True) if share > 0}

    def _set_price(
        self, action: FixedPriceSet, order: Sequence[CartLine], chosen: Mapping[str, int]
    ) -> dict[str, Decimal]:
        lines = [line for line in order if line.key in chosen]
        whole = sum((self.cart.rounded(self.cart.unit(line) * chosen[line.key]) for line in lines), ZERO)
        return self._dealt(lines, chosen, whole - self._money(action.price))

    def _free_item(self, action: CartItems, product_id: int, variant_id: int) -> None:
        times = self._times(action.items)
        if times:
            self._give(GiftOf((action.quantity or 1) * times, product_id, variant_id))

    # actions on the whole

    def _times(self, items: Matcher | None = None) -> int:
        """How often the conditions are met."""
        rounds = MOST_TIMES if not self.rule.once and self._repeats() else 1
        for number in range(1, rounds + 1):
            taken = self._met(number, items, ())
            if taken is None:
                return number - 1
            self._spend(taken, {}, together=True)
        return rounds

    def _repeats(self) -> bool:
        """Whether a larger cart meets the conditions more often."""
        return any(one.items is not None or one.minimum_spend for one in self.rule.conditions)

    def _at_once(self, action: CartValue | GiftOf | ShippingOff) -> None:
        if isinstance(action, ShippingOff):
            if self._met(1, None, ()) is not None and self.cart.lines:
                self._send_for_less(action)
            return
        times = self._times()
        if not times or not self.cart.lines:
            return
        if isinstance(action, GiftOf):
            self._give(action._replace(quantity=action.quantity * times))
        else:
            self._off_the_cart(action, times)

    def _off_the_cart(self, action: CartValue, times: int) -> None:
        cart = self.cart
        before = self.before.amount
        base = sum((line.total for line in cart.lines), ZERO) if cart.on_original else cart.left() - before
        if action.off.fixed is not None:
            amount = self._money(action.off.fixed) * times
        else:
            amount = cart.rounded(base * (action.off.percent or ZERO) / 100)
        if action.maximum is not None:
            amount = min(amount, self._money(action.maximum))
        self.gain.order = max(min(amount, base, cart.left() - before), ZERO)
        if not cart.whole:
            self.gain.order_keys = tuple(line.key for line in cart.lines)

    def _give(self, action: GiftOf) -> None:
        """A gift is wanted in the cart; what is there of it costs nothing."""
        left = action.quantity
        for line in self.cart.gifts.get(self.promotion.id, ()):
            item = line.item
            same = item.variant_id == action.variant_id if action.variant_id else item.product_id == action.product_id
            count = min(left, line.quantity)
            if same and count > 0 and line.left > 0:
                off = line.left if count == line.quantity else self.cart.rounded(line.price * count)
                self.gain.lines[line.key] = min(off, line.left)
                left -= count
        self.gain.gifts.append(GiftItem(action.product_id, action.variant_id, action.quantity, self.promotion.id))

    def _send_for_less(self, action: ShippingOff) -> None:
        basket, promotion = self.cart.basket, self.promotion
        left = None if action.amount is None else self._money(action.amount)
        known = [one for one in basket.consignments if one.shipping is not None]
        self.gain.pending = not known
        for one in known:
            assert one.shipping is not None
            words = {one.shipping.key, one.shipping.name, str(one.shipping.source)}
            if action.zones is not None and one.zone_id not in action.zones:
                continue
            if action.methods and action.methods.isdisjoint(words):
                continue
            cost = one.shipping.amount
            amount = None if left is None else min(left, cost)
            if left is not None:
                left -= amount or ZERO
            if cost > 0 and amount != 0:
                found = ShippingDiscount(one.key, amount, promotion.id, promotion.name, self.code)
                self.gain.shipping.append(found)
            else:
                self.gain.pending = True


def _named(items: Matcher | None) -> tuple[int, int] | None:
    """The one product or variant that a matcher names, as (product, variant)."""
    if isinstance(items, Products) and len(items.ids) == 1:
        return next(iter(items.ids)), 0
    if isinstance(items, Variants) and len(items.ids) == 1:
        return 0, next(iter(items.ids))
    return None
