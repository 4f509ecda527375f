"""Promotions, their codes and settings, on both databases (rule 115)."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from bodega.domain.pricing.offers import Used
from bodega.domain.pricing.promotion import Promotion, PromotionPolicy
from bodega.kit.fields import moment
from bodega.law.refusal import Refusal
from bodega.resources.marketing.promotions.candidates import candidates, policy_of, redeemable, shopper_key
from bodega.resources.marketing.promotions.forms import Cart, Condition
from bodega.resources.marketing.promotions.promotion import TABLE
from bodega.resources.marketing.promotions.redemptions import redeem
from bodega.storage.unit import Unit
from replies.promotions import EVERY_RULE, MEMBERS, OTHERS, SEGMENTS, TENTH
from shop import Reply, Shop
from test_concurrency import ask

PATH = "/v3/promotions"
AUTO: dict[str, Any] = {"redemption_type": "AUTOMATIC", "name": "Ten", "rules": [TENTH]}
COUPON: dict[str, Any] = {"redemption_type": "COUPON", "name": "Ten by coupon", "rules": [TENTH]}
BULK: dict[str, Any] = {**COUPON, "coupon_type": "BULK", "name": "Ten by coupons"}


def make(shop: Shop, body: dict[str, Any], **more: Any) -> int:
    made = shop.post(PATH, {**body, **more})
    assert made.status == 201, made.body
    return int(made.data["id"])


def zones(shop: Shop, number: int) -> None:
    """So many shipping zones, from 1 on."""
    for code in ("US", "CA")[:number]:
        zone = {"name": code, "type": "country", "locations": [{"country_iso2": code}]}
        assert shop.post("/v2/shipping/zones", zone).status == 201


def test_every_form_is_stored_as_sent_and_shown_back(shop: Shop) -> None:
    """Every action, condition, item matcher and limitation to segments, three levels deep."""
    shop.product("Gloves", price=5)
    zones(shop, 2)
    for place in range(0, len(EVERY_RULE), 100):
        sent = EVERY_RULE[place : place + 100]
        made = shop.post(PATH, {**AUTO, "rules": sent})
        assert made.data["rules"] == [{"apply_once": True, **rule} for rule in sent]
        assert shop.get(f"{PATH}/{made.data['id']}").data == made.data
    for segments in SEGMENTS:
        customer = {"group_ids": [], "excluded_group_ids": [0], "minimum_order_count": 2, "segments": segments}
        assert shop.post(PATH, {**AUTO, "customer": customer}).data["customer"] == customer
    made = shop.post(PATH, MEMBERS)
    expected = {**MEMBERS, "rules": [{"apply_once": True, **rule} for rule in OTHERS]}
    assert {name: made.data[name] for name in MEMBERS} == expected


def test_what_a_promotion_has_that_says_nothing(shop: Shop) -> None:
    """It begins now, in the store's currency, for everybody; null says nothing either."""
    shop.freeze(1_800_000_000)
    made = shop.post(
        PATH, {**AUTO, "schedule": None, "end_date": None, "shipping_address": None, "max_uses": None}
    ).data
    assert made == {
        "id": 1,
        **AUTO,
        "rules": [{"apply_once": True, **TENTH}],
        "created_from": "api",
        "channels": [],
        "customer": {"group_ids": [], "minimum_order_count": 0, "excluded_group_ids": []},
        "current_uses": 0,
        "status": "ENABLED",
        "start_date": moment(1_800_000_000),
        "stop": False,
        "can_be_used_with_other_promotions": True,
        "currency_code": "USD",
        "notifications": [],
    }
    bulk = shop.post(PATH, BULK).data
    assert (bulk["coupon_type"], bulk["multiple_codes"], "codes" in bulk) == (
        "BULK",
        {"has_multiple_codes": True},
        False,
    )


def action(**form: Any) -> dict[str, Any]:
    return {"rules": [{"action": form}]}


def condition(form: Any) -> dict[str, Any]:
    return {"rules": [{**TENTH, "condition": form}]}


def matcher(form: Any) -> dict[str, Any]:
    return condition({"cart": {"items": form, "minimum_quantity": 1}})


PERCENT = {"percentage_amount": "10"}
RED = {"type": "string_match", "name": "Color", "values": ["Red"]}
NOWHERE = [{"iso2_country_code": "ZZ"}]
SET = {"quantity": 2, "fixed_price": "1"}
ITEMS = "rules.0.condition.cart.items"
DAILY = {"week_frequency": 1, "week_days": ["Monday"], "daily_start_time": "01:00:00", "daily_end_time": "02:00:00"}
NO_SUCH: list[tuple[dict[str, Any], str]] = [
    ({"rules": []}, "rules"),
    ({"rules": [{}]}, "rules.0.action"),
    ({"rules": [TENTH] * 101}, "rules"),
    (action(), "rules.0.action"),
    (action(cart_value={"discount": PERCENT}, shipping={"zone_ids": "*"}), "rules.0.action"),
    (action(cart_value={}), "rules.0.action.cart_value.discount"),
    (action(cart_value={"discount": {}}), "rules.0.action.cart_value.discount"),
    (action(cart_value={"discount": {**PERCENT, "fixed_amount": "1"}}), "rules.0.action.cart_value.discount"),
    (action(cart_value={"discount": {"fixed_amount": "-1"}}), "rules.0.action.cart_value.discount.fixed_amount"),
    (action(cart_value={"discount": {"fixed_amount": "1e3"}}), "rules.0.action.cart_value.discount.fixed_amount"),
    (action(cart_value={"discount": {"fixed_amount": [1]}}), "rules.0.action.cart_value.discount.fixed_amount"),
    (
        action(cart_value={"discount": {"percentage_amount": "100.5"}}),
        "rules.0.action.cart_value.discount.percentage_amount",
    ),
    (
        action(cart_items={"discount": PERCENT, "maximum_allowed_discount_amount": "0.00"}),
        "rules.0.action.cart_items.maximum_allowed_discount_amount",
    ),
    (
        action(cart_items={"discount": PERCENT, "maximum_allowed_discount_amount": "10000001"}),
        "rules.0.action.cart_items.maximum_allowed_discount_amount",
    ),
    (action(cart_items={"discount": PERCENT, "add_free_item": True}), "rules.0.action.cart_items.add_free_item"),
    (action(cart_items={"discount": PERCENT, "items": {}}), "rules.0.action.cart_items.items"),
    (action(cart_items={"discount": PERCENT, "quantity": 0}), "rules.0.action.cart_items.quantity"),
    (action(cart_items={"discount": PERCENT, "strategy": "RANDOM"}), "rules.0.action.cart_items.strategy"),
    (action(gift_item={"quantity": 1}), "rules.0.action.gift_item"),
    (action(gift_item={"quantity": 1, "product_id": 1, "variant_id": 1}), "rules.0.action.gift_item"),
    (action(gift_item={"product_id": 1}), "rules.0.action.gift_item.quantity"),
    (action(fixed_price_set={"quantity": 2}), "rules.0.action.fixed_price_set.fixed_price"),
    (action(fixed_price_set={**SET, "items": {"or": []}}), "rules.0.action.fixed_price_set.items.or"),
    (action(shipping={}), "rules.0.action.shipping.zone_ids"),
    (action(shipping={"zone_ids": []}), "rules.0.action.shipping.zone_ids"),
    (action(shipping={"zone_ids": "1"}), "rules.0.action.shipping.zone_ids"),
    (action(shipping={"zone_ids": "*", "free_shipping": False}), "rules.0.action.shipping.free_shipping"),
    (condition({}), "rules.0.condition"),
    (condition({"cart": {}, "and": [{"cart": {}}]}), "rules.0.condition"),
    (condition({"and": [{}]}), "rules.0.condition.and.0.cart"),
    (condition({"cart": {"items": {"brands": [1]}}}), "rules.0.condition.cart"),
    (condition({"cart": {}}), "rules.0.condition.cart"),
    (condition({"cart": {"minimum_spendd": "100"}}), "rules.0.condition.cart"),
    (condition({"cart": {"items": None, "minimum_spend": None}}), "rules.0.condition.cart"),
    (condition({"and": [{"cart": {"minimum_spend": "1"}}, {"cart": {}}]}), "rules.0.condition.and.1.cart"),
    (condition({"and": []}), "rules.0.condition.and"),
    (matcher({}), ITEMS),
    (matcher({"brands": [1], "products": [1]}), ITEMS),
    (matcher({"brands": []}), f"{ITEMS}.brands"),
    (matcher({"brands": [0]}), f"{ITEMS}.brands.0"),
    (matcher({"not": {}}), f"{ITEMS}.not"),
    (matcher({"and": [{"brands": [1]}, {"or": [{"brands": [1]}, {}]}]}), f"{ITEMS}.and.1.or.1"),
    (matcher({"not": {"not": {"not": {"not": {"brands": [1]}}}}}), f"{ITEMS}.not.not.not"),
    (matcher({"product_option": {"type": "like", "name": "Color", "values": ["Red"]}}), f"{ITEMS}.product_option.type"),
    (matcher({"product_option": {**RED, "values": []}}), f"{ITEMS}.product_option.values"),
    (matcher({"and": [{"product_custom_field": {"name": "n", "values": ["v"]}}] * 11}), ITEMS),
    ({"customer": {"group_ids": [0], "excluded_group_ids": [0]}}, "customer.excluded_group_ids"),
    ({"customer": {"group_ids": [7]}}, "customer.group_ids"),
    ({"customer": {"segments": {}}}, "customer.segments"),
    ({"customer": {"segments": {"id": ["a"], "not": {"id": ["a"]}}}}, "customer.segments"),
    ({"customer": {"segments": {"and": [{"id": ["a"]}]}}}, "customer.segments.and"),
    ({"customer": {"segments": {"not": {"or": [{"id": ["a"]}, {}]}}}}, "customer.segments.not.or.1"),
    ({"shipping_address": {}}, "shipping_address"),
    ({"shipping_address": {"countries": NOWHERE}}, "shipping_address.countries.0.iso2_country_code"),
    (
        {"shipping_address": {"not": {"countries": [{"iso2_country_code": "ZZ"}]}}},
        "shipping_address.not.countries.0.iso2_country_code",
    ),
    ({"schedule": {"week_frequency": 1}}, "schedule.week_days"),
    ({"schedule": {**DAILY, "week_days": []}}, "schedule.week_days"),
    ({"schedule": {**DAILY, "week_days": ["monday"]}}, "schedule.week_days.0"),
    ({"schedule": {**DAILY, "daily_start_time": "24:00:00"}}, "schedule.daily_start_time"),
    ({"schedule": {**DAILY, "week_frequency": 0}}, "schedule.week_frequency"),
    ({"notifications": [{"content": "Hi", "locations": []}]}, "notifications.0.type"),
    ({"notifications": [{"content": "Hi", "type": "LOUD", "locations": []}]}, "notifications.0.type"),
    ({"channels": [{}]}, "channels.0.id"),
    ({"currency_code": "XXX"}, "currency_code"),
    ({"status": "INVALID"}, "status"),
    ({"status": "ON"}, "status"),
    ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, "end_date"),
    ({"start_date": "soon"}, "start_date"),
    ({"max_uses": -1}, "max_uses"),
    ({"name": " "}, "name"),
    ({"redemption_type": "MANUAL"}, "redemption_type"),
    ({"coupon_type": "BULK"}, "coupon_type"),
    ({"coupon_overrides_other_promotions": True}, "coupon_overrides_other_promotions"),
    ({"codes": {"code": "TEN"}}, "codes"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "field"), NO_SUCH)
def test_a_form_that_is_not_published_is_refused_by_name(shop: Shop, members: dict[str, Any], field: str) -> None:
    """422, which names the member that is wrong, however deep it lies; a PUT is refused alike, and changes nothing."""
    refused = shop.post(PATH, {**AUTO, **members})
    assert refused.status == 422, refused.body
    assert field in refused.json["errors"], refused.json
    kept = make(shop, AUTO)
    before = shop.get(f"{PATH}/{kept}").body
    if "redemption_type" not in members:  # which only a new promotion takes
        assert shop.put(f"{PATH}/{kept}", members).status == 422
    assert (shop.get(f"{PATH}/{kept}").body, shop.rows("promotions")) == (before, 1)


def test_a_condition_that_says_nothing_and_was_kept_can_still_be_switched_off(shop: Shop) -> None:
    """What an older version took: its rules stay as they are until others are sent."""
    kept = make(shop, AUTO)

    async def blur(unit: Unit) -> None:
        row = await unit.get(TABLE, kept)
        (rule,) = row.entity.rules
        always = structs.replace(rule, condition=Condition(cart=Cart()))
        doc, _ = TABLE.encode(structs.replace(row.entity, rules=[always]))
        await unit.tx.run("UPDATE promotions SET doc = $1 WHERE id = $2", doc, kept)

    shop.write(blur)
    assert shop.put(f"{PATH}/{kept}", {"status": "DISABLED"}).data["rules"][0]["condition"] == {"cart": {}}
    again = shop.put(f"{PATH}/{kept}", {"rules": [{**TENTH, "apply_once": False, "condition": {"cart": {}}}]})
    assert list(again.json["errors"]) == ["rules.0.condition.cart"]


def test_what_an_action_gives_or_where_it_sends_is_there(shop: Shop) -> None:
    """Rule 44: of a POST and of a PUT; what went after it was named stays named."""
    gloves = shop.product("Gloves", price=5)
    zones(shop, 1)
    right = [
        {"action": {"gift_item": {"quantity": 1, "product_id": gloves}}, "apply_once": True},
        {"action": {"gift_item": {"quantity": 1, "variant_id": 1}}, "apply_once": True},
        {"action": {"shipping": {"zone_ids": [1]}}, "apply_once": True},
    ]
    kept = make(shop, AUTO, rules=right)
    for place, form, field in (
        (0, {"gift_item": {"quantity": 1, "product_id": 99}}, "gift_item.product_id"),
        (1, {"gift_item": {"quantity": 1, "variant_id": 99}}, "gift_item.variant_id"),
        (2, {"shipping": {"zone_ids": [1, 99]}}, "shipping.zone_ids"),
    ):
        rules = [*right[:place], {"action": form}, *right[place + 1 :]]
        for refused in (shop.post(PATH, {**AUTO, "rules": rules}), shop.put(f"{PATH}/{kept}", {"rules": rules})):
            assert (refused.status, refused.reason) == (409, "DANGLING_REFERENCE")
            assert list(refused.json["errors"]) == [f"rules.{place}.action.{field}"]
            assert refused.json["details"]["missing_ids"] == [99]
    assert shop.get(f"{PATH}/{kept}").data["rules"] == right
    assert shop.rows("promotions") == 1
    assert shop.delete(f"/v3/catalog/products/{gloves}").status == 204
    assert shop.delete("/v2/shipping/zones/1").status == 204
    more = [*right, {**TENTH, "apply_once": True}]
    assert shop.put(f"{PATH}/{kept}", {"rules": more}).data["rules"] == more


def test_several_faults_are_told_at_once(shop: Shop) -> None:
    """Rule 21: every one that is of the right type."""
    rules = [{"action": {}}, {"action": {"gift_item": {"quantity": 1}}, "condition": {}}]
    refused = shop.post(PATH, {**AUTO, "rules": rules, "schedule": {**DAILY, "week_days": []}})
    assert set(refused.json["errors"]) == {
        "rules.0.action", "rules.1.action.gift_item", "rules.1.condition", "schedule.week_days"
    }  # fmt: skip


def test_coupons_that_override(shop: Shop) -> None:
    """Only one that is alone has something to override; what says false may always be sent."""
    both = ("coupon_overrides_other_promotions", "coupon_overrides_automatic_when_offering_higher_discounts")
    for name in both:
        assert name in shop.post(PATH, {**COUPON, name: True}).json["errors"]
        made = shop.post(PATH, {**COUPON, name: True, "can_be_used_with_other_promotions": False})
        assert made.data[name] is True
        again = shop.put(f"{PATH}/{made.data['id']}", {"can_be_used_with_other_promotions": True})
        assert name in again.json["errors"]
        assert shop.post(PATH, {**AUTO, name: False}).status == 201
    assert shop.post(PATH, COUPON).data["coupon_overrides_other_promotions"] is False


def test_a_promotion_is_changed_in_part_and_sent_back_whole(shop: Shop) -> None:
    """What the body leaves out stays, what is read-only is passed over, and the coupon type does not change."""
    kept = make(shop, COUPON, codes={"code": "TEN"})
    shown = shop.get(f"{PATH}/{kept}").data
    assert shop.put(f"{PATH}/{kept}", shown).data == shown
    changed = shop.put(
        f"{PATH}/{kept}", {"name": "Half", "current_uses": 7, "redemption_type": "AUTOMATIC", "id": 9}
    ).data
    assert changed == {**shown, "name": "Half"}
    assert shop.put(f"{PATH}/{kept}", {"coupon_type": "BULK"}).json["errors"].keys() == {"coupon_type"}
    assert shop.put(f"{PATH}/999", {"name": "Half"}).status == 404


def test_the_code_of_a_single_coupon_stands_in_its_promotion(shop: Shop) -> None:
    """Made and changed with it; the first of several is shown."""
    kept = make(shop, COUPON, codes={"code": "TEN", "max_uses": 3})
    assert (
        shop.put(f"{PATH}/{kept}", {"codes": {"max_uses_per_customer": 1}}).data["codes"]["max_uses_per_customer"] == 1
    )
    more = shop.post(f"{PATH}/{kept}/codes", {"code": "TEN-MORE"})
    assert (more.status, more.data["max_uses"], more.data["current_uses"]) == (201, 0, 0)
    shown = shop.get(f"{PATH}/{kept}").data
    assert (shown["codes"]["code"], shown["codes"]["max_uses"]) == ("TEN", 3)
    assert shown["multiple_codes"] == {"has_multiple_codes": True}
    assert shop.delete(f"{PATH}/{kept}/codes/{shown['codes']['id']}").status == 204
    shown = shop.get(f"{PATH}/{kept}").data
    assert (shown["codes"], shown["multiple_codes"]) == (more.data, {"has_multiple_codes": False})
    assert shop.delete(f"{PATH}/codes?code=ten-more").status == 204
    assert "codes" not in shop.get(f"{PATH}/{kept}").data
    assert shop.put(f"{PATH}/{kept}", {"codes": {"max_uses": 1}}).json["errors"].keys() == {"codes.code"}


CODES: list[tuple[Any, int]] = [
    ({"code": "Ab 1_-"}, 201), ({"code": "x" * 50}, 201), ({"code": "x" * 51}, 422), ({"code": "a!"}, 422),
    ({"code": " "}, 422), ({}, 422), ({"code": "A", "max_uses": -1}, 422), ({"code": "TEN"}, 409),
    ({"code": "ten"}, 409),
    ({"code": "V2"}, 409), ({"code": "v2"}, 409),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), CODES)
def test_a_code_is_unique_and_not_too_long(shop: Shop, body: Any, status: int) -> None:
    """Rule 115: over the whole store, coupons of V2 included, whatever the case."""
    kept = make(shop, COUPON, codes={"code": "TEN"})
    v2 = {"name": "A", "code": "V2", "type": "free_shipping", "amount": "0"}
    assert shop.post("/v2/coupons", {**v2, "applies_to": {"entity": "categories", "ids": [0]}}).status == 201
    assert shop.post(f"{PATH}/{kept}/codes", body).status == status


def test_codes_are_listed_found_and_deleted(shop: Shop) -> None:
    """By pages and cursors, of one promotion or of all; what is not there is as good as deleted."""
    kept, other = make(shop, COUPON), make(shop, COUPON)
    for number in range(5):
        assert shop.post(f"{PATH}/{kept}/codes", {"code": f"C{number}"}).status == 201
    shop.post(f"{PATH}/{other}/codes", {"code": "OTHER"})
    listed = shop.get(f"{PATH}/{kept}/codes?limit=2").json
    after = listed["meta"]["cursor_pagination"]["end_cursor"]
    assert [one["code"] for one in listed["data"]] == ["C0", "C1"]
    assert [one["code"] for one in shop.get(f"{PATH}/{kept}/codes?limit=2&after={after}").data] == ["C2", "C3"]
    assert [one["code"] for one in shop.get(f"{PATH}/{kept}/codes?code=c4").data] == ["C4"]
    assert [one["code"] for one in shop.get(f"{PATH}/codes?code=other").data] == ["OTHER"]
    assert shop.get(f"{PATH}/codes").status == 422
    assert shop.get(f"{PATH}/{kept}/codes?code:like=c").status == 422
    ids = [one["id"] for one in shop.get(f"{PATH}/{kept}/codes").data]
    assert shop.delete(f"{PATH}/{kept}/codes").reason == "FILTER_REQUIRED"
    assert shop.delete(f"{PATH}/codes").reason == "FILTER_REQUIRED"
    assert shop.delete(f"{PATH}/{kept}/codes?id:in={','.join(map(str, range(251)))}").status == 422
    assert shop.delete(f"{PATH}/{other}/codes?id:in={ids[0]}").status == 204
    assert len(shop.get(f"{PATH}/{kept}/codes").data) == 5
    assert shop.delete(f"{PATH}/{kept}/codes?id:in={ids[0]},{ids[1]},999").status == 204
    assert shop.delete(f"{PATH}/{kept}/codes?code=C2").status == 204
    assert shop.delete(f"{PATH}/{kept}/codes/999").status == 204
    assert shop.delete(f"{PATH}/codes?code=nobody").status == 204
    assert [one["code"] for one in shop.get(f"{PATH}/{kept}/codes").data] == ["C3", "C4"]
    assert shop.get(f"{PATH}/999/codes").status == 404


def test_a_promotion_of_another_kind_has_no_codes(shop: Shop) -> None:
    """An automatic one takes none."""
    assert shop.post(f"{PATH}/{make(shop, AUTO)}/codes", {"code": "TEN"}).json["errors"].keys() == {"code"}


BATCHES: list[tuple[dict[str, Any], str]] = [
    ({}, r"[A-Z0-9]{16}"),
    ({"code_length": 6}, r"[A-Z0-9]{6}"),
    ({"prefix": "PRE", "suffix": "POST", "delimiter": "_", "code_length": 8}, r"PRE_[A-Z0-9]{8}_POST"),
    ({"prefix": "P-", "code_length": 7}, r"P-[A-Z0-9]{7}"),
    ({"delimiter": "-"}, r"[A-Z0-9]{16}"),
    ({"exclude_characters": list("ABCDEFGHIJKLMNOPQRSTUVWXYZ01")}, r"[2-9]{16}"),
]


@pytest.mark.parametrize(("form", "pattern"), BATCHES)
def test_codes_by_the_batch(shop: Shop, form: dict[str, Any], pattern: str) -> None:
    """Rule 115: random codes of the form that was asked for, each of which can be redeemed once unless it says more."""
    kept = make(shop, BULK)
    made = shop.post(f"{PATH}/{kept}/codegen", {"batch_size": 20, **form})
    assert (made.status, made.data["batch_size"], made.data["max_uses"]) == (201, 20, 1)
    codes = [one["code"] for one in made.data["codes"]]
    assert len(set(codes)) == 20
    assert all(re.fullmatch(pattern, code) for code in codes), codes
    listed = shop.get(f"{PATH}/{kept}/codes").data
    assert [(one["code"], one["max_uses"], one["max_uses_per_customer"]) for one in listed] == [
        (c, 1, 1) for c in codes
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"batch_size": 251}, {"batch_size": 0}, {"batch_size": "5"}, {"batch_size": None}, {"code_length": 5},
        {"code_length": 17}, {"prefix": "a"}, {"prefix": "A" * 21}, {"suffix": "!"}, {"delimiter": "+"},
        {"delimiter": "--"}, {"exclude_characters": ["AB"]}, {"exclude_characters": ["a"]},
        {"prefix": "A" * 20, "suffix": "B" * 20, "code_length": 11},
        {"exclude_characters": list("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345678")}, {"max_uses": 100_001},
        {"max_uses_per_customer": -1},
    ],
)  # fmt: skip
def test_a_batch_that_cannot_be_made(shop: Shop, form: dict[str, Any]) -> None:
    """Rule 115: at most 250 codes, of 6 to 16 random characters, of 50 with what is around them."""
    kept = make(shop, BULK)
    assert shop.post(f"{PATH}/{kept}/codegen", {"batch_size": 2, **form}).status == 422
    assert shop.post(f"{PATH}/{kept}/codegen", {}).status == 422
    assert shop.rows("coupons") == 0


def test_batches_are_for_bulk_promotions_only(shop: Shop) -> None:
    """Rule 115: 405 for others, and the largest batch for these."""
    for body in (COUPON, AUTO):
        refused = shop.post(f"{PATH}/{make(shop, body)}/codegen", {"batch_size": 2})
        assert (refused.status, refused.headers["allow"]) == (405, "OPTIONS")
    assert shop.post(f"{PATH}/{make(shop, BULK)}/codegen", {"batch_size": 250}).data["batch_size"] == 250
    assert shop.post(f"{PATH}/999/codegen", {"batch_size": 2}).status == 404


def test_a_promotion_with_codes_stays(shop: Shop) -> None:
    """Rules 22 and 115: a list of ids is needed; of several, those without codes go, and the rest is told."""
    plain, coded, other = make(shop, AUTO), make(shop, COUPON, codes={"code": "TEN"}), make(shop, AUTO)
    assert shop.delete(PATH).status == 422
    assert shop.delete(f"{PATH}?id:in=").status == 422
    assert shop.delete(f"{PATH}?name=Ten").status == 422
    assert shop.delete(f"{PATH}?id:in={','.join(map(str, range(51)))}").status == 422
    assert shop.delete(f"{PATH}/{coded}").reason == "CODES_ATTACHED"
    refused = shop.delete(f"{PATH}?id:in={plain},{coded},{other},999")
    assert (refused.status, refused.json["meta"]) == (422, {"total": 3, "success": 2, "failed": 1})
    assert [list(one["errors"]) for one in refused.json["errors"]] == [[str(coded)]]
    assert [one["id"] for one in shop.get(PATH).data] == [coded]
    assert shop.delete(f"{PATH}/{coded}/codes?code=TEN").status == 204
    assert shop.delete(f"{PATH}?id:in={coded}").status == 204
    assert shop.delete(f"{PATH}/{coded}").status == 204


def test_the_codes_are_coupons_of_v2_that_say_little(shop: Shop) -> None:
    """Rule 105: of type promotion, with dummy values; deleting one leaves its promotion."""
    kept = make(shop, COUPON, codes={"code": "TEN", "max_uses": 3})
    [shown] = shop.get("/v2/coupons?type=promotion").json
    expected = {"name": "Ten by coupon", "code": "TEN", "type": "promotion", "amount": "0.0000", "max_uses": 3}
    assert {name: shown[name] for name in expected} == expected
    assert shop.get("/v2/coupons?exclude_type=promotion").status == 204
    changed = shop.put(f"/v2/coupons/{shown['id']}", {"amount": "5", "code": "ELEVEN", "enabled": False}).json
    assert (changed["amount"], changed["code"], changed["enabled"]) == ("0.0000", "ELEVEN", False)
    assert shop.get(f"{PATH}/{kept}").data["codes"]["code"] == "ELEVEN"
    assert shop.delete(f"/v2/coupons/{shown['id']}").status == 204
    assert "codes" not in shop.get(f"{PATH}/{kept}").data


LISTED: list[tuple[str, list[int]]] = [
    ("", [1, 2, 3, 4]),
    ("?id=2", [2]),
    ("?name=BEST", [2]),
    ("?code=ten", [3]),
    ("?code=none", []),
    ("?currency_code=*", [4]),
    ("?redemption_type=coupon", [3]),
    ("?redemption_type=AUTOMATIC&status=disabled", [2]),
    ("?channels=1", [1, 2, 3, 4]),
    ("?channels=2", [2, 3, 4]),
    ("?query=es", [2]),
    ("?query=TE", [3]),
    ("?sort=name", [2, 4, 1, 3]),
    ("?sort=start_date&direction=desc&limit=1", [4]),
    ("?sort=priority&direction=desc", [4, 3, 2, 1]),
    ("?limit=2&page=2", [3, 4]),
]


@pytest.mark.parametrize(("query", "ids"), LISTED)
def test_a_list_of_promotions(shop: Shop, query: str, ids: list[int]) -> None:
    """By what is published, and by nothing else; one for all channels is for each."""
    channel = {"name": "App", "type": "storefront", "platform": "custom"}
    assert shop.post("/v3/channels", channel).data["id"] == 2
    make(shop, AUTO, name="Early", channels=[{"id": 1}])
    make(shop, AUTO, name="Best", status="DISABLED")
    make(shop, COUPON, name="Late", codes={"code": "TEN"})
    make(shop, AUTO, name="Dear", currency_code="*", start_date="2040-01-01")
    assert [one["id"] for one in shop.get(PATH + query).data] == ids


@pytest.mark.parametrize(
    "query", ["?name:like=a", "?id:in=1", "?status=ON", "?redemption_type=x", "?sort=status", "?a=b"]
)
def test_a_query_that_is_not_published(shop: Shop, query: str) -> None:
    """422."""
    assert shop.get(PATH + query).status == 422


def test_a_channel_or_currency_that_does_not_exist(shop: Shop) -> None:
    """A conflict, as with all references."""
    assert shop.post(PATH, {**AUTO, "channels": [{"id": 9}]}).reason == "DANGLING_REFERENCE"


def test_the_settings_of_the_store(shop: Shop) -> None:
    """All of them at once; the engine reads what is set."""
    usual = {
        "promotions_apply_on_products_with_custom_product_price": False,
        "promotions_triggered_by_products_with_zero_product_price": False,
        "number_of_coupons_allowed_at_checkout": 1,
        "promotions_applied_on_original_product_price": True,
    }
    assert shop.get(f"{PATH}/settings").json == usual
    wanted = {**dict.fromkeys(usual, True), "number_of_coupons_allowed_at_checkout": 5}
    assert shop.put(f"{PATH}/settings", wanted).json == wanted
    assert shop.get(f"{PATH}/settings").json == wanted
    assert shop.read(policy_of) == PromotionPolicy(True, True, 5, True)
    for wrong in ({"number_of_coupons_allowed_at_checkout": 6}, {"promotions_applied_on_original_product_price": "x"}):
        assert shop.put(f"{PATH}/settings", {**wanted, **wrong}).json["errors"].keys() == wrong.keys()
    assert shop.put(f"{PATH}/settings", {}).json["errors"].keys() == usual.keys()


def test_scopes(shop: Shop) -> None:
    """Marketing lets one write, its read-only twin read."""
    reading, none = shop.account("store_v2_marketing_read_only"), shop.account("store_v2_products")
    kept = make(shop, COUPON, codes={"code": "TEN"})
    for path in (PATH, f"{PATH}/{kept}", f"{PATH}/{kept}/codes", f"{PATH}/codes?code=TEN", f"{PATH}/settings"):
        assert shop.get(path, token=reading).status == 200
        assert shop.get(path, token=none).status == 403
    for path in (PATH, f"{PATH}/{kept}/codes", f"{PATH}/{kept}/codegen"):
        assert shop.post(path, {}, token=reading).status == 403


def running(shop: Shop, now: int, **more: Any) -> list[Promotion]:
    where = {"channel_id": 1, "currency": "USD", **more}
    found: tuple[Promotion, ...] = shop.read(lambda tx: candidates(tx, now=now, **where))
    return list(found)


def test_the_candidates_are_those_that_may_apply(shop: Shop) -> None:
    """By status, dates, channel and currency; what is not over yet and has begun, in the order of their priority."""
    shop.freeze(1_800_000_000)
    channels = [
        shop.post("/v3/channels", {"name": name, "type": "storefront", "platform": "custom"}).data["id"]
        for name in "AB"
    ]
    second, third = channels
    make(shop, AUTO, name="all")
    make(shop, AUTO, name="off", status="DISABLED")
    make(shop, AUTO, name="over", start_date=moment(1_799_000_000), end_date=moment(1_800_000_000))
    make(shop, AUTO, name="not over", end_date=moment(1_800_000_001))
    make(shop, AUTO, name="later", start_date=moment(1_800_000_001))
    make(shop, AUTO, name="second", channels=[{"id": second}], currency_code="*")
    make(shop, AUTO, name="two", channels=[{"id": second}, {"id": third}])
    make(shop, AUTO, name="every", currency_code="*")
    make(shop, COUPON, name="coupon", codes={"code": "TEN"})
    now = 1_800_000_000
    assert [one.name for one in running(shop, now)] == ["all", "not over", "every"]
    assert [one.name for one in running(shop, now + 1)] == ["all", "later", "every"]
    assert [one.name for one in running(shop, now, channel_id=second)] == ["all", "not over", "second", "two", "every"]
    assert [one.name for one in running(shop, now, channel_id=third)] == ["all", "not over", "two", "every"]
    assert [one.name for one in running(shop, now, currency="EUR")] == ["every"]
    assert [one.name for one in running(shop, now, currency="EUR", codes=["ten", "none"])] == ["every", "coupon"]
    assert shop.put(f"{PATH}/1", {"status": "DISABLED"}).status == 200
    assert [one.name for one in running(shop, now)] == ["not over", "every"]


def test_an_entered_code_is_looked_for_among_all_coupons(shop: Shop) -> None:
    """Codes of promotions, and coupons of V2, with their uses."""
    make(shop, COUPON, codes={"code": "TEN", "max_uses": 3}, display_name="A tenth")
    v2 = {"name": "A", "code": "V2", "type": "per_item_discount", "amount": "2.5", "max_uses_per_customer": 2}
    shop.post("/v2/coupons", {**v2, "applies_to": {"entity": "categories", "ids": [0]}})
    jane = shopper_key(7, "jane@example.com")

    async def twice(unit: Unit) -> None:
        await redeem(unit, [Used(1, "ten")], jane)
        await redeem(unit, [Used(2, "v2")], jane)

    shop.write(twice)
    found = shop.read(lambda tx: redeemable(tx, ["v2", "TEN", "NONE"], jane))
    codes = {one.name: (one.codes[0].code, one.codes[0].uses, one.codes[0].uses_by_shopper) for one in found}
    assert codes == {"A tenth": ("TEN", 1, 1), "A": ("V2", 1, 1)}
    others = shop.read(lambda tx: redeemable(tx, ["V2"], shopper_key(0, "joe@example.com")))
    assert [one.codes[0].uses_by_shopper for one in others] == [0]
    assert others[0].rules[0].action.off.fixed == Decimal("2.5")  # type: ignore[union-attr]
    assert shop.get(f"{PATH}/1").data["current_uses"] == 1
    assert shop.get(f"{PATH}/1").data["codes"]["current_uses"] == 1
    assert shop.get("/v2/coupons/2").json["num_uses"] == 1


def at_once(shop: Shop, times: int, used: Used, shopper: str = "") -> int:
    """How many of so many redemptions at once are counted."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None

    async def one(unit: Unit) -> bool:
        try:
            async with unit.tx.savepoint():
                await redeem(unit, [used], shopper)
        except Refusal:
            return False
        return True

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(store.write(one) for _ in range(times)))

    return sum(shop.server.run(all_of_them()))


def test_no_limit_is_passed_by_fifty_at_once(shop: Shop) -> None:
    """Of a promotion, of a code, of a code by one shopper; `max_uses` 10 with 50 at once gives 10."""
    automatic = make(shop, AUTO, max_uses=10)
    assert at_once(shop, 50, Used(automatic)) == 10
    assert shop.get(f"{PATH}/{automatic}").data["current_uses"] == 10
    coded = make(shop, COUPON, codes={"code": "TEN", "max_uses": 10})
    assert at_once(shop, 50, Used(coded, "TEN")) == 10
    capped = make(shop, COUPON, max_uses=4, codes={"code": "FOUR", "max_uses": 10})
    assert at_once(shop, 50, Used(capped, "FOUR")) == 4
    own = make(shop, COUPON, codes={"code": "OWN", "max_uses_per_customer": 2})
    assert at_once(shop, 20, Used(own, "OWN"), shopper_key(1)) == 2
    assert at_once(shop, 20, Used(own, "OWN"), shopper_key(0, "Joe@Example.com")) == 2
    assert at_once(shop, 1, Used(own, "OWN"), shopper_key(0, "joe@example.com")) == 0
    shown = {
        one["id"]: (one["current_uses"], one["codes"]["current_uses"])
        for one in shop.get(f"{PATH}?redemption_type=coupon").data
    }
    assert shown == {coded: (10, 10), capped: (4, 4), own: (4, 4)}


def test_a_redemption_that_is_refused_counts_nothing(shop: Shop) -> None:
    """The whole order is undone; the refusal names the code."""
    first = make(shop, COUPON, codes={"code": "ONE", "max_uses": 1})
    at_once(shop, 1, Used(first, "ONE"))
    second = make(shop, COUPON, codes={"code": "TWO"})

    async def both(unit: Unit) -> None:
        await redeem(unit, [Used(second, "TWO"), Used(first, "ONE"), Used(0, "GONE")], "")

    with pytest.raises(Refusal) as refused:
        shop.write(both)
    assert [fault.details["code"] for fault in refused.value.faults] == ["ONE", "GONE"]
    assert shop.get(f"{PATH}/{second}").data["current_uses"] == 0


def test_what_cannot_apply_is_not_read(shop: Shop) -> None:
    """The plan of the statement: an index on what tells the promotions of a channel that are not over."""
    made: list[Reply] = [shop.post(PATH, AUTO) for _ in range(3)]
    assert all(reply.status == 201 for reply in made)
    if shop.server.backend.__class__.__name__.startswith("Sqlite"):
        from bodega.resources.marketing.promotions.candidates import _RUNNING

        values = ["*:*", "*:USD", "1:*", "1:USD", "~:*", "~:USD", moment(1), 1]
        plan = [row[3] for row in shop.select(f"EXPLAIN QUERY PLAN {_RUNNING}", *values)]
        assert sum("promotions_running (lane=? AND ends>?)" in step for step in plan) == 2, plan
        assert not any(step.startswith("SCAN") for step in plan), plan


def test_a_cart_gets_what_promotions_give(shop: Shop) -> None:
    """From what clients send to what a cart owes: facts of products, a gift, a code, its use counted by the order."""
    saw = shop.product("Saw", price=20, brand_id=shop.brand("Acme"), categories=[shop.category("Tools")], sku="SAW")
    gift = shop.product("Gloves", price=5, sku="GLOVES")
    shop.post(f"/v3/catalog/products/{saw}/custom-fields", {"name": "ISBN", "value": "1"})
    isbn = {"product_custom_field": {"name": "ISBN", "values": ["1"]}}
    some = {"and": [isbn, {"brands": [1]}, {"not": {"categories": [999]}}]}
    dollar = {"action": {"cart_items": {"discount": {"fixed_amount": "1"}, "items": some}}}
    given = {
        "action": {"gift_item": {"quantity": 1, "product_id": gift}},
        "condition": {"cart": {"minimum_spend": "30"}},
    }
    make(shop, AUTO, rules=[dollar])
    make(shop, AUTO, rules=[given])
    make(shop, COUPON, codes={"code": "TEN", "max_uses": 1})
    cart = shop.post("/v3/carts", {"channel_id": 1, "line_items": [{"product_id": saw, "quantity": 2}]}).data
    items = cart["line_items"]["physical_items"]
    assert [(item["product_id"], item["added_by_promotion"]) for item in items] == [(saw, False), (gift, True)]
    assert (cart["base_amount"], cart["discount_amount"], cart["cart_amount"]) == (45, 7, 38)
    coupons = f"/v3/checkouts/{cart['id']}/coupons"
    assert shop.post(coupons, {"coupon_code": "ten"}).data["grand_total"] == 34
    assert shop.get(f"{PATH}/3").data["current_uses"] == 0, "only an order counts"


def test_checkouts_at_once_redeem_a_code_as_often_as_it_can_be(shop: Shop) -> None:
    """Each cart has the code; four become orders with the discount, and the rest are told which code keeps them."""
    song = shop.product("Song", type="digital", price=20)
    make(shop, COUPON, codes={"code": "TEN", "max_uses": 4})
    home = {"first_name": "J", "last_name": "D", "address1": "1", "city": "Austin", "country_code": "US"}
    carts = []
    for number in range(12):
        cart = shop.post("/v3/carts", {"line_items": [{"product_id": song, "quantity": 1}]}).data["id"]
        assert shop.post(f"/v3/checkouts/{cart}/coupons", {"coupon_code": "TEN"}).status == 200
        body = {**home, "email": f"j{number}@example.com", "state_or_province": "Texas", "postal_code": "78701"}
        assert shop.post(f"/v3/checkouts/{cart}/billing-address", body).status == 200
        carts.append(cart)

    async def place() -> list[Reply]:
        return await asyncio.gather(*(ask(shop, "POST", f"/v3/checkouts/{cart}/orders", None) for cart in carts))

    replies = shop.server.run(place())
    refused = [reply for reply in replies if reply.status == 422]
    assert (len(replies), len(refused)) == (12, 8)
    assert {tuple(reply.json["errors"]) for reply in refused} == {("coupon_code",)}
    orders = shop.get("/v2/orders").json
    assert [(one["total_inc_tax"], one["coupon_discount"]) for one in orders] == [("18.0000", "2.0000")] * 4
    assert shop.get(f"{PATH}/1").data["codes"]["current_uses"] == 4


def test_amounts_may_be_numbers_and_are_shown_as_text(shop: Shop) -> None:
    """Published as text; clients send numbers, and the hosted API takes them."""
    action = {"cart_items": {"discount": {"fixed_amount": 12.5}, "maximum_allowed_discount_amount": 20}}
    rule = {"action": action, "condition": {"cart": {"minimum_spend": 100}}}
    made = shop.post("/v3/promotions", {"name": "Numbers", "redemption_type": "AUTOMATIC", "rules": [rule]})
    assert made.status == 201, made.body
    (shown,) = made.data["rules"]
    assert shown["action"]["cart_items"]["discount"] == {"fixed_amount": "12.5"}
    assert shown["action"]["cart_items"]["maximum_allowed_discount_amount"] == "20"
    assert shown["condition"]["cart"]["minimum_spend"] == "100"
    for wrong in (-1, 1e10, 1e-11, True, [1]):
        bad = {**rule, "action": {"cart_value": {"discount": {"percentage_amount": wrong}}}}
        assert shop.post("/v3/promotions", {"name": "X", "redemption_type": "AUTOMATIC", "rules": [bad]}).status == 422
