"""What must be true of a promotion, whoever writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bodega.kit.body import Changes
from bodega.kit.fields import moment
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.marketing.promotions import checks
from bodega.resources.marketing.promotions.forms import GiftItemAction, Rule, ShippingAction
from bodega.resources.marketing.promotions.promotion import EVERYWHERE, Promotion, SeveralCodes
from bodega.storage import query
from bodega.storage.conflicts import dangling
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.unit import Unit

AT_ONCE = 250
"""Rows that one statement looks for."""

OVERRIDES = ("coupon_overrides_other_promotions", "coupon_overrides_automatic_when_offering_higher_discounts")


async def start_a_promotion(unit: Unit, changes: Changes, old: Promotion | None, _notes: list[Fault]) -> None:
    """A new promotion begins now, in the store's currency, after all others, unless it says otherwise."""
    for name in ("start_date", "status", "currency_code", "stop", "can_be_used_with_other_promotions"):
        if changes.get(name, 0) in (None, ""):
            del changes[name]
    if old is not None:
        return
    last = await query.value(unit.tx, "SELECT priority FROM promotions ORDER BY priority DESC LIMIT 1")
    changes["priority"] = (last or 0) + 1
    changes.setdefault("start_date", moment(unit.now))
    if "currency_code" not in changes:
        changes["currency_code"] = await query.value(unit.tx, "SELECT currency_code FROM currencies WHERE is_default")
    if changes["redemption_type"] == "COUPON":
        changes["coupon_type"] = changes.get("coupon_type") or "SINGLE"
        changes["multiple_codes"] = SeveralCodes(has_multiple_codes=changes["coupon_type"] == "BULK")
        for name in OVERRIDES:
            changes[name] = changes.get(name) or False


async def check_forms(_unit: Unit, old: Promotion | None, new: Promotion) -> None:
    """The parts of a promotion are of the published forms, each of one kind. Rules that were there are not judged
    again: what an older version of the server took can be renamed and switched off."""
    faults = [*checks.of_customer(new.customer)]
    if old is None or new.rules != old.rules:
        faults += checks.of_rules(new.rules)
    if new.shipping_address is not None:
        faults += checks.of_address(new.shipping_address)
    if new.schedule is not None:
        faults += checks.of_schedule(new.schedule)
    if faults:
        raise refuse_faults(faults)


async def check_terms(unit: Unit, old: Promotion | None, new: Promotion) -> None:
    """Dates in order, a currency of the store, a status that can be set, and overrides that have an effect."""
    faults = []
    dates = (new.start_date, new.end_date)
    if new.end_date and new.end_date <= new.start_date and (old is None or dates != (old.start_date, old.end_date)):
        faults.append(invalid("end_date", "must be later than start_date"))
    if new.status == "INVALID" and (old is None or old.status != "INVALID"):
        faults.append(invalid("status", "must be ENABLED or DISABLED: only the store sets INVALID"))
    if (old is None or old.currency_code != new.currency_code) and new.currency_code != EVERYWHERE:
        known = "SELECT 1 FROM currencies WHERE currency_code = $1"
        if await unit.tx.row(known, new.currency_code) is None:
            faults.append(invalid("currency_code", "must be the code of a currency of the store, or * for all"))
    if new.redemption_type == "AUTOMATIC" and new.coupon_type is not None:
        faults.append(invalid("coupon_type", "is only for promotions whose redemption_type is COUPON"))
    for name in OVERRIDES:
        if getattr(new, name) and new.redemption_type != "COUPON":
            faults.append(invalid(name, "must not be true unless redemption_type is COUPON"))
        elif getattr(new, name) and new.can_be_used_with_other_promotions:
            faults.append(invalid(name, "must not be true while can_be_used_with_other_promotions is true"))
    if faults:
        raise refuse_faults(faults)
    if new.redemption_type == "AUTOMATIC":
        new.coupon_overrides_other_promotions = None
        new.coupon_overrides_automatic_when_offering_higher_discounts = None
    else:
        for name in OVERRIDES:
            setattr(new, name, getattr(new, name) or False)


async def check_groups(unit: Unit, old: Promotion | None, new: Promotion) -> None:
    """Rule 44: the groups that a promotion newly names exist; 0 are the customers without one."""
    before = {*old.customer.group_ids, *old.customer.excluded_group_ids} if old is not None else set()
    faults = []
    for name in ("group_ids", "excluded_group_ids"):
        fresh = sorted(set(getattr(new.customer, name)) - before - {0})
        gone = set(fresh) - set(await query.existing(unit.tx, "customer_groups", fresh)) if fresh else set()
        if gone:
            why = "names groups that do not exist: " + ", ".join(map(str, sorted(gone)))
            faults.append(invalid("customer", why, inside=f".{name}"))
    if faults:
        raise refuse_faults(faults)


class _Named(NamedTuple):
    """Rows that a member of an action names: they are in the table of this name."""

    field: str
    table: str
    noun: str
    ids: Sequence[int]


def _named_by(rules: Sequence[Rule]) -> Iterator[_Named]:
    for number, rule in enumerate(rules):
        place, gift, shipping = f"rules.{number}.action", rule.action.gift_item, rule.action.shipping
        if isinstance(gift, GiftItemAction):
            for name, table in (("product_id", "products"), ("variant_id", "variants")):
                if isinstance(found := getattr(gift, name), int):
                    yield _Named(f"{place}.gift_item.{name}", table, name.removesuffix("_id"), [found])
        if isinstance(shipping, ShippingAction) and isinstance(shipping.zone_ids, list):
            yield _Named(f"{place}.shipping.zone_ids", "shipping_zones", "shipping zone", shipping.zone_ids)


async def check_references(unit: Unit, old: Promotion | None, new: Promotion) -> None:
    """Rule 44: gifts and shipping zones that a promotion newly names exist."""
    known = {(one.table, number) for one in _named_by(old.rules if old else ()) for number in one.ids}
    named = list(_named_by(new.rules))
    for table in {one.table for one in named}:
        ids = {number for one in named if one.table == table for number in one.ids if (table, number) not in known}
        for some in parts(sorted(ids), AT_ONCE):
            known |= {(table, number) for number in await query.existing(unit.tx, table, some)}
    faults = []
    for one in named:
        gone = sorted({number for number in one.ids if (one.table, number) not in known})
        if gone:
            faults.append(dangling(one.field, f"A {one.noun} does not exist.", gone))
    if faults:
        raise refuse_faults(faults)


async def keep_while_it_has_codes(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 115: a promotion with codes cannot be deleted; its codes go first."""
    sql = f"SELECT DISTINCT promotion_id FROM coupons WHERE promotion_id IN ({numbered_placeholders(len(ids))})"
    with_codes = sorted(await query.values(unit.tx, sql, *ids))
    if with_codes:
        message = "Promotions cannot be deleted while they have codes: " + ", ".join(map(str, with_codes))
        raise Refusal(Reason.CODES_ATTACHED, f"{message}.", details={"promotion_ids": with_codes})
