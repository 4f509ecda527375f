"""A store is emptied whatever order its database lists the tables in: on a node of a cluster age says nothing."""

from __future__ import annotations

import pytest

from bodega.lab import reset
from bodega.storage.schema_facts import SchemaFacts, facts_of
from shop import Shop


def facts(shop: Shop) -> SchemaFacts:
    return shop.server.run(facts_of(shop.server.run(shop.server.app.stores.get(shop.name)).rows.reader))


def test_rows_leave_before_those_that_they_refer_to(shop: Shop) -> None:
    known = facts(shop)
    order = known.leaving(sorted(known.columns))
    assert sorted(order) == sorted(known.columns)
    backwards = known.leaving(sorted(known.columns, reverse=True))
    pairs = [(child, table) for table, told in known.references.items() for child, _, _ in told if child != table]
    assert len(pairs) > 50
    for placed in (order, backwards):
        wrong = [pair for pair in pairs if placed.index(pair[0]) > placed.index(pair[1])]
        assert wrong == []
    assert known.leaving(["brands", "products"]) == known.leaving(["products", "brands"]) == ["products", "brands"]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_a_store_is_emptied_in_any_order_of_its_catalogue(
    shop: Shop, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reset, "_TABLES", {name: f"{sql} {order}" for name, sql in reset._TABLES.items()})
    product = shop.product(categories=[shop.category()], brand_id=shop.brand())
    assert shop.post(f"/v3/catalog/products/{product}/reviews", {
        "title": "Good", "status": "approved", "date_reviewed": "2026-11-29T12:00:00Z"}).status == 200  # fmt: skip
    shop.write(reset.empty)
    assert shop.get("/v3/catalog/products").data == []
    assert shop.get("/v3/channels").data != []
