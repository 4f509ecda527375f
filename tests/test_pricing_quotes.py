"""Quotes as properties: totals tie out whichever way they are summed up, nothing is negative, order does not matter."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from bodega.domain.pricing import engine
from bodega.domain.pricing.adjustments import Origin, total_of
from bodega.domain.pricing.amounts import Amount, rounded, sum_of, taxed
from bodega.domain.pricing.basket import (
    Basket,
    BasketItem,
    BulkPrice,
    CatalogPrice,
    Charge,
    Consignment,
    GiftCertificateBalance,
    GroupDiscount,
    ListPrice,
    ManualDiscount,
    PriceAdjuster,
    TaxAnswer,
    TaxPolicy,
    TaxRate,
)
from bodega.domain.pricing.offers import LineDiscount, Offers, OrderDiscount, ShippingDiscount
from bodega.domain.pricing.promotion import (
    CartCondition,
    CartItems,
    CartValue,
    Categories,
    EnteredCode,
    FixedPriceSet,
    Off,
    Products,
    Promotion,
    PromotionPolicy,
    Rule,
    ShippingOff,
)
from bodega.domain.pricing.quote import Cost, Quote

ZERO = Decimal(0)
PRICE = some.decimals(0, 5_000, places=4)
MONEY = some.decimals(0, 300, places=2)
PERCENT = some.decimals(0, 100, places=2)
METHOD = some.sampled_from(["percent", "price", "fixed"])

TIERS = some.lists(some.tuples(METHOD, PERCENT), max_size=2).map(
    lambda found: tuple(BulkPrice(place * 5, place * 5 + 4, kind, amount) for place, (kind, amount) in enumerate(found))
)
LISTED = some.builds(
    ListPrice,
    price_list_id=some.integers(1, 9),
    price=some.none() | PRICE,
    sale_price=some.none() | PRICE,
    retail_price=some.none() | PRICE,
    tiers=TIERS,
)
ADJUSTERS = some.lists(
    some.tuples(some.sampled_from(["relative", "percentage"]), some.decimals(-100, 100, places=2)), max_size=3
).map(lambda found: tuple(PriceAdjuster(kind, value, place) for place, (kind, value) in enumerate(found)))
CATALOG = some.builds(
    CatalogPrice,
    price=PRICE,
    sale_price=some.just(ZERO) | PRICE,
    variant_price=some.none() | PRICE,
    adjusters=ADJUSTERS,
    tiers=TIERS,
    list_price=some.none() | LISTED,
    group_discount=some.none() | some.builds(GroupDiscount, some.integers(1, 9), METHOD, PERCENT),
)
BY_HAND = some.lists(some.builds(ManualDiscount, MONEY), max_size=2).map(tuple)
CHARGE = some.builds(Charge, amount=MONEY, tax_class=some.integers(0, 3))
GIVEN = some.tuples(PRICE, PERCENT).map(lambda one: taxed(one[0], one[1], inclusive=False))


def rates(percents: list[tuple[Decimal, int]]) -> tuple[TaxRate, ...]:
    """Rates of a class with their priorities."""
    return tuple(
        TaxRate(percent, f"Rate {place}", place, priority) for place, (percent, priority) in enumerate(percents)
    )  # fmt: skip


RATES = some.dictionaries(
    some.integers(0, 3),
    some.lists(some.tuples(some.decimals(0, 30, places=2), some.integers(1, 2)), min_size=1, max_size=3).map(rates),
    max_size=3,
)
KINDS = some.sampled_from(["physical", "physical", "digital", "custom", "gift_certificate"])


@some.composite
def baskets(draw: some.DrawFn) -> Basket:
    """Carts of every kind of item, cost and payment."""
    items = []
    for place in range(draw(some.integers(1, 6))):
        kind = draw(KINDS)
        how = draw(some.sampled_from(["catalog", "custom", "given"])) if kind in ("physical", "digital") else "custom"
        more: dict[str, Any] = {
            "catalog": {"catalog": CATALOG},
            "custom": {"custom_price": PRICE},
            "given": {"given": GIVEN},
        }[how]
        items.append(
            draw(
                some.builds(
                    BasketItem,
                    key=some.just(str(place)),
                    quantity=some.integers(1, 20),
                    kind=some.just(kind),
                    tax_class=some.integers(0, 3),
                    product_id=some.integers(1, 3),
                    categories=some.frozensets(some.integers(1, 3)),
                    manual_discounts=some.just(()) if kind == "gift_certificate" else BY_HAND,
                    wrapping=some.none() | CHARGE,
                    **more,
                )
            )
        )
    consignments = tuple(
        draw(
            some.builds(
                Consignment,
                key=some.just(f"c{place}"),
                items=some.just(tuple(item.key for item in items[place::2])),
                shipping=some.none() | CHARGE,
                handling=some.none() | CHARGE,
                rates=some.none() | RATES,
            )
        )
        for place in range(draw(some.integers(0, 2)))
    )
    return draw(
        some.builds(
            Basket,
            items=some.just(tuple(items)),
            places=some.sampled_from([0, 2, 3]),
            exchange=some.sampled_from([Decimal(1), Decimal(150), Decimal("0.8231")]),
            tax=some.builds(
                TaxPolicy,
                rates=RATES,
                inclusive=some.booleans(),
                exempt=some.booleans(),
                home=some.none() | RATES,
                subtracts_home=some.booleans(),
                exact=some.booleans(),
            ),
            promotions=some.just((Promotion(id=1),)),
            manual_discounts=BY_HAND,
            consignments=some.just(consignments),
            fees=some.lists(CHARGE, max_size=2).map(tuple),
            gift_certificates=some.lists(
                some.builds(GiftCertificateBalance, some.sampled_from("AB"), MONEY), max_size=2
            ).map(tuple),
            store_credit=MONEY,
        )
    )


@some.composite
def offered(draw: some.DrawFn, basket: Basket) -> Offers:
    """What promotions and coupons could give for a basket, however much."""
    keys = [item.key for item in basket.items if item.kind != "gift_certificate"]
    code = some.sampled_from(["", "TEN"])
    lines = draw(
        some.lists(
            some.builds(LineDiscount, some.sampled_from(keys), MONEY, some.integers(1, 9), code=code), max_size=4
        )
        if keys
        else some.just([])
    )
    order = draw(some.lists(some.builds(OrderDiscount, MONEY, some.integers(1, 9), code=code), max_size=2))
    sent = [one.key for one in basket.consignments]
    shipping = draw(
        some.lists(
            some.builds(
                ShippingDiscount, some.sampled_from(["", *sent]), some.none() | MONEY, some.integers(1, 9), code=code
            ),
            max_size=2,
        )
        if sent
        else some.just([])
    )
    return Offers(lines=tuple(lines), order=tuple(order), shipping=tuple(shipping))


def quoted(basket: Basket, offers: Offers = engine.NO_OFFERS) -> Quote:
    """The quote of a basket for which promotions give this."""
    with patch.object(engine.promotions, "offers", lambda *_: offers):
        return engine.quote(basket)


def check_cost(cost: Cost, places: int) -> None:
    """A cost is the sum of its parts, is never negative, and can be paid."""
    assert total_of(cost.adjustments) == cost.net.inc
    assert cost.net.inc - sum((tax.amount for tax in cost.taxes), ZERO) == cost.net.ex
    assert cost.entered - cost.discount == total_of(cost.parts)
    assert cost.gross.less(cost.discount) == cost.net
    assert 0 <= cost.net.ex <= cost.net.inc
    assert all(tax.amount >= 0 for tax in cost.taxes)
    assert all(rounded(part, places) == part for part in (*cost.net, *(one.amount for one in cost.parts)))


@given(some.data())
@settings(max_examples=80, deadline=None)
def test_a_quote_ties_out_both_ways(data: some.DataObject) -> None:
    basket = data.draw(baskets())
    made = quoted(basket, data.draw(offered(basket)))
    for cost in made.costs:
        check_cost(cost, basket.places)
    for line in made.lines:
        assert total_of(line.unit) == line.unit_price >= 0
        borne = line.discount_amount + line.coupon_amount + line.order_discount_amount
        assert borne == line.cost.discount <= line.cost.entered
    by_parts = sum_of([cost.net for cost in made.costs])
    assert made.total == by_parts, "from lines"
    assert total_of(made.adjustments) == made.total.inc, "from adjustments"
    by_totals = sum_of([made.subtotal, made.shipping_before, made.handling, made.wrapping, made.fee_total])
    off = made.discount + made.coupon_discount + made.shipping_discount
    assert made.total == by_totals.less(off), "from totals"
    assert made.cart == made.subtotal.less(made.discount + made.coupon_discount)
    assert sum((amount for _, amount in made.taxes), ZERO) == made.tax_total == made.total.tax
    assert made.due - total_of(made.payments) == made.total.inc
    assert 0 <= made.due <= made.total.inc


@given(some.data())
@settings(max_examples=40, deadline=None)
def test_taxes_that_a_provider_answers_tie_out(data: some.DataObject) -> None:
    """Whatever it says of some lines and costs: that is their tax, and the others have the store's."""
    basket = data.draw(baskets())
    plain = engine.quote(replace(basket, tax=replace(basket.tax, inclusive=False, exact=False)))
    answers: dict[Any, TaxAnswer] = {}
    for line in plain.lines:
        if line.item.given is None and line.item.kind != "gift_certificate" and data.draw(some.booleans()):
            least = rounded(line.cost.net.ex * data.draw(some.decimals(0, 1, places=2)), basket.places)
            answers["item", line.key] = TaxAnswer(tax=least, rate=Decimal(10))
    made = engine.quote(replace(basket, tax=replace(basket.tax, inclusive=False, answers=answers)))
    for cost in made.costs:
        check_cost(cost, basket.places)
    for line in made.lines:
        if ("item", line.key) in answers:
            assert line.cost.net.tax == answers["item", line.key].tax
    assert sum((amount for _, amount in made.taxes), ZERO) == made.tax_total


@given(some.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_certificates_and_of_items_does_not_change_what_is_due(data: some.DataObject) -> None:
    basket = data.draw(baskets())
    made = quoted(basket)
    other = quoted(replace(basket, gift_certificates=basket.gift_certificates[::-1]))
    assert (other.due, other.total) == (made.due, made.total)
    credit = [total_of(item for item in one.payments if item.origin == Origin.STORE_CREDIT) for one in (made, other)]
    assert credit[0] == credit[1]
    turned = quoted(replace(basket, items=basket.items[::-1]))
    undiscounted = replace(basket, manual_discounts=())
    assert quoted(undiscounted).total == quoted(replace(undiscounted, items=basket.items[::-1])).total
    assert turned.discount == made.discount, "a discount is given whole, however its shares are rounded"


@given(some.data())
@settings(max_examples=30, deadline=None)
def test_more_is_never_owed_for_a_discount(data: some.DataObject) -> None:
    basket = data.draw(baskets())
    assert quoted(basket, data.draw(offered(basket))).total.inc <= quoted(basket).total.inc


@given(baskets())
@settings(max_examples=30, deadline=None)
def test_an_exempt_customer_pays_no_tax_and_what_others_pay_without_it(basket: Basket) -> None:
    stated = [item for item in basket.items if item.given is not None]
    made = quoted(replace(basket, tax=replace(basket.tax, exempt=True)))
    own = sum((line.cost.net.tax for line in made.lines if line.item in stated), ZERO)
    assert made.tax_total == own, "a tax that the caller states is the caller's"


@given(baskets(), GIVEN, GIVEN)
@settings(max_examples=30, deadline=None)
def test_what_a_caller_states_replaces_what_the_parts_come_to(basket: Basket, first: Amount, second: Amount) -> None:
    """Rule 82."""
    made = quoted(replace(basket, subtotal=first, total=second))
    assert (made.subtotal, made.total) == (first, second)
    assert total_of(made.adjustments) == second.inc
    part = quoted(replace(basket, subtotal=first))
    assert total_of(part.adjustments) == part.total.inc


MATCHER = some.builds(Products, some.frozensets(some.integers(1, 3))) | some.builds(
    Categories, some.frozensets(some.integers(1, 3))
)
OFF = MONEY.map(lambda amount: Off(fixed=amount)) | PERCENT.map(lambda percent: Off(percent=percent))
STRATEGY = some.sampled_from(["LEAST_EXPENSIVE", "LEAST_EXPENSIVE_ONLY", "MOST_EXPENSIVE", "MOST_EXPENSIVE_ONLY"])
ACTION = some.one_of(
    some.builds(CartValue, OFF, some.none() | MONEY),
    some.builds(
        CartItems,
        OFF,
        items=some.none() | MATCHER,
        maximum=some.none() | MONEY,
        as_total=some.booleans(),
        with_considered=some.booleans(),
        strategy=STRATEGY,
        quantity=some.none() | some.integers(1, 5),
    ),
    some.builds(FixedPriceSet, some.integers(1, 4), MONEY, items=some.none() | MATCHER, strategy=STRATEGY),
    (some.none() | MONEY).map(lambda amount: ShippingOff(amount=amount)),
)
CONDITION = some.builds(
    CartCondition, items=some.none() | MATCHER, minimum_spend=some.none() | MONEY, minimum_quantity=some.integers(0, 3)
)
RULE = some.builds(
    Rule, ACTION, some.lists(CONDITION, max_size=2).map(tuple), once=some.booleans(), goes_on=some.booleans()
)


@some.composite
def promoted(draw: some.DrawFn) -> Basket:
    """A basket with promotions, of which every other one needs a coupon that is entered."""
    made = []
    codes = []
    for place in range(draw(some.integers(1, 6))):
        is_coupon = draw(some.booleans())
        code = (EnteredCode(f"CODE{place}", place),) if is_coupon else ()
        codes += [one.code for one in code]
        rules = some.lists(RULE, min_size=1, max_size=2).map(tuple)
        made.append(
            draw(
                some.builds(
                    Promotion,
                    id=some.just(place + 1),
                    rules=rules,
                    codes=some.just(code),
                    is_coupon=some.just(is_coupon),
                    priority=some.integers(0, 2),
                    stop=some.booleans(),
                    alone=some.booleans(),
                    overrides=some.booleans(),
                )
            )
        )
    policy = draw(
        some.builds(
            PromotionPolicy,
            on_custom_prices=some.booleans(),
            most_coupons=some.just(9),
            on_original_prices=some.booleans(),
        )
    )
    return replace(draw(baskets()), promotions=tuple(made), coupons=tuple(codes), promotion_policy=policy)


@given(promoted(), some.randoms())
@settings(max_examples=80, deadline=None)
def test_promotions_tie_out_and_the_order_of_coupons_does_not_matter(basket: Basket, random: Random) -> None:
    made = engine.quote(basket)
    for cost in made.costs:
        check_cost(cost, basket.places)
    assert total_of(made.adjustments) == made.total.inc == sum_of([cost.net for cost in made.costs]).inc
    coupons, promotions = list(basket.coupons), list(basket.promotions)
    random.shuffle(coupons)
    random.shuffle(promotions)
    other = engine.quote(replace(basket, coupons=tuple(coupons), promotions=tuple(promotions)))
    assert (other.total, other.due, set(other.used)) == (made.total, made.due, set(made.used))
    assert set(other.refused) == set(made.refused)
