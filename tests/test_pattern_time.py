"""Every regular expression of the server, on texts made to be slow for it: the time grows with the text, not with its
square. An expression that looks for the end of something from every place where it may begin stalls everybody."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from time import process_time
from typing import Any

import pytest

import bodega

ROOT = Path(bodega.__file__).parent
SCANS = {"search", "sub", "subn", "finditer", "findall", "split"}
METHODS = {*SCANS, "match", "fullmatch"}
INLINE = {f"re.{method}" for method in METHODS}
OWN = {
    "bodega.docs": "pages of our own",
    "bodega.manual": "pages of our own",
    "bodega.kit.compile": "declarations",
    "bodega.kit.compile_table": "declarations",
    "bodega.storage.migrate": "statements of our own",
    "bodega.storage.statement_forms": "statements of our own, in which values are numbered",
    "bodega.storage.postgres.catalogue": "what the database says of its indexes",
    "bodega.storage.postgres.connection": "statements of our own",
    "bodega.storage.postgres.pending": "statements of our own",
    "bodega.storage.postgres.shapes": "statements of our own",
    "bodega.storage.sqlite.connection": "statements of our own",
}
"""Modules whose expressions never see a text from outside, and what they see."""
LENGTHS = (16, 21, 500, 10_000)
ENOUGH = 0.02
"""Seconds of the processor; what is linear takes less than a tenth of it."""


def modules() -> Iterator[str]:
    for found in pkgutil.walk_packages(bodega.__path__, "bodega."):
        if not found.name.endswith("__main__") and not any(
            found.name == own or found.name.startswith(f"{own}.") for own in OWN
        ):
            yield found.name


def patterns_in(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(getattr(value, "__self__", None), re.Pattern):
        yield value.__self__
    elif isinstance(value, dict):
        for one in value.values():
            yield from patterns_in(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from patterns_in(one)


def used(name: str, sources: dict[str, str]) -> set[str]:
    """How expressions of this name are applied, anywhere."""
    return {
        method
        for source in sources.values()
        if name in source
        for method in re.findall(rf"\b{name}(?:\[\w+\])?\.(\w+)", source)
    } & METHODS


def collected() -> list[tuple[str, re.Pattern[Any], set[str]]]:
    """Every expression, where it is written and how it is applied: those that modules keep, and those written where
    they are applied."""
    names = list(modules())
    files = {name: Path(importlib.import_module(name).__file__ or "") for name in names}
    sources = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    found: dict[str, tuple[str, re.Pattern[Any], set[str]]] = {}
    for module in names:
        for name, value in vars(importlib.import_module(module)).items():
            for pattern in patterns_in(value):
                own = {module: sources[module]} if name.startswith("_") else sources
                how = {value.__name__} & METHODS if callable(value) else used(name, own)
                found.setdefault(f"{name}.{pattern.pattern!r}", (module, pattern, how or {"search"}))
        for node in ast.walk(ast.parse(sources[module])):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if ast.unparse(called) in INLINE and isinstance(node.args[0], ast.Constant):
                flags = re.DOTALL if "DOTALL" in ast.unparse(node) else 0
                text, how = node.args[0].value, ast.unparse(called).removeprefix("re.")
                found[f"{text!r} {how}"] = module, re.compile(text, flags), {how}
            for word in node.keywords:
                if word.arg == "pattern" and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str):
                    text = word.value.value
                    found[text] = module, re.compile(text), {"search"}
    return list(found.values())


def _character(items: list[Any]) -> str:
    """A character of a class; where it excludes, one that is not excluded."""
    named = {
        "CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a", "CATEGORY_NOT_SPACE": "a",
        "CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_WORD": "-",
    }  # fmt: skip
    if str(items[0][0]) == "NEGATE":
        text = re.compile("|".join(re.escape(_character([item])) for item in items[1:]))
        return next(one for one in "a1 -<{\"'\n~" if not text.match(one))
    kind, what = items[0]
    if str(kind) == "RANGE":
        return chr(what[0])
    return named.get(str(what), "a") if str(kind) == "CATEGORY" else chr(what)


def examples(parsed: Any, pumps: set[str], least: int) -> str:
    """A text that (about) matches, with so many of what may be absent; `pumps` gets what its parts match, and every
    beginning of it."""
    made = ""
    for kind, what in parsed:
        name = str(kind)
        if name == "LITERAL":
            part = chr(what)
        elif name == "NOT_LITERAL":
            part = "a" if what != ord("a") else "b"
        elif name == "ANY":
            part = "a"
        elif name == "IN":
            part = _character(what)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            part = examples(what[2], pumps, least) * max(least, min(what[0], 40))
        elif name == "SUBPATTERN":
            part = examples(what[3], pumps, least)
        elif name == "ATOMIC_GROUP":
            part = examples(what, pumps, least)
        elif name == "BRANCH":
            parts = [made + examples(one, pumps, least) for one in what[1]]
            pumps.update(parts)
            part = parts[0][len(made) :]
        else:  # places, looks around, and references
            part = ""
        pumps.add(part)
        made += part
        pumps.add(made)
    return made


def attacks(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """What is put before, and over and over."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    pumps: set[str] = set()
    parsed = _parser.parse(text, pattern.flags & ~re.UNICODE)
    for least in (0, 1):
        examples(parsed, pumps, least)
    pumps.discard("")
    for pump in sorted(pumps, key=len)[:40]:
        yield "", pump
    for before in sorted(pumps, key=len, reverse=True)[:5]:
        for pump in sorted({one[-1] for one in pumps} | {" "})[:8]:
            yield before, pump


def seconds(pattern: re.Pattern[Any], how: str, text: Any) -> float:
    began = process_time()  # of the processor, so that a loaded machine changes little
    if how in SCANS:
        for _found in pattern.finditer(text):
            pass
    else:
        getattr(pattern, how)(text)
    return process_time() - began


def slow(pattern: re.Pattern[Any], how: str) -> str | None:
    """The first attack whose time grows with more than the length of the text, if one does."""
    for before, pump in attacks(pattern):
        for length in LENGTHS:
            whole = before + pump * (length // len(pump)) + "\x00"
            text: Any = whole if isinstance(pattern.pattern, str) else whole.encode("latin-1", "replace")
            if all(seconds(pattern, how, text) > ENOUGH for _ in range(3)):
                return f"{before!r} {pump!r} * {length // len(pump)}"
    return None


def _too_long(*_: object) -> None:
    raise TimeoutError("an expression does not come to an end")


def test_the_time_of_every_expression_grows_with_the_text() -> None:
    found = collected()
    assert len(found) > 100
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(120)
    try:
        slow_ones = [
            f"{module}: {pattern.pattern!r} by {how}, on {text}"
            for module, pattern, hows in found
            for how in sorted(hows)
            if (text := slow(pattern, how)) is not None
        ]
    finally:
        signal.alarm(0)
    assert slow_ones == []


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        (r"<[^>]*>", "sub"),
        (r"\{\{(.*?)\}\}", "finditer"),
        (r"<script\b[^>]*>.*?</script\s*>", "findall"),
        (r"(a+)+b", "match"),
        (r"[0-9]+\.?[0-9]*", "fullmatch"),
    ],
)
def test_expressions_that_are_slow_are_found(pattern: str, how: str) -> None:
    assert slow(re.compile(pattern, re.DOTALL), how) is not None
