"""The writable members of published bodies, at every depth: where each is, and values that it may take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from bodega.dates import parse_moment
from published import Published, branches, items_of, properties, v2_fields

ITEM = "[]"
"""The step of a place into the items of a list."""

DEEPEST = 8
"""Steps of a place: some schemas hold themselves."""

Place = tuple[str, ...]


class Member(NamedTuple):
    """A member that a body may have: where it is (`items`, `[]`, `name`), and its schemas, any of which may hold."""

    place: Place
    schemas: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """As tables call it: `items.name`."""
        return ".".join(step for step in self.place if step != ITEM)


def members(operation: Published) -> list[Member]:
    """The writable members of a published body. What has members of its own is tested by those."""
    found: dict[Place, Member] = {}
    for member in _members(operation.file, (operation.body,), ()):
        found.setdefault(member.place, member)
    return list(found.values())


def legacy_members(resource: str, method: str) -> list[Member]:
    """The same of a field table of V2."""
    found = []
    for name, field in v2_fields()[resource]["fields"].items():
        if field.get("read_only") or method in field.get("rejected_on", ()) or not re.fullmatch(r"\w+", name):
            continue
        schema = {"type": LEGACY.get(field["type"] or "", "string"), "was": field["type"]}
        if field["type"] == "date":
            schema["format"] = "date-time"
        if "enum" in field:
            schema = {"enum": field["enum"]}
        if "max_length" in field:
            schema["maxLength"] = field["max_length"]
        found.append(Member((name,), (schema,)))
    return found


LEGACY = {
    "int": "integer", "integer": "integer", "decimal": "number", "boolean": "boolean", "array": "array",
    "object": "object", "object_array": "array",
}  # fmt: skip


def _members(file: str, schemas: tuple[Any, ...], place: Place) -> Iterator[Member]:
    if len(place) > DEEPEST:
        return
    parts = [part for schema in schemas for part in branches(file, schema)]
    if any(part.get("readOnly") for part in parts):
        return
    known: dict[str, list[Any]] = {}
    for part in parts:
        for name, inner in properties(file, {key: part[key] for key in ("properties",) if key in part}).items():
            known.setdefault(name, []).extend(inner)
    items = tuple(item for part in parts for item in items_of(file, {"items": part.get("items")}))
    if known:
        for name, inner in known.items():
            yield from _members(file, tuple(inner), (*place, name))
    elif items and any(_has_members(file, item) for item in items):
        yield from _members(file, items, (*place, ITEM))
    elif place and place[-1] != ITEM:
        yield Member(
            place, tuple({**part, "of": [b for item in items for b in branches(file, item)]} for part in parts)
        )


def _has_members(file: str, schema: Any) -> bool:
    return any(part.get("properties") for part in branches(file, schema))


# Values

NAMED: dict[str, tuple[Any, ...]] = {
    "country": ("Canada", "Austria"),
    "country_iso2": ("CA", "AT"),
    "country_code": ("CA", "AT"),
    "geoip_country_iso2": ("CA", "AT"),
    "country_alpha2": ("CA", "AT"),
    "currency_code": ("USD", "EUR", "CHF"),
    "default_currency_code": ("USD", "EUR"),
    "password": ("an0ther-Word",),
    "new_password": ("an0ther-Word",),
    "customer_locale": ("fr-CA", "de"),
    "video_id": ("abcdefghijk",),
    "adjuster": ("percentage", "relative"),
    "visible": ("0", "1"),
    "registration_ip_address": ("198.51.100.7",),
}
"""What is valid for members of some names, whatever their schemas leave open."""


def _fits(schema: dict[str, Any], value: Any) -> bool:
    return value in schema.get("enum", (value,)) and schema.get("type", "string") != "array"


def values(member: Member, text: str) -> Iterator[Any]:
    """Valid values of a member, each another; `text` goes into what may be any text."""
    name = member.place[-1]
    for schema in member.schemas:
        yield from (value for value in NAMED.get(name, ()) if _fits(schema, value))
    for schema in member.schemas:
        yield from _values(schema, name, text)


def _values(schema: dict[str, Any], name: str, text: str) -> Iterator[Any]:
    if "enum" in schema:
        yield from (word for word in schema["enum"] if word not in (None, ""))
        return
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "boolean" in kinds:
        yield from (True, False)
    if "integer" in kinds or "number" in kinds:
        low, high = schema.get("minimum", 0), schema.get("maximum", 1_000_000)
        for number in (3, 7, 2, 1, 12.5 if "number" in kinds else 12, low, high):
            if low <= number <= high:
                yield number
    if "array" in kinds:
        for inner in schema.get("of") or ({"type": "string"},):
            yield from ([value] for value in _values(inner, name, text))
    if "string" in kinds:
        yield from _texts(schema, name, text)
    if "object" in kinds and "properties" not in schema:
        yield {"a": text}


def _texts(schema: dict[str, Any], name: str, text: str) -> Iterator[str]:
    form = schema.get("format", "")
    if form == "date":
        yield from ("2031-05-04", "2032-06-05")
    elif "date" in form or form == "ISO-8601" or re.search(r"(^|_)date(_|$)", name):
        yield from ("2031-05-04T03:02:01+00:00", "Sun, 04 May 2031 03:02:01 +0000")
    elif form == "email" or "email" in name:
        yield f"{text}@example.com"
    elif form in ("uri", "url") or name.endswith("_url") or name == "url":
        yield from (f"https://example.com/{text}.png", f"/{text}/")
    elif "decimal" in form or form in ("float", "double"):
        yield from ("12.5", "3")
    elif form == "ipv4" or name == "ip_address":
        yield "198.51.100.7"
    elif form == "ipv6" or name == "ip_address_v6":
        yield "2001:db8::7"
    elif form == "uuid":
        yield "8a3f1f8e-3d7e-4f6e-9d40-2f6e0f3f2c11"
    else:
        length = schema.get("maxLength")
        yield text[-length:] if length else text
        yield "7"  # numbers that are text


# Comparing


def shown_at(message: Any, place: Place) -> list[Any]:
    """All that a reply shows at a place."""
    if not place:
        return [message]
    step, rest = place[0], place[1:]
    if isinstance(message, list):
        inner = rest if step == ITEM else place
        return [value for item in message for value in shown_at(item, inner)]
    if step == ITEM:  # one where the body has many
        return shown_at(message, rest)
    if isinstance(message, dict) and step in message:
        return shown_at(message[step], rest)
    return []


def same(written: Any, shown: Any) -> bool:
    """Whether what is shown says what was written, in whatever form of the two versions."""
    if isinstance(written, dict):
        return isinstance(shown, dict) and all(same(value, shown.get(name)) for name, value in written.items())
    if isinstance(shown, str) and isinstance(written, list):
        shown = [word.strip() for word in shown.split(",")]
    if isinstance(written, list):
        shown = shown if isinstance(shown, list) else [shown]
        plain = not any(isinstance(value, dict) for value in written)
        found = all(any(same(value, item) for item in shown) for value in written)
        return found and (len(shown) == len(written) if plain else len(shown) >= len(written))
    if isinstance(shown, list | dict):
        return False
    if isinstance(written, bool) or isinstance(shown, bool):
        return _flag(written) == _flag(shown) is not None
    if str(written).strip() == str(shown).strip() or _same_file(str(written), str(shown)):
        return True
    return _number(written) == _number(shown) is not None or _moment(written) == _moment(shown) is not None


def _same_file(written: str, shown: str) -> bool:
    """A file of the store by its address and by its path."""
    return (
        "/files/" in written
        and "/" in shown
        and written.partition("/files/")[2].endswith(shown.partition("/files/")[2] or shown)
    )


def _flag(value: Any) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value).replace(" ", "x"))
    except InvalidOperation:
        return None


def _moment(value: Any) -> int | None:
    try:
        return parse_moment(str(value))
    except ValueError:
        return int(value) if str(value).isdigit() and len(str(value)) > 8 else None
