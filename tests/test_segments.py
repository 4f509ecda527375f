"""Segments and shopper profiles (V3), on both databases (rule 121)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shop import Shop

PEOPLE = [{"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"} for name in ("jane", "john")]


@pytest.fixture
def people(shop: Shop) -> Shop:
    """Two customers with profiles, and the segments Regulars and Visitors."""
    assert shop.post("/v3/customers", PEOPLE).status == 200
    assert shop.post("/v3/shopper-profiles", [{"customer_id": 1}, {"customer_id": 2}]).status == 201
    assert shop.post("/v3/segments", [{"name": "Regulars"}, {"name": "Visitors", "description": "Once"}]).status == 201
    return shop


def ids(shop: Shop, path: str) -> list[str]:
    """The ids of a list."""
    reply = shop.get(path)
    assert reply.status == 200, reply.body
    return [one["id"] for one in reply.data]


def test_segments_are_made_changed_and_deleted(people: Shop) -> None:
    first, second = people.get("/v3/segments").data
    assert (str(UUID(first["id"])), second["description"]) == (first["id"], "Once")
    changed = people.put("/v3/segments", [{"id": first["id"], "name": "Friends"}])
    assert (changed.status, changed.data[0]["name"], changed.data[0]["id"]) == (201, "Friends", first["id"])
    assert people.put("/v3/segments", [{"id": first["id"].replace(first["id"][:4], "0000"), "name": "X"}]).status == 404
    assert people.put("/v3/segments", [{"name": "X"}]).status == 422
    again = people.post("/v3/segments", [{"name": "visitors"}])
    assert (again.status, again.reason) == (409, "DUPLICATE")
    assert ids(people, f"/v3/segments?id:in={second['id']}") == [second["id"]]
    assert people.delete("/v3/segments").status == 422
    assert people.delete(f"/v3/segments?id:in={first['id']}").status == 204
    assert ids(people, "/v3/segments") == [second["id"]]


def test_profiles_join_segments_and_leave_them(people: Shop) -> None:
    jane, john = ids(people, "/v3/shopper-profiles")
    regulars, _ = ids(people, "/v3/segments")
    path = f"/v3/segments/{regulars}/shopper-profiles"
    added = people.post(path, [jane, john])
    assert (added.status, [one["customer_id"] for one in added.data]) == (201, [1, 2])
    again = people.post(path, [jane])
    assert (again.status, again.reason) == (409, "DUPLICATE")
    assert ids(people, path) == [jane, john]
    assert ids(people, f"/v3/shopper-profiles/{jane}/segments") == [regulars]
    assert people.delete(f"{path}?id:in={john}").status == 204
    assert (ids(people, path), len(ids(people, "/v3/shopper-profiles"))) == ([jane], 2)
    assert people.post(path, ["nobody"]).status == 422
    assert people.post(path, [regulars]).status == 422
    assert people.post(path, [jane] * 51).status == 413
    assert people.get("/v3/segments/nothing/shopper-profiles").status == 404
    assert people.delete(f"/v3/segments?id:in={regulars}").status == 204
    assert people.rows("segment_members") == 0


def test_a_customer_has_one_profile_which_goes_with_the_customer(people: Shop) -> None:
    assert people.post("/v3/shopper-profiles", [{"customer_id": 1}]).status == 409
    assert people.post("/v3/shopper-profiles", [{"customer_id": 9}]).status == 409
    people.delete("/v3/customers?id:in=1")
    assert people.rows("shopper_profiles") == 1


def test_a_promotion_addresses_a_segment(people: Shop) -> None:
    regulars, _ = ids(people, "/v3/segments")
    jane, _ = ids(people, "/v3/shopper-profiles")
    people.post(f"/v3/segments/{regulars}/shopper-profiles", [jane])
    people.product(price=10)
    promotion = {
        "name": "For regulars",
        "redemption_type": "AUTOMATIC",
        "customer": {"segments": {"id": [regulars]}},
        "rules": [{"action": {"cart_value": {"discount": {"fixed_amount": "1"}}}, "apply_once": True}],
    }
    made = people.post("/v3/promotions", promotion)
    assert made.status == 201, made.body

    def amount(**more: Any) -> Any:
        return people.post("/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}], **more}).data["cart_amount"]

    assert (amount(customer_id=1), amount(customer_id=2), amount()) == (9, 10, 10)
