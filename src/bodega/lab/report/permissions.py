"""Least permission: the smallest set of scopes that a recorded run needs, and what a given set would have refused."""

from __future__ import annotations

from collections.abc import Mapping, Set

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
    """What an account needs: the smallest set of scopes that lets its requests pass, each with a request that needs it;
    what it has beside that; and, of a set that was asked about, what it would have refused."""

    client_id: str
    scopes: list[str]
    because: dict[str, str]
    idle: list[str]
    refused: list[Refused]


def needed_by(action: Action, *, writes: bool) -> str:
    """The least scope that lets one use an action; empty if it needs none. Of several, the first."""
    first = action.scope.partition("|")[0]
    if first in ("", DEFAULT):
        return ""
    return first if writes else READERS.get(first, first)


def permissions(run: Run, given: Set[str] | None = None) -> list[Permission]:
    """What each account of a run needs; `given` is a set of scopes to be tried."""
    return [
        _permission(client, calls, run.granted, given)
        for client, calls in grouped(run.calls, lambda call: call.exchange.client_id).items()
        if client
    ]


def _permission(
    client: str, calls: list[Call], granted: Mapping[str, frozenset[str]], given: Set[str] | None
) -> Permission:
    """The requests that count are those that a route serves: also those that were refused for want of a scope."""
    because: dict[str, str] = {}
    refused: dict[tuple[str, str], int] = {}
    served = [(call, action) for call in calls if (action := call.action) is not None]
    for call, action in sorted(served, key=lambda one: (one[1].scope.count("|"), one[0].reads)):
        if not allows(because.keys(), action.scope, writes=not call.reads):
            because[needed_by(action, writes=not call.reads)] = f"{call.exchange.method} {call.template}"
        if given is not None and not allows(given, action.scope, writes=not call.reads):
            key = f"{call.exchange.method} {call.template}", needed_by(action, writes=not call.reads)
            refused[key] = refused.get(key, 0) + 1
    needed = sorted(because)
    idle = sorted(granted.get(client, frozenset()) - set(needed) - {DEFAULT})
    told = [Refused(request, missing, count) for (request, missing), count in refused.items()]
    return Permission(client, needed, {scope: because[scope] for scope in needed}, idle, told)
