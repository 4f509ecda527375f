"""What a status or a reason means, as data and as text: for `bodega explain` and for the table in the docs."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from bodega.law.outcome import (
    OUTCOMES,
    Accepted,
    Created,
    Emptied,
    Outcome,
    PartlyDone,
    PartlyMissing,
    PartlyRefused,
    Shown,
)
from bodega.law.reasons import Reason

_WAIT = "Retry-After"
_STATE = "ETag, Last-Modified"

CARRIES: dict[Reason, str] = {
    Reason.INSECURE: "Location",
    Reason.INSECURE_WRITE: "Location",
    Reason.DEPRECATED_VERSION: "Location, Deprecation, Sunset, Link (rel=successor-version)",
    Reason.DEPRECATED_VERSION_WRITE: "Location, Deprecation, Sunset, Link (rel=successor-version)",
    Reason.UNREACHABLE: _WAIT,
    Reason.UPGRADING: _WAIT,
    Reason.STORE_DAMAGED: _WAIT,
    Reason.SUSPENDED: _WAIT,
    Reason.MAINTENANCE: _WAIT,
    Reason.UNKNOWN_METHOD: "",
    Reason.CREDENTIALS_MISSING: "WWW-Authenticate",
    Reason.CREDENTIALS_WRONG: "WWW-Authenticate",
    Reason.HOURLY_QUOTA_SPENT: "Retry-After, X-Retry-After, X-BC-ApiLimit-Remaining",
    Reason.WINDOW_QUOTA_SPENT: "Retry-After, X-Retry-After, "
    "X-Rate-Limit-Requests-Left, -Requests-Quota, -Time-Reset-Ms, -Time-Window-Ms",
    Reason.NO_SUCH_RESOURCE: "details.nearest_path, where one is like it; details.not_served_here, if it is not served",
    Reason.NOT_SERVED_HERE: "the documented path, its group, its methods that are not served; Allow, where others are",
    Reason.MOVED_ROUTE: "Location",
    Reason.MOVED_ROUTE_WRITE: "Location",
    Reason.METHOD_NOT_ALLOWED: "Allow",
    Reason.SCOPE_MISSING: "the scope that is missing",
    Reason.NOT_ACCEPTABLE: "the media types that can be produced",
    Reason.CONTENT_TYPE_UNSUPPORTED: "Accept",
    Reason.CONTENT_CODING_UNSUPPORTED: "Accept-Encoding",
    Reason.BODY_TOO_LARGE: "details.max_bytes",
    Reason.QUERY_INVALID: "every faulty parameter",
    Reason.FILTER_REFUSED: "the filters that are supported",
    Reason.FILTER_REQUIRED: "the filters that are supported",
    Reason.LIMIT_OVER_MAXIMUM: "details.max_limit",
    Reason.TOO_MANY_AT_ONCE: "Retry-After, X-Retry-After, the four X-Rate-Limit-*; details.max_concurrent",
    Reason.KEY_INVALID: "details.max_length",
    Reason.KEY_IN_USE: _WAIT,
    Reason.KEY_REUSED: "",
    Reason.NO_SUCH_ENTITY: "",
    Reason.PRECONDITION_FAILED: _STATE,
    Reason.NOT_MODIFIED: f"{_STATE}; no body",
    Reason.MALFORMED_BODY: "where the body stops making sense",
    Reason.TOO_MANY_ITEMS: "details.max_items",
    Reason.FIELD_UNKNOWN: "every faulty field",
    Reason.FIELD_READ_ONLY: "every faulty field",
    Reason.FIELD_MISSING: "every faulty field",
    Reason.FIELD_INVALID: "every faulty field",
    Reason.IMAGE_UNREACHABLE: "invalid_reason: what became of the attempt",
    Reason.IMAGE_INVALID: "what is wrong with the image",
    Reason.IMAGES_WAITING: _WAIT,
    Reason.IMAGE_LOST: _WAIT,
    Reason.TEMPLATES_WAITING: _WAIT,
    Reason.DUPLICATE: "what conflicts, and how to resolve it",
    Reason.DANGLING_REFERENCE: "the ids that do not exist, and how to resolve it",
    Reason.LIST_REFUSED: "`errors` with the place of the item and its faulty field; `details.item`",
    Reason.PASSWORD_GUESSED: "`Retry-After` and `X-Retry-After`",
    Reason.NOT_THE_OWNER: "owner_client_id, permission_set",
    Reason.BASE_VARIANT_STAYS: "the variant, and its product",
    Reason.OPTIONS_REFUSED: "`details.errors`: each product with the option and its value, or those that are missing",
    Reason.QUANTITY_OUT_OF_BOUNDS: "`details.errors`: each product with its minimum or maximum",
    Reason.OUT_OF_STOCK: "`details.errors`: each product with its inventory_level; available_quantity",
    Reason.VERSION_CONFLICT: "version: the present one",
    Reason.CHECKOUT_PLACED: "order_id: the order that it became",
    Reason.DEPLOYMENT_UNDERWAY: "deployment_uuid: the one that is in progress",
    Reason.THEMES_FULL: "the limit and how many there are",
    Reason.PAYMENT_STATE: "payment_status",
    Reason.PAYMENT_DECLINED: "decline_code",
    Reason.CIRCULAR_TREE: "what conflicts, and how to resolve it",
    Reason.ORPHANED_PRODUCTS: "the products, and how to resolve it",
    Reason.CODES_ATTACHED: "details.promotion_ids",
    Reason.PROPERTY_IN_USE: "details.property_ids",
    Reason.CLASSES_REFUSED: "details.missing_ids or details.used_ids",
    Reason.CODES_NOT_GENERATED: "Allow",
    Reason.TASK_ENDED: "the state of the task",
    Reason.PLAN_LIMIT_REACHED: "the resource, its limit and how many there are",
    Reason.PLATFORM_CAP_REACHED: "the resource, its limit and how many there are",
    Reason.TREE_TOO_DEEP: "the limit",
    Reason.INTERNAL_ERROR: "X-Request-Id; the cause is in the log",
}
"""What the response carries besides the status and the message."""

MEANS: dict[type[Outcome], tuple[str, str]] = {
    Shown: ("Done: here is what was read, or what was written.", f"{_STATE}; the representation"),
    Created: ("Done: a resource was made.", "Location of the new resource; its representation"),
    Accepted: ("It will be done: a task is on disk and will be carried out.", "Location of the task; the task"),
    Emptied: ("Done: there is nothing to show. Deletes, and empty lists in V2.", "no body"),
    PartlyDone: ("Saved, but a part of it was not.", "what was saved, and what was not"),
    PartlyRefused: (
        "Of a list, some items were saved and the others refused.",
        "what was saved, and why the rest was not",
    ),
    PartlyMissing: (
        "Of what a delete names, some was not there; the rest is gone.",
        "what was not there",
    ),
}
"""What an outcome means, and what the response carries."""


class Unknown(ValueError):
    """Neither a status nor a reason; the message is a sentence that lists the valid ones."""


def explain(asked: str) -> dict[str, Any]:
    """A status as {status, outcomes, reasons, connection}, or the facts of a reason. Raises Unknown."""
    if asked.isdigit():
        return explain_status(int(asked))
    name = asked.upper().replace("-", "_")
    if name in Reason.__members__:
        return reason_facts(Reason[name])
    near = get_close_matches(name, Reason.__members__, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the reasons are {', '.join(Reason.__members__)}."
    raise Unknown(f"There is no reason {asked}; {hint}")


def explain_status(status: int) -> dict[str, Any]:
    """Everything that can be answered with a status, in the order of judgement. Raises Unknown."""
    reasons = [reason_facts(reason) for reason in Reason if status in (reason.v2, reason.v3)]
    outcomes = [outcome_facts(outcome) for outcome in OUTCOMES if outcome.status == status]
    connection = [message for code, message in before_the_law() if code == status]
    if not reasons and not outcomes and not connection:
        known = {*statuses(), *(code for code, _ in before_the_law())}
        raise Unknown(f"No answer has the status {status}; there are {', '.join(map(str, sorted(known)))}.")
    return {"status": status, "outcomes": outcomes, "reasons": reasons, "connection": connection}


def overview() -> list[dict[str, Any]]:
    """What can be explained: for each status its outcomes and its reasons, by name with what each says."""
    return [
        {
            "status": status,
            "outcomes": {outcome.__name__: MEANS[outcome][0] for outcome in OUTCOMES if outcome.status == status},
            "reasons": {reason.name: reason.message for reason in Reason if status in (reason.v2, reason.v3)},
        }
        for status in statuses()
    ]


def overview_as_words(found: Sequence[dict[str, Any]]) -> str:
    """The same as text: a line for each name."""
    lines = ["bodega explain STATUS or bodega explain REASON tells why, and what to do.", ""]
    for one in found:
        names = [*one["outcomes"], *one["reasons"]]
        lines += [f"{one['status'] if first else '':>3}  {name}" for first, name in _first_marked(names)]
    return "\n".join(lines)


def _first_marked(names: Sequence[str]) -> list[tuple[bool, str]]:
    return [(place == 0, name) for place, name in enumerate(names)]


def statuses() -> list[int]:
    """Every status of the law, in order."""
    refused = {status for reason in Reason for status in (reason.v2, reason.v3)}
    return sorted(refused | {outcome.status for outcome in OUTCOMES})


def reason_facts(reason: Reason) -> dict[str, Any]:
    """The facts about a reason; `fault` is the header that has a server with a lab answer so."""
    return {
        "reason": reason.name,
        "step": {"number": int(reason.step), "name": reason.step.word},
        "v2": reason.v2,
        "v3": reason.v3,
        "message": reason.message,
        "remedy": reason.remedy,
        "carries": CARRIES[reason],
        "fault": f"Bodega-Fault: {reason.name}",
    }


def outcome_facts(outcome: type[Outcome]) -> dict[str, Any]:
    """The facts about an outcome."""
    message, carries = MEANS[outcome]
    return {"outcome": outcome.__name__, "status": outcome.status, "message": message, "carries": carries}


def before_the_law() -> list[tuple[int, str]]:
    """Status and message of requests that are rejected while they are still being read."""
    from bodega.server.limits import ProtocolRefusal

    return [refusal.value for refusal in ProtocolRefusal]


# As text


def as_words(found: dict[str, Any]) -> str:
    """What `explain` found, as text for people."""
    if "status" not in found:
        return "\n".join(_reason(found))
    blocks: list[list[str]] = []
    for outcome in found["outcomes"]:
        blocks.append([f"{outcome['outcome']}", *_lines(outcome, "message carries")])
    for step in dict.fromkeys(reason["step"]["number"] for reason in found["reasons"]):
        blocks.extend(_reason(reason) for reason in found["reasons"] if reason["step"]["number"] == step)
    for message in found["connection"]:
        blocks.append(["Before the law, while the request is read", f"  {message}"])
    return f"{found['status']}\n\n" + "\n\n".join("\n".join(block) for block in blocks)


def _reason(reason: dict[str, Any]) -> list[str]:
    step, v2, v3 = reason["step"], reason["v2"], reason["v3"]
    answered = f"{v2}" if v2 == v3 else f"{v2} in V2, {v3} in V3"
    return [
        f"{reason['reason']}: {answered}, by step {step['number']} {step['name']}",
        *_lines(reason, "message remedy carries fault"),
    ]


def _lines(facts: dict[str, Any], names: str) -> list[str]:
    heads = {"message": "says", "remedy": "do", "carries": "carries", "fault": "have it"}
    return [f"  {heads[name]:<9}{facts[name]}" for name in names.split() if facts[name]]
