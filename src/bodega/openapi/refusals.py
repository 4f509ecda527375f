"""Which reasons of the law an operation can be refused for, and how each is told.

What the steps before the last refuse follows from the declarations. What `perform` refuses is known from the code that
carries it out: the reasons that the modules of the action, its table and its rules name; and from what was seen.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import bodega
from bodega.http.errors import v2_errors, v3_error
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.batch import Many
from bodega.kit.delete_many import DeleteMany
from bodega.kit.entity import addresses_in
from bodega.kit.one_or_many import OneOrMany
from bodega.kit.pairs import Unassign
from bodega.kit.route import Route
from bodega.law.reasons import Reason, Step
from bodega.law.refusal import Fault, Refusal
from bodega.law.remedy import Remedy
from bodega.openapi.exchanges import Kept
from bodega.openapi.learned import Schema
from bodega.resources import MODEL

_PACKAGE = Path(bodega.__file__).parent
_NAMED = re.compile(r"\bReason\.([A-Z_]+)")
_RULED = frozenset(each.name for each in MODEL.tables)
ALWAYS = tuple(
    reason
    for reason in Reason
    if reason.step in (Step.REQUIRE_TLS, Step.OPEN_STORE, Step.AUTHENTICATE, Step.SPEND_QUOTA, Step.CATCH_ALL)
)
_ELSEWHERE = {
    Reason.INSECURE: "GET", Reason.INSECURE_WRITE: "POST PUT DELETE",
}  # fmt: skip
_FIELDS = {
    Reason.FIELD_UNKNOWN: "colour", Reason.FIELD_READ_ONLY: "id", Reason.FIELD_MISSING: "name",
    Reason.FIELD_INVALID: "price", Reason.DUPLICATE: "name", Reason.DANGLING_REFERENCE: "brand_id",
    Reason.IMAGE_UNREACHABLE: "image_url", Reason.IMAGE_INVALID: "image_url", Reason.QUERY_INVALID: "page",
}  # fmt: skip
_WRITTEN = frozenset(
    {
        Reason.PLAN_LIMIT_REACHED,
        Reason.PLATFORM_CAP_REACHED,
        Reason.DUPLICATE,
        Reason.CIRCULAR_TREE,
        Reason.TREE_TOO_DEEP,
        Reason.DANGLING_REFERENCE,
    }
)
"""What only a body can bring about."""
_DELETED = frozenset({Reason.ORPHANED_PRODUCTS, Reason.CODES_ATTACHED, Reason.PROPERTY_IN_USE})
"""What only a delete is refused for."""


def reasons_of(route: Route, method: str, kept: Kept) -> list[Reason]:
    """The reasons for which a request of an operation may be refused, in the order of judgement."""
    action = route.actions[method]
    found = {reason for reason in ALWAYS if method in _ELSEWHERE.get(reason, method).split()}
    found |= set(_before_perform(route, action, method))
    if action.body or action.writes:
        found |= {reason for reason in _of_perform(action) if _can(reason, action, method)}
    elif _looks_something_up(action):
        found.add(Reason.NO_SUCH_ENTITY)
    found |= {Reason[name] for name in kept.reasons if name in Reason.__members__}
    return sorted(found, key=lambda reason: reason.rank)


def _before_perform(route: Route, action: Action, method: str) -> Iterator[Reason]:
    if action.scope not in ("", "default"):
        yield Reason.SCOPE_MISSING
    if not action.has_own_media:
        yield Reason.NOT_ACCEPTABLE
    if action.body:
        yield from (Reason.CONTENT_TYPE_UNSUPPORTED, Reason.CONTENT_CODING_UNSUPPORTED, Reason.BODY_TOO_LARGE)
        yield from (Reason.MALFORMED_BODY, Reason.FIELD_MISSING, Reason.FIELD_INVALID, Reason.TOO_MANY_ITEMS)
        if route.version == 2:
            yield from (Reason.FIELD_UNKNOWN, Reason.FIELD_READ_ONLY)
    if asks(action):
        yield from (Reason.QUERY_INVALID, Reason.LIMIT_OVER_MAXIMUM, Reason.FILTER_REFUSED)
        if isinstance(action, Unassign) or (isinstance(action, DeleteMany) and action.endpoint.delete_needs_filter):
            yield Reason.FILTER_REQUIRED
    if action.max_concurrent:
        yield Reason.TOO_MANY_AT_ONCE
    if "{" in route.template:
        yield from (Reason.NO_SUCH_ENTITY, Reason.NO_SUCH_RESOURCE)
    if action.writes and method == "POST":
        yield from (Reason.KEY_INVALID, Reason.KEY_IN_USE, Reason.KEY_REUSED)
    yield Reason.PRECONDITION_FAILED
    if method == "GET":
        yield Reason.NOT_MODIFIED


def asks(action: Action) -> bool:
    """Whether an action reads the query."""
    try:
        return action.parse("") is not NO_QUERY
    except Refusal:
        return True


def _looks_something_up(action: Action) -> bool:
    """Whether a read finds what its query names by code of its own."""
    own = (kind for kind in type(action).__mro__ if kind.__module__.startswith("bodega.resources"))
    return any(str(Reason.NO_SUCH_ENTITY) in inspect.getsource(kind) for kind in own)


def _can(reason: Reason, action: Action, method: str) -> bool:
    """Whether a reason that the code names can be given here."""
    return (action.body or reason not in _WRITTEN) and (method == "DELETE" or reason not in _DELETED)


def _of_perform(action: Action) -> set[Reason]:
    table = getattr(action, "table", None)
    endpoint = getattr(action, "endpoint", None)
    found = {reason for name in _sources(action) for reason in _named_in(name)}
    tables = [table, *_nested(endpoint)] if table is not None else []
    if action.body and table is not None and table.name in _RULED and MODEL.rules_of(table).conflicts:
        found.add(Reason.DUPLICATE)
    for each in tables:
        if action.body and each.uniques:
            found.add(Reason.DUPLICATE)
        if action.body and (each.references or each.links):
            found.add(Reason.DANGLING_REFERENCE)
        if action.body and each.counter:
            found.add(Reason.PLAN_LIMIT_REACHED)
        if action.body and (each.cap or each.cap_within):
            found.add(Reason.PLATFORM_CAP_REACHED)
        if action.body and addresses_in(each.entity):
            found |= {Reason.IMAGE_UNREACHABLE, Reason.IMAGE_INVALID, Reason.IMAGES_WAITING, Reason.IMAGE_LOST}
    if action.uploads or action.only_uploads:
        found |= {Reason.IMAGE_INVALID, Reason.IMAGES_WAITING, Reason.IMAGE_LOST}
    if isinstance(action, Many | OneOrMany) and endpoint is not None and endpoint.batch is not None:
        found.add(Reason.NO_SUCH_ENTITY)
        found |= {endpoint.batch.refused} if endpoint.batch.refused is not None else set()
    return found


def _nested(endpoint: Any) -> list[Any]:
    shape = getattr(endpoint, "v3", None)
    if shape is None or not shape.nested:
        return []
    return [one.rows.table for one in endpoint.listing.includes.values() if one.rows is not None]


def _sources(action: Action) -> Iterator[Path]:
    """The files of resources that have a part in carrying out an action."""
    for kind in type(action).__mro__:
        if kind.__module__.startswith("bodega.resources"):
            yield Path(inspect.getfile(kind))
    table, endpoint = getattr(action, "table", None), getattr(action, "endpoint", None)
    for declared in (getattr(table, "file", ""), getattr(endpoint, "file", "")):
        if declared:
            yield _PACKAGE / declared
    if table is not None and table.name in _RULED:
        yield from _of_rules(MODEL.rules_of(table))


def _of_rules(rules: Any) -> Iterator[Path]:
    names = ("before_validate", "before_write", "extra_statements", "conflicts", "after_write", "before_delete")
    for function in (one for name in names for one in getattr(rules, name)):
        module = sys.modules.get(getattr(function, "__module__", ""))
        if module is not None and module.__file__ and module.__name__.startswith(("bodega.resources", "bodega.domain")):
            yield Path(module.__file__)


@cache
def _named_in(file: Path) -> frozenset[Reason]:
    """The reasons that the last step, or the reading of a body, gives in a file."""
    if not file.is_file():
        return frozenset()
    text = file.read_text("utf-8")
    named = {Reason[name] for name in _NAMED.findall(text) if name in Reason.__members__}
    if "duplicate(" in text:
        named.add(Reason.DUPLICATE)
    return frozenset(one for one in named if one.step is Step.PERFORM or one is Reason.NO_SUCH_ENTITY)


def example_of(reason: Reason, version: int) -> Any:
    """The body of a refusal, in the form of a version."""
    field = _FIELDS.get(reason, "")
    faults = [Fault(reason, field, _sentence(reason, field))] if field else []
    refusal = Refusal(reason, faults=faults)
    if version == 2:
        return v2_errors(refusal)
    return v3_error(refusal, Remedy(reason.advice))


def _sentence(reason: Reason, field: str) -> str:
    return {
        Reason.FIELD_MISSING: f"{field} is required.",
        Reason.FIELD_INVALID: f"{field} must be a number.",
        Reason.QUERY_INVALID: f"{field} must be a whole number from 1 to 2147483647.",
    }.get(reason, reason.message)


ERROR_V2: Schema = {
    "type": "array",
    "description": "What is wrong; clients read the first item.",
    "items": {
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "message": {"type": "string"},
            "details": {"type": "object"},
        },
        "required": ["status", "message"],
    },
}
ERROR_V3: Schema = {
    "type": "object",
    "description": "What is wrong (RFC 9457, but for the media type). `type` leads to the reason in the law.",
    "properties": {
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "type": {"type": "string"},
        "detail": {"type": "string"},
        "code": {"type": "integer"},
        "errors": {"type": ["object", "array"]},
        "details": {"type": "object"},
    },
    "required": ["status", "title", "type"],
}


def by_status(reasons: Iterable[Reason], version: int) -> Mapping[int, list[Reason]]:
    """The reasons of each status."""
    found: dict[int, list[Reason]] = {}
    for reason in reasons:
        found.setdefault(reason.status(version), []).append(reason)
    return dict(sorted(found.items()))
