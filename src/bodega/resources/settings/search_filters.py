"""Filters of search: which ones shoppers are offered, for the whole store and in contexts; those that could be.

The id of a filter is made of what it filters by, so it is the same in every list and needs no row.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bodega.kit.actions import Action, ListAll
from bodega.kit.body import parse_json, respect_cap, wrong_type
from bodega.kit.bounds import AtMost
from bodega.kit.complaint import typed
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.fields import Id, Line, clean_object
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.settings.group import INFORMATION
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MOST = 200
"""Filters in one list, and contexts in one request."""

Type = Literal["category", "brand", "rating", "price", "product", "other"]
Flag = bool | UnsetType


class SearchFilter(msgspec.Struct, omit_defaults=True):
    """A filter in the order in which shoppers see it; which members it has follows from its type."""

    collapsed_by_default: Flag = UNSET
    display_name: Line | UnsetType = UNSET
    display_product_count: Flag = UNSET
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | UnsetType = UNSET
    is_enabled: Flag = UNSET
    items_to_show: Literal[5, 10, 15] | UnsetType = UNSET
    sort_by: Literal["alpha", "option_values", "item_count"] | UnsetType = UNSET
    show_free_shipping_filter: Flag = UNSET
    show_in_stock_filter: Flag = UNSET
    show_is_featured_filter: Flag = UNSET
    show_product_count: Flag = UNSET
    type: Type | UnsetType = UNSET


_SHORT: dict[str, Any] = {"collapsed_by_default": False, "is_enabled": True}
_COUNTED = {**_SHORT, "display_product_count": True}
_LISTED = {**_COUNTED, "items_to_show": 10}
_OTHERS = ("show_free_shipping_filter", "show_in_stock_filter", "show_is_featured_filter", "show_product_count")
MEMBERS: Mapping[str, Mapping[str, Any]] = {
    "category": _LISTED,
    "brand": {**_LISTED, "sort_by": "alpha"},
    "product": {**_LISTED, "sort_by": "alpha"},
    "rating": _SHORT,
    "price": _SHORT,
    "other": {**_COUNTED, **dict.fromkeys(_OTHERS, True)},
}
"""The members of each type besides id, type and display_name, with what they are where nobody said."""

ALONE = {"category": "Category", "brand": "Brand", "rating": "Rating", "price": "Price", "other": "Other"}
"""The types of which there is one filter, and its name; those of products are named for what they filter by."""


def id_of(kind: str, name: str = "") -> str:
    """The id of a filter."""
    return urlsafe_b64encode(f"{kind}:{name}".encode()).decode()


def _named(identity: str) -> tuple[str, str] | None:
    """What a filter of this id is of: its type and, of products, the name of the option or field."""
    try:
        kind, colon, name = urlsafe_b64decode(identity.encode()).decode().partition(":")
    except ValueError:
        return None
    known = kind in MEMBERS and bool(colon) and bool(name) == (kind == "product")
    return (kind, name) if known and id_of(kind, name) == identity else None


def _new(kind: str, name: str) -> SearchFilter:
    identity = id_of(kind, "" if kind in ALONE else name)
    return SearchFilter(id=identity, type=kind, display_name=name, **MEMBERS[kind])  # type: ignore[arg-type]


def completed(given: SearchFilter, before: str) -> tuple[SearchFilter, list[Fault]]:
    """The filter with all members of its type and no other, and what is wrong with it."""
    named = _named(given.id) if isinstance(given.id, str) else None
    if named is None:
        return given, [invalid(f"{before}id", "must be the id of a filter, as the available ones have it")]
    kind, name = named
    if given.type is not UNSET and given.type != kind:
        return given, [invalid(f"{before}type", f"must be {kind}, as the filter of this id is")]
    if given.sort_by == "option_values" and kind != "product":
        return given, [invalid(f"{before}sort_by", "must be alpha or item_count")]
    whole = _new(kind, name or ALONE[kind])
    told = {member: getattr(given, member) for member in ("display_name", *MEMBERS[kind])}
    return replace(whole, **{member: value for member, value in told.items() if value is not UNSET}), []


DEFAULT = [_new(kind, name) for kind, name in ALONE.items()]
"""The filters of a store that set none."""

THE_ONE = 1


class SearchFilters(Entity, kw_only=True):
    """The filters of the whole store; a store that set none has no row."""

    filters: list[SearchFilter]


class FilterContext(msgspec.Struct, omit_defaults=True):
    """Where filters differ: at a channel, in a category, or in a category at a channel."""

    channel_id: Id | UnsetType = UNSET
    category_id: Id | UnsetType = UNSET


class ContextFilters(Entity, kw_only=True):
    """The filters of one context. An id of 0 narrows nothing."""

    filters: list[SearchFilter]
    channel_id: Id = 0
    category_id: Id = 0


TABLE = stored("search_filters", SearchFilters, noun="filters", columns="")
CONTEXTS = stored(
    "search_filter_contexts",
    ContextFilters,
    noun="filters of a context",
    columns="channel_id category_id",
    computed={
        "channel_ref": ("INTEGER", lambda one: one.channel_id or None),
        "category_ref": ("INTEGER", lambda one: one.category_id or None),
    },
    indexed="category_id channel_ref category_ref",
    uniques=[Unique(("channel_id", "category_id"), "channel_id", "This context has filters already.")],
    references=[
        Reference("channel_ref", "channels", "channel_id", "The channel does not exist.", "CASCADE"),
        Reference("category_ref", "categories", "category_id", "The category does not exist.", "CASCADE"),
    ],
)


async def search_filters(tx: Tx, channel_id: int = 0, category_id: int = 0) -> list[SearchFilter]:
    """The filters that shoppers are offered: those of the category at the channel, of the category, of the channel, or
    of the store, the first that there are."""
    test = "channel_id IN (0, $1) AND category_id IN (0, $2)"
    found: list[ContextFilters] = await query.entities(tx, CONTEXTS, test, channel_id, category_id)
    if found:
        return max(found, key=lambda one: (one.category_id > 0, one.channel_id > 0)).filters
    row = await query.get(tx, TABLE, THE_ONE)
    return row.entity.filters if row is not None else DEFAULT


def in_context(one: ContextFilters) -> dict[str, Any]:
    """The form in which a context is told."""
    named = {"channel_id": one.channel_id, "category_id": one.category_id}
    return {"context": {name: value for name, value in named.items() if value}, "data": one.filters}


class ShowFilters(Action):
    """GET of the store's filters."""

    async def find(self, context: Context) -> Found:
        return Found(await self._collection(context))

    async def answer(self, context: Context, found: Found) -> Outcome:
        row = await query.get(context.reader, TABLE, THE_ONE)
        return Shown(ready=json({"data": row.entity.filters if row is not None else DEFAULT, "meta": {}}))


Filters = Annotated[list[SearchFilter], AtMost(MOST)]


def _whole(given: Sequence[SearchFilter], before: str) -> tuple[list[SearchFilter], list[Fault]]:
    """Complete filters, each at most once."""
    made, faults, seen = [], [], set()
    for place, one in enumerate(given):
        whole, wrong = completed(one, f"{before}{place}.")
        if not wrong and whole.id in seen:
            wrong = [invalid(f"{before}{place}.id", "must not be in the list twice")]
        seen.add(whole.id)
        made.append(whole)
        faults += wrong
    return made, faults


def _typed(items: Any, kind: Any) -> list[Any]:
    """The items of a body as this type. Raises Refusal naming every faulty one by its place."""
    respect_cap(items, MOST)
    made, faults = [], []
    for place, item in enumerate(items):
        try:
            made.append(clean_object(typed(item, kind)))
        except ValueError as error:
            fault = wrong_type(str(place), error)
            inside = getattr(error, "path", "")
            faults.append(fault if fault.field.endswith(inside) else fault._replace(field=f"{place}{inside}"))
    if faults:
        raise refuse_faults(faults)
    return made


class ChangeFilters(ShowFilters):
    """PUT of all of the store's filters, in order."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        made, faults = _whole(_typed(parse_json(content), SearchFilter), "")
        if faults:
            raise refuse_faults(faults)
        return made

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        old = await unit.get(TABLE, THE_ONE)
        if write.draft != (old.entity.filters if old is not None else DEFAULT):
            await unit.save(TABLE, old, SearchFilters(id=THE_ONE, filters=write.draft))
        return Shown(ready=json({"data": write.draft, "meta": {}}))


class _InContext(msgspec.Struct):
    context: FilterContext
    data: Annotated[list[SearchFilter], msgspec.Meta(max_length=MOST)]


class ChangeContexts(Action):
    """PUT of contexts with their filters; a context without filters has the store's again."""

    writes = True
    body = True

    async def find(self, context: Context) -> Found:
        return Found(await self._collection(context))

    def read(self, content: Any) -> Any:
        drafts, faults = [], []
        for place, one in enumerate(_typed(parse_json(content), _InContext)):
            made, wrong = _whole(one.data, f"{place}.data.")
            draft = ContextFilters(
                filters=made, channel_id=one.context.channel_id or 0, category_id=one.context.category_id or 0
            )
            if not draft.channel_id and not draft.category_id:
                wrong.append(invalid(f"{place}.context", "must name a channel, a category, or both"))
            drafts.append(draft)
            faults += wrong
        if faults:
            raise refuse_faults(faults)
        return drafts

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        for place, draft in enumerate(write.draft):
            await self._know(unit, place, draft)
            test = "channel_id = $1 AND category_id = $2"
            found = await unit.where(CONTEXTS, test, draft.channel_id, draft.category_id)
            old = found[0] if found else None
            if not draft.filters:
                await unit.delete(CONTEXTS, [row.entity.id for row in found])
            elif old is None:
                await unit.insert(CONTEXTS, draft)
            elif old.entity.filters != draft.filters:
                await unit.update(CONTEXTS, old, replace(old.entity, filters=draft.filters))
        return Shown(ready=json({"data": [in_context(one) for one in write.draft], "meta": {}}))

    async def _know(self, unit: Unit, place: int, draft: ContextFilters) -> None:
        for name, table in (("channel_id", "channels"), ("category_id", "categories")):
            wanted = getattr(draft, name)
            if wanted and not await query.existing(unit.tx, table, [wanted]):
                what = "a channel" if table == "channels" else "a category"
                raise refuse_faults([invalid(f"{place}.context.{name}", f"must be the id of {what} of the store")])


async def _channel(_tx: Tx, old: Any, new: Any) -> list[int]:
    one = new if new is not None else old
    return [one.channel_id] if one.channel_id else []


def context_changed(old: Any, new: Any) -> dict[str, Any]:
    """The payload of a change of the filters of a context."""
    return {"channel_id": (new if new is not None else old).channel_id}


v3 = V3Shape(
    ContextFilters, required="", read_only="id filters channel_id category_id", view=in_context, members="context data"
)
_FILTERS = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ""),
    INFORMATION,
    "settings/search/filters",
    v3=V3Shape(SearchFilters, required="", read_only="id filters"),
)
_CONTEXTS = Endpoint(
    3,
    CONTEXTS,
    Listing(CONTEXTS, 3, "channel_id category_id", exact=True),
    INFORMATION,
    "settings/search/filters/contexts",
    v3=v3,
)

routes = (
    route("settings/search/filters", 3, GET=ShowFilters(_FILTERS), PUT=ChangeFilters(_FILTERS)),
    route("settings/search/filters/contexts", 3, GET=ListAll(_CONTEXTS), PUT=ChangeContexts(_CONTEXTS)),
)
RESOURCE = Resource(
    aggregates=(
        Aggregate(TABLE),
        Aggregate(
            CONTEXTS,
            signals=(
                fires(
                    "store/channel/#/settings/searchContextFilters/updated",
                    context_changed,
                    on="created updated deleted",
                    channels=_channel,
                ),
            ),
        ),
    ),
    routes=routes,
)
