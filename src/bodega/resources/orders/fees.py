"""Fees of an order besides its lines (rule 96)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bodega.domain.pricing.amounts import Amount
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INTEGER, Id, Line, Money
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid, missing
from bodega.resources.orders import order
from bodega.resources.orders.drafts import FeeDraft
from bodega.resources.orders.order import tax
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

TYPE = "custom_fee"
COSTS = ("cost_ex_tax", "cost_inc_tax", "cost_tax")


class Fee(Entity, kw_only=True):
    """With `tax_class_id` None the store chooses the class."""

    type: Line = TYPE
    display_name_customer: Line = ""
    display_name_merchant: Line = ""
    source: Line = ""
    cost_ex_tax: Money = Decimal(0)
    cost_inc_tax: Money = Decimal(0)
    tax_class_id: Id | None = None
    order_id: Id = 0
    refunded: Money = Decimal(0)

    @property
    def cost(self) -> Amount:
        """The cost without and with tax."""
        return Amount(self.cost_ex_tax, self.cost_inc_tax)


TABLE = stored(
    "order_fees",
    Fee,
    noun="fee",
    columns="order_id",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)

v2 = V2Shape(
    Fee,
    "fees",
    "fee",
    "id! type! display_name_customer! display_name_merchant! source! base_cost! cost_ex_tax! cost_inc_tax! cost_tax!"
    " tax_class_id!",
    {"base_cost": Alias("cost_ex_tax"), "cost_tax": tax("cost"), "tax_class_id": Alias("tax_class_id", INTEGER)},
)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, ""),
    order.SCOPE,
    "orders/{}/fees",
    v2=v2,
    parents=(Parent("order_id", order.TABLE),),
)

routes = (collection("orders/{order_id}/fees", V2, "GET"), count("orders/{order_id}/fees/count", V2))


async def of_orders(context: Any, orders: Sequence[int]) -> Mapping[int, Any]:
    """The fees of each order, in the form that is shown."""
    found: dict[int, list[Any]] = {item: [] for item in orders}
    for fee in await query.entities_of(context.reader, TABLE, orders, "order_id"):
        found[fee.order_id].append(v2.show(fee, context.base))
    return found


def faults_of(draft: FeeDraft, name: str) -> Iterator[Fault]:
    """Rule 96: a fee has two of its three costs, and a name."""
    costs = draft.has(*COSTS)
    if len(costs) < 2:
        absent = next(item for item in COSTS if item not in costs)
        yield missing(f"{name}.{absent}")
    elif len(costs) == 3 and draft.cost_inc_tax != draft.cost_ex_tax + draft.cost_tax:  # type: ignore[operator]
        yield invalid(f"{name}.cost_inc_tax", "must be the sum of cost_ex_tax and cost_tax")
    elif _cost(draft).ex < 0 or _cost(draft).tax < 0:
        yield invalid(f"{name}.cost_inc_tax", "must not be less than its other part")
    if not draft.display_name_customer and not draft.display_name_merchant:
        yield missing(f"{name}.display_name_customer")
    if draft.type != TYPE:
        yield invalid(f"{name}.type", f"must be {TYPE}")


def _cost(draft: FeeDraft) -> Amount:
    """Computes the cost from two of the three; that there are two was checked before."""
    costs: dict[str, Any] = {name: getattr(draft, name) for name in draft.has(*COSTS)}
    if "cost_ex_tax" not in costs:
        return Amount(costs["cost_inc_tax"] - costs["cost_tax"], costs["cost_inc_tax"])
    ex = costs["cost_ex_tax"]
    return Amount(ex, costs["cost_inc_tax"] if "cost_inc_tax" in costs else ex + costs["cost_tax"])


def made(draft: FeeDraft, order_id: int) -> Fee:
    """The fee of a draft; if only one name is given, it is used for both."""
    cost = _cost(draft)
    customer, merchant = draft.display_name_customer or "", draft.display_name_merchant or ""
    return Fee(
        type=draft.type,
        display_name_customer=customer or merchant,
        display_name_merchant=merchant or customer,
        source=draft.source,
        cost_ex_tax=cost.ex,
        cost_inc_tax=cost.inc,
        tax_class_id=draft.tax_class_id,
        order_id=order_id,
    )


async def of_order(unit: Unit, order_id: int) -> list[Fee]:
    """The fees of an order, in the order of their creation."""
    return await query.entities(unit.tx, TABLE, "order_id = $1", order_id)


RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
