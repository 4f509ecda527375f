"""The law: the order in which every request is judged. Each step returns what later steps need, or refuses."""

from __future__ import annotations

from bodega.http import concurrency
from bodega.http.app_context import AppContext
from bodega.http.products import RoutedRequest, Seen
from bodega.http.request import Request
from bodega.http.response import Response, answered
from bodega.http.steps.table import Steps


async def judge(steps: Steps, app: AppContext, request: Request, seen: Seen) -> Response:
    """The response to a request. Raises Refusal; `seen` then holds what was known up to that step."""
    (
        require_tls, current_version, open_store, known_method, authenticate, spend_quota, find_route, allowed_action,
        require_scope, acceptable, readable, parse_query, find_entity, preconditions, read_draft, perform,
    ) = steps  # fmt: skip
    require_tls(app, request)
    current_version(request)
    store = seen.store = await open_store(app, request)
    known_method(request)
    caller = authenticate(request, store)
    seen.client_id = caller.account.client_id
    seen.quota = await spend_quota(app, caller)
    match = find_route(app, request)
    seen.route = match.route.template
    action = allowed_action(app, request, match)
    require_scope(request, caller, action)
    media = seen.media = acceptable(request, action)
    body = seen.body = await readable(app, request, action)
    context = parse_query(request, caller, match, action, media)
    routed = seen.routed = RoutedRequest(app, request, caller, action, media, body, context)
    try:
        found = await find_entity(routed)
        before = preconditions(routed, found)
        draft = await read_draft(routed, found)
        outcome = await perform(routed, found, before, draft)
        now = caller.store.time() if action.writes else context.now
        return await answered(request, media, seen.quota, outcome, before.state, now)
    finally:
        if action.max_concurrent:
            concurrency.end(routed)
