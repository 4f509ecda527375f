"""The floors of the house (design section 2): data flows one way, and no import points up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bodega

HOUSE = Path(bodega.__file__).parent

FLOORS = (
    {
        "law",
        "testing",
        "aside",
        "clock",
        "dates",
        "log",
        "log_text",
        "manual",
        "counted",
        "masking",
        "config",
        "memory",
        "passwords",
        "private",
        "metrics",
        "storable",
        "turns",
        "web_address",
        "tracing",
        "server",
    },  # words and plain facts: everything may use them
    {"storage", "outgoing", "imaging", "rendering"},  # rows; requests that leave; pictures and templates, in processes
    {"periodic"},  # what is done again and again beside the requests
    {"access"},  # who may ask, how often
    {"kit"},  # what a resource is made of
    {"domain", "tasks", "events"},  # rules that span resources; work that outlives a request
    {"resources", "http"},  # what is served; how it is asked: neither knows the other
    {"providers"},  # apps that a store asks for taxes and shipping costs
    {"storefront"},  # what shoppers see
    {"journal"},  # what was asked and answered
    {"lab"},  # the powers of a test double: fills stores through the resources
    {"explain"},  # what the law says, in words
    {"openapi"},  # what is served, told to programs and tried by people
    {"site"},  # the docs as a built site
    {"reference"},  # the same in a browser
    {"panel"},  # the store owner's pages
    {"app", "coverage"},  # the house put together; how much of a list of operations it serves
    {"cli"},  # the commands
    {"registries"},  # what the pages have to cover
    {"docs"},  # pages generated from all of it
)
RANK = {package: rank for rank, floor in enumerate(FLOORS) for package in floor}

FORBIDDEN = {
    ("resources", "http"): "a resource is a declaration: it knows no request",
    ("http", "resources"): "the law knows no resource by name",
    ("storage", "resources"): "rows know no meaning",
    ("storage", "kit"): "rows know no meaning",
    ("domain", "tasks"): "a rule does not start work",
    ("tasks", "http"): "a worker knows no request; what replays one is handed to it",
    ("law", "storage"): "the words of the law stand on nothing",
}
"""What must not be, whatever the ranks; said apart so that a change of ranks does not allow it."""


def package(module: str) -> str:
    """`http` of `bodega.http.steps.routing`; empty for the package itself, which holds only its version."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """The modules of the house that a file imports, wherever in the file: line and name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] == "bodega")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively: the floor cannot be seen"
            if node.module == "bodega":
                yield from ((node.lineno, f"bodega.{alias.name}") for alias in node.names)
            elif node.module and node.module.startswith("bodega."):
                yield node.lineno, node.module


MODULES = {
    ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(HOUSE.rglob("*.py"))
}


def known(path: Path) -> Iterator[str]:
    """The files of the house that a file imports from, wherever in it: also for types alone, and inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inside & MODULES.keys()
            if not inside <= MODULES.keys():
                yield node.module


def files() -> Iterator[tuple[Path, str]]:
    """Every file with the package it belongs to."""
    for path in sorted(HOUSE.rglob("*.py")):
        inside = path.relative_to(HOUSE).with_suffix("")
        if inside.parts[0] != "__init__":
            yield path, inside.parts[0]


def crossings() -> Iterator[tuple[str, str, str]]:
    """Every import from one package into another: where, from, to."""
    for path, here in files():
        for line, module in imported(path):
            there = package(module)
            if there not in ("", "__version__", here):
                yield f"{path.relative_to(HOUSE)}:{line}", here, there


def test_every_package_stands_on_a_floor() -> None:
    """Design section 2: a new package has to say where it stands."""
    assert {here for _, here in files()} <= set(RANK)


def test_no_import_points_up() -> None:
    """Design section 2"""
    assert [crossing for crossing in crossings() if RANK[crossing[2]] > RANK[crossing[1]]] == []


def test_neighbours_on_a_floor_do_not_know_each_other() -> None:
    """Design section 2: else there would be a floor between them. Config may read dates, being plain facts both."""
    level = [crossing for crossing in crossings() if RANK[crossing[2]] == RANK[crossing[1]] and RANK[crossing[1]] > 0]
    assert level == []


@pytest.mark.parametrize(("here", "there"), FORBIDDEN, ids=lambda name: name)
def test_a_door_that_stays_shut(here: str, there: str) -> None:
    """Design section 2; the reason stands in FORBIDDEN."""
    assert [where for where, came, went in crossings() if (came, went) == (here, there)] == []


def test_no_file_leads_back_to_itself() -> None:
    """Design section 2: imports between files make no circle, wherever in a file they stand."""
    graph = {name: set(known(path)) - {name} for name, path in MODULES.items()}

    def reach(name: str) -> set[str]:
        found: set[str] = set()
        left = list(graph[name])
        while left:
            there = left.pop()
            if there not in found:
                found.add(there)
                left += graph[there]
        return found

    reached = {name: reach(name) for name in graph}
    assert sorted(name for name in graph if name in reached[name]) == []


def test_the_law_names_no_resource() -> None:
    """Design section 2: `http` knows no resource by name, not even in a string."""
    names = {"products", "categories", "brands", "customers", "orders"}
    found = [
        (path.name, node.lineno, node.value)
        for path in sorted((HOUSE / "http").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and names & set(node.value.split("/"))
    ]
    assert found == []


MAIL = {"smtplib", "poplib", "imaplib", "aiosmtplib"}


def test_nothing_sends_mail() -> None:
    """Rule 94: an order that is made through the API sends none, and neither does anything else."""
    for name, path in MODULES.items():
        nodes = list(ast.walk(ast.parse(path.read_text())))
        found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not {module.partition(".")[0] for module in found} & MAIL, name


def test_only_one_file_knows_sqlites_library() -> None:
    """Two of them that open one file in one process drop each other's locks (decision 33)."""
    used = {
        (path.relative_to(HOUSE).as_posix(), name)
        for path, _ in files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name and name.partition(".")[0] in ("apsw", "sqlite3", "_sqlite3", "aiosqlite")
    }
    assert used == {("storage/sqlite/engine.py", "apsw")}


def test_only_one_file_knows_asgi() -> None:
    """Design section 2: the messages of ASGI are spelled in one file of the law."""
    spelled = {
        path.name
        for path, here in files()
        if here in ("http", "server") and any("http.response" in text for text in strings(path))
    }
    assert spelled <= {"asgi.py", "mounts.py", "cycle.py", "whole.py"}, (
        "asgi.py answers, mounts.py beside it, cycle.py serves"
    )


@pytest.mark.parametrize("folder", ["storage", "domain", "resources", "kit"])
def test_below_http_nothing_asks_the_system_for_the_time(folder: str) -> None:
    """Design section 6: a store's clock can be frozen and advanced."""
    asked = []
    for path in sorted((HOUSE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                called = f"{node.value.id}.{node.attr}"
                if called in ("time.time", "datetime.now", "datetime.utcnow", "datetime.today"):
                    asked.append((path.relative_to(HOUSE).as_posix(), node.lineno))
    assert asked == []


def strings(path: Path) -> list[str]:
    """The text constants of a file."""
    tree = ast.parse(path.read_text())
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
