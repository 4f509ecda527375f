"""How the store has sold in the last weeks: revenue by day, what sold most, how many carts became orders.

Only the newest orders and carts are looked at, so that the overview takes as long in a large store as in a small one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.dates import parse_moment
from bodega.resources.orders import line as order_line
from bodega.resources.orders import order as orders
from bodega.storage import query
from bodega.storage.tx import Tx

DAYS = 30
MOST = 1_000
"""At most so many orders, lines and carts are looked at."""

TOP = 6
UNSOLD = frozenset({0, 5, 6})
"""Incomplete, cancelled and declined orders are no revenue."""

_NEWEST = "id IN (SELECT id FROM orders WHERE date_created >= $1 ORDER BY date_created DESC, id DESC LIMIT $2)"
_LINES = "id IN (SELECT id FROM order_products WHERE order_id >= $1 ORDER BY order_id DESC, id DESC LIMIT $2)"
_CARTS = (
    "SELECT count(*), count(NULLIF(order_id, 0)) FROM"
    " (SELECT order_id FROM carts WHERE date_modified >= $1 ORDER BY date_modified DESC LIMIT $2) newest"
)


class TopProduct(NamedTuple):
    """A product that sold, and how many pieces."""

    id: int
    name: str
    pieces: int


class Sales(NamedTuple):
    """What was sold. `by_day` counts orders and revenue in `currency` (refunds taken off) by day; `others` is revenue
    in other currencies; `capped` whether there were more orders than were looked at; `carts` the carts of these days,
    of which `bought` became orders."""

    currency: str
    by_day: Mapping[date, tuple[int, Decimal]]
    others: Mapping[str, Decimal]
    top: Sequence[TopProduct]
    carts: int
    bought: int
    capped: bool

    @property
    def revenue(self) -> Decimal:
        """The sum of these days."""
        return sum((amount for _, amount in self.by_day.values()), Decimal(0))

    @property
    def conversion(self) -> float | None:
        """Which part of the carts became orders; None without carts."""
        return self.bought / self.carts if self.carts else None


def days(now: int, zone: tzinfo) -> list[date]:
    """The last days, the present one last."""
    today = datetime.fromtimestamp(now, zone).date()
    return [today - timedelta(days=ago) for ago in reversed(range(DAYS))]


async def sales(tx: Tx, now: int, zone: tzinfo, currency: str) -> Sales:
    """The sales of the last days, by the store's clock, in its zone."""
    first = days(now, zone)[0]
    start = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC).isoformat()
    found = await query.entities(tx, orders.TABLE, _NEWEST, start, MOST)
    sold = [one for one in found if one.status_id not in UNSOLD]
    by_day: dict[date, tuple[int, Decimal]] = {}
    others: dict[str, Decimal] = {}
    for one in sold:
        code, amount = one.default_currency_code or currency, one.total_inc_tax - one.refunded
        day = datetime.fromtimestamp(parse_moment(one.date_created), zone).date()
        count, sum_ = by_day.get(day, (0, Decimal(0)))
        by_day[day] = (count + 1, sum_ + (amount if code == currency else 0))
        if code != currency:
            others[code] = others.get(code, Decimal(0)) + amount
    carts, bought = await tx.row(_CARTS, start, MOST) or (0, 0)
    top = await _top(tx, [one.id for one in sold])
    return Sales(currency, by_day, others, top, int(carts), int(bought), len(found) == MOST)


async def _top(tx: Tx, ids: Sequence[int]) -> list[TopProduct]:
    """What sold most in these orders: of the catalogue, without what was refunded."""
    if not ids:
        return []
    known = set(ids)
    pieces: Counter[int] = Counter()
    names: dict[int, str] = {}
    for line in await query.entities(tx, order_line.TABLE, _LINES, min(ids), MOST):
        if line.order_id in known and line.product_id:
            pieces[line.product_id] += line.quantity - line.quantity_refunded
            names[line.product_id] = line.name
    return [TopProduct(key, names[key], count) for key, count in pieces.most_common(TOP) if count > 0]


def chart_facts(found: Sales, now: int, zone: tzinfo) -> tuple[list[date], list[Any], list[Any]]:
    """The days with their orders and their revenue, for a chart."""
    last = days(now, zone)
    counts = [found.by_day.get(day, (0, Decimal(0))) for day in last]
    return last, [count for count, _ in counts], [amount for _, amount in counts]
