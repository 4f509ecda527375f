"""Tasks belong to the account that made them."""

import pytest

from shop import Shop

LATER = {"Prefer": "respond-async"}


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_task_is_shown_to_the_account_that_made_it_only(shop: Shop, version: str) -> None:
    """A request's body may hold what another account must not read (as rule 124 has it for hooks)."""
    made = shop.post("/v3/catalog/brands", {"name": "Secret"}, headers=LATER).data["id"]
    other = shop.account("store_v2_orders")
    assert shop.get(f"/{version}/tasks/{made}").status == 200
    assert shop.get(f"/{version}/tasks/{made}", token=other).status == 404
    listed = shop.get(f"/{version}/tasks", token=other)
    assert (listed.status, listed.body) == (204, b"") if version == "v2" else listed.data == []


@pytest.mark.parametrize("bound", ["limit=1", "page=2", "sort=name", "direction=desc"])
def test_a_delete_does_not_take_the_bounds_of_a_list(shop: Shop, bound: str) -> None:
    """Rule 22: passing `limit` over would delete everything where one row was meant."""
    shop.brand("One")
    shop.brand("Two")
    assert shop.delete(f"/v2/brands?{bound}").status == 400
    assert shop.rows("brands") == 2


def test_a_long_delete_of_categories_goes_whole_or_not_at_all(shop: Shop) -> None:
    """Rule 36: what one product forbids must not be found out when half of the tree is gone."""
    for number in range(252):
        last = shop.category(f"C{number}")
    shop.product(categories=[last])
    refused = shop.delete("/v2/categories")
    assert (refused.status, refused.reason) == (409, "ORPHANED_PRODUCTS"), "it is told before a task is made"
    assert (shop.rows("categories"), shop.rows("tasks")) == (252, 0)
