"""What a client did, read from the journal: each request with its route, in the order in which it was answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from bodega.http.request import read_head
from bodega.http.router import Routes, by_version
from bodega.journal.exchange import Attempt, Exchange
from bodega.kit.actions import Action
from bodega.kit.route import Route

Key = tuple[Any, ...]


async def _no_body() -> Mapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


class Call:
    """A request of the journal, with the route that served it; `route` is None where no route matches."""

    def __init__(self, exchange: Exchange, routes: Mapping[int, Routes]) -> None:
        self.exchange = exchange
        scope = {
            "method": exchange.method, "scheme": "http", "path": exchange.path, "query_string": b"", "headers": [],
        }  # fmt: skip
        self.request = read_head(scope, _no_body, exchange.id)
        found = routes.get(self.request.version)
        match = found.find(self.request.segments) if found is not None else None
        self.route: Route | None = match.route if match is not None else None
        self.ids: tuple[Any, ...] = match.ids if match is not None else ()

    @property
    def id(self) -> str:
        """The X-Request-Id of its reply."""
        return self.exchange.id

    @property
    def method(self) -> str:
        """Its method; HEAD counts as GET."""
        return "GET" if self.exchange.method == "HEAD" else self.exchange.method

    @property
    def status(self) -> int:
        """The status of its reply."""
        return self.exchange.status

    @property
    def began(self) -> float:
        """When it came, in UTC seconds."""
        return self.exchange.at - self.exchange.us / 1_000_000

    @property
    def reads(self) -> bool:
        """Whether its method is safe."""
        return self.request.reads

    @property
    def action(self) -> Action | None:
        """What served it; None where nothing did."""
        return None if self.route is None else self.route.actions.get(self.method)

    @property
    def template(self) -> str:
        """Its path with names for ids, below the version; the path itself where no route matches."""
        return self.exchange.path if self.route is None else f"/v{self.route.version}/{self.route.template}"

    @cached_property
    def query(self) -> dict[str, str]:
        """The parameters of its query."""
        return dict(parse_qsl(self.exchange.query, keep_blank_values=True))

    @cached_property
    def same(self) -> Key:
        """What a repetition has in common with it: the account, and everything that was asked."""
        one = self.exchange
        return one.client_id, one.method, one.path, one.query, one.body or ""

    @cached_property
    def listing(self) -> Key:
        """What the pages of one list have in common: the account, the path, the filters."""
        others = tuple(sorted(pair for pair in self.query.items() if pair[0] not in ("page", "limit")))
        return self.exchange.client_id, self.exchange.path, others

    @property
    def page(self) -> int:
        """The page that was asked for, from 1."""
        asked = self.query.get("page", "1")
        return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1

    @property
    def is_list(self) -> bool:
        """Whether it read a list."""
        return self.reads and self.status in (200, 204) and self.action is not None and self.action.is_list

    def wait_asked(self) -> float | None:
        """The seconds that its reply told the client to wait; None if it told nothing."""
        ms = self.exchange.answered("x-rate-limit-time-reset-ms")
        if self.status == 429 and ms.isdigit():
            return int(ms) / 1000
        for name in ("x-retry-after", "retry-after"):
            told = self.exchange.answered(name)
            if told.isdigit():
                return float(told)
        return None


class Run(NamedTuple):
    """A recorded run of a client: calls and attempts to deliver, the oldest first; the scopes of each account; the ids
    of calls for the last page read of a list that goes on."""

    calls: Sequence[Call]
    attempts: Sequence[Attempt]
    granted: Mapping[str, frozenset[str]]
    served: Sequence[Route]
    unfinished: Set[str] = frozenset()

    def action_at(self, version: int, path: str, method: str) -> Action | None:
        """What serves a method of a path as a route writes it, without ids; None if nothing does."""
        found = (route for route in self.served if route.version == version and route.template == path)
        return next((route.actions.get(method) for route in found), None)


def recorded(
    exchanges: Iterable[Exchange],
    attempts: Iterable[Attempt],
    granted: Mapping[str, frozenset[str]],
    served: Sequence[Route],
) -> Run:
    """A run, of what the journal gives in any order; requests to other paths than the API's are left out."""
    routes = by_version(served)
    calls = [Call(exchange, routes) for exchange in exchanges]
    own = [call for call in calls if call.request.version]
    return Run(
        sorted(own, key=lambda call: call.exchange.number),
        sorted(attempts, key=lambda attempt: attempt.number),
        granted,
        served,
    )


def grouped(calls: Iterable[Call], key: Any) -> dict[Any, list[Call]]:
    """The calls by a key, in their order."""
    found: dict[Any, list[Call]] = {}
    for call in calls:
        found.setdefault(key(call), []).append(call)
    return found


class Severity(NamedTuple):
    """How bad a finding is; `sarif` is its word there."""

    word: str
    weight: int
    sarif: str


ERROR, WARNING, NOTE = Severity("error", 3, "error"), Severity("warning", 2, "warning"), Severity("note", 1, "note")
SEVERITIES = {severity.word: severity for severity in (ERROR, WARNING, NOTE)}


class Finding(msgspec.Struct, frozen=True):
    """What a client did wrong or wastefully: where, how often, what to do about it, and the requests that show it (by
    their X-Request-Id, at most `SHOWN`)."""

    check: str
    severity: str
    where: str
    count: int
    what: str
    advice: str
    requests: list[str]


SHOWN = 20
