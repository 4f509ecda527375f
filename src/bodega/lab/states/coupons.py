"""Coupons and certificates at their end."""

from __future__ import annotations

from typing import Any

from bodega.dates import rfc2822
from bodega.lab.states.maker import Maker
from bodega.lab.states.state import Look, state

COUPON = "GET /v2/coupons/{coupon_id}"


@state(
    "A coupon at its last use",
    "It may be used once, and is enabled: whoever redeems it first has it.",
    "Check num_uses against max_uses when it is redeemed, not when it is shown.",
    Look(COUPON, has={"max_uses": 1, "num_uses": 0, "enabled": True}),
)
async def coupon_at_its_last_use(make: Maker) -> Any:
    return {"coupon_id": await make.coupon(max_uses=1), "code": make.code("FIVE")}


@state(
    "A coupon that has expired",
    "It is enabled, and its date is past: enabled alone does not say that it works.",
    "Compare expires with the store's time.",
    Look(COUPON, has={"enabled": True}),
)
async def coupon_expired(make: Maker) -> Any:
    yesterday = rfc2822(make.store.time() - 86_400)
    return {"coupon_id": await make.coupon(expires=yesterday), "code": make.code("FIVE"), "expires": yesterday}


@state(
    "A coupon that applies to nothing",
    "A PUT that did not repeat applies_to emptied it: the coupon is there and takes nothing off.",
    "Send applies_to with every PUT of a coupon.",
    Look(COUPON, has={"applies_to.ids": []}),
)
async def coupon_of_nothing(make: Maker) -> Any:
    coupon_id = await make.coupon(applies_to={"entity": "products", "ids": [await make.product("Reduced lantern")]})
    await make.put(f"/v2/coupons/{coupon_id}", {"amount": 6})
    return {"coupon_id": coupon_id}


@state(
    "A coupon's code that is taken",
    "The code is there: a second coupon with it is refused with 409, whatever its case.",
    "Look for the code first; codes are not told apart by case.",
    Look(
        "POST /v2/coupons",
        409,
        {},
        {
            "name": "{code} again",
            "code": "{code}",
            "type": "per_total_discount",
            "amount": 5,
            "applies_to": {"entity": "categories", "ids": [0]},
        },
    ),
)
async def coupon_code_taken(make: Maker) -> Any:
    return {"coupon_id": await make.coupon(), "code": make.code("FIVE")}


@state(
    "A certificate with nothing left",
    "The gift certificate is there, and its balance is 0.",
    "Show the balance, not the amount.",
    Look("GET /v2/gift_certificates/{certificate_id}", has={"amount": "10.0000", "balance": "0.0000"}),
)
async def certificate_with_nothing_left(make: Maker) -> Any:
    body = {
        "to_name": "Tui",
        "to_email": make.email("tui"),
        "from_name": "Mara",
        "from_email": make.email("mara"),
        "amount": 10,
        "balance": 0,
    }
    return {"certificate_id": (await make.post("/v2/gift_certificates", body))["id"]}
