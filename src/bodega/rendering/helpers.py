"""The helpers that templates of widgets may call beside those of Handlebars itself: pure functions of data.

Each takes its arguments and, in a block, renders one of its branches. What is missing is empty, as in Handlebars.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dotpromptz_handlebars import HelperOptions, SafeString

Helper = Callable[[list[Any], HelperOptions], Any]

LONGEST_TEXT = 100_000
"""Characters that a helper which repeats nothing may return."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "===": lambda left, right: type(left) is type(right) and left == right,
    "!=": lambda left, right: left != right,
    "!==": lambda left, right: type(left) is not type(right) or left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):  # as JavaScript makes texts of them
        return ",".join(map(_text, value))
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _is_set(value: Any) -> bool:
    return bool(value) or isinstance(value, dict)


def _branch(met: bool, options: HelperOptions) -> Any:
    """A block shows one of its branches, a plain call the answer itself."""
    if not options.is_block:
        return met
    return options.fn() if met else options.inverse()


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else None


def _all(values: list[Any], options: HelperOptions) -> Any:
    return _branch(all(map(_is_set, values)), options)


def _any(values: list[Any], options: HelperOptions) -> Any:
    return _branch(any(map(_is_set, values)), options)


def _compare(values: list[Any], options: HelperOptions) -> Any:
    left, right = _at(values, 0), _at(values, 1)
    operator = options.hash.get("operator", "==")
    if operator == "typeof":
        names = {bool: "boolean", str: "string", dict: "object", list: "object"}
        kind = "undefined" if left is None else names.get(type(left), "number")
        return _branch(kind == right, options)
    if operator not in _COMPARE:
        raise ValueError(f"compare has no operator {operator!r}")
    try:
        return _branch(_COMPARE[operator](left, right), options)
    except TypeError:  # a text and a number have no order
        return _branch(False, options)


def _contains(values: list[Any], options: HelperOptions) -> Any:
    inside, sought = _at(values, 0), _at(values, 1)
    if isinstance(inside, str):
        return _branch(_text(sought) in inside, options)
    return _branch(isinstance(inside, list | dict) and sought in inside, options)


def _concat(values: list[Any], _options: HelperOptions) -> str:
    return "".join(map(_text, values))[:LONGEST_TEXT]


def _join(values: list[Any], options: HelperOptions) -> str:
    items, separator = _at(values, 0), _text(_at(values, 1))
    limit = options.hash.get("limit")
    listed = items if isinstance(items, list) else []
    return separator.join(map(_text, listed[:limit] if isinstance(limit, int) else listed))[:LONGEST_TEXT]


def _json(values: list[Any], _options: HelperOptions) -> SafeString:
    text = json.dumps(_at(values, 0), separators=(",", ":"), ensure_ascii=False)
    # As a text inside a script element, where an angle bracket could end it.
    return SafeString(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _limit(values: list[Any], _options: HelperOptions) -> Any:
    items, most = _at(values, 0), _at(values, 1)
    return items[:most] if isinstance(items, list | str) and isinstance(most, int) and most >= 0 else items


def _lower(values: list[Any], _options: HelperOptions) -> str:
    return _text(_at(values, 0)).lower()


def _breaks(values: list[Any], _options: HelperOptions) -> SafeString:
    text = _text(_at(values, 0))
    for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(sign, escaped)
    return SafeString(text.replace("\r\n", "\n").replace("\n", "<br>"))


def _or_default(values: list[Any], options: HelperOptions) -> Any:
    if options.is_block:
        return _any(values, options)
    return next((value for value in values if _is_set(value)), None)


def _truncate(values: list[Any], _options: HelperOptions) -> str:
    text, length = _text(_at(values, 0)), _at(values, 1)
    return text[:length] if isinstance(length, int) and length >= 0 else text


HELPERS: Mapping[str, Helper] = {
    "all": _all,
    "and": _all,
    "any": _any,
    "compare": _compare,
    "concat": _concat,
    "contains": _contains,
    "join": _join,
    "json": _json,
    "JSONstringify": _json,
    "limit": _limit,
    "log": lambda _values, _options: "",
    "nl2br": _breaks,
    "or": _or_default,
    "toLowerCase": _lower,
    "truncate": _truncate,
}
