"""Customer groups (rule 103): roles, discount rules, access to categories, members."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

GROUPS = "/v2/customer_groups"
JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


def group(shop: Shop, name: str = "Wholesale", **more: Any) -> int:
    """A new group's id."""
    reply = shop.post(GROUPS, {"name": name, **more})
    assert reply.status == 200, reply.body
    return int(reply.json["id"])


def test_a_group_is_made_shown_changed_counted_and_deleted(shop: Shop) -> None:
    shop.freeze(1_400_000_000)
    made = group(shop)
    shown = {
        "id": made,
        "name": "Wholesale",
        "is_default": False,
        "category_access": {"type": "all"},
        "discount_rules": [],
        "is_group_for_guests": False,
        "date_created": "Tue, 13 May 2014 16:53:20 +0000",
        "date_modified": "Tue, 13 May 2014 16:53:20 +0000",
    }
    assert shop.get(f"{GROUPS}/{made}").json == shown
    assert shop.get(GROUPS).json == [shown]
    changed = shop.put(f"{GROUPS}/{made}", {"name": "Retail"})
    assert (changed.status, changed.json) == (200, {**shown, "name": "Retail"})
    assert shop.get(GROUPS + "/count").json == {"count": 1}
    assert shop.delete(f"{GROUPS}/{made}").status == 204
    assert shop.get(f"{GROUPS}/{made}").status == 404


RULES = [
    {"type": "all", "method": "percent", "amount": "2.5000"},
    {"type": "category", "method": "fixed", "amount": "1.0000", "category_id": 1},
    {"type": "product", "method": "price", "amount": "9.9900", "product_id": 1},
]


def test_discount_rules_are_replaced_as_a_whole(shop: Shop) -> None:
    """Rule 103; amounts may be numbers or text, and are shown with four places (rule 17)."""
    shop.category()
    shop.product()
    sent = [{**RULES[0], "amount": 2.5}, {**RULES[1], "amount": 1}, {**RULES[2], "amount": "9.99"}]
    made = group(shop, discount_rules=sent)
    assert shop.get(f"{GROUPS}/{made}").json["discount_rules"] == RULES
    assert shop.put(f"{GROUPS}/{made}", {"discount_rules": RULES[:1]}).json["discount_rules"] == RULES[:1]
    assert shop.put(f"{GROUPS}/{made}", {"name": "Retail"}).json["discount_rules"] == RULES[:1]
    assert shop.put(f"{GROUPS}/{made}", {"discount_rules": []}).json["discount_rules"] == []
    listed = [{"type": "price_list", "price_list_id": 3}]
    assert shop.put(f"{GROUPS}/{made}", {"discount_rules": listed}).json["discount_rules"] == listed


ALL, LISTED = RULES[0], {"type": "price_list", "price_list_id": 3}
CATEGORY = {"type": "category", "method": "fixed", "amount": 1, "category_id": 1}
BAD_RULES: list[Any] = [
    [ALL, ALL],
    [LISTED, ALL],
    [LISTED, LISTED],
    [CATEGORY, CATEGORY],
    [{"type": "everything", "method": "fixed", "amount": 1}],
    [{"type": ["all"], "method": "fixed", "amount": 1}],
    [{"type": "all", "method": ["fixed"], "amount": 1}],
    [{"type": "all", "method": "fixed", "amount": [1]}],
    [{"type": "all", "method": "fixed"}],
    [{"type": "all", "method": "half", "amount": 1}],
    [{"type": "all", "method": "percent", "amount": 101}],
    [{"type": "all", "method": "fixed", "amount": -1}],
    [{"type": "all", "method": "fixed", "amount": "much"}],
    [{"type": "all", "method": "fixed", "amount": True}],
    [{"type": "category", "method": "fixed", "amount": 1}],
    [{"type": "category", "method": "fixed", "amount": 1, "category_id": "x"}],
    [{"type": "category", "method": "fixed", "amount": 1, "category_id": 0}],
    [{**ALL, "product_id": 1}],
    [{"type": "price_list"}],
    [{**LISTED, "method": "fixed", "amount": 1}],
    ["all"],
    "all",
]


@pytest.mark.parametrize("rules", BAD_RULES, ids=repr)
def test_rules_that_contradict_each_other_or_themselves_are_refused(shop: Shop, rules: Any) -> None:
    """Rule 103: a price list stands alone, one rule for all, each of its type and whole (rule 4)."""
    shop.category()
    reply = shop.post(GROUPS, {"name": "Wholesale", "discount_rules": rules})
    assert (reply.status, reply.reason) in ((400, "FIELD_INVALID"), (400, "FIELD_MISSING")), reply.body
    assert reply.json[0]["details"]["invalid_reason"].startswith("discount_rules")
    assert shop.rows("customer_groups") == 0


REFUSED: list[tuple[Any, str]] = [
    ({}, "FIELD_MISSING"),
    ({"name": " "}, "FIELD_INVALID"),
    ({"name": "A", "colour": "red"}, "FIELD_UNKNOWN"),
    ({"name": "A", "category_access": {"type": "some"}}, "FIELD_INVALID"),
    ({"name": "A", "category_access": {"type": "all", "categories": [1]}}, "FIELD_INVALID"),  # rule 103
    ({"name": "A", "category_access": {"type": "specific", "categories": [9]}}, "DANGLING_REFERENCE"),
    ({"name": "A", "discount_rules": [{**CATEGORY, "category_id": 9}]}, "DANGLING_REFERENCE"),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED, ids=repr)
def test_a_bad_group_is_refused(shop: Shop, body: Any, reason: str) -> None:
    shop.category()
    reply = shop.post(GROUPS, body)
    assert (reply.status, reply.reason, shop.rows("customer_groups")) == (400, reason, 0)


def test_one_group_is_the_default_and_new_customers_join_it(shop: Shop) -> None:
    """Rule 103: is_default is single; 0 is no group, and can be asked for."""
    first, second = group(shop, "First", is_default=True), group(shop, "Second", is_default=True)
    assert [one["is_default"] for one in shop.get(GROUPS).json] == [False, True]
    shop.put(f"{GROUPS}/{first}", {"is_default": True})
    assert [one["id"] for one in shop.get(GROUPS + "?is_default=true").json] == [first]
    people = [{**JANE, "email": f"{n}@b.c"} for n in range(3)]
    people[1] |= {"customer_group_id": second}
    people[2] |= {"customer_group_id": 0}
    assert [one["customer_group_id"] for one in shop.post("/v3/customers", people).data] == [first, second, 0]
    assert shop.post("/v2/customers", JANE).json["customer_group_id"] == first


def test_one_group_is_that_of_guests(shop: Shop) -> None:
    """Rule 103."""
    group(shop, "First", is_group_for_guests=True)
    second = group(shop, "Second", is_group_for_guests=True)
    assert [one["id"] for one in shop.get(GROUPS + "?is_group_for_guests=true").json] == [second]


def test_members_of_a_group_that_goes_are_in_none(shop: Shop) -> None:
    """Rule 103, by item and by collection; both versions show it."""
    shop.freeze(1_400_000_000)
    first, second = group(shop, "First"), group(shop, "Second")
    people = [{**JANE, "email": f"{n}@b.c", "customer_group_id": n % 2 + 1} for n in range(4)]
    assert shop.post("/v3/customers", people).status == 200
    shop.freeze(1_400_000_100)
    assert shop.delete(f"{GROUPS}/{first}").status == 204
    assert [one["customer_group_id"] for one in shop.get("/v3/customers").data] == [0, second, 0, second]
    assert shop.get("/v3/customers").data[0]["date_modified"] == "2014-05-13T16:55:00Z"
    assert len(shop.get("/v2/customers?customer_group_id=0").json) == 2
    assert shop.delete(GROUPS).status == 204
    assert [one["customer_group_id"] for one in shop.get("/v3/customers").data] == [0, 0, 0, 0]


def test_no_group_speaks_of_what_is_gone(shop: Shop) -> None:
    """A rule for a category or product that was deleted would never be met again."""
    kept, doomed = shop.category("Kept"), shop.category("Doomed")
    product = shop.product()
    made = group(
        shop,
        category_access={"type": "specific", "categories": [kept, doomed]},
        discount_rules=[{**CATEGORY, "category_id": doomed}, {**RULES[2], "product_id": product}, ALL],
    )
    assert shop.delete(f"/v2/categories/{doomed}").status == 204
    assert shop.delete(f"/v3/catalog/products?id:in={product}").status == 204
    shown = shop.get(f"{GROUPS}/{made}").json
    assert shown["category_access"] == {"type": "specific", "categories": [kept]}
    assert shown["discount_rules"] == [ALL]


LISTS = [
    ("?name=retail", ["Retail"]),
    ("?name:like=ai", ["Retail", "Mail order"]),
    ("?is_default=false&min_id=2", ["Mail order"]),
    ("?date_created:min=2014-05-14", ["Mail order"]),
]


@pytest.mark.parametrize(("query", "names"), LISTS)
def test_a_list_shows_what_was_asked_for(shop: Shop, query: str, names: list[str]) -> None:
    """Filters of the published table."""
    shop.freeze(1_400_000_000)
    group(shop, "Retail")
    shop.freeze(1_400_086_400)
    group(shop, "Mail order")
    assert [one["name"] for one in shop.get(GROUPS + query).json] == names
