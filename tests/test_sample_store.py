"""A store filled with sample data keeps the rules that clients have to keep, and is the same for the same seed."""

from collections import Counter
from typing import Any

import pytest

from bodega.lab import seed_products
from bodega.lab.seed import Amounts, seed
from shop import Shop
from statistics_check import check_statistics

NOON = 1_750_000_000
GOODS = Amounts(products=60)
EACH = GOODS._replace(customers=40)
PEOPLE = Amounts(customers=60)
TABLES = (
    "categories brands products options option_values product_options variants product_rules custom_fields"
    " bulk_pricing_rules videos reviews product_images customer_groups customer_attributes customers"
    " customer_addresses customer_attribute_values subscribers"
)


def fill(shop: Shop, amounts: Amounts = EACH, number: int = 1) -> None:
    """Seeds a store whose clock stands still."""
    shop.freeze(NOON)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    shop.server.run(seed(store, amounts, number))


def documents(shop: Shop) -> dict[str, list[bytes]]:
    """Every sample row as it is stored."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    reader = store.rows.reader
    return {
        table: [bytes(row[0]) for row in shop.server.run(reader.rows(f"SELECT doc FROM {table} ORDER BY id"))]
        for table in TABLES.split()
    }


def everything(shop: Shop, path: str) -> list[Any]:
    """All rows of a V3 list."""
    reply = shop.get(f"{path}{'&' if '?' in path else '?'}limit=250")
    assert reply.status == 200, reply.body
    rows: list[Any] = reply.data
    return rows


def test_two_stores_of_one_seed_are_equal(shop: Shop) -> None:
    other = shop.server.shop()
    fill(shop)
    fill(other)
    first, second = documents(shop), documents(other)
    assert first == second
    assert all(first.values()), {name: len(rows) for name, rows in first.items()}


def test_filled_in_steps_it_is_the_same_store(shop: Shop) -> None:
    other = shop.server.shop()
    fill(shop)
    for part in (7, 53):
        fill(other, Amounts(products=part))
    for part in (1, 39):
        fill(other, Amounts(customers=part))
    assert documents(shop) == documents(other)


def test_another_seed_fills_another_store(shop: Shop) -> None:
    fill(shop, GOODS)
    names = {row["name"] for row in everything(shop, "/v3/catalog/products")}
    fill(shop, GOODS, 2)
    both = {row["name"] for row in everything(shop, "/v3/catalog/products")}
    assert len(both) == 2 * len(names)


def test_a_product_is_the_sum_of_what_hangs_on_it(shop: Shop) -> None:
    """Rules 47, 56, 57 and 70."""
    fill(shop, GOODS)
    found = everything(shop, "/v3/catalog/products?include=variants,reviews")
    assert {product["inventory_tracking"] for product in found} == {"none", "product", "variant"}
    for product in found:
        variants = product["variants"]
        if product["base_variant_id"] is None:
            assert len(variants) >= 2
            if product["inventory_tracking"] == "variant":
                assert product["inventory_level"] == sum(one["inventory_level"] for one in variants) > 0
        else:
            assert [one["id"] for one in variants] == [product["base_variant_id"]]
        approved = [review["rating"] for review in product["reviews"] if review["status"] == "approved"]
        assert (product["reviews_count"], product["reviews_rating_sum"]) == (len(approved), sum(approved))


def test_variants_are_told_apart_by_options_of_fitting_types(shop: Shop) -> None:
    """Rules 57 and 60."""
    fill(shop, GOODS)
    types = Counter()
    for product in everything(shop, "/v3/catalog/products?include_fields=base_variant_id"):
        if product["base_variant_id"] is None:
            options = everything(shop, f"/v3/catalog/products/{product['id']}/options")
            types.update(option["type"] for option in options)
            for value in (
                value for option in options if option["type"] == "swatch" for value in option["option_values"]
            ):
                assert value["value_data"]["colors"][0].startswith("#")
    assert set(types) == {"swatch", "rectangles", "dropdown"}


def test_a_gift_box_costs_more_by_its_choice(shop: Shop) -> None:
    """Rule 65."""
    fill(shop, GOODS)
    product = next(
        row["id"] for row in everything(shop, "/v3/catalog/products?include_fields=id") if _modifiers(shop, row["id"])
    )
    box = _modifiers(shop, product)[0]
    adjusters = [value["adjusters"]["price"] for value in box["option_values"]]
    assert adjusters == [{}, *({"adjuster": "relative", "adjuster_value": more} for more in (3, 7.5))]


def _modifiers(shop: Shop, product: int) -> list[Any]:
    return everything(shop, f"/v3/catalog/products/{product}/modifiers")


def test_products_and_departments_share_few_pictures(shop: Shop) -> None:
    """Rule 68. A picture is kept once, however many rows show it."""
    fill(shop, GOODS)
    products = everything(shop, "/v3/catalog/products?include=images")
    images = [image for product in products for image in product["images"]]
    assert all(product["images"][0]["is_thumbnail"] for product in products)
    assert len(images) > len(products)
    kinds = {product["sku"].partition("-")[0] for product in products}
    assert len({image["url_zoom"] for image in images}) <= len(kinds) + 9
    departments = [one for one in everything(shop, "/v3/catalog/categories") if one["image_url"]]
    assert [one["parent_id"] for one in departments] == [0] * 9
    for url in (images[0]["url_zoom"], images[0]["url_tiny"], departments[0]["image_url"]):
        found = shop.get("/files/" + url.partition("/files/")[2], base="", token="")
        assert (found.status, found.headers["content-type"]) == (200, "image/jpeg")
    used = "SELECT digest FROM file_uses"
    assert shop.rows(f"files WHERE digest NOT IN ({used})") == 0


def test_far_into_a_large_catalogue_pictures_are_rare(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    monkeypatch.setattr(seed_products, "ALL_PICTURED", 20)
    fill(shop, GOODS)
    shown = [bool(one["images"]) for one in everything(shop, "/v3/catalog/products?include=images")]
    assert all(shown[:20])
    assert 0 < sum(shown[20:]) < 20


def test_dates_are_in_the_past_of_the_store(shop: Shop) -> None:
    fill(shop, GOODS)
    for product in everything(shop, "/v3/catalog/products?include=reviews"):
        assert product["date_created"] < "2024-06-15" < product["date_modified"] == "2025-06-15T15:06:40+00:00"
        assert all(review["date_reviewed"] <= product["date_modified"] for review in product["reviews"])


def test_customers_are_shown_with_all_that_they_have(shop: Shop) -> None:
    """Rules 97, 101 and 102."""
    fill(shop, PEOPLE)
    found = everything(shop, "/v3/customers?include=addresses,attributes,storecredit")
    assert len(found) == PEOPLE.customers
    groups = {group["id"] for group in shop.get("/v2/customer_groups").json}
    assert {one["customer_group_id"] for one in found} == {0, *groups}
    for one in found:
        assert one["address_count"] == len(one["addresses"])
        assert one["date_created"] < "2025-06-15"
        assert all(address["country"] for address in one["addresses"])
    assert any(one["store_credit_amounts"][0]["amount"] for one in found)
    assert any(one["attributes"] for one in found)
    emails = {one["email"] for one in found}
    assert {one["email"] for one in everything(shop, "/v3/customers/subscribers")} < emails


def test_the_ledger_knows_what_was_filled_in(shop: Shop) -> None:
    fill(shop)
    check_statistics(shop)


def test_what_was_filled_in_can_be_emptied_out(shop: Shop) -> None:
    """Nothing that hangs on a product outlives it."""
    fill(shop, GOODS)
    ids = [row["id"] for row in everything(shop, "/v3/catalog/products?include_fields=id")]
    assert shop.delete(f"/v3/catalog/products?id:in={','.join(map(str, ids))}").status == 204
    left = {name: len(rows) for name, rows in documents(shop).items() if rows}
    assert set(left) == {"categories", "brands"}
