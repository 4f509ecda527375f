"""Wishlists at a storefront: one with those of the admin API; on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from storefront import Window, nodes

LIST = "entityId name isPublic token items { edges { node { entityId productEntityId variantEntityId } } }"
MINE = f"""query ($filters: WishlistFiltersInput, $first: Int, $after: String) {{ customer {{
  wishlists(filters: $filters, first: $first, after: $after) {{
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {LIST} }} }} }} }} }}"""
ITEMS = """query ($hide: Boolean, $filters: WishlistItemsFiltersInput, $first: Int) { customer { wishlists {
  edges { node { items(hideOutOfStock: $hide, filters: $filters, first: $first) {
    collectionInfo { totalItems } pageInfo { hasNextPage }
    edges { node { entityId productEntityId product { entityId name prices { price { value } } } } } } } } } } }"""
PUBLIC = """query ($token: String!) { site { publicWishlist(token: $token) { entityId name token
  items { edges { node { productEntityId product { name } } } } } } }"""


@pytest.fixture
def window(shop: Shop) -> Window:
    """Three products, and two customers."""
    window = Window(shop)
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place)
    for name in ("Jane", "Eve"):
        shop.post("/v3/customers", [{"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"}])
    return window


def does(name: str, kind: str, shown: str = f"result {{ {LIST} }}") -> str:
    return f"mutation ($input: {kind}!) {{ wishlist {{ {name}(input: $input) {{ {shown} }} }} }}"


CREATE = does("createWishlist", "CreateWishlistInput")
UPDATE = does("updateWishlist", "UpdateWishlistInput")
ADD = does("addWishlistItems", "AddWishlistItemsInput")
DROP = does("deleteWishlistItems", "DeleteWishlistItemsInput")
DELETE = does("deleteWishlists", "DeleteWishlistsInput", "result")


def made(window: Window, query: str, given: Any, **headers: str) -> Any:
    (result,) = window.ask(query, {"input": given}, **headers)["wishlist"].values()
    return result["result"]


def wanted(*products: int) -> list[dict[str, int]]:
    return [{"productEntityId": one} for one in products]


def test_a_wishlist_is_one_with_that_of_the_admin_api(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    wishlist = made(window, CREATE, {"name": "Tools", "isPublic": False, "items": wanted(1, 2)}, **jane)
    assert (wishlist["name"], wishlist["isPublic"]) == ("Tools", False)
    assert [one["productEntityId"] for one in nodes(wishlist["items"])] == [1, 2]
    kept = shop.get("/v3/wishlists/1").data
    assert (kept["customer_id"], kept["token"]) == (1, wishlist["token"])
    shop.post("/v3/wishlists", {"customer_id": 1, "name": "Gifts", "items": [{"product_id": 3, "variant_id": 3}]})
    tools, gifts = nodes(window.ask(MINE, **jane)["customer"]["wishlists"])
    assert (tools["entityId"], gifts["name"]) == (1, "Gifts")
    assert nodes(gifts["items"])[0]["variantEntityId"] == 3
    changed = made(window, UPDATE, {"entityId": 1, "data": {"name": "Garage", "isPublic": True}}, **jane)
    assert (changed["name"], changed["isPublic"], len(nodes(changed["items"]))) == ("Garage", True, 2)
    assert shop.get("/v3/wishlists/1").data["name"] == "Garage"
    assert made(window, DELETE, {"entityIds": [1, 2]}, **jane) == "success"
    assert shop.get("/v3/wishlists").data == []


def test_items_come_once_and_go_together(window: Window) -> None:
    jane = window.signed_in(1)
    made(window, CREATE, {"name": "Tools", "isPublic": False}, **jane)
    wishlist = made(
        window, ADD, {"entityId": 1, "items": [*wanted(1, 2, 1), {"productEntityId": 1, "variantEntityId": 1}]}, **jane
    )
    assert len(nodes(wishlist["items"])) == 3
    assert len(nodes(made(window, ADD, {"entityId": 1, "items": wanted(2)}, **jane)["items"])) == 3
    first, second, third = (one["entityId"] for one in nodes(wishlist["items"]))
    assert window.codes(DROP, {"input": {"entityId": 1, "itemEntityIds": [first, 99]}}, **jane) == ["NO_SUCH_ENTITY"]
    left = made(window, DROP, {"entityId": 1, "itemEntityIds": [first, second]}, **jane)
    assert [one["entityId"] for one in nodes(left["items"])] == [third]


def test_filters_and_pages_of_wishlists(window: Window) -> None:
    jane = window.signed_in(1)
    for place in (1, 2, 3):
        given = {"name": f"List {place}", "isPublic": False,
                 "items": [{"productEntityId": place, "variantEntityId": place}]}  # fmt: skip
        made(window, CREATE, given, **jane)

    def found(**filters: Any) -> list[int]:
        return [
            one["entityId"] for one in nodes(window.ask(MINE, {"filters": filters}, **jane)["customer"]["wishlists"])
        ]

    assert found(entityIds=[1, 3]) == [1, 3]
    assert found(productEntityIds=[2]) == [2]
    assert found(variantEntityIds=[3], productEntityIds=[3]) == [3]
    assert (found(entityIds=[]), found(entityIds=[-1, 2**31 - 1])) == ([], [])
    page = window.ask(MINE, {"first": 2}, **jane)["customer"]["wishlists"]
    assert page["pageInfo"]["hasNextPage"]
    rest = window.ask(MINE, {"first": 2, "after": page["pageInfo"]["endCursor"]}, **jane)["customer"]["wishlists"]
    assert [one["entityId"] for one in nodes(rest)] == [3]


def test_items_show_the_products_that_shoppers_see(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    made(window, CREATE, {"name": "Tools", "isPublic": False, "items": wanted(1, 2, 3)}, **jane)
    shop.put("/v3/catalog/products/2", {"is_visible": False})
    shop.put("/v3/catalog/products/3", {"inventory_tracking": "product", "inventory_level": 0})

    def items(**variables: Any) -> Any:
        return nodes(window.ask(ITEMS, variables, **jane)["customer"]["wishlists"])[0]["items"]

    shown = items()
    assert [one["product"] and one["product"]["name"] for one in nodes(shown)] == ["Hammer", None, "Drill"]
    assert shown["collectionInfo"]["totalItems"] == 3
    assert [one["productEntityId"] for one in nodes(items(hide=True))] == [1, 2]
    assert [one["productEntityId"] for one in nodes(items(filters={"productEntityIds": [3]}))] == [3]
    assert items(first=1)["pageInfo"]["hasNextPage"]
    assert window.codes(ADD, {"input": {"entityId": 1, "items": wanted(2)}}, **jane) == ["FIELD_INVALID"]
    assert window.codes(ADD, {"input": {"entityId": 1, "items": wanted(77)}}, **jane) == ["FIELD_INVALID"]


def test_a_public_wishlist_is_shown_by_its_token(window: Window) -> None:
    jane = window.signed_in(1)
    token = made(window, CREATE, {"name": "Tools", "isPublic": True, "items": wanted(1)}, **jane)["token"]
    found = window.ask(PUBLIC, {"token": token})["site"]["publicWishlist"]
    assert (found["name"], found["token"], nodes(found["items"])[0]["product"]["name"]) == ("Tools", token, "Hammer")
    made(window, UPDATE, {"entityId": 1, "data": {"isPublic": False}}, **jane)
    for word in (token, "", "1"):
        assert window.ask(PUBLIC, {"token": word})["site"]["publicWishlist"] is None


def test_guests_and_others_do_not_reach_a_wishlist(window: Window) -> None:
    jane, eve = window.signed_in(1), window.signed_in(2)
    wishlist = made(window, CREATE, {"name": "Tools", "isPublic": True, "items": wanted(1)}, **jane)
    item = nodes(wishlist["items"])[0]["entityId"]
    made(window, CREATE, {"name": "Own", "isPublic": False}, **eve)
    attempts = (
        (UPDATE, {"entityId": 1, "data": {"name": "Stolen"}}),
        (ADD, {"entityId": 1, "items": wanted(2)}),
        (DROP, {"entityId": 1, "itemEntityIds": [item]}),
        (DROP, {"entityId": 2, "itemEntityIds": [item]}),
        (DELETE, {"entityIds": [2, 1]}),
        (DELETE, {"entityIds": [-5]}),
    )
    for query, given in attempts:
        assert window.codes(query, {"input": given}, **eve) == ["NO_SUCH_ENTITY"]
    for query, given in (*attempts[:3], (DELETE, {"entityIds": [1]}), (CREATE, {"name": "X", "isPublic": False})):
        assert window.codes(query, {"input": given}) == ["CUSTOMER_NOT_LOGGED_IN"]
    assert [one["name"] for one in nodes(window.ask(MINE, **eve)["customer"]["wishlists"])] == ["Own"]
    assert window.shop.get("/v3/wishlists/1?include=items").data["name"] == "Tools"


def test_there_are_only_so_many_wishlists_and_items(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    where = "bodega.storefront.graphql.fields.wishlists"
    monkeypatch.setattr(f"{where}.MOST_LISTS", 1)
    monkeypatch.setattr(f"{where}.MOST_ITEMS", 2)
    jane = window.signed_in(1)
    made(window, CREATE, {"name": "Tools", "isPublic": False}, **jane)
    given: dict[str, Any] = {"name": "More", "isPublic": False}
    assert window.codes(CREATE, {"input": given}, **jane) == ["PLATFORM_CAP_REACHED"]
    given = {"entityId": 1, "items": wanted(1, 2, 3)}
    assert window.codes(ADD, {"input": given}, **jane) == ["PLATFORM_CAP_REACHED"]


def test_the_statements_of_wishlists_do_not_grow_with_them(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    counts = []
    for lists in (1, 2, 4):  # after the first time the settings of the shop are remembered
        while len(shop.get("/v3/wishlists").data) < lists:
            shop.post(
                "/v3/wishlists", {"customer_id": 1, "name": "More", "items": [{"product_id": 1}, {"product_id": 2}]}
            )
        with window.counted() as statements:
            window.ask(ITEMS, **jane)
        counts.append(len(statements))
    assert counts[1] == counts[2], counts
