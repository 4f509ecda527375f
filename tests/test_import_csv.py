"""Products from the CSV file of a hosted store: what is taken, what is refused, what is left out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bodega.app import routes
from bodega.cli import main
from bodega.http.app_context import AppContext
from bodega.http.router import by_version
from bodega.lab.product_csv import Line, NoProducts, load, paths
from shop import Shop

HEAD = (
    "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Brand Name,Price,Cost Price,Sale Price,"
    "Product Weight,Allow Purchases?,Product Visible?,Track Inventory,Current Stock Level,Low Stock Level,Category,"
    "Product Image File - 1,Product Description,Meta Keywords,Product Condition,Sort Order"
)
KETTLE = (
    'Product,9,Kettle,P,K-1,Acme,"1,234.50",5,,1.5,Y,Y,by product,7,2,"Kitchen/Tea;Sale",kettle.jpg,"<p>Boils.</p>",'
    '"tea, water",new,3'
)
RULE = "Rule,,[CS]Colour=Red,,,,,,,,,,,,,,,,,,"
CARD = "Product,10,Card,D,,,5,,,0,N,N,none,,,,,,,,"
BAD = "Product,11,Lamp,P,L-1,,cheap,,,1,Y,Y,sideways,many,,,,,,,"
TWIN = "Product,12,Other,P,k-1,,1,,,1,Y,Y,none,,,Nowhere,,,,,"


def loaded(shop: Shop, text: str, **more: Any) -> list[Line]:
    """What becomes of a file."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    app = AppContext(shop.server.app.stores, by_version(routes()), insecure_http=True)

    async def all_of() -> list[Line]:
        try:
            return [line async for line in load(app, store, io.StringIO(text, newline=""), **more)]
        finally:
            await app.pictures.close()

    found: list[Line] = shop.server.run(all_of())
    return found


def test_products_come_with_their_categories_and_brands(shop: Shop) -> None:
    kettle, rule, card = loaded(shop, "\n".join([HEAD, KETTLE, RULE, CARD]))
    assert (kettle.problems, rule.left_out, card.problems) == ([], ["a row of the kind rule"], [])
    assert kettle.left_out == ["Picture kettle.jpg: no such file was given."]
    made = shop.get(f"/v3/catalog/products/{kettle.id}").data
    shown = {
        "name": "Kettle", "type": "physical", "sku": "K-1", "price": 1234.5, "cost_price": 5, "weight": 1.5,
        "is_visible": True, "inventory_tracking": "product", "inventory_level": 7, "inventory_warning_level": 2,
        "description": "<p>Boils.</p>", "meta_keywords": ["tea", "water"], "condition": "New", "sort_order": 3,
        "availability": "available",
    }  # fmt: skip
    assert {name: made[name] for name in shown} == shown
    assert shop.get(f"/v3/catalog/brands/{made['brand_id']}").data["name"] == "Acme"
    trees = {one["id"]: one for one in shop.get("/v3/catalog/categories").data}
    names = sorted(trees[row]["name"] for row in made["categories"])
    assert names == ["Sale", "Tea"]
    tea = next(one for one in trees.values() if one["name"] == "Tea")
    assert trees[tea["parent_id"]]["name"] == "Kitchen"
    digital = shop.get(f"/v3/catalog/products/{card.id}").data
    assert (digital["type"], digital["availability"], digital["is_visible"]) == ("digital", "disabled", False)
    assert loaded(shop, "\n".join([HEAD, KETTLE.replace("Kettle", "Pot").replace("K-1", "P-1")]))[0].id
    assert len(shop.get("/v3/catalog/categories").data) == 3, "what is there is used"


def test_a_bad_line_is_told_and_changes_nothing(shop: Shop) -> None:
    kettle, bad, twin = loaded(shop, "\n".join([HEAD, KETTLE, BAD, TWIN]))
    assert kettle.id > 0
    assert (bad.number, bad.name, bad.id) == (3, "Lamp", 0)
    assert bad.problems == [
        "Price is cheap, and must be a number, as 1250.50 or 1,250.50.",
        "Current Stock Level is many, and must be a whole number.",
        "Track Inventory is sideways, and must be none, by product or by option.",
    ]
    assert twin.id == 0
    assert twin.problems
    assert shop.rows("products") == 1
    assert shop.rows("categories") == 3, "its category was not made"


def test_a_dry_run_only_reads(shop: Shop) -> None:
    found = loaded(shop, "\n".join([HEAD, KETTLE, BAD]), dry_run=True)
    assert [bool(line.problems) for line in found] == [False, True]
    assert shop.rows("products") == shop.rows("brands") == 0


@pytest.mark.parametrize("text", ["", "name,price\na,1\n", "\x00\n"])
def test_another_file_is_refused(shop: Shop, text: str) -> None:
    with pytest.raises(NoProducts):
        loaded(shop, text)


def test_a_slash_may_be_part_of_a_name() -> None:
    assert paths("Kitchen/Tea; Sale ;;A\\/B/C") == [["Kitchen", "Tea"], ["Sale"], ["A/B", "C"]]


def test_the_command(tmp_path: Path) -> None:
    place = ("--data", str(tmp_path / "data"))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, *place])

    run("store", "create", "shop")
    file = tmp_path / "products.csv"
    file.write_text("\ufeff" + "\n".join([HEAD, KETTLE, BAD]))
    tried = run("import", "shop", "--csv", str(file), "--dry-run")
    assert (tried.exit_code, "line 3, Lamp: Price is cheap" in tried.stderr) == (1, True)
    done = run("import", "shop", "--csv", str(file), "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["made"], [line["number"] for line in told["lines"]]) == (1, [2, 3])
    file.write_text("nothing")
    wrong = run("import", "shop", "--csv", str(file))
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "This is no export of products" in wrong.stderr
    assert run("import", "nowhere", "--csv", str(file)).exit_code == 1


SKUS = (
    "Product,20,Shirt,P,SH,,10,,,1,Y,Y,by option,,,,shirt.png,,,,",
    'SKU,,"[RT]Size=Small,[CS]Colour=Red:#ff0000",,SH-S-R,,[ADD]2,,,,Y,,,4,1,,,,,,',
    'SKU,,"[RT]Size=Large,[CS]Colour=Red:#ff0000",,SH-L-R,,[FIXED]15,,,,N,,,5,,,,,,,',
    "SKU,,[XX]Size=Huge,,SH-H,,,,,,,,,,,,,,,,",
    "Product,21,Mug,P,MUG,,3,,,1,Y,Y,none,,,,,,,,",
)


def test_lines_of_skus_and_pictures_are_taken(shop: Shop, tmp_path: Path) -> None:
    from pictures import picture

    (tmp_path / "shirt.png").write_bytes(picture())
    shirt, small, large, huge, mug = loaded(shop, "\n".join([HEAD, *SKUS]), folder=tmp_path)
    assert [one.problems for one in (shirt, small, large, mug)] == [[], [], [], []]
    assert (shirt.left_out, mug.id > 0) == ([], True)
    assert "[XX]Size=Huge is no option of a kind that is known" in huge.problems[0]
    made = shop.get(f"/v3/catalog/products/{shirt.id}?include=variants,options,images").data
    told = {
        one["sku"]: (one["price"], one["inventory_level"], one["purchasing_disabled"],
                     [value["label"] for value in one["option_values"]])
        for one in made["variants"]
    }  # fmt: skip
    assert told == {"SH-S-R": (12, 4, False, ["Small", "Red"]), "SH-L-R": (15, 5, True, ["Large", "Red"])}
    assert {one["display_name"]: one["type"] for one in made["options"]} == {"Size": "rectangles", "Colour": "swatch"}
    assert len(made["images"]) == 1
