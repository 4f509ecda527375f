"""Rules 1 and 2 inside a V2 body: a member that nothing has, or that only a reply shows, is refused at every depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from bodega.kit.unknown_members import Inside, inside, strangers
from bodega.kit.v2_members import Wire
from bodega.kit.v2_shape import V2Shape
from bodega.resources import ROUTES
from bodega.resources.orders import fees, line, shipping_addresses
from bodega.resources.orders.address import AddressDraft
from bodega.resources.orders.drafts import FeeDraft, LineDraft
from shop import Shop


def shapes() -> Iterator[V2Shape]:
    """Each V2 form that is written, once."""
    found: dict[int, V2Shape] = {}
    for route in ROUTES:
        for method, action in route.actions.items():
            shape = getattr(getattr(action, "endpoint", None), "v2", None)
            if method in ("POST", "PUT") and shape is not None:
                found[id(shape)] = shape
    yield from found.values()


WRITTEN = [(shape.root, wire) for shape in shapes() for wire in shape.wires.values() if wire.writable]
FREE = {("hooks", "headers")}
"""Objects whose members the caller names."""


def ids(rows: list[tuple[str, Wire]]) -> list[str]:
    return [f"{root}.{wire.name}" for root, wire in rows]


@pytest.mark.parametrize(("root", "wire"), WRITTEN, ids=ids(WRITTEN))
def test_no_member_takes_a_value_of_another_json_type(root: str, wire: Wire) -> None:
    """What is no object is never read from one, nor a text from a flag: no rule sees their Python form."""
    for value in ({}, {"a": 1}, []):
        if wire.holds is None:
            with pytest.raises(ValueError, match="must be"):
                wire.read(value)
    if wire.word in ("int", "decimal") or (wire.word in ("text", "date") and wire.holds is None):
        with pytest.raises(ValueError, match="must be"):
            wire.read(True)


OBJECTS = [(root, wire) for root, wire in WRITTEN if wire.word not in ("string", "text", "enum", "date", "decimal")]
OBJECTS = [(root, wire) for root, wire in OBJECTS if wire.word not in ("int", "boolean")]


@pytest.mark.parametrize(("root", "wire"), OBJECTS, ids=ids(OBJECTS))
def test_every_object_knows_its_members(root: str, wire: Wire) -> None:
    """Unless the caller names them."""
    known = inside(wire.holds)
    if known.items is not None:
        assert known.items is int or known.items is str or inside(known.items).members or _plain(known.items)
        return
    assert known.members or (root, wire.name) in FREE


def _plain(items: Any) -> bool:
    return inside(items) == Inside()


@pytest.mark.parametrize(
    ("draft", "shape"),
    [(LineDraft, line.v2), (FeeDraft, fees.v2), (AddressDraft, shipping_addresses.v2)],
)
def test_what_a_draft_calls_read_only_is_what_the_reply_shows_beside_it(draft: Any, shape: V2Shape) -> None:
    """So a new member of a reply is refused as read-only, not as unknown."""
    assert set(draft.shown_only.split()) == set(shape.members) - set(draft.__struct_fields__)


class Inner(msgspec.Struct):
    shown_only = "url"
    name: str = ""


class Outer(msgspec.Struct):
    inner: Inner | None = None
    many: list[Inner] = []
    named: dict[str, Inner] = {}


FOUND: list[tuple[Any, list[str]]] = [
    ({"inner": {"name": "a"}}, []),
    ({"inner": {"nme": "a"}}, ["x.inner.nme"]),
    ({"inner": {"url": "a"}}, ["x.inner.url"]),
    ({"many": [{"name": "a"}, {"b": 1, "c": 2}]}, ["x.many.1.b", "x.many.1.c"]),
    ({"many": {"b": 1}}, ["x.many.b"]),
    ({"named": {"any": {"b": 1}}}, ["x.named.any.b"]),
    ({"inner": "text", "bogus": None}, ["x.bogus"]),
    ("text", []),
]


@pytest.mark.parametrize(("value", "names"), FOUND)
def test_strangers_are_found_wherever_they_are(value: Any, names: list[str]) -> None:
    assert [fault.field for fault in strangers("x", value, Outer)] == names


ORDER = {
    "billing_address": {"first_name": "A", "last_name": "B", "zip": "10", "country": "France", "email": "a@b.test"},
    "products": [{"name": "Work", "quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}],
}
REPORTED: list[tuple[str, str, Any, str]] = [
    ("POST", "/v2/orders", {**ORDER, "products": [{**ORDER["products"][0], "bogus": 1}]}, "products.0.bogus"),  # type: ignore[dict-item]
    ("POST", "/v2/orders", {**ORDER, "products": [{**ORDER["products"][0], "total_tax": 1}]}, "products.0.total_tax"),  # type: ignore[dict-item]
    ("POST", "/v2/orders", {**ORDER, "billing_address": {**ORDER["billing_address"], "id": 1}}, "billing_address.id"),  # type: ignore[dict-item]
    ("POST", "/v2/orders", {**ORDER, "fees": [{"bogus": 1}]}, "fees.0.bogus"),
    ("POST", "/v2/coupons", {"applies_to": {"entity": "products", "bogus": 1}}, "applies_to.bogus"),
    ("POST", "/v2/redirects", {"path": "/a", "forward": {"type": "manual", "ref": "/b", "bogus": 1}}, "forward.bogus"),
    ("PUT", "/v2/products/1", {"downloads": {}}, "downloads"),
    ("POST", "/v2/currencies", {"currency_code": {}}, "currency_code"),
    ("POST", "/v2/currencies", {"currency_code": []}, "currency_code"),
]


@pytest.mark.parametrize(("method", "path", "body", "name"), REPORTED)
def test_reported_bodies_are_refused(shop: Shop, method: str, path: str, body: Any, name: str) -> None:
    """Section 6 of the reports."""
    shop.product()
    reply = shop.request(method, path, body)
    assert reply.status == 400
    assert any(f"'{name}'" in error["message"] for error in reply.json), reply.body
