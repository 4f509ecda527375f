"""Web pages of V3, on the rows of V2 (rule 109): single and by the list, their bodies on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from bodega.domain.urls import CustomUrl
from bodega.kit.actions import ShowItem
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.fields import NAME, STRING, FieldType, Line, Long, as_is
from bodega.kit.filters import Filter, FilterField, Ignored
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.one_or_many import OneOrMany, UpdateOneOrMany
from bodega.kit.parameters import flag
from bodega.kit.render import json
from bodega.kit.route import collection, item, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Emptied, Outcome, PartlyMissing, PartlyRefused
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.resources.content.pages import TABLE, Text, WebPage
from bodega.storage import query
from bodega.storage.operands import AnyColumn
from bodega.storage.plan import Condition, ids_sql
from bodega.storage.rules import depends_on
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_content"
MAXIMUM = 250
"""The most pages in one body; no limit is published, and no page of a list is longer."""

_UNSET = FieldType("string", as_is, STRING.read, lambda value: STRING.clean(value or ""))
"""Null is the empty text."""

_EVERY = ("channel_id", "name", "is_visible", "parent_id", "sort_order", "type", "is_homepage", "is_customers_only")
_META = ("meta_title", "meta_keywords", "meta_description")
_OF_TYPE: dict[str, tuple[str, ...]] = {
    "page": (*_META, "search_keywords"),
    "blog": (*_META, "search_keywords"),
    "contact_form": (*_META, "search_keywords", "email", "contact_fields"),
    "raw": ("search_keywords", "content_type"),
    "link": ("link",),
}
"""The members that a page of each type has besides those of all."""


def members(page: WebPage) -> dict[str, Any]:
    """A page as V3 shows it, without its body."""
    named = {name: getattr(page, name) for name in ("id", *_EVERY, *_OF_TYPE.get(page.type, ()))}
    return {**named, "url": page.custom_url.url}


v3 = V3Shape(
    WebPage,
    required="name type",
    read_only="id custom_url layout_file has_mobile_version mobile_body",
    view=members,
    members=" ".join(("id", *_EVERY, *_META, "search_keywords", "email", "contact_fields", "content_type", "link url")),
    write_only={
        "name": Annotated[str, msgspec.Meta(min_length=1, max_length=100), NAME],
        "meta_title": Annotated[Line | None, _UNSET],
        "meta_keywords": Annotated[Long | None, _UNSET],
        "meta_description": Annotated[Long | None, _UNSET],
        "search_keywords": Annotated[Line | None, _UNSET],
        "body": Annotated[Text | None, _UNSET],
        "url": Line,
    },
)


async def _bodies(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    sql = f"SELECT id, body FROM web_pages WHERE id IN ({numbered_placeholders(len(ids))})"
    return {page: json(body) for page, body in await context.reader.rows(sql, *ids)}


LIST = Listing(
    TABLE,
    3,
    "channel_id id:in",
    mapped={
        "name": Filter("name_key", "eq", caseless),
        "name:like": FilterField(AnyColumn(("name_key", "body"))),
    },
    includes={"body": Include(_bodies, b'""', tables=TABLE.name)},
)
BATCH = Batch(MAXIMUM, partly=PartlyRefused, each=True)
V3 = Endpoint(3, TABLE, LIST, SCOPE, "content/pages", v3=v3, batch=BATCH)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id:in", mapped={"delete_children": Ignored(flag)}, exact=True),
    SCOPE,
    "content/pages",
    delete_needs_filter=True,
)


class ShowPage(ShowItem):
    """GET of one page: nothing is there if it does not meet the filters of the query."""

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        plan = context.query.plan
        if plan.where:
            own = Condition("id", "eq", found.entity_id)
            sql, values = ids_sql(plan._replace(where=(own, *plan.where), limit=1, offset=0), context.reader.dialect)
            if await context.reader.row(sql, *values) is None:
                raise Refusal(Reason.NO_SUCH_ENTITY)
        return found


class DeletePages(DeleteMany):
    """DELETE of the pages that a filter names: 404 tells that some were not there, and the others are gone."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        asked = dict(context.query.given)
        wanted = list(dict.fromkeys(int(one) for one in asked["id:in"].split(",")))
        marks = numbered_placeholders(len(wanted))
        there = await query.values(unit.tx, f"SELECT id FROM web_pages WHERE id IN ({marks}) ORDER BY id", *wanted)
        going = await _with_descendants(unit, there) if flag(asked.get("delete_children") or "false") else there
        await unit.delete(TABLE, going)
        missing = sorted(set(wanted) - set(there))
        if not missing:
            return Emptied()
        title = f"A Page was not found with an ID of {missing[0]}"
        told = {"status": PartlyMissing.status, "title": title, "type": Reason.NO_SUCH_ENTITY.page}
        return PartlyMissing(ready=json({**told, "details": {"missing_ids": missing}}))


_BELOW = """
SELECT child.id FROM web_pages child JOIN web_pages parent ON child.parent_id = parent.id
WHERE parent.id IN ({}) AND child.channel_id = parent.channel_id ORDER BY child.id
"""
"""What is below pages, of their own channel: what a store kept from before may be below another channel's."""


async def _with_descendants(unit: Unit, ids: Sequence[int]) -> list[int]:
    found = list(ids)
    level: Sequence[int] = ids
    while level:
        marks = numbered_placeholders(len(level))
        level = [one for one in await query.values(unit.tx, _BELOW.format(marks), *level) if one not in set(found)]
        found += level
    return found


routes = (
    collection("content/pages", V3, "GET").also(
        route("content/pages", 3, POST=OneOrMany(V3), PUT=UpdateOneOrMany(V3), DELETE=DeletePages(DELETE))
    ),
    item("content/pages/{page_id}", V3, "PUT DELETE").also(route("content/pages/{page_id}", 3, GET=ShowPage(V3))),
)


@depends_on("url")
async def read_the_path(_unit: Unit, changes: Changes, _old: WebPage | None, _notes: list[Fault]) -> None:
    """V3 says `url` where the entity keeps a path."""
    if "url" in changes:
        changes["custom_url"] = CustomUrl(changes.pop("url"))
