"""The published contract beside the repository: field tables, response schemas, query parameters.

Where Bodega disagrees with it on purpose, the place and the reason stand in a table here; the tests hold that the table
is complete and that nothing in it is out of date.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from bodega.declare.facet import Facet
from bodega.declare.listing import Listing
from bodega.declare.shape import V2Shape
from bodega.resources import ROUTES
from bodega.resources.catalog import brands, categories, product
from shop import Server, Shop

CONTRACT = Path(__file__).resolve().parents[2] / "shared"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CONTRACT.is_dir(), reason="the published contract is not beside the repository"),
]


# V2: the fields.

V2_SHAPES = {"product": product.V2_SHAPE, "brand": brands.v2, "category": categories.v2}
UPC = "14 characters, as V3 has it: a longer one could not be shown there"
V2_DISAGREEMENTS = {
    ("product", "number_sold", "type"): "the table has no type; it is total_sold",
    ("product", "avalara_product_tax_code", "type"): "the table calls text a link; its example is text",
    ("product", "upc", "length"): UPC,
    ("product", "metadata", "name"): "it appears only where members are chosen (rule 28), and is no field",
}


@cache
def fields_of(resource: str) -> dict[str, Any]:
    """The documented V2 fields."""
    table = json.loads((CONTRACT / "contract" / "v2_legacy_fields.json").read_text())
    return dict(table[resource]["fields"])


def documented(resource: str) -> dict[tuple[str, str], Any]:
    """(field, fact) -> what the table says."""
    facts: dict[tuple[str, str], Any] = {}
    for name, field in fields_of(resource).items():
        facts[name, "name"] = True
        facts[name, "type"] = field["type"]
        facts[name, "refused"] = tuple(field.get("rejected_on", ()))
        facts[name, "required"] = bool(field.get("required_on"))
        if "max_length" in field:
            facts[name, "length"] = field["max_length"]
    return facts


def declared(shape: V2Shape) -> dict[tuple[str, str], Any]:
    """(field, fact) -> what the shape says."""
    facts: dict[tuple[str, str], Any] = {}
    for name, wire in shape.wires.items():
        facts[name, "name"] = True
        facts[name, "type"] = wire.word
        facts[name, "refused"] = wire.refused
        facts[name, "required"] = "POST" in wire.required
        facts[name, "length"] = wire.length
    return facts


@pytest.mark.parametrize("resource", V2_SHAPES)
def test_the_v2_fields_are_the_documented_ones(resource: str) -> None:
    """Names, types, methods that refuse or require them, greatest lengths."""
    theirs, ours = documented(resource), declared(V2_SHAPES[resource])
    differ = {
        (resource, *key) for key in theirs.keys() | ours.keys()
        if theirs.get(key) != ours.get(key) and (key in theirs or key[1] != "length")
    }  # fmt: skip
    gone = {name for kind, name, fact in differ if (kind, name, "name") in V2_DISAGREEMENTS}
    differ = {key for key in differ if key[1] not in gone or key[2] == "name"}
    assert differ == {key for key in V2_DISAGREEMENTS if key[0] == resource}


@pytest.mark.parametrize("resource", V2_SHAPES)
def test_the_v2_enums_take_the_documented_words(resource: str) -> None:
    """And no others."""
    enums = {name: field["enum"] for name, field in fields_of(resource).items() if "enum" in field}
    wires = V2_SHAPES[resource].wires
    assert {name for name, wire in wires.items() if wire.word == "enum"} == set(enums)
    for name, words in enums.items():
        assert all(wires[name].read(word) for word in words)
        with pytest.raises(ValueError, match="must be one of " + ", ".join(words)):
            wires[name].read("something else")


@pytest.mark.parametrize("resource", V2_SHAPES)
def test_the_v2_reply_has_the_documented_members_in_their_order(store: Shop, resource: str) -> None:
    """As the field table, without what is shown only on request."""
    paths = {"product": "products", "brand": "brands", "category": "categories"}
    shown = store.get(f"/v2/{paths[resource]}/1").json
    assert list(shown) == [name for name in fields_of(resource) if name != "metadata"]


# Replies against the published schemas.

INFORMATION = "store_information.v2.yml"
SCHEMAS = [
    # file, path in the file, path that is asked
    ("catalog/categories_catalog.v3.yml", "/catalog/categories", "/v3/catalog/categories"),
    ("catalog/categories_catalog.v3.yml", "/catalog/categories/{category_id}", "/v3/catalog/categories/1"),
    ("catalog/brands_catalog.v3.yml", "/catalog/brands", "/v3/catalog/brands"),
    ("catalog/brands_catalog.v3.yml", "/catalog/brands/{brand_id}", "/v3/catalog/brands/1"),
    ("catalog/products_catalog.v3.yml", "/catalog/products", "/v3/catalog/products"),
    ("catalog/products_catalog.v3.yml", "/catalog/products", "/v3/catalog/products?include=variants,images,channels"),
    ("catalog/products_catalog.v3.yml", "/catalog/products/{product_id}", "/v3/catalog/products/1"),
    ("catalog/products_catalog.v3.yml", "/catalog/products/{product_id}", "/v3/catalog/products/2?include=variants"),
    (INFORMATION, "/store", "/v2/store"),
    (INFORMATION, "/time", "/v2/time"),
]
SCHEMA_DISAGREEMENTS = {"data.option_set_id": "null where there is none: 0 would name an option set"}


@cache
def published(file: str) -> dict[str, Any]:
    """An OpenAPI file, its schemas made plain JSON schemas."""
    read = yaml.safe_load((CONTRACT / "spec" / file).read_text())
    return dict(_plain(json.loads(json.dumps(read, default=str))))  # examples hold dates, which JSON has not


def _plain(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON schema has a type null; `required: true` beside a member means nothing."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _plain(value) for key, value in node.items()}
    if made.pop("nullable", False) is True:
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
        if isinstance(made.get("enum"), list):
            made["enum"] = [*made["enum"], None]
    if "required" in made and not isinstance(made["required"], list | dict):
        del made["required"]
    return made


def resolved(file: str, node: Any) -> Any:
    """What a reference within the file leads to."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = published(file)
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def content(file: str, node: Any) -> Any:
    """The schema of a JSON body."""
    return resolved(file, node)["content"]["application/json"]["schema"]


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Shop]:
    """A plain and a full one of each."""
    made = server.shop()
    made.category()
    made.category("Full", parent_id=1, description="d", meta_keywords=["a"], image_url="https://img.test/a.png")
    made.brand()
    made.brand("Full", meta_keywords=["a"], page_title="t", custom_url={"url": "/full-brand/"})
    made.product()
    made.product(
        "Full", sku="F", price="1.2345", categories=[1, 2], brand_id=2, upc="1", related_products=[1],
        preorder_release_date="2030-01-01", date_last_imported="2020-01-01", inventory_level=2, sale_price=1,
        gift_wrapping_options_list=[1], meta_keywords=["a"],
    )  # fmt: skip
    yield made
    made.close()


def complaints(store: Shop, file: str, path: str, asked: str) -> dict[str, str]:
    """What the published schema of a GET has against its reply: {place without indices: sentence}."""
    schema = content(file, published(file)["paths"][path]["get"]["responses"]["200"])
    whole = {"allOf": [schema], "components": published(file)["components"]}
    validator = jsonschema_rs.Draft4Validator(whole, validate_formats=True)
    return {
        ".".join(step for step in map(str, error.instance_path) if not step.isdigit()): error.message
        for error in validator.iter_errors(store.get(asked).json)
    }


@pytest.mark.parametrize(("file", "path", "asked"), SCHEMAS, ids=[asked for _, _, asked in SCHEMAS])
def test_replies_are_as_the_published_schemas_say(store: Shop, file: str, path: str, asked: str) -> None:
    """Every value of the right type, within its bounds; dates are dates."""
    found = complaints(store, file, path, asked)
    assert {place: said for place, said in found.items() if place not in SCHEMA_DISAGREEMENTS} == {}


def test_every_disagreement_with_the_schemas_is_real(store: Shop) -> None:
    """What has been resolved leaves the table."""
    file, path = "catalog/products_catalog.v3.yml", "/catalog/products/{product_id}"
    assert set(complaints(store, file, path, "/v3/catalog/products/2")) == set(SCHEMA_DISAGREEMENTS)


INCLUDED = (
    "channels", "options", "modifiers", "variants", "images", "videos", "custom_fields", "bulk_pricing_rules",
    "parent_relations", "primary_image",
)  # fmt: skip


@pytest.mark.parametrize(
    ("file", "path", "asked", "extra"),
    [
        ("catalog/categories_catalog.v3.yml", "/catalog/categories/{category_id}", "/v3/catalog/categories/1", ()),
        ("catalog/brands_catalog.v3.yml", "/catalog/brands/{brand_id}", "/v3/catalog/brands/1", ()),
        (
            "catalog/products_catalog.v3.yml",
            "/catalog/products/{product_id}",
            "/v3/catalog/products/1",
            INCLUDED,
        ),
        (INFORMATION, "/store", "/v2/store", ()),
        (INFORMATION, "/time", "/v2/time", ()),
    ],
)
def test_replies_have_the_published_members_and_no_others(
    store: Shop, file: str, path: str, asked: str, extra: tuple[str, ...]
) -> None:
    """`extra` are members that an include adds."""
    schema = content(file, published(file)["paths"][path]["get"]["responses"]["200"])
    if asked.startswith("/v3"):
        schema = resolved(file, schema)["properties"]["data"]
    shown = store.get(asked).json
    assert set(shown.get("data", shown)) == _members(file, schema) - set(extra)


def _members(file: str, schema: Any) -> set[str]:
    schema = resolved(file, schema)
    names = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        names |= _members(file, part)
    return names


# Requests.


@pytest.mark.parametrize("kind", ["categories", "brands", "products"])
def test_a_create_needs_what_the_published_schema_requires(store: Shop, kind: str) -> None:
    """Nothing more, nothing less."""
    file = f"catalog/{kind}_catalog.v3.yml"
    schema = content(file, published(file)["paths"][f"/catalog/{kind}"]["post"]["requestBody"])
    assert set(store.post(f"/v3/catalog/{kind}", {}).json["errors"]) == _required(file, schema)


def _required(file: str, schema: Any) -> set[str]:
    schema = resolved(file, schema)
    names = set(schema.get("required", []))
    for part in schema.get("allOf", []):
        names |= _required(file, part)
    return names


@pytest.mark.parametrize("kind", ["categories", "brands", "products"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_a_published_success_is_the_one_that_is_answered(store: Shop, kind: str, method: str) -> None:
    """The status of each operation."""
    file = f"catalog/{kind}_catalog.v3.yml"
    paths = published(file)["paths"]
    base = f"/v3/catalog/{kind}"
    body = {"name": f"{method} {kind}", "parent_id": 0, "type": "physical", "price": 1, "weight": 1}
    if method == "post":
        operation, reply = paths[f"/catalog/{kind}"]["post"], store.post(base, body)
    else:
        item = next(path for path in paths if path.count("/") == 3 and path.startswith(f"/catalog/{kind}/{{"))
        made = store.post(base, {**body, "name": f"{method} {kind} item"}).data["id"]
        operation = paths[item][method]
        reply = store.request(method.upper(), f"{base}/{made}", {"name": f"{made}"} if method == "put" else None)
    assert str(reply.status) in operation["responses"]
    assert reply.status in (200, 201, 204)
    if method != "get":
        store.delete(f"{base}/{reply.data['id']}") if reply.status == 200 else None


# Query parameters.

LISTS = [
    ("v3", "GET", "/catalog/brands"),
    ("v3", "DELETE", "/catalog/brands"),
    ("v3", "GET", "/catalog/brands/{brand_id}"),
    ("v3", "GET", "/catalog/categories"),
    ("v3", "DELETE", "/catalog/categories"),
    ("v3", "GET", "/catalog/categories/{category_id}"),
    ("v3", "GET", "/catalog/products"),
    ("v3", "DELETE", "/catalog/products"),
    ("v3", "GET", "/catalog/products/{product_id}"),
    ("v2-legacy", "GET", "/brands"),
    ("v2-legacy", "GET", "/categories"),
    ("v2-legacy", "GET", "/products"),
]


@cache
def parameters(version: str, method: str, path: str) -> dict[str, tuple[str, ...]]:
    """Each documented parameter with the values it is said to have."""
    with (CONTRACT / "contract" / "filters.tsv").open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if (row["version"], row["method"], row["path"]) == (version, method, path):
                words = [word.partition("=") for word in row["query_params"].split(",")]
                return {name: tuple(values.split("|")) if values else () for name, _, values in words}
    raise LookupError(path)


def listing_of(version: str, method: str, path: str) -> Listing:
    """The Listing that reads the query of an operation."""
    parts = ["{id}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    number = 3 if version == "v3" else 2
    for route in ROUTES:
        if (route.version, route.template) == (number, "/".join(parts)):
            facet: Facet = route.actions[method].facet
            return facet.listing
    raise LookupError(path)


@pytest.mark.parametrize(("version", "method", "path"), LISTS)
def test_every_documented_parameter_is_known(version: str, method: str, path: str) -> None:
    """A parameter that is passed over would list, or delete, too much."""
    listing = listing_of(version, method, path)
    own = {"page": True, "limit": True, "sort": listing.sorts, "direction": listing.sorts, "include": listing.includes}
    own |= {"include_fields": listing.shown, "exclude_fields": listing.shown}
    unknown = [
        name
        for name in parameters(version, method, path)
        if name not in listing.filters and not own.get(name.lower() if version == "v2-legacy" else name)
    ]
    assert unknown == []


@pytest.mark.parametrize(("version", "method", "path"), [row for row in LISTS if row[0] == "v3"])
def test_every_documented_sort_include_and_member_is_known(version: str, method: str, path: str) -> None:
    """And what is sorted by or included is documented."""
    listing = listing_of(version, method, path)
    given = parameters(version, method, path)
    if method == "GET" and "{" not in path:
        assert set(listing.sorts) == set(given.get("sort", ()))
    assert set(listing.includes) == set(given.get("include", ())) or method == "DELETE"
    assert set(given.get("include_fields", ())) <= set(listing.shown)


# Store information.

STORE_DISAGREEMENTS = {
    "secure_URL": "spelled secure_url in the examples and in the newer description",
    "decimal_places": "an integer in its example and in the newer description",
    "dimension_decimal_places": "an integer in the newer description",
}
TYPES = {"string": str, "object": dict, "array": list, "boolean": bool, None: str}


def test_store_information_has_the_documented_members(store: Shop) -> None:
    """Names and types of the V2 table."""
    shown = store.get("/v2/store").json
    differ = {
        name for name, field in fields_of("store_information").items()
        if not isinstance(shown.get(name), TYPES[field["type"]])
    }  # fmt: skip
    assert differ == set(STORE_DISAGREEMENTS)
