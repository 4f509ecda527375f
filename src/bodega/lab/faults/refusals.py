"""What a refusal that was asked for carries: for each reason, what the same refusal carries when the law comes to it.

Where the step can be made to refuse, it is; else its details are made up as that reason has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.access.quota import Spent
from bodega.http import concurrency
from bodega.http.app_context import AppContext, Caller
from bodega.http.products import RoutedRequest
from bodega.http.request import Request
from bodega.http.router import Match
from bodega.http.steps import admission, routing
from bodega.http.steps.execution import current_validators
from bodega.kit import unknown_members
from bodega.kit.actions import Action
from bodega.kit.context import Found
from bodega.lab.faults.rule import Effect
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Header, Refusal, invalid, missing, refuse_faults
from bodega.resources.orders.conflicts import MANDATORY_OPTIONS, OUT_OF_STOCK, TOO_FEW
from bodega.storage import conflicts

ID = 1
"""The id of rows that are made up."""

SECONDS = {
    Reason.UPGRADING: 5,
    Reason.STORE_DAMAGED: admission.DAMAGED_SECONDS,
    Reason.SUSPENDED: 86_400,
    Reason.MAINTENANCE: 120,
    Reason.IMAGES_WAITING: 1,
    Reason.IMAGE_LOST: 1,
    Reason.TEMPLATES_WAITING: 1,
    Reason.UNREACHABLE: 5,
    Reason.PASSWORD_GUESSED: 60,
    Reason.KEY_IN_USE: 1,
    Reason.TOO_MANY_AT_ONCE: concurrency.WAIT_SECONDS,
    Reason.WINDOW_QUOTA_SPENT: 30,
    Reason.HOURLY_QUOTA_SPENT: 60,
}
"""Retry-After of the reasons that carry it, unless the rule says otherwise."""


class Asked(msgspec.Struct, frozen=True):
    """A request up to the step that refuses it, and what the rule wants said."""

    reason: Reason
    effect: Effect
    rules: tuple[str, ...]
    app: AppContext
    request: Request
    caller: Caller | None = None
    match: Match | None = None
    action: Action | None = None
    body: bytes = b""
    routed: RoutedRequest | None = None
    found: Found | None = None

    @property
    def seconds(self) -> int:
        """When the client may come back."""
        given = self.effect.retry_after
        return SECONDS.get(self.reason, 1) if given is None else given

    @property
    def wait(self) -> list[Header]:
        """Retry-After."""
        return [(b"retry-after", str(self.seconds).encode())]

    @property
    def field(self) -> str:
        """The member that is said to be faulty: that of the rule, or the first that the request has."""
        if self.effect.field:
            return self.effect.field
        try:
            body = msgspec.json.decode(self.body) if self.body else None
        except msgspec.DecodeError:
            body = None
        first = body[0] if isinstance(body, list) and body else body
        return next(iter(first), "name") if isinstance(first, dict) else "name"

    @property
    def parameter(self) -> str:
        """The parameter that is said to be faulty."""
        return self.effect.field or self.request.query.partition("&")[0].partition("=")[0] or "page"


Build = Callable[[Asked], Refusal]


def refusal_of(asked: Asked) -> Refusal:
    """The refusal for the reason, as this request would have got it. Every one that may be tried again says when, if
    the rule does."""
    build = BUILD.get(asked.reason)
    refusal = build(asked) if build is not None else Refusal(asked.reason)
    named = {name for name, _ in refusal.headers}
    if asked.effect.retry_after is not None and b"retry-after" not in named:
        refusal.headers = (*refusal.headers, *asked.wait)
    refusal.faulted = asked.rules
    return refusal


def _caught(step: Callable[..., Any], reason: Reason, *given: Any) -> Refusal:
    """What a step says to a request that it has to refuse."""
    try:
        step(*given)
    except Refusal as refusal:
        if refusal.reason is reason:
            return refusal
    return Refusal(reason)


def _reading(asked: Asked) -> str:
    """The method with which a redirect has this reason."""
    return "POST" if asked.reason.name.endswith("_WRITE") else "GET"


def _insecure(asked: Asked) -> Refusal:
    app = replace(asked.app, insecure_http=False)
    request = replace(asked.request, secure=False, method=_reading(asked))
    return _caught(admission.require_tls, asked.reason, app, request)


def _deprecated(asked: Asked) -> Refusal:
    return _caught(admission.current_version, asked.reason, replace(asked.request, version=1, method=_reading(asked)))


def _come_back(asked: Asked) -> Refusal:
    return Refusal(asked.reason, headers=admission.come_back(asked.seconds))


def _unauthorized(asked: Asked) -> Refusal:
    hidden = (b"x-auth-token", b"authorization")
    headers = {name: value for name, value in asked.request.headers.items() if name not in hidden}
    if asked.reason is Reason.CREDENTIALS_WRONG:
        headers[b"x-auth-token"] = b"\x00"  # nobody holds it
    return _caught(admission.authenticate, asked.reason, replace(asked.request, headers=headers), None)


def _quota(asked: Asked) -> Refusal:
    account = asked.caller.account if asked.caller is not None else None
    hourly = asked.reason is Reason.HOURLY_QUOTA_SPENT
    quota = 0 if account is None else account.per_hour if hourly else account.per_window
    return admission.quota_spent(asked.reason, Spent(-1, max(1, quota), asked.seconds * 1000))


def _not_served(asked: Asked) -> Refusal:
    path = "/" + "/".join(asked.request.segments)
    return Refusal(asked.reason, details={"documented_path": path, "methods": [asked.request.method], "group": "lab"})


def _moved(asked: Asked) -> Refusal:
    request = asked.request
    query = f"?{request.query}" if request.query else ""
    location = request.url(f"{request.path}{query}").encode("latin-1", "replace")
    return Refusal(asked.reason, headers=[(b"location", location)])


def _not_allowed(asked: Asked) -> Refusal:
    assert asked.match is not None
    method = "GET" if asked.request.method == "HEAD" else asked.request.method
    left = [
        word for word in asked.match.route.allow.split(", ") if word != method and (method, word) != ("GET", "HEAD")
    ]
    return Refusal(asked.reason, headers=[(b"allow", ", ".join(left).encode())])


def _scope_missing(asked: Asked) -> Refusal:
    assert asked.caller is not None
    account = replace(asked.caller.account, scopes=frozenset())
    found = _caught(
        routing.require_scope, asked.reason, asked.request, replace(asked.caller, account=account), asked.action
    )
    return (
        found if found.details else Refusal(asked.reason, details={"missing_scope": "", "client_id": account.client_id})
    )


def _not_acceptable(asked: Asked) -> Refusal:
    request = replace(asked.request, headers={**asked.request.headers, b"accept": b"image/x-none"}, suffix="")
    return _caught(routing.acceptable, asked.reason, request, asked.action)


def _type_unsupported(asked: Asked) -> Refusal:
    assert asked.action is not None
    offered: list[bytes] = [one.value for one in routing.offers(asked.request, asked.action)]
    supported = b", ".join(offered + [b"multipart/form-data"] * asked.action.uploads)
    return Refusal(asked.reason, headers=[(b"accept", supported)])


def _filters(asked: Asked) -> list[str]:
    listing = getattr(asked.action, "listing", None)
    return sorted(getattr(listing, "filters", ()))


def _filter_refused(asked: Asked) -> Refusal:
    name = asked.parameter
    in_v2, in_v3 = (
        f"The field '{name}' is not supported by this resource.",
        f"The filter(s): {name} are not valid filter parameter(s).",
    )
    message = in_v2 if asked.request.version == 2 else in_v3
    details = {"refused_filters": [name], "supported_filters": _filters(asked)}
    return Refusal(asked.reason, message, details=details, faults=[Fault(asked.reason, name, message)])


def _query_invalid(asked: Asked) -> Refusal:
    name = asked.parameter
    why = f"{name} is refused."
    message = f"The field '{name}' is invalid." if asked.request.version == 2 else why
    return refuse_faults([Fault(asked.reason, name, message, {"field": name, "invalid_reason": why})])


def _at_once(asked: Asked) -> Refusal:
    assert asked.caller is not None
    assert asked.action is not None
    return concurrency.too_many(asked.caller, asked.action.max_concurrent or 3, asked.seconds)


def _state(asked: Asked) -> Refusal:
    assert asked.routed is not None
    assert asked.found is not None
    return Refusal(asked.reason, headers=current_validators(asked.routed, asked.found.state))


def _field(asked: Asked) -> Refusal:
    name = asked.field
    faults: Mapping[Reason, Fault] = {
        Reason.FIELD_UNKNOWN: unknown_members.unknown(name),
        Reason.FIELD_READ_ONLY: unknown_members.read_only(name),
        Reason.FIELD_MISSING: missing(name),
        Reason.FIELD_INVALID: invalid(name, "is refused"),
    }
    return refuse_faults([faults[asked.reason]])


def _image(asked: Asked) -> Refusal:
    name = asked.effect.field or "image_file"
    details = {"invalid_reason": f"{name} is refused."}
    return refuse_faults([Fault(asked.reason, name, f"The field '{name}' is invalid.", details)])


def _conflict(asked: Asked) -> Refusal:
    name = asked.field
    if asked.reason is Reason.DUPLICATE:
        return refuse_faults([conflicts.duplicate(name, f"The {name} is a duplicate", "resource", ID)])
    return refuse_faults([conflicts.dangling(name, f"The {name} does not exist", [ID])])


def _list_refused(asked: Asked) -> Refusal:
    fault = invalid(f"0.{asked.field}", "is refused")._replace(reason=asked.reason)
    return Refusal(asked.reason, details={"item": 0}, faults=[fault])


def _products(asked: Asked) -> Refusal:
    """Orders name the product, and what is wrong about it, once for all lines."""
    kinds: dict[Reason, tuple[str, dict[str, Any], dict[str, Any]]] = {
        Reason.OPTIONS_REFUSED: (MANDATORY_OPTIONS, {"required_product_options": []}, {}),
        Reason.QUANTITY_OUT_OF_BOUNDS: (TOO_FEW, {"order_quantity_minimum": 2}, {}),
        Reason.OUT_OF_STOCK: (OUT_OF_STOCK, {"inventory_level": 0}, {"available_quantity": 0}),
    }
    kind, facts, more = kinds[asked.reason]
    error = {"type": kind, "product": {"id": ID, "resource": f"/products/{ID}"}, **facts}
    field = "products.0.product_options" if asked.reason is Reason.OPTIONS_REFUSED else "products.0.quantity"
    details = {"invalid_reason": f"{field} is refused.", **more, "errors": [error]}
    return refuse_faults([Fault(asked.reason, field, f"The field '{field}' is invalid.", details)])


def _told(**details: Any) -> Build:
    """A reason that carries these facts, made up."""
    return lambda asked: Refusal(asked.reason, details=details)


def _later(asked: Asked) -> Refusal:
    return Refusal(asked.reason, headers=asked.wait)


def _guessed(asked: Asked) -> Refusal:
    return Refusal(asked.reason, headers=[*asked.wait, (b"x-retry-after", str(asked.seconds).encode())])


def _tree(asked: Asked) -> Refusal:
    details = {"conflict_reason": asked.reason.message, "resolution": asked.reason.advice}
    if asked.reason is Reason.CIRCULAR_TREE:
        return refuse_faults([Fault(asked.reason, asked.effect.field or "parent_id", asked.reason.message, details)])
    return Refusal(asked.reason, details={**details, "orphaned_products": [str(ID)]})


BUILD: Mapping[Reason, Build] = {
    Reason.INSECURE: _insecure,
    Reason.INSECURE_WRITE: _insecure,
    Reason.DEPRECATED_VERSION: _deprecated,
    Reason.DEPRECATED_VERSION_WRITE: _deprecated,
    Reason.UPGRADING: _come_back,
    Reason.STORE_DAMAGED: _come_back,
    Reason.SUSPENDED: _come_back,
    Reason.MAINTENANCE: _come_back,
    Reason.CREDENTIALS_MISSING: _unauthorized,
    Reason.CREDENTIALS_WRONG: _unauthorized,
    Reason.HOURLY_QUOTA_SPENT: _quota,
    Reason.WINDOW_QUOTA_SPENT: _quota,
    Reason.NOT_SERVED_HERE: _not_served,
    Reason.MOVED_ROUTE: _moved,
    Reason.MOVED_ROUTE_WRITE: _moved,
    Reason.METHOD_NOT_ALLOWED: _not_allowed,
    Reason.SCOPE_MISSING: _scope_missing,
    Reason.NOT_ACCEPTABLE: _not_acceptable,
    Reason.CONTENT_TYPE_UNSUPPORTED: _type_unsupported,
    Reason.CONTENT_CODING_UNSUPPORTED: lambda asked: Refusal(asked.reason, headers=[(b"accept-encoding", b"identity")]),
    Reason.BODY_TOO_LARGE: lambda asked: routing.too_large(asked.app.max_body),
    Reason.FILTER_REFUSED: _filter_refused,
    Reason.QUERY_INVALID: _query_invalid,
    Reason.LIMIT_OVER_MAXIMUM: lambda asked: Refusal(
        asked.reason, details={"max_limit": getattr(getattr(asked.action, "listing", None), "maximum", 250)}
    ),
    Reason.FILTER_REQUIRED: lambda asked: Refusal(asked.reason, details={"supported_filters": _filters(asked)}),
    Reason.TOO_MANY_AT_ONCE: _at_once,
    Reason.KEY_INVALID: _told(header="Idempotency-Key", max_length=255),
    Reason.KEY_IN_USE: _later,
    Reason.PRECONDITION_FAILED: _state,
    Reason.NOT_MODIFIED: _state,
    Reason.MALFORMED_BODY: lambda asked: Refusal(asked.reason, "The request body is not valid JSON: at byte 1."),
    Reason.TOO_MANY_ITEMS: _told(max_items=10),
    Reason.FIELD_UNKNOWN: _field,
    Reason.FIELD_READ_ONLY: _field,
    Reason.FIELD_MISSING: _field,
    Reason.FIELD_INVALID: _field,
    Reason.IMAGE_UNREACHABLE: _image,
    Reason.IMAGE_INVALID: _image,
    Reason.IMAGES_WAITING: _later,
    Reason.IMAGE_LOST: _later,
    Reason.TEMPLATES_WAITING: _later,
    Reason.DUPLICATE: _conflict,
    Reason.DANGLING_REFERENCE: _conflict,
    Reason.LIST_REFUSED: _list_refused,
    Reason.PASSWORD_GUESSED: _guessed,
    Reason.NOT_THE_OWNER: _told(owner_client_id="another", permission_set="app_only"),
    Reason.OPTIONS_REFUSED: _products,
    Reason.QUANTITY_OUT_OF_BOUNDS: _products,
    Reason.OUT_OF_STOCK: _products,
    Reason.VERSION_CONFLICT: _told(version=2),
    Reason.CHECKOUT_PLACED: _told(order_id=ID),
    Reason.DEPLOYMENT_UNDERWAY: _told(deployment_uuid="00000000-0000-4000-8000-000000000000"),
    Reason.THEMES_FULL: _told(limit=20, used=20),
    Reason.PAYMENT_STATE: _told(payment_status="declined"),
    Reason.PAYMENT_DECLINED: _told(decline_code="insufficient_funds"),
    Reason.CIRCULAR_TREE: _tree,
    Reason.ORPHANED_PRODUCTS: _tree,
    Reason.BASE_VARIANT_STAYS: _told(variant_id=ID, product_id=ID),
    Reason.CODES_ATTACHED: _told(promotion_ids=[ID]),
    Reason.PROPERTY_IN_USE: _told(property_ids=[ID]),
    Reason.CLASSES_REFUSED: _told(missing_ids=[ID]),
    Reason.CODES_NOT_GENERATED: lambda asked: Refusal(asked.reason, headers=[(b"allow", b"OPTIONS")]),
    Reason.TASK_ENDED: _told(state="done"),
    Reason.PLAN_LIMIT_REACHED: _told(resource="products", limit=100, used=100),
    Reason.PLATFORM_CAP_REACHED: _told(resource="products", limit=100, used=100),
    Reason.TREE_TOO_DEEP: _told(max_ancestors=7, ancestors=8),
    Reason.UNREACHABLE: _later,
    Reason.INTERNAL_ERROR: lambda asked: Refusal(asked.reason, details={"request_id": asked.request.request_id}),
}
"""The reasons that carry more than their words."""
