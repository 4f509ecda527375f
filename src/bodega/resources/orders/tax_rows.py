"""The taxes of an order, each rate of each line and other cost, as its rows are to be.

An order that a checkout made has the taxes that the checkout was quoted. Of another, and of one that was changed, they
follow from what its parts cost: a tax that did not change keeps its rows, another is distributed over the rates that it
had, or over those of its class where the order goes. The tax of a fee is shown by the fee itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from bodega.domain.pricing.amounts import Amount, rounded
from bodega.domain.pricing.basket import TaxRate
from bodega.domain.pricing.quote import Cost, Quote, TaxPart
from bodega.domain.pricing.tax import ITS_OWN, combined, taxes_on
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.orders.taxes import OrderTax
from bodega.resources.orders.totals import COSTS, cost_of
from bodega.resources.pricing.policy import Taxes
from bodega.resources.store import tax_classes
from bodega.storage import query
from bodega.storage.tx import Tx

ZERO = Decimal(0)
KINDS = {"shipping_cost": "shipping", "handling_cost": "handling", "wrapping_cost": "gift-wrapping"}
"""The costs of an order, and what kind of tax is on them."""


class Taxed(NamedTuple):
    """An order with what belongs to it, as it is to be. `address` is that of its costs, 0: none; `before` are the rows
    of its taxes until now."""

    order: Order
    lines: Sequence[OrderLine]
    address: int
    rules: Taxes
    before: Sequence[OrderTax] = ()


async def named(tx: Tx, made: list[OrderTax]) -> list[OrderTax]:
    """The rows with the names of their classes."""
    numbers = {row.tax_class_id for row in made if not row.tax_class and row.tax_class_id is not None}
    found = await query.entities_of(tx, tax_classes.TABLE, sorted(numbers)) if numbers else []
    names = {one.id: one.name for one in found}
    for row in made:
        if not row.tax_class:
            row.tax_class = names.get(row.tax_class_id, f"Tax Class {row.tax_class_id}")
    return made


def of_quote(new: Order, lines: Sequence[OrderLine], made: Quote, sent: Mapping[str, int]) -> list[OrderTax]:
    """The taxes of the order that a quote became; `sent` has the address of each consignment by its key."""
    found: list[OrderTax] = []
    for line, quoted in zip(lines, made.lines, strict=True):
        found += _rows(new, quoted.cost.taxes, line.order_address_id, "item", line.id)
    for one in made.consignments:
        address = sent.get(one.key, 0)
        for cost, kind in ((one.shipping, "shipping"), (one.handling, "handling")):
            found += _rows(new, cost.taxes if cost.net.tax else (), address, kind)
    first = next(iter(sent.values()), 0)
    wrapped = (*(line.wrapping for line in made.lines if line.wrapping is not None), *made.other_wrapping)
    found += _rows(new, _summed([cost for cost in wrapped if cost.net.tax]), first, "gift-wrapping")
    return found


def _summed(costs: Iterable[Cost]) -> list[TaxPart]:
    """The taxes of several costs: one for each rate."""
    found: dict[tuple[Any, ...], TaxPart] = {}
    for cost in costs:
        for part in cost.taxes:
            key = part._replace(amount=ZERO)
            was = found.get(key)
            found[key] = part if was is None else part._replace(amount=was.amount + part.amount)
    return list(found.values())


def of_parts(taxed: Taxed) -> list[OrderTax]:
    """The taxes of an order by what its lines and costs come to."""
    found: list[OrderTax] = []
    for line in taxed.lines:
        before = [row for row in taxed.before if row.order_product_id == line.id and row.line_item_type == "item"]
        found += _of_line(taxed, line, before)
    for name, kind in KINDS.items():
        before = [row for row in taxed.before if row.line_item_type == kind]
        found += _of_cost(taxed, cost_of(taxed.order, name), COSTS[name], kind, before)
    return found


def _of_line(taxed: Taxed, line: OrderLine, before: Sequence[OrderTax]) -> list[OrderTax]:
    tax = line.total.tax
    if not tax and (line.rate is None or not line.rate):
        return []
    if before and sum((row.line_amount for row in before), ZERO) == tax:
        return [replace(row, order_address_id=line.order_address_id) for row in before]
    new, net = taxed.order, line.total.less(line.discount)
    if line.rate is None:
        return _rows(new, [_stated(net, line.tax_class_id)], line.order_address_id, "item", line.id)
    had = tuple(TaxRate(row.rate, row.name, _source(row), row.priority) for row in before)
    rates = next(
        (one for one in (had, taxed.rules.rates(line.tax_class_id)) if one and combined(one) == line.rate),
        (TaxRate(line.rate),),
    )
    parts = taxes_on(net, rates, line.tax_class_id, new.places, inclusive=new.is_tax_inclusive_pricing)
    return _rows(new, parts, line.order_address_id, "item", line.id)


def _source(row: OrderTax) -> int | str:
    return row.tax_rate_id or row.sales_tax_id or 0


def _of_cost(taxed: Taxed, cost: Amount, tax_class: int, kind: str, before: Sequence[OrderTax]) -> list[OrderTax]:
    if not cost.tax:
        return []
    if before and sum((row.line_amount for row in before), ZERO) == cost.tax:
        return [replace(row) for row in before]
    new, rules = taxed.order, taxed.rules
    entered = cost.inc if rules.inclusive else cost.ex
    parts = [_stated(cost, tax_class)]
    if rules.of(entered, tax_class, new.places, inclusive=rules.inclusive) == cost:
        parts = taxes_on(cost, rules.rates(tax_class), tax_class, new.places, inclusive=rules.inclusive)
    return _rows(new, parts, taxed.address, kind)


def _stated(net: Amount, tax_class: int) -> TaxPart:
    """The tax that follows from what a body says of an amount without and with it."""
    rate = rounded(net.tax * 100 / net.ex, 4) if net.ex else ZERO
    return TaxPart(net.tax, rate, tax_class, ITS_OWN, 0, included=False)


def _rows(new: Order, parts: Sequence[TaxPart], address: int, kind: str, product: int | None = None) -> list[OrderTax]:
    """Rows for the rates of one line or cost. A tax that the caller stated is only called "Tax"."""
    of_priority: dict[int, Decimal] = {}
    for part in parts:
        of_priority[part.priority] = of_priority.get(part.priority, ZERO) + part.amount
    return [
        OrderTax(
            order_id=new.id,
            order_address_id=address,
            tax_class_id=part.tax_class,
            name="Tax" if part.name == ITS_OWN else part.name,
            tax_class=ITS_OWN if part.name == ITS_OWN else "",
            rate=part.rate,
            priority=part.priority if part.source else 0,
            priority_amount=of_priority[part.priority],
            line_amount=part.amount,
            tax_rate_id=part.source if isinstance(part.source, int) else 0,
            sales_tax_id=str(part.source) if part.source else "",
            order_product_id=product,
            line_item_type=kind,  # type: ignore[arg-type]
        )
        for part in parts
    ]
