"""The field tables of V2 against the shapes of every V2 resource that is served: names, order, types, limits, words.

`replies/__init__.py` says how a known disagreement is told, and a table that is called otherwise than its path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from bodega.kit.route import Route
from bodega.kit.v2_shape import V2Shape
from bodega.resources import ROUTES
from published import needs_shared, v2_fields
from replies import v2_differs, v2_tables
from shop import Server

pytestmark = needs_shared

BY_PATH = {table["path"]: resource for resource, table in v2_fields().items()}


def words(template: str) -> str:
    """`products/{id}/skus/{id}` as the field tables call it: products_skus."""
    return "_".join(step for step in template.split("/") if not step.startswith("{"))


class Served(NamedTuple):
    """A V2 shape that is served, the methods that bring or show it, and its table (a path where it has none)."""

    resource: str
    shape: V2Shape
    methods: frozenset[str]


def served() -> Iterator[Served]:
    """Every V2 shape, without those whose module says that there is no table."""
    found: dict[int, list[Route]] = {}
    for route in ROUTES:
        if route.version == 2 and route.fields is not None and not route.template.endswith("/count"):
            found.setdefault(id(route.fields), []).append(route)
    for routes in found.values():
        # A collection may have a second name, which the tables do not know.
        paths = [words(route.template) for route in routes]
        names = [v2_tables().get(path, BY_PATH.get(path, path)) for path in paths]
        shape = routes[0].fields
        if "" not in names and shape is not None:
            methods = frozenset(method for route in routes for method in route.actions)
            yield Served(next((name for name in names if name in v2_fields()), names[0]), shape, methods)


SERVED = list(served()) if BY_PATH else []
KNOWN = [one for one in SERVED if one.resource in v2_fields()]
every_shape = pytest.mark.parametrize("one", KNOWN, ids=[one.resource for one in KNOWN])


def documented(resource: str, methods: frozenset[str]) -> dict[tuple[str, str], Any]:
    """(field, fact) -> what the table says, as far as it says it and it matters to these methods."""
    facts: dict[tuple[str, str], Any] = {}
    for name, field in v2_fields()[resource]["fields"].items():
        facts[name, "name"] = True
        refused = ("POST", "PUT") if field.get("read_only") else field.get("rejected_on", ())
        facts[name, "refused"] = methods & set(refused)
        facts[name, "required"] = methods & set(field.get("required_on", ()))
        if field["type"] is not None:
            facts[name, "type"] = field["type"]
        if "max_length" in field:
            facts[name, "length"] = field["max_length"]
        if "enum" in field:
            facts[name, "enum"] = tuple(field["enum"])
    return facts


def declared(shape: V2Shape, methods: frozenset[str]) -> dict[tuple[str, str], Any]:
    """(field, fact) -> what the shape says."""
    facts: dict[tuple[str, str], Any] = {}
    for name, wire in shape.wires.items():
        facts[name, "name"] = True
        facts[name, "refused"] = methods & set(wire.refused)
        facts[name, "required"] = methods & set(wire.required)
        facts[name, "type"] = wire.word
        facts[name, "length"] = wire.length
    return facts


NONE_OF_THEM: dict[type, Any] = {str: "something else", int: 99}


def taken(shape: V2Shape, name: str, published: tuple[Any, ...]) -> bool:
    """Whether a member takes the published words and no others."""
    try:
        for word in published:
            shape.wires[name].read(word)
    except ValueError:
        return False
    try:
        shape.wires[name].read(NONE_OF_THEM[type(published[0])])
    except ValueError as error:
        return str(error) == "must be one of " + ", ".join(map(str, published))
    return False


def disagreements(one: Served) -> set[tuple[str, str, str]]:
    """(resource, field, fact) that are not the same in both; of a field that one side lacks, only its name."""
    resource, shape, methods = one
    theirs, ours = documented(resource, methods), declared(shape, methods)
    found = {(resource, name, "name") for name, fact in theirs.keys() ^ ours.keys() if fact == "name"}
    for (name, fact), message in theirs.items():
        wire = shape.wires.get(name)
        if wire is None:
            continue
        if fact == "enum":
            agree = not wire.writable or taken(shape, name, message)
        else:
            agree = ours[name, fact] == message
        if not agree:
            found.add((resource, name, fact))
    return found


def test_every_shape_has_a_field_table() -> None:
    """Else nothing below is tested: V2_TABLES names the table, or says that there is none."""
    assert [one.resource for one in SERVED if one.resource not in v2_fields()] == []


@every_shape
def test_the_fields_are_the_documented_ones(one: Served) -> None:
    """Names, types, methods that refuse or require them, greatest lengths, words; what differs stands in a table."""
    known = {key for key in v2_differs() if key[0] == one.resource}
    differ = disagreements(one)
    told = [f"{name} {fact}: not told in V2_DIFFERS" for _, name, fact in sorted(differ - known)]
    anywhere = set().union(*(disagreements(other) for other in KNOWN if other.resource == one.resource))
    told += [f"{name} {fact}: told in V2_DIFFERS, and resolved" for _, name, fact in sorted(known - anywhere)]
    assert not told, "\n".join([one.resource, *told])


def test_every_known_disagreement_is_of_a_resource_that_is_served() -> None:
    """What is not served cannot disagree."""
    assert {resource for resource, _, _ in v2_differs()} <= {one.resource for one in KNOWN}


@every_shape
def test_the_fields_stand_in_the_documented_order(one: Served) -> None:
    """A reply shows them as the shape has them."""
    names = [name for name in v2_fields()[one.resource]["fields"] if name in one.shape.wires]
    assert [name for name in one.shape.wires if name in names] == names


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
