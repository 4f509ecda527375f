"""The budget of work a request: bench/count.py itself runs under valgrind, in CI."""

import json

from bench.count import BUDGET, TOLERANCE, Count, multiples, over_budget, shown

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
