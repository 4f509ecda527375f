"""The promotions that may apply to a cart: as many as there are of those, however many others the store has."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bodega.domain.pricing.promotion import EnteredCode, Promotion, PromotionPolicy
from bodega.kit.fields import moment
from bodega.resources.marketing import coupons
from bodega.resources.marketing.coupons import Coupon
from bodega.resources.marketing.promotions import promotion
from bodega.resources.marketing.promotions.reading import decoded, of_coupon
from bodega.resources.marketing.promotions.settings import settings_of
from bodega.storage import query
from bodega.storage.query import StoredRow, stored_sql
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.tx import Tx

_EVERYWHERE = "lane IN ($1, $2, $3, $4) AND ends > $7 AND start_date <= $7"
_HERE = (
    "lane IN ($5, $6) AND ends > $7 AND start_date <= $7"
    " AND id IN (SELECT promotion_id FROM promotion_channels WHERE channel_id = $8)"
)
_RUNNING = f"{stored_sql(promotion.TABLE, _EVERYWHERE)} UNION ALL {stored_sql(promotion.TABLE, _HERE)}"


def shopper_key(customer_id: int, email: str = "") -> str:
    """By what uses of a coupon are counted: a customer's id, a guest's e-mail address; "" while neither is known."""
    if customer_id:
        return f"customer {customer_id}"
    return f"email {caseless(email)}" if email else ""


async def policy_of(tx: Tx) -> PromotionPolicy:
    """The store's settings of promotions, as the engine reads them."""
    kept = await settings_of(tx)
    return PromotionPolicy(
        on_custom_prices=kept.promotions_apply_on_products_with_custom_product_price,
        zero_prices_count=kept.promotions_triggered_by_products_with_zero_product_price,
        most_coupons=kept.number_of_coupons_allowed_at_checkout,
        on_original_prices=kept.promotions_applied_on_original_product_price,
    )


async def candidates(
    tx: Tx, *, now: int, channel_id: int, currency: str, codes: Sequence[str] = (), shopper: str = ""
) -> tuple[Promotion, ...]:
    """The automatic promotions of a channel and a currency that have begun and are not over at `now` (UTC seconds), and
    those that the entered `codes` redeem, applicable or not: the engine says why one is not.

    `shopper` is a `shopper_key`. One statement; up to three more if codes were entered.
    """
    here = str(channel_id)
    lanes = [f"{where}:{code}" for where in ("*", here, "~") for code in ("*", currency)]
    rows = await query.named(tx, StoredRow, _RUNNING, *lanes, moment(now), channel_id)
    found = [decoded(row.doc, row.rest) for row in rows]
    found.sort(key=lambda one: (one.priority, one.id))
    return (*found, *await redeemable(tx, codes, shopper)) if codes else tuple(found)


async def redeemable(tx: Tx, codes: Sequence[str], shopper: str) -> list[Promotion]:
    """What the entered codes redeem: promotions with their codes, and coupons that are promotions by themselves."""
    keys = list(dict.fromkeys(map(caseless, codes)))
    found: list[Coupon] = await query.entities(
        tx, coupons.TABLE, f"code_key IN ({numbered_placeholders(len(keys))})", *keys
    )
    if not found:
        return []
    uses = await _uses(tx, [one.id for one in found], shopper)
    entered: dict[int, list[EnteredCode]] = {}
    alone: list[Promotion] = []
    for one in found:
        code = _entered(one, uses.get(one.id, 0))
        if one.promotion_id is not None:
            entered.setdefault(one.promotion_id, []).append(code)
        else:
            currency = await query.value(tx, "SELECT currency_code FROM currencies WHERE is_default")
            alone.append(of_coupon(one, code, currency))
    ids = list(entered)
    sql = stored_sql(promotion.TABLE, f"id IN ({numbered_placeholders(len(ids))})")
    rows = await query.named(tx, StoredRow, sql, *ids) if ids else []
    return [*(replace(decoded(row.doc, row.rest), codes=tuple(entered[row.id])) for row in rows), *alone]


async def _uses(tx: Tx, ids: Sequence[int], shopper: str) -> dict[int, int]:
    """How often the shopper used each of these coupons."""
    if not shopper:
        return {}
    placeholders = numbered_placeholders(len(ids), 2)
    sql = f"SELECT coupon_id, uses FROM coupon_uses WHERE shopper = $1 AND coupon_id IN ({placeholders})"
    return await query.pairs(tx, sql, shopper, *ids)


def _entered(coupon: Coupon, uses_by_shopper: int) -> EnteredCode:
    return EnteredCode(
        coupon.code,
        coupon.id,
        enabled=coupon.enabled,
        uses=coupon.num_uses,
        max_uses=coupon.max_uses,
        uses_by_shopper=uses_by_shopper,
        max_uses_by_shopper=coupon.max_uses_per_customer,
    )


TABLES = (promotion.TABLE, coupons.TABLE)
"""On which the candidates depend."""
