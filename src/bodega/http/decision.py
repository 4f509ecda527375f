"""The law: the order in which every request is judged. Each step returns what later steps need, or refuses."""

from __future__ import annotations

from bodega.http import concurrency
from bodega.http.app_context import AppContext
from bodega.http.products import RoutedRequest, Seen
from bodega.http.request import Request
from bodega.http.response import Response, answered
from bodega.http.steps.table import Steps


async def judge(step: Steps, app: AppContext, request: Request, seen: Seen) -> Response:
    """The response to a request. Raises Refusal; `seen` then holds what was known up to that step."""
    step.require_tls(app, request)
    step.current_version(request)
    store = seen.store = await step.open_store(app, request)
    step.known_method(request)
    caller = step.authenticate(request, store)
    seen.client_id = caller.account.client_id
    seen.quota = await step.spend_quota(app, caller)
    match = step.find_route(app, request)
    seen.route = match.route.template
    action = step.allowed_action(app, request, match)
    step.require_scope(request, caller, action)
    media = seen.media = step.acceptable(request, action)
    body = seen.body = await step.readable(app, request, action)
    context = step.parse_query(request, caller, match, action, media)
    routed = seen.routed = RoutedRequest(app, request, caller, action, media, body, context)
    try:
        found = await step.find_entity(routed)
        before = step.preconditions(routed, found)
        draft = await step.read_draft(routed, found)
        outcome = await step.perform(routed, found, before, draft)
        now = caller.store.time() if action.writes else context.now
        return await answered(request, media, seen.quota, outcome, before.state, now)
    finally:
        if action.max_concurrent:
            concurrency.end(routed)
