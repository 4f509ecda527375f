"""Stock that is not what it seems."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import ADDRESS, Maker
from bodega.lab.states.state import Look, state

PRODUCT = "GET /v3/catalog/products/{product_id}"
BUY = {
    "billing_address": {**ADDRESS, "email": "tui@example.com"},
    "products": [{"product_id": "{product_id}", "quantity": 1}],
}


@state(
    "The last one, twice",
    "Two buyers raced for the last piece: the first order took it, the second is refused with 409.",
    "Handle 409 OUT_OF_STOCK with details.available_quantity: offer what is left, and do not retry.",
    Look(PRODUCT, has={"inventory_level": 0}),
    Look("POST /v2/orders", 409, {"0.details.available_quantity": 0}, BUY),
)
async def overselling_race(make: Maker) -> Any:
    product_id = await make.stocked("Last lantern", 1)
    return {"product_id": product_id, "order_id": await make.order(product_id)}


@state(
    "Declined, and the stock given back",
    "The payment was declined: the order stays (status 6), its piece is for sale again.",
    "Do not hold stock for orders of status 5 or 6, and count the level again after them.",
    Look(PRODUCT, has={"inventory_level": 3}),
    Look("GET /v2/orders/{order_id}", has={"status_id": 6}),
)
async def declined_after_stock_was_taken(make: Maker) -> Any:
    product_id = await make.stocked("Held lantern", 3)
    order_id = await make.order(product_id, status_id=11)
    await make.put(f"/v2/orders/{order_id}", {"status_id": 6})
    return {"product_id": product_id, "order_id": order_id}


@state(
    "Refunded, not restocked",
    "A refund through the API gives no stock back: two were sold, one came back, the level still lacks both.",
    "Add returned pieces to the stock yourself, by an adjustment of the level.",
    Look(PRODUCT, has={"inventory_level": 3}),
    Look("GET /v2/orders/{order_id}", has={"status_id": 14}),
)
async def refunded_not_restocked(make: Maker) -> Any:
    product_id = await make.stocked("Returned lantern", 5)
    order_id = await make.order({"product_id": product_id, "quantity": 2}, status_id=11)
    return {"product_id": product_id, "order_id": order_id, "refund_id": await make.refund(order_id)}


@state(
    "Sold out, still for sale",
    "The level is 0, but nothing tracks it: orders go through.",
    "Look at inventory_tracking before the level: none means that the level says nothing.",
    Look(PRODUCT, has={"inventory_level": 0, "inventory_tracking": "none", "total_sold": 1}),
)
async def sold_out_yet_buyable(make: Maker) -> Any:
    product_id = await make.product("Endless lantern", inventory_tracking="none", inventory_level=0)
    return {"product_id": product_id, "order_id": await make.order(product_id)}


@state(
    "The product has stock, the variant has none",
    "Size S is sold out, L is not: the product's level is the sum of both.",
    "Sell by the variant's level when inventory_tracking is variant.",
    Look(PRODUCT, has={"inventory_level": 4, "inventory_tracking": "variant"}),
    Look("GET /v3/catalog/products/{product_id}/variants", has={"0.inventory_level": 0, "1.inventory_level": 4}),
)
async def variant_sold_out(make: Maker) -> Any:
    product_id, variants = await make.sizes("Coat", {"S": 0, "L": 4})
    return {"product_id": product_id, "variant_ids": variants}


@state(
    "Variants that nothing tracks",
    "The product is tracked as a whole, so its variants' levels are not looked at.",
    "Write the product's level; those of the variants change nothing.",
    Look(PRODUCT, has={"inventory_tracking": "product", "inventory_level": 2}),
)
async def variants_untracked(make: Maker) -> Any:
    product_id, variants = await make.sizes("Scarf", {"S": 9, "L": 9})
    await make.put(f"/v3/catalog/products/{product_id}", {"inventory_tracking": "product", "inventory_level": 2})
    return {"product_id": product_id, "variant_ids": variants}


@state(
    "More than a number holds",
    "A level of 3,000,000,000 was written, and answered 200; 2,147,483,647 was kept.",
    "Read a level back after it was written; take the largest number for endless stock.",
    Look(PRODUCT, has={"inventory_level": 2_147_483_647}),
)
async def stock_beyond_32_bits(make: Maker) -> Any:
    return {"product_id": await make.stocked("Infinite lantern", 3_000_000_000)}


@state(
    "Below its warning level",
    "Two are left, the warning level is 5.",
    "Reorder by inventory_warning_level, not when the level is 0.",
    Look(PRODUCT, has={"inventory_level": 2, "inventory_warning_level": 5}),
)
async def stock_is_low(make: Maker) -> Any:
    return {"product_id": await make.stocked("Rare lantern", 2, inventory_warning_level=5)}


@state(
    "Only by the half dozen",
    "At least 6 have to be ordered: an order of one is refused with 409.",
    "Read order_quantity_minimum and _maximum before an order is written.",
    Look("POST /v2/orders", 409, {"0.details.order_quantity_minimum": 6}, BUY),
)
async def sold_by_the_half_dozen(make: Maker) -> Any:
    return {"product_id": await make.product("Tea light", order_quantity_minimum=6)}
