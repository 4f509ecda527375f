"""Rules as people write them: JSON of the control API, options of the command line, the header Bodega-Fault.

All three say the same words. A mistake is told by the name of the member, with the nearest one that there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

import msgspec

from bodega.dates import parse_moment
from bodega.lab.faults.rule import Disconnect, Effect, FaultRule, Match, RateLimit, Schedule, Webhook
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason
from bodega.server.limits import ProtocolRefusal

LONGEST_MS = 600_000
MOST = 1_000_000_000
LONGEST_TEXT = 500
STRUCTS: dict[str, type[msgspec.Struct]] = {"match": Match, "schedule": Schedule, "effect": Effect}
PARTS = {name: tuple(field.encode_name for field in msgspec.structs.fields(kind)) for name, kind in STRUCTS.items()}
"""The members of each part of a rule, as they are written."""

OF_WEBHOOKS = ("scope", "destination", "hook_id")
OF_REQUESTS = tuple(name for name in PARTS["match"] if name not in OF_WEBHOOKS)


class FaultRefused(ValueError):
    """What was written is no rule: `faults` maps members to what is wrong with them."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name} {why}" for name, why in faults.items()))
        self.faults = dict(faults)


def statuses() -> list[int]:
    """Every status that can be asked for."""
    refused = {status for reason in Reason for status in (reason.v2, reason.v3)}
    return sorted(refused | {one.status for one in OUTCOMES} | {one.status for one in ProtocolRefusal})


def rule_of(given: Any, rule_id: str, operations: Iterable[str] = ()) -> FaultRule:
    """The rule that an object of JSON describes; `operations` are those that are served. Raises FaultRefused."""
    wrong: dict[str, str] = {}
    if not isinstance(given, Mapping):
        raise FaultRefused({"rule": "must be an object with match, schedule and effect."})
    parts: dict[str, Any] = {}
    for name in given:
        if name not in PARTS:
            wrong[str(name)] = f"is no part of a rule.{_meant(str(name), PARTS)}"
    for name in PARTS:
        parts[name] = _part(name, given.get(name, {}), wrong)
    effect, match = parts["effect"], parts["match"]
    if not effect and not any(name.startswith("effect") or name not in PARTS for name in wrong):
        wrong["effect"] = f"must say what is done: one of {', '.join(PARTS['effect'])}."
    _agree(match, effect, wrong)
    if isinstance(asked := match.get("operation"), str) and not wrong.get("match.operation"):
        _operation(match, asked, list(operations), wrong)
    if wrong:
        raise FaultRefused(wrong)
    return FaultRule(rule_id, **{name: msgspec.convert(parts[name], STRUCTS[name]) for name in PARTS})  # type: ignore[arg-type]


def as_written(rule: FaultRule) -> dict[str, Any]:
    """The rule as `rule_of` reads it; parts that say nothing are left out."""
    parts = {name: msgspec.to_builtins(getattr(rule, name)) for name in PARTS}
    return {name: value for name, value in parts.items() if value}


def _part(name: str, given: Any, wrong: dict[str, str]) -> dict[str, Any]:
    """The members of one part, read; what is wrong goes to `wrong`."""
    if not isinstance(given, Mapping):
        wrong[name] = "must be an object."
        return {}
    read: dict[str, Any] = {}
    for member, value in given.items():
        place = f"{name}.{member}"
        if member not in PARTS[name]:
            wrong[place] = f"is no member of {name}.{_meant(str(member), PARTS[name])}"
            continue
        try:
            read[member] = READERS[member](value)
        except ValueError as error:
            text = str(error)
            wrong[place] = text if text[-1:] in ".?" else f"{text}."
    return read


def _agree(match: dict[str, Any], effect: dict[str, Any], wrong: dict[str, str]) -> None:
    """Members that exclude or need one another."""
    webhook = "webhook" in effect
    odd = [name for name in match if name in (OF_REQUESTS if webhook else OF_WEBHOOKS)]
    for name in odd:
        about = "a webhook's effect" if webhook else "effects on requests"
        wrong[f"match.{name}"] = (
            f"does not go with {about}; what does: {', '.join(OF_WEBHOOKS if webhook else OF_REQUESTS)}."
        )
    if webhook:
        for name in effect:
            if name not in ("webhook", "delay"):
                wrong[f"effect.{name}"] = "does not go with webhook; what does: delay."
        if effect["webhook"] == "delayed":
            effect.setdefault("delay", 60)
        elif effect["webhook"] == "reordered":
            effect.setdefault("delay", 30)
        elif "delay" in effect:
            wrong["effect.delay"] = "goes with webhook delayed and reordered."
    elif "delay" in effect:
        wrong["effect.delay"] = "is for webhooks; requests have latency, in milliseconds."
    if "status" in effect and "reason" in effect and effect["status"] not in _statuses_of(effect["reason"]):
        told = " or ".join(map(str, sorted(_statuses_of(effect["reason"]))))
        wrong["effect.status"] = f"is not that of {effect['reason']}, which is {told}."
    for name in ("retry_after", "field"):
        if name in effect and "status" not in effect and "reason" not in effect:
            wrong[f"effect.{name}"] = "needs a status or a reason."


def _statuses_of(reason: str) -> set[int]:
    return {Reason[reason].v2, Reason[reason].v3}


OF_QUERIES = re.compile(r"(?:query|mutation) +\w+")
"""An operation of the storefront's GraphQL API: whoever asks gives it its name."""

OF_SHOPS = re.compile(r"[A-Z]+ +/(?:graphql|api/storefront/\S+)")
"""An operation at a shop's host."""


def _operation(match: dict[str, Any], asked: str, served: list[str], wrong: dict[str, str]) -> None:
    from bodega.lab.faults.matching import same_operation

    asked = " ".join(asked.split())
    match["operation"] = asked
    elsewhere = OF_QUERIES.fullmatch(asked) or OF_SHOPS.fullmatch(asked)
    if served and not elsewhere and not any(same_operation(asked, one) for one in served):
        near = get_close_matches(asked, served, n=1)
        wrong["match.operation"] = f"is not served: {asked}." + (f" Did you mean {near[0]}?" if near else "")


def _meant(word: str, words: Iterable[str]) -> str:
    near = get_close_matches(word.replace("-", "_"), list(words), n=1)
    return f" Did you mean {near[0]}?" if near else f" There are {', '.join(words)}."


# One reader a member: JSON's types, or the text of an option or a header.


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_TEXT:
        raise ValueError(f"must be text of 1 to {LONGEST_TEXT} characters")
    return value


def _path(value: Any) -> str:
    text = _text(value)
    if not text.startswith(("/", "*")):
        raise ValueError(f"must begin with a slash below the store, as /v3/orders/*; did you mean /{text}?".rstrip("?"))
    return text


def _operation_text(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(rf"[A-Z]+ +/v[23]/\S+|{OF_QUERIES.pattern}|{OF_SHOPS.pattern}", text):
        raise ValueError(
            "must be a method and a path of the docs, as GET /v3/catalog/products/{id}, or a named query of the"
            " storefront, as query ProductPage"
        )
    return text


def _methods(value: Any) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words:
        raise ValueError("must be a method, or a list of methods")
    for word in words:
        if not isinstance(word, str) or not re.fullmatch(r"[A-Za-z]{1,20}", word.strip()):
            raise ValueError("must be a method, or a list of methods, as GET")
    return tuple(word.strip().upper() for word in words)


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise ValueError("must map names of headers to patterns")
    return {str(name).lower(): text for name, text in value.items()}


def _members(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("must map members of the body, as items.0.sku, to values")
    return {str(name): wanted for name, wanted in value.items()}


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _probability(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(r"[01]?\.?[0-9]{1,15}", value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError("must be a number from 0 to 1")
    return float(value)


def _moment(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11:
        return float(value)
    try:
        return float(parse_moment(value))
    except (ValueError, TypeError, AttributeError):
        raise ValueError("must be a time, as 2030-01-31T12:00:00Z, or UTC seconds") from None


def _status(value: Any) -> int:
    known = statuses()
    try:
        number = _whole(100, 599)(value)
    except ValueError:
        number = 0
    if number not in known:
        raise ValueError(f"must be one that the law knows: {', '.join(map(str, known))}")
    return number


def _reason(value: Any) -> str:
    name = _text(value).upper().replace("-", "_")
    if name not in Reason.__members__:
        near = get_close_matches(name, Reason.__members__, n=1)
        raise ValueError(
            f"is unknown: {value}." + (f" Did you mean {near[0]}?" if near else " bodega explain lists them.")
        )
    return name


def _latency(value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        first, dash, last = value.partition("-")
        value = [first, last] if dash else value
    ends = value if isinstance(value, list | tuple) else (value, value)
    if len(ends) != 2:
        raise ValueError("must be milliseconds, or the least and the most of them")
    least, most = map(_whole(0, LONGEST_MS), ends)
    if least > most:
        raise ValueError("must name the least first")
    return least, most


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        word = value.replace("-", "_") if isinstance(value, str) else value
        if word not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return str(word)

    return read


def _flag(value: Any) -> bool:
    if value in (True, "true", ""):
        return True
    if value in (False, "false"):
        return False
    raise ValueError("must be true or false")


READERS: dict[str, Callable[[Any], Any]] = {
    "method": _methods,
    "path": _path,
    "operation": _operation_text,
    "account": _text,
    "headers": _headers,
    "body": _members,
    "scope": _text,
    "destination": _text,
    "hook_id": _whole(1, MOST),
    "nth": _whole(1, MOST),
    "every": _whole(1, MOST),
    "probability": _probability,
    "count": _whole(1, MOST),
    "from": _moment,
    "until": _moment,
    "seed": _whole(0, 2**53),
    "status": _status,
    "reason": _reason,
    "retry_after": _whole(0, 86_400 * 365),
    "field": _text,
    "latency": _latency,
    "bytes_per_second": _whole(1, MOST),
    "truncate": _whole(0, MOST),
    "broken": _flag,
    "disconnect": _one_of(get_args(Disconnect)),
    "rate_limit": _one_of(get_args(RateLimit)),
    "webhook": _one_of(get_args(Webhook)),
    "delay": _whole(0, 86_400 * 30),
}
"""How each member is read. Raises ValueError with the end of a sentence that begins with its name."""


def effect_of(header: str) -> Effect:
    """The effect that a header Bodega-Fault asks for: `503;retry-after=2`, `latency=200-800;disconnect=after`.

    Words are divided by semicolons. A word alone is a status, a reason, or `broken`; others are members of an effect,
    with hyphens, and their values. Raises FaultRefused.
    """
    given: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for word in filter(None, (part.strip() for part in header.split(";"))):
        name, equals, value = (part.strip() for part in word.partition("="))
        member = name.lower().replace("-", "_")
        if not equals and name.isdigit():
            member, value = "status", name
        elif not equals and name.upper().replace("-", "_") in Reason.__members__:
            member, value = "reason", name
        if member not in PARTS["effect"] or member in ("webhook", "delay"):
            words = [one.replace("_", "-") for one in PARTS["effect"] if one not in ("webhook", "delay")]
            near = get_close_matches(name.lower(), [*words, *map(str.lower, Reason.__members__)], n=1)
            hint = f" Did you mean {near[0]}?" if near else f" The words are a status, a reason, {', '.join(words)}."
            wrong[name] = f"is no fault.{hint}"
        elif member in given:
            wrong[name] = "is said twice."
        else:
            given[member] = value
    if not wrong and not given:
        wrong["Bodega-Fault"] = "asks for nothing."
    if wrong:
        raise FaultRefused(wrong)
    try:
        return rule_of({"effect": given}, "").effect
    except FaultRefused as error:
        told = {name.partition(".")[2].replace("_", "-") or name: why for name, why in error.faults.items()}
        raise FaultRefused(told) from None
