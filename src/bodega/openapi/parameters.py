"""The parameters of operations: ids in paths, filters with their kinds, paging, sorting, includes, headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.delete_many import DeleteMany
from bodega.kit.fields import INT32
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing, Query
from bodega.kit.pairs import Unassign
from bodega.kit.parameters import choices_of, flag, integer, kind_of, numbers_of
from bodega.kit.route import Route
from bodega.law.refusal import Refusal
from bodega.openapi.exchanges import Kept
from bodega.openapi.learned import Schema
from bodega.openapi.names import template_of

Parameter = dict[str, Any]

_OPERATORS = {
    "": "Only rows whose {0} is this.",
    "in": "Only rows whose {0} is one of these, separated by commas.",
    "not_in": "Only rows whose {0} is none of these, separated by commas.",
    "not": "Only rows whose {0} is not this.",
    "min": "Only rows whose {0} is at least this.",
    "max": "Only rows whose {0} is at most this.",
    "greater": "Only rows whose {0} is greater than this.",
    "less": "Only rows whose {0} is less than this.",
    "like": "Only rows whose {0} has this text in it.",
}


def path_parameters(route: Route) -> list[Parameter]:
    """The ids and words in a path. A segment that is no number finds no route: 404."""
    found = []
    for segment in re.findall(r"\{([^{}]*)\}", template_of(route)):
        name, _, text = segment.partition(":")
        schema: Schema = {"type": "string", "minLength": 1} if text else {"type": "integer", "minimum": 1}
        if not text:
            schema["maximum"] = INT32
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found


def query_parameters(action: Action, kept: Kept) -> list[Parameter]:
    """What an operation can be asked in the query; parameters that only its own code reads are those that were seen."""
    listing = getattr(action, "listing", None)
    found = list(_of_listing(action, listing)) if isinstance(listing, Listing) and not _asks_nothing(action) else []
    for one in found:
        if one["schema"].get("type") != "array" and _may_be_empty(action, one["name"]):  # a list may have no items
            one["allowEmptyValue"] = True
    known = {one["name"] for one in found}
    seen = [name for name in kept.query if name and name not in known]
    return found + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in seen]


def _may_be_empty(action: Action, name: str) -> bool:
    """Whether a parameter without a value is taken: most say nothing then."""
    return _parsed(action, f"{quote(name)}=") is not None


def _asks_nothing(action: Action) -> bool:
    """Whether an action passes over whatever the query says."""
    return _parsed(action, "") is NO_QUERY


def _parsed(action: Action, asked: str) -> Query | None:
    """What an action reads in a query; None where it refuses it."""
    try:
        return action.parse(asked)
    except Refusal:
        return None


def _of_listing(action: Action, listing: Listing) -> Iterator[Parameter]:
    deletes = isinstance(action, DeleteMany | Unassign)
    lists = action.is_list or deletes or (not action.writes and bool(listing.filters) and _has_filters(action))
    if lists:
        for name, found in listing.filters.items():
            yield filter_parameter(listing, name, found)
    if action.is_list or listing.bounds:
        names = ("page", "limit", "sort", "direction") if action.is_list else listing.bounds
        yield from _paging(listing, names)
    if action.is_list and listing.cursor:
        for name in ("before", "after"):
            yield {"name": name, "in": "query", "schema": {"type": "string"},
                   "description": f"A cursor of this list's `meta`: the page {name} it."}  # fmt: skip
    if not deletes:
        yield from _shown(listing)


def _has_filters(action: Action) -> bool:
    """A count is asked with the filters of its list, and no page."""
    return type(action).__name__.startswith("Count")


def filter_parameter(listing: Listing, name: str, found: Any) -> Parameter:
    """One filter."""
    field, _, operator = name.partition(":")
    if listing.version == 2 and field[:4] in ("min_", "max_"):
        field, operator = field[4:], field[:3]
    schema = _value_of(listing, found)
    told: Parameter = {"name": name, "in": "query", "schema": schema}
    if isinstance(found, Filter) and operator in ("in", "not_in"):
        told |= {"schema": {"type": "array", "items": schema, "maxItems": 1000}, "style": "form", "explode": False}
    told["description"] = _OPERATORS.get(operator, "Only rows that this is about: {0}.").format(field)
    return told


def _value_of(listing: Listing, found: Any) -> Schema:
    """The kind of one value."""
    table, column = listing.table, getattr(found, "column", "")
    if not isinstance(column, str) or column not in table.types:
        return _by_parse(found.parse)
    kind = kind_of(table, column)
    if kind == "choice" and not _by_words(found.parse):
        return {"type": "string"}
    if kind == "choice":
        return {"type": "string", "enum": list(choices_of(table, column))}
    if kind == "date":
        return {"type": "string", "description": "A day (all of it), a month, a year, or a moment."}
    if kind == "flag":
        return _FLAG
    if kind == "number":
        few = numbers_of(table, column)
        if few is not None:
            return {"type": "integer", "minimum": few[0], "maximum": few[1]}
        return {"type": "integer"} if table.types[column] == "INTEGER" else {"type": "number", "minimum": 0}
    return {"type": "string"}


def _by_words(parse: Any) -> bool:
    """Whether a parser takes the words of a column, and nothing in their place."""
    made = parse.__closure__ or ()
    inner = [cell.cell_contents for cell in made if callable(cell.cell_contents)]
    return parse.__qualname__.startswith("one_of") or any(map(_by_words, inner))


_FLAG: Schema = {"type": "string", "enum": ["true", "false", "1", "0"]}


def _by_parse(parse: Any) -> Schema:
    known: Mapping[Any, Schema] = {integer: {"type": "integer"}, flag: _FLAG}
    return known.get(parse, {"type": "string"})


def _paging(listing: Listing, names: tuple[str, ...]) -> Iterator[Parameter]:
    told: dict[str, Parameter] = {
        "page": {"schema": {"type": "integer", "minimum": 1, "maximum": INT32, "default": 1},
                 "description": "Which page; one that is not there is empty."},
        "limit": {"schema": {"type": "integer", "minimum": 1, "maximum": listing.maximum, "default": listing.usual},
                  "description": "How many rows a page has; above the maximum it is 413."},
        "sort": {"schema": {"type": "string", "enum": [*dict.fromkeys([*listing.sorts, "id"])]},
                 "description": "What the list is sorted by."},
        "direction": {"schema": {"type": "string", "enum": ["asc", "desc"]}, "description": "Which way it is sorted."},
    }  # fmt: skip
    for name in names:
        if name in told and (listing.sorts or name in ("page", "limit")):
            yield {"name": name, "in": "query", **told[name]}


def _shown(listing: Listing) -> Iterator[Parameter]:
    offered = [name for name in listing.includes if name not in listing.inside]
    if offered and not listing.include_names_fields:
        yield _words("include", offered, "What is shown inside each row as well.")
    if listing.shown:
        only, without = ("include", "exclude") if listing.include_names_fields else ("include_fields", "exclude_fields")
        names = [*dict.fromkeys(["id", *sorted({*listing.shown, *listing.always, *listing.includes})])]
        names += ["@summary"] if listing.version == 2 else []
        yield _words(only, names, "Only these members are shown, and those that always are.")
        yield _words(
            without, sorted(listing.shown), "These members are left out; other names are passed over.", others=True
        )


def _words(name: str, words: list[str], description: str, *, others: bool = False) -> Parameter:
    """A list of words; with `others` any is taken, and these are those that mean something."""
    items: Schema = {"type": "string", "examples": words} if others else {"type": "string", "enum": words}
    return {
        "name": name,
        "in": "query",
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "items": items},
        "description": description,
    }


HEADERS: Mapping[str, Parameter] = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Only if the resource has one of these entity tags (RFC 9110 13.1.1); else 412.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Only if the resource has none of these entity tags (RFC 9110 13.1.2); else 304.",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "1 to 255 printable characters: a request with the same key is carried out once.",
        "schema": {"type": "string"},
    },
    "Trace": {
        "name": "Bodega-Trace",
        "in": "header",
        "description": "1: the reply tells the request's path through the steps of the law.",
        "schema": {"const": "1"},
    },
}


def header_references(action: Action, method: str) -> list[Parameter]:
    """The headers that mean something to a method."""
    names = {"GET": ["IfNoneMatch"], "POST": ["IdempotencyKey"]}.get(method, ["IfMatch"])
    if method == "POST" and not action.writes:
        names = []
    return [{"$ref": f"#/components/parameters/{name}"} for name in [*names, "Trace"]]
