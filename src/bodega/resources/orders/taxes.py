"""The taxes of an order: one row for each taxed line or other cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from bodega.kit.actions import CountAll, ListAll, ShowItem
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INTEGER, Id, Line, Money
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing
from bodega.kit.parameters import parser
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v2_members import Alias, Derived
from bodega.kit.v2_shape import V2Shape
from bodega.law.outcome import Outcome
from bodega.resources.orders import order
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.unit import Unit


class OrderTax(Entity, kw_only=True):
    """`rate` is in per cent; `tax_class` the name of the class, or that the caller set the tax.

    `tax_rate_id` is the store's rate, `sales_tax_id` that or the id that a tax provider gave it. `priority_amount` is
    the tax of all rates of this priority on the same line or cost.
    """

    order_id: Id
    order_address_id: Id = 0
    tax_class_id: Id | None = None
    name: Line = "Tax"
    tax_class: Line = ""
    rate: Money = Decimal(0)
    line_amount: Money = Decimal(0)
    priority: int = 0
    priority_amount: Money | None = None
    tax_rate_id: Id = 0
    sales_tax_id: Line = ""
    order_product_id: Id | None = None
    line_item_type: Literal["item", "shipping", "handling", "gift-wrapping", "fee"] = "item"


TABLE = stored(
    "order_taxes",
    OrderTax,
    noun="order tax",
    columns="order_id",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)


def _of_priority(tax: OrderTax) -> Decimal:
    return tax.line_amount if tax.priority_amount is None else tax.priority_amount


_DETAILS = ("order_product_id", "line_item_type")
v2 = V2Shape(
    OrderTax,
    "taxes",
    "tax",
    "id! order_id! order_address_id! tax_rate_id! sales_tax_id! tax_class_id! name! class! rate! priority!"
    " priority_amount! line_amount! order_pickup_method_id! order_product_id! line_item_type!",
    {
        "tax_class_id": Alias("tax_class_id", INTEGER),
        "class": Alias("tax_class"),
        "priority_amount": Derived(lambda tax: f"{_of_priority(tax):.4f}", "decimal"),
        "order_pickup_method_id": Derived(lambda _tax: 0, "int"),
        "order_product_id": Derived(lambda tax: None if tax.order_product_id is None else str(tax.order_product_id)),
        "line_item_type": Derived(lambda tax: tax.line_item_type, "enum"),
    },
)

_DETAILED = {"details": Ignored(parser("BOOLEAN", ""))}
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "", mapped=_DETAILED),
    order.SCOPE,
    "orders/{}/taxes",
    v2=v2,
    parents=(Parent("order_id", order.TABLE),),
)


class ListTaxes(ListAll):
    """GET: with `details`, each tax shows what it is for."""

    async def answer(self, context: Context, found: Found) -> Outcome:
        detailed = dict(context.query.given).get("details", "").lower() in ("true", "1")
        if not detailed:
            context = context.asking(fields=frozenset(v2.wires).difference(_DETAILS))
        return await super().answer(context, found)


routes = (
    route("orders/{order_id}/taxes", 2, v2, GET=ListTaxes(V2)),
    route("orders/{order_id}/taxes/count", 2, GET=CountAll(V2)),
    route("orders/{order_id}/taxes/{id}", 2, v2, GET=ShowItem(V2)),
)


async def keep(unit: Unit, order_id: int, wanted: Sequence[OrderTax]) -> None:
    """Writes the taxes of an order as they are now; unchanged ones keep their ids."""
    sql = "SELECT id FROM order_taxes WHERE order_id = $1 ORDER BY id"
    there = await query.values(unit.tx, sql, order_id)
    named = {tax.id for tax in wanted}
    free = iter([tax_id for tax_id in there if tax_id not in named])
    for tax in wanted:
        tax.id = tax.id or next(free, 0)
        if not tax.id:
            await unit.insert(TABLE, tax)
            continue
        row = await unit.get(TABLE, tax.id)
        assert row is not None
        if tax != row.entity:
            await unit.update(TABLE, row, tax)
    await unit.delete(TABLE, list(free))


RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
