"""The promotions that apply to a basket: automatic ones first, then coupons, each by priority."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from bodega.domain.pricing.basket import Basket
from bodega.domain.pricing.offers import LineDiscount, OfferLine, Offers, OrderDiscount, RefusedCode, Used
from bodega.domain.pricing.promotion import EnteredCode, Promotion
from bodega.domain.pricing.promotion_cart import ZERO, Cart, Gain
from bodega.domain.pricing.promotion_rules import gain
from bodega.domain.pricing.promotion_terms import why_not, why_not_redeemed

UNKNOWN = "The coupon code does not exist."
TOO_MANY = "No more coupon codes can be used in this order."
NOT_MET = "What the coupon code asks for is not in the cart."
NOT_BESIDE = "The coupon code cannot be used with the other promotions of the cart."


class _Given(NamedTuple):
    """A promotion that applies, with what it gives and the code that redeems it."""

    promotion: Promotion
    code: str
    gain: Gain


class _Trial:
    """The promotions tried so far, in order."""

    def __init__(self, basket: Basket, lines: Sequence[OfferLine]) -> None:
        self.basket, self.offered = basket, lines
        self.cart = Cart(basket, lines)
        self.given: list[_Given] = []
        self.closed = False
        """Whether a promotion that applied lets no other one apply after it."""

    def automatic(self, promotion: Promotion) -> None:
        """Tries a promotion that needs no code."""
        if self.closed or (promotion.alone and self.given) or why_not(promotion, self.basket):
            return
        found = gain(promotion, self.cart, "")
        if found:
            self._take(promotion, "", found)

    def coupon(self, promotion: Promotion, code: str) -> str:
        """Tries a promotion that a code redeems: why it does not apply, or nothing."""
        if self.given and (promotion.alone or self.closed):
            return self._instead(promotion, code)
        found = gain(promotion, self.cart, code)
        if not found:
            return NOT_MET
        self._take(promotion, code, found)
        return ""

    def _instead(self, promotion: Promotion, code: str) -> str:
        """A coupon that can only be alone: it takes the place of the others where it may."""
        coupons = any(one.code for one in self.given)
        if not promotion.alone or not (promotion.overrides or (promotion.overrides_if_more and not coupons)):
            return NOT_BESIDE
        afresh = Cart(self.basket, self.offered)
        found = gain(promotion, afresh, code)
        if not found:
            return NOT_MET
        if not promotion.overrides and self._worth(found) <= sum(self._worth(one.gain) for one in self.given):
            return NOT_BESIDE
        self.cart, self.given = afresh, []
        self._take(promotion, code, found)
        return ""

    def _worth(self, found: Gain) -> Decimal:
        """What a promotion takes off, shipping included."""
        costs = {one.key: one.shipping.amount for one in self.basket.consignments if one.shipping is not None}
        sent = sum((one.amount if one.amount is not None else costs[one.key] for one in found.shipping), ZERO)
        return found.amount + sent

    def _take(self, promotion: Promotion, code: str, found: Gain) -> None:
        self.cart.take(found)
        self.given.append(_Given(promotion, code, found))
        self.closed = self.closed or promotion.stop or promotion.alone


def offers(basket: Basket, lines: Sequence[OfferLine]) -> Offers:
    """What the basket's promotions give for these lines, and why entered codes give nothing."""
    trial = _Trial(basket, lines)
    automatic = [one for one in basket.promotions if not one.is_coupon]
    for promotion in sorted(automatic, key=_rank):
        trial.automatic(promotion)
    refused = _redeem(basket, trial)
    return _told(trial.given, refused)


def _rank(promotion: Promotion) -> tuple[int, int]:
    return promotion.priority, promotion.id


def _redeem(basket: Basket, trial: _Trial) -> list[RefusedCode]:
    """Tries the entered codes: as many as the store allows, those that cannot be redeemed not among them."""
    known = {entered.code.casefold(): (one, entered) for one in basket.promotions for entered in one.codes}
    refused: dict[str, str] = {}
    wanted: list[tuple[Promotion, EnteredCode, str]] = []
    for code in dict.fromkeys(basket.coupons):
        found = known.get(code.casefold())
        if found is None:
            refused[code] = UNKNOWN
            continue
        why = why_not_redeemed(found[1]) or why_not(found[0], basket)
        if not why and any(found[0] is promotion for promotion, _entered, _code in wanted):
            why = NOT_BESIDE  # a promotion applies once, whatever the number of its codes
        if not why and len(wanted) >= basket.promotion_policy.most_coupons:
            why = TOO_MANY
        if why:
            refused[code] = why
        else:
            wanted.append((*found, code))
    for promotion, _entered, code in sorted(wanted, key=lambda one: _rank(one[0])):
        why = trial.coupon(promotion, code)
        if why:
            refused[code] = why
    redeemed = {one.code for one in trial.given}
    for _promotion, _entered, code in wanted:
        if code not in redeemed:
            refused.setdefault(code, NOT_BESIDE)  # a later one took its place
    return [RefusedCode(code, refused[code]) for code in dict.fromkeys(basket.coupons) if code in refused]


def _told(given: Sequence[_Given], refused: Sequence[RefusedCode]) -> Offers:
    lines: list[LineDiscount] = []
    order: list[OrderDiscount] = []
    for promotion, code, found in given:
        lines += [LineDiscount(key, amount, promotion.id, promotion.name, code) for key, amount in found.lines.items()]
        if found.order:
            order.append(OrderDiscount(found.order, promotion.id, promotion.name, code, found.order_keys))
    return Offers(
        lines=tuple(lines),
        order=tuple(order),
        shipping=tuple(one for given_one in given for one in given_one.gain.shipping),
        gifts=tuple(gift for one in given for gift in one.gain.gifts),
        refused=tuple(refused),
        used=tuple(Used(one.promotion.id, one.code, one.promotion.name) for one in given),
    )
