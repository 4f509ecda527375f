"""What commands print: JSON for programs, aligned words for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click


def print_json(value: object) -> None:
    """Indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Mapping[str, Any]], columns: str) -> None:
    """The named members of each row, a line a row, below their names; numbers are right-aligned."""
    names = columns.split()
    cells = [[words(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *(map(str, line) for line in cells), strict=True)]
    right = [all(isinstance(row[name], int) and not isinstance(row[name], bool) for row in rows) for name in names]
    heads = [name.replace("_", " ") for name in names]
    click.echo(click.style(_line(heads, widths, right), dim=True))
    for line in cells:
        click.echo(_line(line, widths, right))


def print_record(record: Mapping[str, Any]) -> None:
    """A member a line; the members of an inner object follow its name."""
    width = max(map(len, record), default=0)
    for name, value in record.items():
        click.echo(click.style(f"{name.replace('_', ' '):<{width}}", dim=True) + "  " + (words(value) or "-"))


def words(value: Any) -> str:
    """A value as text for people."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        told = {name: words(inner) for name, inner in value.items()}
        return ", ".join(f"{name} {text}" for name, text in told.items() if text)  # what is empty is left out
    if isinstance(value, (list, tuple)):
        return ", ".join(map(words, value))
    return str(value)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    sized = (
        f"{cell:>{width}}" if to_right else f"{cell:<{width}}"
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(sized).rstrip()
