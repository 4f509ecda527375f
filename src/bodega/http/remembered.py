"""What is remembered of requests that passed: a request like one of them need not be judged from the start.

A verdict is a filling of the table of steps, as the trace is one. Each step that `steps/table.py` gives inputs to is
replaced by one that returns what it returned then, and all others run as ever: whatever depends on the store's state,
on its rows, on the clock or on the body. So the law is the same sixteen steps in the same order, and there is no other.

The key of a verdict are the inputs of those steps, and nothing else; an id at the end of the path is not a part of it
where the route takes any number there. A step that was given products of earlier steps answers from memory only for the
very same ones, and judges otherwise: the store is looked up at every request, so whoever changes its record, an account
or a setting has the affected steps judge again. What step 12 made is remembered beside the query and the host that it
was made from, and used for the same ones alone. Nothing is remembered of a request that was refused, and nothing of a
request that is traced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.negotiation import Media
from bodega.http.products import RoutedRequest
from bodega.http.request import Receive, Request, Scope
from bodega.http.router import Match, number
from bodega.http.steps import execution
from bodega.http.steps.routing import NO_BASE
from bodega.http.steps.table import INPUTS, LAW, Steps
from bodega.kit.actions import Action
from bodega.kit.context import Context

_replace = msgspec.structs.replace

MOST = 2_000
"""Verdicts that are kept; then it begins anew."""

LONGEST = 256
"""The longest path, in characters, and the longest header, in bytes, of which something is remembered."""

HEADERS = tuple(sorted({name for inputs in INPUTS.values() for name in inputs if isinstance(name, bytes)}))
"""The headers in the key."""

Key = tuple[Any, ...]


def key_of(scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[Key, str]:
    """What the remembered steps read of a request, and the id at the end of its path; "" if there is none."""
    path: str = scope["path"]
    stem, _, last = path.rpartition("/")
    if last.isdigit() and last.isascii():
        return (stem, scope["method"], scope["scheme"], True, *map(headers.get, HEADERS)), last
    return (path, scope["method"], scope["scheme"], False, *map(headers.get, HEADERS)), ""


class Verdict:
    """What the steps came to for one request, as steps for those like it."""

    def __init__(self, routed: RoutedRequest, match: Match, *, numbered: bool) -> None:
        self._request = routed.request
        self.caller = routed.caller
        self._store: OpenStore = routed.caller.store
        self._learned = self._store.learned
        self._match = match
        self._ids = match.ids[:-1]
        self._above = routed.request.segments[:-1]
        self._numbered = numbered
        self._action = routed.action
        self._media = routed.media
        action = routed.action
        request, context = routed.request, routed.context
        alone = not action.header and (request.version == 3 or not action.is_list) and b"host" in request.headers
        self._context = context if alone and not context.task else None
        self._query = request.query
        self._host = None if context.base is NO_BASE else request.headers.get(b"host")
        self.at_once = action.at_once or action.writes
        within = action.finds_within and not action.max_concurrent and routed.context.reader.dialect == "sqlite"
        remembered = {name: getattr(self, name) for name in (*INPUTS, "parse_query")}
        self.steps = Steps(**remembered, **(_WITHIN if within else {}))

    def request(
        self,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        receive: Receive,
        request_id: str,
        last: str,
        body: bytes | None = None,
    ) -> Request:
        """The request of a scope, without parsing its path: all that is read from that is a part of the key."""
        like = self._request
        path: str = scope["path"]
        query: bytes = scope["query_string"]
        return Request(
            like.method, like.secure, path, scope.get("raw_path") or path.encode(),
            query.decode("latin-1") if query else "", headers, receive, request_id, like.host_form, like.store,
            like.version, (*self._above, last) if last else like.segments, like.suffix, like.prefix,
            like.error_media, None, body,
        )  # fmt: skip

    def require_tls(self, app: AppContext, request: Request) -> None:
        """Step 1."""

    def current_version(self, request: Request) -> None:
        """Step 2."""

    def known_method(self, request: Request) -> None:
        """Step 4."""

    def authenticate(self, request: Request, store: OpenStore | None) -> Caller:
        """Step 5: the accounts are those of the store as it was learned then."""
        if store is self._store and store.learned == self._learned:
            return self.caller
        return LAW.authenticate(request, store)

    def find_route(self, app: AppContext, request: Request) -> Match:
        """Step 7."""
        if not self._numbered:
            return self._match
        return Match(self._match.route, (*self._ids, number(request.segments[-1])))

    def allowed_action(self, app: AppContext, request: Request, match: Match) -> Action:
        """Step 8: the route is the same."""
        return self._action

    def require_scope(self, request: Request, caller: Caller, action: Action) -> None:
        """Step 9: for the very account."""
        if caller is not self.caller:
            LAW.require_scope(request, caller, action)

    def acceptable(self, request: Request, action: Action) -> Media:
        """Step 10."""
        return self._media

    def parse_query(self, request: Request, caller: Caller, match: Match, action: Action, media: Media) -> Context:
        """Step 12: a query like that one, on the same host, makes the same context but for ids and the time."""
        context, store = self._context, caller.store
        if (
            context is None
            or caller is not self.caller
            or request.query != self._query
            or (self._host is not None and request.headers.get(b"host") != self._host)
            or store.rows is None
            or context.reader is not store.rows.reader
        ):
            return LAW.parse_query(request, caller, match, action, media)
        return _replace(context, ids=match.ids, now=store.time())


_WITHIN: Mapping[str, Callable[..., Any]] = {
    "find_entity": execution.found_within, "read_draft": execution.draft_of_found_within,
}  # fmt: skip
"""Steps of a write whose row is read once, in its transaction: on SQLite, where reading there needs no trip."""


class Memory:
    """The verdicts of an application, as many as `most`."""

    def __init__(self, app: AppContext, most: int = MOST) -> None:
        self._app = app
        self._most = most
        self._verdicts: dict[Key, Verdict] = {}
        self.recall: Callable[[Key], Verdict | None] = self._verdicts.get
        """The verdict on a request like this; None if none passed."""

    def __len__(self) -> int:
        return len(self._verdicts)

    def forget(self, key: Key) -> None:
        """A verdict has to be learned again."""
        self._verdicts.pop(key, None)

    def learn(self, key: Key, last: str, routed: RoutedRequest) -> None:
        """Keeps what a request came to that the first twelve steps let pass: `key` and `last` as of `key_of`."""
        request = routed.request
        long = len(request.path) > LONGEST or any(len(part) > LONGEST for part in key if isinstance(part, bytes))
        if long or not self._most or routed.caller.grant is not None:  # a token that pays ends by the clock
            return
        match = LAW.find_route(self._app, request)
        if last and not match.route.ends_in_number:
            return  # what looks like an id is a name of this request's own
        if len(self._verdicts) >= self._most:
            self._verdicts.clear()
        self._verdicts[key] = Verdict(routed, match, numbered=bool(last))
