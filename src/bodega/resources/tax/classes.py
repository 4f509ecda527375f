"""Tax classes in V3: the same as V2's (`store/tax_classes.py`), which only shows them (rule 111)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.kit.batch import CreateMany, UpdateMany
from bodega.kit.context import Context, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.store.tax_classes import TABLE, TaxClass
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

CAP = 50
"""Rule 25."""
SCOPE = "store_v2_information"

v3 = V3Shape(TaxClass, required="name", read_only="id created_at updated_at")
V3 = Endpoint(
    3, TABLE, Listing(TABLE, 3, ""), SCOPE, "", v3=v3, created=200, batch=Batch(CAP, whole=True)
)  # fmt: skip
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, "", delete_needs_filter=True)


def _distinct(drafts: Sequence[dict[str, Any]]) -> None:
    """An item at least, and none of them twice, by number or by name. Raises Refusal."""
    if not drafts:
        raise refuse_faults([Fault(Reason.FIELD_INVALID, "", "The request body must have an item at least.")])
    faults: list[Fault] = []
    for name in ("id", "name"):
        seen: set[Any] = set()
        for place, draft in enumerate(drafts):
            value = caseless(draft[name]) if name == "name" and name in draft else draft.get(name)
            if value is not None and value in seen:
                faults.append(invalid(f"{place}.{name}", "must not be there twice"))
            seen.add(value)
    if faults:
        raise refuse_faults(faults)


async def _all_there(unit: Unit, ids: Sequence[int]) -> None:
    there = set(await query.existing(unit.tx, TABLE.name, ids))
    absent = sorted(set(ids) - there)
    if absent:
        message = f"There is no tax class {absent[0]}."
        raise Refusal(Reason.CLASSES_REFUSED, message, details={"missing_ids": absent})


class CreateClasses(CreateMany):
    """POST: all of the list or none."""

    def read(self, content: Any) -> Any:
        drafts = super().read(content)
        _distinct(drafts)
        return drafts


class RenameClasses(UpdateMany):
    """PUT: all of the list or none; each item has a name."""

    def read(self, content: Any) -> Any:
        drafts = super().read(content)
        faults = [missing(f"{place}.name") for place, draft in enumerate(drafts) if "name" not in draft]
        if faults:
            raise refuse_faults(faults)
        _distinct(drafts)
        return drafts

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await _all_there(unit, [draft["id"] for draft in write.draft])
        return await super().perform(unit, context, write)


class DeleteClasses(DeleteMany):
    """DELETE of the named classes: all of them or none."""

    def parse(self, query: str) -> Query:
        asked = super().parse(query) if "id%3Ain=" in query or "id:in=" in query else None
        if asked is None or not asked.filters:
            raise Refusal(Reason.NO_SUCH_ENTITY, "The parameter id:in must name the tax classes to delete.")
        if len(self._named(asked)) > CAP:
            message = f"At most {CAP} tax classes are deleted at once."
            raise Refusal(Reason.TOO_MANY_ITEMS, message, details={"max_items": CAP})
        return asked

    def _named(self, asked: Query) -> Sequence[int]:
        (condition,) = asked.plan.where
        named: Sequence[int] = condition.value
        return named

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        named = self._named(context.query)
        await _all_there(unit, named)
        test = f"tax_class_ref IN ({numbered_placeholders(len(named))})"
        used = await query.values(unit.tx, f"SELECT DISTINCT tax_class_ref FROM products WHERE {test}", *named)
        if used:
            message = f"Products have the tax class {min(used)}."
            raise Refusal(Reason.CLASSES_REFUSED, message, details={"used_ids": sorted(used)})
        return await super().perform(unit, context, write)


routes = (
    route("tax/classes", 3, POST=CreateClasses(V3), PUT=RenameClasses(V3), DELETE=DeleteClasses(DELETE)),
)  # fmt: skip

RESOURCE = Resource(routes=routes)
