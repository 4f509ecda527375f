"""Promotions in the panel: the API's rules and words, through forms."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.panel.promotions import said
from panel import base, signed_in
from replies.promotions import EVERY_RULE, OTHERS
from shop import Shop
from test_panel_catalogue import message, new_id

TEN: dict[str, str] = {"name": "Ten", "kind": "automatic", "given": "percentage", "value": "10"}


def test_a_promotion_is_made_switched_changed_and_deleted(shop: Shop) -> None:
    """An automatic one, with a condition."""
    browser = signed_in(shop)
    assert "for less" in browser.get(f"{base(shop)}/promotions").text
    form = browser.get(f"{base(shop)}/promotions/new")
    wrong = browser.post(form, "/promotions", **{**TEN, "value": "ten", "minimum_spend": "much"})
    assert wrong.status == 422
    assert "must be" in wrong.text
    key = new_id(browser.post(form, "/promotions", **TEN, minimum_spend="50"))
    assert shop.get(f"/v3/promotions/{key}").data["rules"] == [
        {
            "action": {"cart_value": {"discount": {"percentage_amount": "10"}}},
            "apply_once": True,
            "condition": {"cart": {"minimum_spend": "50"}},
        }
    ]
    here = f"/promotions/{key}"
    page = browser.get(base(shop) + here)
    assert "10% off the cart, if 50 is spent" in page.text
    assert browser.post(page, here).header("location").endswith("done=unchanged")
    saved = browser.post(page, here, display_name="A tenth off", max_uses="7")
    assert saved.header("location").endswith("done=saved"), message(saved)
    assert browser.post(browser.get(base(shop) + here), here, name="").status == 422
    for word, status in (("disabled", "DISABLED"), ("enabled", "ENABLED")):
        done = browser.post(browser.get(base(shop) + here), f"{here}/status")
        assert done.header("location").endswith(f"done={word}")
        assert shop.get(f"/v3/promotions/{key}").data["status"] == status
    assert "A tenth off" in browser.get(base(shop) + here).text
    assert "Ten" in browser.get(f"{base(shop)}/promotions?q=te").text
    assert "None has" in browser.get(f"{base(shop)}/promotions?q=xyz").text
    gone = browser.post(browser.get(base(shop) + here), f"{here}/delete")
    assert gone.header("location").endswith("/promotions?done=deleted"), message(gone)
    assert shop.get("/v3/promotions").data == []


def test_codes_are_added_made_and_deleted(shop: Shop) -> None:
    """Of a promotion with one, and of one with many."""
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/promotions/new")
    assert browser.post(form, "/promotions", **{**TEN, "kind": "single", "code": "!"}).status == 422
    single = new_id(browser.post(form, "/promotions", **{**TEN, "kind": "single", "code": "TEN", "given": "amount"}))
    here = f"/promotions/{single}"
    page = browser.get(base(shop) + here)
    assert browser.post(page, f"{here}/codes", **{"code.code": "ten"}).status == 422
    added = browser.post(page, f"{here}/codes", **{"code.code": "MORE", "code.max_uses": "3"})
    assert added.header("location").endswith("done=coded"), message(added)
    assert "MORE" in browser.get(base(shop) + here).text
    refused = browser.post(page, f"{here}/delete")
    assert (refused.status, "still has codes" in refused.text) == (422, True)
    first = shop.get(f"/v3/promotions/{single}/codes").data[0]["id"]
    assert browser.post(page, f"{here}/codes/{first}/delete").header("location").endswith("done=uncoded")
    free = {**TEN, "kind": "bulk", "given": "shipping", "value": ""}
    bulk = new_id(browser.post(form, "/promotions", **free))
    here = f"/promotions/{bulk}"
    page = browser.get(base(shop) + here)
    assert "free shipping" in page.text
    assert browser.post(page, f"{here}/batch", **{"batch.batch_size": "251"}).status == 422
    made = browser.post(page, f"{here}/batch", **{"batch.batch_size": "60", "batch.prefix": "P-"})
    assert made.header("location").endswith("done=generated"), message(made)
    assert len(shop.get(f"/v3/promotions/{bulk}/codes?limit=250").data) == 60
    assert "page=2" in browser.get(base(shop) + here).text
    assert "MORE" in browser.get(f"{base(shop)}/promotions").text


BOTH = {"and": [{"brands": [1]}, {"not": {"products": [2]}}]}
WORDS: list[tuple[Any, str]] = [
    (
        {"cart_value": {"discount": {"fixed_amount": "5"}, "maximum_allowed_discount_amount": "9"}},
        "5 off the cart, at most 9",
    ),
    ({"cart_items": {"discount": {"percentage_amount": "5"}, "quantity": 2}}, "5% off 2 of all items"),
    ({"gift_item": {"quantity": 1, "product_id": 7}}, "1 of product 7 for nothing"),
    ({"gift_item": {"quantity": 1, "variant_id": 7}}, "1 of variant 7 for nothing"),
    ({"fixed_price_set": {"quantity": 3, "fixed_price": "20", "items": {"brands": [1, 2]}}}, "3 of brands 1, 2 for 20"),
    ({"shipping": {"zone_ids": [1, 2]}}, "free shipping to zones 1, 2"),
    (
        {"cart_items": {"discount": {"percentage_amount": "5"}, "items": BOTH}},
        "5% off (brands 1 and not products 2)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("action", "words"), WORDS)
def test_a_rule_in_words(action: Any, words: str) -> None:
    """Of each kind."""
    assert said({"action": action}) == words
    two = {"cart": {"items": {"products": [1]}, "minimum_quantity": 2}}
    repeated = {"action": action, "condition": two, "apply_once": False}
    assert said(repeated) == f"{words}, if there are 2 of products 1, as often as that is met"


def test_every_rule_has_words() -> None:
    """Whatever is published."""
    assert all(said(rule) for rule in [*EVERY_RULE, *OTHERS])
