"""Money of orders as properties: totals are sums of what was rounded, and nothing is given twice or from nothing."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from bodega.domain import stock
from bodega.domain.pricing import refunds
from bodega.domain.pricing.amounts import Amount, PricedLine, rounded, shares, sum_of, taxed, worth
from bodega.domain.pricing.basket import (
    Basket,
    BasketItem,
    BulkPrice,
    Charge,
    Consignment,
    ManualDiscount,
    PriceAdjuster,
    TaxPolicy,
)
from bodega.domain.pricing.catalogue import Price, bulk_price, chosen_price
from bodega.domain.pricing.engine import quote

ZERO = Decimal(0)
PRICE = some.decimals(0, 99_999, places=4)
RATE = some.decimals(0, 100, places=4)
PLACES = some.sampled_from([0, 2, 3])
CASES = some.tuples(some.integers(1, 500), PRICE, some.none() | RATE, RATE)


def line(case: tuple[int, Decimal, Decimal | None, Decimal], *, inclusive: bool) -> PricedLine:
    """A line whose tax the store reckons (a rate), or whose prices the caller gave (None, and how much more)."""
    quantity, price, rate, more = case
    return PricedLine(quantity, taxed(price, more if rate is None else rate, inclusive=inclusive), rate)


def money(places: int, maximum: Decimal) -> some.SearchStrategy[Decimal]:
    """An amount that can be paid, up to a bound."""
    return some.integers(0, int(maximum.scaleb(places))).map(lambda number: Decimal(number).scaleb(-places))


@given(some.lists(CASES, min_size=1, max_size=8), PLACES, some.booleans(), some.data())
def test_totals_are_the_sums_of_their_parts(
    cases: list[tuple[int, Decimal, Decimal | None, Decimal]], places: int, inclusive: bool, data: some.DataObject
) -> None:
    """Rules 78 and 82: with any prices, rates and discount, as the currency rounds."""
    lines = [line(case, inclusive=inclusive) for case in cases]
    weights = [worth(one, places, inclusive=inclusive) for one in lines]
    discount = data.draw(money(places, sum(weights, ZERO)))
    shipping = taxed(data.draw(PRICE), Decimal(20), places, inclusive=inclusive)
    items = [
        BasketItem(key=str(place), quantity=one.quantity, given=one.price, given_rate=one.rate)
        for place, one in enumerate(lines)
    ]
    made = quote(
        Basket(
            items=tuple(items),
            places=places,
            tax=TaxPolicy(inclusive=inclusive),
            manual_discounts=(ManualDiscount(discount),),
            consignments=(Consignment(key="", shipping=Charge(given=shipping)),),
        )
    )
    totals = [one.cost.gross for one in made.lines]
    assert made.discount == discount
    assert made.subtotal == Amount(sum(one.ex for one in totals), sum(one.inc for one in totals))
    assert made.total == Amount(
        made.subtotal.ex + shipping.ex - discount, made.subtotal.inc + shipping.inc - discount
    )  # fmt: skip
    assert made.total.tax == sum((one.tax for one in totals), ZERO) + shipping.tax
    assert all(rounded(part, places) == part for one in totals for part in one), "what is paid can be paid"
    assert all(one.tax >= 0 for one in totals)
    assert made.total.ex >= 0


@given(some.lists(some.integers(0, 10_000_000), min_size=1, max_size=12), PLACES, some.data())
def test_a_discount_is_dealt_out_whole_and_no_line_gets_more_than_it_costs(
    weights: list[int], places: int, data: some.DataObject
) -> None:
    costs = [Decimal(weight).scaleb(-places) for weight in weights]
    discount = data.draw(money(places, sum(costs, ZERO)))
    dealt = shares(discount, costs, places)
    assert sum(dealt, ZERO) == discount
    assert all(0 <= share <= cost for share, cost in zip(dealt, costs, strict=True))


@given(CASES, PLACES, some.booleans())
def test_a_price_that_is_given_without_tax_costs_no_tax(
    case: tuple[int, Decimal, Decimal | None, Decimal], places: int, inclusive: bool
) -> None:
    quantity, price, _, _ = case
    total = PricedLine(quantity, Amount(price, price), None).total(ZERO, places, inclusive=inclusive)
    assert total.tax == 0


@given(
    some.integers(1, 40).flatmap(lambda whole: some.tuples(some.just(whole), some.lists(some.integers(0, whole)))),
    PRICE,
    RATE,
    PLACES,
)
def test_refunds_of_pieces_sum_up_to_what_the_line_cost(
    cut: tuple[int, list[int]], price: Decimal, rate: Decimal, places: int
) -> None:
    """Rule 87: in however many parts a line is returned, what comes back is what was paid, and never more."""
    quantity, cuts = cut
    whole = taxed(price * quantity, rate, places, inclusive=False)
    stops = [0, *sorted(cuts), quantity]
    parts = [
        refunds.piece_by_piece(whole, quantity, before, after - before, places) for before, after in pairwise(stops)
    ]
    assert sum_of(parts) == whole
    running = ZERO
    for part in parts:
        assert part.inc >= 0
        running += part.inc
        assert running <= whole.inc


@given(PRICE, PRICE, PRICE)
def test_a_refund_never_exceeds_what_is_left_of_the_payment(parts: Decimal, plain: Decimal, left: Decimal) -> None:
    """Rule 87."""
    made = refunds.due(Amount(parts, parts), plain, left)
    assert made.amount <= left
    assert made.amount - made.asked == made.adjustment <= 0


@given(PRICE, some.lists(some.tuples(some.sampled_from(["relative", "percentage"]), RATE), max_size=4))
def test_choices_never_make_a_price_negative(price: Decimal, choices: list[tuple[str, Decimal]]) -> None:
    less, more = (
        chosen_price(Price(price), [PriceAdjuster(kind, value * sign) for kind, value in choices], Decimal(1)).amount
        for sign in (-1, 1)
    )
    assert 0 <= less <= price <= more


def test_prices_in_bulk() -> None:
    """Rule 66: a range holds its ends; 0 is no bound."""
    rules = [BulkPrice(10, 19, "percent", Decimal(10)), BulkPrice(20, 0, "fixed", Decimal(7))]
    found = [bulk_price(Price(Decimal(10)), quantity, rules, Decimal(1)).amount for quantity in (9, 10, 19, 20, 1000)]
    assert found == [10, 9, 9, 7, 7]
    assert bulk_price(Price(Decimal(2)), 5, [BulkPrice(0, 0, "price", Decimal(3))], Decimal(1)).amount == 0
    assert bulk_price(Price(Decimal(2)), 5, [BulkPrice(0, 0, "fixed", Decimal(-3))], Decimal(1)).amount == 0


@given(
    some.lists(some.tuples(some.integers(0, 14), some.integers(0, 9)), min_size=1, max_size=12),
    some.sampled_from([stock.PLACED, stock.COMPLETED]),
    some.booleans(),
)
def test_stock_comes_back_as_it_went(steps: list[tuple[int, int]], when: str, edits: bool) -> None:
    """Rule 86: whatever an order goes through, once cancelled with returns it holds nothing, and never less."""
    timing = stock.Timing(when, edits, returns=True)
    held, taken = False, 0
    for status, quantity in [*steps, (5, steps[-1][1])]:
        holds = stock.holds(status, timing, held=held)
        taken = stock.wanted(quantity, taken, timing, held=held, holds=holds)
        held = holds
        assert taken >= 0
        if edits and holds:
            assert taken == quantity
    assert taken == 0
