"""One operation of the lab: a row of a table. Its request, its answer and its words follow from its function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, get_origin, get_type_hints

import msgspec

Work = Callable[..., Awaitable[Any]]


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a body or a query of the lab is made of: every member that it does not have is refused."""


class Operation(NamedTuple):
    """`path` is below `/_bodega/lab`, with names in braces. `run` takes the `Lab`, one argument of type `str` or `int`
    for each name of the path, and, if it has them, `body` and `query`, which are `Asked`. What it returns is a Struct,
    a list of Structs, `Streamed`, or None, which is answered with 204. Its docstring is the summary and the
    description. `refuses` are the statuses of its refusals besides those that every operation has."""

    method: str
    path: str
    run: Work
    status: int = 200
    refuses: Sequence[int] = ()


class Streamed(NamedTuple):
    """An answer in parts, as JSON lines: `lines` are encoded one by one; bytes are sent as they are."""

    lines: Any
    media_type: bytes = b"application/x-ndjson"


class Mistake(Exception):
    """An operation is declared wrongly; the message has a line for each."""


class Bound:
    """An operation, read once: what its function takes and returns."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.method = operation.method
        self.path = operation.path
        self.run = operation.run
        self.name = operation.run.__name__.rstrip("_")
        hints = get_type_hints(operation.run)
        self.answer: Any = hints.pop("return", type(None))
        self.body: Any = hints.pop("body", None)
        self.query: Any = hints.pop("query", None)
        first, *names = [name for name in inspect.signature(operation.run).parameters if name not in ("body", "query")]
        self.places: dict[str, Any] = {name: hints[name] for name in names}
        del first
        self.status = 204 if self.answer is type(None) else operation.status
        words = inspect.getdoc(operation.run) or ""
        self.summary, _, rest = " ".join(words.split()).partition(". ")
        self.summary = self.summary.rstrip(".") + "."
        self.description = rest
        segments = [re.escape(part) if part[:1] != "{" else f"(?P<{part[1:-1]}>[^/]+)" for part in self.segments]
        self._matches = re.compile("/".join(segments)).fullmatch

    @property
    def segments(self) -> list[str]:
        """The parts of the path."""
        return self.path.strip("/").split("/")

    def match(self, path: str) -> dict[str, str] | None:
        """The named parts of a path, if it is this operation's."""
        found = self._matches(path)
        return None if found is None else found.groupdict()

    def mistakes(self) -> list[str]:
        """What is wrong with the declaration."""
        told = []
        named = re.findall(r"{(\w+)}", self.path)
        if sorted(named) != sorted(self.places):
            told.append(f"the path names {named}, the function takes {list(self.places)}")
        for what in (self.body, self.query):
            if what is not None and not (inspect.isclass(what) and issubclass(what, Asked)):
                told.append(f"{what} is not Asked")
        if self.method in ("GET", "HEAD") and self.body is not None:
            told.append(f"a {self.method} has no body")
        shown = self.answer.__args__[0] if get_origin(self.answer) is list else self.answer
        if not inspect.isclass(shown) or not issubclass(shown, (msgspec.Struct, Streamed, type(None))):
            told.append(f"it returns {self.answer}, which is not a Struct")
        if not self.summary.strip("."):
            told.append("its function has no docstring")
        return [f"{self.method} {self.path}: {text}" for text in told]


def bind(operations: Sequence[Operation]) -> list[Bound]:
    """The operations of a table, checked. Raises Mistake."""
    bound = [Bound(operation) for operation in operations]
    told = [text for each in bound for text in each.mistakes()]
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    for each in bound:
        place = (each.method, re.sub(r"{\w+}", "{}", each.path))
        if place in seen:
            told.append(f"{each.method} {each.path}: there are two")
        if each.name in names:
            told.append(f"{each.method} {each.path}: another one has the name {each.name}")
        seen.add(place)
        names.add(each.name)
    if told:
        raise Mistake("\n".join(told))
    return bound
