"""Orders whose status and story do not agree."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import WORK, Maker
from bodega.lab.states.state import Look, state

ORDER = "GET /v2/orders/{order_id}"


@state(
    "Paid, yet incomplete",
    "The shopper paid, but the order is still Incomplete (status 0), which lists of new orders leave out.",
    "Ask for status 0 as well, and look at the transactions before an order is thought abandoned.",
    Look(ORDER, has={"status_id": 0, "payment_method": "Credit Card"}),
    Look("GET /v2/orders?min_id={order_id}&max_id={order_id}&status_id=0", has={"count": 1}),
)
async def order_paid_incomplete(make: Maker) -> Any:
    return {
        "order_id": await make.order(status_id=0, payment_method="Credit Card", payment_provider_id=make.code("CH"))
    }


@state(
    "Captured, yet awaiting payment",
    "The payment was captured; then somebody set the order back to Awaiting Payment (7).",
    "Trust the transactions about money, and the status about nothing but the work to be done.",
    Look(ORDER, has={"status_id": 7, "payment_status": "captured"}),
    Look("GET /v3/orders/{order_id}/transactions", has={"count": 2, "1.event": "capture"}),
)
async def order_captured_awaiting_payment(make: Maker) -> Any:
    order_id = await make.order(status_id=7, payment_method="Test Payment Gateway", payment_provider_id=make.code("CH"))
    await make.post(f"/v3/orders/{order_id}/payment_actions/capture", {})
    await make.put(f"/v2/orders/{order_id}", {"status_id": 7})
    return {"order_id": order_id}


@state(
    "Verification never cleared",
    "The order waits for Manual Verification (12) for thirty days; no event ever follows.",
    "Poll what waits, with a limit of days, and tell a person; do not wait for an event alone.",
    Look(ORDER, has={"status_id": 12}),
)
async def order_verification_stuck(make: Maker) -> Any:
    return {"order_id": await make.order(status_id=12, date_created=await _days_ago(make, 30))}


@state(
    "Long past its shipping date",
    "The order has waited for its shipment for three weeks, and nothing was sent.",
    "Find late orders by status 9 or 11 and date_created, not by date_modified.",
    Look(ORDER, has={"status_id": 9, "date_shipped": "", "items_shipped": 0}),
)
async def order_past_its_date(make: Maker) -> Any:
    return {"order_id": await make.order(status_id=9, date_created=await _days_ago(make, 21))}


@state(
    "The same order sent twice",
    "A retry without a key made a second order: same external_id, same lines, another id.",
    "Send an Idempotency-Key, and look for the external_order_id before an order is sent again.",
    Look("GET /v2/orders?external_order_id={external_id}", has={"count": 2}),
)
async def order_sent_twice(make: Maker) -> Any:
    external = make.code("EXT")
    ids = [await make.order(external_id=external, external_order_id=external) for _ in range(2)]
    return {"order_ids": ids, "external_id": external}


@state(
    "Archived",
    "The order was deleted in the panel: lists leave it out, but it can still be read by id.",
    "Treat is_deleted as gone; ask for is_deleted=true when lists and counts differ.",
    Look(ORDER, has={"is_deleted": True}),
    Look("GET /v2/orders?min_id={order_id}&max_id={order_id}", 204),
    Look("GET /v2/orders?min_id={order_id}&max_id={order_id}&is_deleted=true", has={"count": 1}),
)
async def order_archived(make: Maker) -> Any:
    order_id = await make.order()
    await make.delete(f"/v2/orders/{order_id}")
    return {"order_id": order_id}


@state(
    "Disputed, and paid all the same",
    "The bank took the payment back, so the order is Disputed (13); its transactions still say that it was paid.",
    "Stop work on 13, whatever the payment says, and do not refund: the money is gone already.",
    Look(ORDER, has={"status_id": 13}),
    Look("GET /v3/orders/{order_id}/transactions", has={"0.event": "purchase"}),
)
async def order_disputed(make: Maker) -> Any:
    order_id = await make.order(status_id=11)
    await make.put(f"/v2/orders/{order_id}", {"status_id": 13})
    return {"order_id": order_id}


@state(
    "A test order among real ones",
    "Somebody tried the checkout with a test gateway; the order counts in every total.",
    "Leave orders out whose transactions have test true.",
    Look("GET /v3/orders/{order_id}/transactions", has={"0.test": True}),
)
async def order_of_a_test(make: Maker) -> Any:
    order_id = await make.order(
        status_id=7, payment_method="Test Payment Gateway", payment_provider_id=make.code("TEST")
    )
    await make.post(f"/v3/orders/{order_id}/payment_actions/capture", {})
    return {"order_id": order_id}


@state(
    "Without a customer",
    "A guest ordered: customer_id is 0, and there is no such customer.",
    "Take name and address from billing_address; never ask for customer 0.",
    Look(ORDER, has={"customer_id": 0}),
    Look("GET /v2/customers/0", 404),
)
async def order_without_a_customer(make: Maker) -> Any:
    return {"order_id": await make.order()}


@state(
    "Changed after it was fetched",
    "Between two pages of a sync a line was added and the status moved on; date_modified says so, the id does not.",
    "Sync by min_date_modified with some overlap, and replace the whole order.",
    Look(ORDER, has={"status_id": 11, "items_total": 2}),
)
async def order_changed_meanwhile(make: Maker) -> Any:
    order_id = await make.order()
    await make.put(f"/v2/orders/{order_id}", {"products": [{**WORK, "name": "Wrapping"}], "status_id": 11})
    return {"order_id": order_id}


async def _days_ago(make: Maker, days: int) -> str:
    from bodega.dates import rfc2822

    return rfc2822(make.store.time() - days * 86_400)
