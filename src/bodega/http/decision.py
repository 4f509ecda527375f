"""The law: the order in which every request is judged. Each step returns what later steps need, or refuses."""

from __future__ import annotations

from bodega.http import aim, deed, door
from bodega.http.answer import Answer, answered
from bodega.http.ask import Ask
from bodega.http.house import House


class Steps:
    """The sixteen steps, by name; a trace puts its own watchers in their place."""

    require_tls = staticmethod(door.require_tls)
    current_version = staticmethod(door.current_version)
    open_store = staticmethod(door.open_store)
    known_method = staticmethod(door.known_method)
    authenticate = staticmethod(door.authenticate)
    spend_quota = staticmethod(door.spend_quota)
    find_route = staticmethod(aim.find_route)
    allowed_action = staticmethod(aim.allowed_action)
    require_scope = staticmethod(aim.require_scope)
    acceptable = staticmethod(aim.acceptable)
    readable = staticmethod(aim.readable)
    parse_query = staticmethod(aim.parse_query)
    find_entity = staticmethod(deed.find_entity)
    preconditions = staticmethod(deed.preconditions)
    read_draft = staticmethod(deed.read_draft)
    perform = staticmethod(deed.perform)


async def judge(step: type[Steps], house: House, ask: Ask) -> Answer:
    """The answer to a request. Raises Refusal."""
    step.require_tls(house, ask)
    step.current_version(ask)
    store = await step.open_store(house, ask)
    step.known_method(ask)
    caller = step.authenticate(ask, store)
    await step.spend_quota(house, ask, caller)
    match = step.find_route(house, ask)
    action = step.allowed_action(ask, match)
    step.require_scope(ask, caller, action)
    step.acceptable(ask, action)
    body = await step.readable(house, ask, action)
    call = step.parse_query(ask, caller, match, action)
    state = await step.find_entity(ask, caller, action, call, body)
    state = step.preconditions(ask, action, call, state)
    step.read_draft(ask, action, call, body)
    outcome = await step.perform(house, ask, caller, action, call, body)
    return answered(ask, outcome, state)
