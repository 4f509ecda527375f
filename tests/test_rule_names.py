"""Every numbered rule of the contract is named by the test that holds it, in the docstring of its function."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bodega.coverage import read_operations
from bodega.http.documented import is_served
from bodega.http.router import by_version
from bodega.resources import ROUTES
from published import SHARED, needs_shared

TESTS = Path(__file__).parent
NAMED = re.compile(r"\b[Rr]ules?\s+(\d+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+to\s+)\d+)*)")
RULE = re.compile(r"^(\d+)\. ", re.MULTILINE)

WAITING: dict[int, tuple[str, ...]] = {}
"""Rules of what is not served, with the groups of operations (docs/coverage.md) that they wait for."""


def numbers(text: str) -> set[int]:
    """The rules that a text names: `Rule 7`, `rules 1 to 4, 7 and 18`."""
    found: set[int] = set()
    for named in NAMED.findall(text):
        for first, last in re.findall(r"(\d+)(?:\s+to\s+(\d+))?", named):
            found |= set(range(int(first), int(last or first) + 1))
    return found


def named_by_tests() -> set[int]:
    """The rules that the docstring of a test function names."""
    found: set[int] = set()
    for file in sorted(TESTS.glob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found |= numbers(ast.get_docstring(node) or "")
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rule 7.", {7}),
        ("As rules 1 to 3, 7, and 9 say", {1, 2, 3, 7, 9}),
        ("rules 5 and 6; rule 8", {5, 6, 8}),
        ("the rule of 3 items, 4 rules", set()),
    ],
)
def test_a_rule_is_named_by_its_number(text: str, found: set[int]) -> None:
    """In a sentence, alone or with others."""
    assert numbers(text) == found


@pytest.mark.shared
@needs_shared[1]
def test_every_rule_of_something_served_is_named_by_a_test() -> None:
    """No rule is only written down; what waits is not named before it is served."""
    rules = set(map(int, RULE.findall((SHARED / "contract" / "rules.md").read_text("utf-8"))))
    assert len(rules) > 130
    named = named_by_tests()
    assert rules - named - WAITING.keys() == set(), "no test names these"
    assert named & WAITING.keys() == set(), "a test names these: they wait no longer"
    assert named - rules == set(), "there are no such rules"


@pytest.mark.shared
@needs_shared[1]
def test_what_a_rule_waits_for_is_not_served() -> None:
    """When a group's operations are served, the rules that waited for it need a test."""
    tries = by_version(ROUTES)
    operations = read_operations(SHARED / "contract" / "operations.tsv")
    for rule, groups in WAITING.items():
        for group in groups:
            those = [operation for operation in operations if operation.group == group]
            assert those, f"rule {rule} waits for {group}, which is no group"
            served = [operation for operation in those if is_served(operation, tries)]
            assert not served, f"rule {rule} waits for {group}, of which this is served: {served[0]}"
