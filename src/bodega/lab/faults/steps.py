"""The steps of the law with one of them replaced: by a refusal that was asked for, or by another outcome.

A fault keeps its place in the order. What an earlier step refuses is refused; what a later one would have said is not
asked. So a faulty answer knows as much of the request, and carries as much, as an honest one.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.products import InformedRefusal, Preconditions, RoutedRequest
from bodega.http.request import Request
from bodega.http.steps.table import LAW, Steps
from bodega.kit.context import Found
from bodega.kit.render import json
from bodega.lab.faults.refusals import Asked, refusal_of
from bodega.lab.faults.rule import Effect
from bodega.law.outcome import OUTCOMES, Accepted, Created, Emptied, Outcome, Shown
from bodega.law.reasons import Reason, Step
from bodega.law.refusal import Refusal
from bodega.server.limits import ProtocolRefusal

Answer = Reason | type[Outcome] | ProtocolRefusal

TAKES: dict[str, tuple[str, ...]] = {
    "require_tls": ("app", "request"),
    "current_version": ("request",),
    "known_method": ("request",),
    "authenticate": ("request", "store"),
    "find_route": ("app", "request"),
    "allowed_action": ("app", "request", "match"),
    "require_scope": ("request", "caller", "action"),
    "acceptable": ("request", "action"),
    "readable": ("app", "request", "action"),
    "parse_query": ("request", "caller", "match", "action", "media"),
    "find_entity": ("routed",),
    "preconditions": ("routed", "found"),
    "read_draft": ("routed", "found"),
    "perform": ("routed", "found", "before", "draft"),
}
"""What the steps that are replaced are given, by the names of `Asked` where it has them."""

LATER = frozenset({"readable", "find_entity", "read_draft", "perform"})
"""Those of them that are awaited."""

FIRST = (
    Reason.MOVED_ROUTE, Reason.DEPRECATED_VERSION, Reason.NOT_MODIFIED, Reason.DEPRECATED_VERSION_WRITE,
    Reason.MOVED_ROUTE_WRITE, Reason.MALFORMED_BODY, Reason.CREDENTIALS_WRONG, Reason.SCOPE_MISSING,
    Reason.NO_SUCH_ENTITY, Reason.METHOD_NOT_ALLOWED, Reason.NOT_ACCEPTABLE, Reason.DUPLICATE,
    Reason.PRECONDITION_FAILED, Reason.BODY_TOO_LARGE, Reason.CONTENT_TYPE_UNSUPPORTED, Reason.FIELD_INVALID,
    Reason.WINDOW_QUOTA_SPENT, Reason.INTERNAL_ERROR, Reason.UNKNOWN_METHOD, Reason.MAINTENANCE,
    Reason.PLAN_LIMIT_REACHED, Reason.HOURLY_QUOTA_SPENT,
)  # fmt: skip
"""For a status that several reasons have, the one that is meant; a read has no body that could be at fault."""

OF_READS = {400: Reason.QUERY_INVALID, 413: Reason.LIMIT_OVER_MAXIMUM, 422: Reason.QUERY_INVALID}


def answer_of(effect: Effect, request: Request) -> Answer | None:
    """What the request is answered with instead: a reason, an outcome, a refusal of the connection; None: nothing.

    A status that only the other version has stands for the same reason in this one.
    """
    if effect.reason:
        return Reason[effect.reason]
    status, version = effect.status, request.version
    if not status:
        return None
    if request.reads and status in OF_READS and (status != 400 or version == 2):
        return OF_READS[status]
    for reason in FIRST:
        if reason.status(version) == status:
            return reason
    for outcome in OUTCOMES:
        if outcome.status == status and status < 300:
            return outcome
    for refusal in ProtocolRefusal:
        if refusal.status == status:
            return refusal
    return next(reason for reason in FIRST if status in (reason.v2, reason.v3))


def faulty_steps(answer: Reason | type[Outcome], effect: Effect, rules: tuple[str, ...]) -> Steps:
    """The law with this answer in its place, as the rules of these ids want it."""
    if not isinstance(answer, Reason):
        return LAW._replace(perform=_ending(answer))
    if answer.step is Step.OPEN_STORE:
        return LAW._replace(open_store=_closing(answer, effect, rules))
    if answer.step is Step.SPEND_QUOTA:
        return LAW._replace(spend_quota=_spending(answer, effect, rules))
    word = "perform" if answer.step is Step.CATCH_ALL else answer.step.word
    names = TAKES[word]

    def refusal(given: tuple[Any, ...]) -> Refusal:
        known = {name: value for name, value in zip(names, given, strict=True) if name in Asked.__struct_fields__}
        routed: RoutedRequest | None = known.get("routed")
        if routed is not None:
            known |= {"app": routed.app, "request": routed.request, "caller": routed.caller}
            known |= {"action": routed.action, "body": routed.body}
        known.setdefault("app", _NOWHERE)
        return refusal_of(Asked(answer, effect, rules, **known))

    def refuse(*given: Any) -> Any:
        raise refusal(given)

    async def refuse_later(*given: Any) -> Any:
        raise refusal(given)

    put: dict[str, Any] = {word: refuse_later if word in LATER else refuse}
    steps = LAW._replace(**put)
    return steps._replace(find_entity=_with_state) if answer.step is Step.PRECONDITIONS else steps


_NOWHERE: Any = None
"""The app context of a step that is not given it, and needs none."""


def _closing(reason: Reason, effect: Effect, rules: tuple[str, ...]) -> Any:
    async def open_store(app: AppContext, request: Request) -> OpenStore | None:
        store = await LAW.open_store(app, request)
        if store is None:
            return None  # nothing is revealed to strangers
        wait = effect.retry_after
        if wait is None and reason is Reason.MAINTENANCE:
            wait = int(store.settings["maintenance.retry_after"])
        refusal = refusal_of(Asked(reason, replace(effect, retry_after=wait), rules, app, request))
        informed = InformedRefusal(reason, headers=refusal.headers, store=store)
        informed.faulted = refusal.faulted
        raise informed

    return open_store


def _spending(reason: Reason, effect: Effect, rules: tuple[str, ...]) -> Any:
    async def spend_quota(app: AppContext, caller: Any) -> Any:
        await LAW.spend_quota(app, caller)
        raise refusal_of(Asked(reason, effect, rules, app, _NOWHERE, caller))

    return spend_quota


async def _with_state(routed: RoutedRequest) -> Found:
    """What was found, with the state that the refusal tells, of a collection too."""
    found = await LAW.find_entity(routed)
    if found.state is None:
        found = replace(found, state=await routed.action.collection_state(routed.context))
    return found


def _ending(kind: type[Outcome]) -> Any:
    """Carried out, and answered as another outcome is."""

    async def perform(routed: RoutedRequest, found: Found, before: Preconditions, draft: Any) -> Outcome:
        outcome = await LAW.perform(routed, found, before, draft)
        request = routed.request
        if kind is Accepted and isinstance(outcome, Accepted):
            return outcome
        location = outcome.location
        if kind in (Created, Accepted) and not location:
            location = request.url(request.path)
        if kind is Emptied:
            return Emptied(state=outcome.state, location=location)
        shown = outcome
        if outcome.ready is None and outcome.value is None:
            nothing: Any = [] if routed.action.is_list else {}
            shown = (
                Shown(ready=b'{"data":%b,"meta":{}}' % json(nothing)) if request.version == 3 else Shown(value=nothing)
            )
            shown.root, shown.item = "resources", "resource"
        return kind(
            ready=shown.ready, value=shown.value, root=shown.root, item=shown.item, state=outcome.state,
            location=location, allow=outcome.allow, replayed=outcome.replayed, weight=shown.weight,
        )  # fmt: skip

    return perform
