"""`bodega routes`: what is served, and how much of a list of operations that covers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json
from bodega.cli.show import print_json, print_table
from bodega.counted import counted

if TYPE_CHECKING:
    from bodega.coverage import CoverageGroup
    from bodega.http.documented import Operation
    from bodega.kit.route import Route

METHODS = ("GET", "POST", "PUT", "DELETE")

ASKED_OF = {
    "api": "Asked of the API host",
    "login": "Asked of the host of signing in",
    "payments": "Asked of the payments host",
    "storefront": "Asked of the store's own host, by its shoppers",
    "provider": "Asked of a provider of shipping or taxes, by the platform",
}
"""What stands above the operations of each host in the list of those that are not served."""


@click.command("routes")
@click.option("--coverage", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="TSV",
              help="Compare with a list of operations: version, method, path, group, perhaps wave.")  # fmt: skip
@click.option("--missing", is_flag=True, help="List the documented operations that are not served, by host and group.")
@click.option("--group", "groups", multiple=True, metavar="NAME",
              help="Only this group, as tax; catalog includes catalog.brands. Can be repeated.")  # fmt: skip
@click.option(
    "--wave",
    "waves",
    multiple=True,
    metavar="NAME",
    help="Only what has this in the column wave of the list. Can be repeated.",
)
@as_json
def command(
    coverage: Path | None, missing: bool, groups: tuple[str, ...], waves: tuple[str, ...], as_json: bool
) -> None:
    """List the operations that are served, those that are not, or how much of a list of operations is."""
    if coverage is not None and missing:
        raise click.UsageError("Choose one of --coverage and --missing.")
    if coverage is not None:
        _print_coverage(_compared(coverage, groups, waves), as_json)
    elif missing and not waves:
        _print_missing(_missing(groups), as_json)
    elif waves:
        raise click.UsageError("--wave chooses from a list of operations: name one with --coverage.")
    else:
        _print_routes(groups, as_json)


def served(groups: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Every route, or those of documented operations of these groups: version (0: at a shop's host), methods, path,
    table, and where it moved to if it did."""
    from bodega.app import routes
    from bodega.http.documented import route_of
    from bodega.http.router import by_version

    every: Sequence[Route] = routes()
    if groups:
        tries = by_version(every)
        chosen = [route_of(operation, tries) for operation in _documented(groups)]
        paths = {(route.version, route.template) for route in chosen if route is not None}
        every = tuple(route for route in every if (route.version, route.template) in paths)
    return [*_of_shoppers(groups), *_of_the_api(every)]


def _of_shoppers(groups: Sequence[str]) -> list[dict[str, Any]]:
    from bodega.storefront.rest.table import OPERATIONS, PREFIX

    if groups and "storefront" not in groups:
        return []
    paths: dict[str, list[str]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, []).append(one.method)
    return [
        {
            "version": 0,
            "methods": sorted(methods, key=METHODS.index),
            "path": PREFIX + path,
            "table": None,
            "moved": None,
        }
        for path, methods in sorted(paths.items())
    ]


def _of_the_api(every: Sequence[Route]) -> list[dict[str, Any]]:
    return [
        {
            "version": route.version,
            "methods": [method for method in METHODS if method in route.actions],
            "path": f"/v{route.version}/{route.template.replace(':text}', '}')}",
            "table": _table(route.actions),
            "moved": f"/v{route.version}/{route.moved}" if route.moved else None,
        }
        for route in sorted(every, key=lambda route: (route.version, route.template))
    ]


def _table(actions: Any) -> str | None:
    names = {getattr(getattr(action, "table", None), "name", None) for action in actions.values()}
    return next((name for name in sorted(filter(None, names))), None)


def _print_routes(groups: Sequence[str], as_json: bool) -> None:
    found = served(groups)
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


def _compared(file: Path, groups: Sequence[str], waves: Sequence[str]) -> list[CoverageGroup]:
    """What is served and missing of the chosen operations. Raises Failed; a choice that has none is a usage error."""
    from bodega.app import routes
    from bodega.coverage import NoList, compare, is_within, read_operations

    try:
        operations = read_operations(file)
    except NoList as error:
        raise Failed(str(error)) from error
    for group in groups:
        if not any(is_within(operation, [group], ()) for operation in operations):
            raise click.BadParameter(f"{file} has no group {group}.", param_hint="--group")
    for wave in waves:
        if not any(operation.wave == wave for operation in operations):
            raise click.BadParameter(f"{file} has no wave {wave}.", param_hint="--wave")
    chosen = [operation for operation in operations if is_within(operation, groups, waves)]
    if operations and not chosen:
        raise click.UsageError(f"{file} has none of these groups in these waves.")
    return compare(chosen, routes())


def _missing(groups: Sequence[str]) -> list[CoverageGroup]:
    """The groups of documented operations in which something is not served. A group that has none is a usage error."""
    from bodega.app import routes
    from bodega.coverage import compare

    return [group for group in compare(_documented(groups), routes()) if group.missing]


def _documented(groups: Sequence[str]) -> list[Operation]:
    """The documented operations of these groups, or all. A group that has none is a usage error."""
    from bodega.coverage import is_within
    from bodega.http.documented import documented

    for group in groups:
        if not any(is_within(operation, [group], ()) for operation in documented()):
            names = sorted({operation.group.partition(".")[0] for operation in documented()})
            why = f"No documented operation is in a group {group}; the groups are {', '.join(names)}."
            raise click.BadParameter(why, param_hint="--group")
    return [operation for operation in documented() if is_within(operation, groups, ())]


def _print_missing(groups: Sequence[CoverageGroup], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "version": operation.version,
                    "method": operation.method,
                    "path": operation.path,
                    "group": group.name,
                    "host": operation.host,
                }
                for group in groups
                for operation in group.missing
            ]
        )
        return
    by_host: dict[str, list[CoverageGroup]] = {}
    for group in groups:
        by_host.setdefault(group.missing[0].host, []).append(group)
    for host in sorted(by_host, key=list(ASKED_OF).index):
        lacking = sum(len(group.missing) for group in by_host[host])
        click.echo(click.style(f"{ASKED_OF[host]}: {lacking}", underline=True))
        for group in by_host[host]:
            click.echo(click.style(f"{group.version} {group.name}", bold=True))
            for path, methods in group.missing_paths().items():
                click.echo(f"  {' '.join(methods)} {path}")
        click.echo()
    click.echo(f"{sum(len(group.missing) for group in groups)} documented operations are not served.")


def _print_coverage(groups: Sequence[CoverageGroup], as_json: bool) -> None:
    lines = [
        {"version": group.version, "group": group.name, "wave": group.wave, "served": group.served, "of": group.of}
        for group in groups
    ]
    total = {"served": sum(group.served for group in groups), "of": sum(group.of for group in groups)}
    if as_json:
        missing = [[f"{operation.method} {operation.path}" for operation in group.missing] for group in groups]
        print_json({**total, "groups": [{**line, "missing": m} for line, m in zip(lines, missing, strict=True)]})
        return
    print_table(lines, "version group wave served of")
    click.echo(f"\n{total['served']} of {counted(total['of'], 'operation')} are served.")
    for group in groups:
        if group.missing:
            wave = f", wave {group.wave}" if group.wave else ""
            click.echo("\n" + click.style(f"missing in {group.version} {group.name}{wave}", dim=True))
            for path, methods in group.missing_paths().items():
                click.echo(f"  {' '.join(methods)} {path}")
