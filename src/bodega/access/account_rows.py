"""Rows of the registry that there is one of for an account: many are written by one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.storage.tx import Tx

AT_ONCE = 200
"""Accounts whose rows one statement writes: on SQLite each is a write to the disk."""


async def upsert(
    tx: Tx, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], merge: Mapping[str, str]
) -> None:
    """Writes a row for each account; accounts that were revoked a moment ago are passed over. Raises Busy.

    `columns` are the table's columns with their SQL types, the first of them `client_id`; `rows` have their values in
    that order. `merge` says what becomes of the columns of a row that is there already, as SQL.
    """
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        await tx.run(_sql(table, columns, merge, len(part)), *(value for row in part for value in row))


def _sql(table: str, columns: Mapping[str, str], merge: Mapping[str, str], count: int) -> str:
    width, names = len(columns), ", ".join(columns)
    kinds = list(enumerate(columns.values(), start=1))
    rows = ", ".join(
        "(" + ", ".join(f"CAST(${width * row + place} AS {kind})" for place, kind in kinds) + ")"
        for row in range(count)
    )
    told = ", ".join(f"told.{name}" for name in columns)
    changes = ", ".join(f"{name} = {value}" for name, value in merge.items())
    return (
        f"WITH told ({names}) AS (VALUES {rows})"  # noqa: S608 - only declared names and placeholders
        f" INSERT INTO {table} ({names}) SELECT {told} FROM told"
        " WHERE told.client_id IN (SELECT client_id FROM accounts)"
        f" ON CONFLICT (client_id) DO UPDATE SET {changes}"
    )
