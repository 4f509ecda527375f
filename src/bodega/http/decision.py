"""The law: the order in which every request is judged. Each step returns what later steps need, or refuses."""

from __future__ import annotations

from bodega.http.app_context import AppContext
from bodega.http.request import Request
from bodega.http.response import Response, answered
from bodega.http.steps import admission, execution, routing


class Steps:
    """The sixteen steps, by name; a trace puts its own watchers in their place."""

    require_tls = staticmethod(admission.require_tls)
    current_version = staticmethod(admission.current_version)
    open_store = staticmethod(admission.open_store)
    known_method = staticmethod(admission.known_method)
    authenticate = staticmethod(admission.authenticate)
    spend_quota = staticmethod(admission.spend_quota)
    find_route = staticmethod(routing.find_route)
    allowed_action = staticmethod(routing.allowed_action)
    require_scope = staticmethod(routing.require_scope)
    acceptable = staticmethod(routing.acceptable)
    readable = staticmethod(routing.readable)
    parse_query = staticmethod(routing.parse_query)
    find_entity = staticmethod(execution.find_entity)
    preconditions = staticmethod(execution.preconditions)
    read_draft = staticmethod(execution.read_draft)
    perform = staticmethod(execution.perform)


async def judge(step: type[Steps], app: AppContext, request: Request) -> Response:
    """The answer to a request. Raises Refusal."""
    step.require_tls(app, request)
    step.current_version(request)
    store = await step.open_store(app, request)
    step.known_method(request)
    caller = step.authenticate(request, store)
    await step.spend_quota(app, request, caller)
    match = step.find_route(app, request)
    action = step.allowed_action(request, match)
    step.require_scope(request, caller, action)
    step.acceptable(request, action)
    body = await step.readable(app, request, action)
    context = step.parse_query(request, caller, match, action)
    state = await step.find_entity(request, caller, action, context, body)
    state = step.preconditions(request, action, context, state)
    step.read_draft(request, action, context, body)
    outcome = await step.perform(app, request, caller, action, context, body)
    return answered(request, outcome, state)
