"""Whether a rule is about a call. Nothing here waits, counts or changes anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from bodega.lab.faults.rule import FaultRule, Schedule


class RequestFacts(msgspec.Struct, frozen=True):
    """What is known of a request before it is judged. `path` begins below the store; `operation` is "" if nothing is
    served there; `account` holds the names of who asks; `body` is None as long as no rule asks for it."""

    method: str
    path: str
    operation: str = ""
    account: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    body: Any = None


class DeliveryFacts(msgspec.Struct, frozen=True):
    """What is known of an event that is about to be sent."""

    scope: str
    destination: str
    hook_id: int


def concerns_request(rule: FaultRule, facts: RequestFacts, now: float, *, with_body: bool = True) -> bool:
    """Whether the rule is about this request at `now`, the store's time; its body is looked at last."""
    match = rule.match
    if rule.of_webhooks or not _in_window(rule.schedule, now):
        return False
    return (
        (not match.method or facts.method in match.method)
        and (not match.path or _fits(match.path, facts.path))
        and (not match.operation or same_operation(match.operation, facts.operation))
        and (not match.account or match.account in facts.account)
        and all(_fits(pattern, facts.headers.get(name.lower()), "") for name, pattern in match.headers.items())
        and (not with_body or all(_holds(facts.body, member, value) for member, value in match.body.items()))
    )


def concerns_delivery(rule: FaultRule, facts: DeliveryFacts, now: float) -> bool:
    """Whether the rule is about this delivery."""
    match = rule.match
    return (
        rule.of_webhooks
        and _in_window(rule.schedule, now)
        and (not match.scope or _fits(match.scope, facts.scope))
        and (not match.destination or _fits(match.destination, facts.destination, ""))
        and (not match.hook_id or match.hook_id == facts.hook_id)
    )


def same_operation(asked: str, served: str) -> bool:
    """Whether two operations are the same, whatever their ids are called."""
    return _plain(asked) == _plain(served)


@lru_cache(maxsize=1024)
def _plain(operation: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", operation)


def _in_window(schedule: Schedule, now: float) -> bool:
    return (schedule.since is None or now >= schedule.since) and (schedule.until is None or now < schedule.until)


def _fits(pattern: str, value: str | None, part: str = "/") -> bool:
    return value is not None and _expression(pattern, part).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str, part: str) -> re.Pattern[str]:
    """`*` is anything within a part, and `**` across parts, which `part` divides; without one they are the same."""
    within = f"[^{part}]" if part else "."
    out = []
    for piece in re.split(r"(\*\*|\*|\{[^{}]*\})", pattern):
        if piece == "**":
            out.append(".*")
        elif piece == "*":
            out.append(f"{within}*")
        elif piece.startswith("{") and piece.endswith("}") and part:
            out.append(f"{within}+")
        else:
            out.append(re.escape(piece))
    return re.compile("".join(out), re.DOTALL)


def _holds(body: Any, member: str, wanted: Any) -> bool:
    found, there = _member(body, member.split("."))
    if not there:
        return False
    if isinstance(wanted, str) and isinstance(found, str):
        return _fits(wanted, found, "")
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return bool(wanted == found)


def _member(value: Any, steps: list[str]) -> tuple[Any, bool]:
    for step in steps:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None, False
    return value, True
