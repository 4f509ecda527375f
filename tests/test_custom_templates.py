"""Custom templates: what themes offer, and which entities have one (V3), on both databases."""

from __future__ import annotations

from typing import Any

import pytest

import zips
from shop import Shop
from test_themes import ACTIVATE, THEMES, uploaded

PATH = "/v3/storefront/custom-template-associations"


def of(kind: str, entity: int, file: str, channel: int = 1) -> dict[str, Any]:
    return {"channel_id": channel, "entity_type": kind, "entity_id": entity, "file_name": file}


def test_a_version_and_a_variation_tell_what_they_offer(shop: Shop) -> None:
    theme = uploaded(shop)
    offered = {"product": ["tall.html"], "category": [], "brand": ["maker.html"], "page": []}
    assert shop.get(f"{THEMES}/custom-templates/{theme['variations'][1]['uuid']}").data == offered
    shop.post(ACTIVATE, {"variation_id": theme["variations"][0]["uuid"]})
    version = shop.get("/v3/channels/1/active-theme").data["active_theme_version_uuid"]
    assert shop.get(f"{THEMES}/custom-templates/{version}").data == offered
    assert shop.get(f"{THEMES}/custom-templates/{theme['uuid']}").status == 404


def test_an_entity_has_one_template_on_a_channel(shop: Shop) -> None:
    product, brand = shop.product(), shop.brand()
    both = [of("product", product, "custom-product.html"), of("brand", brand, "none.html")]
    made = shop.put(PATH, both)
    assert (made.status, [one["is_valid"] for one in made.data]) == (200, [True, False])
    again = shop.put(PATH, [of("product", product, "other.html")]).data
    assert (again[0]["id"], again[0]["file_name"], again[0]["is_valid"]) == (made.data[0]["id"], "other.html", False)
    assert shop.rows("custom_templates") == 2


def test_what_is_valid_follows_from_the_theme_that_the_channel_shows(shop: Shop) -> None:
    product = shop.product()
    shop.put(PATH, [of("product", product, "tall.html")])
    assert shop.get(f"{PATH}?is_valid=true").data == []
    theme = uploaded(shop, zips.theme())
    etag = shop.get(PATH).headers["etag"]
    shop.post(ACTIVATE, {"variation_id": theme["variations"][0]["uuid"]})
    assert [one["is_valid"] for one in shop.get(PATH).data] == [True]
    assert shop.get(PATH, headers={"If-None-Match": etag}).status == 200
    assert [one["entity_id"] for one in shop.get(f"{PATH}?is_valid=true").data] == [product]
    assert shop.get(f"{PATH}?is_valid=false").data == []


def test_lists_and_deletes_by_filters(shop: Shop) -> None:
    one, two, brand = shop.product("One"), shop.product("Two"), shop.brand()
    shop.put(PATH, [of("product", one, "a.html"), of("product", two, "b.html"), of("brand", brand, "c.html")])

    def files(query: str) -> list[str]:
        return [row["file_name"] for row in shop.get(f"{PATH}?{query}").data]

    assert files("type=product") == ["a.html", "b.html"]
    assert files(f"type=product&entity_id:in={two}") == ["b.html"]
    assert files("channel_id=2") == []
    assert files("limit=1&page=3") == ["c.html"]
    assert shop.get(f"{PATH}?entity_id:in={two}").status == 422
    assert shop.get(f"{PATH}?type=shelf").status == 422
    assert shop.delete(PATH).status == 422
    assert shop.delete(f"{PATH}?entity_id:in={two}").status == 422
    assert shop.delete(f"{PATH}?type=product&entity_id:in={two}").status == 204
    assert shop.delete(f"{PATH}?id:in=1").status == 204
    assert files("") == ["c.html"]


REFUSED: list[tuple[Any, int, str]] = [
    ([], 422, ""),
    ([of("product", 99, "a.html")], 422, "0.entity_id"),
    ([of("shelf", 1, "a.html")], 422, "0.entity_type"),
    ([of("brand", 1, "")], 422, "0.file_name"),
    *(
        ([of("brand", 1, name)], 422, "0.file_name")
        for name in ("../../x.html", "a/../b", "/a", "a\\b", "a\nb", "a/", ".")
    ),
    ([{"channel_id": 1, "entity_type": "brand", "entity_id": 1}], 422, "0.file_name"),
    ([of("brand", 1, "a.html"), of("brand", 1, "b.html")], 422, "1.entity_id"),
    ([of("brand", 1, "a.html", channel=9)], 409, "0.channel_id"),
]


@pytest.mark.parametrize(("body", "status", "field"), REFUSED)
def test_a_bad_list_is_refused_whole(shop: Shop, body: Any, status: int, field: str) -> None:
    shop.brand()
    reply = shop.put(PATH, body)
    assert (reply.status, list(reply.json["errors"])) == (status, [field]), reply.body
    assert shop.rows("custom_templates") == 0
    assert shop.put(PATH, [of("brand", 1, "a.html")] * 101).status == 413


@pytest.mark.parametrize("kind", ["product", "brand", "category", "page"])
def test_an_association_goes_with_its_entity(shop: Shop, kind: str) -> None:
    made = {
        "product": lambda: (shop.product(), "/v3/catalog/products"),
        "brand": lambda: (shop.brand(), "/v3/catalog/brands"),
        "category": lambda: (shop.category(), "/v3/catalog/categories"),
        "page": lambda: (shop.post("/v2/pages", {"name": "P", "type": "page", "body": "x"}).json["id"], "/v2/pages"),
    }
    entity, home = made[kind]()
    shop.put(PATH, [of(kind, entity, "a.html")])
    assert shop.delete(f"{home}/{entity}").status == 204
    assert shop.rows("custom_templates") == 0
