"""A resource is declared once: its rules stand in one list, have the right signatures, and are not changed later."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bodega
from bodega.kit.entity import Entity, addresses_in, stored
from bodega.kit.sealed import Sealed
from bodega.resources import MODEL, RESOURCES, ROUTES, TABLES
from bodega.storage.aggregate import Aggregate
from bodega.storage.model import link
from bodega.storage.rules import Rules
from bodega.storage.table import Reference, Table

HOUSE = Path(bodega.__file__).parent
ROOT = Path(__file__).parent.parent

# Signatures.

RIGHT = """
from collections.abc import Iterable, Sequence
from typing import Any

from bodega.kit.events import fires
from bodega.law.refusal import Fault
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Table
from bodega.storage.tx import Statement, Tx
from bodega.storage.unit import Unit


async def before_validate(unit: Unit, changes: dict[str, Any], old: Any, _notes: list[Fault]) -> None: ...
async def before_write(unit: Unit, _old: int | None, new: int) -> None: ...
def extra_statements(_unit: Unit, old: int | None, new: int) -> list[Statement]: return []
async def conflicts(tx: Tx, new: int) -> list[Fault]: return []
async def after_write(unit: Unit, old: int | None, new: int) -> None: ...
async def cascade(unit: Unit, ids: Sequence[int]) -> list[int]: return []
async def before_delete(unit: Unit, doomed: Sequence[int]) -> None: ...
async def after_delete(unit: Unit, gone: Sequence[int]) -> None: ...
def say(old: int, new: int) -> dict[str, Any] | None: return None
async def channels(tx: Tx, old: int, new: int) -> list[int]: return []


def declare(table: Table) -> Aggregate:
    return Aggregate(
        table,
        before_validate=(before_validate,),
        before_write=(before_write,),
        extra_statements=(extra_statements,),
        conflicts=(conflicts,),
        after_write=(after_write,),
        cascade=(cascade,),
        before_delete=(before_delete,),
        after_delete=(after_delete,),
        signals=(fires("store/thing/updated", say, channels=channels),),
    )
"""

WRONG = {
    "before_validate": "async def before_validate(unit: Unit, changes: dict[str, Any], old: Any) -> None: ...",
    "before_write": "async def before_write(unit: Unit, new: int) -> None: ...",
    "extra_statements": "async def extra_statements(unit: Unit, old: int, new: int) -> list[Statement]: return []",
    "conflicts": "async def conflicts(unit: Unit, new: int) -> list[Fault]: return []",
    "after_write": "def after_write(unit: Unit, old: int | None, new: int) -> None: ...",
    "cascade": "async def cascade(unit: Unit, ids: Sequence[int]) -> None: ...",
    "before_delete": "async def before_delete(unit: Unit, doomed: int) -> None: ...",
    "after_delete": "async def after_delete(unit: Unit) -> None: ...",
    "say": "def say(new: int) -> dict[str, Any] | None: return None",
    "channels": "def channels(tx: Tx, old: int, new: int) -> list[int]: return []",
}
"""Each rule of RIGHT with one thing wrong: too few arguments, an argument of another kind, async or not, no result."""


@pytest.fixture(scope="session")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says of a file with the right rules, and of one for each wrong rule."""
    folder = tmp_path_factory.mktemp("signatures")
    (folder / "right.py").write_text(RIGHT)
    for name, code in WRONG.items():
        made, count = re.subn(rf"^(async )?def {name}\(.*$", code, RIGHT, flags=re.MULTILINE)
        assert count == 1
        (folder / f"wrong_{name}.py").write_text(made)
    files = [str(path) for path in sorted(folder.glob("*.py"))]
    options = ["--strict", "--no-error-summary", "--hide-error-context", "--config-file", str(ROOT / "pyproject.toml")]
    command = [sys.executable, "-m", "mypy", *options, *files]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr
    found: dict[str, list[str]] = {Path(file).stem: [] for file in files}
    for line in ran.stdout.splitlines():
        if ": error: " in line:
            found[Path(line.partition(":")[0]).stem].append(line.partition(": error: ")[2])
    return found


def test_a_rule_of_the_right_signature_passes_the_type_checker(complaints: dict[str, list[str]]) -> None:
    assert complaints["right"] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_of_a_wrong_signature_fails_the_type_checker(name: str, complaints: dict[str, list[str]]) -> None:
    (said,) = complaints[f"wrong_{name}"]
    assert f'"{name}"' in said or name == "say"
    assert "incompatible type" in said


# Nothing is changed from outside.

CHANGING = {"append", "insert", "extend", "update", "setdefault", "add", "remove", "pop", "clear", "sort", "reverse"}


def root_of(node: ast.expr) -> str:
    """The name that an expression as `a.b["c"].d` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Everything that runs when a module is imported, decorators with it; bodies of functions do not."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in statement.decorator_list:
                yield ast.Call(decorator, [], [], lineno=decorator.lineno)
        else:
            yield from ast.walk(statement)


def changes_in(source: str) -> list[int]:
    """The lines at which importing a module changes what was made before: by an item, an attribute or a method."""
    found = []
    for node in at_import(ast.parse(source).body):
        targets: list[Any] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = node.targets
        if any(isinstance(target, ast.Attribute | ast.Subscript) and root_of(target) for target in targets):
            found.append(node.lineno)  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            called = node.func if isinstance(node.func, ast.Attribute) else None
            if called is not None and called.attr in CHANGING and root_of(called):
                found.append(node.lineno)
    return found


MODULES = sorted(
    path for folder in ("resources", "domain", "events", "tasks") for path in (HOUSE / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_importing_a_module_changes_no_other(path: Path) -> None:
    source = path.read_text()
    assert changes_in(source) == []
    assert "noqa: F401" not in source, "what is imported is used: nothing is wired by the side effect of an import"


MISTAKES = [
    "TABLE.before_write.append(check)",
    "@product.TABLE.before_write.append\nasync def check(): ...",
    "product.INCLUDES['reviews'] = 1",
    "product.INCLUDES.update(reviews=1)",
    "TABLE.at_once = True",
    "product.TABLE.cap += 1",
    "for table in TABLES:\n    table.after_write.append(follow)",
    "del product.INCLUDES['reviews']",
]


@pytest.mark.parametrize("source", MISTAKES)
def test_the_test_above_sees_each_way_of_changing_another_module(source: str) -> None:
    assert changes_in(source)


def declarations() -> Iterator[tuple[str, Any, str]]:
    """Everything that resources declare, each with a member that it has."""
    for resource in RESOURCES:
        yield "Resource", resource, "routes"
    for table in TABLES:
        yield f"Table {table.name}", table, "cap"
        yield f"Rules {table.name}", MODEL.rules_of(table), "before_write"
    for route in ROUTES:
        for action in route.actions.values():
            endpoint = getattr(action, "endpoint", None)
            if dataclasses.is_dataclass(endpoint):
                yield f"Endpoint {route.template}", endpoint, "scope"
            for part in ("listing", "v2", "v3"):
                made = getattr(endpoint, part, None)
                if made is not None:
                    yield (
                        f"{part} {route.template}",
                        made,
                        "shown" if part == "v3" else "version" if part == "listing" else "root",
                    )


def test_what_is_declared_cannot_be_changed() -> None:
    found = list(declarations())
    assert len(found) > 500
    open_ones = []
    for name, made, member in found:
        try:
            setattr(made, member, getattr(made, member))
        except (AttributeError, TypeError):
            continue
        open_ones.append(name)
    assert open_ones == []


def test_lists_of_rules_and_mappings_of_children_are_immutable() -> None:
    for table in TABLES:
        rules = MODEL.rules_of(table)
        lists = [
            getattr(rules, field.name)
            for field in dataclasses.fields(Rules)
            if field.init and field.name not in ("table", "upkeep")
        ]
        assert {type(each) for each in lists} == {tuple}
    mappings: list[Any] = [MODEL.rules, MODEL.children, TABLES[0].types]
    for route in ROUTES:
        for action in route.actions.values():
            endpoint = getattr(action, "endpoint", None)
            mappings += [getattr(getattr(endpoint, "v3", None), "nested", {}.items())]
            mappings += [getattr(getattr(endpoint, "v2", None), "batch_loaded", {}.items())]
            mappings += [getattr(getattr(endpoint, "listing", None), "includes", {}.items())]
    assert [each for each in mappings if hasattr(each, "__setitem__")] == []


def test_a_sealed_declaration_is_open_only_to_its_constructors() -> None:
    class Wide(Sealed):
        def __init__(self) -> None:
            self.width = 1
            self.width += 1

    class Wider(Wide):
        def __init__(self) -> None:
            super().__init__()
            self.width += 1

    made = Wider()
    assert made.width == 3
    with pytest.raises(AttributeError, match=r"Wider\.width is declared"):
        made.width = 4
    with pytest.raises(AttributeError):
        del made.width


# Linking.


class Thing(Entity, kw_only=True):
    parent: int = 0


def table(name: str, *parents: str) -> Table:
    references = [Reference("parent", parent, "parent", "It does not exist.", "CASCADE") for parent in parents]
    return stored(name, Thing, noun="thing", columns="parent", references=references)


def test_tables_come_after_those_they_refer_to_and_otherwise_as_declared() -> None:
    declared = [table("leaves", "twigs"), table("roots"), table("twigs", "roots"), table("stones")]
    model = link(map(Aggregate, declared))
    assert [each.name for each in model.tables] == ["roots", "twigs", "leaves", "stones"]
    assert [(child.name, column) for child, column in model.children["roots"]] == [("twigs", "parent")]
    assert model.children["stones"] == ()


UNLINKABLE = [
    ([table("things"), table("things")], "the table things is declared twice"),
    ([table("things", "stuff")], "the table things refers to stuff, which no resource declares"),
    (
        [table("a", "b"), table("b", "c"), table("c", "a")],
        "the tables a -> b -> c -> a refer to each other in a circle",
    ),
]


@pytest.mark.parametrize(("declared", "why"), UNLINKABLE, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_linked_is_told(declared: list[Table], why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        link(map(Aggregate, declared))


def test_a_table_that_nobody_declared_has_no_rules_and_so_is_not_written() -> None:
    with pytest.raises(LookupError, match="no resource declares the table stray"):
        MODEL.rules_of(table("stray"))


def test_other_rules_for_one_table_leave_the_model_as_it_was() -> None:
    brands = next(each for each in TABLES if each.name == "brands")
    bare = MODEL.with_rules(Aggregate(brands))
    assert bare.rules_of(brands).before_write == ()
    assert MODEL.rules_of(brands).before_write != ()


@pytest.mark.parametrize("each", TABLES, ids=lambda each: each.name)
def test_a_table_whose_fields_name_files_knows_the_addresses_that_clients_send_back(each: Table) -> None:
    first = [rule.__name__ for rule in MODEL.rules_of(each).before_validate[:1]]  # type: ignore[attr-defined]
    assert (first == ["recognize_own_files"]) == bool(addresses_in(each.entity))


def test_no_rule_runs_twice() -> None:
    for each in TABLES:
        rules = MODEL.rules_of(each)
        for field in dataclasses.fields(Rules):
            if field.init and field.name not in ("table", "upkeep"):
                run = getattr(rules, field.name)
                assert len(set(run)) == len(run), (each.name, field.name)
