"""The promotions of a sample store: each kind of action and condition in turn, coupons with one code and with many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bodega.access.stores import OpenStore
from bodega.kit.fields import moment
from bodega.kit.write import create_one
from bodega.lab.deterministic import DeterministicRandom
from bodega.lab.generation import Keyed, Made, first_free, generate, one_by_one, read
from bodega.resources.marketing.promotions import codes, promotions
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

BULK_CODES = 25
DAY = 86_400
STREAM = 0x70726F6D6F
"""Sets the numbers of promotions apart from those of other sample data of the same seed."""

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Known(NamedTuple):
    """The ids of what a store sells, for conditions and actions; none where it has none."""

    products: Sequence[int]
    categories: Sequence[int]
    brands: Sequence[int]
    groups: Sequence[int]


class PromotionDraft(NamedTuple):
    """A promotion, and the codes that were generated for it."""

    body: dict[str, Any]
    codes: Sequence[str]


Part = Callable[[DeterministicRandom, Known], dict[str, Any]]

KEYS: Mapping[str, Callable[[PromotionDraft], str]] = {
    "promotions.name_key": lambda draft: caseless(draft.body["name"]),
}


async def generate_promotions(store: OpenStore, count: int, seed: int, made: Made) -> None:
    """Adds the `count` promotions of a seed that do not exist yet."""
    known: Known = await store.write(_known)

    def draft(number: int) -> PromotionDraft:
        return _draft(seed, number, known, store.clock.now())

    rows = Keyed(promotions.V3, _create, KEYS)
    first = await first_free((await store.ready()).reader, rows, draft)
    await generate(store, range(first, first + count), draft, partial(one_by_one, rows), made)


async def _known(unit: Unit) -> Known:
    async def ids(table: str) -> list[int]:
        return await query.values(unit.tx, f"SELECT id FROM {table} ORDER BY id LIMIT 200")  # noqa: S608 - named below

    tables = ("products", "categories", "brands", "customer_groups")
    return Known(*[await ids(table) for table in tables])


async def _create(unit: Unit, draft: PromotionDraft) -> None:
    row = await create_one(unit, promotions.V3, dict(draft.body), [])
    for code in draft.codes:
        body = {**read(codes.OF_PROMOTION, {"code": code, "max_uses": 1}), "promotion_id": row.entity.id}
        await create_one(unit, codes.OF_PROMOTION, body, [])


def _draft(seed: int, number: int, known: Known, now: float) -> PromotionDraft:
    """What a POST of the sample promotion asks for: its kind follows from its number, the rest from chance."""
    chance = DeterministicRandom(seed ^ STREAM, number)
    name, part = KINDS[number % len(KINDS)]
    body: dict[str, Any] = {
        "redemption_type": "AUTOMATIC",
        "name": f"{name} {number + 1}",
        "display_name": name,
        "start_date": moment(now - DAY * (30 + chance.roll(60))),
        **part(chance, known),
    }
    given: list[str] = []
    if body.get("coupon_type") == "BULK":
        given = ["BULK-" + "".join(chance_of(seed, number, place)) for place in range(BULK_CODES)]
    elif body["redemption_type"] == "COUPON":
        body["codes"] = {"code": f"{name.split()[0].upper()}-{number + 1}", **body.get("codes", {})}
    if name == "Last season":
        body["end_date"] = moment(now - DAY * (1 + chance.roll(20)))
    return PromotionDraft(_without_nothing(read(promotions.V3, body)), given)


def chance_of(seed: int, number: int, place: int) -> list[str]:
    """The letters of the code at this place of a promotion."""
    chance = DeterministicRandom(seed ^ STREAM ^ (number + 1) << 20, place)
    return [chance.pick(LETTERS) for _ in range(10)]


def _without_nothing(draft: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in draft.items() if value is not None}


def _some(chance: DeterministicRandom, ids: Sequence[int], word: str) -> dict[str, Any]:
    """A member with an item matcher for one to three of these; nothing where there are none."""
    if not ids:
        return {}
    return {"items": {word: sorted({chance.pick(ids) for _ in range(1 + chance.roll(3))})}}


def _percent(chance: DeterministicRandom) -> dict[str, Any]:
    return {"percentage_amount": str(5 * (1 + chance.roll(6)))}


def _rule(action: dict[str, Any], cart: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    condition = {"condition": {"cart": cart}} if cart else {}
    return {"rules": [{"action": action, **condition, "apply_once": True, **more}]}


def _tiers(chance: DeterministicRandom, _known: Known) -> dict[str, Any]:
    tiers = [(200 + 50 * chance.roll(3), "15"), (100, "10"), (50, "5")]
    return {
        "rules": [
            {
                "action": {"cart_value": {"discount": {"percentage_amount": percent}}},
                "condition": {"cart": {"minimum_spend": str(spend)}},
                "stop": True,
            }
            for spend, percent in tiers
        ]
    }


def _category(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    items = {
        "discount": _percent(chance),
        **_some(chance, known.categories, "categories"),
        "exclude_items_on_sale": True,
    }
    return _rule({"cart_items": items})


def _brand(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    items = {"discount": {"fixed_amount": f"{1 + chance.roll(5)}.50"}, **_some(chance, known.brands, "brands")}
    return _rule({"cart_items": {**items, "quantity": 1, "strategy": "MOST_EXPENSIVE"}})


def _third_free(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    some = _some(chance, known.products, "products")
    bought = {**some, "minimum_quantity": 2} if some else {"minimum_spend": "60"}
    free = {"discount": {"percentage_amount": "100"}, **some, "quantity": 1, "strategy": "LEAST_EXPENSIVE"}
    return _rule({"cart_items": free}, bought, apply_once=False)


def _gift(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    spend = {"minimum_spend": str(100 + 25 * chance.roll(5))}
    if not known.products:
        return _rule({"cart_value": {"discount": {"fixed_amount": "5"}}}, spend)
    told = {"content": "You get a gift.", "type": "APPLIED", "locations": ["CART_PAGE", "CHECKOUT_PAGE"]}
    gift = {"gift_item": {"product_id": chance.pick(known.products), "quantity": 1}}
    return {**_rule(gift, spend), "notifications": [told]}


def _set(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    some = _some(chance, known.categories, "categories")
    return _rule(
        {"fixed_price_set": {"quantity": 3, "fixed_price": str(20 + chance.roll(30)), **some}}, apply_once=False
    )


def _shipping(chance: DeterministicRandom, _known: Known) -> dict[str, Any]:
    return _rule({"shipping": {"free_shipping": True, "zone_ids": "*"}}, {"minimum_spend": str(40 + chance.roll(60))})


def _coupon(chance: DeterministicRandom, _known: Known) -> dict[str, Any]:
    off = {"discount": _percent(chance), "maximum_allowed_discount_amount": "50"}
    return {**_rule({"cart_value": off}), "redemption_type": "COUPON", "max_uses": 100 + chance.roll(900)}


def _exclusive(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    off = {"discount": {"fixed_amount": str(5 + chance.roll(20))}, "as_total": True}
    return {
        **_rule({"cart_items": {**off, **_some(chance, known.categories, "categories")}}),
        "redemption_type": "COUPON",
        "can_be_used_with_other_promotions": False,
        "coupon_overrides_other_promotions": True,
        "codes": {"max_uses_per_customer": 1},
    }


def _bulk(chance: DeterministicRandom, _known: Known) -> dict[str, Any]:
    return {**_rule({"cart_value": {"discount": _percent(chance)}}), "redemption_type": "COUPON", "coupon_type": "BULK"}


def _happy_hour(chance: DeterministicRandom, known: Known) -> dict[str, Any]:
    hours = {"week_frequency": 1, "daily_start_time": "17:00:00", "daily_end_time": f"{18 + chance.roll(3)}:59:59"}
    group = {"group_ids": [chance.pick(known.groups)]} if known.groups else {"minimum_order_count": 1}
    off = {"cart_value": {"discount": _percent(chance)}}
    return {**_rule(off), "schedule": {**hours, "week_days": ["Friday", "Saturday"]}, "customer": group}


def _abroad(chance: DeterministicRandom, _known: Known) -> dict[str, Any]:
    domestic = {"not": {"countries": [{"iso2_country_code": "US"}]}}
    return {
        **_rule({"cart_value": {"discount": {"fixed_amount": str(3 + chance.roll(5))}}}),
        "shipping_address": domestic,
    }


def _over(chance: DeterministicRandom, _known: Known) -> dict[str, Any]:
    return {**_rule({"cart_value": {"discount": _percent(chance)}}), "status": chance.pick(("ENABLED", "DISABLED"))}


KINDS: Sequence[tuple[str, Part]] = (
    ("Spend more", _tiers),
    ("Category sale", _category),
    ("Brand week", _brand),
    ("Third one free", _third_free),
    ("A gift for you", _gift),
    ("Three for one price", _set),
    ("Free shipping", _shipping),
    ("Welcome coupon", _coupon),
    ("Exclusive coupon", _exclusive),
    ("Partner coupons", _bulk),
    ("Happy hour", _happy_hour),
    ("Customers abroad", _abroad),
    ("Last season", _over),
)
