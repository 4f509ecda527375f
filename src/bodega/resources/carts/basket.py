"""What the engine of prices is told of a cart, and what the cart keeps of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bodega.access.providers import TAX, registered
from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import Basket, BasketItem, Charge, ManualDiscount, TaxRates
from bodega.domain.pricing.engine import quote
from bodega.domain.pricing.offers import GiftItem
from bodega.domain.pricing.quote import Quote, QuotedLine
from bodega.kit.fields import INT32
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.carts.cart import Cart, CartCoupon, CartItem, LineReduction, pieces_of
from bodega.resources.catalog import product, variants
from bodega.resources.checkouts import costs, tax_estimates
from bodega.resources.checkouts.checkout import Checkout
from bodega.resources.checkouts.rates import ShippingOption
from bodega.resources.checkouts.tax_estimates import NOT_ASKED, Answered
from bodega.resources.marketing import coupons
from bodega.resources.marketing.promotions.candidates import candidates, policy_of, shopper_key
from bodega.resources.pricing.buyer import buyer_of
from bodega.resources.pricing.facts import Choice, facts
from bodega.resources.pricing.policy import Money, money_of
from bodega.resources.providers.shipping_rates import Asking
from bodega.resources.tax.rates_at import policy_at, rates_at
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

BY_HAND = "Manual Discount"
ROUNDS = 3
"""How often a cart is quoted at most: the gifts of promotions may lead to others."""


async def basket_of(unit: Unit, cart: Cart, money: Money, of: Checkout | None = None) -> Basket:
    """The basket of a cart in its currency, with the promotions that may apply; taxed where its payer is, if a checkout
    says so."""
    buyer = await buyer_of(unit.tx, cart.customer_id, for_promotions=True)
    return Basket(
        items=await _items(unit, cart, money, buyer.shopper.group_id),
        currency=money.code,
        places=money.places,
        exchange=money.rate,
        channel_id=cart.channel_id,
        shopper=buyer.shopper,
        now=datetime.fromtimestamp(unit.now, _zone(unit)),
        tax=await policy_at(
            unit.tx,
            None if of is None or of.billing_address is None else costs.place_of(of.billing_address),
            operator=unit.terms.settings,
            customer_id=cart.customer_id,
            group_id=buyer.shopper.group_id,
            exempt=buyer.exempt,
        ),
        promotions=await candidates(
            unit.tx,
            now=unit.now,
            channel_id=cart.channel_id,
            currency=money.code,
            codes=cart.coupon_codes,
            shopper=shopper_key(cart.customer_id, cart.email),
        ),
        promotion_policy=await policy_of(unit.tx),
        coupons=tuple(cart.coupon_codes),
        manual_discounts=tuple(
            ManualDiscount(one.amount, one.name or BY_HAND, one.id) for one in cart.given if not one.item_id
        ),
    )


async def money_of_cart(tx: Tx, cart: Cart) -> Money:
    """The currency of a cart; the store's own unless it names another. Raises Refusal."""
    money = await money_of(tx, cart.currency_code)
    if money is None:
        raise refuse_faults([invalid("currency.code", "must be a currency of the store that is in use")])
    return money


def _zone(unit: Unit) -> tzinfo:
    name = str(unit.terms.settings.get("timezone") or "UTC")
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ValueError, OSError):
        return UTC


async def _items(unit: Unit, cart: Cart, money: Money, group_id: int) -> tuple[BasketItem, ...]:
    choices = [
        Choice(one.id, one.product_id, one.quantity, one.variant_id, _answers(one))
        for one in cart.items
        if one.product_id
    ]
    known = await facts(
        unit.tx,
        choices,
        group_id=group_id,
        channel_id=cart.channel_id,
        currency=money.code,
        for_promotions=True,
    )
    by_key = {choice.key: known.item(choice) for choice in choices}
    made = []
    for one in cart.items:
        item = by_key.get(one.id) or BasketItem(key=one.id, quantity=one.quantity, kind=one.kind, name=one.name)
        given = tuple(
            ManualDiscount(discount.amount, discount.name or BY_HAND, discount.id)
            for discount in cart.given
            if discount.item_id == one.id
        )
        price = one.custom_price
        if price is None and item.catalog is None:
            price = one.list_price  # its product is gone
        if one.added_by_promotion:
            price = one.list_price if item.catalog is None else None
        wrapping = None if one.wrapping is None else Charge(amount=one.wrapping.amount, name=one.wrapping.name)
        made.append(
            replace(
                item,
                custom_price=price,
                manual_discounts=given,
                wrapping=wrapping,
                added_by_promotion=one.added_by_promotion,
            )
        )
    return tuple(made)


def _answers(item: CartItem) -> dict[int, str]:
    return {one.name_id: one.value if one.value_id is None else str(one.value_id) for one in item.options}


async def reprice(unit: Unit, cart: Cart, of: Checkout | None = None) -> Quote:
    """Computes what the cart comes to, with what promotions put into it and what its checkout adds; the cart keeps the
    amounts. `of` is the checkout if it is about to change."""
    if of is None:
        of = await costs.checkout_of(unit.tx, cart.id)
    given = [one for one in cart.items if not one.added_by_promotion]
    were = {_gift_key(one): one.id for one in cart.items if one.added_by_promotion}
    cart.items = given
    options: dict[str, ShippingOption] = {}
    money = await money_of_cart(unit.tx, cart)
    basket = await basket_of(unit, cart, money, of)
    rates = await _rates(unit, cart, of, basket)
    answer = quote(_with_checkout(basket, cart, of, options, rates))
    known: Sequence[GiftItem] = ()
    for _ in range(ROUNDS):
        if tuple(answer.gifts) == tuple(known):
            break
        known = answer.gifts
        cart.items = [*given, *await _gifts(unit, known, were, INT32 - pieces_of(given))]
        basket = replace(basket, items=await _items(unit, cart, money, basket.shopper.group_id))
        answer = quote(_with_checkout(basket, cart, of, options, rates))
    if of is not None and of.consignments:
        owed = {line.key: line.cost.entered - line.cost.discount for line in answer.lines}
        options = await costs.chosen(unit.tx, cart, of, owed, money, Asking(unit.terms.settings, unit.outside))
        if options:
            answer = quote(_with_checkout(basket, cart, of, options, rates))
    answer, asked = await _asked(unit, cart, of, basket, options, rates, answer)
    keep(cart, answer, inclusive=basket.tax.inclusive)
    cart.totals = costs.totals_of(answer, options)
    cart.totals.tax_provider_id, cart.totals.is_tax_unknown = asked.provider_id, asked.is_unknown
    await _name_coupons(unit, cart)
    return answer


async def _rates(unit: Unit, cart: Cart, of: Checkout | None, basket: Basket) -> Mapping[str, TaxRates]:
    """The tax rates where each consignment goes that has an address."""
    found: dict[str, TaxRates] = {}
    for one in () if of is None else of.consignments:
        to = None if one.address is None or one.pickup_method_id else costs.place_of(one.address)
        if to is not None:
            group_id, operator = basket.shopper.group_id, unit.terms.settings
            there = await rates_at(unit.tx, to, customer_id=cart.customer_id, group_id=group_id, operator=operator)
            found[one.id] = there.rates
    return found


async def _asked(
    unit: Unit,
    cart: Cart,
    of: Checkout | None,
    basket: Basket,
    options: Mapping[str, ShippingOption],
    rates: Mapping[str, TaxRates],
    found: Quote,
) -> tuple[Quote, Answered]:
    """The quote with what the store's tax provider says of it; as it was where none does. Raises Wanted."""
    if of is None or not registered(unit.terms.settings, TAX):
        return found, NOT_ASKED
    plain = replace(basket, tax=replace(basket.tax, subtracts_home=False))
    entered = quote(_with_checkout(plain, cart, of, options, rates)) if basket.tax.inclusive else found
    answers = await tax_estimates.answered(unit, cart, of, entered, basket.places, inclusive=basket.tax.inclusive)
    if not answers.taxes:
        return found, answers
    taxed = replace(basket, tax=replace(basket.tax, answers=answers.taxes))
    return quote(_with_checkout(taxed, cart, of, options, rates)), answers


def _with_checkout(
    basket: Basket,
    cart: Cart,
    of: Checkout | None,
    options: Mapping[str, ShippingOption],
    rates: Mapping[str, TaxRates],
) -> Basket:
    if of is None:
        return basket
    return replace(basket, consignments=costs.consignments(cart, of, options, rates), fees=costs.fees(of))


async def _name_coupons(unit: Unit, cart: Cart) -> None:
    """The coupons of a cart are shown with the id, the type and the name of the coupon whose code was entered."""
    keys = {caseless(one.code): one for one in cart.coupons}
    if not keys:
        return
    test = f"code_key IN ({numbered_placeholders(len(keys))})"
    for coupon in await query.entities(unit.tx, coupons.TABLE, test, *keys):
        one = keys[caseless(coupon.code)]
        one.id, one.kind, one.name = coupon.id, coupon.type, coupon.name


GiftKey = tuple[int, int, int]


def _gift_key(gift: CartItem) -> GiftKey:
    """By what a gift is known again: its promotion, its product and its variant."""
    return (gift.added_by_promotion, gift.product_id, gift.variant_id)


async def _gifts(unit: Unit, wanted: Sequence[GiftItem], were: Mapping[GiftKey, str], room: int) -> list[CartItem]:
    """The gifts of promotions, as far as the cart has `room` for pieces; one that was there before keeps its id."""
    made, ids = [], dict(were)
    for gift in wanted:
        line = await _gift(unit, gift)
        if line is None or room < 1:
            continue
        line.id = ids.pop(_gift_key(line), "") or unit.outside.once(lambda: str(uuid4()))
        line.quantity = min(gift.quantity, room)
        room -= line.quantity
        made.append(line)
    return made


async def _gift(unit: Unit, gift: GiftItem) -> CartItem | None:
    """The line of a gift, which a promotion names by its product or by its variant; None: it is gone."""
    variant = await unit.get(variants.TABLE, gift.variant_id) if gift.variant_id else None
    row = await unit.get(product.TABLE, gift.product_id if variant is None else variant.entity.product_id)
    if row is None:
        return None
    owner = row.entity
    return CartItem(
        id="",
        kind=owner.type,
        product_id=owner.id,
        variant_id=gift.variant_id or owner.base_variant_id or 0,
        sku=owner.sku if variant is None else variant.entity.sku,
        name=owner.name,
        path=owner.custom_url.url,
        quantity=gift.quantity,
        added_by_promotion=gift.promotion_id,
    )


def keep(cart: Cart, answer: Quote, *, inclusive: bool) -> None:
    """The cart keeps the amounts of a quote."""
    lines = {line.key: line for line in answer.lines}
    cart.items = [_kept(one, lines[one.id]) for one in cart.items if one.id in lines]
    cart.tax_included = inclusive
    cart.base_amount = answer.base_amount
    parts = [part for line in answer.lines for part in line.cost.parts]
    cart.manual_discount_amount = _off(parts, Origin.MANUAL)
    cart.discount_amount = answer.discount
    cart.cart_amount = answer.base_amount - answer.discount - answer.coupon_discount
    cart.discounts = _reductions([p for p in parts if p.origin in (Origin.PROMOTION, Origin.MANUAL)])
    found = {one.code.casefold(): one for one in _reductions([p for p in parts if p.origin is Origin.COUPON])}
    refused = {one.code.casefold() for one in answer.refused}
    cart.coupons = [
        CartCoupon(code=code, id=one.id, name=one.name, amount=one.amount)
        for code in cart.coupon_codes
        if code.casefold() not in refused
        for one in [found.get(code.casefold()) or LineReduction(id="", amount=ZERO, code=code)]
    ]
    cart.banners = [words for _, words in answer.notes]


def _off(parts: Sequence[Adjustment], origin: Origin) -> Any:
    return -sum((part.amount for part in parts if part.origin is origin), ZERO)


def _kept(item: CartItem, line: QuotedLine) -> CartItem:
    """A line with its amounts: the sale price is the price of a piece after the discounts on the item."""
    reductions = line.cost.discounts(Origin.PROMOTION, Origin.MANUAL)
    coupons = line.cost.discounts(Origin.COUPON)
    after = line.cost.entered - line.discount_amount
    return replace(
        item,
        original_price=line.original_price,
        list_price=line.unit_price,
        sale_price=after if line.quantity == 1 else rounded(after / max(line.quantity, 1), 4),
        extended_list_price=line.cost.entered,
        extended_sale_price=after,
        discount_amount=line.discount_amount,
        coupon_amount=line.coupon_amount,
        discounts=_reductions(reductions),
        coupons=_reductions(coupons),
    )


def _reductions(parts: Sequence[Adjustment]) -> list[LineReduction]:
    """Discounts summed up by what gave them."""
    found: dict[tuple[int | str, str], LineReduction] = {}
    for part in parts:
        key = (part.source, part.code)
        if key in found:
            found[key].amount -= part.amount
        else:
            found[key] = LineReduction(id=part.source, amount=-part.amount, name=part.description, code=part.code)
    return list(found.values())
