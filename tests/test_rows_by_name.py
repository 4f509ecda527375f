"""Rows of the database are read by name (docs/decisions/0026): what keeps `found[2]` out of the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

import bodega
from bodega.storage.tx import Record, Tx

HOUSE = Path(bodega.__file__).parent
BY_HAND = ("storage/query.py", "storage/sqlite/", "storage/postgres/")
"""Where rows are taken apart: the helper, and what speaks to the databases themselves."""

SELECT = re.compile(r"\bSELECT\b.*\bdoc\s*,\s*(?:\w+\.)?rest\b", re.IGNORECASE | re.DOTALL)

RECORD, RECORDS = "record", "records"


class Reads(ast.NodeVisitor):
    """The lines of a source on which a record is subscripted by a number, whatever the names in between.

    A record is what an awaited `.row(...)` gives, an element of an awaited `.rows(...)` or `rows.page(...)`, and what
    is declared to be one. Names are followed through assignments, loops and comprehensions, within a function and the
    functions inside it.
    """

    def __init__(self) -> None:
        self.lines: list[int] = []
        self._names: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> None:
        self._scope(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._scope(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._scope(node)

    def _scope(self, node: ast.AST) -> None:
        outside, self._names = self._names, dict(self._names)
        known = -1
        while known != len(self._names):  # a name may be bound below the place where another is bound to it
            known = len(self._names)
            for inside in _own(node):
                self._bind(inside)
        self.generic_visit(node)
        self._names = outside

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._call(target, self._is(node.value))
        elif isinstance(node, ast.NamedExpr):
            self._call(node.target, self._is(node.value))
        elif isinstance(node, ast.AnnAssign | ast.arg):
            declared = ast.unparse(node.annotation) if node.annotation is not None else ""
            name = node.target if isinstance(node, ast.AnnAssign) else ast.Name(node.arg)
            if re.search(r"\[Record\b", declared):
                self._call(name, RECORDS)
            elif re.match(r"Record\b", declared):
                self._call(name, RECORD)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._call(name, self._is(node.value))
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and self._is(node.iter) == RECORDS:
            self._call(node.target, RECORD)

    def _call(self, target: ast.AST, kind: str | None) -> None:
        if isinstance(target, ast.Name) and kind is not None:
            self._names[target.id] = kind

    def _is(self, node: ast.AST) -> str | None:
        """RECORD, RECORDS, or None for anything else."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
            asked = ast.unparse(node.value.func)
            if asked.endswith(".row"):
                return RECORD
            return RECORDS if asked.endswith(".rows") or asked == "rows.page" else None
        if isinstance(node, ast.Subscript) and self._is(node.value) == RECORDS:
            return RECORDS if isinstance(node.slice, ast.Slice) else RECORD
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("list", "tuple", "reversed", "sorted", "iter"):
            return self._is(node.args[0]) if node.args else None
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "next":
            return RECORD if self._is(node.args[0]) == RECORDS else None
        parts: list[ast.expr] = []
        if isinstance(node, ast.NamedExpr):
            parts = [node.value]
        elif isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.BoolOp):
            parts = node.values
        elif isinstance(node, ast.List | ast.Tuple):
            parts = [item.value for item in node.elts if isinstance(item, ast.Starred)]
        elif isinstance(node, ast.ListComp | ast.GeneratorExp) and self._is(node.elt) == RECORD:
            return RECORDS
        return next((kind for kind in map(self._is, parts) if kind is not None), None)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        at = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
        by_number = isinstance(at, ast.Slice) or (isinstance(at, ast.Constant) and isinstance(at.value, int))
        if by_number and self._is(node.value) == RECORD:
            self.lines.append(node.lineno)
        self.generic_visit(node)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What lies in a function, but not in the functions inside it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _own(child)


def by_number(source: str) -> list[int]:
    """The lines on which a record is read by number."""
    reads = Reads()
    reads.visit(ast.parse(source))
    return sorted(set(reads.lines))


def by_hand(source: str) -> list[int]:
    """The lines of statements that spell the columns of an entity's row."""
    inside: set[ast.AST] = set()
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inside.update(node.values)
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            text = node.value
        else:
            continue
        if SELECT.search(text):
            found.append(node.lineno)
    return found


def sources(*without: str) -> Iterator[tuple[str, str]]:
    """The files of the house with their text, except those whose path begins with one of these."""
    for path in sorted(HOUSE.rglob("*.py")):
        name = path.relative_to(HOUSE).as_posix()
        if not name.startswith(without):
            yield name, path.read_text()


def test_no_record_is_read_by_number() -> None:
    """Issue 10, 2: of `found[2]` nobody sees what it is, and a column that is put in between moves it."""
    assert [(name, line) for name, text in sources(*BY_HAND) for line in by_number(text)] == []


def test_only_the_storage_spells_the_columns_of_an_entity() -> None:
    """Issue 10, 2: rows of entities are read by `storage/query.py`."""
    assert [(name, line) for name, text in sources("storage/") for line in by_hand(text)] == []


NUMBERED = (
    "async def f(tx):\n    found = await tx.row('')\n    return found[0]",
    "async def f(tx):\n    return (await tx.row(''))[0]",
    "async def f(unit):\n    return [one[0] for one in await unit.tx.rows('')]",
    "async def f(unit):\n    return {r[1]: r for r in await unit.tx.rows('') if r}",
    "async def f(tx):\n    for anything in await tx.rows(''):\n        print(anything[-1])",
    "async def f(tx):\n    some = await tx.rows('')\n    return some[0][1]",
    "async def f(tx):\n    some = await tx.rows('')\n    first = some[0] if some else None\n    return first[1]",
    "async def f(tx):\n    a = await tx.rows('')\n    b = await tx.rows('')\n    return [x[0] for x in (*a, *b)]",
    "async def f(tx):\n    if (found := await tx.row('')) and found[1]:\n        return 1",
    "async def f(tx):\n    x = await tx.row('')\n    y = x\n    z = y\n    return z[1:3]",
    "async def f(tx):\n    found = await tx.row('')\n    def inside():\n        return found[0]\n    return inside",
    "def f(row: Record):\n    return row[3]",
    "def f(found: Sequence[Record]):\n    return [it[0] for it in found]",
    "async def f(tx, plan):\n    return [it[0] for it in await rows.page(tx, plan)]",
)
NAMED = (
    "async def f(tx):\n    found = await tx.rows('')\n    return found[0], found[:2]",
    "async def f(tx):\n    kind, owner = await tx.row('')\n    return kind[0]",
    "async def f(tx):\n    for text, number in await tx.rows(''):\n        print(text[0])",
    "async def f(tx):\n    found = Told(*await tx.row(''))\n    return found.kind, found[0]",
    "def f(rows):\n    return [row[0] for row in rows]",
    "async def f(tx, at):\n    found = await tx.row('')\n    return at[0]",
    "async def f(tx):\n    found = await tx.row('')\n    return 0\ndef g(found):\n    return found[0]",
    "async def f(tx):\n    return (await query.values(tx, ''))[0]",
)


@pytest.mark.parametrize("source", NUMBERED)
def test_it_is_noticed_whatever_the_names(source: str) -> None:
    assert len(by_number(source)) == 1


@pytest.mark.parametrize("source", NAMED)
def test_what_is_no_record_gives_no_alarm(source: str) -> None:
    assert by_number(source) == []


def test_columns_are_noticed_in_every_spelling() -> None:
    spelled = (
        "'SELECT doc, rest FROM hooks'", "f'SELECT doc, rest, version FROM {table} WHERE {test}'",
        "('SELECT id, doc,'\n ' rest FROM hooks')", "f'select t.doc, t.rest FROM {table} t'",
    )  # fmt: skip
    assert [len(by_hand(text)) for text in spelled] == [1, 1, 1, 1]
    assert [by_hand(text) for text in ("'t.doc, t.rest'", "'SELECT id, doc FROM a'", "'the doc, rest assured'")] == [
        [], [], []
    ]  # fmt: skip


def test_a_database_hands_out_records() -> None:
    """What `mypy` goes by, in all the places that no reading of the sources can follow."""
    assert get_type_hints(Tx.row)["return"] == Record | None
    assert get_type_hints(Tx.rows)["return"] == list[Record]


def test_mypy_refuses_a_number() -> None:
    program = (
        "from bodega.storage.tx import Record, Tx\n"
        "async def read(tx: Tx) -> object:\n"
        "    def third(row: Record) -> object:\n"
        "        return row[2]\n"
        "    (one,), *_ = await tx.rows('SELECT id FROM hooks')\n"
        "    return [third(row) for row in await tx.rows('SELECT 1, 2, 3')], one\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, cwd=HOUSE.parent.parent, check=False)
    assert [line for line in told.stdout.splitlines() if "<string>" in line] == [
        '<string>:4: error: Value of type "Iterable[Any]" is not indexable  [index]'
    ], told.stdout + told.stderr
