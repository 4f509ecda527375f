"""How much of a list of operations is served: `bodega routes --coverage`, and the page of the docs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bodega import docs
from bodega.cli import main
from bodega.coverage import compare
from bodega.http.documented import Operation
from bodega.kit.route import Route, moved
from bodega.kit.singleton import Singleton

ANY = Singleton("any", lambda _call: {}, "")
OPERATIONS = (
    "version\tmethod\tpath\tgroup\twave\n"
    "v3\tGET\t/catalog/products/{product_id}\tcatalog.products\t1\n"
    "v3\tPUT\t/catalog/nothing\tcatalog\t2\n"
    "v3\tGET\t/catalog/nothing\tcatalog\t2\n"
    "v2-legacy\tGET\t/products/count\tlegacy\t1\n"
    "gateway\tGET\t/time\ttime\t1\n"
    "storefront\tGET\t/products/{id}\tstorefront\t4\n"
)


@pytest.fixture
def operations(tmp_path: Path) -> str:
    """A list of operations: its file."""
    (tmp_path / "operations.tsv").write_text(OPERATIONS)
    return str(tmp_path / "operations.tsv")


def test_coverage_tells_what_is_served_and_what_is_missing_by_group(operations: str) -> None:
    found = json.loads(CliRunner().invoke(main, ["routes", "--coverage", operations, "--json"]).stdout)
    assert (found["served"], found["of"]) == (3, 6)
    assert [(group["group"], group["wave"], group["served"], group["of"]) for group in found["groups"]] == [
        ("catalog.products", "1", 1, 1), ("catalog", "2", 0, 2), ("legacy", "1", 1, 1), ("time", "1", 1, 1),
        ("storefront", "4", 0, 1),
    ]  # fmt: skip
    assert found["groups"][1]["missing"] == ["PUT /catalog/nothing", "GET /catalog/nothing"]
    shown = CliRunner().invoke(main, ["routes", "--coverage", operations]).stdout
    assert "3 of 6 operations are served." in shown
    assert "missing in v3 catalog, wave 2\n  GET PUT /catalog/nothing\n" in shown


def test_the_page_tells_versions_and_groups_and_not_in_which_order_they_were_built(operations: str) -> None:
    page = docs.coverage(Path(operations))
    assert "wave" not in page
    assert "| v3 | catalog | 0 | 2 |" in page


@pytest.mark.parametrize(
    ("options", "groups"),
    [
        (["--group", "catalog"], ["catalog.products", "catalog"]),
        (["--group", "catalog.products", "--group", "time"], ["catalog.products", "time"]),
        (["--wave", "1"], ["catalog.products", "legacy", "time"]),
        (["--wave", "2", "--group", "catalog"], ["catalog"]),
    ],
)
def test_coverage_shows_the_groups_and_waves_that_are_chosen(
    operations: str, options: list[str], groups: list[str]
) -> None:
    found = json.loads(CliRunner().invoke(main, ["routes", "--coverage", operations, *options, "--json"]).stdout)
    assert [group["group"] for group in found["groups"]] == groups


@pytest.mark.parametrize(
    "options", [["--group", "cat"], ["--wave", "9"], ["--wave", "4", "--group", "time"], ["--coverage", "nowhere.tsv"]]
)
def test_a_choice_that_names_nothing_is_a_usage_error(operations: str, options: list[str]) -> None:
    result = CliRunner().invoke(main, ["routes", "--coverage", operations, *options])
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_plain_listing_is_narrowed_by_group() -> None:
    """To the routes of its documented operations; a group that nobody documents is a usage error that names them."""

    def paths(*groups: str) -> set[tuple[int, str]]:
        words = [word for group in groups for word in ("--group", group)]
        shown = CliRunner().invoke(main, ["routes", *words, "--json"])
        assert shown.exit_code == 0, shown.output
        return {(route["version"], route["path"]) for route in json.loads(shown.stdout)}

    tax = paths("tax")
    assert {(3, "/v3/tax/zones"), (3, "/v3/tax/zonecheck"), (3, "/v3/tax/rates")} <= tax
    assert {version for version, _ in tax} == {3}
    assert all(path.startswith("/v3/tax/") for _, path in tax)
    assert paths("tax", "time") == tax | paths("time")
    assert paths("catalog.brands") < paths("catalog") < paths()
    result = CliRunner().invoke(main, ["routes", "--group", "taxes"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "catalog" in result.stderr


def test_a_wave_without_a_list_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["routes", "--wave", "1"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--coverage" in result.stderr


SERVED = [
    Route(3, "currencies/{code:text}", {"GET": ANY}),
    Route(3, "currencies/{code:text}/rates/{id}", {"GET": ANY}),
    Route(2, "optionsets", {"GET": ANY}),
    Route(2, "option_sets", {"GET": ANY}),
    moved("store_information", 2, "store"),
]


@pytest.mark.parametrize(
    ("version", "path", "is_there"),
    [
        ("v3", "/currencies/{currency_code}", True),
        ("v3", "/currencies/{a}/rates/{b}", True),
        ("v3", "/currencies/count", False),  # a word of a path is no code
        ("v3", "/currencies/{a}/rates", False),
        ("v2-legacy", "/optionsets", True),
        ("v2", "/option_sets/", True),
        ("v3", "/option_sets", False),
        ("v2", "/store_information", False),  # redirected, not served
        ("payments", "/option_sets", False),
    ],
)
def test_an_operation_is_served_when_a_request_for_it_finds_its_route(version: str, path: str, is_there: bool) -> None:
    group = compare([Operation(version, "GET", path, "any"), Operation(version, "PUT", path, "any")], SERVED)[0]
    assert (group.served, group.of) == (int(is_there), 2)


@pytest.mark.parametrize("text", [b"a\tb\n1\t2\n", OPERATIONS.encode() + b"v3\tGET\n", b"", b"\xff\xfe\x00"])
def test_a_file_that_lists_no_operations_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "other.tsv").write_bytes(text)
    result = CliRunner().invoke(main, ["routes", "--coverage", str(tmp_path / "other.tsv")])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_the_page_on_coverage_stays_as_it_is_where_there_is_no_list_of_operations(
    tmp_path: Path, operations: str
) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / docs.COVERAGE
    page.write_text("kept")
    to = ["--to", str(page.parent), "--operations"]
    skipped = CliRunner().invoke(docs.write, [*to, str(tmp_path / "nowhere.tsv")])
    assert skipped.exit_code == 0
    assert skipped.stderr == f"skipped {page}: no list of operations beside the project\n"
    assert CliRunner().invoke(docs.write, [*to, str(tmp_path / "nowhere.tsv"), "--check"]).exit_code == 0
    assert page.read_text() == "kept"
    assert "coverage.md is stale" in CliRunner().invoke(docs.write, [*to, operations, "--check"]).stderr
    assert CliRunner().invoke(docs.write, [*to, operations]).exit_code == 0
    assert "| all | 3 | 6 |" in page.read_text()
    assert "| v3 | catalog | GET PUT | `/catalog/nothing` |" in page.read_text()
