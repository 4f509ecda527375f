"""The schema of a widget template: what a merchant can set, and which values a widget's configuration can hold.

A schema is a list of tabs (settings in sections), arrays (each item of which has a schema) and hidden settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from bodega.kit.bounds import AtMost
from bodega.kit.fields import FieldType, as_is, clean_object
from bodega.law.refusal import Fault, invalid

SETTINGS = (
    "alignment", "boolean", "boxModel", "code", "color", "imageManager", "input", "number", "productId", "productImage",
    "range", "regexInput", "select", "text", "toggle",
)  # fmt: skip
"""The types of settings."""

MAX_ITEMS = 200
DEEPEST = 3
"""How deeply arrays may lie in one another."""

MOST_DEFAULT_ITEMS = 50

_OBJECTS = frozenset({"alignment", "boxModel", "productImage"})
_NUMBERS = frozenset({"number", "range"})
_TEXTS = frozenset({"code", "color", "regexInput", "text", "input"})
_CHOICES = frozenset({"select", "toggle"})


def clean_schema(value: Any) -> Any:
    """A schema, whole. Raises ValueError with the end of a sentence about it."""
    clean_object(value)
    ids: set[str] = set()
    _judge(value, "", ids, 0)
    return value


def _judge(items: Any, where: str, ids: set[str], depth: int) -> None:
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise ValueError(f"must have{where or ' at its top'} a list of at most {MAX_ITEMS} items")
    for place, item in enumerate(items):
        here = f"{where} {place}"
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "tab":
            for section in _objects(item, "sections", here):
                _judge_settings(section, here, ids)
        elif kind == "hidden":
            _judge_settings(item, here, ids)
        elif kind == "array":
            if depth >= DEEPEST:
                raise ValueError(f"must have arrays at most {DEEPEST} deep")
            _name(item, here, ids)
            count = item.get("defaultCount", 0)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ValueError(f"must have a whole number of 0 or more as the defaultCount of item{here}")
            _judge(item.get("schema", []), f"{here} schema", set(), depth + 1)
        else:
            raise ValueError(f"must have tab, array or hidden as the type of item{here}")


def _objects(item: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    listed = item.get(name, [])
    if not isinstance(listed, list) or len(listed) > MAX_ITEMS or not all(isinstance(one, dict) for one in listed):
        raise ValueError(f"must have a list of at most {MAX_ITEMS} objects as the {name} of item{where}")
    return listed


def _judge_settings(owner: Mapping[str, Any], where: str, ids: set[str]) -> None:
    for setting in _objects(owner, "settings", where):
        if setting.get("type") not in SETTINGS:
            raise ValueError(f"must have settings in item{where} of one of the types " + ", ".join(SETTINGS))
        _name(setting, where, ids)
        meta = setting.get("typeMeta", {})
        options = meta.get("selectOptions", []) if isinstance(meta, dict) else None
        if not isinstance(options, list) or not all(isinstance(one, dict) for one in options):
            raise ValueError(f"must have a list of objects as the selectOptions of settings in item{where}")


def _name(item: Mapping[str, Any], where: str, ids: set[str]) -> None:
    key = item.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= 255:
        raise ValueError(f"must have a text of 1 to 255 characters as the id of what item{where} sets")
    if key in ids:
        raise ValueError(f"must not have the id {key} twice")
    ids.add(key)


SCHEMA = FieldType("array", as_is, clean_schema, clean_schema, holds=list[Any])
Schema = Annotated[list[Any], AtMost(MAX_ITEMS), SCHEMA]


def _settings_of(schema: list[Any]) -> Iterator[dict[str, Any]]:
    for item in schema:
        owners = item.get("sections", []) if item["type"] == "tab" else [item] if item["type"] == "hidden" else []
        for owner in owners:
            yield from owner.get("settings", [])


def _arrays_of(schema: list[Any]) -> list[dict[str, Any]]:
    return [item for item in schema if item["type"] == "array"]


def faults_of(configuration: Mapping[str, Any], schema: list[Any], field: str = "widget_configuration") -> list[Fault]:
    """What is wrong with a configuration: a value of another type than its setting, or that is not offered. Members
    that the schema does not have are the template's own business."""
    faults = []
    for setting in _settings_of(schema):
        why = _wrong_value(setting, configuration.get(setting["id"]))
        if why:
            faults.append(invalid(f"{field}.{setting['id']}", why))
    for array in _arrays_of(schema):
        items, place = configuration.get(array["id"]), f"{field}.{array['id']}"
        if items is None:
            continue
        if not isinstance(items, list):
            faults.append(invalid(place, "must be a list"))
            continue
        for at, item in enumerate(items):
            if isinstance(item, dict):
                faults += faults_of(item, array.get("schema", []), f"{place}.{at}")
            else:
                faults.append(invalid(f"{place}.{at}", "must be an object"))
    return faults


def _wrong_value(setting: Mapping[str, Any], value: Any) -> str:
    kind = setting["type"]
    if value is None:
        return ""
    if kind == "boolean" and not isinstance(value, bool):
        return "must be true or false"
    if kind in _OBJECTS and not isinstance(value, dict):
        return "must be an object"
    if kind == "imageManager" and not isinstance(value, dict | str):
        return "must be an object or an address"
    if kind in _NUMBERS and not _is_number(value.get("value") if isinstance(value, dict) else value):
        return "must be a number"
    if kind == "productId" and (isinstance(value, bool) or not isinstance(value, str | int)):
        return "must be the id of a product"
    if kind in _TEXTS and not (isinstance(value, str) or (kind == "input" and _is_number(value))):
        return "must be a text"
    if kind in _CHOICES:
        options = [one.get("value") for one in setting.get("typeMeta", {}).get("selectOptions", [])]
        if options and value not in options:
            return "must be one of " + ", ".join(map(str, options[:50]))
    if kind in _NUMBERS:
        return _out_of_bounds(setting, value.get("value") if isinstance(value, dict) else value)
    return ""


def _out_of_bounds(setting: Mapping[str, Any], value: Any) -> str:
    """What is wrong with a number by the `rangeValues` of its setting."""
    bounds = setting.get("typeMeta", {}).get("rangeValues", {})
    least: Any
    most: Any
    least, most = (bounds.get(word) if isinstance(bounds, dict) else None for word in ("min", "max"))
    try:
        if _is_number(least) and float(value) < float(least):
            return f"must be at least {least}"
        if _is_number(most) and float(value) > float(most):
            return f"must be at most {most}"
    except (ValueError, OverflowError):
        return "must be a number"
    return ""


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("-").replace(".", "", 1).isdecimal()
    return not isinstance(value, bool | dict | list | None)


def with_defaults(configuration: Mapping[str, Any], schema: list[Any]) -> dict[str, Any]:
    """A configuration, with the defaults of what it does not say."""
    whole = {setting["id"]: setting["default"] for setting in _settings_of(schema) if "default" in setting}
    whole |= {key: value for key, value in configuration.items() if value is not None}
    for array in _arrays_of(schema):
        inside, count = array.get("schema", []), array.get("defaultCount", 0)
        items = whole.get(array["id"])
        if items is None:
            items = [{}] * (min(count, MOST_DEFAULT_ITEMS) if isinstance(count, int) else 0)
        if isinstance(items, list):
            items = [with_defaults(item, inside) if isinstance(item, dict) else item for item in items]
        whole[array["id"]] = items
    return whole
