"""Checks for lists that were not read on, and for work that fewer requests would have done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bodega.counted import counted
from bodega.kit.actions import Action, ListAll
from bodega.kit.batch import UpdateMany
from bodega.lab.report.calls import ERROR, NOTE, WARNING, Call, Run, grouped
from bodega.lab.report.check import Found, check, place

MANY = 5
"""So many calls where fewer would do are a finding."""

LARGEST_PAGE = 250
USUAL_PAGE = 50
"""The rows of a page for which no limit is asked."""
SMALL_PAGE = 100


@check(
    ERROR,
    "Read only the first pages of a list",
    "Go on until meta.pagination.current_page is total_pages (V3), or until 204 (V2).",
)
def first_page_only(run: Run) -> Found:
    """The last page of a list that was asked for was not the last that there was. Who asks for one page of few rows is
    told by another check."""
    for calls in _unfinished(run):
        if not _asked_for_few(calls):
            pages = {call.page for call in calls}
            told = "page 1" if pages == {1} else f"{counted(len(pages), 'page')}"
            yield place(calls[0]), f"only {told} of a longer list was read", calls


@check(
    NOTE,
    "Read the first few rows of a list",
    "If these were all that was wanted, nothing is wrong; else go on until the last page, with a larger limit.",
)
def first_rows_only(run: Run) -> Found:
    """One page was read of a longer list, whose limit asked for fewer rows than a page has by itself."""
    for calls in _unfinished(run):
        if _asked_for_few(calls):
            yield place(calls[0]), f"the first {calls[0].query['limit']} rows of a longer list were read", calls


def _unfinished(run: Run) -> Iterator[list[Call]]:
    """The calls for each list that was not read to its end."""
    for calls in grouped((call for call in run.calls if call.is_list), lambda call: call.listing).values():
        if any(call.id in run.unfinished for call in calls):
            yield calls


def _asked_for_few(calls: Sequence[Call]) -> bool:
    limits = [call.query.get("limit", "") for call in calls]
    few = all(limit.isascii() and limit.isdigit() and int(limit) < USUAL_PAGE for limit in limits)
    return few and {call.page for call in calls} == {1}


@check(
    WARNING,
    "Asked one by one where one request does",
    "Ask for many at once: a list with id:in, or a PUT of the collection with a list of items.",
)
def one_by_one(run: Run) -> Found:
    """Many single reads or updates of a resource that has a request for many."""
    own = [call for call in run.calls if call.route is not None and call.ids and call.status < 300]
    for (client, method, template), calls in grouped(
        own, lambda call: (call.exchange.client_id, call.method, call.template)
    ).items():
        many = _request_for_many(run, calls[0])
        if many and len({call.ids for call in calls}) >= MANY:
            yield (
                f"{method} {template}",
                f"{counted(len(calls), 'request')} of account {client}, where {many} does",
                calls,
            )


def _request_for_many(run: Run, call: Call) -> str:
    """The request for many of the same; empty if there is none."""
    assert call.route is not None
    head, _, last = call.route.template.rpartition("/")
    if not last.startswith("{") or "{" in head:
        return ""
    action = run.action_at(call.route.version, head, call.method)
    path = f"/v{call.route.version}/{head}"
    if action is None:
        return ""
    if call.method == "GET":
        return f"GET {path}?id:in=..." if "id:in" in action.listing.filters else ""
    return f"PUT {path} with a list" if isinstance(action, UpdateMany) else ""


@check(
    WARNING,
    "Asked for the children of each parent",
    "Ask for the parents with include=..., which brings the children of a whole page in one request.",
)
def children_one_by_one(run: Run) -> Found:
    """The same list of children was read below many parents."""
    own = [call for call in run.calls if call.is_list and len(call.ids) == 1 and call.route is not None]
    for template, calls in grouped(own, lambda call: call.template).items():
        route = calls[0].route
        assert route is not None
        parent, child = route.template.rpartition("/{")[0], route.template.rpartition("/")[2].replace("-", "_")
        action = run.action_at(route.version, parent, "GET")
        if action is None or child not in action.listing.includes:
            continue
        if len({call.ids for call in calls}) >= MANY:
            what = f"{counted(len(calls), 'request')}, where GET /v{route.version}/{parent}?include={child} does"
            yield f"GET {template}", what, calls


@check(
    WARNING,
    "Read many small pages",
    f"Ask for limit={LARGEST_PAGE}: fewer requests bring the same rows.",
)
def small_pages(run: Run) -> Found:
    """A list was read in many pages of far fewer rows than a page may have."""
    for calls in grouped((call for call in run.calls if call.is_list), lambda call: call.listing).values():
        limit = calls[0].query.get("limit", "50")
        if len({call.page for call in calls}) >= MANY and limit.isdigit() and int(limit) <= SMALL_PAGE:
            yield place(calls[0]), f"{counted(len(calls), 'page')} of {limit} rows", calls


@check(
    WARNING,
    "Polled what had not changed",
    "Send If-None-Match with the last ETag, ask with min_date_modified, or subscribe to a webhook.",
)
def polled(run: Run) -> Found:
    """The same answer was read many times without a condition."""
    for calls in grouped((call for call in run.calls if call.reads), lambda call: call.same).values():
        tags = [call.exchange.answered("etag") for call in calls]
        plain = [
            call
            for call, tag, before in zip(calls[1:], tags[1:], tags, strict=False)
            if tag and tag == before and not call.exchange.header("if-none-match")
        ]
        if len(plain) >= MANY:
            yield place(plain[0]), f"{counted(len(plain), 'answer')} were the same as before", plain


@check(
    NOTE,
    "Used V2 where V3 has the resource",
    "Move to the V3 resource: V2 is kept for what V3 does not have.",
)
def older_version(run: Run) -> Found:
    """A V2 resource was used whose rows V3 serves as well."""
    newer = _homes(run)
    own = [call for call in run.calls if call.request.version == 2 and call.action is not None]
    for template, calls in grouped(own, lambda call: call.template).items():
        home = newer.get(_table(calls[0].action))
        if home:
            yield template, f"{counted(len(calls), 'request')}; the same rows are at {home}", calls


def _homes(run: Run) -> dict[str, str]:
    """The V3 collection of each table that has one of its own."""
    found: dict[str, str] = {}
    for route in run.served:
        if route.version == 3 and "{" not in route.template and isinstance(action := route.actions.get("GET"), ListAll):
            found.setdefault(_table(action), f"/v3/{route.template}")
    return found


def _table(action: Action | None) -> str:
    """The name of the table that an action is about; empty if it is about none."""
    table = getattr(action, "table", None)
    return "" if table is None else str(table.name)


@check(NOTE, "Followed a redirect every time", "Ask the address that Location names from the start.")
def redirected(run: Run) -> Found:
    """Requests that were redirected."""
    moved = [call for call in run.calls if call.status in (301, 302, 307, 308)]
    for calls in grouped(moved, place).values():
        if len(calls) >= 2:
            yield place(calls[0]), f"{counted(len(calls), 'request')} were redirected", calls
