"""The docs say what is so: pages are current, links lead somewhere, what is named exists, what exists is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bodega import docs
from bodega.cli import main
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason, Step

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
WRITTEN = [page for page in PAGES if page.name not in (*docs.PAGES, docs.COVERAGE)]
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|sql|md|toml|json))")
INVENTED = ("gift_wraps", "NNNN_name.sql")
"""What the page about adding a resource makes up, and the pattern of a migration's name."""


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=named)
every_written_page = pytest.mark.parametrize("page", WRITTEN, ids=named)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked to."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of the command line with the words that call it, without `bodega`."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*words, name))


COMMANDS = dict(commands(main))


@pytest.mark.parametrize("name", docs.PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    """Mended by `make docs`."""
    assert (DOCS / name).read_text("utf-8") == docs.HEAD + docs.PAGES[name]()


@pytest.mark.shared
def test_the_page_on_coverage_is_current() -> None:
    """It can be told only where the list of operations lies beside the repository."""
    operations = ROOT / docs.OPERATIONS
    if not operations.exists():
        pytest.skip("the published contract is not beside the repository")
    assert (DOCS / docs.COVERAGE).read_text("utf-8") == docs.HEAD + docs.coverage(operations)


@every_page
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert there.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(there), target


FILES = {
    named(path)
    for top in ("src", "tests", "bench", "docs", "deploy", "examples", "scripts", ".ci", "requirements")
    for path in (ROOT / top).rglob("*")
}
FILES |= {path.name for path in ROOT.iterdir()}
FILES |= {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}  # what is made when it is needed


@every_written_page
def test_a_file_that_is_named_exists(page: Path) -> None:
    for code in CODE.findall(prose(page)):
        if FILE.fullmatch(code) and not any(word in code for word in INVENTED):
            path = code.rstrip("/")
            assert any(file == path or file.endswith(f"/{path}") for file in FILES), code


def commands_named(page: Path) -> list[str]:
    """What a page shows of the command line: whole lines in blocks of code, and code within a sentence."""
    lines = [line for block in FENCE.findall(page.read_text("utf-8")) for line in block.splitlines()]
    return [code for code in (*lines, *CODE.findall(prose(page))) if code.startswith("bodega ")]


@every_written_page
def test_a_command_that_is_named_exists_and_takes_its_options(page: Path) -> None:
    for shown in commands_named(page):
        words: tuple[str, ...] = ()
        for word in shown.replace(",", "").split()[1:]:
            if not isinstance(COMMANDS[words], click.Group) or not re.fullmatch("[a-z]+", word):
                break
            words = (*words, word)
            assert words in COMMANDS, shown
        options = {"--help"}  # every command has it
        options |= {name for option in COMMANDS[words].params for name in (*option.opts, *option.secondary_opts)}
        assert set(re.findall(r"--[a-z-]+", shown)) <= options, shown


OF_AN_INDEX = re.compile(r"(?<![\w/.-])bodega(?:\[[\w,]+\]|[=~><]=)")
"""The package by its name alone: nothing is published, so an index would give a stranger's."""


def test_nothing_says_to_install_the_package_from_an_index() -> None:
    """Neither a page nor a message, nor the notes in what is shipped: from a checkout, or from a wheel."""
    folders = ("docs", "src", "examples", "deploy", "clients", "scripts")
    kinds = {".md", ".py", ".html", ".yml", ".yaml", ".txt", ".js", ".toml"}
    beside = [path for path in ROOT.iterdir() if path.is_file()]
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts]
    said = {
        f"{named(path)}: {found[0]}"
        for path in (*beside, *files)
        if path.suffix in kinds or path.name == "Containerfile"
        for line in path.read_text("utf-8").splitlines()
        for found in OF_AN_INDEX.finditer(line)
    }
    said |= {
        f"{named(path)}: {line.strip()}"
        for path in PAGES
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"(?:pip|pipx|uv) (?:install|run|tool install) (?:-\S+ )*'?bodega\b", line)
    }
    assert said == set()


@every_written_page
def test_a_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    named_here = re.findall(r"^make ([a-z-]+)", text, re.MULTILINE) + re.findall(r"`make ([a-z-]+)", text)
    assert set(named_here) <= targets


@pytest.mark.parametrize("word", sorted({words[0] for words in COMMANDS if words}))
def test_the_readme_names_a_command(word: str) -> None:
    """That the pages explain each, with all else that the code declares, is tested in test_site.py."""
    assert f"bodega {word}" in README.read_text("utf-8")


def test_the_readme_tells_how_much_of_the_storefront_is_served() -> None:
    """As the generated page has it, and that shoppers change things there if they can."""
    page = (DOCS / "storefront.md").read_text("utf-8")
    found = re.search(
        r"^Of the (\d+) fields that a public storefront reads or writes, (\d+) are served", page, re.MULTILINE
    )
    row = re.search(r"^\| storefront API \| (.+) \|$", README.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    assert row is not None
    asked, have = found.groups()
    share = f"all {asked} fields" if asked == have else f"{have} of the {asked} fields"
    assert f"; {share} that a public storefront uses" in row[1]
    for mutations, word in {"Cart": "carts", "Checkout": "checkouts", "Wishlist": "wishlists"}.items():
        assert f"| `{mutations}Mutations` |" in page
        assert word in row[1].partition("mutations for ")[2]


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.CATCH_ALL], ids=lambda step: step.word)
def test_the_readme_tells_the_statuses_of_a_step(step: Step) -> None:
    """Its table is short, and so written by hand; it must not say less or more than the registry."""
    row = re.search(rf"^\| {int(step)} \| {step.word} \| (.+) \|$", README.read_text("utf-8"), re.MULTILINE)
    assert row is not None
    told = {int(status) for status in re.findall(r"\d{3}", row[1])}
    assert told == {status for reason in Reason if reason.step is step for status in (reason.v2, reason.v3)}


@pytest.mark.parametrize("status", sorted({outcome.status for outcome in OUTCOMES} | {r.v2 for r in Reason}))
def test_the_page_on_the_law_tells_how_to_make_a_status_happen(status: int) -> None:
    table = (DOCS / "law.md").read_text("utf-8").partition("## Making each status happen")[2]
    firsts = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert str(status) in ", ".join(firsts).split(", ")


def test_decisions_are_numbered_each_number_once_and_named_in_their_titles() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    titles = [page.read_text("utf-8").splitlines()[0] for page in DECISIONS]
    assert numbers == sorted(set(numbers))
    assert [int(title.split()[1].rstrip(".")) for title in titles] == numbers


def test_the_index_of_decisions_lists_each_with_its_title() -> None:
    index = (DOCS / "decisions" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$", index, re.MULTILINE)
    listed = [(f"# {number}. {title}", file) for number, title, file in rows]
    assert listed == [(page.read_text("utf-8").splitlines()[0], page.name) for page in DECISIONS]


@pytest.mark.parametrize("page", DECISIONS, ids=named)
def test_a_decision_tells_what_was_decided_and_what_it_costs_on_one_page(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "**Decided.**" in text
    assert "**What it costs.**" in text
    assert sum(len(line.split()) for line in text.splitlines() if not line.startswith("|")) <= 500


def test_the_packages_are_listed_on_the_architecture_page_and_in_the_readme() -> None:
    """Every package of `src/bodega`, and every module beside them on the architecture page."""
    below = (ROOT / "src" / "bodega").iterdir()
    inside = [path for path in below if path.name not in ("__init__.py", "__pycache__", "py.typed", "site.zip")]
    packages = {f"`{path.name}/`" for path in inside if path.is_dir()}
    modules = {f"`{path.name}`" for path in inside if path.is_file()}
    architecture = (DOCS / "architecture.md").read_text("utf-8").partition("## The packages")[2].partition("\n## ")[0]
    readme = README.read_text("utf-8").partition("## How the code is laid out")[2].partition("\n## ")[0]
    assert {name for name in packages | modules if name not in architecture} == set()
    assert {name for name in packages if name not in readme} == set()
