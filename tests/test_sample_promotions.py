"""The promotions of a sample store."""

from __future__ import annotations

from typing import Any

from bodega.lab.seed import Amounts, seed
from bodega.lab.seed_promotions import BULK_CODES, KINDS
from shop import Shop

EVERY = len(KINDS)


def fill(shop: Shop, amounts: Amounts) -> dict[str, int]:
    """Seeds a shop; how many of each were added."""
    added: dict[str, int] = {}

    def made(name: str, count: int) -> None:
        added[name] = added.get(name, 0) + count

    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    shop.server.run(seed(store, amounts, 1, made))
    return added


def listed(shop: Shop) -> list[Any]:
    found: list[Any] = shop.get("/v3/promotions?limit=250").data
    return found


def test_every_kind_of_promotion_is_there(shop: Shop) -> None:
    """All actions, all kinds of redemption, limits, schedules and addresses."""
    assert fill(shop, Amounts(products=12, promotions=EVERY)) == {"products": 12, "promotions": EVERY}
    found = listed(shop)
    actions = {name for one in found for rule in one["rules"] for name in rule["action"]}
    assert actions == {"cart_value", "cart_items", "gift_item", "fixed_price_set", "shipping"}
    assert {(one["redemption_type"], one.get("coupon_type")) for one in found} == {
        ("AUTOMATIC", None), ("COUPON", "SINGLE"), ("COUPON", "BULK")
    }  # fmt: skip
    members = {name for one in found for name in one}
    assert {"schedule", "shipping_address", "max_uses", "end_date", "codes"} <= members
    [bulk] = [one for one in found if one.get("coupon_type") == "BULK"]
    assert len(shop.get(f"/v3/promotions/{bulk['id']}/codes?limit=250").data) == BULK_CODES


def test_the_same_seed_gives_the_same_promotions(shop: Shop) -> None:
    """Whether at once or in parts, and without products as well."""
    shop.freeze(1_800_000_000)
    other = shop.server.shop()
    other.freeze(1_800_000_000)
    fill(shop, Amounts(promotions=20))
    for part in (7, 13):
        fill(other, Amounts(promotions=part))
    assert len(listed(shop)) == 20
    assert listed(other) == listed(shop)
    codes = "/v2/coupons?limit=250"
    assert other.get(codes).json == shop.get(codes).json
