"""The category tree: every category knows its ancestors, at most seven of them (rules 35 and 37)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.conflicts import dangling
from bodega.storage.table import Table, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAX_ANCESTORS = 7

_BELOW = """
WITH RECURSIVE below (id, depth) AS (
    SELECT id, 1 FROM categories WHERE parent_id IN ({placeholders})
    UNION ALL SELECT c.id, below.depth + 1 FROM categories c JOIN below ON c.parent_id = below.id
    WHERE below.depth < 100
)
SELECT id, depth FROM below ORDER BY depth, id
"""


async def below(tx: Tx, roots: Sequence[int]) -> list[tuple[int, int]]:
    """Every category below these, as (id, how many levels below), parents before children."""
    placeholders = numbered_placeholders(len(roots))
    return [(category, depth) for category, depth in await tx.rows(_BELOW.format(placeholders=placeholders), *roots)]


async def set_ancestors(table: Table, unit: Unit, old: Any, new: Any) -> None:
    """Sets the ancestors and the tree of a new or moved category. Raises Refusal for a circle, a missing parent, or a
    tree that is too deep."""
    if old is not None and old.parent_id == new.parent_id and (new.parent_id or old.tree_id == new.tree_id):
        new.tree_id = old.tree_id
        return
    under = await below(unit.tx, [new.id]) if old is not None else []
    if old is not None and (new.parent_id == new.id or new.parent_id in {child for child, _ in under}):
        message = "A category cannot be moved below itself."
        details = {"conflict_reason": message, "resolution": Reason.CIRCULAR_TREE.advice}
        raise Refusal(Reason.CIRCULAR_TREE, message, details=details)
    new.ancestors = []
    if new.parent_id:
        parent = await unit.get(table, new.parent_id)
        if parent is None:
            fault = dangling("parent_id", "The parent category does not exist.", [new.parent_id])
            raise Refusal(Reason.DANGLING_REFERENCE, fault.message, details=fault.details, faults=[fault])
        new.ancestors = [*parent.entity.ancestors, new.parent_id]
        new.tree_id = parent.entity.tree_id
    height = max((depth for _, depth in under), default=0)
    if len(new.ancestors) + height > MAX_ANCESTORS:
        raise Refusal(
            Reason.TREE_TOO_DEEP,
            f"A category can have at most {MAX_ANCESTORS} ancestors.",
            details={"max_ancestors": MAX_ANCESTORS, "ancestors": len(new.ancestors) + height},
        )


async def update_ancestors_below(table: Table, unit: Unit, old: Any, new: Any) -> None:
    """Updates the subtree of a category that moved: its ancestors and tree change, and so do its entity tags."""
    if old is None or (old.ancestors == new.ancestors and old.tree_id == new.tree_id):
        return
    for child, _ in await below(unit.tx, [new.id]):
        row = await unit.get(table, child)
        if row is not None:
            place = row.entity.ancestors.index(new.id)
            row.entity.tree_id = new.tree_id
            row.entity.ancestors = [*new.ancestors, *row.entity.ancestors[place:]]
            await unit.rewrite(table, row)
