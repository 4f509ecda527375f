"""Categories as trees show them: the same rows, with other members (V3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace as struct_replace

from bodega.domain.urls import CustomUrl, path_of
from bodega.kit.actions import Action
from bodega.kit.batch import CreateMany, UpdateMany
from bodega.kit.body import parse_json
from bodega.kit.chunk import CHUNK, TASK_ABOVE
from bodega.kit.context import Context, Found, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.filters import FilterField, Ignored
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.catalog import categories, products, trees
from bodega.resources.catalog.categories import TABLE, Category
from bodega.storage import query, rows
from bodega.storage.plan import ids_sql
from bodega.storage.table import parts
from bodega.storage.unit import Unit

MAXIMUM = 50
DEEPEST = 8


class Url(msgspec.Struct):
    """The path of a category's page, in the form of trees."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    is_customized: bool = False

    def __post_init__(self) -> None:
        path_of(CustomUrl(self.path))


_UUID = "626f6465-6761-8000-8000-"
"""A custom UUID (RFC 9562 5.8): the last part is the category's id, so nothing has to be stored."""


def uuid_of(category_id: int) -> str:
    """The UUID of a category."""
    return f"{_UUID}{category_id:012x}"


def _number(uuid: str) -> int:
    number = uuid.lower().removeprefix(_UUID)
    return int(number, 16) if len(number) == 12 and set(number) <= set("0123456789abcdef") else 0


_SAME = (
    "name parent_id description views sort_order page_title meta_keywords meta_description layout_file image_url"
    " is_visible search_keywords default_product_sort"
)


def in_a_tree(category: Category) -> dict[str, Any]:
    """The members of a category in the form of trees."""
    url = category.custom_url
    return {
        "category_id": category.id,
        "category_uuid": uuid_of(category.id),
        "tree_id": category.tree_id,
        **{name: getattr(category, name) for name in _SAME.split()},
        "url": {"path": url.url, "is_customized": url.is_customized},
    }


v3 = V3Shape(
    Category,
    required="name",
    read_only="id ancestors custom_url",
    write_only={"url": Url},
    view=in_a_tree,
    members=f"category_id category_uuid tree_id {_SAME} url",
)


_CATEGORY = FilterField("id")
_UUIDS = FilterField("id", _number, ("in", "not_in"))
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        ":tree_id :parent_id name page_title is_visible",
        mapped={":category_id": _CATEGORY, ":category_uuid": _UUIDS, "keyword": categories.KEYWORD},
        shown=v3.shown,
        always=("category_id",),
    ),
    "store_v2_products",
    "catalog/trees/categories",
    v3=v3,
    batch=Batch(MAXIMUM, counted=True, identity="category_id"),
)
UPDATE = replace(V3, batch=Batch(MAXIMUM, counted=True, identity="category_id", shows=False))
"""The reply to an update only counts what was done."""

DELETE = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        ":tree_id:in :parent_id:in",
        mapped={":category_id:in": _CATEGORY, ":category_uuid:in": _UUIDS},
        exact=True,
    ),
    V3.scope,
    V3.home,
    delete_needs_filter=True,
)


class CreateInTrees(CreateMany):
    """POST of a list of categories: each names its tree, or a parent whose tree it shares."""

    def read(self, content: Any) -> Any:
        drafts = super().read(content)
        message = "tree_id or parent_id is required."
        faults = [
            Fault(Reason.FIELD_MISSING, f"{place}.tree_id", message)
            for place, draft in enumerate(drafts)
            if "tree_id" not in draft and not draft.get("parent_id")
        ]
        if faults:
            raise refuse_faults(faults)
        return drafts


class UpdateInTrees(UpdateMany):
    """PUT of a list of categories, each of which names its own: none is made here."""

    def read(self, content: Any) -> Any:
        try:
            return super().read(content)
        except Refusal as refusal:
            absent = [fault for fault in refusal.faults if fault.key == "category_id"]
            if not absent:
                raise
            items = parse_json(content)
            faults = [fault for fault in refusal.faults if fault.key != "category_id"]
            for fault in absent:
                place = fault.field.partition(".")[0]
                if "tree_id" not in items[int(place)]:
                    faults.append(_told(f"{place}.tree_id", "Tree Id is required and can't be empty"))
                faults.append(_told(f"{place}.category_id", "Category does not exist."))
            raise refuse_faults(faults) from refusal


def _told(field: str, message: str) -> Fault:
    return Fault(Reason.FIELD_INVALID, field, message)


class DeleteInTrees(DeleteMany):
    """DELETE of categories with all below them; their products stay, and leave them. Nothing keeps one from going.

    Many at once are a task; the reply counts what it will delete (rule 29).
    """

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        if found.row.total <= TASK_ABOVE:
            return found
        assert found.plan is not None
        total = await rows.count(context.reader, found.plan, found.row)
        return struct_replace(found, row=found.row._replace(total=total))

    def wants_task(self, context: Context, found: Found) -> bool:
        return bool(found.row.total > TASK_ABOVE)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        assert write.found.plan is not None
        sql, values = ids_sql(write.found.plan._replace(limit=1_000_000_000), unit.tx.dialect)
        ids = await query.values(unit.tx, sql, *values)
        for some in parts(ids, CHUNK):
            await products.leave_categories(unit, {*some, *await categories.cascade_to_subtree(unit, some)})
        return await super().perform(unit, context, write)

    async def task_meta(self, context: Context, found: Found) -> dict[str, Any]:
        assert found.plan is not None
        total = await rows.count(context.reader, found.plan, found.row)
        return {"total": total, "success": 0, "failed": 0}


class ShowTree(Action):
    """GET of a whole tree: every category with its children, down to `depth`."""

    is_list = True

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        return Found(await self._collection(context), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        depth = _depth(context.query)
        below: dict[int, list[Category]] = {}
        of_tree = "tree_id = $1"
        for category in await query.entities(context.reader, TABLE, of_tree, found.parent, order="sort_order, id"):
            below.setdefault(category.parent_id, []).append(category)
        return Shown(ready=json({"data": _nodes(below, 0, depth), "meta": {}}))


def _nodes(below: dict[int, list[Category]], parent: int, depth: int) -> list[dict[str, Any]]:
    if depth == 0:
        return []
    return [
        {
            "id": category.id,
            "parent_id": category.parent_id,
            "depth": len(category.ancestors),
            "path": [*category.ancestors, category.id],
            "name": category.name,
            "is_visible": category.is_visible,
            "url": category.custom_url.url,
            "children": _nodes(below, category.id, depth - 1),
        }
        for category in below.get(parent, [])
    ]


def _depth(query: Query) -> int:
    return int(dict(query.given).get("depth", DEEPEST))


def _levels(text: str) -> bool:
    """How deep to look; it narrows nothing in the rows, so it is always met."""
    if not 1 <= integer(text) <= DEEPEST:
        raise ValueError(f"must be a whole number from 1 to {DEEPEST}")
    return True


WHOLE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={"depth": Ignored(_levels)}),
    V3.scope,
    "",
    parents=(Parent("tree_id", trees.TABLE),),
)

routes = (
    collection("catalog/trees/categories", V3, "GET")
    .also(route("catalog/trees/categories", 3, POST=CreateInTrees(V3), PUT=UpdateInTrees(UPDATE)))
    .also(route("catalog/trees/categories", 3, DELETE=DeleteInTrees(DELETE))),
    route("catalog/trees/{tree_id}/categories", 3, GET=ShowTree(WHOLE)).at_most(GET=1),
)

RESOURCE = Resource(routes=routes)
