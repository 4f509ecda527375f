"""Query parameters as data: which filters, sorts and includes a list takes, and how a query string is read."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from bodega.kit.fields import INT32
from bodega.kit.filters import Filter, FilterField, Ignored, filter_of, filters_of
from bodega.kit.includes import MAX_LIMIT, Include
from bodega.kit.parameters import integer
from bodega.kit.sealed import Sealed
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.storage.declaration import declared_in
from bodega.storage.plan import Condition, QueryPlan
from bodega.storage.table import Table

DEFAULT_LIMIT = 50
MAX_PARAMETERS = 1000
MOST_KEPT = 2_000
LONGEST_KEPT = 200
"""Queries that are remembered by their text, and the longest of them in characters: what a text means depends on the
list alone, not on a store or the time."""

LONGEST_SEARCH = 10_000
"""The greatest length in characters of a text to search for: SQLite takes patterns of up to 50,000 bytes."""


class Cursor(NamedTuple):
    """A position in a list in the order of ids; on the wire it is opaque. `backwards`: selects the rows before it."""

    at: int
    backwards: bool = False

    @property
    def text(self) -> str:
        """The text in `before` and `after`."""
        return urlsafe_b64encode(f"id:{self.at}".encode()).decode().rstrip("=")


def _cursor(text: str, *, backwards: bool) -> Cursor:
    try:
        name, _, at = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(":")
        if name != "id":
            raise ValueError
        return Cursor(integer(at), backwards)
    except ValueError:
        raise ValueError("must be a cursor that a page of this list told") from None


class Query(msgspec.Struct, frozen=True):
    """The parsed and checked query string. `filters`: whether any filter was given."""

    plan: QueryPlan
    page: int = 1
    limit: int = DEFAULT_LIMIT
    include: tuple[str, ...] = ()
    fields: frozenset[str] | None = None
    given: tuple[tuple[str, str], ...] = ()
    filters: bool = False
    cursor: Cursor | None = None

    @property
    def at(self) -> list[tuple[str, str]]:
        """The cursor as a parameter."""
        return [] if self.cursor is None else [("before" if self.cursor.backwards else "after", self.cursor.text)]


class Listing(Sealed):
    """The parameters of one list in one API version.

    `filters` names the fields that can be asked for: in V3 each with every operator that its type allows (`:in`,
    `:min`, `:like`, ...), and by its name alone if it is equal, unless a colon stands before the word. An `exact`
    listing, as that of a delete, has only the operators that its words name (`id:in,not_in`); so has V2, which writes
    a range as `min_id max_id`. `mapped` gives what is not a column of that name. Every list of V2 can be asked for an
    `id`.

    A list of V3 is asked with `closed`: it refuses what it does not know (rule 20), which would return too much. V2
    passes over a parameter that nobody knows, as connectors send many, but refuses an operator that a field lacks.

    A word of `sorts` may include its direction, such as `last_name:desc`; a column `x_key` is used to sort by `x`.

    `order` is the column by which the list is sorted unless the caller chooses; descending with `-` before it. `inside`
    names includes that are always shown. `cursor`: pages can also be requested by `before` and `after`. `maximum` is
    the greatest limit, `usual` that of a page for which none was asked. `bounds` are paging parameters that a delete
    takes as well: it then deletes a page.
    """

    def __init__(
        self,
        table: Table,
        version: int,
        filters: str,
        *,
        sorts: str = "",
        mapped: Mapping[str, Filter | FilterField | Ignored] | None = None,
        exact: bool = False,
        includes: Mapping[str, Include] | None = None,
        shown: Sequence[str] = (),
        always: Sequence[str] = ("id",),
        include_names_fields: bool = False,
        order: str = "id",
        inside: str = "",
        cursor: bool = False,
        maximum: int = MAX_LIMIT,
        usual: int = DEFAULT_LIMIT,
        bounds: str = "",
    ) -> None:
        self.file = declared_in()
        self.table = table
        self.version = version
        self.words = tuple(filters.split())
        self.mapped = dict(mapped or {})
        self.bounds = tuple(bounds.split())
        self.sorts = tuple(sorts.split())
        self.includes: Mapping[str, Include] = MappingProxyType(dict(includes or {}))
        self.shown = tuple(shown)
        self.always = frozenset(always)
        self.include_names_fields = include_names_fields
        self.order = (order.lstrip("-"), order.startswith("-"))
        self.inside = tuple(inside.split())
        self.cursor = cursor
        self.exact = exact or version == 2
        self.maximum = maximum
        self.usual = usual
        self._unbounding = PAGING.difference(self.bounds)
        self.everything = Query(QueryPlan(table, order=self.order, limit=usual), limit=usual, include=self.inside)

    @cached_property
    def filters(self) -> Mapping[str, Filter | Ignored]:
        """By parameter; made when the list is first asked for one: of hundreds of lists a server uses some."""
        made: dict[str, Filter | Ignored] = {}
        for word in self.words:
            if self.version == 2 and word[:4] in ("min_", "max_"):
                made[word] = filter_of(self.table, FilterField(word[4:]), word[:3])
            else:
                made |= filters_of(self.table, word, exact=self.exact)
        for word, found in self.mapped.items():
            if isinstance(found, FilterField):
                made |= filters_of(self.table, word, found, exact=self.exact)
            else:
                made[word] = found
        return made

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset([*(name.partition(":")[0] for name in self.filters), *(["id"] if self.version == 2 else [])])

    def _filter(self, name: str, *, strict: bool) -> Filter | Ignored | None:
        found = self.filters.get(name)
        return _ID if found is None and name == "id" and self.version == 2 and not strict else found

    def parse(self, query: str, *, strict: bool = False, closed: bool = False, strangers: bool = False) -> Query:
        """The query of a request. Raises Refusal.

        `closed` also refuses unknown filters in V3; where `strangers` come, only those of a field that has others.
        `strict` refuses them in both versions, with filters that say nothing and words of paging: a delete must not
        pass one over.
        """
        if not query:
            return self.everything
        key = (self, query, strict, closed, strangers)
        known = _parsed.get(key)
        if known is None:
            known = self._parse(query, strict=strict, closed=closed, strangers=strangers)
            if len(query) <= LONGEST_KEPT:
                if len(_parsed) >= MOST_KEPT:
                    _parsed.clear()
                _parsed[key] = known
        return known

    def _parse(self, query: str, *, strict: bool, closed: bool, strangers: bool) -> Query:
        given = self._given(query)
        faults: list[Fault] = []
        where: list[Condition] = []
        refused: list[str] = []
        for name, value in given.items():
            found = self._filter(name, strict=strict)
            if found is not None:
                try:
                    if "\x00" in value:
                        raise ValueError("must not contain the NUL character")
                    if isinstance(found, Filter) and found.op in _SEARCHES and len(value) > LONGEST_SEARCH:
                        raise ValueError(f"must be at most {LONGEST_SEARCH} characters long")
                    wanted = found.parse(value)
                    if strict and wanted in ("", ()):
                        raise ValueError("must not be empty")
                    if isinstance(found, Filter):
                        where += [Condition(found.column, found.op, wanted), *found.besides]
                except ValueError as error:
                    faults.append(self._fault(name, str(error)))
            elif self._is_refused(name, strict=strict, closed=closed, strangers=strangers):
                refused.append(name)
        if "" in refused:
            raise Refusal(Reason.QUERY_INVALID, "A parameter of the query has no name: nothing stands before its '='.")
        if closed and self.version == 3 and not strangers and _has_empty_pair(query):
            refused.append("")
        if refused:
            raise self._refuse_filters(refused)
        limit = self._number(given, "limit", self.usual, faults)
        page = self._number(given, "page", 1, faults)
        order = self._order(given, faults)
        include = self._include(given, faults)
        cursor = self._cursor(given, faults)
        fields = self._fields(given, faults)
        if faults:
            raise refuse_faults(faults)
        if limit > self.maximum:
            message = f"The limit must be at most {self.maximum}."
            raise Refusal(Reason.LIMIT_OVER_MAXIMUM, message, details={"max_limit": self.maximum})
        for name in include:
            limit = min(limit, self.includes[name].page_cap)
        plan = QueryPlan(self.table, tuple(where), order, limit, (page - 1) * limit)
        return Query(plan, page, limit, include, fields, tuple(given.items()), bool(where), cursor)

    def _given(self, query: str) -> dict[str, str]:
        """Each parameter once: the first of several of a name counts."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
        except ValueError:
            message = f"The query has more than {MAX_PARAMETERS} parameters."
            raise Refusal(Reason.QUERY_INVALID, message, details={"max_parameters": MAX_PARAMETERS}) from None
        given: dict[str, str] = {}
        for name, value in pairs:
            given.setdefault(name, value)
        return given

    def _is_refused(self, name: str, *, strict: bool, closed: bool, strangers: bool) -> bool:
        if name in _OWN:
            return strict and name in self._unbounding
        field, colon, _ = name.partition(":")
        known = field in self._known
        return strict or (closed and self.version == 3 and (known or not strangers)) or (bool(colon) and known)

    def _refuse_filters(self, names: list[str]) -> Refusal:
        if self.version == 2:
            message = f"The field '{names[0]}' is not supported by this resource."
        else:
            message = f"The filter(s): {', '.join(names)} are not valid filter parameter(s)."
        faults = [Fault(Reason.FILTER_REFUSED, name, message) for name in names]
        details = {"refused_filters": names, "supported_filters": sorted(self.filters)}
        return Refusal(Reason.FILTER_REFUSED, message, details=details, faults=faults)

    def need_filter(self) -> Refusal:
        """The refusal of a delete that names no rows (rule 22)."""
        return Refusal(Reason.FILTER_REQUIRED, details={"supported_filters": sorted(self.filters)})

    def _number(self, given: Mapping[str, str], name: str, default: int, faults: list[Fault]) -> int:
        text = given.get(name)
        if text is None or text == "":
            return default
        digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
        if not digits or (name == "page" and (len(digits) > 10 or int(digits) > INT32)):
            greatest = INT32 if name == "page" else self.maximum
            faults.append(self._fault(name, f"must be a whole number from 1 to {greatest}"))
            return default
        return int(digits) if len(digits) <= 10 else _OVER

    def _order(self, given: Mapping[str, str], faults: list[Fault]) -> tuple[str, bool]:
        sort = given.get("sort", "")
        direction = given.get("direction", "").lower() or "asc"
        if not self.sorts or not (sort or given.get("direction")):
            return self.order
        if direction not in ("asc", "desc"):
            faults.append(self._fault("direction", "must be asc or desc"))
        if sort and sort not in self.sorts and sort != "id":  # connectors sort whatever they read by its id
            faults.append(self._fault("sort", "must be one of " + ", ".join(self.sorts)))
        name, _, way = sort.partition(":")
        column = f"{name}_key" if f"{name}_key" in self.table.types else name or self.order[0]
        return (column, (way or direction) == "desc")

    def _include(self, given: Mapping[str, str], faults: list[Fault]) -> tuple[str, ...]:
        asked = "" if self.include_names_fields else given.get("include", "")
        offered = [name for name in self.includes if name not in self.inside]
        names = [name for name in asked.split(",") if name] if offered else []
        if not set(names) <= set(offered):
            faults.append(self._fault("include", "must name only " + ", ".join(offered)))
            return ()
        return (*self.inside, *dict.fromkeys(names))

    def _cursor(self, given: Mapping[str, str], faults: list[Fault]) -> Cursor | None:
        for name in ("after", "before") if self.cursor else ():
            if given.get(name):
                try:
                    return _cursor(given[name], backwards=name == "before")
                except ValueError as error:
                    faults.append(self._fault(name, str(error)))
        return None

    def _fields(self, given: Mapping[str, str], faults: list[Fault]) -> frozenset[str] | None:
        """The members to show, or None for all (rules 27 and 28). Only what there is can be asked for."""
        only = "include" if self.include_names_fields else "include_fields"
        without = "exclude" if self.include_names_fields else "exclude_fields"
        shown = set(self.shown)
        if not shown or not (given.get(only) or given.get(without)):
            return None
        if given.get(only):
            asked = {name.strip() for name in given[only].split(",")} - {""}
            unknown = asked - shown - self.always - self.includes.keys() - {"id", "@summary"}
            if unknown:
                what = "must name only fields of the resource, not " + ", ".join(sorted(unknown))
                faults.append(self._fault(only, what))
            if "@summary" in asked:
                asked |= _SUMMARY
            shown &= asked
        shown -= {name.strip() for name in given.get(without, "").split(",")}
        return frozenset(shown | self.always)

    def _fault(self, name: str, why: str) -> Fault:
        message = f"The field '{name}' is invalid." if self.version == 2 else f"{name} {why}."
        return Fault(Reason.QUERY_INVALID, name, message, {"field": name, "invalid_reason": f"{name} {why}."})


_parsed: dict[tuple[Listing, str, bool, bool, bool], Query] = {}


def _has_empty_pair(query: str) -> bool:
    """Whether nothing stands before an ampersand, as in `?&page=2`: the hosted API takes that for a filter without a
    name."""
    return query[:1] == "&" or "&&" in query


_SEARCHES = ("like", "like_any")

_ID = Filter("id", "eq", integer)

_OVER = 10**10
"""Stands for any number of more than ten digits: over every limit."""

PAGING = frozenset({"page", "limit", "sort", "direction", "before", "after"})
"""Paging parameters: they mean nothing to a delete, and must not be taken for a limit of it."""

_OWN = frozenset(
    {"page", "limit", "sort", "direction", "before", "after", "include", "include_fields", "exclude_fields", "exclude"}
)

_SUMMARY = frozenset(
    [
        "availability",
        "calculated_price",
        "inventory_tracking",
        "sku",
        "inventory_level",
        "inventory_warning_level",
        "is_visible",
        "is_featured",
    ]
)
"""Rule 28: what `include=@summary` adds."""
