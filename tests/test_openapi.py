"""The OpenAPI documents: valid, whole, and true of every reply that the table of replies brings about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31

from bodega.app import routes
from bodega.http.router import by_version
from bodega.law.reasons import Reason
from bodega.openapi.document import DIALECT, document, document_of
from bodega.openapi.marks import MEANS
from bodega.openapi.names import path_of, served_methods
from bodega.openapi.pages import NAMES, written
from bodega.openapi.storefront import document_of_shoppers
from bodega.storage.opening import open_backend
from exchanges import Exchange, Exchanges
from kept_exchanges import DIFFERENCES, differences
from published import ABSENT, SHARED
from replies.shipping_v3 import PROVIDERS
from shop import Server, Shop
from shopping import shopped

VERSIONS = (2, 3)
SHOPPERS = 0
"""Stands for the version of what shoppers' pages ask."""


def resolved(whole: Mapping[str, Any], node: Any) -> Any:
    """What a reference within a document leads to."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def whole_of(version: int) -> Mapping[str, Any]:
    """The document of a version, or of SHOPPERS."""
    return document_of_shoppers() if version == SHOPPERS else document_of(version)


def operations(version: int) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, method, operation) of a document."""
    for path, item in whole_of(version)["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_valid(name: str) -> None:
    """By the meta schema of OpenAPI 3.1, and each schema in it by that of JSON Schema 2020-12."""
    whole = json.loads(written(name))
    meta = jsonschema_rs.Draft202012Validator(json.loads(json.dumps(dict(schema_v31))))
    assert [one.message for one in meta.iter_errors(whole)] == []
    for component, schema in whole["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": DIALECT, **schema}), component


@pytest.mark.parametrize("name", ["v2", "storefront"])
def test_a_document_keeps_the_rules_that_no_schema_can_tell(name: str) -> None:
    """Parameters, references, ids: of the greatest document the tests below look at them, in less time."""
    assert [str(one) for one in OpenAPIV31SpecValidator(json.loads(written(name))).iter_errors()] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_served_route_is_in_the_document_and_nothing_else(version: int) -> None:
    """Each method of each route of the router; a path that moved has what redirects it."""
    trie = by_version(routes())[version]
    served = {(path_of(one), method) for one in trie.all for method in served_methods(one)}
    moved = {(path_of(one), "GET") for one in trie.all if one.moved}
    assert {(path, method) for path, method, _ in operations(version)} == served | moved


@pytest.mark.parametrize("version", VERSIONS)
def test_names_are_unique_and_every_operation_says_what_it_is(version: int) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(version)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(version):
        assert operation["summary"][:1].isupper(), (path, method)
        named = [one["name"] for one in operation["parameters"] if one.get("in") == "path"]
        assert path.count("{") == len(set(named)) == len(named), path
        assert all(f"{{{name}}}" in path for name in named), path


@pytest.mark.parametrize("version", VERSIONS)
def test_every_reference_leads_somewhere(version: int) -> None:
    whole = document_of(version)

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                resolved(whole, node)
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(whole)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_declarations_make_the_same_document(version: int) -> None:
    assert json.dumps(document(version, routes())) == json.dumps(document_of(version))


@pytest.mark.parametrize("version", [*VERSIONS, SHOPPERS])
def test_examples_fit_their_schemas(version: int) -> None:
    """Of bodies and of replies: what a reader copies is right."""
    whole, wrong = whole_of(version), []
    for path, method, operation in operations(version):
        contents = [("body", operation.get("requestBody", {}).get("content", {}))]
        contents += [
            (status, resolved(whole, one).get("content", {})) for status, one in operation["responses"].items()
        ]
        for where, content in contents:
            told = content.get("application/json", {})
            if "example" in told and where != "body":
                wrong += [
                    f"{method} {path} {where}: {why}" for why in complaints(version, told["schema"], told["example"])
                ]
    assert not wrong, "\n".join(wrong[:20])


@cache
def _validator(version: int, schema: str) -> jsonschema_rs.Draft202012Validator:
    components = {"schemas": whole_of(version)["components"]["schemas"]}
    return jsonschema_rs.Draft202012Validator({"allOf": [json.loads(schema)], "components": components})


def complaints(version: int, schema: Any, message: Any) -> list[str]:
    """What a schema has against a value: by its keywords, and members that it does not name."""
    found = _validator(version, json.dumps(schema, sort_keys=True)).iter_errors(message)
    return [f"{'.'.join(map(str, one.instance_path))}: {one.message[:200]}" for one in found] + list(
        _unnamed(whole_of(version), schema, message, "")
    )


def _unnamed(whole: Mapping[str, Any], schema: Any, message: Any, place: str) -> Iterator[str]:
    schema = resolved(whole, schema)
    if isinstance(message, list):
        for item in message[:5]:
            yield from _unnamed(whole, schema.get("items", {}), item, place)
    elif isinstance(message, dict) and "properties" in schema and "additionalProperties" not in schema:
        for name, value in message.items():
            if name not in schema["properties"]:
                yield f"{place}.{name} is not in the schema"
            else:
                yield from _unnamed(whole, schema["properties"][name], value, f"{place}.{name}")


@pytest.fixture(scope="module")
def exchanged(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchanges]:
    """One store for all of it, on SQLite: what is on the wire is the same on both."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("openapi"), None)))
    yield Exchanges(server.shop(**PROVIDERS))
    runner.run(server.app.stop())


def _wrong(one: Exchange, operation: Mapping[str, Any], version: int) -> Iterator[str]:
    told = resolved(whole_of(version), operation["responses"].get(str(one.status)))
    if told is None:
        yield f"{one.operation} is answered with {one.status} ({one.reason}), which the document does not know"
        return
    content = told.get("content", {})
    if one.media and one.media not in content:
        yield f"{one.operation} {one.status} is of {one.media}, and may be of {', '.join(content) or 'nothing'}"
    elif one.message is not None and "schema" in content.get(one.media, {}):
        for why in complaints(version, content[one.media]["schema"], one.message):
            yield f"{one.operation} {one.status} ({one.path}): {why}"
    if one.reason and one.reason not in told.get("x-reasons", ()):
        yield f"{one.operation} is refused for {one.reason}, of which the document knows nothing"


def test_every_reply_of_the_table_is_as_the_document_says(exchanged: Exchanges) -> None:
    """Status, media type, members, and the reason of a refusal; what is new is kept by scripts/openapi_exchanges.py."""
    assert not exchanged.unsent
    known = {
        f"{method} /v{version}{path}": (version, operation)
        for version in VERSIONS
        for path, method, operation in operations(version)
    }
    wrong = [why for one in exchanged.all for why in _wrong(one, known[one.operation][1], known[one.operation][0])]
    assert not wrong, "\n".join([f"{len(wrong)} complaints", *list(dict.fromkeys(wrong))[:60]])
    assert len(exchanged.all) > 1000


def test_every_reply_to_shoppers_is_as_the_document_says(runner: asyncio.Runner, tmp_path: Path) -> None:
    """In the flows of their own tests; each operation is asked in one of them."""
    server = Server(runner, runner.run(open_backend(tmp_path, None)))
    seen = shopped(server)
    runner.run(server.app.stop())
    known = {f"{method} {path}": operation for path, method, operation in operations(SHOPPERS)}
    wrong = [why for one in seen for why in _wrong(one, known[one.operation], SHOPPERS)]
    assert not wrong, "\n".join([f"{len(wrong)} complaints", *list(dict.fromkeys(wrong))[:60]])
    assert not [name for name, operation in known.items() if "x-unexercised" in operation]
    assert len([one for one in known.values() if "content" in one["responses"].get("200", {})]) > 35


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
def test_the_differences_that_ship_are_those_that_the_tests_know() -> None:
    assert DIFFERENCES.read_text("utf-8") == differences()


def test_every_operation_has_its_mark_and_its_scopes() -> None:
    for version in VERSIONS:
        for path, method, operation in operations(version):
            assert operation["x-parity"] in MEANS, (method, path)
            if "x-scopes" not in operation:
                assert operation["deprecated"], (method, path)  # it moved
                continue
            if method != "GET":
                assert not [one for one in operation["x-scopes"] if one.endswith("_read_only") and method == "DELETE"]


def test_a_refusal_is_told_with_its_reasons_in_the_format_of_the_caller() -> None:
    for version in VERSIONS:
        whole = document_of(version)
        for name, example in whole["components"]["examples"].items():
            error = whole["components"]["schemas"]["Error"]
            assert complaints(version, error, example["value"]) == [], name
            status = example["value"][0]["status"] if version == 2 else example["value"]["status"]
            assert status == Reason[name].status(version)


@pytest.mark.parametrize(("method", "path"), [("get", "/orders/{id}"), ("post", "/orders"), ("put", "/orders/{id}")])
def test_a_link_that_include_replaces_may_be_either(method: str, path: str) -> None:
    """Also in replies that were only seen, as nobody asked for `include` then; other links are told as they are."""
    document = document_of(2)
    schema = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    told = schema["properties"]
    assert "type" not in told["fees"]
    assert "type" not in told["consignments"]
    assert told["coupons"]["properties"].keys() == {"url", "resource"}


def body_schema(version: int, method: str, path: str) -> Any:
    """What a JSON body of an operation may be, with everything it refers to."""
    whole = document_of(version)
    body = resolved(whole, whole["paths"][path][method]["requestBody"])
    return {**body["content"]["application/json"]["schema"], "components": whole["components"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_may_be_empty_may_be(shop: Shop, version: int) -> None:
    """Every list is asked with all parameters that its operation says may be empty, each of them empty."""
    asked = 0
    for path, method, operation in operations(version):
        if method != "GET" or "{" in path or "parameters" not in operation:
            continue
        empty = [one["name"] for one in operation["parameters"] if one.get("allowEmptyValue")]
        if empty:
            reply = shop.get(f"/v{version}{path}?{'&'.join(f'{name}=' for name in empty)}")
            assert reply.status not in (400, 413, 422), (path, reply.body)
            asked += 1
    assert asked > 25


@pytest.mark.parametrize(("version", "path"), [(3, "/catalog/brands"), (3, "/hooks"), (2, "/coupons")])
def test_what_narrows_a_delete_is_never_empty(version: int, path: str) -> None:
    """A filter that says nothing would delete everything."""
    deleting = document_of(version)["paths"][path].get("delete", {})
    assert not [one["name"] for one in deleting.get("parameters", ()) if one.get("allowEmptyValue")]


LOOSE = [
    ("/blog/posts", {"tags": [None, 0, "a"]}),
    ("/blog/posts", {"tags": 7}),
    ("/blog/posts", {"published_date": {"date": None, "timezone": 0, "timezone_type": {}}}),
    ("/blog/posts", {"published_date": 0}),
    ("/brands", {"meta_keywords": [1, None]}),
]


@pytest.mark.parametrize(("path", "members"), LOOSE)
def test_what_readers_of_v2_take_is_told(shop: Shop, path: str, members: Mapping[str, Any]) -> None:
    """Lists and objects of V2 whose readers take more than their types: the document says so, the server takes it."""
    body = {"title": "a", "body": "b", **members} if path == "/blog/posts" else {"name": "a", **members}
    jsonschema_rs.Draft202012Validator(body_schema(2, "post", path)).validate(body)
    assert shop.post(f"/v2{path}", body).status < 300


def test_what_was_seen_of_one_operation_holds_for_another_that_does_the_same() -> None:
    """One action at two paths, of which the examples have only one."""
    path = "/orders/{order_id}/consignments/shipping/{consignment_id}/shipping_quotes"
    assert [status for status in document_of(2)["paths"][path]["get"]["responses"] if status < "300"] == ["204"]


def test_a_member_that_may_hold_anything_is_not_narrowed_by_what_was_seen() -> None:
    """The answers of the store's address form: texts, numbers and lists."""
    fields = document_of(2)["components"]["schemas"]["ShippingAddress"]["properties"]["form_fields"]
    assert "type" not in fields["items"]["properties"]["value"]
