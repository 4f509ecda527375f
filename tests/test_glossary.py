"""The glossary and the names in the docs are true: each file exists and defines the name that stands beside it."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

import bodega
from bodega.storefront.graphql.schema import schema

ROOT = Path(__file__).parent.parent
SOURCE = Path(bodega.__file__).parent
GLOSSARY = ROOT / "docs" / "glossary.md"
ROWS = re.findall(r"^\| ([^|`]+) \| (.+) \| `([\w/.]+\.py)` `([\w.]+)` \|$", GLOSSARY.read_text("utf-8"), re.MULTILINE)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CAMEL = re.compile(r"`((?:[A-Z][a-z0-9]+){2,}|[A-Z][A-Za-z0-9]+(?=[.(][A-Za-z_)\"]))[^`\n]*`")


def defined(tree: ast.AST) -> set[str]:
    """The names that a module defines; members of a class as `Class.member`."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            found |= {node.name} | {f"{node.name}.{member}" for member in defined(node)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
            if node.name == "__init__":  # what an instance has
                found |= {
                    target.attr
                    for one in ast.walk(node)
                    if isinstance(one, ast.Assign | ast.AnnAssign)
                    for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
                    if isinstance(target, ast.Attribute)
                }
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


@cache
def names_in(path: Path) -> set[str]:
    return defined(ast.parse(path.read_text("utf-8")))


@cache
def every_name() -> set[str]:
    """The names of the code, the tests and the benchmark, and those of the storefront's schema."""
    files = [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    return set(schema().type_map).union(*(names_in(path) for path in files))


def test_the_glossary_is_not_read_past() -> None:
    lines = [line for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| ")][2:]
    assert len(ROWS) == len(lines) > 100, "a line of the table has another form than `file.py` `Name`"


def test_terms_stand_in_alphabetical_order_each_once() -> None:
    terms = [row[0].casefold() for row in ROWS]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize(("term", "meaning", "file", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_a_term_is_defined_where_the_glossary_says(term: str, meaning: str, file: str, name: str) -> None:
    assert (SOURCE / file).exists(), f"{term}: there is no {file}"
    assert name in names_in(SOURCE / file), f"{term}: {file} does not define {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_name_of_the_code_that_a_page_uses_exists(page: Path) -> None:
    """`ShowItem`, `Endpoint.key`, `Unit.insert`: what the prose names in code is defined somewhere."""
    named = {match[1] for match in CAMEL.finditer(FENCE.sub("", page.read_text("utf-8")))}
    assert {name for name in named if name not in every_name()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_name_beside_a_file_is_defined_in_it(page: Path) -> None:
    """Wherever a page says `kit/actions.py` `Create`, not only in the glossary."""
    for file, name in re.findall(r"`([\w/]+\.py)` `([\w.]+)`", FENCE.sub("", page.read_text("utf-8"))):
        assert name in names_in(SOURCE / file.removeprefix("src/bodega/")), f"{file} does not define {name}"


def test_make_help_names_every_target() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
    make = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in shown.stdout.splitlines()} == targets
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets
