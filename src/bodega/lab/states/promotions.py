"""Promotions that give less than they seem to, or nothing."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import Maker
from bodega.lab.states.state import Look, state

PROMOTION = "GET /v3/promotions/{promotion_id}"
CART = "GET /v3/carts/{cart_id}"
COUPONS = "POST /v3/checkouts/{cart_id}/coupons"


async def _promotion(make: Maker, percent: str, product_id: int, **more: Any) -> Any:
    """An automatic promotion of one product, as the API shows it; `more` may make it one with a code."""
    off = {"discount": {"percentage_amount": percent}, "items": {"products": [product_id]}}
    body = {
        "redemption_type": "AUTOMATIC",
        "name": make.named(f"{percent} off"),
        "rules": [{"action": {"cart_items": off}}],
    }
    return await make.post("/v3/promotions", {**body, **more})


async def _cart(make: Maker, product_id: int) -> str:
    made = await make.post("/v3/carts", {"line_items": [{"product_id": product_id, "quantity": 1}]})
    return str(made["id"])


@state(
    "A code capped by its promotion",
    "The code may be used a hundred times, its promotion once: the code stops with its promotion.",
    "Read max_uses of the promotion as well; it is above that of its codes.",
    Look(PROMOTION, has={"max_uses": 1, "codes.max_uses": 100, "codes.current_uses": 0}),
)
async def code_capped_by_its_promotion(make: Maker) -> Any:
    code = {"code": make.code("HUNDRED"), "max_uses": 100}
    made = await _promotion(make, "10", await make.product(), redemption_type="COUPON", max_uses=1, codes=code)
    return {"promotion_id": made["id"], "code": code["code"]}


@state(
    "A promotion that ends the others",
    "Two promotions are for the product, and the first one says stop: the cart has 2 off, not 10.",
    "Do not add up promotions; the cart says which applied.",
    Look(CART, has={"discount_amount": 2}),
)
async def promotion_that_ends_the_others(make: Maker) -> Any:
    product_id = await make.product()
    first = await _promotion(make, "10", product_id, stop=True)
    await _promotion(make, "40", product_id)
    return {"cart_id": await _cart(make, product_id), "promotion_id": first["id"]}


@state(
    "A coupon that cannot be used beside a promotion",
    "The code is there and enabled, yet the cart has an automatic promotion beside which it cannot be used.",
    "Show the shopper the reason in the answer; do not take a known code for one that works.",
    Look(COUPONS, 422, body={"coupon_code": "{code}"}),
)
async def coupon_beside_a_promotion(make: Maker) -> Any:
    product_id, code = await make.product(), {"code": make.code("ALONE")}
    await _promotion(make, "10", product_id)
    alone = {"redemption_type": "COUPON", "codes": code, "can_be_used_with_other_promotions": False}
    await _promotion(make, "40", product_id, **alone)
    return {"cart_id": await _cart(make, product_id), "code": code["code"]}


@state(
    "A promotion that keeps its codes",
    "It cannot be deleted: of several the others are, and the answer is 422.",
    "Delete the codes first, and read errors and meta of a bulk delete.",
    Look("DELETE /v3/promotions?id:in={promotion_id}", 422),
)
async def promotion_with_codes(make: Maker) -> Any:
    code = {"code": make.code("KEPT")}
    made = await _promotion(make, "10", await make.product(), redemption_type="COUPON", codes=code)
    return {"promotion_id": made["id"], "code_id": made["codes"]["id"]}
