"""Which fields of the schema are served, as a page of the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType, get_named_type

from bodega.storefront.graphql import fields  # noqa: F401 - declares what is served
from bodega.storefront.graphql.documents import (
    DEEPEST,
    LARGEST_PAGE,
    LIKELY,
    MOST_COMPLEX,
    MOST_FIELDS,
    MOST_OBJECTS,
    PAGE,
)
from bodega.storefront.graphql.execution import is_served
from bodega.storefront.graphql.schema import schema

LIST = "storefront_fields.tsv"
"""A list of the types and fields that a public storefront uses, a type a line, beside that of the operations."""


def served() -> dict[str, set[str]]:
    """The fields that are served, by their type: those that a query can reach. An interface has what all of its types
    have."""
    built = schema()
    assert built.query_type is not None
    found: dict[str, set[str]] = {}
    assert built.mutation_type is not None
    waiting: list[Any] = [built.query_type, built.mutation_type]
    while waiting:
        kind = waiting.pop()
        if kind.name in found:
            continue
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            found[kind.name] = set()
            waiting += built.get_possible_types(kind)
        elif isinstance(kind, GraphQLObjectType):
            found[kind.name] = {name for name in kind.fields if is_served(kind.name, name)}
            waiting += [get_named_type(kind.fields[name].type) for name in found[kind.name]]
    for name in found:
        wider = built.type_map[name]
        if isinstance(wider, GraphQLInterfaceType):
            types = [one for one in built.get_possible_types(wider) if found.get(one.name)]
            found[name] = {one for one in wider.fields if types and all(one in found[each.name] for each in types)}
    return {name: names for name, names in found.items() if names}


def used(listed: Path) -> list[tuple[str, str]]:
    """The types and fields of a list."""
    lines = listed.read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.partition("\t") for line in lines if line]
    return [(kind, field) for kind, _, names in pairs for field in names.split()]


EXAMPLE = """```sh
TOKEN=$(curl -s -X POST -H 'X-Auth-Token: demo-token' -H 'Content-Type: application/json' \\
  -d '{"channel_id": 1, "expires_at": 4102444800}' http://127.0.0.1:8080/stores/demo/v3/storefront/api-token |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["token"])')
curl -s -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"query": "{ site { products(first: 2) { edges { node { name path prices { price { value } } } } } } }"}' \\
  http://store-demo.localhost:8080/graphql
```
"""


def page(listed: Path) -> str:
    """The page: what the endpoint keeps to, and every type that is served, field by field."""
    known = served()
    asked = used(listed)
    have = {pair for pair in asked if pair[1] == "__typename" or pair[1] in known.get(pair[0], ())}
    built = schema()
    parts = [
        "# The storefront's GraphQL API\n\n"
        "`POST /graphql` at `store-HASH.DOMAIN` and `store-HASH-CHANNEL.DOMAIN`, with a token of\n"
        "`POST /v3/storefront/api-token` as `Authorization: Bearer TOKEN`. What is not served below answers null,\n"
        "an empty list, or an object that has nothing, where its type allows that, else an error of the code\n"
        "`NOT_SERVED`.\n\n"
        "`DOMAIN` is `localhost:8080` on the machine itself (every name that ends with `.localhost` is this machine),\n"
        "or any other name that leads to the server. A test runs these lines on the demo store of `make dev`:\n\n"
        f"{EXAMPLE}\n"
        f"A query has at most {DEEPEST} levels and {MOST_FIELDS:,} fields, and a complexity of {MOST_COMPLEX:,}:\n"
        "1 a field, and what stands below `edges` once for each item that the query asks for,\n"
        f"{LIKELY} times where it names no number. A page has {PAGE} items unless the query says otherwise,\n"
        f"{LARGEST_PAGE} at most, an answer {MOST_OBJECTS:,} objects. The reply tells the complexity in\n"
        "`X-BC-GraphQL-Complexity`. Persisted queries: send `extensions.persistedQuery.sha256Hash` alone; a query\n"
        "that this server has not seen lately is answered with `PERSISTED_QUERY_NOT_FOUND`.\n\n"
        f"Of the {len(asked)} fields that a public storefront reads or writes, {len(have)} are served.\n"
    ]
    rows = []
    for name in sorted(known):
        kind = built.type_map[name]
        if name.endswith(("Connection", "Edge")) or not isinstance(kind, GraphQLObjectType):
            continue
        missing = sorted(set(kind.fields) - known[name])
        rows.append(f"| `{name}` | {_named(sorted(known[name]))} | {_named(missing)} |")
    parts.append("\n## Served\n\n| type | fields | not served |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    lacking: dict[str, list[str]] = {}
    for kind_name, field in asked:
        if (kind_name, field) not in have:
            lacking.setdefault(kind_name, []).append(field)
    lines = [f"| `{kind_name}` | {_named(names)} |" for kind_name, names in sorted(lacking.items())]
    heads = "\n## Used by that storefront, and not served\n\n| type | fields |\n| --- | --- |\n"
    parts.append(heads + "\n".join(lines) + "\n")
    return "".join(parts)


def _named(names: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names) or "-"
