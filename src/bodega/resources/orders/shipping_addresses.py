"""The shipping addresses of an order. Its shipping and handling costs are shown with its address."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import STRING, Count, Id, Line, Money
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import also_at, collection, count, item
from bodega.kit.v2_members import Alias, Derived, Linked
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid
from bodega.resources.orders import order
from bodega.resources.orders.address import ANSWERS, FIELDS, AddressDraft, FormField, respect
from bodega.resources.orders.order import always, tax
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

ZERO = Decimal(0)


class ShippingAddress(Entity, kw_only=True):
    """`items_total` and `items_shipped` count the pieces that go to this address, and those that were sent."""

    order_id: Id
    first_name: Line = ""
    last_name: Line = ""
    company: Line = ""
    street_1: Line = ""
    street_2: Line = ""
    city: Line = ""
    zip: Line = ""
    country: Line = ""
    country_iso2: Line = ""
    state: Line = ""
    email: Line = ""
    phone: Line = ""
    form_fields: Annotated[list[FormField], AtMost(250)] = []
    items_total: Count = 0
    items_shipped: Count = 0
    shipping_method: Line = "None"
    base_cost: Money = ZERO
    cost_ex_tax: Money = ZERO
    cost_inc_tax: Money = ZERO
    base_handling_cost: Money = ZERO
    handling_cost_ex_tax: Money = ZERO
    handling_cost_inc_tax: Money = ZERO

    @property
    def plain(self) -> dict[str, Any]:
        """The plain address, as other resources show it."""
        return {name: getattr(self, name) for name in FIELDS}


TABLE = stored(
    "order_shipping_addresses",
    ShippingAddress,
    noun="shipping address",
    columns="order_id",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)

v2 = V2Shape(
    ShippingAddress,
    "addresses",
    "address",
    "id! order_id! first_name last_name company street_1 street_2 city zip country country_iso2 state email phone"
    " form_fields items_total! items_shipped! shipping_method base_cost! cost_ex_tax! cost_inc_tax! cost_tax!"
    " cost_tax_class_id! base_handling_cost! handling_cost_ex_tax! handling_cost_inc_tax! handling_cost_tax!"
    " handling_cost_tax_class_id! shipping_zone_id! shipping_zone_name! shipping_quotes!",
    {
        **{name: Alias(name, STRING) for name in FIELDS},
        "form_fields": Alias("form_fields", ANSWERS),
        "cost_tax": tax("cost"),
        "cost_tax_class_id": always(2, "int"),
        "handling_cost_tax": tax("handling_cost"),
        "handling_cost_tax_class_id": always(2, "int"),
        "shipping_zone_id": always(0, "int"),
        "shipping_zone_name": Derived(lambda _address: ""),
        "shipping_quotes": Linked("/orders/{e.order_id}/shipping_addresses/{e.id}/shipping_quotes"),
    },
)

OF_ORDER = (Parent("order_id", order.TABLE),)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), order.SCOPE, "orders/{}/shipping_addresses", v2=v2, parents=OF_ORDER)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, ""), order.SCOPE, "", v2=v2)

_routes = (
    collection("orders/{order_id}/shipping_addresses", V2, "GET"),
    item("orders/{order_id}/shipping_addresses/{id}", V2, "GET PUT"),
    count("orders/{order_id}/shipping_addresses/count", V2),
    count("orders/shipping_addresses/count", ALL),
)
routes = (*_routes, *also_at("shipping_addresses", "shippingaddresses", *_routes))


def superfluous(given: Sequence[AddressDraft]) -> list[Fault]:
    """Rule 80: no body can say which lines go to a second address, so none is taken and then forgotten."""
    why = "cannot be used: an order goes to one address"
    return [invalid(f"shipping_addresses.{place}", why) for place in range(1, len(given))]


async def resolve_country(_unit: Unit, changes: Changes, old: ShippingAddress | None, _notes: list[Fault]) -> None:
    """Rule 81: the code of the country overrides its name. Rule 90: costs and taxes stay as they are."""
    if old is None:
        return
    draft = msgspec.convert({name: changes[name] for name in FIELDS if name in changes}, AddressDraft)
    changes |= respect(draft, "shipping_address")


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(resolve_country,),
        ),
    ),
    routes=routes,
)
