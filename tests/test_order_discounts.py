"""What becomes of an order's discounts when it is computed again: by the engine of prices, from what its lines keep."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from bodega.domain.pricing import engine
from bodega.domain.pricing.adjustments import Origin
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import Basket, BasketItem, TaxAnswer, TaxPolicy, TaxRate
from bodega.domain.pricing.quote import Quote
from bodega.resources.checkouts.placing import percents_of
from bodega.resources.orders.line import AppliedDiscount, OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.orders.totals import compute_totals, take_charges, take_quote
from test_pricing_quotes import promoted

D = Decimal


def line(price: str, *applied: AppliedDiscount, quantity: int = 1) -> OrderLine:
    """A line at 10 per cent."""
    unit = D(price)
    return OrderLine(
        order_id=1,
        name="Hammer",
        quantity=quantity,
        price_ex_tax=unit,
        price_inc_tax=unit * D("1.1"),
        rate=D(10),
        applied=list(applied),
        discount=sum((one.amount for one in applied), D(0)),
    )


def coupon(amount: str) -> AppliedDiscount:
    """A coupon's share."""
    return AppliedDiscount(origin=Origin.COUPON, amount=D(amount), id=7, name="Ten", code="TEN", target="order")


def promotion(amount: str) -> AppliedDiscount:
    """What a promotion took off the line."""
    return AppliedDiscount(origin=Origin.PROMOTION, amount=D(amount), id=3, name="Spring")


def order(discount: str = "0", shipping: str = "0") -> Order:
    """An order with a discount besides its coupons."""
    return Order(
        places=2,
        discount_amount=D(discount),
        shipping_cost_ex_tax=D(shipping),
        shipping_cost_inc_tax=D(shipping),
        default_currency_code="USD",
    )


def test_what_promotions_and_coupons_gave_stays_when_a_cost_changes() -> None:
    lines = [line("10", promotion("1"), coupon("2")), line("20", coupon("4"))]
    new = order(discount="1", shipping="5")
    assert compute_totals(new, lines, [], {}) == []
    assert (new.discount_amount, new.coupon_discount) == (D(1), D(6))
    assert [one.discount for one in lines] == [D(3), D(4)]
    assert (new.subtotal_ex_tax, new.total_ex_tax) == (D(30), D(28))
    assert new.total_inc_tax == D("30.30"), "tax on 7 and on 16"


def test_the_merchants_discount_is_dealt_out_over_what_they_left() -> None:
    lines = [line("10", promotion("1"), coupon("2")), line("20", coupon("4"))]
    new = order(discount="3.30")
    assert compute_totals(new, lines, [], {}) == []
    assert new.discount_amount == D("3.30")
    assert [one.discount for one in lines] == [D("3.70"), D("5.60")], "2.30 over 7 and 16"
    shown = [(one.origin, one.amount, one.target) for one in lines[0].applied]
    assert shown == [
        (Origin.PROMOTION, D(1), "item"),
        (Origin.COUPON, D(2), "order"),
        (Origin.MANUAL, D("0.70"), "order"),
    ]
    again = order(discount="3.30")
    before = [one.discount for one in lines]
    assert compute_totals(again, lines, [], {}) == []
    assert [one.discount for one in lines] == before, "computing twice changes nothing"
    assert again.total_inc_tax == new.total_inc_tax


def test_a_stated_discount_replaces_all_but_coupons() -> None:
    """Rule 82."""
    lines = [line("10", promotion("1"), coupon("2")), line("20", coupon("4"))]
    new = order(discount="2.30")
    assert compute_totals(new, lines, [], {"discount_amount": D("2.30")}) == []
    assert (new.discount_amount, new.coupon_discount) == (D("2.30"), D(6))
    assert sum(one.discount for one in lines) == D("8.30")
    assert all(one.origin is not Origin.PROMOTION for each in lines for one in each.applied)


def test_a_discount_of_more_than_what_is_left_is_refused() -> None:
    lines = [line("10", coupon("4"))]
    assert [fault.field for fault in compute_totals(order(discount="6.01"), lines, [], {})] == ["discount_amount"]
    assert compute_totals(order(discount="6"), [line("10", coupon("4"))], [], {}) == []


def ordered(quoted: Quote, places: int, *, inclusive: bool = False) -> tuple[Order, list[OrderLine]]:
    """The order that a checkout makes of its quote."""
    new = Order(places=places, is_tax_inclusive_pricing=inclusive)
    kinds = {"gift_certificate": "giftcertificate", "custom": "physical"}
    lines = [
        OrderLine(
            order_id=1,
            name="Hammer",
            quantity=one.quantity,
            type=kinds.get(one.item.kind, one.item.kind),  # type: ignore[arg-type]
            price_ex_tax=one.price.ex,
            price_inc_tax=one.price.inc,
            rate=one.rate,
            percents=percents_of(one),
        )
        for one in quoted.lines
    ]
    take_charges(new, quoted)
    assert take_quote(new, lines, quoted) == []
    return new, lines


ROUNDED_ONCE = TaxPolicy(rates={0: (TaxRate(D(10)),)}, exact=True)
ANSWERED = TaxPolicy(answers={("item", "0"): TaxAnswer(tax=D("0.77"), rate=D(7))}, rates=ROUNDED_ONCE.rates)


@pytest.mark.parametrize(
    ("policy", "taxes"), [(ROUNDED_ONCE, ["1.01", "1.00"]), (ANSWERED, ["0.77", "1.01"])], ids=["once", "answered"]
)
def test_a_tax_that_no_rate_tells_stays_until_its_line_changes(policy: TaxPolicy, taxes: list[str]) -> None:
    """Two of 10.05 at 10 per cent owe 2.01, not twice 1.01; and a provider may answer what it likes."""
    items = tuple(BasketItem(key=str(place), quantity=1, custom_price=D("10.05")) for place in range(2))
    new, lines = ordered(engine.quote(Basket(items=items, places=2, tax=policy)), 2)
    whole = D("20.10") + sum(map(D, taxes))
    for _ in range(2):
        assert [one.total.tax for one in lines] == list(map(D, taxes))
        assert new.total_inc_tax == whole
        assert compute_totals(new, lines, [], {}) == []
    lines[0].quantity = 2
    assert compute_totals(new, lines, [], {}) == []
    assert lines[0].total.tax == rounded(D("20.10") * (lines[0].rate or 0) / 100, 2), "another line, by its rate"
    assert lines[1].total.tax == D(taxes[1])


@given(promoted())
@settings(max_examples=50, deadline=None)
def test_an_order_costs_what_its_cart_did_however_often_it_is_computed_again(basket: Basket) -> None:
    """To the cent, line by line: what a checkout was quoted becomes an order, and stays when that is computed again."""
    items = tuple(replace(item, wrapping=None) for item in basket.items)
    quoted = engine.quote(replace(basket, items=items, fees=()))
    new, lines = ordered(quoted, basket.places, inclusive=basket.tax.inclusive)
    before = [replace(one, applied=list(one.applied)) for one in lines]
    totals = (new.total_ex_tax, new.total_inc_tax, new.discount_amount, new.coupon_discount)
    assert totals[:2] == tuple(quoted.total)
    for _ in range(2):
        assert compute_totals(new, lines, [], {}) == []
        assert (new.total_ex_tax, new.total_inc_tax, new.discount_amount, new.coupon_discount) == totals
        for one, was in zip(lines, before, strict=True):
            assert (one.discount, one.total_ex_tax, one.total_inc_tax) == (
                was.discount, was.total_ex_tax, was.total_inc_tax,
            )  # fmt: skip
