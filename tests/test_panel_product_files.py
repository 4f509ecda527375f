"""Many products at once: in a table, in a file that is exported, and in a file that is imported."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest

from bodega.lab import product_csv
from bodega.panel.product_files import ID
from panel import Browser, base, signed_in
from shop import Shop
from test_panel_catalogue import message

PRODUCTS = "/v3/catalog/products"
LAMP: dict[str, Any] = {"type": "physical", "weight": 1, "price": 9, "inventory_tracking": "product",
                        "inventory_level": 5}  # fmt: skip


def make(shop: Shop, count: int) -> list[int]:
    """So many lamps."""
    return [shop.post(PRODUCTS, {**LAMP, "name": f"Lamp {n}", "sku": f"L{n}"}).data["id"] for n in range(count)]


def product(shop: Shop, key: int) -> Any:
    """A product as it is."""
    return shop.get(f"{PRODUCTS}/{key}").data


def upload(browser: Browser, shop: Shop, text: str | bytes) -> Any:
    """The answer to the form of an import."""
    content = text if isinstance(text, bytes) else text.encode()
    return browser.upload(browser.get(f"{base(shop)}/products/import"), "/import", "file", content)


def test_many_products_are_changed_in_one_form(shop: Shop) -> None:
    keys = make(shop, 14)
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/products/bulk?sort=name")
    before = shop.get(f"{PRODUCTS}?limit=50&sort=id").body
    assert browser.post(page, "page=1").header("location").endswith("done=unchanged")
    assert shop.get(f"{PRODUCTS}?limit=50&sort=id").body == before
    form = page.form("page=1")
    for key in keys:
        form.fields |= {f"p{key}.price": str(key * 10), f"p{key}.inventory_level": "7"}
        form.fields.pop(f"p{key}.is_visible", None)
    shop.put(f"{PRODUCTS}/{keys[0]}", {"sku": "SOLD-MEANWHILE"})
    assert browser.ask("POST", form.action, form.fields).header("location").endswith("sort=name&page=1&done=saved")
    found = [product(shop, key) for key in keys]
    assert [one["price"] for one in found] == [key * 10 for key in keys]
    assert {(one["inventory_level"], one["is_visible"]) for one in found} == {(7, False)}
    assert found[0]["sku"] == "SOLD-MEANWHILE", "what was not changed here stays"


def test_what_is_refused_is_told_in_its_cell_and_the_rest_is_saved(shop: Shop) -> None:
    keys = make(shop, 13)
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/products/bulk").form("page=1")
    order = [int(name[1:-4]) for name in form.fields if name.endswith(".was")]
    assert sorted(order) == keys
    form.fields |= {f"p{key}.name": f"New {key}" for key in keys}
    form.fields[f"p{order[0]}.price"] = "dear"
    page = browser.ask("POST", form.action, form.fields)
    assert page.status == 422
    assert "This must be a number." in page.text
    assert "Not everything was saved." in page.text
    assert page.form("page=1").fields[f"p{order[0]}.name"] == f"New {order[0]}", "nothing that was typed is lost"
    renamed = {key for key in keys if product(shop, key)["name"].startswith("New")}
    assert renamed == set(keys[:10]), "ten are saved at once, or none of them"
    fixed = browser.post(page, "page=1", **{f"p{order[0]}.price": "5"})
    assert fixed.header("location").endswith("done=saved")
    assert product(shop, order[0])["name"] == f"New {order[0]}"


def test_stock_by_variant_is_not_in_the_table(shop: Shop) -> None:
    key = shop.post(PRODUCTS, {**LAMP, "name": "Shirt", "inventory_tracking": "none"}).data["id"]
    fields = signed_in(shop).get(f"{base(shop)}/products/bulk").form("page=1").fields
    assert f"p{key}.price" in fields
    assert f"p{key}.inventory_level" not in fields


def test_what_was_exported_changes_nothing_when_it_is_imported(shop: Shop) -> None:
    odd = {"name": '=1+1; "quoted", two', "sku": "@sum", "price": 1.2345, "upc": "0012", "meta_keywords": ["a", "b c"],
           "is_visible": False, "condition": "Used", "description": "<p>one</p>\n<p>two, three</p>"}  # fmt: skip
    shop.post(PRODUCTS, {**LAMP, **odd})
    make(shop, 3)
    before = shop.get(f"{PRODUCTS}?limit=50&sort=id").json["data"]
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/products/export")
    assert page.header("content-disposition") == 'attachment; filename="products.csv"'
    rows = list(csv.DictReader(io.StringIO(page.text.lstrip("\ufeff"))))
    assert [int(row[ID]) for row in rows] == [one["id"] for one in before]
    assert rows[0]["Product Name"].startswith("'=1+1"), "a spreadsheet would take it for a formula"
    assert upload(browser, shop, page.text).header("location").endswith("/tasks?done=imported")
    settle(shop)
    after = shop.get(f"{PRODUCTS}?limit=50&sort=id").json["data"]
    for one in (*before, *after):
        one.pop("date_modified")
    assert after == before


def settle(shop: Shop) -> None:
    """Waits until all tasks have ended."""
    shop.server.rest()
    assert "waiting" not in signed_in(shop).get(f"{base(shop)}/tasks?state=failed").text


def test_a_file_changes_products_by_id_and_makes_the_others(shop: Shop) -> None:
    keys = make(shop, 12)
    rows = "".join(f"{key},Changed {key},{key + 100}\r\n" for key in keys)
    page = upload(signed_in(shop), shop, f"Product ID,Product Name,Price\r\n{rows},Brand new,$1.50\r\n")
    assert page.status == 303, message(page)
    settle(shop)
    assert [product(shop, key)["price"] for key in keys] == [key + 100 for key in keys]
    new = shop.get(f"{PRODUCTS}?name=Brand+new").data
    assert [one["price"] for one in new] == [1.5]
    assert "The file was read." in signed_in(shop).get(f"{base(shop)}/tasks?done=imported").text


WRONG: list[tuple[str | bytes, str]] = [
    ("", "Choose a CSV file first."),
    ("a,b\n1,2\n", "it has no columns"),
    (b"\xff\xfe\x00", "no text in UTF-8"),
    ("Product Name,Price\nLamp,much\n", "Line 2: Price is much, and must be a number, as 1250.50 or 1,250.50."),
    ("Product ID,Product Name,Price\nx,Lamp,1\n", "Line 2: Product ID is x, and must be a whole number."),
    ("Product Name,Price\n", "The file has no products."),
    ("Product Name,Price\n" + "Lamp,1\n" * 2_001, "more than 2,000 products"),
]


@pytest.mark.parametrize(("text", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_file_that_cannot_be_read_changes_nothing(shop: Shop, text: str | bytes, says: str) -> None:
    page = upload(signed_in(shop), shop, text)
    assert (page.status, says in page.text) == (422, True), message(page)
    assert shop.rows("products") == 0
    assert shop.rows("tasks") == 0


def test_an_export_is_sent_page_by_page(shop: Shop) -> None:
    make(shop, 3)
    parts: list[bytes] = []
    cookie = "; ".join(f"{name}={value}" for name, value in signed_in(shop).cookies.items()).encode()
    scope = {"type": "http", "method": "GET", "scheme": "https", "path": f"{base(shop)}/products/export",
             "raw_path": b"", "query_string": b"", "client": ("192.0.2.1", 1),
             "headers": [(b"host", b"localhost:8443"), (b"cookie", cookie)]}  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(said: Any) -> None:
        if said["type"] == "http.response.body":
            parts.append(said["body"])

    shop.server.run(shop.server.app(scope, receive, send))
    assert len(parts) == 3, "the head, a page, the end"
    assert parts[1].count(b"Lamp") == 3


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", 12.5), ("1,250.50", 1250.5), ("1,234,567", 1234567.0), ("$5", 5.0), ("-$5.00", -5.0), ("$-5", -5.0),
        ("5 USD", 5.0), ("€ 9", 9.0), ("A$3", 3.0), ("0", 0.0),
        ("12,50", None), ("1.234,56", None), ("1e3", None), ("1e400", None), ("5 (was 7)", None), ("5 USD + 2", None),
        ("\N{MINUS SIGN}5", None), ("9" * 400, None), ("--5", None), ("-$-5", None), ("٣", None), ("1,23", None),
        ("NaN", None), ("inf", None), ("", None), (".", None),
    ],
)  # fmt: skip
def test_a_number_is_taken_only_if_it_can_be_read_in_one_way(text: str, amount: float | None) -> None:
    assert product_csv.number(text) == amount


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2+3", "@x", "\t=1", "\r=1", "'=x", "''=x", "'tis", "''", "plain"])
def test_a_text_that_a_spreadsheet_would_compute_is_guarded_and_comes_back(shop: Shop, name: str) -> None:
    one = {**product(shop, make(shop, 1)[0]), "name": name}
    row = dict(zip(product_csv.COLUMNS, product_csv.record(one), strict=True))
    assert row[product_csv.NAME][:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert product_csv.product(row)[0]["name"] == name.strip()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Product Name,Price," + ",".join(map(str, range(100_000))) + "\r\n" + "x,y\r\n" * 2_000, "100,002 columns"),
        ("Product Name,Price\r\n" + "x,y\r\n" * 1_900_000, "more than 2,000 products"),
    ],
    ids=["columns", "rows"],
)
def test_a_file_beyond_its_limits_costs_little(shop: Shop, text: str, says: str) -> None:
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/products/import")
    began = time.process_time()
    answer = browser.upload(form, "/import", "file", text.encode())
    assert (answer.status, says in answer.text) == (422, True)
    assert time.process_time() - began < 2, "it is not read to its end"


def test_a_row_changes_only_what_its_file_says(shop: Shop) -> None:
    """Columns that are missing, and cells that are empty, are no zeros."""
    made = make(shop, 2)
    shop.put(f"{PRODUCTS}/{made[0]}", {"weight": 7, "description": "brass"})
    before = [product(shop, key) for key in made]
    browser = signed_in(shop)
    text = f"{ID},Product Name,Price,Track Inventory\r\n{made[0]},New name,9.99,\r\n{made[1]},,,\r\n"
    assert upload(browser, shop, text).status == 303
    settle(shop)
    after = [product(shop, key) for key in made]
    assert (after[0]["name"], after[0]["price"]) == ("New name", 9.99)
    moved = {"name", "price", "calculated_price", "date_modified", "base_variant_id"}
    for was, now in zip(before, after, strict=True):
        assert {name: value for name, value in was.items() if name not in moved} == {
            name: value for name, value in now.items() if name not in moved
        }
    assert after[1]["name"] == before[1]["name"]


def test_a_product_that_is_in_a_file_twice_is_refused(shop: Shop) -> None:
    made = make(shop, 1)[0]
    page = upload(signed_in(shop), shop, f"{ID},Product Name,Price\r\n{made},A,1\r\n{made},B,2\r\n")
    assert (page.status, f"Line 3: {ID} {made} is on line 2 already." in page.text) == (422, True)
