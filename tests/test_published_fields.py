"""The field tables of V2 against the shapes of every V2 resource that is served: names, order, types, limits, words.

`replies/__init__.py` says how a known disagreement is told, and a table that is called otherwise than its path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bodega.declare.shape import V2Shape
from bodega.resources import ROUTES
from published import needs_shared, v2_fields
from replies import v2_differs, v2_tables
from shop import Server

pytestmark = needs_shared

BY_PATH = {table["path"]: resource for resource, table in v2_fields().items()}


def words(template: str) -> str:
    """`products/{id}/skus/{id}` as the field tables call it: products_skus."""
    return "_".join(step for step in template.split("/") if not step.startswith("{"))


def shapes() -> Iterator[tuple[str, V2Shape]]:
    """Every V2 shape that is served, with its table, or with a path of its own where it has none."""
    served: dict[int, tuple[V2Shape, list[str]]] = {}
    for route in ROUTES:
        if route.version == 2 and route.fields is not None and not route.template.endswith("/count"):
            served.setdefault(id(route.fields), (route.fields, []))[1].append(words(route.template))
    for shape, paths in served.values():
        # A collection may have a second name, which the tables do not know.
        names = [v2_tables().get(path, BY_PATH.get(path, path)) for path in paths]
        if "" not in names:
            yield next((name for name in names if name in v2_fields()), names[0]), shape


SHAPES = list(shapes()) if BY_PATH else []
KNOWN = [(resource, shape) for resource, shape in SHAPES if resource in v2_fields()]
every_shape = pytest.mark.parametrize(("resource", "shape"), KNOWN, ids=[resource for resource, _ in KNOWN])


def documented(resource: str) -> dict[tuple[str, str], Any]:
    """(field, fact) -> what the table says."""
    facts: dict[tuple[str, str], Any] = {}
    for name, field in v2_fields()[resource]["fields"].items():
        facts[name, "name"] = True
        facts[name, "type"] = field["type"]
        facts[name, "refused"] = tuple(field.get("rejected_on", ()))
        facts[name, "required"] = bool(field.get("required_on"))
        if "max_length" in field:
            facts[name, "length"] = field["max_length"]
        if "enum" in field:
            facts[name, "enum"] = tuple(field["enum"])
    return facts


def declared(shape: V2Shape) -> dict[tuple[str, str], Any]:
    """(field, fact) -> what the shape says."""
    facts: dict[tuple[str, str], Any] = {}
    for name, wire in shape.wires.items():
        facts[name, "name"] = True
        facts[name, "type"] = wire.word
        facts[name, "refused"] = wire.refused
        facts[name, "required"] = wire.required
        facts[name, "length"] = wire.length
    return facts


def taken(shape: V2Shape, name: str, published: tuple[Any, ...]) -> bool:
    """Whether a member takes the published words and no others."""
    try:
        for word in published:
            shape.wires[name].read(word)
    except ValueError:
        return False
    try:
        shape.wires[name].read("something else")
    except ValueError as error:
        return str(error) == "must be one of " + ", ".join(published)
    return False


def disagreements(resource: str, shape: V2Shape) -> set[tuple[str, str, str]]:
    """(resource, field, fact) that are not the same in both; of a field that one side lacks, only its name."""
    theirs, ours = documented(resource), declared(shape)
    both = {name for name, _ in theirs.keys() & ours.keys()}
    found = {(resource, name, "name") for name, fact in theirs.keys() ^ ours.keys() if fact == "name"}
    for (name, fact), said in theirs.items():
        wire = shape.wires.get(name)
        if fact == "enum":
            writable = wire is not None and wire.writable
            if writable and not taken(shape, name, said):
                found.add((resource, name, fact))
        elif name in both and ours[name, fact] != said:
            found.add((resource, name, fact))
    return found


def test_every_shape_has_a_field_table() -> None:
    """Else nothing below is tested: V2_TABLES names the table, or says that there is none."""
    assert [resource for resource, _ in SHAPES if resource not in v2_fields()] == []


@every_shape
def test_the_fields_are_the_documented_ones(resource: str, shape: V2Shape) -> None:
    """Names, types, methods that refuse or require them, greatest lengths, words; what differs stands in a table."""
    assert disagreements(resource, shape) == {key for key in v2_differs() if key[0] == resource}


def test_every_known_disagreement_is_of_a_resource_that_is_served() -> None:
    """What is not served cannot disagree."""
    assert {resource for resource, _, _ in v2_differs()} <= {resource for resource, _ in KNOWN}


@every_shape
def test_the_fields_stand_in_the_documented_order(resource: str, shape: V2Shape) -> None:
    """A reply shows them as the shape has them."""
    names = [name for name in v2_fields()[resource]["fields"] if name in shape.wires]
    assert [name for name in shape.wires if name in names] == names


# Store information, which is no table of rows and has no shape.

INFORMATION = {
    "secure_URL": "spelled secure_url in the examples and in the newer description",
    "decimal_places": "an integer in its example and in the newer description",
    "dimension_decimal_places": "an integer in the newer description",
}
TYPES = {"string": str, "object": dict, "array": list, "boolean": bool, None: str}


def test_store_information_has_the_documented_members(embedded: Server) -> None:
    """Names and types of the V2 table."""
    shown = embedded.shop().get("/v2/store").json
    fields = v2_fields()["store_information"]["fields"]
    differ = {name for name, field in fields.items() if not isinstance(shown.get(name), TYPES[field["type"]])}
    assert differ == set(INFORMATION)
