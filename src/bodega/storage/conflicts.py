"""What conflicts with a write that an index or a foreign key refused: read only then, and reported to the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.law.reasons import Reason
from bodega.law.refusal import Fault
from bodega.storage import query
from bodega.storage.rules import Conflicts
from bodega.storage.table import Table
from bodega.storage.tx import Tx


async def conflicts(tx: Tx, table: Table, entity: Any, rules: Sequence[Conflicts]) -> list[Fault]:
    """Every unique value that another row holds, every reference to a row that does not exist, and what these rules
    find."""
    faults: list[Fault] = []
    values = {column.name: column.value(entity) for column in table.columns}
    for unique in table.uniques:
        where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(unique.columns, start=2))
        where += f" AND {unique.where}" if unique.where else ""
        sql = f"SELECT id FROM {table.name} WHERE id <> $1 AND {where}"
        other = await query.value(tx, sql, entity.id, *(values[name] for name in unique.columns))
        if other is not None:
            faults.append(duplicate(unique.field, unique.message, table.noun, other, unique.code))
    for reference in table.references:
        target = values[reference.column]
        if target is not None and await tx.row(f"SELECT 1 FROM {reference.target} WHERE id = $1", target) is None:
            faults.append(dangling(reference.field, reference.message, [target]))
    for link in table.links:
        members = list(dict.fromkeys(link.members(entity)))
        if members:
            there = set(await query.existing(tx, link.target, members))
            missing = [member for member in members if member not in there]
            if missing:
                faults.append(dangling(link.field, link.message, missing))
    for more in rules:
        faults += await more(tx, entity)
    return faults


def duplicate(field: str, message: str, noun: str, other: int, code: int = 0) -> Fault:
    """The fault of wanting a value that another row holds (rule 43), with who holds it and what to do."""
    details = {
        "conflict_reason": message,
        "conflicting_field": field,
        "conflicting_id": other,
        "resolution": f"Choose another {field}, or update {noun} {other}.",
    }
    return Fault(Reason.DUPLICATE, field, message, details, code)


def dangling(field: str, message: str, missing: Sequence[int | str]) -> Fault:
    """The fault for a reference to rows that do not exist (rule 44)."""
    details = {
        "conflict_reason": message,
        "invalid_reason": message,
        "missing_ids": list(missing),
        "resolution": f"Create what {field} refers to first, or leave it out.",
    }
    return Fault(Reason.DANGLING_REFERENCE, field, message, details)
