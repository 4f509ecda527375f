"""Brands: names, URLs, deletes (rules 32, 38 and 54)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog import brands
from shop import Shop

V2 = "/v2/brands"
V3 = "/v3/catalog/brands"


def test_a_brand_written_in_one_version_is_read_in_the_other(shop: Shop) -> None:
    """One store, two forms."""
    made = shop.post(V2, {"name": "Acme", "page_title": "T", "meta_keywords": "a, b", "image_file": "a/b.png"})
    assert (made.status, made.headers["location"]) == (201, f"https://localhost:8443/stores/{shop.name}{V2}/1")
    assert shop.get(f"{V3}/1").data == {
        "id": 1, "name": "Acme", "page_title": "T", "meta_keywords": ["a", "b"], "meta_description": "",
        "search_keywords": "", "image_url": "a/b.png", "custom_url": {"url": "/acme/", "is_customized": False},
    }  # fmt: skip
    again = shop.post(V3, {"name": "Bolt", "custom_url": {"url": "/our-bolts/"}})
    assert (again.status, again.headers["location"]) == (200, f"https://localhost:8443/stores/{shop.name}{V3}/2")
    assert again.data["custom_url"] == {"url": "/our-bolts/", "is_customized": True}
    assert shop.put(f"{V3}/1", {"name": "Acme Inc", "meta_keywords": []}).status == 200
    assert shop.get(f"{V2}/1").json == {
        "id": 1, "name": "Acme Inc", "page_title": "T", "meta_keywords": "", "meta_description": "",
        "image_file": "a/b.png", "search_keywords": "",
    }  # fmt: skip
    assert [row["name"] for row in shop.get(V2).json] == ["Acme Inc", "Bolt"]
    assert shop.get(f"{V2}/count").json == {"count": 2}


@pytest.mark.parametrize("name", ["Acme", "ACME", "acme"])
@pytest.mark.parametrize("path", [V2, V3])
def test_a_brand_name_is_unique_whatever_its_case(shop: Shop, path: str, name: str) -> None:
    """Rule 32: told with what stands in the way and what to do."""
    shop.brand("Acme")
    shop.brand("Bolt")
    for reply in (shop.post(path, {"name": name}), shop.put(f"{path}/2", {"name": name})):
        assert (reply.status, reply.reason) == (409, "DUPLICATE")
        details = reply.json[0]["details"] if path == V2 else reply.json["details"]
        assert (details["conflicting_field"], details["conflicting_id"]) == ("name", 1)
        assert details["conflict_reason"]
        assert "update brand 1" in details["resolution"]
    assert shop.put(f"{path}/1", {"name": name}).status == 200  # its own name, in another case


@pytest.mark.parametrize(("path", "status"), [(V2, 204), (V3, 204)])
def test_the_products_of_a_brand_that_goes_have_none(shop: Shop, path: str, status: int) -> None:
    """Rule 36 has no word for brands: the products stay, and change."""
    brand = shop.brand("Acme")
    product = shop.product(brand_id=brand)
    tag = shop.get(f"/v3/catalog/products/{product}").headers["etag"]
    assert shop.delete(f"{path}/{brand}").status == status
    shown = shop.get(f"/v3/catalog/products/{product}")
    assert shown.data["brand_id"] == 0
    assert shown.headers["etag"] != tag
    assert shop.get("/v3/catalog/products?brand_id=1").data == []
    assert shop.delete(f"{path}/{brand}").status == 404
    assert shop.brand("Acme") == brand + 1  # its name and URL are free again
    assert shop.get(f"{V3}/2").data["custom_url"]["url"] == "/acme/"


def test_v2_deletes_all_brands(shop: Shop) -> None:
    """Rule 22."""
    shop.brand("Acme")
    shop.brand("Bolt")
    assert shop.delete(V2).status == 204
    assert shop.get(V2).status == 204
    assert shop.get(f"{V2}/count").json == {"count": 0}


@pytest.mark.parametrize(
    ("query", "status", "reason", "left"),
    [
        ("", 422, "FILTER_REQUIRED", 3),
        ("?limit=1", 422, "FILTER_REFUSED", 3),
        ("?id:in=1", 422, "FILTER_REFUSED", 3),
        ("?name=", 422, "QUERY_INVALID", 3),
        ("?name=nobody", 204, "", 3),
        ("?name=acme", 204, "", 2),
        ("?page_title=T", 204, "", 1),
        ("?name=acme&page_title=T", 204, "", 2),
        ("?name=bolt&page_title=T", 204, "", 3),
    ],
)
def test_v3_deletes_brands_by_name_or_page_title_only(
    shop: Shop, query: str, status: int, reason: str, left: int
) -> None:
    """Rules 20, 22, 24 and 38."""
    shop.brand("Acme", page_title="T")
    shop.brand("Bolt")
    shop.brand("Pro", page_title="T")
    reply = shop.delete(f"{V3}{query}")
    assert (reply.status, reply.reason) == (status, reason)
    assert shop.rows("brands") == left


# One name space of URLs.


@pytest.mark.parametrize("path", ["/v3/catalog/brands", "/v3/catalog/categories", "/v3/catalog/products"])
@pytest.mark.parametrize("holder", ["brand", "category", "product"])
def test_a_url_is_taken_once_in_the_whole_store(shop: Shop, holder: str, path: str) -> None:
    """Rule 44: brands, categories and products share it."""
    getattr(shop, holder)("First", custom_url={"url": "/x/"})
    body = {"name": "Second", "parent_id": 0, "type": "physical", "price": 1, "weight": 1}
    reply = shop.post(path, {**body, "custom_url": {"url": "/x/", "is_customized": True}})
    assert (reply.status, reply.reason) == (409, "DUPLICATE")
    assert reply.json["errors"] == {"custom_url": "The custom_url /x/ is taken"}
    assert reply.json["details"]["conflicting_id"] == 1
    assert shop.post(path, body).status == 200
    moved = shop.put(f"{path}/{shop.get(f'{path}?name=Second').data[0]['id']}", {"custom_url": {"url": "x/"}})
    assert moved.status == 409


def test_names_that_make_the_same_url_get_different_ones(shop: Shop) -> None:
    """The store chooses a free one, also where a name has no Latin letter."""
    shop.brand("Garden Tools")
    shop.category("Garden tools")
    shop.product("garden-tools")
    shop.product("\u5ead")
    shop.category("\u5ead")
    lists = [shop.get(f"/v3/catalog/{kind}").data for kind in ("brands", "categories", "products")]
    chosen = [row["custom_url"]["url"] for rows in lists for row in rows]
    assert len(set(chosen)) == 5
    assert all(url.startswith("/") and url.endswith("/") for url in chosen)


def test_a_url_of_the_greatest_length_can_be_read_and_written_again(shop: Shop) -> None:
    """The slash in front belongs to the length."""
    for kind, longest in (("brand", 1024), ("category", 255), ("product", 255)):
        made = getattr(shop, kind)(custom_url={"url": kind[0] * (longest - 1)})
        path = {"brand": "brands", "category": "categories", "product": "products"}[kind]
        assert shop.get(f"/v3/catalog/{path}/{made}").data["custom_url"]["url"] == "/" + kind[0] * (longest - 1)
        assert shop.put(f"/v2/{path}/{made}", {"page_title": "T"}).status == 200
        assert shop.put(f"/v3/catalog/{path}/{made}", {"custom_url": {"url": "u" * longest}}).status == 422


@pytest.mark.parametrize("path", [V2, V3])
def test_a_store_holds_so_many_brands(shop: Shop, path: str) -> None:
    """Rule 32: 403; a duplicate is told before."""
    shop.redeclare(brands.TABLE, cap=2)
    shop.brand("Acme")
    shop.brand("Bolt")
    reply = shop.post(path, {"name": "Third"})
    assert (reply.status, reply.reason) == (403, "PLATFORM_CAP_REACHED")
    assert shop.post(path, {"name": "acme"}).status == 409
    assert shop.put(f"{path}/2", {"name": "Third"}).status == 200


# Rule 54: a product names its brand.


@pytest.mark.parametrize(
    ("body", "brand", "brands"),
    [
        ({"brand_name": "Acme"}, 1, 1),
        ({"brand_name": "ACME"}, 1, 1),
        ({"brand_name": "Bolt"}, 2, 2),
        ({"brand_name": ""}, 0, 1),
        ({"brand_name": "  "}, 0, 1),
        ({"brand_name": " Acme "}, 1, 1),
        ({"brand_name": "Bolt", "brand_id": 1}, 1, 1),
        ({"brand_name": "Bolt", "brand_id": 0}, 2, 2),
    ],
)
def test_a_brand_name_links_the_brand_or_makes_it(shop: Shop, body: dict[str, Any], brand: int, brands: int) -> None:
    """Rule 54, on create and on update."""
    shop.brand("Acme")
    made = shop.product("Anvil")
    for product in (shop.product("Hammer", **body), made):
        shown = shop.put(f"/v3/catalog/products/{product}", body).data
        assert shown["brand_id"] == brand
        assert "brand_name" not in shown
    assert shop.rows("brands") == brands


def test_a_brand_made_for_a_product_that_is_refused_is_not_kept(shop: Shop) -> None:
    """Rule 54: one request, one transaction."""
    shop.product("Hammer")
    reply = shop.post(
        "/v3/catalog/products", {"name": "hammer", "type": "physical", "price": 1, "weight": 1, "brand_name": "New"}
    )
    assert reply.status == 409
    assert shop.rows("brands") == 0
    assert shop.brand("New") == 1


def test_a_brand_made_for_a_product_counts_against_the_plan(shop: Shop) -> None:
    """Rule 54: 507 names what is full."""
    shop.brand("Acme")
    shop.change(limits={"brands": 1})
    needed = {"name": "Hammer", "type": "physical", "price": 1, "weight": 1}
    reply = shop.post("/v3/catalog/products", {**needed, "brand_name": "New"})
    assert (reply.status, reply.json["details"]["resource"]) == (507, "brands")
    assert shop.rows("products") == 0
    assert shop.post("/v3/catalog/products", {**needed, "brand_name": "acme"}).status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "n" * 256), ("page_title", "p" * 256), ("meta_keywords", "a"), ("image_url", 5),
        ("search_keywords", "s" * 65_536), ("custom_url", []), ("meta_description", None),
    ],
)  # fmt: skip
def test_v3_refuses_values_out_of_bounds(shop: Shop, field: str, value: Any) -> None:
    """Rule 21."""
    reply = shop.post(V3, {"name": "Acme", field: value})
    assert (reply.status, list(reply.json["errors"])) == (422, [field])
