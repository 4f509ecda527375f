"""The worked examples of docs/tax.md, executed: zones by their request, amounts by the engine of prices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bodega.domain.pricing.basket import (
    Basket,
    BasketItem,
    Consignment,
    ManualDiscount,
    TaxPolicy,
    TaxRate,
)
from bodega.domain.pricing.engine import quote
from shop import Shop

PAGE = Path(__file__).parents[1] / "docs" / "tax.md"
Cells = dict[str, str]


def tables() -> Iterator[list[Cells]]:
    """The tables of the page, each as its rows."""
    columns: list[str] = []
    rows: list[Cells] = []
    for line in [*PAGE.read_text("utf-8").splitlines(), ""]:
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            if rows:
                yield rows
            columns, rows = [], []
        elif not columns:
            columns = cells
        elif not set(cells[0]) <= set("- "):
            rows.append(dict(zip(columns, cells, strict=True)))


ZONES, SHOPPERS, AMOUNTS = tables()


def several(text: str) -> list[str]:
    """What a cell lists."""
    return [part.strip() for part in text.split(",") if part.strip() not in ("", "-")]


def test_every_shopper_is_in_the_zone_of_the_page(shop: Shop) -> None:
    assert shop.post("/v2/customer_groups", {"name": "Traders"}).status in (200, 201)
    for row in ZONES:
        codes = {"subdivision_codes": several(row["subdivisions"]), "postal_codes": several(row["postal codes"])}
        places = [{"country_code": country, **codes} for country in several(row["countries"])]
        groups = list(map(int, several(row["groups"])))
        targets = {"locations": places, "customer_groups": groups}
        made = shop.post("/v3/tax/zones", [{"name": row["zone"], "shopper_target_settings": targets}])
        assert made.status == 200, made.body
    asked = [
        {
            "country_code": row["country"],
            "subdivision_codes": row["subdivision"].strip("-"),
            "postal_code": row["postal code"].strip("-"),
            "customer_group_id": int(row["group"]),
        }
        for row in SHOPPERS
    ]
    found = shop.post("/v3/tax/zonecheck", asked)
    assert [zone["name"] for zone in found.data] == [row["zone"] for row in SHOPPERS]


def rates(text: str) -> tuple[TaxRate, ...]:
    """`State 5% + City 2%`, `GST 5% then PST 10%`."""
    made = []
    for priority, group in enumerate(text.split(" then "), 1):
        for part in group.split("+") if text != "-" else ():
            name, _, percent = part.strip().rpartition(" ")
            made.append(TaxRate(Decimal(percent.rstrip("%")), name, len(made) + 1, priority))
    return tuple(made)


@pytest.mark.parametrize("row", AMOUNTS, ids=[row["#"] for row in AMOUNTS])
def test_every_amount_of_the_page_is_what_the_engine_says(row: Cells) -> None:
    goods = [part.split(" x ") for part in several(row["goods"])]
    there = {0: rates(row["there"])} if row["there"] != "-" else {}
    policy = TaxPolicy(
        rates=there,
        home={0: rates(row["home"])},
        inclusive=row["prices"] == "with tax",
        exempt=row["in particular"] == "exempt",
        subtracts_home=row["in particular"] != "same price everywhere",
        exact=row["in particular"] == "rounded once",
    )
    off = Decimal(row["off"]) if row["off"] != "-" else Decimal(0)
    basket = Basket(
        items=tuple(
            BasketItem(key=str(place), quantity=int(count), custom_price=Decimal(price))
            for place, (count, price) in enumerate(goods)
        ),
        tax=policy,
        manual_discounts=(ManualDiscount(off),),
        consignments=(Consignment(key="c", items=tuple(map(str, range(len(goods))))),),
    )
    made = quote(basket)
    taxes = ", ".join(f"{name} {amount}" for name, amount in made.taxes)
    told = (str(made.total.ex), taxes or "-", str(made.total.inc))
    assert told == (row["without tax"], row["taxes"], row["total"])
