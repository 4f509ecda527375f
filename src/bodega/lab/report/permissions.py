"""Least permission: the smallest set of scopes that a recorded run needs, and what a given set would have refused."""

from __future__ import annotations

from collections.abc import Sequence, Set

import msgspec

from bodega.access.scopes import DEFAULT, READERS, allows
from bodega.kit.actions import Action
from bodega.lab.report.calls import Call, Run, grouped


class Refused(msgspec.Struct, frozen=True):
    """Requests that a set of scopes would have refused: the method and path, the scope that is missing, how many."""

    request: str
    missing: str
    count: int


class Permission(msgspec.Struct, frozen=True):
    """What an account needs: the smallest set of scopes that lets its requests pass, each with a request that needs it
    (method and path, and in `requests` its X-Request-Id); what it has beside that; the least of what it has with which
    everything passes that passes now; and, of a set that was asked about, what it would have refused."""

    client_id: str
    scopes: list[str]
    because: dict[str, str]
    requests: dict[str, str]
    idle: list[str]
    least: list[str]
    refused: list[Refused]


Served = Sequence[tuple[Call, Action]]
"""The requests of an account that a route serves, each with its action."""


def needed_by(action: Action, *, writes: bool, granted: Set[str] = frozenset()) -> str:
    """The least scope that lets one use an action; empty if it needs none. Of several, the first that is `granted`, or
    the first."""
    several = action.scope.split("|")
    first = next((one for one in several if allows(granted, one, writes=writes)), several[0])
    if first in ("", DEFAULT):
        return ""
    return first if writes else READERS.get(first, first)


def permissions(run: Run, given: Set[str] | None = None) -> list[Permission]:
    """What each account of a run needs; `given` is a set of scopes to be tried."""
    return [
        _permission(client, calls, run.granted.get(client, frozenset()), given)
        for client, calls in grouped(run.calls, lambda call: call.exchange.client_id).items()
        if client
    ]


def _permission(client: str, calls: list[Call], granted: frozenset[str], given: Set[str] | None) -> Permission:
    """The requests that count are those that a route serves: also those that were refused for want of a scope."""
    found = [(call, action) for call in calls if (action := call.action) is not None]
    served = sorted(found, key=lambda one: (one[1].scope.count("|"), one[0].reads))
    needed = _needed(served, granted)
    passing = [(call, action) for call, action in served if allows(granted, action.scope, writes=not call.reads)]
    shown = dict(sorted(needed.items()))
    return Permission(
        client,
        list(shown),
        {scope: _request(call) for scope, call in shown.items()},
        {scope: call.id for scope, call in shown.items()},
        sorted(granted - set(needed) - {DEFAULT}),
        sorted(_needed(passing, granted)),
        _refused(served, given),
    )


def _needed(served: Served, granted: Set[str]) -> dict[str, Call]:
    """The smallest set of scopes with which all of these pass, each with a request that needs it."""
    because: dict[str, Call] = {}
    for call, action in served:
        if not allows(because.keys(), action.scope, writes=not call.reads):
            because[needed_by(action, writes=not call.reads, granted=granted)] = call
    return because


def _refused(served: Served, given: Set[str] | None) -> list[Refused]:
    """What a set of scopes would have refused; nothing if none is given."""
    refused: dict[tuple[str, str], int] = {}
    for call, action in served:
        if given is not None and not allows(given, action.scope, writes=not call.reads):
            key = _request(call), needed_by(action, writes=not call.reads)
            refused[key] = refused.get(key, 0) + 1
    return [Refused(request, missing, count) for (request, missing), count in refused.items()]


def _request(call: Call) -> str:
    return f"{call.exchange.method} {call.template}"
