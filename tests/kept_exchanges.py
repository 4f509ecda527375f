"""What is kept of exchanges for the OpenAPI documents: one line of JSON for each operation.

What differs from run to run (tokens, the store's name, random ids) is replaced by what does not.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bodega.openapi
from bodega.openapi.learned import either, learn
from bodega.resources import ROUTES
from exchanges import Exchange
from replies import differs, v2_differs
from test_published_fields import served

PLACE = Path(bodega.openapi.__file__).parent
EXCHANGES, DIFFERENCES = PLACE / "exchanges.jsonl", PLACE / "differences.tsv"

LARGEST = 3_000
"""Bytes of an example: a larger one has its lists cut to two items."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STORE = re.compile(r"\bt\d+-[0-9a-f]{6}\b")
_RANDOM = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-zA-Z])[\w-]{24,}(?:\.[\w-]{8,}){0,2}(?![\w-])")
_CLIENT = re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{16}\b")
_CODE = re.compile(r"\b[A-Z0-9]{3}(?:-[A-Z0-9]{3}){3}\b")
_HOST = re.compile(r"https?://(?:testserver|localhost|127\.0\.0\.1)(?::\d+)?")


def steady(value: Any) -> Any:
    """A value without what differs from run to run."""
    return _steady(value, {})


def _steady(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_steady(one, known) for one in value]
    if isinstance(value, dict):
        return {_text(name, known): _steady(inner, known) for name, inner in value.items()}
    return _text(value, known) if isinstance(value, str) else value


def _text(text: str, known: dict[str, str]) -> str:
    def named(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"00000000-0000-4000-8000-{len(known) + 1:012}")

    text = _HOST.sub("https://api.example.com", _STORE.sub("demo", _UUID.sub(named, text)))
    text = _CODE.sub("ABC-DEF-GHJ-KLM", _CLIENT.sub("0123456789abcdef", text))
    return _RANDOM.sub(lambda match: match[0] if match[0] in known.values() else "example0token", text)


def short(value: Any) -> Any:
    """An example that is not too long."""
    if len(json.dumps(value)) <= LARGEST:
        return value
    return _cut(value)


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [_cut(one) for one in value[:2]]
    if isinstance(value, dict):
        return {name: _cut(inner) for name, inner in list(value.items())[:60]}
    return value[:200] if isinstance(value, str) else value


def lines(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """What is kept of each operation, sorted by its name."""
    by_operation: dict[str, list[Exchange]] = {}
    for one in exchanges:
        by_operation.setdefault(one.operation, []).append(one)
    for operation, found in sorted(by_operation.items()):
        yield json.dumps({"operation": operation, **_kept(found)}, separators=(",", ":"), ensure_ascii=False) + "\n"


def _kept(found: Sequence[Exchange]) -> dict[str, Any]:
    replies: dict[str, Any] = {}
    for status in sorted({one.status for one in found}):
        done = [one for one in found if one.status == status and not one.reason]  # a refusal has its reason
        messages = [one.message for one in done if one.message is not None]
        kept: dict[str, Any] = {}
        if done and status != 304:
            kept["media"] = sorted({one.media for one in done if one.media})
            if messages:
                kept["schema"] = either(map(learn, messages))
                kept["example"] = steady(short(_fullest(messages)))
        replies[str(status)] = kept
    bodies = [one.body for one in found if one.body is not None and one.status < 300]
    kept = {"replies": replies}
    if bodies:
        kept["body"] = {"schema": either(map(learn, bodies)), "example": steady(short(bodies[0]))}
    queries = sorted({name for one in found for name in one.query if one.status < 300})
    reasons = sorted({one.reason for one in found if one.reason})
    return kept | ({"query": queries} if queries else {}) | ({"reasons": reasons} if reasons else {})


def _fullest(messages: Iterable[Any]) -> Any:
    """The example that shows the most without being long."""
    sized = [(len(json.dumps(message)), place, message) for place, message in enumerate(messages)]
    fitting = [one for one in sized if one[0] <= LARGEST] or sized[:1]
    return max(fitting, key=lambda one: (one[0], -one[1]))[2]


def _paths_of_tables() -> dict[str, set[str]]:
    """The paths of V2 whose shape a field table describes, by the name of the table."""
    shapes = {id(one.shape): one.resource for one in served()}
    found: dict[str, set[str]] = {}
    for route in ROUTES:
        if route.version == 2 and id(route.fields) in shapes:
            found.setdefault(shapes[id(route.fields)], set()).add(route.template.replace(":text}", "}"))
    return found


def differences() -> str:
    """The disagreements with the published descriptions that tests know, as a table: operation (a shell
    pattern), place, kind, and why."""
    written = io.StringIO()
    table = csv.writer(written, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    table.writerow(("operation", "place", "kind", "reason"))
    known = [(one.operation, one.place, one.keyword, one.reason) for one in differs()]
    for row in dict.fromkeys(known):
        table.writerow(row)
    for (resource, field, fact), reason in v2_differs().items():
        for path in sorted(_paths_of_tables().get(resource, ())):
            table.writerow((f"* /v2/{path}", field, fact, reason))
    return written.getvalue()


__all__ = ["DIFFERENCES", "EXCHANGES", "differences", "lines", "short", "steady"]
