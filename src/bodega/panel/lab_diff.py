"""What differs: a snapshot against another one or now, a fork against its origin. By resource, and row by row."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bodega.lab import diff
from bodega.lab.control import diffs
from bodega.lab.control.lab import Lab
from bodega.lab.telling import told
from bodega.panel.lab import asked, lab_page
from bodega.panel.lab_copies import comparable
from bodega.panel.templating import show
from bodega.panel.web import PageError, Pages, PanelRequest, Reply

pages = Pages()

AT_ONCE = 10
MOST_MEMBERS = 12
LONGEST = 120
"""Rows of a page, members of a row, characters of a value."""


class MemberShown(NamedTuple):
    """A member with its values before and after, cut to what a page holds."""

    name: str
    old: str
    new: str


class RowShown(NamedTuple):
    """A row that differs; `more` is how many members are not shown."""

    id: int
    change: str
    named: str
    members: list[MemberShown]
    more: int


@pages.get("/stores/{store}/lab/diff")
@lab_page
async def compared(request: PanelRequest, lab: Lab) -> Reply:
    """How many rows of each resource differ, and of one resource which."""
    given = {name: request.query_value(name)[:100] for name in ("from", "to", "origin", "resource")}
    if given["origin"] and given["origin"] not in await comparable(request):
        raise PageError(HTTPStatus.NOT_FOUND, "You have no other store of this name.")
    if not given["from"] and not given["origin"]:
        raise PageError(HTTPStatus.UNPROCESSABLE_ENTITY, "Choose a snapshot, or another store.")
    after = request.query_value("after")
    query = diffs.DiffQuery(
        before=given["from"], until=given["to"], origin=given["origin"], resource=given["resource"],
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0,
        limit=AT_ONCE if given["resource"] else 1,
    )  # fmt: skip
    found = await asked(request, lab, diffs.diff_store(lab, request.shop.record.hash, query))
    states = {name: value for name, value in given.items() if value and name != "resource"}
    facts: dict[str, Any] = {"states": urlencode(states), "given": given}
    if not given["resource"]:
        return show(request, "lab_diff.html", found=found.resources, **facts)
    one = found.resources.get(given["resource"]) or diffs.ResourceDiff(0, 0, 0, [], None)
    rows = [_row(change) for change in one.changes]
    return show(request, "lab_diff_rows.html", resource=given["resource"], counts=one, rows=rows, **facts)


def _row(change: diff.Change) -> RowShown:
    if change.change == "updated":
        members = [MemberShown(name, _text(moved.old), _text(moved.new)) for name, moved in change.members.items()]
    else:
        made = change.change == "created"
        members = [
            MemberShown(name, "" if made else _text(value), _text(value) if made else "")
            for name, value in change.entity.items()
            if name != "id" and value not in ("", None, [], {})
        ]
    named = next(
        (str(change.entity[name]) for name in ("name", "title", "email", "sku") if change.entity.get(name)), ""
    )
    return RowShown(change.id, change.change, named[:LONGEST], members[:MOST_MEMBERS], len(members[MOST_MEMBERS:]))


def _text(value: Any) -> str:
    return told(value, LONGEST)
