"""Texts that look the same are the same, however their accents were typed (Unicode Standard Annex 15); issue 12.

What is stored and shown stays as it was sent.
"""

from __future__ import annotations

import unicodedata
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from bodega.resources import MODEL
from bodega.storage import query
from bodega.storage.migrate import migrations
from bodega.storage.sqlite.backend import add_functions
from bodega.storage.table import Composed, Table
from bodega.storage.text import caseless, composed
from bodega.storage.unit import Unit
from shop import Shop

COMPOSED = "Caf\u00e9 \u00c5ngstr\u00f6m"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
SIGN = COMPOSED.replace("\u00c5", "\u212b")
"""With the sign of the unit, which is canonically the same as the letter."""

KEYED = [table for table in MODEL.tables if table.composed]


def test_the_samples_are_three() -> None:
    assert len({COMPOSED, DECOMPOSED, SIGN}) == 3
    assert {composed(text) for text in (COMPOSED, DECOMPOSED, SIGN)} == {COMPOSED}
    assert {caseless(text) for text in (COMPOSED, DECOMPOSED.upper(), SIGN)} == {"caf\u00e9 \u00e5ngstr\u00f6m"}
    assert caseless("STRASSE") == caseless("stra\u00dfe")
    assert caseless("ABC") == "abc"


@pytest.mark.parametrize("table", MODEL.tables, ids=lambda table: table.name)
def test_every_text_of_a_unique_key_is_compared_in_one_form(table: Table) -> None:
    """The class: whoever declares a `Unique` over a text gets it, and cannot forget it."""
    keys = {name for unique in table.uniques for name in unique.columns}
    for column in table.columns:
        if column.name in keys and column.type == "TEXT":
            assert column.name in table.composed
            assert isinstance(column.value, Composed)
            for text in (COMPOSED, DECOMPOSED, SIGN):
                assert Composed(lambda entity: entity.text)(SimpleNamespace(text=text)) == COMPOSED
        else:
            assert not isinstance(column.value, Composed)


def test_no_key_is_folded_otherwise() -> None:
    """`caseless` is the one way to a key; `casefold` alone keeps accents apart."""
    names = {name for table in KEYED for name in table.composed}
    assert len(names) > 15
    for table in MODEL.tables:
        for column in table.columns:
            if column.name.endswith("_key") and column.type == "TEXT":
                code = getattr(
                    column.value.value if isinstance(column.value, Composed) else column.value, "__code__", None
                )
                assert code is None or "casefold" not in code.co_names, f"{table.name}.{column.name}"


BRAND, CATEGORY, PRODUCT = "/v3/catalog/brands", "/v3/catalog/categories", "/v3/catalog/products"
WARE = {"type": "physical", "weight": 1, "price": 1}
COUPON = {"type": "per_total_discount", "amount": 1, "applies_to": {"entity": "categories", "ids": [0]}}
PERSON = {"first_name": "A", "last_name": "B"}

TWICE: list[tuple[str, Any]] = [
    (BRAND, lambda text: {"name": text}),
    (CATEGORY, lambda text: {"name": text, "parent_id": 0}),
    (PRODUCT, lambda text: {**WARE, "name": text}),
    (PRODUCT, lambda text: {**WARE, "name": f"{len(text)} {ord(text[9])} {ord(text[5])}", "sku": text}),
    ("/v2/coupons", lambda text: {"name": text, "code": f"C{ord(text[9])}-{ord(text[5])}", **COUPON}),
    ("/v2/options", lambda text: {"name": text, "type": "T"}),
    ("/v2/option_sets", lambda text: {"name": text}),
    ("/v2/pages", lambda text: {"name": text, "type": "page", "channel_id": 1, "body": "x"}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(TWICE)), ids=[path for path, _ in TWICE])
def test_the_same_name_cannot_be_given_twice(shop: Shop, number: int) -> None:
    """On both databases: 409, or where a list is answered as a whole, 422."""
    path, draft = TWICE[number]
    first = shop.post(path, draft(DECOMPOSED))
    if first.status == 404:
        pytest.skip("not served")
    assert first.status in (200, 201), first.body
    for text in (COMPOSED, SIGN, COMPOSED.upper()):
        again = shop.post(path, draft(text))
        assert again.status in (400, 409, 422), (text, again.body)


def test_what_was_sent_is_shown_and_is_found_in_either_form(shop: Shop) -> None:
    made = shop.post(PRODUCT, {**WARE, "name": DECOMPOSED, "sku": DECOMPOSED}).data
    assert (made["name"], made["sku"]) == (DECOMPOSED, DECOMPOSED)
    for text in (COMPOSED, DECOMPOSED, SIGN):
        for name in ("sku", "name"):
            found = shop.get(f"{PRODUCT}?{name}={quote(text)}").data
            assert [row["id"] for row in found] == [made["id"]], (name, text)
    field = f"{PRODUCT}/{made['id']}/custom-fields"
    assert shop.post(field, {"name": COMPOSED, "value": DECOMPOSED}).status == 200
    assert shop.post(field, {"name": DECOMPOSED, "value": COMPOSED}).status == 409


def test_an_address_of_a_page_is_taken_in_either_form(shop: Shop) -> None:
    """Rule 44."""
    first = shop.post(BRAND, {"name": "A", "custom_url": {"url": f"/{DECOMPOSED}/", "is_customized": True}})
    assert first.data["custom_url"]["url"] == f"/{DECOMPOSED}/"
    again = shop.post(BRAND, {"name": "B", "custom_url": {"url": f"/{COMPOSED}/", "is_customized": True}})
    assert again.status in (207, 409), again.body


def test_a_customer_has_an_address_in_either_form(shop: Shop) -> None:
    """RFC 6532: letters with accents are taken in addresses."""
    mail = "caf\u00e9@example.com"
    first = shop.post("/v3/customers", [{**PERSON, "email": unicodedata.normalize("NFD", mail)}])
    assert first.status == 200, first.body
    assert shop.post("/v3/customers", [{**PERSON, "email": mail}]).status == 422
    assert len(shop.get(f"/v3/customers?email:in={quote(mail)}").data) == 1


def test_rows_of_before_are_brought_into_the_form_and_twins_are_kept_apart(shop: Shop) -> None:
    """Migration 27, with the keys as they were kept before it."""
    names = [DECOMPOSED, "Cafe\u0301", "caf\u00e9 x", "Plain"]
    ids = [shop.brand(name) for name in names]
    old = {ids[0]: DECOMPOSED.casefold(), ids[1]: "cafe\u0301", ids[2]: "caf\u00e9", ids[3]: "plain"}
    (step,) = (migration for migration in migrations() if migration.name == "normal_form")
    shop.post(PRODUCT, {**WARE, "name": DECOMPOSED})

    async def undo(unit: Unit) -> None:
        for number, key in old.items():
            await unit.tx.run("UPDATE brands SET name_key = $2 WHERE id = $1", number, key)
        await unit.tx.run("UPDATE products SET name_key = $1", DECOMPOSED.casefold())

    server = shop.server
    store = server.run(server.app.stores.get(shop.name))
    server.run(store.write(undo))
    dialect = store.rows.reader.dialect

    async def again(unit: Unit) -> Any:
        if dialect == "sqlite":
            add_functions(unit.tx.connection)  # type: ignore[attr-defined]
        for statement in step.statements(dialect):
            await unit.tx.run(statement)
        products = await query.values(unit.tx, "SELECT name_key FROM products")
        return await query.pairs(unit.tx, "SELECT id, name_key FROM brands"), products

    brands, products = server.run(store.write(again))
    assert brands == {**old, ids[0]: caseless(COMPOSED)}, "the second would be what the third is already"
    assert products == [caseless(COMPOSED)]
