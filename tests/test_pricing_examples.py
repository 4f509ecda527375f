"""The worked examples of docs/pricing.md: each row of its tables is computed and compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest

from bodega.domain.pricing import catalogue, engine
from bodega.domain.pricing.adjustments import total_of
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
from bodega.domain.pricing.offers import LineDiscount, Offers, OrderDiscount, ShippingDiscount
from bodega.domain.pricing.promotion import Promotion

PAGE = Path(__file__).parent.parent / "docs" / "pricing.md"
Cells = dict[str, str]
ZERO = Decimal(0)


def tables() -> Iterator[tuple[str, Cells]]:
    """Every row of every table of examples: the heading above it, and its cells by column."""
    heading, columns = "", []
    for line in PAGE.read_text().splitlines():
        if line.startswith("#"):
            heading, columns = line.lstrip("# "), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
            elif columns[0] == "#" and not set(cells[0]) <= set("- "):
                yield heading, dict(zip(columns, cells, strict=True))


def several(text: str) -> list[str]:
    """What a cell lists, separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip() not in ("", "-")]


def number(text: str) -> Decimal:
    """The number in a cell; 0 where it has none."""
    return Decimal(text) if text not in ("", "-") else ZERO


def or_none(text: str) -> Decimal | None:
    """The same, None where it has none."""
    return Decimal(text) if text not in ("", "-") else None


def way(text: str) -> tuple[str, Decimal]:
    """`10%` off, `2 off`, or `=8`, the price itself."""
    if text.endswith("%"):
        return "percent", Decimal(text[:-1])
    return ("fixed", Decimal(text[1:])) if text.startswith("=") else ("price", Decimal(text.removesuffix(" off")))


def tier(text: str) -> BulkPrice:
    """`5-9: 10%`; `10+: =7` has no upper bound."""
    span, _, what = text.partition(":")
    least, _, most = span.removesuffix("+").partition("-")
    return BulkPrice(int(least), int(most or 0), *way(what.strip()))


def choice(text: str) -> PriceAdjuster:
    """`+2`, or `+10%` of the price."""
    return PriceAdjuster("percentage" if text.endswith("%") else "relative", Decimal(text.rstrip("%")))


def unit_price(cells: Cells) -> Cells:
    """From the catalogue to what a line costs before promotions."""
    listed, _, its_sale = cells["price list"].partition(" sale ")
    tiers = tuple(map(tier, several(cells["bulk"])))
    has_list = cells["price list"] not in ("", "-")
    rule = GroupDiscount(1, *way(cells["group"])) if cells["group"] not in ("", "-") else None
    code, _, exchange = cells["currency"].partition(" x ")
    places = {"JPY": 0, "KWD": 3}.get(code, 2)
    found = CatalogPrice(
        price=number(cells["price"]),
        variant_price=or_none(cells["variant"]),
        sale_price=number(cells["sale"]),
        adjusters=tuple(map(choice, several(cells["choices"]))),
        tiers=() if has_list else tiers,
        list_price=ListPrice(
            price_list_id=1, price=or_none(listed.strip()), sale_price=or_none(its_sale.strip()), tiers=tiers
        )
        if has_list
        else None,
        group_discount=rule,
    )
    factor = Decimal(exchange or 1)
    item = BasketItem(key="a", quantity=int(cells["pieces"]), catalog=found)
    start = catalogue.catalogue_price(found, factor, 0)
    if found.list_price is not None:
        start = catalogue.listed_price(start, found.list_price, start.parts[0].amount)
    else:
        start = catalogue.group_price(start, rule, factor)
    chosen = catalogue.chosen_price(start, found.adjusters, factor)
    made = engine.quote(Basket(items=(item,), currency=code, places=places, exchange=factor))
    return {
        "list or group": plain(start.amount),
        "with choices": plain(chosen.amount),
        "unit": plain(made.lines[0].unit_price),
        "line": str(made.lines[0].cost.entered),
    }


def plain(amount: Decimal) -> str:
    """An amount with at least two places, and no zeros beyond those."""
    text = f"{amount:.4f}"
    return text[:-2] if text.endswith("00") else text


def rates(text: str) -> tuple[TaxRate, ...]:
    """`8%`; `5% + 2%` add up; `5% then 10%` compounds."""
    return tuple(
        TaxRate(Decimal(part.strip().rstrip("%")), f"Rate {priority}", priority=priority)
        for priority, group in enumerate(text.split(" then "))
        for part in group.split("+")
        if part.strip() not in ("", "-")
    )


LINE = re.compile(r"(?P<quantity>\d+) x (?P<price>[\d.]+)(?: (?P<kind>custom|gift))?(?: off (?P<off>[\d.]+))?")


def items(text: str) -> tuple[BasketItem, ...]:
    """`2 x 10.00`, `1 x 5 custom`, `1 x 50 gift` (a certificate); `off 3`: the merchant takes 3 off the line."""
    made = []
    for place, part in enumerate(several(text)):
        found = LINE.fullmatch(part)
        assert found is not None, part
        off = (ManualDiscount(Decimal(found["off"])),) if found["off"] else ()
        kinds = {"gift": "gift_certificate", "custom": "custom", None: "physical"}
        made.append(
            BasketItem(
                key="abcdef"[place],
                quantity=int(found["quantity"]),
                custom_price=Decimal(found["price"]),
                kind=kinds[found["kind"]],  # type: ignore[arg-type]
                manual_discounts=off,
            )
        )
    return tuple(made)


def offers(text: str) -> Offers:
    """`3 off a` (a line), `5 off cart`, `free shipping`, `4 off shipping`; with a code in brackets it is a coupon's."""
    lines, order, shipping = [], [], []
    for place, part in enumerate(several(text), 1):
        what, _, code = part.removesuffix("]").partition(" [")
        if what == "free shipping":
            shipping.append(ShippingDiscount("", None, place, code=code))
            continue
        amount, _, target = what.partition(" off ")
        if target == "cart":
            order.append(OrderDiscount(Decimal(amount), place, code=code))
        elif target == "shipping":
            shipping.append(ShippingDiscount("", Decimal(amount), place, code=code))
        else:
            lines.append(LineDiscount(target, Decimal(amount), place, code=code))
    return Offers(lines=tuple(lines), order=tuple(order), shipping=tuple(shipping))


def quoted(basket: Basket, given: Offers) -> engine.Quote:
    """The quote of a basket for which the promotions give this."""
    with patch.object(engine.promotions, "offers", lambda *_: given):
        return engine.quote(basket)


def discounts_and_tax(cells: Cells) -> Cells:
    """Lines with their discounts, and tax on what is left."""
    home = rates(cells["tax rate"])
    policy = TaxPolicy(
        rates={0: home} if home else {},
        inclusive=cells["prices"] == "with tax",
        exempt=cells["tax there"] == "exempt",
    )
    bought = items(cells["lines"])
    away = cells["tax there"] not in ("", "-", "exempt")
    sent = Consignment(
        key="", items=tuple(one.key for one in bought), rates={0: rates(cells["tax there"])} if away else None
    )
    by_hand = (ManualDiscount(number(cells["by hand"])),)
    basket = Basket(
        items=bought, tax=policy, manual_discounts=by_hand, consignments=(sent,), promotions=(Promotion(id=1),)
    )
    made = quoted(basket, offers(cells["promotions"]))
    return {
        "discounts": ", ".join(str(line.cost.discount) for line in made.lines),
        "without tax": str(made.total.ex),
        "tax": str(made.tax_total),
        "total": str(made.total.inc),
    }


def charge(text: str, tax_class: int) -> Charge | None:
    """A cost; `-` is none."""
    return Charge(amount=Decimal(text), tax_class=tax_class) if text not in ("", "-") else None


def grand_totals(cells: Cells) -> Cells:
    """Lines, shipping and handling, wrapping, fees, and what pays."""
    percents = dict(part.split("=") for part in several(cells["tax by class"]))
    policy = TaxPolicy(
        rates={int(number): rates(percent) for number, percent in percents.items()},
        inclusive=cells["prices"] == "with tax",
    )
    bought = items(cells["lines"])
    sent = Consignment(
        key="",
        items=tuple(one.key for one in bought),
        shipping=charge(cells["shipping"], 2),
        handling=charge(cells["handling"], 2),
    )
    wrapping = charge(cells["wrapping"], 3)
    basket = Basket(
        items=bought,
        tax=policy,
        consignments=(sent,),
        promotions=(Promotion(id=1),),
        wrapping=() if wrapping is None else (wrapping,),
        fees=tuple(Charge(amount=Decimal(fee)) for fee in several(cells["fees"])),
        gift_certificates=tuple(
            GiftCertificateBalance(f"G{place}", Decimal(balance))
            for place, balance in enumerate(several(cells["certificates"]))
        ),
        store_credit=number(cells["credit"]),
    )
    made = quoted(basket, offers(cells["promotions"]))
    assert total_of(made.adjustments) == made.total.inc
    return {
        "items": str(made.cart.inc),
        "costs": str(made.total.inc - made.cart.inc),
        "tax": str(made.tax_total),
        "total": str(made.total.inc),
        "paid": str(-total_of(made.payments)),
        "due": str(made.due),
    }


COMPUTES: dict[str, Callable[[Cells], Cells]] = {
    "Unit prices": unit_price,
    "Discounts and tax": discounts_and_tax,
    "Grand totals": grand_totals,
}
EXAMPLES = list(tables()) if PAGE.exists() else []


@pytest.mark.parametrize(("table", "cells"), EXAMPLES, ids=[cells["#"] for _, cells in EXAMPLES])
def test_a_worked_example_comes_out_as_the_page_says(table: str, cells: Cells) -> None:
    computed = COMPUTES[table](cells)
    assert {name: cells[name] for name in computed} == computed


def test_there_are_sixty_examples_and_each_has_its_number() -> None:
    assert [cells["#"] for _, cells in EXAMPLES] == [str(number) for number in range(1, 61)]
