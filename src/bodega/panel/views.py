"""Saved views of lists: what a list is asked for, its columns, the views over it, and the pages that keep them.

A list declares its filters and columns once (`declare`) and its page is put up by `listing`. Whoever sees a list saves
views of it; those that are shared are saved and changed by whoever may change what the list shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bodega.access import saved_views, team
from bodega.access.saved_views import LONGEST_NAME, LONGEST_QUERY, MOST, SavedView, ViewScope
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.storable import pairs_of

pages = Pages()

HERE = "/stores/{store}/views/{list}"
WHOLE = "all"
"""The `view` of the list without one, where somebody's list opens with another."""
_ASIDE = frozenset({"page", "before", "after", "view", "column", "done"})


class ListDeclaration(NamedTuple):
    """A list of the panel: `path` below the store's own, its title, its filters and its columns with their titles. The
    first column is always shown and not among them; without any, all are always shown."""

    path: str
    title: str
    filters: Mapping[str, str]
    columns: Mapping[str, str]

    @property
    def key(self) -> str:
        """What the pages of its views call it."""
        return self.path.replace("/", "-")


LISTS: dict[str, ListDeclaration] = {}
"""All lists, by their keys."""


def declare(path: str, title: str, filters: Mapping[str, str], columns: Mapping[str, str] = {}) -> ListDeclaration:
    """Declares a list."""
    made = ListDeclaration(path, title, filters, columns)
    return LISTS.setdefault(made.key, made)


@dataclass
class ListView:
    """The list as it is asked for: the views over it, the one that is open, the columns that are shown."""

    request: PanelRequest
    of: ListDeclaration
    views: list[SavedView]
    current: SavedView | None
    message: str = ""
    given: list[tuple[str, str]] = field(default_factory=list)
    """What would be saved: the filters and the columns."""
    gone: list[str] = field(default_factory=list)
    """What is asked for and no longer exists, in words."""

    @property
    def base(self) -> str:
        """Where the pages of these views are."""
        return f"{self.request.base}/views/{self.of.key}"

    @property
    def chosen(self) -> list[str]:
        """The columns that were chosen; none: all are shown."""
        asked = self.request.query.get("column", [])
        found = [name for name in self.of.columns if name in asked]
        return [] if len(found) == len(self.of.columns) else found

    def has(self, column: str) -> bool:
        """Whether a column is shown."""
        return not self.chosen or column in self.chosen

    def carry(self, given: Mapping[str, str], there: Mapping[str, Collection[str]] = {}) -> str:
        """The query that links of the list carry, with `&` at its end: filters, columns and the view.

        `there` are the values of a filter that exist, for filters that name one of several.
        """
        columns = [("column", name) for name in self.chosen]
        self.given = [*((name, value) for name, value in given.items() if value), *columns]
        self.gone = self._gone(there)
        view = [("view", self.current.id)] if self.current else []
        carried = [*self.given, *view]
        return f"{urlencode(carried)}&" if carried else ""

    def _gone(self, there: Mapping[str, Collection[str]]) -> list[str]:
        found = []
        for name, title in self.of.filters.items():
            value = self.request.query_value(name)
            if value and name in there and value not in there[name]:
                found.append(f"{title} “{value[:40]}”")
        if self.current is not None:
            known = _ASIDE | set(self.of.filters)
            found += [f"the filter “{name[:40]}”" for name in self.request.query if name not in known]
            columns = self.request.query.get("column", [])
            found += [f"the column “{name[:40]}”" for name in columns if name not in self.of.columns]
        return found

    @property
    def mark(self) -> str:
        """The `view` that forms and links of the list carry."""
        return self.current.id if self.current else WHOLE

    @property
    def changed(self) -> bool:
        """Whether the list is asked for otherwise than the open view says."""
        return self.current is not None and sorted(_pairs(self.current.query)) != sorted(self.given)

    @property
    def shares(self) -> bool:
        """Whether whoever looks may share views."""
        return team.may(self.request.role, f"/{self.of.path}", changes=True)

    @property
    def query(self) -> str:
        """What would be saved, as a query."""
        return urlencode(self.given)


def link(base: str, of: ListDeclaration, view: SavedView) -> str:
    """Where a view leads."""
    return f"{base}/{of.path}?{view.query}{'&' if view.query else ''}view={view.id}"


Listing = Callable[[PanelRequest, ListView], Awaitable[Reply]]


def listing(put: Pages, of: ListDeclaration) -> Callable[[Listing], Listing]:
    """The page of a list, which opens with the view that somebody chose to see first."""

    def wrap(handler: Listing) -> Listing:
        async def listed(request: PanelRequest) -> Reply:
            view = await opened(request, of)
            first = next((one for one in view.views if one.first), None)
            if first is not None and not request.swapped and not set(request.query) - {"done"}:
                done = f"&{urlencode({'done': request.query_value('done')})}" if "done" in request.query else ""
                return go(link(request.base, of, first) + done, *SAFE)
            return await handler(request, view)

        put.get(f"/stores/{{store}}/{of.path}")(listed)
        return handler

    return wrap


async def opened(request: PanelRequest, of: ListDeclaration) -> ListView:
    """The list as a request asks for it."""
    views = await saved_views.visible(request.panel.tx, _scope(request, of))
    wanted = request.query_value("view")
    current = next((one for one in views if one.id == wanted), None)
    gone = wanted not in ("", WHOLE) and current is None
    message = "This view no longer exists: it was deleted, or is not shared with you." if gone else ""
    return ListView(request, of, views, current, message)


def _scope(request: PanelRequest, of: ListDeclaration) -> ViewScope:
    return ViewScope(request.shop.record.hash, of.path, request.who.id)


def _declared(request: PanelRequest) -> ListDeclaration:
    found = LISTS.get(request.ids["list"])
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return found


@pages.get(HERE)
async def kept(request: PanelRequest) -> Reply:
    """The views of a list, to rename and delete."""
    return await _show(request, _declared(request))


async def _show(request: PanelRequest, of: ListDeclaration, message: str = "", wrong: str = "") -> Reply:
    views = await saved_views.visible(request.panel.tx, _scope(request, of))
    listed = ListView(request, of, views, None)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK
    facts: dict[str, Any] = {
        "links": {one.id: link(request.base, of, one) for one in views},
        "most": MOST,
        "longest": LONGEST_NAME,
    }
    return show(request, "views.html", status=status, list=listed, message=message, wrong=wrong, **facts)


def _name(request: PanelRequest) -> str:
    """The name that was typed. Raises ValueError."""
    name = " ".join(request.field("name").split())
    if not name:
        raise ValueError("Enter a name for the view.")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"The name has more than {LONGEST_NAME} characters.")
    return name


def _pairs(query: str) -> list[tuple[str, str]]:
    """What a query says. Raises ValueError for more than a hundred names."""
    return [(name, value) for name, value in pairs_of(query, 100) if value]


def _query(request: PanelRequest, of: ListDeclaration) -> str:
    """The filters and columns of the list that were sent. Raises ValueError."""
    known = {*of.filters, "column"}
    try:
        pairs = _pairs(request.field("query"))
    except ValueError:
        pairs = [("", "x" * LONGEST_QUERY)]
    text = urlencode([(name, value) for name, value in pairs if name in known or not name])
    if len(text) > LONGEST_QUERY:
        raise ValueError("This has too many filters, or too long ones, to be kept.")
    return text


@pages.post(HERE)
async def save(request: PanelRequest) -> Reply:
    """Saves what a list is asked for under a name, and opens the list with it."""
    of, shared = _declared(request), bool(request.field("shared"))
    try:
        name, text = _name(request), _query(request, of)
    except ValueError as error:
        return await _show(request, of, str(error))
    if shared and not team.may(request.role, f"/{of.path}", changes=True):
        return await _show(request, of, "Your role sees this list only: save the view for yourself.")
    key = await saved_views.save(request.panel.tx, _scope(request, of), name, text, shared=shared)
    if not key:
        return await _show(request, of, f"There are {MOST} views already, and no more are kept. Delete one first.")
    if request.field("first"):
        await saved_views.open_first(request.panel.tx, _scope(request, of), key)
    return go(link(request.base, of, SavedView(key, name, text, shared, first=False)) + "&done=view", *SAFE)


async def _one(request: PanelRequest, of: ListDeclaration, *, changes: bool = True) -> SavedView:
    """The view in the path. Raises PageError."""
    for view in await saved_views.visible(request.panel.tx, _scope(request, of)):
        if view.id == request.ids["view"]:
            if changes and view.shared and not team.may(request.role, f"/{of.path}", changes=True):
                raise PageError(HTTPStatus.FORBIDDEN, "Shared views are changed by those who may change the list.")
            return view
    raise PageError(HTTPStatus.NOT_FOUND, "This view no longer exists.")


@pages.post(HERE + "/{view}/rename")
async def rename(request: PanelRequest) -> Reply:
    """Gives a view another name."""
    of = _declared(request)
    view = await _one(request, of)
    try:
        name = _name(request)
    except ValueError as error:
        return await _show(request, of, str(error), view.id)
    if not await saved_views.rename(request.panel.tx, view.id, name):
        return await _show(request, of, f"Another view is called “{name}” already.", view.id)
    return go(f"{request.base}/views/{of.key}?done=renamed", *SAFE)


@pages.post(HERE + "/{view}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a view."""
    of = _declared(request)
    view = await _one(request, of)
    await saved_views.delete(request.panel.tx, view.id)
    return go(f"{request.base}/views/{of.key}?done=deleted", *SAFE)


@pages.post(HERE + "/{view}/first")
async def open_first(request: PanelRequest) -> Reply:
    """The list opens with this view, or with no view if it did already, for whoever asks."""
    of = _declared(request)
    view = await _one(request, of, changes=False)
    await saved_views.open_first(request.panel.tx, _scope(request, of), "" if view.first else view.id)
    return go(f"{request.base}/views/{of.key}?done=first", *SAFE)
