"""Webhooks that do not come, or come twice."""

from __future__ import annotations

from typing import Any

from bodega.events import attempts
from bodega.lab.states.maker import Maker
from bodega.lab.states.state import Look, state

HOOK = "GET /v3/hooks/{hook_id}"


@state(
    "A webhook that was deactivated",
    "Every attempt failed, so the hook was deactivated: no event comes any more, and no request is refused.",
    "Look at is_active once a day; set it to true again, and fetch what was missed.",
    Look(HOOK, has={"is_active": False}),
)
async def webhook_deactivated(make: Maker) -> Any:
    hook_id = await make.hook()
    await make.write(lambda unit: attempts.deactivate(unit, hook_id, "failed"))
    return {"hook_id": hook_id}


@state(
    "The same webhook twice",
    "Two hooks of one scope lead to one program: each event comes twice, with two ids.",
    "List the hooks before another is made, and delete the twin; be ready for an event twice.",
    Look("GET /v3/hooks/{first_id}", has={"scope": "{scope}", "is_active": True}),
    Look("GET /v3/hooks/{second_id}", has={"scope": "{scope}", "is_active": True}),
)
async def webhook_twice(make: Maker) -> Any:
    scope = "store/order/statusUpdated"
    first, second = [await make.hook(scope, f"hook{suffix}") for suffix in ("", "?again=1")]
    return {"first_id": first, "second_id": second, "scope": scope}


@state(
    "An event that was missed",
    "The hook was inactive while an order came in: nothing will ever be sent about it.",
    "After a gap fetch what changed by min_date_modified; events are not made up for.",
    Look(HOOK, has={"is_active": True}),
    Look("GET /v2/orders/{order_id}", has={"status_id": 1}),
)
async def webhook_missed(make: Maker) -> Any:
    hook_id = await make.hook("store/order/created", is_active=False)
    order_id = await make.order()
    await make.put(f"/v3/hooks/{hook_id}", {"is_active": True})
    return {"hook_id": hook_id, "order_id": order_id}


@state(
    "Each event twice",
    "Every delivery of the hook is sent twice, under one webhook-id.",
    "Remember the webhook-id of what was handled, and answer 200 to the second one.",
    Look(HOOK, has={"is_active": True}),
)
async def webhook_doubled(make: Maker) -> Any:
    return await _struck(make, "doubled")


@state(
    "Events out of order",
    "Every third event of the hook arrives after the one that followed it.",
    "Fetch the resource and take what it says now; do not apply events one by one.",
    Look(HOOK, has={"is_active": True}),
)
async def webhook_out_of_order(make: Maker) -> Any:
    return await _struck(make, "reordered", every=3)


@state(
    "A forged event",
    "The next message of the hook has a signature that is wrong.",
    "Refuse it with 401, and change nothing; the delivery is tried again and then right.",
    Look(HOOK, has={"is_active": True}),
)
async def webhook_badly_signed(make: Maker) -> Any:
    return await _struck(make, "badly_signed", nth=1)


@state(
    "A domain that is blocked",
    "Too many deliveries to the domain failed: for three minutes nothing is sent there.",
    "Answer 200 at once and work afterwards; after a block expect late events in a burst.",
    Look("GET /v3/hooks/{hook_id}", has={"is_active": True}),
)
async def webhook_domain_blocked(make: Maker) -> Any:
    hook_id = await make.hook()
    domain, until = f"hooks-{make.mark}.example.com", make.store.time() + 180
    sql = "INSERT INTO hook_blocks (client_id, domain, blocked_until, reasons) VALUES ($1, $2, $3, '[]')"
    client_id = make.client_id
    await make.write(lambda unit: unit.tx.run(sql, client_id, domain, until))
    return {"hook_id": hook_id, "domain": domain, "blocked_until": until}


@state(
    "A webhook without its own header",
    "The hook sends no header of its owner's: whoever knows the URL can send what looks like an event.",
    "Check webhook-signature with the client secret; a secret in the URL is none.",
    Look(HOOK, has={"headers": None}),
)
async def webhook_without_a_header(make: Maker) -> Any:
    return {"hook_id": await make.hook("store/product/*")}


async def _struck(make: Maker, kind: str, **schedule: int) -> Any:
    """A hook whose deliveries a fault strikes."""
    hook_id = await make.hook()
    rule = await make.fault({"match": {"hook_id": hook_id}, "schedule": schedule, "effect": {"webhook": kind}})
    return {"hook_id": hook_id, "fault_id": rule}
