"""The summary of the catalogue (rule 73): counts, inventory value, and dates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bodega.kit import render
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.listing import Query
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.resources.catalog import categories, product, variants
from bodega.storage import query, rows
from bodega.storage.tx import Tx

BY_PRICE = (
    "SELECT calculated_price, sum(inventory_level), count(*) FROM variants GROUP BY calculated_price"
    " ORDER BY calculated_price"
)
"""Read from the index alone, one row per price: amounts are multiplied and summed in Python, where no number is too
large."""

FULLEST = "SELECT category_id FROM product_categories GROUP BY category_id ORDER BY count(*) DESC, category_id LIMIT 1"
MADE = (
    "SELECT p.date_created FROM variants v JOIN products p ON p.id = v.product_id"
    " WHERE v.id = (SELECT {}(id) FROM variants)"
)
SCALE = Decimal(10_000)
PLACES = Decimal("0.00000001")


class ShowSummary(Action):
    """GET of the summary."""

    def __init__(self) -> None:
        self.scope = variants.SCOPE

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        """Its state changes with every table that it is computed from."""
        of = [await rows.table_state(context.reader, item.TABLE) for item in (variants, product, categories)]
        return Found(Validator.of_all(*(Validator(item.revision, item.modified) for item in of)))

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=render.json({"data": await summary(context.reader), "meta": {}}))


async def summary(tx: Tx) -> dict[str, Any]:
    """The members of the summary; the lowest price is text, as documented."""
    prices = [(price, int(stock), of) for price, stock, of in await tx.rows(BY_PRICE)]
    count = sum(of for _, _, of in prices)
    average = Decimal(sum(price * of for price, _, of in prices)) / SCALE / (count or 1)
    fullest = await query.value(tx, FULLEST)
    name = None if fullest is None else await query.value(tx, "SELECT name FROM categories WHERE id = $1", fullest)
    oldest, newest = [await query.value(tx, MADE.format(which)) for which in ("min", "max")]
    return {
        "inventory_count": sum(stock for _, stock, _ in prices),
        "inventory_value": _money(sum(price * stock for price, stock, _ in prices)),
        "primary_category_id": 0 if fullest is None else fullest,
        "primary_category_name": "" if name is None else name,
        "variant_count": count,
        "highest_variant_price": _money(prices[-1][0] if prices else 0),
        "average_variant_price": _plain(average.quantize(PLACES)),
        "lowest_variant_price": str(_money(prices[0][0] if prices else 0)),
        "oldest_variant_date": "" if oldest is None else oldest,
        "newest_variant_date": "" if newest is None else newest,
    }


def _money(ten_thousandths: int) -> Decimal:
    return _plain(Decimal(ten_thousandths) / SCALE)


def _plain(number: Decimal) -> Decimal:
    """Without trailing zeros, and never with an exponent."""
    whole = number.to_integral_value()
    return Decimal(int(whole)) if whole == number else number.normalize()


routes = (route("catalog/summary", 3, GET=ShowSummary()),)

RESOURCE = Resource(routes=routes)
