"""The steps of the engine of prices, each by itself."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bodega.domain.pricing import catalogue, discounts, payment, tax
from bodega.domain.pricing.adjustments import Adjustment, Origin, total_of
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
    TaxPolicy,
    TaxRate,
)
from bodega.domain.pricing.catalogue import Price
from bodega.domain.pricing.discounts import Bearer
from bodega.domain.pricing.engine import quote
from bodega.domain.pricing.offers import LineDiscount, OrderDiscount, ShippingDiscount

D = Decimal
ONE = D(1)


def item(price: str = "10", quantity: int = 1, key: str = "a", **more: object) -> BasketItem:
    """An item of the catalogue."""
    return BasketItem(key=key, quantity=quantity, catalog=CatalogPrice(price=D(price), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "amount", "on_sale"),
    [
        (CatalogPrice(price=D(10)), "10", False),
        (CatalogPrice(price=D(10), sale_price=D(8)), "8", True),
        (CatalogPrice(price=D(10), variant_price=D(12)), "12", False),
        (CatalogPrice(price=D(10), variant_price=D(12), sale_price=D(8)), "8", True),
        (CatalogPrice(price=D(10), sale_price=D(8), variant_sale_price=D(0)), "10", False),
        (CatalogPrice(price=D(10), variant_sale_price=D(7)), "7", True),
        (CatalogPrice(price=D(10), variant_price=D(0)), "0", False),
    ],
)
def test_the_price_of_the_catalogue(found: CatalogPrice, amount: str, on_sale: bool) -> None:
    """Rules 50 and 56."""
    price = catalogue.catalogue_price(found, ONE, 7)
    assert (price.amount, price.on_sale) == (D(amount), on_sale)
    assert total_of(price.parts) == price.amount


@pytest.mark.parametrize(
    ("record", "amount", "on_sale"),
    [
        (None, "8", True),
        (ListPrice(price_list_id=1), "8", True),
        (ListPrice(price_list_id=1, price=D(9)), "9", False),
        (ListPrice(price_list_id=1, price=D(9), sale_price=D(6)), "6", True),
        (ListPrice(price_list_id=1, sale_price=D(6)), "6", True),
        (ListPrice(price_list_id=1, price=D(0)), "0", False),
    ],
)
def test_the_price_of_a_price_list(record: ListPrice | None, amount: str, on_sale: bool) -> None:
    """Rule 114: a record's price puts the catalogue's sale price aside."""
    before = Price(D(8), (Adjustment(Origin.CATALOGUE, D(8)),), on_sale=True)
    price = catalogue.listed_price(before, record, D(10))
    assert (price.amount, price.on_sale) == (D(amount), on_sale)
    assert total_of(price.parts) == price.amount


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        (None, "10"),
        (GroupDiscount(1, "percent", D(15)), "8.5"),
        (GroupDiscount(1, "price", D(3)), "7"),
        (GroupDiscount(1, "price", D(30)), "0"),
        (GroupDiscount(1, "fixed", D(4)), "4"),
        (GroupDiscount(1, "fixed", D(14)), "14"),
    ],
)
def test_the_discount_of_a_group(rule: GroupDiscount | None, amount: str) -> None:
    """Rule 103."""
    assert catalogue.group_price(Price(D(10)), rule, ONE).amount == D(amount)


def test_choices_are_each_computed_from_the_price_before_any() -> None:
    """Rule 65."""
    steps = (("percentage", 10), ("relative", -2), ("percentage", 5))
    chosen = [PriceAdjuster(kind, D(value), place + 1) for place, (kind, value) in enumerate(steps)]
    price = catalogue.chosen_price(Price(D(20)), chosen, ONE)
    assert price.amount == D(21)
    assert [(part.amount, part.source) for part in price.parts] == [(D(2), 1), (D(-2), 2), (D(1), 3)]
    assert catalogue.chosen_price(Price(D(1)), [PriceAdjuster("relative", D(-2))], ONE).amount == 0


def test_a_record_of_a_price_list_replaces_the_bulk_prices_of_the_product() -> None:
    """Rule 114: even if it has none of its own; and the discount of a group."""
    own = (BulkPrice(5, 0, "percent", D(50)),)
    rule = GroupDiscount(1, "percent", D(50))
    plain = item(quantity=5, tiers=own)
    assert catalogue.unit_price(plain, 2, ONE).amount == 5
    without = item(quantity=5, tiers=own, group_discount=rule, list_price=ListPrice(price_list_id=1, price=D(9)))
    assert catalogue.unit_price(without, 2, ONE).amount == 9
    tiers = (BulkPrice(5, 0, "price", D(1)),)
    with_own = item(quantity=5, tiers=own, list_price=ListPrice(price_list_id=1, price=D(9), tiers=tiers))
    assert catalogue.unit_price(with_own, 2, ONE).amount == 8


@pytest.mark.parametrize(("places", "exchange", "amount"), [(2, "1", "3.3333"), (2, "1.5", "5.00"), (0, "150", "500")])
def test_a_unit_price_has_four_places_and_the_currencys_if_exchanged(places: int, exchange: str, amount: str) -> None:
    found = catalogue.unit_price(item("3.33333"), places, D(exchange))
    assert str(found.amount) == amount
    assert total_of(found.parts) == found.amount


def test_what_a_price_list_says_is_in_the_currency_already() -> None:
    record = ListPrice(price_list_id=1, price=D(900), tiers=(BulkPrice(2, 0, "price", D(100)),))
    bought = item(quantity=2, list_price=record, adjusters=(PriceAdjuster("relative", D(1)),))
    assert catalogue.unit_price(bought, 0, D(150)).amount == 950, "a surcharge is the catalogue's, and exchanged"


def bearers(*totals: str) -> list[Bearer]:
    """Lines a, b, c ... with these totals."""
    return [Bearer("abcdef"[place], D(total)) for place, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("totals", "discount", "borne"),
    [
        (("10.00", "20.00"), "3.00", ["1.00", "2.00"]),
        (("1.00", "1.00", "1.00"), "1.00", ["0.34", "0.33", "0.33"]),
        (("10.00", "0.00"), "3.00", ["3.00", "0.00"]),
        (("1.00", "2.00"), "9.00", ["1.00", "2.00"]),
        (("0.00",), "9.00", ["0.00"]),
        (("10.00", "20.00"), "0.01", ["0.00", "0.01"]),
    ],
)
def test_a_discount_on_the_cart_is_shared_in_proportion(
    totals: tuple[str, ...], discount: str, borne: list[str]
) -> None:
    lines = bearers(*totals)
    discounts.on_order_by_hand(lines, [ManualDiscount(D(discount))], 2)
    assert [str(line.discount) for line in lines] == borne


def test_gift_certificates_bear_no_discount_on_the_cart() -> None:
    lines = [*bearers("10.00"), Bearer("g", D("90.00"), shares_order=False)]
    discounts.on_order(lines, [OrderDiscount(D(20), 1)], 2)
    assert [line.left for line in lines] == [D(0), D(90)]


def test_discounts_on_items_and_on_named_items() -> None:
    lines = bearers("10.00", "10.00", "10.00")
    discounts.on_lines({line.key: line for line in lines}, [LineDiscount("a", D("2.505"), 1, code="X")], 2)
    discounts.on_order(lines, [OrderDiscount(D(6), 2, keys=("b", "c"))], 2)
    assert [line.left for line in lines] == [D("7.49"), D(7), D(7)]
    assert [part.origin for line in lines for part in line.parts] == [Origin.COUPON, Origin.PROMOTION, Origin.PROMOTION]


@pytest.mark.parametrize(
    ("discount", "left"),
    [
        (ShippingDiscount("", None, 1), ["0", "0"]),
        (ShippingDiscount("b", None, 1), ["5", "0"]),
        (ShippingDiscount("", D(6), 1), ["0", "3"]),
        (ShippingDiscount("b", D(9), 1), ["5", "0"]),
    ],
)
def test_discounts_on_shipping_go_to_the_first_consignments_first(discount: ShippingDiscount, left: list[str]) -> None:
    sent = bearers("5", "4")
    discounts.on_shipping({one.key: one for one in sent}, [discount], 2)
    assert [one.left for one in sent] == [D(amount) for amount in left]


@pytest.mark.parametrize(
    ("rates", "whole"),
    [
        ((), "0"),
        ((TaxRate(D("8.25")),), "8.25"),
        ((TaxRate(D(5)), TaxRate(D(3))), "8"),
        ((TaxRate(D(5)), TaxRate(D(10), priority=2)), "15.5"),
        ((TaxRate(D(10), priority=2), TaxRate(D(2)), TaxRate(D(3))), "15.5"),
    ],
)
def test_rates_of_one_priority_add_up_and_later_ones_compound(rates: tuple[TaxRate, ...], whole: str) -> None:
    assert tax.combined(rates) == D(whole)


def test_a_tax_is_distributed_over_its_rates() -> None:
    rates = tuple(TaxRate(D(5), name) for name in ("state", "city", "county"))
    parts = tax.parts_of(D("0.10"), rates, 0, 2, inclusive=False)
    assert [str(part.amount) for part in parts] == ["0.04", "0.03", "0.03"]


HOME = {0: (TaxRate(D(20)),), 2: (TaxRate(D(10)),)}


@pytest.mark.parametrize(
    ("policy", "there", "owed"),
    [
        (TaxPolicy(rates=HOME), None, ("100.00", "120.00")),
        (TaxPolicy(rates=HOME, inclusive=True), None, ("83.33", "100.00")),
        (TaxPolicy(rates=HOME, inclusive=True), {0: (TaxRate(D(8)),)}, ("83.33", "90.00")),
        (TaxPolicy(rates=HOME, inclusive=True), {}, ("83.33", "83.33")),
        (TaxPolicy(rates=HOME), {0: (TaxRate(D(8)),)}, ("100.00", "108.00")),
        (TaxPolicy(rates=HOME, exempt=True), None, ("100.00", "100.00")),
        (TaxPolicy(rates=HOME, inclusive=True, exempt=True), None, ("83.33", "83.33")),
    ],
)
def test_an_item_is_taxed_where_it_goes(
    policy: TaxPolicy, there: dict[int, tuple[TaxRate, ...]] | None, owed: tuple[str, str]
) -> None:
    """A price with tax loses the tax of the store's place, and gains that of the destination."""
    made = quote(
        Basket(items=(item("100"),), tax=policy, consignments=(Consignment(key="c", items=("a",), rates=there),))
    )
    assert tuple(map(str, made.total)) == owed


def test_items_that_go_to_different_places_are_taxed_there() -> None:
    sent = (
        Consignment(key="1", items=("a",), rates={0: (TaxRate(D(8)),)}),
        Consignment(key="2", items=("b",), rates={}),
    )
    basket = Basket(
        items=(item("10"), item("10", key="b"), item("10", key="c")), tax=TaxPolicy(rates=HOME), consignments=sent
    )
    assert [line.cost.net.tax for line in quote(basket).lines] == [D("0.80"), D(0), D(2)], "c goes nowhere"


def test_shipping_handling_wrapping_and_fees_have_classes_of_their_own() -> None:
    sent = Consignment(
        key="c", items=("a",), shipping=Charge(amount=D(5), tax_class=2), handling=Charge(amount=D(1), tax_class=2)
    )
    wrapped = BasketItem(key="a", quantity=1, custom_price=D(10), wrapping=Charge(amount=D(2), tax_class=3))
    basket = Basket(items=(wrapped,), tax=TaxPolicy(rates=HOME), consignments=(sent,), fees=(Charge(amount=D(3)),))
    made = quote(basket)
    totals = [made.subtotal, made.shipping, made.handling, made.wrapping, made.fee_total, made.total]
    assert [str(one.inc) for one in totals] == ["12.00", "5.50", "1.10", "2.00", "3.60", "24.20"]
    assert made.tax_total == D("3.20")


def test_tax_is_paid_on_what_discounts_leave() -> None:
    basket = Basket(items=(item("10"),), tax=TaxPolicy(rates=HOME), manual_discounts=(ManualDiscount(D(4)),))
    made = quote(basket)
    assert (made.subtotal.ex, made.tax_total, made.total.inc) == (D(10), D("1.20"), D("7.20"))


@pytest.mark.parametrize(
    ("certificates", "credit", "paid", "due"),
    [
        ([], "0", [], "10.00"),
        (["4"], "0", ["-4.00"], "6.00"),
        (["4", "9"], "3", ["-4.00", "-6.00"], "0.00"),
        (["4"], "3", ["-4.00", "-3.00"], "3.00"),
        ([], "30", ["-10.00"], "0.00"),
    ],
)
def test_certificates_pay_before_store_credit(certificates: list[str], credit: str, paid: list[str], due: str) -> None:
    given = [GiftCertificateBalance(f"G{place}", D(balance)) for place, balance in enumerate(certificates)]
    payments, left = payment.pay(D("10.00"), given, D(credit), 2)
    assert [str(one.amount) for one in payments] == paid
    assert str(left) == due


def test_discounts_that_were_decided_before_stay_as_they_are() -> None:
    """The lines of an order bring what promotions gave when it was placed."""
    before = Adjustment(Origin.COUPON, D("-2.00"), 7, "Ten", "TEN", "order")
    bought = BasketItem(key="a", quantity=1, custom_price=D(10), discounts=(before,))
    made = quote(Basket(items=(bought,), manual_discounts=(ManualDiscount(D(1)),)))
    assert (made.coupon_discount, made.discount, made.total.inc) == (D(2), D(1), D(7))
    assert before in made.lines[0].cost.parts
