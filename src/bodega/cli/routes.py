"""`bodega routes`: what is served, and how much that is of a list of operations."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from bodega.cli.place import Failed, as_json
from bodega.cli.show import print_json, print_table

METHODS = ("GET", "POST", "PUT", "DELETE")
AT_ROOT = frozenset({("gateway", "GET", "time")})
"""Operations outside the versions that are served beside them."""


class Operation(NamedTuple):
    """A line of a list of operations; `key` is (version, method, path with its parameters unnamed)."""

    version: str
    method: str
    path: str
    group: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.version.removesuffix("-legacy"), self.method, unnamed(self.path)


@click.command("routes")
@click.option("--coverage", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="TSV",
              help="Compare with a list of operations: columns version, method, path, group.")  # fmt: skip
@as_json
def command(coverage: Path | None, as_json: bool) -> None:
    """List the operations that are served, or the share of a list of operations."""
    if coverage is None:
        _print_routes(as_json)
    else:
        _print_coverage(read_operations(coverage), as_json)


def served() -> list[dict[str, Any]]:
    """Every route: version, methods, path, table, and where it moved to if it did."""
    from bodega.app import routes

    return [
        {
            "version": route.version,
            "methods": [method for method in METHODS if method in route.actions],
            "path": f"/v{route.version}/{route.template.replace(':text}', '}')}",
            "table": _table(route.actions),
            "moved": f"/v{route.version}/{route.moved}" if route.moved else None,
        }
        for route in sorted(routes(), key=lambda route: (route.version, route.template))
    ]


def _table(actions: Any) -> str | None:
    names = {getattr(getattr(action, "table", None), "name", None) for action in actions.values()}
    return next((name for name in sorted(filter(None, names))), None)


def _print_routes(as_json: bool) -> None:
    found = served()
    if as_json:
        print_json(found)
        return
    lines = [
        {
            **route,
            "methods": " ".join(route["methods"]),
            "table": f"moved to {route['moved']}" if route["moved"] else route["table"],
        }
        for route in found
    ]
    print_table(lines, "version methods path table")


def read_operations(file: Path) -> list[Operation]:
    """The operations in a file with tabs between its columns. Raises Failed when a column is missing."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return [
                Operation(line["version"], line["method"], line["path"], line["group"])
                for line in csv.DictReader(lines, delimiter="\t")
            ]
    except (KeyError, UnicodeDecodeError) as error:
        raise Failed(
            f"{file} is no list of operations: it needs the columns version, method, path and group."
        ) from error


def unnamed(path: str) -> str:
    """A path whose parameters have no names, so that two lists can be compared."""
    return re.sub(r"\{[^}]*\}", "{}", path.strip("/"))


def keys() -> set[tuple[str, str, str]]:
    """Every operation that is served, as `Operation.key`."""
    return {*AT_ROOT, *_served_keys()}


def _served_keys() -> Iterator[tuple[str, str, str]]:
    from bodega.app import routes

    for route in routes():
        for method in route.actions:
            yield f"v{route.version}", method, unnamed(route.template)


def compare(operations: Sequence[Operation]) -> dict[str, Any]:
    """How many of the operations are served, in all and by group, and which are missing."""
    have = keys()
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for operation in operations:
        start = {"version": operation.version, "group": operation.group, "served": 0, "of": 0, "missing": []}
        group = groups.setdefault((operation.version, operation.group), start)
        group["of"] += 1
        if operation.key in have:
            group["served"] += 1
        else:
            group["missing"].append(f"{operation.method} {operation.path}")
    total = sum(group["served"] for group in groups.values())
    return {"served": total, "of": len(operations), "groups": list(groups.values())}


def _print_coverage(operations: Sequence[Operation], as_json: bool) -> None:
    found = compare(operations)
    if as_json:
        print_json(found)
        return
    print_table(found["groups"], "version group served of")
    click.echo(f"\n{found['served']} of {found['of']} operations are served.")
    for group in found["groups"]:
        if group["served"]:
            for missing in group["missing"]:
                click.echo(f"{click.style('missing', dim=True)}  {group['version']} {missing}")
