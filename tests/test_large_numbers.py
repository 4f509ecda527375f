"""Numbers in free JSON that not every form of a value can hold: they are refused where a body is read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest

from bodega.kit.fields import bare
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Refusal
from bodega.rendering import renderer
from bodega.rendering.messages import Work
from bodega.resources import ROUTES
from bodega.storable import LARGEST, SMALLEST, is_storable
from shop import Shop
from storefront import Window
from test_widgets import TEMPLATES, WIDGETS, template, widget

TOO_LARGE = [10**30, LARGEST + 1, SMALLEST - 1, -(10**30)]
LARGE = [LARGEST, SMALLEST, 2**63]
OUT_OF_RANGE = [b"1e400", b"-1e400", b"NaN", b"Infinity", b"1e99999999999", *(str(one).encode() for one in TOO_LARGE)]


def free(annotation: Any, number: Any) -> Any:
    """A value of a type that holds any JSON, with a number in it; None of any other type."""
    inner = bare(annotation)
    while hasattr(inner, "__metadata__"):
        inner = get_args(inner)[0]
    if inner is Any:
        return {"a": [number]}
    if get_origin(inner) is dict and Any in get_args(inner):
        return {"a": {"b": number}}
    return [{"a": number}] if get_origin(inner) is list and get_args(inner) == (Any,) else None


def shapes() -> Iterator[tuple[str, V3Shape, str]]:
    """The members of bodies that hold any JSON."""
    for route in ROUTES:
        for method, action in route.actions.items():
            shape = getattr(getattr(action, "endpoint", None), "v3", None)
            if route.version == 3 and action.body and shape is not None:
                for name, annotation in shape.types.items():
                    if free(annotation, 1) is not None:
                        yield f"{method} {route.template} {name}", shape, name


FREE = list(shapes())


def test_there_is_free_json() -> None:
    assert len(FREE) > 10


@pytest.mark.parametrize(("shape", "name"), [one[1:] for one in FREE], ids=[one[0] for one in FREE])
def test_free_json_holds_no_number_that_cannot_be_held(shape: V3Shape, name: str) -> None:
    for number in TOO_LARGE:
        value = free(shape.types[name], number)
        with pytest.raises(Refusal) as refused:
            shape.read(json.dumps({name: value}).encode(), creating=False)
        assert [fault.field for fault in refused.value.faults] == [name]
        _, faults = shape.read_members({name: value}, creating=False)
        assert [fault.field for fault in faults] == [name]


WRITES: list[tuple[str, str, Any]] = [
    (
        "POST",
        TEMPLATES,
        {
            "name": "A",
            "template": "{{title}}",
            "schema": [
                {"type": "tab", "sections": [{"settings": [{"type": "input", "id": "title", "default": "NUMBER"}]}]}
            ],
        },
    ),
    ("POST", WIDGETS, {"name": "A", "widget_template_uuid": "UUID", "widget_configuration": {"title": "NUMBER"}}),
    ("POST", f"{TEMPLATES}/UUID/preview", {"widget_configuration": {"title": "NUMBER"}}),
    (
        "POST",
        "/v3/carts",
        {
            "line_items": [
                {"quantity": 1, "product_id": 1, "option_selections": [{"option_id": 1, "option_value": "NUMBER"}]}
            ]
        },
    ),
    (
        "POST",
        "/v3/customers",
        [{"email": "a@b.test", "first_name": "A", "last_name": "B", "form_fields": [{"name": "A", "value": "NUMBER"}]}],
    ),
    ("PUT", "/v3/customers/form-field-values", [{"customer_id": 1, "name": "A", "value": "NUMBER"}]),
    ("POST", "/v3/hooks", {"scope": "store/order/*", "destination": "https://a.test/", "headers": {"a": "NUMBER"}}),
    ("PUT", "/v3/shipping/products/customs-information", [{"product_id": 1, "hs_codes": {"ALL": "NUMBER"}}]),
    (
        "POST",
        "/v3/catalog/products/1/modifiers",
        {"type": "text", "display_name": "A", "required": False, "config": {"default_value": "NUMBER"}},
    ),
    (
        "POST",
        "/v3/catalog/products/1/metafields",
        {"key": "a", "namespace": "b", "permission_set": "read", "value": "NUMBER"},
    ),
    ("POST", "/v2/options", {"name": "A", "type": "T", "config": {"a": "NUMBER"}}),
    (
        "POST",
        "/v2/orders",
        {
            "billing_address": {"form_fields": [{"name": "a", "value": "NUMBER"}]},
            "products": [{"product_id": 1, "quantity": 1}],
        },
    ),
    (
        "POST",
        "/v3/content/page-widgets",
        {
            "template_file": "pages/home",
            "regions": [{"name": "a", "children": [{"type": "widget", "configuration": {"a": "NUMBER"}}]}],
        },
    ),
]
"""Writes with free JSON at any depth, or with text where somebody may send a number."""


@pytest.mark.parametrize("number", OUT_OF_RANGE, ids=str)
def test_a_write_of_such_a_number_is_refused(shop: Shop, number: bytes) -> None:
    made = template(shop)
    shop.product("Hammer", sku="H-1")
    for method, named, content in WRITES:
        path, text = (one.replace("UUID", made["uuid"]) for one in (named, json.dumps(content)))
        body = text.encode().replace(b'"NUMBER"', number)
        reply = shop.request(method, path, body=body, headers={"content-type": "application/json"})
        assert reply.status in (400, 422), (method, path, reply.status, reply.body)


def test_the_largest_numbers_are_shown(shop: Shop) -> None:
    """In the preview and on the page of the shop."""
    made = template(shop)
    for number in LARGE:
        preview = shop.post(f"{TEMPLATES}/{made['uuid']}/preview", {"widget_configuration": {"width": number}})
        assert preview.status == 200
        assert str(number) in preview.data["html"]
    one = widget(shop, made["uuid"], widget_configuration={"width": LARGEST})
    assert one["widget_configuration"]["width"] == LARGEST


def test_rendering_takes_what_was_kept_before() -> None:
    (made,) = asyncio.run(renderer.render("a", [Work("{{title}}", {"title": 10**30})]))
    assert made.html


def test_no_shopper_sends_such_a_number(shop: Shop) -> None:
    window = Window(shop)
    shop.product("Hammer", sku="H-1")
    own = {"origin": f"https://{window.host}", "sec_fetch_site": "same-origin"}
    for number in OUT_OF_RANGE:
        answer = b'[{"optionId":1,"optionValue":%b}]' % number
        body = b'{"lineItems":[{"quantity":1,"productId":1,"optionSelections":%b}]}' % answer
        reply = window.send("POST", body, "/api/storefront/carts", **own)
        assert 400 <= reply.status < 500, (number, reply.status)
    for number in TOO_LARGE:
        assert not is_storable({"a": [number]})
