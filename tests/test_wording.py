"""The words of refusals in V3: titles, keys and codes that clients compare, for every resource (reports, section 4)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from bodega.app import routes
from bodega.kit.actions import Action, Create
from bodega.kit.batch import CreateMany, UpdateMany
from bodega.kit.one_or_many import UpdateOneOrMany
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import PartlyRefused
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.law.wording import CODES, JSON_TITLE, NAMES_NO_FIELD, told
from bodega.resources import MODEL
from bodega.resources.catalog.tree_categories import UpdateInTrees
from bodega.storage.conflicts import duplicate
from shop import Shop

WRITES: dict[str, Action] = {
    f"{method} {route.template}": action
    for route in routes()
    if route.version == 3
    for method, action in route.actions.items()
    if isinstance(action, Create | CreateMany | UpdateMany)
}
CREATES = {name: action for name, action in WRITES.items() if isinstance(action, Create)}
LISTS = {name: action for name, action in WRITES.items() if isinstance(action, CreateMany | UpdateMany)}
SHAPES: dict[int, V3Shape] = {
    id(shape): shape
    for route in routes()
    for action in route.actions.values()
    if action.body and (shape := getattr(getattr(action, "endpoint", None), "v3", None)) is not None
}
BY_NAME = {f"{shape.entity.__name__} {shape.file} {number}": shape for number, shape in enumerate(SHAPES.values())}
OTHER_TYPES: list[Any] = [True, 7, "x", [[[]]], {"a": 1}]
EXPECTED = re.compile(r"error\.expected\.js(string|number|boolean|array|object)")


def refused(action: Action, body: bytes) -> Refusal:
    """What an action says of a body."""
    with pytest.raises(Refusal) as caught:
        action.read(body)
    return caught.value


@pytest.mark.parametrize("name", [name for name, action in CREATES.items() if action.endpoint.v3.required])
def test_every_create_names_the_members_that_it_misses(name: str) -> None:
    """Title and messages, whatever the resource."""
    action = CREATES[name]
    refusal = refused(action, b"{}")
    words = told(refusal)
    assert (refusal.reason.status(3), words.title) == (422, "Missing Required Fields")
    assert words.errors.keys() == {word.partition("|")[0] for word in action.endpoint.v3.required}
    assert all(re.fullmatch(r"Please provide (an? )?\w+\.", message) for message in words.errors.values())


@pytest.mark.parametrize("name", LISTS)
def test_every_list_tells_paths(name: str) -> None:
    """An object where a list is due is 422; what an item misses, or is, is told by its path."""
    action = LISTS[name]
    apart = (
        action.endpoint.batch.partly is PartlyRefused
    )  # each item is judged by itself, and told beside what was saved
    for body, errors in (
        (b"{}", {"": "error.expected.jsarray"}),
        (b"null", {"": "error.expected.jsarray"}),
        (b"[7]", {"0": "error.expected.jsobject"}),
    )[isinstance(action, UpdateOneOrMany) : 2 if apart else 3]:
        refusal = refused(action, body)
        assert refusal.reason.status(3) == 422
        assert told(refusal)[:2] == (JSON_TITLE, errors)
    if apart:
        return
    batch, shape = action.endpoint.batch, action.endpoint.v3
    absent = not isinstance(action, CreateMany) and not batch.creates
    if not absent and not shape.required:
        return
    words = told(refused(action, b"[{}]"))
    if isinstance(action, UpdateInTrees):  # recorded: it has words of its own
        assert words.errors == {
            "0.tree_id": "Tree Id is required and can't be empty",
            "0.category_id": "Category does not exist.",
        }
        return
    assert (words.title, set(words.errors.values())) == (JSON_TITLE, {"error.path.missing"})
    if absent:
        assert words.errors.keys() == {batch.identity}
    else:
        assert {f"0.{word.partition('|')[0]}" for word in shape.required} <= words.errors.keys()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_value_of_another_type_is_told_as_one(name: str) -> None:
    """Every member of every V3 form, alone and in a list; a value of the right type is not told so."""
    shape = BY_NAME[name]
    for member in [*shape.types, *shape.nested]:
        found = []
        for value in OTHER_TYPES:
            _, faults = shape.read_members({member: value}, creating=False)
            if faults and all(fault.json for fault in faults):
                found.append(told(refuse_faults(faults)))
        takes_anything = len(found) == 0
        assert not takes_anything or member in ANYTHING, member
        for words in found:
            assert words.title == JSON_TITLE
            assert all(key == member or key.startswith(f"{member}.") for key in words.errors)
            assert all(EXPECTED.fullmatch(message) or message.startswith(member) for message in words.errors.values())


ANYTHING = {"value_data", "value", "config", "settings", "adjusters"}
"""Members whose form depends on another member, and is judged by a rule."""


@pytest.mark.parametrize("name", BY_NAME)
def test_five_point_nothing_is_five(name: str) -> None:
    """JSON Schema: 5.0 is a whole number, for every member of every V3 form."""
    shape = BY_NAME[name]
    for member in shape.types:
        as_five = shape.read_members({member: 5}, creating=False)
        assert shape.read_members({member: Decimal("5.0")}, creating=False)[0] == as_five[0], member
        in_list = shape.read_members({member: [5]}, creating=False)[0]
        assert shape.read_members({member: [Decimal("5.0")]}, creating=False)[0] == in_list, member


V2_SHAPES = {
    shape.root: shape
    for route in routes()
    if route.version == 2
    for action in route.actions.values()
    if (shape := getattr(getattr(action, "endpoint", None), "v2", None)) is not None
}


@pytest.mark.parametrize("root", V2_SHAPES)
def test_five_point_nothing_is_five_in_v2(root: str) -> None:
    """Likewise, where JSON is read."""
    for wire in V2_SHAPES[root].wires.values():
        if wire.writable and (five := _read(wire.read, 5)) in (5, [5]):
            assert _read(wire.read, Decimal("5.0")) == five, wire.name


def _read(read: Any, value: Any) -> Any:
    try:
        return read(value)
    except ValueError:
        return "refused"


UNIQUES = [(table, unique) for table in MODEL.tables for unique in table.uniques]


@pytest.mark.parametrize(
    ("table", "unique"), UNIQUES, ids=lambda made: getattr(made, "name", getattr(made, "field", ""))
)
def test_what_is_taken_is_told_without_a_full_stop(table: Any, unique: Any) -> None:
    """Title and message are the same; V2 has the sentence."""
    fault = duplicate(unique.field, unique.message, table.noun, 7, unique.code)
    words = told(Refusal(Reason.DUPLICATE, fault.message, faults=[fault]))
    assert words == (unique.message.removesuffix("."), {unique.field: words.title}, unique.code)
    assert unique.message.endswith(".")
    assert not words.title.endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_errors_hold_fields_and_nothing_else(reason: Reason) -> None:
    """Advice and facts are told by detail and details."""
    assert told(Refusal(reason, details={"max_items": 3})).errors == {}
    words = told(Refusal(reason, faults=[Fault(reason, "name", "The name is wrong.", {"max_items": 3})]))
    assert words.errors.keys() == ({"name"} if reason not in NAMES_NO_FIELD else set())


def test_codes_are_those_of_the_hosted_api() -> None:
    """Clients switch on them."""
    assert set(CODES) == {22004, 22010, 10001}


HAMMER = {"name": "Hammer", "type": "physical", "weight": 1, "price": 10, "sku": "H-1"}
PRODUCTS = "/v3/catalog/products"


def error(shop: Shop, method: str, path: str, body: Any) -> tuple[int, str, dict[str, str], int]:
    """Status, title, errors and code of a refusal."""
    reply = shop.request(method, path, body)
    told_so = reply.json
    return reply.status, told_so["title"], told_so["errors"], told_so.get("code", 0)


NAME_TAKEN, SKU_TAKEN = "The product name is a duplicate", "The product sku is a duplicate"
REPORTED: list[tuple[str, str, Any, tuple[int, str, dict[str, str], int]]] = [
    ("POST", PRODUCTS, {**HAMMER, "sku": ""}, (409, NAME_TAKEN, {"name": NAME_TAKEN}, 0)),
    ("POST", PRODUCTS, {**HAMMER, "name": "B"}, (409, SKU_TAKEN, {"sku": SKU_TAKEN}, 0)),
    ("POST", "/v3/catalog/brands", {}, (422, "Missing Required Fields", {"name": "Please provide a name."}, 0)),
    (
        "PUT",
        PRODUCTS,
        [{"id": 1, "meta_keywords": "a"}],
        (422, JSON_TITLE, {"0.meta_keywords": "error.expected.jsarray"}, 0),
    ),
    ("PUT", PRODUCTS, [{"name": "B"}], (422, JSON_TITLE, {"id": "error.path.missing"}, 0)),
    ("PUT", PRODUCTS, {"id": 1}, (422, JSON_TITLE, {"": "error.expected.jsarray"}, 0)),
    (
        "POST",
        "/v3/customers",
        [{"first_name": "J", "last_name": "D", "email": "JANE@example.com"}],
        (422, "Create customers failed.", {".customer_create": "Another customer has this e-mail address"}, 0),
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "words"), REPORTED)
def test_what_was_reported_is_said_as_reported(shop: Shop, method: str, path: str, body: Any, words: Any) -> None:
    """Reports, section 4."""
    shop.post(PRODUCTS, HAMMER)
    shop.post("/v3/customers", [{"first_name": "J", "last_name": "D", "email": "jane@example.com"}])
    assert error(shop, method, path, body) == words


def test_a_bad_value_is_named_in_the_title(shop: Shop) -> None:
    """Reports, section 4."""
    reply = shop.post(PRODUCTS, {**HAMMER, "inventory_tracking": "simple"})
    assert (reply.status, reply.json["title"]) == (422, "Invalid field(s): inventory_tracking")
    assert list(reply.json["errors"]) == ["inventory_tracking"]


def test_variants_have_codes(shop: Shop) -> None:
    """Reports, section 4: 22004 and 22010."""
    values = [{"option_display_name": "Size", "label": "L"}]
    made = shop.post(PRODUCTS, {**HAMMER, "variants": [{"sku": "L-1", "option_values": values}]}).data
    path = f"{PRODUCTS}/{made['id']}/variants"
    options = shop.get(path).data[0]["option_values"]
    blank = "Variant sku cannot be empty"
    assert error(shop, "PUT", f"{path}/{shop.get(path).data[0]['id']}", {"sku": ""}) == (
        422,
        blank,
        {"sku": blank},
        22004,
    )
    taken = "Variant with the same option values set exists"
    words = (409, taken, {"option_values": taken}, 22010)
    assert error(shop, "POST", path, {"sku": "L-2", "option_values": options}) == words


def test_images_are_told_by_their_member(shop: Shop) -> None:
    """Reports, section 4: in a product's body, too large, and in V2 from a local path."""
    status, title, errors, _ = error(
        shop, "POST", PRODUCTS, {**HAMMER, "images": [{"image_url": "http://127.0.0.1:9/a.png"}]}
    )
    assert (status, title, list(errors)) == (400, "The field 'image_url' is invalid.", ["images.0.image_url"])
    made = shop.product()
    reply = shop.post(f"/v2/products/{made}/images", {"image_file": "C:/pictures/a.png"})
    assert (reply.status, reply.json[0]["message"]) == (400, "The field 'image_file' is invalid.")
    assert "invalid_reason" in reply.json[0]["details"]


BUYER = {"zip": "78701", "country_iso2": "US"}
QUANTITIES = "Quantities of one or more products are out of stock or did not meet quantity requirements."
OPTIONS = "The options of one or more products are invalid."


def ordered(shop: Shop, *lines: dict[str, Any]) -> tuple[int, str, list[Any]]:
    """Status, message and typed errors of an order that is refused."""
    reply = shop.post("/v2/orders", {"billing_address": BUYER, "products": list(lines)})
    assert len(reply.json) == 1
    return reply.status, reply.json[0]["message"], reply.json[0]["details"]["errors"]


def test_orders_are_refused_with_their_products(shop: Shop) -> None:
    """Reports, section 4: typed errors, one for each product."""
    few = shop.product("Few", inventory_tracking="product", inventory_level=1)
    none = shop.product("None", inventory_tracking="product", inventory_level=0)
    status, message, errors = ordered(shop, {"product_id": few, "quantity": 2}, {"product_id": none, "quantity": 1})
    assert (status, message, [error["type"] for error in errors]) == (409, QUANTITIES, ["OutOfStock"] * 2)
    url = f"https://localhost:8443/stores/{shop.name}/v2/products/{few}"
    product = {"id": few, "name": "Few", "inventory_level": 1, "resource": f"/products/{few}", "url": url}
    assert errors[0]["product"] == product
    least = shop.product("Least", order_quantity_minimum=3)
    status, message, errors = ordered(shop, {"product_id": least, "quantity": 2})
    assert (status, message, errors[0]["product"]["order_quantity_minimum"]) == (409, QUANTITIES, 3)


def test_options_of_orders_are_refused_with_their_products(shop: Shop) -> None:
    """Reports, section 4: a value that there is not, and an option that is not answered."""
    shirt = shop.product(
        "Shirt", variants=[{"sku": "S", "option_values": [{"option_display_name": "Size", "label": "S"}]}]
    )
    option = shop.get(f"{PRODUCTS}/{shirt}/options").data[0]["id"]
    status, message, errors = ordered(shop, {"product_id": shirt, "quantity": 1})
    assert (status, message, errors[0]["type"]) == (400, OPTIONS, "MandatoryProductOptions")
    assert errors[0]["product"]["required_product_options"] == [{"id": option, "display_name": "Size"}]
    bad = {"product_id": shirt, "quantity": 1, "product_options": [{"id": option, "value": "999"}]}
    status, message, errors = ordered(shop, bad)
    assert (status, message, errors[0]["type"]) == (400, OPTIONS, "InvalidProductOptionValue")
    assert errors[0]["product"]["product_option"] == {"id": option, "display_name": "Size", "value": "999"}


STRANGE: list[tuple[str, int]] = [("abc", 422), ("abcdefg", 422), ("1234567", 422), ("abc123", 422), ("abc1234", 200)]


@pytest.mark.parametrize(("password", "status"), STRANGE)
def test_a_password_has_letters_and_digits(shop: Shop, password: str, status: int) -> None:
    """Reports, section 3: at least seven characters."""
    jane = {"first_name": "J", "last_name": "D", "email": "jane@example.com"}
    assert shop.post("/v3/customers", [{**jane, "authentication": {"new_password": password}}]).status == status
    in_v2 = {**jane, "email": "j@example.com", "_authentication": {"password": password}}
    assert shop.post("/v2/customers", in_v2).status == (200 if status == 200 else 400)


def test_options_of_sets_are_written_without_their_set_in_the_path(shop: Shop) -> None:
    """Reports, section 3."""
    option = shop.post("/v2/options", {"name": "Size", "type": "S"}).json["id"]
    made = shop.post("/v2/optionsets", {"name": "Shirts"}).json["id"]
    body = {"option_set_id": made, "option_id": option, "sort_order": 2}
    new = shop.post("/v2/optionsets/options", body)
    assert (new.status, new.json["option_set_id"], new.json["sort_order"]) == (201, made, 2)
    changed = shop.put(f"/v2/optionsets/options/{new.json['id']}", {"sort_order": 5})
    assert (changed.status, changed.json["sort_order"]) == (200, 5)


def test_a_coupon_may_be_of_a_promotion(shop: Shop) -> None:
    """Reports, section 3: a published word."""
    coupon = {
        "name": "A",
        "code": "A",
        "type": "promotion",
        "amount": "0",
        "applies_to": {"entity": "categories", "ids": [0]},
    }
    assert shop.post("/v2/coupons", coupon).json["type"] == "promotion"
