"""The words of V2's refusals inside a body, and what neighbours of the reported cases are answered with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bodega.http.errors import v2_errors
from bodega.kit.actions import ListAll
from bodega.kit.pairs import ListPairs
from bodega.kit.strangers import STRANGERS
from bodega.kit.unknown_members import inside
from bodega.kit.v2_shape import V2Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, innermost, invalid, missing, refuse_faults
from bodega.resources import ROUTES
from bodega.storage.conflicts import dangling
from people import JANE
from shop import Shop

SHAPES: dict[str, V2Shape] = {
    shape.root: shape
    for route in ROUTES
    if route.version == 2
    for method in ("POST", "PUT")
    if (shape := getattr(getattr(route.actions.get(method), "endpoint", None), "v2", None)) is not None
}


AS_A_WHOLE = {("blog_posts", "published_date")}
"""A date, which may be sent back as the object that is shown."""


def bodies(name: str, holds: Any) -> Iterator[Any]:
    """Values for a member that holds an object or a list of them, each with something wrong inside."""
    within = inside(holds)
    members = within.members or inside(within.items).members or {}
    for member in members:
        for bad in ({}, [[]], {"a": {}}, "\x00", True, -1.5):
            yield {name: {member: bad}}
            yield {name: [{member: bad}]}


@pytest.mark.parametrize("root", SHAPES)
def test_v2_names_the_member_that_is_at_fault_and_not_where_it_stands(root: str) -> None:
    """Rule 4, as recorded: `The field 'email' is invalid.`, whatever holds the e-mail address."""
    shape = SHAPES[root]
    told = set()
    for wire in shape.wires.values():
        if not wire.writable or wire.holds is None:
            continue
        for body in bodies(wire.name, wire.holds):
            try:
                shape.read(body, creating=False)
            except Refusal as refusal:
                for fault in refusal.faults:
                    if fault.reason in (Reason.FIELD_INVALID, Reason.FIELD_MISSING):
                        assert f"'{innermost(fault.field)}'" in fault.message, (body, fault)
                        assert "." not in fault.message.split("'")[1], (body, fault)
                        told.add((wire.name, fault.field))
    nested = {wire for wire, field in told if field != wire}
    for wire in shape.wires.values():
        if wire.writable and inside(wire.holds).members and (root, wire.name) not in AS_A_WHOLE:
            assert wire.name in nested, f"{root}.{wire.name}: no fault inside it is told by its name"


def test_the_place_of_a_fault_stays_in_its_details() -> None:
    told = v2_errors(refuse_faults([invalid("items.2.quantity", "must be at least 1"), missing("items.3.id")]))
    assert told == [
        {
            "status": 400,
            "message": "The required field 'id' was not supplied.",
            "details": {"invalid_reason": "items.3.id is required."},
        },
        {
            "status": 400,
            "message": "The field 'quantity' is invalid.",
            "details": {"invalid_reason": "items.2.quantity must be at least 1."},
        },
    ]


def test_a_reference_to_nothing_is_a_bad_value_in_v2() -> None:
    """Rule 4: the field is named, and `invalid_reason` says why."""
    (told,) = v2_errors(refuse_faults([dangling("products.0.product_id", "The product does not exist.", [9])]))
    assert told["message"] == "The field 'product_id' is invalid."
    assert told["details"]["invalid_reason"] == "The product does not exist."


BUYER = {"first_name": "Jane", "zip": "78701", "country_iso2": "US"}
LINE = {"name": "Work", "quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}
ORDER = {"billing_address": BUYER, "products": [LINE]}
COUPON = {
    "name": "Five", "code": "FIVE", "type": "per_total_discount", "amount": 5,
    "applies_to": {"entity": "categories", "ids": [0]},
}  # fmt: skip
RULE = {"type": "all", "method": "percent", "amount": 5}
OF_A_PRODUCT = {**RULE, "type": "product"}
INVALID, ABSENT = "The field '{}' is invalid.", "The required field '{}' was not supplied."
GROUPS = "/v2/customer_groups"
RECORDED: list[tuple[str, Any, str]] = [
    ("/v2/orders", {**ORDER, "products": []}, ABSENT.format("products")),
    ("/v2/orders", {**ORDER, "billing_address": {**BUYER, "email": "abc"}}, INVALID.format("email")),
    ("/v2/orders", {**ORDER, "billing_address": {**BUYER, "country_iso2": "ZZ"}}, INVALID.format("country_iso2")),
    ("/v2/orders", {**ORDER, "shipping_addresses": [{**BUYER, "email": "abc"}]}, INVALID.format("email")),
    (
        "/v2/orders",
        {**ORDER, "products": [{"quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}]},
        INVALID.format("products.product_id, products.name"),
    ),
    ("/v2/orders", {**ORDER, "products": [{**LINE, "quantity": ""}]}, INVALID.format("quantity")),
    (
        "/v2/orders",
        {**ORDER, "products": [{k: v for k, v in LINE.items() if k != "price_inc_tax"}]},
        INVALID.format("products.price_inc_tax"),
    ),
    ("/v2/coupons", {**COUPON, "applies_to": {"entity": "all", "ids": [0]}}, INVALID.format("entity")),
    ("/v2/coupons", {**COUPON, "applies_to": {"ids": [0]}}, INVALID.format("applies_to->entity")),
    ("/v2/coupons", {**COUPON, "applies_to": {"entity": "categories", "ids": "a"}}, INVALID.format("ids")),
    ("/v2/coupons", {**COUPON, "applies_to": {"entity": "categories", "ids": [100]}}, INVALID.format("categories")),
    ("/v2/coupons", {**COUPON, "applies_to": {"entity": "products", "ids": [100]}}, INVALID.format("products")),
    ("/v2/coupons", {**COUPON, "restricted_to": {"countries": ["ZZ"]}}, INVALID.format("countries")),
    (GROUPS, {"name": "A", "category_access": {"type": "some"}}, INVALID.format("type")),
    (GROUPS, {"name": "A", "discount_rules": [{**RULE, "type": "some"}]}, INVALID.format("type")),
    (GROUPS, {"name": "A", "discount_rules": [{**RULE, "method": "some"}]}, INVALID.format("method")),
    (GROUPS, {"name": "A", "discount_rules": [{**RULE, "amount": "some"}]}, INVALID.format("amount")),
    (GROUPS, {"name": "A", "discount_rules": [{**OF_A_PRODUCT, "product_id": "some"}]}, INVALID.format("product_id")),
    (GROUPS, {"name": "A", "discount_rules": [{**OF_A_PRODUCT, "product_id": 99}]}, INVALID.format("product_id")),
    (
        "/v2/customers",
        {**JANE, "_authentication": {"password": "sesame1", "password_confirmation": "sesame2"}},
        INVALID.format("password_confirmation"),
    ),
    ("/v2/customers", {**JANE, "customer_group_id": 99}, INVALID.format("customer_group_id")),
    ("/v2/categories", {"name": "A", "parent_id": 99}, INVALID.format("parent_id")),
    ("/v2/brands", {"name": "A", "image_file": "images.test/brands/#1"}, INVALID.format("image_file")),
    ("/v2/categories", {"name": "A", "image_file": "abc"}, INVALID.format("image_file")),
]


@pytest.mark.parametrize(("path", "body", "message"), RECORDED)
def test_a_bad_value_inside_a_body_of_v2_is_told_as_recorded(shop: Shop, path: str, body: Any, message: str) -> None:
    reply = shop.post(path, body)
    assert (reply.status, reply.json[0]["message"]) == (400, message), reply.body


LISTS = sorted(
    f"/v3/{route.template}"
    for route in ROUTES
    if route.version == 3
    and "{" not in route.template
    and "GET" in route.actions
    and getattr(getattr(route.actions["GET"], "endpoint", None), "listing", None) is not None
    and isinstance(route.actions["GET"], ListAll | ListPairs)
)


NEEDED = {"/v3/promotions/codes": "&code=SAVE", "/v3/tax/products/properties": "&product_id:in=1"}
"""Parameters that a list asks for."""


@pytest.mark.parametrize("path", LISTS)
def test_nothing_before_an_ampersand_is_a_filter_without_a_name(shop: Shop, path: str) -> None:
    """Recorded: a client that wrote `?&page=2` was refused."""
    needed = NEEDED.get(path, "")
    reply = shop.get(f"{path}?&page=1{needed}")
    if path.removeprefix("/v3/") in STRANGERS:
        assert reply.status == 200
        return
    assert reply.status == 422, reply.body
    assert (reply.json["title"], reply.json["errors"]) == ("The filter(s):  are not valid filter parameter(s).", {})
    assert shop.get(f"{path}?page=1{needed}").status == shop.get(f"{path}?page=1{needed}&").status == 200


def test_what_hangs_on_products_and_customers_is_found_by_its_id_alone(shop: Shop) -> None:
    """Published clients read and write rows below their parents without naming the parent."""
    option = shop.post("/v2/options", {"name": "Colour", "type": "S"}).json["id"]
    value = shop.post(f"/v2/options/{option}/values", {"label": "Red", "value": "red"}).json["id"]
    assert shop.put(f"/v2/options/values/{value}", {"label": "Blue"}).json["label"] == "Blue"
    tools = shop.post("/v2/option_sets", {"name": "Tools"}).json["id"]
    placed = shop.post(f"/v2/option_sets/{tools}/options", {"option_id": option}).json["id"]
    assert shop.delete(f"/v2/optionsets/options/{placed}").status == 204
    assert shop.get(f"/v2/option_sets/{tools}/options/{placed}").status == 404
    assert shop.delete(f"/v2/options/values/{value}").status == 204
    assert shop.get("/v2/products/images").status == shop.get("/v2/customers/addresses").status == 204


def test_a_missing_scope_and_a_circle_are_told_in_the_recorded_form(shop: Shop) -> None:
    token = shop.account("store_v2_products")
    told = shop.get("/v3/customers", token=token).json
    assert (told["title"], told["errors"]) == ("You don't have a required scope to access the endpoint", {})
    tools = shop.category()
    saws = shop.category("Saws", parent_id=tools)
    circle = shop.put(f"/v3/catalog/categories/{tools}", {"parent_id": saws})
    assert (circle.status, list(circle.json["errors"])) == (422, ["parent_id"])
