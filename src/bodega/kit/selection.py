"""Which rows a request is about: the statements that follow from an endpoint, made once, and what the path fixes."""

from __future__ import annotations

from typing import Any

from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.law.outcome import Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage import query
from bodega.storage.operands import Flag, Op, Operand, OwnOrShared
from bodega.storage.plan import Condition, QueryPlan, shape_and_values, where_sql
from bodega.storage.query import StoredRow
from bodega.storage.unit import Unit


class Selection:
    """Which rows an endpoint is about. A path below other rows is resolved from the outermost inwards."""

    def __init__(self, endpoint: Endpoint, *, rest: bool = True) -> None:
        """`rest`: whether a row is read with the members that V3 does not show"""
        self.endpoint = endpoint
        self.fixed = endpoint.parents[-1].column if endpoint.parents else ""
        self._parents = _walk(endpoint)
        self._offset = endpoint.id_offset
        flags = [column for column, value in endpoint.only.items() if isinstance(value, bool)]
        plain = [column for column in endpoint.only if column not in flags]
        self._columns: list[tuple[Operand, Op]] = [(column, "eq") for column in (*self._outer(), *plain)]
        if endpoint.owner:
            self._columns.append(
                (OwnOrShared(endpoint.owner, endpoint.shared) if endpoint.shared else endpoint.owner, "eq")
            )
        self._by_id_alone = not (self._parents or self._offset or self._columns)
        # A flag is a test without a parameter, so that a partial index (WHERE NOT flag) is used.
        self._flags = [Condition(Flag(column), "is", endpoint.only[column]) for column in flags]
        self._values = [endpoint.only[column] for column in plain]
        shape = (
            ("id", "eq", 1),
            *((column, op, 1) for column, op in self._columns),
            *shape_and_values(self._flags)[0],
        )
        tests = where_sql(shape, "").partition("$1")[2]
        self._by_number = f"SELECT 1 FROM {endpoint.table.name} WHERE id = $1{tests}"
        self._item = query.stored_sql(endpoint.table, f"{endpoint.key} = $1{tests}", rest=rest)

    async def enter(self, context: Context) -> Any:
        """Resolves the innermost row that the path names before the endpoint's own: the value that rows below it hold.

        Raises Refusal if one is missing.
        """
        value: Any = None
        for place, sql in enumerate(self._parents):
            known = (context.ids[place],) if place == 0 else (context.ids[place], value)
            found = await context.reader.row(sql, *known)
            if found is None:
                raise Refusal(Reason.NO_SUCH_ENTITY)
            (value,) = found
        return value

    async def item(self, context: Context, *, held: bool = False) -> Found:
        """What the path names, with its `StoredRow`; `held` as in `Found`. Raises Refusal."""
        parent = None
        if self._by_id_alone:
            record = await context.reader.row(self._item, context.ids[-1])
        else:
            parent = await self.enter(context) if self._parents else None
            last = context.ids[-1] - self._offset if self._offset else context.ids[-1]
            known = self._known(context, parent) if self._columns else ()
            record = await context.reader.row(self._item, last, *known)
        if record is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        row = StoredRow(*record)
        state = Validator(row.version, row.modified)
        return Found(state, parent, row.id, row, held=True) if held else Found(state, parent, row.id, row)

    def _outer(self) -> tuple[str, ...]:
        return (self.fixed,) if self.fixed else ()

    @property
    def narrows(self) -> bool:
        """Whether the endpoint shows only a part of its table."""
        return bool(self._columns or self._flags)

    async def own(self, unit: Unit, context: Context, parent: Any, entity_id: int) -> None:
        """Checks inside a transaction that a row which a body names is among the selected. Raises Refusal."""
        if await unit.tx.row(self._by_number, entity_id, *self._known(context, parent)) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)

    def narrowed(self, context: Context, parent: Any) -> QueryPlan:
        """The plan of the query, limited to `parent`, which the path names, and to what the caller may see."""
        plan = context.query.plan
        if not self.narrows:
            return plan
        known = self._known(context, parent)
        fixed = [Condition(column, op, value) for (column, op), value in zip(self._columns, known, strict=True)]
        return plan._replace(where=(*fixed, *self._flags, *plan.where))

    def new(self, parent: Any) -> dict[str, Any]:
        """The values that a new row gets because it is below `parent`."""
        fields = self.endpoint.table.entity.__struct_fields__
        known = {column: value for column, value in self.endpoint.only.items() if column in fields}
        return {**known, self.fixed: parent} if self.fixed else known

    def _known(self, context: Context, parent: Any) -> list[Any]:
        known = [parent] if self.fixed else []
        known += self._values
        if self.endpoint.owner:
            known.append(context.client_id)
        return known


def _walk(endpoint: Endpoint) -> list[str]:
    """One statement per parent: the value that rows below it hold, if it is below the parent before."""
    statements = []
    before = ""
    for level in endpoint.parents:
        test = (f" AND {before} = $2" if before else "") + (f" AND {level.where}" if level.where else "")
        statements.append(f"SELECT {level.value} FROM {level.table.name} WHERE {level.key} = $1{test}")
        before = level.column
    return statements
