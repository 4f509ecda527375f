"""Lists that are the same in every store: kept in memory, and queried like any other.

A fixed list has a table for its columns, a listing and a shape as other resources have, but no rows in a store: what
never changes need not be copied into each. It is never written, so its entity tag follows from its content.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.law.outcome import Emptied, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.operands import Operand
from bodega.storage.plan import Condition, QueryPlan
from bodega.storage.table import Table

TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "min": operator.ge,
    "max": operator.le,
    "greater": operator.gt,
    "less": operator.lt,
    "in": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
}


class Fixed:
    """The entities of a list in the order in which it shows them; they are made at their first use."""

    def __init__(self, table: Table, make: Callable[[], Sequence[Any]]) -> None:
        self._table = table
        self._make = make
        self._columns: dict[Operand, Callable[[Any], Any]] = {column.name: column.value for column in table.columns}
        self._columns["id"] = operator.attrgetter("id")

    @cached_property
    def entities(self) -> Sequence[Any]:
        """All of them."""
        return self._make()

    @cached_property
    def by_id(self) -> dict[int, Any]:
        """All of them by id."""
        return {entity.id: entity for entity in self.entities}

    @cached_property
    def state(self) -> Validator:
        """The state of the list: another edition has another tag, and there is no modification time."""
        return Validator(zlib.crc32(b"".join(self._table.encode(entity)[0] for entity in self.entities)), 0)

    def matching(self, plan: QueryPlan) -> list[Any]:
        """The entities that match a plan, on all of its pages."""
        return [entity for entity in self.entities if all(self._meets(entity, condition) for condition in plan.where)]

    def _meets(self, entity: Any, condition: Condition) -> bool:
        return bool(TESTS[condition.op](self._columns[condition.column](entity), condition.value))


class ReadFixed(Action):
    """GET of a fixed list, or of a part of it; `parents` is the list in which the path's first id must be."""

    def __init__(self, endpoint: Endpoint, fixed: Fixed, parents: Fixed | None = None) -> None:
        super().__init__(endpoint)
        self._fixed = fixed
        self._parents = parents
        assert endpoint.v2 is not None
        self._shape = endpoint.v2

    async def find(self, context: Context) -> Found:
        if self._parents is not None and context.ids[0] not in self._parents.by_id:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return Found(self._fixed.state)

    def _matching(self, context: Context) -> list[Any]:
        plan = context.query.plan
        if self._parents is not None:
            plan = plan._replace(where=(*plan.where, Condition(self.selection.fixed, "eq", context.ids[0])))
        return self._fixed.matching(plan)


class ListFixed(ReadFixed):
    """GET of the list: a page of it."""

    is_list = True

    async def answer(self, context: Context, found: Found) -> Outcome:
        plan = context.query.plan
        page = self._matching(context)[plan.offset : plan.offset + plan.limit]
        if not page:
            return Emptied()
        members = [self._shape.show(entity, context.base) for entity in page]
        return Shown(value=members, root=self._shape.root, item=self._shape.item)


class CountFixed(ReadFixed):
    """GET of its count."""

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(value={"count": len(self._matching(context))}, root="count")


class ShowFixed(ReadFixed):
    """GET of one of its members."""

    async def find(self, context: Context) -> Found:
        await super().find(context)
        one = self._fixed.by_id.get(context.ids[-1])
        elsewhere = self._parents is not None and getattr(one, self.selection.fixed, None) != context.ids[0]
        if one is None or elsewhere:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return Found(self._fixed.state, row=one)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(value=self._shape.show(found.row, context.base), root=self._shape.item)
