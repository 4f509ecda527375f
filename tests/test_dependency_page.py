"""docs/dependencies.md is whole and true: every package has a row, is imported when it says, and has its licence."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from email import message_from_string
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path
from typing import Any

import pytest
from bench.imports import modules
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from served import BODEGA, PATIENCE, environment

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OF_DEVELOPERS = {"dev", "conformance"}
FAMILIES = "apache|mit-cmu|mit-0|mit|bsd|psf|python software|mpl|isc|osi|unlicense|gpl|gnu"


def tables() -> list[list[dict[str, str]]]:
    """The tables of the page: each row by the heads of its columns."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        heads, _, *rows = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in block.splitlines()]
        found.append([dict(zip(heads, row, strict=True)) for row in rows])
    return found


DIRECT, BROUGHT, EXTRAS = tables()


def names(wanted: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in wanted}


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return set(re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text))


def closure(wanted: list[str]) -> set[str]:
    """All that pip would install here for these requirements."""
    found: set[str] = set()
    waiting = [Requirement(one) for one in wanted]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name in found or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        for further in map(Requirement, requires(name) or ()):
            asked = [{"extra": extra} for extra in (*one.extras, "")]
            if further.marker is None or any(further.marker.evaluate(each) for each in asked):
                further.marker = None
                waiting.append(further)
    return found


def licence(name: str) -> str:
    """All that a package says of its licence, but for the text of one."""
    told = metadata(name)
    kinds = [one.rpartition("::")[2] for one in told.get_all("Classifier") or () if one.startswith("License")]
    return " / ".join([told.get("License-Expression") or "", (told.get("License") or "").partition("\n")[0], *kinds])


def families(text: str) -> set[str]:
    return set(re.findall(FAMILIES, text.lower().replace("python software", "psf")))


def test_every_package_that_is_asked_for_has_a_row() -> None:
    assert [row["package"] for row in DIRECT] == sorted(names(PROJECT["dependencies"]))
    assert {row["package"] for row in BROUGHT} == locked("run") - names(PROJECT["dependencies"])
    extras = {name: asked for name, asked in PROJECT["optional-dependencies"].items() if name not in OF_DEVELOPERS}
    assert {row["extra"]: {row["package"]} for row in EXTRAS} == {name: names(asked) for name, asked in extras.items()}
    assert all(f"`{name}`" in PAGE for name in OF_DEVELOPERS)


@pytest.mark.parametrize("row", [*DIRECT, *BROUGHT, *EXTRAS], ids=lambda row: row["package"])
def test_the_licence_is_that_of_the_package(row: dict[str, str]) -> None:
    assert families(row["licence"])
    assert families(row["licence"]) == families(licence(row["package"])), licence(row["package"])


def refused(packages: set[str]) -> dict[str, str]:
    """Those whose own words name a licence of the GPL family."""
    found = {name: licence(name) for name in packages}
    return {name: told for name, told in found.items() if re.search(r"gpl|gnu", told, re.IGNORECASE)}


def test_nothing_that_runs_is_under_the_gpl() -> None:
    extras = [one for name, asked in PROJECT["optional-dependencies"].items() if name not in OF_DEVELOPERS
              for one in asked]  # fmt: skip
    packages = closure([*PROJECT["dependencies"], *extras]) | locked("run")
    assert len(packages) > len(locked("run"))
    unknown = set()
    for name in packages:
        try:
            metadata(name)
        except PackageNotFoundError:
            unknown.add(name)
    assert unknown == set()
    assert refused(packages) == {}
    assert all(families(licence(name)) for name in packages), {n: licence(n) for n in packages}


def test_a_gpl_licence_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told = message_from_string(
        "Name: click\nClassifier: License :: OSI Approved :: GNU Affero General Public License v3"
    )
    monkeypatch.setitem(globals(), "metadata", lambda _name: told)
    assert set(refused({"click"})) == {"click"}


def imported(folder: Path, *words: str, until: str = "") -> set[str]:
    """The packages that a command imports; one that serves is stopped when it has said `until`."""
    log = folder / "imports"
    with log.open("w") as file, subprocess.Popen(
        [*BODEGA, *words], stdout=subprocess.PIPE, stderr=file, text=True,
        env=environment() | {"PYTHONPROFILEIMPORTTIME": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while until and until not in (line := process.stdout.readline()):
            assert line
        if until:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in log.read_text().splitlines()}


def test_packages_are_imported_when_the_page_says(tmp_path: Path) -> None:
    place = ("--data", str(tmp_path / "data"), "--http-port", "0", "--https-port", "0", "--json")
    of_server = imported(tmp_path, "serve", *place, until='"ca"')
    of_command = imported(tmp_path, "--version")
    assert {row["imported"] for row in DIRECT} == {"always", "server", "when used"}
    for row in DIRECT:
        top = row["module"].partition(".")[0]
        when = "always" if top in of_command else "server" if top in of_server else "when used"
        assert (row["package"], row["imported"]) == (row["package"], when)


def test_the_costs_are_those_of_the_modules_that_the_benchmark_imports() -> None:
    assert list(modules()) == [row["package"] for row in DIRECT]
    assert set(modules().values()) == {row["module"] for row in DIRECT}
    assert all(re.fullmatch(r"\d+", row["cost, ms"]) for row in DIRECT)
    for module in modules().values():
        done = subprocess.run([sys.executable, "-c", f"import {module}"], check=False, env={**os.environ})
        assert done.returncode == 0, module
