"""Every field that is said to be served is asked once, of a shop that has something of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type

from bodega.storefront.graphql.asking import node_id
from bodega.storefront.graphql.execution import BATCH, PLAIN, SHAPED
from bodega.storefront.graphql.schema import schema
from bodega.storefront.graphql.served import LIST, page, served, used
from storefront import Window
from test_storefront_graphql import window  # noqa: F401 - a fixture

ARGUMENTS = {
    "entityId": "1", "id": f'"{node_id("Product", 1)}"', "path": '"/hammer/"', "currencyCode": "USD", "width": "80",
    "depth": "5", "filters": "{}", "namespace": '"n"', "brandEntityId": "1",
    "categoryEntityId": "1", "pageType": "HOME", "entityPageType": "PRODUCT", "code": '"none"', "token": '"none"',
}  # fmt: skip
ROOTS = (
    "site { product(entityId: 2) ", "site { product(entityId: 1) ", "site { category(entityId: 2) ",
    "site { brand(entityId: 1) ", "site { settings ", "site { currencies { edges { node ", "site { categoryTree ",
    "site { content { blog ", "site { content { pages { edges { node ", "site { content { scripts { edges { node ",
    "site { search { searchProducts(filters: {searchSubCategories: true, categoryEntityId: 1}) ",
    'site { route(path: "/old", redirectBehavior: FOLLOW) ', "site ", "",
)  # fmt: skip


def selection(kind: Any, known: dict[str, set[str]], depth: int, seen: frozenset[str] = frozenset()) -> str:
    """A selection of all served fields of a type, `depth` levels down, no type within itself."""
    if isinstance(kind, GraphQLObjectType):
        parts = []
        for name in sorted(known.get(kind.name, ())):
            field = kind.fields[name]
            needed = [one for one, given in field.args.items() if isinstance(given.type, GraphQLNonNull)]
            told = f"({', '.join(f'{one}: {ARGUMENTS[one]}' for one in needed if one in ARGUMENTS)})" if needed else ""
            told = "" if told == "()" else told
            inner = get_named_type(field.type)
            if is_leaf_type(inner):
                parts.append(f"{kind.name}_{name}: {name}{told}")
            elif depth > 0 and inner.name not in seen:
                below = selection(inner, known, depth - 1, seen | {kind.name})
                parts.append(f"{kind.name}_{name}: {name}{told} {below}")
        return "{ __typename " + " ".join(parts) + " }"
    types = [one for one in schema().get_possible_types(kind) if one.name in known and one.name not in seen]
    spread = [f"... on {one.name} {selection(one, known, depth, seen)}" for one in types]
    return "{ __typename " + " ".join(spread) + " }"


def kind_of(root: str) -> Any:
    """The type at which a root ends."""
    kind: Any = schema().query_type
    for word in root.replace("{", " ").split("(")[0].split() if "(" not in root else _words(root):
        kind = get_named_type(kind.fields[word].type)
    return kind


def _words(root: str) -> list[str]:
    found, inside, word = [], 0, ""
    for letter in root + " ":
        inside += {"(": 1, ")": -1}.get(letter, 0)
        if inside == 0 and letter.isalpha():
            word += letter
        elif (word and inside == 0) or letter == "(":
            found += [word] if word else []
            word = ""
    return found


@pytest.mark.parametrize("root", ROOTS)
def test_every_served_field_can_be_asked(window: Window, root: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("bodega.storefront.graphql.serving.MOST_COMPLEX", 10**9)
    monkeypatch.setattr("bodega.storefront.graphql.serving.LARGEST", 10**9)
    for limit in ("MOST_ROOTS", "MOST_ALIKE", "MOST_FIELDS", "MOST_TOKENS", "LONGEST"):
        monkeypatch.setattr(f"bodega.storefront.graphql.documents.{limit}", 10**9)
    shop = window.shop
    shop.post("/v3/catalog/products/1/reviews", {"title": "Good", "date_reviewed": "2026-01-01T00:00:00Z",
                                                 "status": "approved", "rating": 4})  # fmt: skip
    shop.post("/v3/catalog/products/1/bulk-pricing-rules", {"quantity_min": 5, "quantity_max": 0, "type": "percent",
                                                            "amount": 10})  # fmt: skip
    for kind, config in (
        ("checkbox", {"checkbox_label": "Wrap", "checked_by_default": True}),
        ("text", {"text_characters_limited": True, "text_max_length": 9}), ("date", {}), ("file", {}),
        ("multi_line_text", {}), ("numbers_only_text", {"number_limited": True, "number_limit_mode": "lowest"}),
    ):  # fmt: skip
        made = shop.post("/v3/catalog/products/1/modifiers", {"type": kind, "display_name": kind, "required": False,
                                                              "config": config})  # fmt: skip
        assert made.status == 200, made.body
    shop.post("/v3/catalog/products/1/modifiers", {"type": "swatch", "display_name": "Colour", "required": False,
              "option_values": [{"label": "Red", "value_data": {"colors": ["#ff0000"]}}]})  # fmt: skip
    for kind in ("page", "contact_form", "raw"):
        shop.post("/v3/content/pages", {"name": kind, "type": kind, "body": "x", "email": "a@example.com"})
    shop.post("/v3/content/pages", {"name": "Link", "type": "link", "link": "https://example.com"})
    shop.post("/v2/blog/posts", {"title": "First", "body": "Hello", "is_published": True})
    shop.post("/v3/content/scripts", {"name": "Count", "src": "https://example.com/a.js", "kind": "src"})
    site = shop.get("/v3/channels/1/site").data["id"]
    to = {"type": "product", "entity_id": 1}
    shop.put("/v3/storefront/redirects", [{"from_path": "/old", "site_id": site, "to": to}])
    told_of = selection(kind_of(root), served(), 4)
    closing = " }" * (root.count("{") - root.count("}") + 1)
    whole = window.whole("{ " + root + told_of + closing if root else told_of)
    assert "data" in whole, whole
    assert [one for one in whole.get("errors", ()) if "Name a product" not in one["message"]] == []


def test_what_is_declared_is_in_the_schema_and_can_be_reached() -> None:
    known = served()
    for kind, field in {*BATCH, *PLAIN, *SHAPED}:
        found = schema().type_map[kind]
        if isinstance(found, GraphQLObjectType) and field in found.fields:
            assert field in known.get(kind, ()), f"{kind}.{field} is declared, and no query leads to it"


def test_the_schema_has_what_a_public_storefront_asks() -> None:
    listed = Path(__file__).parents[2] / "shared" / "contract" / LIST
    if not listed.exists():
        pytest.skip("there is no list of the fields of a storefront beside the project")
    asked = used(listed)
    lacking = []
    for kind, field in asked:
        found: Any = schema().type_map.get(kind)
        if field != "__typename" and field not in getattr(found, "fields", ()):
            lacking.append((kind, field))
    assert lacking == []
    known = served()
    have = [one for one in asked if one[1] == "__typename" or one[1] in known.get(one[0], ())]
    assert len(have) >= 420
    assert f"{len(have)} are served" in page(listed)
