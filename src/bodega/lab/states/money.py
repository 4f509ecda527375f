"""Amounts that do not add up as one thinks."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import WORK, Maker
from bodega.lab.states.state import Look, state

ORDER = "GET /v2/orders/{order_id}"
TWO = {**WORK, "quantity": 2}


@state(
    "Refunded twice",
    "One piece was refunded, then the other: two refunds, one order, status Refunded only after the second.",
    "Add up the refunds; do not book the whole order at the first one.",
    Look(ORDER, has={"status_id": 4, "payment_status": "refunded"}),
    Look("GET /v3/orders/{order_id}/payment_actions/refunds", has={"count": 2}),
)
async def refunded_twice(make: Maker) -> Any:
    order_id = await make.order(TWO, status_id=11)
    return {"order_id": order_id, "refund_ids": [await make.refund(order_id) for _ in range(2)]}


@state(
    "Partly refunded",
    "One of two pieces came back: status 14, and the line says how many.",
    "Book the refund's own items, and keep the rest of the order as it is.",
    Look(ORDER, has={"status_id": 14, "payment_status": "partially refunded"}),
    Look("GET /v2/orders/{order_id}/products", has={"0.quantity_refunded": 1, "0.is_refunded": False}),
)
async def refunded_in_part(make: Maker) -> Any:
    order_id = await make.order(TWO, status_id=11)
    return {"order_id": order_id, "refund_id": await make.refund(order_id)}


@state(
    "Status Refunded without a refund",
    "Somebody set the status by hand: no refund is there, and no money went back.",
    "Read the refunds; the status alone is no booking.",
    Look(ORDER, has={"status_id": 4, "payment_status": ""}),
    Look("GET /v3/orders/{order_id}/payment_actions/refunds", has={"count": 0}),
)
async def refunded_by_status_alone(make: Maker) -> Any:
    order_id = await make.order(status_id=11)
    await make.put(f"/v2/orders/{order_id}", {"status_id": 4})
    return {"order_id": order_id}


@state(
    "Refunded in two ways at once",
    "One refund of 12 went back as 8 and 4, by two payments.",
    "A refund has payments, in the plural; book each.",
    Look(
        "GET /v3/orders/{order_id}/payment_actions/refunds",
        has={"count": 1, "0.total_amount": 12, "0.payments.0.amount": 8, "0.payments.1.amount": 4},
    ),
)
async def refunded_in_two_ways(make: Maker) -> Any:
    order_id = await make.order(TWO, status_id=11, payment_method="Check")
    items = [{"item_type": "PRODUCT", "item_id": (await make.lines(order_id))[0]["id"], "quantity": 2}]
    payments = [{"provider_id": "cheque", "amount": 8}, {"provider_id": "custom", "amount": 4}]
    made = await make.post(f"/v3/orders/{order_id}/payment_actions/refunds", {"items": items, "payments": payments})
    return {"order_id": order_id, "refund_id": made["id"]}


@state(
    "A cent of tax",
    "Three pieces at 3.33 and 3.66 with tax: rounding a line and rounding a piece differ by a cent.",
    "Take totals as the order has them; never compute them again from rates.",
    Look(ORDER, has={"subtotal_ex_tax": "9.9900", "subtotal_inc_tax": "10.9800", "total_tax": "0.9900"}),
)
async def tax_of_a_cent(make: Maker) -> Any:
    line = {"name": "Candle", "quantity": 3, "price_ex_tax": "3.33", "price_inc_tax": "3.66"}
    return {"order_id": await make.order(line)}


@state(
    "A total that is not its parts",
    "Whoever wrote the order gave totals of its own: 50, where the lines say 6.",
    "Book the total; show the difference as a line, and do not refuse the order.",
    Look(ORDER, has={"total_inc_tax": "50.0000", "subtotal_inc_tax": "6.0000"}),
)
async def total_overridden(make: Maker) -> Any:
    return {"order_id": await make.order(total_ex_tax=42, total_inc_tax=50)}


@state(
    "A discount that no line shows",
    "The order has a discount of 2 which stands beside the lines, not in them.",
    "Spread discount_amount over the lines by discounted_total_inc_tax; the order's lines carry it.",
    Look(ORDER, has={"discount_amount": "2.0000", "coupon_discount": "0.0000"}),
    Look("GET /v2/orders/{order_id}/coupons", 204),
)
async def discount_without_a_coupon(make: Maker) -> Any:
    return {"order_id": await make.order(discount_amount=2)}


@state(
    "An address that changed, totals that did not",
    "The order moved to another country after it was placed; shipping and taxes stay as they were.",
    "Take the amounts as charged; do not compute taxes of the new address.",
    Look(ORDER, has={"billing_address.country_iso2": "NZ", "total_inc_tax": "6.0000"}),
)
async def address_changed_totals_not(make: Maker) -> Any:
    order_id = await make.order()
    moved = make.address(country_iso2="NZ", country="New Zealand", state="Otago", city="Dunedin", zip="9016")
    await make.put(f"/v2/orders/{order_id}", {"billing_address": moved})
    return {"order_id": order_id}


@state(
    "Free of charge",
    "The order costs nothing: no payment, no transaction, and a total of zero.",
    "Do not wait for a payment of an order whose total is 0.",
    Look(ORDER, has={"total_inc_tax": "0.0000"}),
    Look("GET /v3/orders/{order_id}/transactions", has={"count": 0}),
)
async def order_free_of_charge(make: Maker) -> Any:
    return {"order_id": await make.order({"name": "Sample", "quantity": 1, "price_ex_tax": 0, "price_inc_tax": 0})}
