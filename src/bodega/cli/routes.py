"""`bodega routes`: what is served, and how much of a list of operations that covers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json
from bodega.cli.show import print_json, print_table

if TYPE_CHECKING:
    from bodega.coverage import CoverageGroup

METHODS = ("GET", "POST", "PUT", "DELETE")


@click.command("routes")
@click.option("--coverage", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="TSV",
              help="Compare with a list of operations: columns version, method, path, group, wave.")  # fmt: skip
@click.option("--group", "groups", multiple=True, metavar="NAME",
              help="Only this group of the list: catalog includes catalog.brands. Can be repeated.")  # fmt: skip
@click.option("--wave", "waves", multiple=True, metavar="NAME", help="Only this wave of the list. Can be repeated.")
@as_json
def command(coverage: Path | None, groups: tuple[str, ...], waves: tuple[str, ...], as_json: bool) -> None:
    """List the operations that are served, or how much of a list of operations is."""
    if coverage is not None:
        _print_coverage(_compared(coverage, groups, waves), as_json)
    elif groups or waves:
        raise click.UsageError("--group and --wave choose from a list: name it with --coverage.")
    else:
        _print_routes(as_json)


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


def _compared(file: Path, groups: Sequence[str], waves: Sequence[str]) -> list[CoverageGroup]:
    """What is served and missing of the chosen operations. Raises Failed; a choice that has none is a usage error."""
    from bodega.app import routes
    from bodega.coverage import NoList, compare, read_operations

    try:
        operations = read_operations(file)
    except NoList as error:
        raise Failed(str(error)) from error
    for group in groups:
        if not any(operation.within([group], ()) for operation in operations):
            raise click.BadParameter(f"{file} has no group {group}.", param_hint="--group")
    for wave in waves:
        if not any(operation.wave == wave for operation in operations):
            raise click.BadParameter(f"{file} has no wave {wave}.", param_hint="--wave")
    chosen = [operation for operation in operations if operation.within(groups, waves)]
    if operations and not chosen:
        raise click.UsageError(f"{file} has none of these groups in these waves.")
    return compare(chosen, routes())


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
    click.echo(f"\n{total['served']} of {total['of']} operations are served.")
    for group in groups:
        if group.missing:
            wave = f", wave {group.wave}" if group.wave else ""
            click.echo("\n" + click.style(f"missing in {group.version} {group.name}{wave}", dim=True))
            for path, methods in group.missing_paths().items():
                click.echo(f"  {' '.join(methods)} {path}")
