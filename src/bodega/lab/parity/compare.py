"""Two replies to the same request compared: status, headers, shape, values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bodega.http import xml
from bodega.journal.har import Recorded
from bodega.lab.parity.ids import Ids, kind_of, shape_of_path
from bodega.lab.telling import told

STATUS, HEADER, MISSING, EXTRA, TYPE, VALUE = "status", "header", "missing", "extra", "type", "value"

PRESENT = (
    "location", "retry-after", "x-retry-after", "www-authenticate", "x-rate-limit-requests-left",
    "x-rate-limit-requests-quota", "x-rate-limit-time-reset-ms", "x-rate-limit-time-window-ms",
    "x-bc-apilimit-remaining",
)  # fmt: skip
"""Headers that clients read: they are there in both replies or in neither. Their values depend on the moment."""

EQUAL = ("content-type", "allow")
"""Headers whose values are compared as well."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?|[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} .*")
_URL = re.compile(r"https?://\S*")
_NUMBER = re.compile(r"\d+")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Difference(msgspec.Struct, frozen=True):
    """What differs, where (a header's name, or a member as `data[].price`), and both sides as short texts."""

    method: str
    path: str
    kind: str
    where: str
    recorded: str
    replayed: str


def differences(recorded: Recorded, replayed: Recorded, ids: Ids) -> Iterator[Difference]:
    """How a reply differs from the recorded one. Dates, URLs, hashes and ids only need to correspond."""

    def difference(kind: str, where: str, one: Any, other: Any) -> Difference:
        return Difference(recorded.method, shape_of_path(recorded.target), kind, where, _short(one), _short(other))

    if recorded.status != replayed.status:
        yield difference(STATUS, str(recorded.status), recorded.status, replayed.status)
        return  # what follows from that is no difference of its own
    for name in EQUAL:
        one, other = _plain(name, recorded.answered(name)), _plain(name, replayed.answered(name))
        if one != other and recorded.method != "HEAD":
            yield difference(HEADER, name, one, other)
    for name in PRESENT:
        one, other = recorded.answered(name), replayed.answered(name)
        if bool(one) != bool(other):
            yield difference(HEADER, name, one, other)
    if recorded.answer_body is None or recorded.cut:
        return
    before, after = content_of(recorded), content_of(replayed)
    shape, own = _shape(before), _shape(after)
    for where in sorted(shape.keys() - own.keys()):
        if _parent(where) in own or not _parent(where):
            yield difference(MISSING, where, "/".join(sorted(shape[where])), "")
    for where in sorted(own.keys() - shape.keys()):
        if _parent(where) in shape or not _parent(where):
            yield difference(EXTRA, where, "", "/".join(sorted(own[where])))
    typed = set()
    for where in sorted(shape.keys() & own.keys()):
        if not shape[where] <= own[where] and not own[where] <= shape[where]:
            typed.add(where)
            yield difference(TYPE, where, "/".join(sorted(shape[where])), "/".join(sorted(own[where])))
    told = set()
    for where, one, other in _values("", kind_of(recorded.target), before, after, ids):
        if where not in told and where not in typed:
            told.add(where)
            yield difference(VALUE, where, one, other)


def content_of(reply: Recorded) -> Any:
    """A body as data: JSON, or XML as nested dictionaries; text where it is neither."""
    body = reply.answer_body or b""
    if not body:
        return None
    try:
        if "xml" in reply.answered("content-type"):
            return xml.read(body)
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, xml.XMLRefused):
        return body.decode(errors="replace")


def _shape(value: Any, where: str = "") -> dict[str, set[str]]:
    """The types at each place; those of a list's items are joined."""
    found: dict[str, set[str]] = {where: {_type(value)}} if where else {}
    if isinstance(value, dict):
        for name, each in value.items():
            _join(found, _shape(each, f"{where}.{name}" if where else str(name)))
    elif isinstance(value, list):
        for each in value:
            _join(found, _shape(each, f"{where}[]"))
    return found


def _join(found: dict[str, set[str]], more: Mapping[str, set[str]]) -> None:
    for where, types in more.items():
        found.setdefault(where, set()).update(types)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return "number"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"


def _parent(where: str) -> str:
    return where.rpartition(".")[0] if not where.endswith("[]") else where[:-2]


def _values(where: str, kind: str, one: Any, other: Any, ids: Ids) -> Iterator[tuple[str, Any, Any]]:
    """The values at the same places that are not the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() & other.keys():
            inner = (
                kind if name in ("data", "id") else name.removesuffix("_id") if name.endswith("_id") else kind_of(name)
            )
            yield from _values(f"{where}.{name}" if where else name, inner, one[name], other[name], ids)
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{where}.length", len(one), len(other)
        for left, right in zip(one, other, strict=False):
            yield from _values(f"{where}[]", kind, left, right, ids)
    elif not isinstance(one, dict | list) and not isinstance(other, dict | list) and not _alike(kind, one, other, ids):
        yield where or "body", one, other


def _alike(kind: str, one: Any, other: Any, ids: Ids) -> bool:
    if one == other or _type(one) != _type(other):  # another type is told as such
        return True
    if ids.of(kind, one) == other:
        return True
    if isinstance(one, str) and isinstance(other, str):
        if not one.isdigit() and _NUMBER.sub("#", ids.text(one)) == _NUMBER.sub("#", other):
            return True  # a link, or a sentence that names an id
        return any(form.fullmatch(one) and form.fullmatch(other) for form in (_DATE, _URL, _HEX))
    return False


def _plain(name: str, value: str) -> str:
    if name == "content-type":
        return value.partition(";")[0].strip().lower()
    return ", ".join(sorted(word.strip().upper() for word in value.split(",") if word.strip()))


def _short(value: Any) -> str:
    return told(value, 80)
