"""DELETE of a collection."""

from __future__ import annotations

from bodega.kit.actions import Action
from bodega.kit.chunk import CHUNK, TASK_ABOVE, Chunk
from bodega.kit.context import Context, Found, Write
from bodega.kit.listing import Query
from bodega.law.outcome import Emptied, Outcome, Validator
from bodega.storage import query, rows
from bodega.storage.plan import ids_sql
from bodega.storage.unit import Unit


class DeleteMany(Action):
    """DELETE of a collection, or of the rows that the filters name; ids that do not exist are fine (rule 24)."""

    writes = True

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, strict=True)
        if self.endpoint.delete_needs_filter and not asked.filters:
            raise self.listing.need_filter()
        return asked

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        now = await rows.table_state(context.reader, self.table)
        plan = self.selection.narrowed(context, parent)
        if self.selection.narrows and now.total > TASK_ABOVE:  # their number decides whether it becomes a task
            now = now._replace(total=await rows.count(context.reader, plan, now))
        return Found(Validator(now.revision, now.modified), parent, 0, now, plan)

    def wants_task(self, context: Context, found: Found) -> bool:
        return self.endpoint.version == 2 and not context.query.filters and found.row.total > TASK_ABOVE

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        """Deletes the rows; in a task, one chunk, whose outcome says whether there is more to do."""
        self._still(unit, write)
        if self.endpoint.idle_delete and not context.query.filters:
            return Emptied(value=Chunk(0, more=False) if context.in_task else None)
        chunked = context.in_task and not self.table.at_once
        cap = self.endpoint.delete_cap if context.query.filters else 0
        maximum = CHUNK if chunked else cap or 1_000_000_000
        assert write.found.plan is not None
        sql, values = ids_sql(write.found.plan._replace(limit=maximum), unit.tx.dialect)
        ids = await query.values(unit.tx, sql, *values)
        for start in range(0, len(ids), CHUNK):
            await unit.delete(self.table, ids[start : start + CHUNK])
        return Emptied(value=Chunk(len(ids), more=chunked and len(ids) == CHUNK) if context.in_task else None)
