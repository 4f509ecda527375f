"""Sample checkouts: some of the sample carts on their way to an order.

A store without shipping zones gets two, so that there is something to choose from at a checkout.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from bodega.access.stores import OpenStore
from bodega.kit.write import create_one
from bodega.lab.generation import read, where_free
from bodega.lab.seed_selling import MOST_CARTS, cart_id
from bodega.resources.carts import basket
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.checkouts import checkout, costs
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress, CheckoutConsignment
from bodega.resources.customers import customer
from bodega.resources.pricing.policy import money_of
from bodega.resources.shipping import methods, zones
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.unit import Unit

ZONES: tuple[tuple[dict[str, Any], tuple[dict[str, Any], ...]], ...] = (
    (
        {"name": "United States", "type": "country", "locations": [{"country_iso2": "US"}]},
        (
            {"name": "Flat rate", "type": "perorder", "settings": {"rate": 8}},
            {
                "name": "By weight",
                "type": "weight",
                "settings": {
                    "default_cost": 30,
                    "default_cost_type": "fixed_amount",
                    "range": [
                        {"lower_limit": 0, "upper_limit": 5, "shipping_cost": 5},
                        {"lower_limit": 5, "upper_limit": 20, "shipping_cost": 12},
                    ],
                },
            },
        ),
    ),
    ({"name": "Rest of the world", "type": "global"}, ({"name": "Each", "type": "peritem", "settings": {"rate": 9}},)),
)
PLACES = (
    ("1 Main Street", "Austin", "Texas", "TX", "78701"),
    ("20 Pine Street", "Seattle", "Washington", "WA", "98101"),
    ("300 Lake Avenue", "Chicago", "Illinois", "IL", "60601"),
)
STEP = 2
"""Of so many sample carts one has a checkout."""


async def generate_checkouts(store: OpenStore, seed: int) -> None:
    """Adds what is not there yet."""
    await where_free(store, _shipping)
    for number in range(0, MOST_CARTS, STEP):
        await where_free(store, partial(_checkout, seed, number))


async def _shipping(unit: Unit) -> None:
    if await query.value(unit.tx, "SELECT 1 FROM shipping_zones LIMIT 1"):
        return
    for zone, offered in ZONES:
        made = await create_one(unit, zones.V2, read(zones.V2, zone), [])
        for method in offered:
            await create_one(unit, methods.V2, {**read(methods.V2, method), "zone_id": made.entity.id}, [])


async def _checkout(seed: int, number: int, unit: Unit) -> None:
    row = await query.one(unit.tx, CARTS, "uuid = $1", cart_id(seed, number))
    if row is None or row.entity.status != "active" or await costs.checkout_of(unit.tx, row.entity.id) is not None:
        return
    of = await _said(unit, row, number)
    cart = CARTS.decode(*CARTS.encode(row.entity))
    cart.email = of.billing_address.email if of.billing_address else ""
    await basket.reprice(unit, cart, of)
    await _choose(unit, cart, of)
    await basket.reprice(unit, cart, of)
    await unit.insert(checkout.TABLE, of, numbered=True)
    await unit.update(CARTS, row, cart)


async def _said(unit: Unit, row: Row, number: int) -> Checkout:
    """Addresses, and one consignment of all that is sent."""
    cart = row.entity
    buyer = await unit.get(customer.TABLE, cart.customer_id) if cart.customer_id else None
    first, last = ("Robin", "Guest") if buyer is None else (buyer.entity.first_name, buyer.entity.last_name)
    email = f"guest{number}@example.com" if buyer is None else buyer.entity.email
    street, city, state, code, postal = PLACES[number % len(PLACES)]
    address = CheckoutAddress(
        id=f"sample{number:04d}",
        first_name=first,
        last_name=last,
        email=email,
        address1=street,
        city=city,
        state_or_province=state,
        state_or_province_code=code,
        country="United States",
        country_code="US",
        postal_code=postal,
    )
    sent = [item.id for item in cart.items if item.kind == "physical"]
    consignment = CheckoutConsignment(id=f"sample{number:04d}", address=address, item_ids=sent)
    return Checkout(
        id=cart.id,
        cart_id=cart.id,
        billing_address=address,
        consignments=[consignment] if sent else [],
        customer_message="Please leave it at the door." if number % 4 == 0 else "",
    )


async def _choose(unit: Unit, cart: Any, of: Checkout) -> None:
    """The cheapest shipping option, where there is one."""
    money = await money_of(unit.tx, cart.currency_code)
    known = await costs.weights_of(unit.tx, cart)
    owed = {item.id: item.extended_sale_price for item in cart.items}
    for one in of.consignments:
        assert money is not None
        offered = await costs.options_of(unit.tx, cart, one, owed, money, known)
        one.option_id = offered[0].id if offered else ""
