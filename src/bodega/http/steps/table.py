"""The sixteen steps of the law as a table: what each takes and what it returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, NamedTuple

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.negotiation import Media
from bodega.http.products import Preconditions, RoutedRequest
from bodega.http.request import Request
from bodega.http.router import Match
from bodega.http.steps import admission, execution, routing
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.law.outcome import Outcome


class Steps(NamedTuple):
    """The sixteen steps by name, with what each takes and returns; a trace replaces them by its wrappers."""

    require_tls: Callable[[AppContext, Request], None] = admission.require_tls
    current_version: Callable[[Request], None] = admission.current_version
    open_store: Callable[[AppContext, Request], Awaitable[OpenStore | None]] = admission.open_store
    known_method: Callable[[Request], None] = admission.known_method
    authenticate: Callable[[Request, OpenStore | None], Caller] = admission.authenticate
    spend_quota: Callable[[AppContext, Caller], Awaitable[bytes]] = admission.spend_quota
    find_route: Callable[[AppContext, Request], Match] = routing.find_route
    allowed_action: Callable[[AppContext, Request, Match], Action] = routing.allowed_action
    require_scope: Callable[[Request, Caller, Action], None] = routing.require_scope
    acceptable: Callable[[Request, Action], Media] = routing.acceptable
    readable: Callable[[AppContext, Request, Action], Awaitable[bytes]] = routing.readable
    parse_query: Callable[[Request, Caller, Match, Action, Media], Context] = routing.parse_query
    find_entity: Callable[[RoutedRequest], Awaitable[Found]] = execution.find_entity
    preconditions: Callable[[RoutedRequest, Found], Preconditions] = execution.preconditions
    read_draft: Callable[[RoutedRequest, Found], Awaitable[Any]] = execution.read_draft
    perform: Callable[[RoutedRequest, Found, Preconditions, Any], Awaitable[Outcome]] = execution.perform


LAW = Steps()

INPUTS: Mapping[str, Collection[str | bytes]] = {
    "require_tls": ["scheme"],
    "current_version": ["path"],
    "known_method": ["method"],
    "authenticate": ["path", b"x-auth-token", b"authorization"],
    "find_route": ["path", "method"],
    "allowed_action": ["method"],
    "require_scope": ["method"],
    "acceptable": ["path", b"accept"],
}
"""What a step that lets a request pass depends on besides the products that it is given: parts of the request line by
name, headers as bytes. Such a step is remembered (`http/remembered.py`); one that is not named here runs at every
request."""
