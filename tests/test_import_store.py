"""A store imported through its API: what it holds is what the other holds, ids included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.cli import main
from served import Served, Store, serving

OWN = frozenset({"date_modified", "reviews_rating_sum", "total_sold", "view_count", "primary_image", "image_url"})
"""What cannot be the same: when a row last changed here, what follows from orders, addresses of pictures."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with plain HTTP."""
    with serving(tmp_path_factory.mktemp("transfer"), "--insecure-http") as served:
        yield served


@pytest.fixture(scope="module")
def pair(house: Served) -> tuple[Store, Store, Any]:
    """A seeded store, one that was filled from it, and what the command said."""
    source, target = house.store(), house.store()
    source.run("store plan HASH enterprise")
    target.run("store plan HASH enterprise")
    target.run("store set HASH images.allow_private=true")
    source.run("seed HASH --products 25 --customers 12 --orders 15")
    told = brought(source, target)
    return source, target, told


def brought(source: Store, target: Store, *more: str) -> Any:
    """The import of one store into the other, which must succeed."""
    import json

    token = source.account("--unlimited")["token"]
    base = f"{source.served.http}/stores/{source.hash}"
    words = ["import", target.hash, "--from", base, "--token", token, "--json", *more, *target.served.place]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def rows(store: Store, path: str) -> dict[int, Any]:
    """The rows of a list by id, without what is each store's own."""
    import http.client
    import json

    token = store.account("--unlimited")["token"]
    connection = http.client.HTTPConnection(store.served.http.removeprefix("http://"), timeout=60)
    try:
        connection.request(
            "GET", f"/stores/{store.hash}{path}", headers={"x-auth-token": token, "accept": "application/json"}
        )
        reply = connection.getresponse()
        content = reply.read()
        if reply.status == 204:
            return {}
        assert reply.status == 200, (path, content)
        told = json.loads(content)
    finally:
        connection.close()
    return {one["id"]: plain(one) for one in (told["data"] if isinstance(told, dict) else told)}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        own = OWN | ({"name"} if "display_name" in value else set())  # it has the time in it
        own |= {"date_created"} if "attribute_value" in value else set()
        return {name: plain(one) for name, one in value.items() if name not in own and not name.startswith("url_")}
    return [plain(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "path",
    [
        "/v3/catalog/categories?limit=250",
        "/v3/catalog/brands?limit=250",
        "/v3/catalog/products?limit=250&include=options,variants,modifiers,custom_fields,bulk_pricing_rules,videos",
        "/v2/customer_groups?limit=250",
        "/v3/customers?limit=250",
        "/v3/customers/addresses?limit=250",
        "/v3/customers/attributes?limit=250",
        "/v3/customers/attribute-values?limit=250",
        "/v2/coupons?limit=250",
        "/v3/pricelists?limit=250",
    ],
)
def test_what_it_holds_is_what_the_other_holds(pair: tuple[Store, Store, Any], path: str) -> None:
    source, target, _ = pair
    there, here = rows(source, path), rows(target, path)
    assert here.keys() == there.keys()
    assert [one for row in there for one in differing(there[row], here[row], str(row))] == []


def differing(one: Any, other: Any, place: str) -> list[str]:
    """Where two values differ, by the names of the members."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            told for name in {**one, **other} for told in differing(one.get(name), other.get(name), f"{place}.{name}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            told
            for number, (left, right) in enumerate(zip(one, other, strict=True))
            for told in differing(left, right, f"{place}.{number}")
        ]
    return [] if one == other else [f"{place}: {one!r} became {other!r}"]


ORDER = ("id", "customer_id", "status_id", "date_created", "total_inc_tax", "subtotal_ex_tax", "items_total",
         "shipping_cost_ex_tax", "discount_amount", "payment_method", "external_id")  # fmt: skip


def test_orders_come_with_their_totals(pair: tuple[Store, Store, Any]) -> None:
    source, target, _ = pair
    found = [
        {one: {name: row[name] for name in ORDER} for one, row in rows(store, "/v2/orders?limit=250").items()}
        for store in (source, target)
    ]
    assert found[1] == found[0]


def test_called_again_it_goes_on_where_it_ended(pair: tuple[Store, Store, Any]) -> None:
    source, target, first = pair
    assert first["made"]["products"] == 25
    assert first["told"] == []
    assert brought(source, target)["made"] == {}


def test_what_cannot_be_read_is_told(house: Served) -> None:
    target = house.store()
    base = f"{house.http}/stores/{target.hash}"
    words = ["import", target.hash, "--from", base, "--token", "wrong", *house.place]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "status 401. Give the token" in done.output
    assert CliRunner().invoke(main, ["import", target.hash, *house.place]).exit_code == 2
