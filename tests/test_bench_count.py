"""The budget of work a request: bench/count.py itself runs under valgrind, in CI."""

import json
import re
from pathlib import Path

import pytest
from bench import beside
from bench.count import TOLERANCE, Count, multiples, over_budget, shown
from bench.figures import BUDGET, counts, written
from bench.large import Growth

ROOT = Path(__file__).parent.parent

RESULTS = {
    "get one, sqlite": Count(250_000, 1_900, 5.5),
    "create, sqlite": Count(1_000_000),
    "get one, bare": Count(100_000, 200, 2.5),
    "create, bare": Count(200_000),
}


def test_a_multiple_compares_with_the_yardstick_of_its_scenario() -> None:
    assert multiples(RESULTS) == {"get one, sqlite": 2.5, "create, sqlite": 5.0}


def test_more_than_the_budget_allows_is_told() -> None:
    assert over_budget(RESULTS, {"get one, sqlite": 2.45, "create, sqlite": 5.0}, TOLERANCE) == []
    told = over_budget(RESULTS, {"get one, sqlite": 2.42, "create, sqlite": 5.0}, TOLERANCE)
    assert told == ["get one, sqlite costs 2.50 times the yardstick; the budget is 2.42 (+3%)."]


def test_the_table_has_a_line_for_each_count() -> None:
    lines = shown(RESULTS).splitlines()[2:]
    assert [line.split("  ")[0] for line in lines] == list(RESULTS)
    assert lines[0].split()[-4:] == ["250.0", "2.50", "1,900", "5.5"]


def test_the_budget_knows_what_it_was_counted_on() -> None:
    kept = json.loads(BUDGET.read_text())
    assert set(kept["counted_on"]) == {"python", "machine", "built"}
    assert all(multiple > 1 for multiple in kept["multiples"].values())


def test_the_page_shows_the_budget() -> None:
    """`python -m bench.figures` writes the table; so does `python -m bench.count --keep`."""
    page = (ROOT / "docs/benchmark.md").read_text("utf-8")
    budget = json.loads(BUDGET.read_text())
    assert written(page, budget) == page
    for name, multiple in budget["multiples"].items():
        row = rf"^\| {re.escape(name.rpartition(', ')[0])} \|.*\b{multiple:.2f} \|"
        assert re.search(row, page, re.MULTILINE), name


def test_another_budget_makes_another_table() -> None:
    on = {"python": "3.13.1", "machine": "x86_64", "built": "plain"}
    kept = {"get one, sqlite": 2.0, "get one, postgres": 3.456, "a, sqlite": 1}
    table = counts({"counted_on": on, "multiples": kept})
    assert table.splitlines()[-2:] == ["| get one | 2.00 | 3.46 |", "| a | 1.00 |  |"]
    assert "3.13.1" in table
    with pytest.raises(SystemExit):
        written("a page without the marks", {"counted_on": on, "multiples": {}})


def test_growth_is_too_much_above_what_is_allowed() -> None:
    assert not Growth("get one", 130.0, 100.0, 1.3).too_much
    assert Growth("get one", 131.0, 100.0, 1.3).too_much


def test_other_doubles_are_locked_without_addresses_and_measured_as_locked() -> None:
    lock = json.loads((ROOT / "bench/peers/package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert not [name for name, each in packages.items() if "resolved" in each or "integrity" not in each]
    wanted = json.loads((ROOT / "bench/peers/package.json").read_text())
    pinned = wanted["dependencies"] | wanted["optionalDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    known = {each.name.rpartition(" ")[0]: each.name.rpartition(" ")[2] for each in beside.ALL}
    shown_as = {"Prism": "@stoplight/prism-cli"}
    assert {shown_as.get(name, name): version for name, version in known.items()} == wanted["dependencies"]
