"""The codes of coupon promotions in V3. They are rows of the coupons, so that a code is unique among all, V2 shows them
with the others, and an entered code is looked up once (rules 105 and 115)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from bodega.kit.actions import ListAll
from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer, listed
from bodega.kit.v3_shape import V3Shape
from bodega.kit.write import create_one, update_one
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.marketing import coupons
from bodega.resources.marketing.coupons import AppliesTo, Coupon
from bodega.resources.marketing.promotions import promotion
from bodega.resources.marketing.promotions.promotion import SCOPE, Promotion, SeveralCodes, ShownCode
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

MAX_DELETED = 250
WRITABLE = ("code", "max_uses", "max_uses_per_customer")


def in_promotions(coupon: Coupon) -> dict[str, Any]:
    """The members of a code in the form of promotions."""
    return {
        "id": coupon.id,
        "code": coupon.code,
        "current_uses": coupon.num_uses,
        "max_uses": coupon.max_uses,
        "max_uses_per_customer": coupon.max_uses_per_customer,
        "created": coupon.date_created,
    }


v3 = V3Shape(
    Coupon,
    required="code",
    read_only=" ".join(name for name in Coupon.__struct_fields__ if name not in WRITABLE),
    view=in_promotions,
    members="id code current_uses max_uses max_uses_per_customer created",
)
DUMMY: dict[str, Any] = {"type": "promotion", "amount": Decimal(0), "name": ""}
"""What V2 shows of a code is of no use but for its name (rule 105)."""

_CODE = Filter("code_key", "eq", caseless)
OF_PROMOTION = Endpoint(
    3,
    coupons.TABLE,
    Listing(coupons.TABLE, 3, "", mapped={"code": _CODE}, exact=True, cursor=True, shown=v3.shown),
    SCOPE,
    "promotions/{}/codes",
    v3=v3,
    parents=(Parent("promotion_id", promotion.TABLE),),
    defaults={**DUMMY, "applies_to": AppliesTo(entity="categories", ids=[0])},
)
DELETED = Endpoint(
    3,
    coupons.TABLE,
    Listing(
        coupons.TABLE,
        3,
        "",
        mapped={"id:in": Filter("id", "in", listed(integer, MAX_DELETED)), "code": _CODE},
        exact=True,
    ),
    SCOPE,
    OF_PROMOTION.home,
    v3=v3,
    parents=OF_PROMOTION.parents,
    delete_needs_filter=True,
)
OF_ALL = Endpoint(
    3,
    coupons.TABLE,
    Listing(coupons.TABLE, 3, "", mapped={"code": _CODE}, exact=True, cursor=True, shown=v3.shown),
    SCOPE,
    "promotions/codes",
    v3=v3,
    only={"of_promotion": True},
    delete_needs_filter=True,
)


class FindCode(ListAll):
    """GET of the code that the query names."""

    def parse(self, query: str) -> Query:
        asked = super().parse(query)
        if not asked.filters:
            message = "code is required."
            raise refuse_faults([Fault(Reason.QUERY_INVALID, "code", message, {"field": "code"})])
        return asked


async def write_single_code(unit: Unit, parent: Promotion, drafts: list[Changes], notes: list[Fault]) -> None:
    """The member `codes` of a SINGLE promotion: changes its first code, or makes it."""
    if parent.coupon_type != "SINGLE":
        raise refuse_faults([invalid("codes", "is only for promotions whose coupon_type is SINGLE")])
    for draft in drafts:
        first = await query.value(
            unit.tx, "SELECT id FROM coupons WHERE promotion_id = $1 ORDER BY id LIMIT 1", parent.id
        )
        if first is not None:
            await update_one(unit, OF_PROMOTION, first, dict(draft), notes)
        elif "code" in draft:
            await create_one(unit, OF_PROMOTION, {**draft, "promotion_id": parent.id}, notes)
        else:
            raise refuse_faults([missing("codes.code")])


async def keep_what_a_code_has(_unit: Unit, changes: Changes, old: Coupon | None, _notes: list[Fault]) -> None:
    """Rule 105: of a promotion's code V2 changes the code, its limits, and whether it is enabled."""
    if old is not None and old.promotion_id is not None:
        for name in changes.keys() - {*WRITABLE, "enabled", "num_uses"}:
            del changes[name]


async def belong_to_a_coupon_promotion(unit: Unit, old: Coupon | None, new: Coupon) -> None:
    """A code belongs to a promotion that is redeemed by coupon, whose name V2 shows."""
    if old is not None or new.promotion_id is None or new.is_bulk:
        return
    row = await unit.get(promotion.TABLE, new.promotion_id)
    if row is None:
        return  # refused by its reference
    if row.entity.redemption_type != "COUPON":
        raise refuse_faults([invalid("code", "is only for promotions whose redemption_type is COUPON")])
    new.name = row.entity.name[:100]
    new.is_bulk = row.entity.coupon_type == "BULK"


async def show_in_promotion(unit: Unit, _old: Coupon | None, new: Coupon) -> None:
    """A promotion shows its first code as it is now, and whether it has more."""
    if new.promotion_id is not None and not new.is_bulk:
        await _show(unit, new.promotion_id, ())


async def leave_promotion(unit: Unit, ids: Sequence[int]) -> None:
    """A promotion no longer shows a code that is deleted."""
    going: list[Coupon] = await query.entities_of(unit.tx, coupons.TABLE, ids)
    for promotion_id in {one.promotion_id for one in going if one.promotion_id is not None and not one.is_bulk}:
        await _show(unit, promotion_id, ids)


async def _show(unit: Unit, promotion_id: int, going: Sequence[int]) -> None:
    row = await unit.get(promotion.TABLE, promotion_id)
    if row is None:
        return
    test, most = "promotion_id = $1", 2 + len(going)
    held: list[Coupon] = await query.entities(unit.tx, coupons.TABLE, test, promotion_id, order=f"id LIMIT {most}")
    left = [ShownCode(**in_promotions(one)) for one in held if one.id not in set(going)]
    several = SeveralCodes(has_multiple_codes=len(left) > 1)
    changed = replace(row.entity, codes=left[0] if left else None, multiple_codes=several)
    if changed != row.entity:
        await unit.rewrite(promotion.TABLE, row.with_entity(changed))
