"""OPTIONS in V3: what it tells of a resource's fields is what the readers of bodies do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bodega.app import routes
from bodega.kit.described import asked, described, is_described, shape_read
from bodega.law.refusal import Refusal
from shop import Shop

WRONG = {"string": {}, "integer": {}, "number": {}, "boolean": {}, "array": {"x": 1}, "object": 7}
"""A value that is of no such type."""

OPERATIONS = {
    f"{method} {route.template}": (method, route.actions[method])
    for route in routes()
    if route.version == 3 and not route.moved
    for method in ("POST", "PUT")
    if method in route.actions and route.actions[method].body
}
KNOWN = sorted(name for name, (_, action) in OPERATIONS.items() if is_described(action))

UNTOLD = {
    "POST catalog/brands/{id}/image",
    "POST catalog/categories/{id}/image",
    "POST catalog/products/{product_id}/modifiers/{modifier_id}/values/{id}/image",
    "POST catalog/products/{product_id}/variants/{id}/image",
    "POST orders/{order_id}/payment_actions/capture",
    "POST orders/{order_id}/payment_actions/void",
    "POST segments/{segment_id:text}/shopper-profiles",
    "POST settings/favicon/image",
    "POST settings/logo/image",
    "POST storefront/redirects/imex/import",
    "POST themes",
}
"""Uploads, a list of texts, and what takes no member at all."""


def faults(action: Any, body: Any) -> list[str]:
    """The members that a reader finds fault with."""
    try:
        drafts = action.read(json.dumps(body).encode())
    except Refusal as refusal:
        found = refusal.faults
    else:
        first = drafts[0] if isinstance(drafts, list) and drafts else None
        told = getattr(first, "refusal", first)
        found = getattr(told, "faults", ())
    return [fault.field.removeprefix("0.") for fault in found]


@pytest.mark.parametrize("name", KNOWN)
def test_fields_are_read_as_they_are_told(name: str) -> None:
    """Each that can be written is looked at, and a value of another type is refused by its name."""
    method, action = OPERATIONS[name]
    told = described({method: action})
    listed = method in told["list_methods"]
    for field in told["fields"]:
        wrong = WRONG.get(field.get("type"))
        if method not in field["writable_methods"] or wrong is None:
            continue
        body = {field["name"]: wrong}
        found = faults(action, [body] if listed else body)
        assert any(field["name"] in one.split(".") for one in found), (field, found)


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_required_is_told(name: str) -> None:
    """Of members one of which suffices the first is told, and which stand for it."""
    method, action = OPERATIONS[name]
    told = described({method: action})
    required = {field["name"] for field in told["fields"] if method in field["required_methods"]}
    shape = shape_read(action)
    if shape is None:
        lacking = faults(action, [{}] if method in told["list_methods"] else {})
        assert bool(lacking) is bool(required)
        return
    assert required == set(asked(action)[0])
    for one in shape.required:
        first, *others = one.split("|")
        for field in told["fields"]:
            if first in required and field["name"] in others:
                assert field["instead_of"] == first


def test_nearly_every_operation_is_described() -> None:
    """The others read a body of no single shape: what OPTIONS cannot tell is a list that is looked at."""
    assert OPERATIONS.keys() - set(KNOWN) == UNTOLD


def test_options_tell_the_fields_of_v3(shop: Shop) -> None:
    zones = shop.request("OPTIONS", "/v3/tax/zones").data
    assert (zones["methods"], zones["list_methods"]) == (
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"],
        ["POST", "PUT"],
    )
    fields = {field["name"]: field for field in zones["fields"]}
    assert fields["id"] == {"name": "id", "type": "integer", "writable_methods": [], "required_methods": ["PUT"]}
    assert fields["name"]["required_methods"] == ["POST"]
    places = fields["shopper_target_settings"]["properties"]["locations"]["items"]
    assert places["required"] == ["country_code"]
    check = shop.request("OPTIONS", "/v3/tax/zonecheck").data
    assert "subdivision_codes" in {field["name"] for field in check["fields"]}
    assert shop.request("OPTIONS", "/v3/catalog/brands/1").data["fields"]
    record = {field["name"]: field for field in shop.request("OPTIONS", "/v3/pricelists/1/records").data["fields"]}
    assert (record["variant_id"]["required_methods"], record["sku"]["instead_of"]) == (["POST", "PUT"], "variant_id")
