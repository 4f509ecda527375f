"""Counting how often promotions and codes were used: part of the transaction that places an order.

A store has one writer at a time, and this runs inside its transaction: no limit is ever passed, whatever comes at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from bodega.domain.pricing.offers import Used
from bodega.domain.pricing.promotion_terms import USED_BY_SHOPPER, USED_UP
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, refuse_faults
from bodega.resources.marketing import coupons
from bodega.resources.marketing.promotions import promotion
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit


async def redeem(unit: Unit, used: Iterable[Used], shopper: str) -> None:
    """Counts one use of each promotion and code that gave something to an order. `shopper` is a `shopper_key`.

    Raises Refusal, which names the codes, if a limit was reached since the order was quoted: then nothing is counted.
    """
    faults: list[Fault] = []
    for one in used:
        why = await _redeem_code(unit, one.code, shopper) if one.code else await _redeem(unit, one.promotion_id)
        if why:
            faults.append(Fault(Reason.FIELD_INVALID, "coupon_code", why, {"code": one.code} if one.code else {}))
    if faults:
        raise refuse_faults(faults)


async def _redeem_code(unit: Unit, code: str, shopper: str) -> str:
    row = await query.one(unit.tx, coupons.TABLE, "code_key = $1", caseless(code))
    if row is None:
        return "The coupon code does not exist."
    coupon: coupons.Coupon = row.entity
    if coupon.max_uses and coupon.num_uses >= coupon.max_uses:
        return USED_UP
    if shopper:
        counted = "SELECT uses FROM coupon_uses WHERE coupon_id = $1 AND shopper = $2"
        before = await query.value(unit.tx, counted, coupon.id, shopper) or 0
        if coupon.max_uses_per_customer and before >= coupon.max_uses_per_customer:
            return USED_BY_SHOPPER
    if coupon.promotion_id is not None and (why := await _redeem(unit, coupon.promotion_id)):
        return why
    await unit.update(coupons.TABLE, row, replace(coupon, num_uses=coupon.num_uses + 1), ("num_uses",))
    if shopper:
        await unit.tx.run(
            "INSERT INTO coupon_uses (coupon_id, shopper, uses) VALUES ($1, $2, 1)"
            " ON CONFLICT (coupon_id, shopper) DO UPDATE SET uses = coupon_uses.uses + 1",
            coupon.id,
            shopper,
        )
    return ""


async def _redeem(unit: Unit, promotion_id: int) -> str:
    row = await unit.get(promotion.TABLE, promotion_id)
    if row is None:
        return ""  # it was deleted since, and nothing is left to count
    of: promotion.Promotion = row.entity
    if of.max_uses and of.current_uses >= of.max_uses:
        return "The promotion has been used as often as it can be."
    changed = replace(of, current_uses=of.current_uses + 1)
    await unit.rewrite(promotion.TABLE, row.with_entity(changed))
    return ""
