"""Ids that differ between two stores: learned from pairs of replies, and put into the requests that follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

_PLURALS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("s", ""))
_VERSION = re.compile(r"v[0-9]+")


def singular(word: str) -> str:
    """The word for one of them: `categories` is of a `category`, `order_products` of an `order_product`."""
    word = word.lower().replace("-", "_")
    for ending, one in _PLURALS:
        if word.endswith(ending) and not word.endswith(("ss", "us")):
            return word[: -len(ending)] + one
    return word


class Ids:
    """The ids of one store by those of another, for each kind of thing, as `product`."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Any], Any] = {}
        self._store = ("", "")

    def stands_for(self, store: str, other: str) -> None:
        """Notes the hash of the store, and of the other: texts may name it."""
        self._store = (store, other)

    def text(self, text: str) -> str:
        """A text with the other store's hash."""
        store, other = self._store
        return text.replace(store, other) if store else text

    def learn(self, path: str, recorded: Any, replayed: Any) -> None:
        """Notes which ids stand for which in two replies to requests of this path."""
        for kind, one, other in _paired(kind_of(path), recorded, replayed):
            if one != other:
                self._known[kind, one] = other

    def of(self, kind: str, value: Any) -> Any:
        """The id in the other store; the same where nothing else is known."""
        return self._known.get((kind, value), value) if isinstance(value, int | str) else value

    def path(self, path: str) -> str:
        """A path with the other store's ids."""
        parts = path.split("/")
        for place in range(1, len(parts)):
            if parts[place].isascii() and parts[place].isdigit():
                parts[place] = str(self.of(singular(parts[place - 1]), int(parts[place])))
        return "/".join(parts)

    def query(self, path: str, query: str) -> str:
        """A query with the other store's ids; what stays the same is spelled as it was."""
        kind = kind_of(path)
        return "&".join(self._parameter(kind, pair) for pair in query.split("&"))

    def _parameter(self, kind: str, pair: str) -> str:
        name, equals, value = pair.partition("=")
        member = unquote_plus(name).partition(":")[0]
        of_kind = kind if member in ("id", "ids") else member.removesuffix("_id") if member.endswith("_id") else ""
        if not of_kind or not equals:
            return pair
        numbers = re.sub("%2[cC]", ",", value).split(",")
        changed = [str(self.of(of_kind, int(one))) if one.isascii() and one.isdigit() else one for one in numbers]
        return pair if changed == numbers else f"{name}={','.join(changed)}"

    def body(self, path: str, content: Any) -> Any:
        """What is sent in a body, with the other store's ids."""
        return self._value(kind_of(path), content)

    def _value(self, kind: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._member(kind, name, each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(kind, each) for each in value]
        return value

    def _member(self, kind: str, name: str, value: Any) -> Any:
        if name == "id":
            return self.of(kind, value)
        if name.endswith("_id"):
            return self.of(name.removesuffix("_id"), value)
        if isinstance(value, list) and value and all(isinstance(each, int) for each in value):
            of_kind = singular(name.removesuffix("_ids") + "s" if name.endswith("_ids") else name)
            return [self.of(of_kind, each) for each in value]
        return self._value(singular(name) if isinstance(value, list) else name, value)


def kind_of(path: str) -> str:
    """What a path is about: the last of its words."""
    words = [word for word in path.partition("?")[0].split("/") if word and not word.isdigit()]
    return singular(words[-1].partition(".")[0]) if words else ""


def shape_of_path(path: str) -> str:
    """A path below the version, with `{id}` for each number."""
    parts = [word for word in path.partition("?")[0].split("/") if word]
    start = next((place for place, word in enumerate(parts) if _VERSION.fullmatch(word)), 0)
    return "/" + "/".join("{id}" if word.isascii() and word.isdigit() else word for word in parts[start:])


def _paired(kind: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """The ids at the same places of two bodies."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() & other.keys():
            if name == "id":
                yield kind, one[name], other[name]
            elif name.endswith("_id"):
                yield name.removesuffix("_id"), one[name], other[name]
            else:
                inner = kind if name == "data" else singular(name) if isinstance(one[name], list) else name
                yield from _paired(inner, one[name], other[name])
    elif isinstance(one, list) and isinstance(other, list):
        for left, right in zip(one, other, strict=False):
            yield from _paired(kind, left, right)
