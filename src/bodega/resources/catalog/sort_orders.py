"""The order of the products in a category, if it was set: it precedes the order of the products themselves."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.kit.actions import Action
from bodega.kit.body import parse_json, respect_cap, wrong_type
from bodega.kit.complaint import typed
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.fields import INT32
from bodega.kit.listing import Listing
from bodega.kit.pairs import MAXIMUM
from bodega.kit.render import json, pagination
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, refuse_faults
from bodega.resources.catalog import categories, product
from bodega.storage import query, rows
from bodega.storage.rules import depends_on
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

NAME = "category_sort_orders"
TABLES = (product.TABLE.name, NAME)


class SortPosition(msgspec.Struct):
    """The position of a product in a category; without a number it comes after those that have one."""

    product_id: Annotated[int, msgspec.Meta(ge=1, le=INT32)]
    sort_order: Annotated[int, msgspec.Meta(ge=0, le=INT32)] | None


FACET = Endpoint(
    3,
    product.TABLE,
    Listing(product.TABLE, 3, ""),
    "store_v2_products",
    "",
    parents=(Parent("", categories.TABLE),),
)

_SOURCE = (
    "FROM product_categories p LEFT JOIN category_sort_orders s"
    " ON s.category_id = p.category_id AND s.product_id = p.product_id WHERE p.category_id = $1"
)


class ShowOrder(Action):
    """GET: the products of the category with their positions, those without one last."""

    is_list = True

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        standings = [await rows.table_state_of(context.reader, name) for name in TABLES]
        state = Validator.of_all(*(Validator(one.revision, one.modified) for one in standings))
        return Found(state, parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        plan = context.query.plan
        order = "s.sort_order IS NULL, s.sort_order, p.product_id LIMIT $2 OFFSET $3"
        sql = f"SELECT p.product_id, s.sort_order {_SOURCE} ORDER BY {order}"
        page = await context.reader.rows(sql, found.parent, plan.limit, plan.offset)
        members = "SELECT count(*) FROM product_categories WHERE category_id = $1"
        total = await query.value(context.reader, members, found.parent)
        shown = json([{"product_id": product_id, "sort_order": place} for product_id, place in page])
        told = pagination(context, total, len(page))
        return Shown(ready=b'{"data":' + shown + b',"meta":{"pagination":' + told + b"}}")


class SetOrder(Action):
    """PUT: sets or removes (null) the positions of products in the category."""

    writes = True
    body = True
    takes = list[SortPosition]

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    def read(self, content: Any) -> Any:
        items = parse_json(content)
        respect_cap(items, MAXIMUM)
        faults: list[Fault] = []
        places: list[SortPosition] = []
        for place, item in enumerate(items):
            try:
                places.append(typed(item, SortPosition))
            except ValueError as error:
                faults.append(wrong_type(str(place), error))
        if faults:
            raise refuse_faults(faults)
        return places

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        category = write.found.parent
        await _refuse_strangers(unit, category, write.draft)
        sql = "SELECT product_id, sort_order FROM category_sort_orders WHERE category_id = $1"
        places = await query.pairs(unit.tx, sql, category)
        moved = [wanted for wanted in write.draft if wanted.sort_order != places.get(wanted.product_id)]
        for wanted in moved:
            await unit.tx.run(
                "DELETE FROM category_sort_orders WHERE category_id = $1 AND product_id = $2",
                category,
                wanted.product_id,
            )
            if wanted.sort_order is not None:
                sql = "INSERT INTO category_sort_orders (category_id, product_id, sort_order) VALUES ($1, $2, $3)"
                await unit.tx.run(sql, category, wanted.product_id, wanted.sort_order)
        if moved:
            unit.statistics.touch(NAME, unit.now)
        return Shown(ready=json({"data": write.draft, "meta": {}}))


async def _refuse_strangers(unit: Unit, category: int, places: list[SortPosition]) -> None:
    """Only products of the category can have a position in it."""
    ids = sorted({wanted.product_id for wanted in places})
    if not ids:
        return
    placeholders = numbered_placeholders(len(ids), 2)
    sql = f"SELECT product_id FROM product_categories WHERE category_id = $1 AND product_id IN ({placeholders})"
    there = set(await query.values(unit.tx, sql, category, *ids))
    faults = [
        Fault(Reason.FIELD_INVALID, f"{place}.product_id", "The product is not in this category.")
        for place, wanted in enumerate(places)
        if wanted.product_id not in there
    ]
    if faults:
        raise refuse_faults(faults)


@depends_on("categories", new=False)
async def delete_left_positions(unit: Unit, old: product.Product | None, new: product.Product) -> None:
    """Deletes the positions of a product in categories that it left."""
    left = set(old.categories) - set(new.categories) if old is not None else set()
    if left:
        placeholders = numbered_placeholders(len(left), 2)
        sql = f"DELETE FROM category_sort_orders WHERE product_id = $1 AND category_id IN ({placeholders})"
        await unit.tx.run(sql, new.id, *sorted(left))
        unit.statistics.touch(NAME, unit.now)


routes = (route("catalog/categories/{category_id}/products/sort-order", 3, GET=ShowOrder(FACET), PUT=SetOrder(FACET)),)

RESOURCE = Resource(routes=routes)
