"""Price lists, their records and assignments (V3), on both databases (rule 114)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

LISTS = "/v3/pricelists"
ASSIGNED = f"{LISTS}/assignments"


@pytest.fixture
def goods(shop: Shop) -> Shop:
    """Three products at 10, 20 and 30 with a base variant each, two groups, and the list Wholesale."""
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place, sku=f"S{place}")
    for name in ("Trade", "Friends"):
        assert shop.post("/v2/customer_groups", {"name": name}).status == 200
    assert shop.post(LISTS, {"name": "Wholesale"}).status == 200
    return shop


def record(variant: int, price: float, **more: Any) -> dict[str, Any]:
    """A record of a body."""
    return {"variant_id": variant, "currency": "USD", "price": price, **more}


def priced(shop: Shop, product: int, quantity: int = 1, **cart: Any) -> Any:
    """What a piece costs in a cart."""
    made = shop.post("/v3/carts", {"line_items": [{"product_id": product, "quantity": quantity}], **cart})
    assert made.status == 201, made.body
    return made.data["line_items"]["physical_items"][0]["list_price"]


def test_the_name_of_a_price_list_is_its_own(goods: Shop) -> None:
    """Rule 114."""
    again = goods.post(LISTS, {"name": "wholesale"})
    assert (again.status, again.reason) == (409, "DUPLICATE")
    goods.post(LISTS, {"name": "Retail", "active": False})
    assert [one["name"] for one in goods.get(f"{LISTS}?name:like=tail").data] == ["Retail"]
    assert goods.put(f"{LISTS}/2", {"name": "WHOLESALE"}).status == 409
    assert goods.delete(LISTS).status == 422
    assert goods.delete(f"{LISTS}?id:in=2").status == 204
    assert [one["id"] for one in goods.get(LISTS).data] == [1]


def test_records_go_in_and_come_out(goods: Shop) -> None:
    tiers = [{"quantity_min": 5, "quantity_max": 9, "type": "percent", "amount": 10}]
    body = [record(1, 8, bulk_pricing_tiers=tiers), {"sku": "s2", "currency": "usd", "price": 15, "sale_price": 12}]
    made = goods.put(f"{LISTS}/1/records", body)
    assert (made.status, made.json) == (200, {"data": {}, "meta": {}})
    first, second = goods.get(f"{LISTS}/1/records?include=bulk_pricing_tiers,sku").data
    assert (first["variant_id"], first["price"], first["calculated_price"], first["sku"]) == (1, 8, 8, "S1")
    assert first["bulk_pricing_tiers"] == tiers
    assert (second["variant_id"], second["product_id"], second["calculated_price"]) == (2, 2, 12)
    assert "id" not in first
    assert "bulk_pricing_tiers" not in goods.get(f"{LISTS}/1/records").data[0]
    assert [one["variant_id"] for one in goods.get(f"{LISTS}/1/records?price:min=9").data] == [2]
    assert goods.get(f"{LISTS}/1/records/1").data == [goods.get(f"{LISTS}/1/records/1/USD").data]
    assert goods.get(f"{LISTS}/1/records/3/USD").status == 404
    assert goods.get(f"{LISTS}/7/records").status == 404


def test_a_post_makes_and_a_put_makes_or_changes(goods: Shop) -> None:
    """Rule 114: what can be saved is, and the rest is told."""
    assert goods.post(f"{LISTS}/1/records", [record(1, 8)]).status == 200
    partly = goods.post(
        f"{LISTS}/1/records", [record(1, 7), record(2, 16), record(99, 1), record(3, 1, currency="XXX")]
    )
    assert partly.status == 422
    assert [one["data"]["variant_id"] for one in partly.json["batch_errors"]] == [1, 99, 3]
    assert [list(one["field_errors"]) for one in partly.json["batch_errors"]] == [
        ["variant_id"],
        ["variant_id"],
        ["currency"],
    ]
    prices = {one["variant_id"]: one["price"] for one in goods.get(f"{LISTS}/1/records").data}
    assert prices == {1: 8, 2: 16}
    assert goods.put(f"{LISTS}/1/records", [record(1, 7)]).status == 200
    assert goods.get(f"{LISTS}/1/records/1/usd").data["price"] == 7
    other = goods.put(f"{LISTS}/1/records/3/USD", {"price": 25})
    assert (other.status, other.data["price_list_id"], other.data["product_id"]) == (200, 1, 3)
    assert goods.put(f"{LISTS}/1/records/99/USD", {"price": 25}).status == 404


def test_a_put_takes_a_thousand_records_a_post_a_hundred(goods: Shop) -> None:
    assert goods.post(f"{LISTS}/1/records", [record(1, 8)] * 101).status == 413
    many = [record(1, 8)] * 1_001
    assert goods.put(f"{LISTS}/1/records", many).status == 413
    assert goods.put(f"{LISTS}/1/records", many[:1_000]).status == 200
    assert goods.rows("price_records") == 1


def test_records_of_several_lists_go_in_at_once(goods: Shop) -> None:
    goods.post(LISTS, {"name": "Retail"})
    body = [record(1, 8, price_list_id=1), record(1, 9, price_list_id=2), record(1, 9, price_list_id=3)]
    partly = goods.put(f"{LISTS}/records", body)
    assert partly.status == 422
    assert [one["data"]["price_list_id"] for one in partly.json["batch_errors"]] == [3]
    assert (goods.get(f"{LISTS}/2/records").data[0]["price"], goods.rows("price_records")) == (9, 2)


def test_records_are_deleted_one_by_one_and_by_filter(goods: Shop) -> None:
    goods.put(f"{LISTS}/1/records", [record(1, 8), record(2, 16), record(3, 24)])
    assert goods.delete(f"{LISTS}/1/records/1/USD").status == 204
    assert goods.delete(f"{LISTS}/1/records/1/USD").status == 404
    assert goods.delete(f"{LISTS}/1/records?variant_id:in=2").status == 204
    assert [one["variant_id"] for one in goods.get(f"{LISTS}/1/records").data] == [3]
    assert goods.delete(f"{LISTS}/1").status == 204
    assert goods.rows("price_records") == 0


def test_a_list_applies_to_the_group_it_is_assigned_to(goods: Shop) -> None:
    """Rule 114: the group on the channel, then the group, then the channel; only an active list."""
    goods.post(
        "/v3/customers", [{"email": "j@example.com", "first_name": "J", "last_name": "D", "customer_group_id": 1}]
    )
    goods.put(f"{LISTS}/1/records", [record(1, 8)])
    assert priced(goods, 1, customer_id=1) == 10
    made = goods.post(ASSIGNED, [{"price_list_id": 1, "customer_group_id": 1}])
    assert made.status == 200, made.body
    assert (priced(goods, 1, customer_id=1), priced(goods, 1), priced(goods, 2, customer_id=1)) == (8, 10, 20)
    goods.post(LISTS, {"name": "Here"})
    goods.put(f"{LISTS}/2/records", [record(1, 7)])
    assert goods.put(f"{LISTS}/2/assignments", {"customer_group_id": 1, "channel_id": 1}).status == 200
    assert priced(goods, 1, customer_id=1) == 7
    goods.put(f"{LISTS}/2", {"active": False})
    assert priced(goods, 1, customer_id=1) == 8
    assert goods.delete(f"{ASSIGNED}?customer_group_id=1").status == 204
    assert priced(goods, 1, customer_id=1) == 10


def test_bulk_prices_of_a_record_replace_those_of_the_product(goods: Shop) -> None:
    """Rule 114."""
    rule = {"quantity_min": 2, "quantity_max": 0, "type": "price", "amount": 5}
    assert goods.post("/v3/catalog/products/1/bulk-pricing-rules", rule).status == 200
    goods.post(ASSIGNED, [{"price_list_id": 1, "channel_id": 1}])
    assert priced(goods, 1, 2) == 5
    tiers = [{"quantity_min": 3, "quantity_max": 0, "type": "fixed", "amount": 6}]
    goods.put(f"{LISTS}/1/records", [record(1, 8, bulk_pricing_tiers=tiers)])
    assert (priced(goods, 1, 2), priced(goods, 1, 3)) == (8, 6)


@pytest.mark.parametrize("kind", ["fixed", "percent", "price"])
@pytest.mark.parametrize(("amount", "says"), [(-10, "negative"), ("-0.01", "negative"), (1e12, "9999999999")])
def test_no_bulk_price_of_a_record_is_below_nothing_or_beyond_what_can_be_paid(
    goods: Shop, kind: str, amount: Any, says: str
) -> None:
    fair = {"quantity_min": 2, "quantity_max": 4, "type": kind, "amount": 1}
    tiers = [fair, {"quantity_min": 5, "quantity_max": 0, "type": kind, "amount": amount}]
    wrong = record(1, 8, bulk_pricing_tiers=tiers)
    for method in ("POST", "PUT"):
        for path, more in ((f"{LISTS}/1/records", {}), (f"{LISTS}/records", {"price_list_id": 1})):
            partly = goods.request(method, path, [wrong | more])
            assert partly.status == 422, (method, path)
            (told,) = partly.json["batch_errors"]
            assert says in told["field_errors"]["bulk_pricing_tiers.1.amount"]
    alone = goods.put(f"{LISTS}/1/records/1/USD", {"bulk_pricing_tiers": tiers})
    assert (alone.status, list(alone.json["errors"])) == (422, ["bulk_pricing_tiers.1.amount"])
    assert goods.rows("price_records") == 0


def test_more_than_all_that_a_piece_costs_is_told_at_the_amount(goods: Shop) -> None:
    tiers = [{"quantity_min": 2, "quantity_max": 0, "type": "percent", "amount": 101}]
    alone = goods.put(f"{LISTS}/1/records/1/USD", {"bulk_pricing_tiers": tiers})
    assert (alone.status, list(alone.json["errors"])) == (422, ["bulk_pricing_tiers.0.amount"])


def test_assignments_name_somebody_and_stand_alone(goods: Shop) -> None:
    """Rule 114: 25 at once; a group with discount rules takes none; one list for a group on a channel."""
    assert goods.post(ASSIGNED, [{"price_list_id": 1}]).status == 422
    assert goods.post(ASSIGNED, [{"price_list_id": 1, "channel_id": 1}] * 26).status == 413
    rules = [{"type": "all", "method": "percent", "amount": "5"}]
    assert goods.put("/v2/customer_groups/2", {"discount_rules": rules}).status == 200
    refused = goods.post(ASSIGNED, [{"price_list_id": 1, "customer_group_id": 2}])
    assert refused.status == 422
    assert goods.post(ASSIGNED, [{"price_list_id": 1, "customer_group_id": 1}]).status == 200
    again = goods.post(ASSIGNED, [{"price_list_id": 1, "customer_group_id": 1}])
    assert again.status in (409, 422)
    assert goods.rows("price_list_assignments") == 1
    assert goods.put("/v2/customer_groups/1", {"discount_rules": rules}).status == 400
    assert goods.put("/v2/customer_groups/1", {"name": "Still editable"}).status == 200


def test_discounts_of_a_group_come_before_the_list_of_the_channel(goods: Shop) -> None:
    """Rule 114: the list of a channel is for those whose group has neither a list nor discounts."""
    person = {"email": "k@example.com", "first_name": "K", "last_name": "D", "customer_group_id": 2}
    goods.post("/v3/customers", [person])
    goods.put(f"{LISTS}/1/records", [record(1, 8)])
    goods.post(ASSIGNED, [{"price_list_id": 1, "channel_id": 1}])
    assert (priced(goods, 1, customer_id=1), priced(goods, 1)) == (8, 8)
    rules = [{"type": "all", "method": "percent", "amount": "5"}]
    assert goods.put("/v2/customer_groups/2", {"discount_rules": rules}).status == 200
    assert (priced(goods, 1, customer_id=1), priced(goods, 1)) == (9.5, 8)


def test_a_record_shows_the_sku_that_its_variant_has_now(goods: Shop) -> None:
    goods.put(f"{LISTS}/1/records", [record(1, 8)])
    assert goods.put("/v3/catalog/products/1", {"sku": "renamed"}).status == 200
    (shown,) = goods.get(f"{LISTS}/1/records?include=sku").data
    assert shown["sku"] == "renamed"


def test_price_lists_are_told_of(goods: Shop) -> None:
    goods.watch()
    goods.put(f"{LISTS}/1", {"active": False})
    goods.put(f"{LISTS}/1/records", [record(1, 8), record(2, 16)])
    goods.post(ASSIGNED, [{"price_list_id": 1, "channel_id": 1}])
    goods.delete(f"{LISTS}/1/records?variant_id:in=1,2")
    goods.delete(f"{LISTS}/1")
    scopes = [scope for scope, _ in goods.events()]
    for scope in (
        "deactivated",
        "updated",
        "record/created",
        "records/updated",
        "records/deleted",
        "assignment/updated",
        "deleted",
    ):
        assert f"store/priceList/{scope}" in scopes, scopes
