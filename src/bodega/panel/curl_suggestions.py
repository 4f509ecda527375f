"""A request as a curl command, and for a refusal the command that would succeed, if it follows from the reply.

Tokens are not known here, so a command says `$TOKEN`. What a refusal names in its reply (the largest limit, the faulty
fields, the allowed methods) is corrected; where only the caller can know what is right, there is no suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec

from bodega.journal.curl import curl
from bodega.journal.exchange import Exchange
from bodega.journal.har import url
from bodega.law.reasons import Reason
from bodega.masking import MASK


class CurlSuggestion(NamedTuple):
    """A command that would succeed, and what differs in it; an empty `line` only says what to do."""

    line: str
    message: str


_FIELD = re.compile(r"The field '(.{1,200})' (?:is|cannot|was|has|must)")
"""How V2 names a faulty field (contract/wire.md 3)."""


def details(entry: Exchange) -> dict[str, Any]:
    """The details of a refusal, in either version's form; empty if nothing was kept."""
    try:
        body = msgspec.json.decode(entry.answer_body or "")
    except msgspec.DecodeError:
        return {}
    if isinstance(body, list):
        body = body[0] if body else {}
    found = body.get("details") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def faulty(entry: Exchange) -> list[str]:
    """The fields or parameters that a refusal names."""
    try:
        body = msgspec.json.decode(entry.answer_body or "")
    except msgspec.DecodeError:
        return []
    if isinstance(body, dict):
        named = details(entry).get("refused_filters") or body.get("errors")
        return [name for name in named if isinstance(name, str)] if isinstance(named, dict | list) else []
    items = [item for item in body if isinstance(item, dict)] if isinstance(body, list) else []
    found = [_FIELD.match(str(item.get("message", ""))) for item in items]
    return [name[1] for name in found if name is not None]


def missing_scope(entry: Exchange) -> str:
    """The scope that a 403 names."""
    found = details(entry).get("missing_scope", "") if entry.reason == Reason.SCOPE_MISSING.name else ""
    return found if isinstance(found, str) else ""


def _query_without(entry: Exchange, names: Sequence[str], **put: Any) -> str:
    pairs = [(name, value) for name, value in parse_qsl(entry.query, keep_blank_values=True) if name not in names]
    pairs = [pair for pair in pairs if pair[0] not in put] + [(name, str(value)) for name, value in put.items()]
    return urlencode(pairs, safe=":,/@")


def _elsewhere(entry: Exchange) -> CurlSuggestion | None:
    location = entry.answered("location")
    return CurlSuggestion(curl(entry, address=location), "The address that the reply names.") if location else None


def _with_token(entry: Exchange) -> CurlSuggestion:
    return CurlSuggestion(curl(entry), "With the token of an account, which was shown when the account was created.")


def _in_json(entry: Exchange) -> CurlSuggestion:
    return CurlSuggestion(curl(entry, headers={"accept": "application/json"}), "Asking for JSON.")


def _as_json(entry: Exchange) -> CurlSuggestion:
    line = curl(entry, headers={"content-type": "application/json", "content-encoding": None}, body="")
    return CurlSuggestion(f"{line} \\\n  --data @body.json", "With a body that is JSON, and says so.")


def _lower_limit(entry: Exchange) -> CurlSuggestion | None:
    maximum = details(entry).get("max_limit")
    if not isinstance(maximum, int):
        return None
    return CurlSuggestion(
        curl(entry, address=url(entry, query=_query_without(entry, (), limit=maximum))),
        f"With the largest limit, {maximum}.",
    )


def _without_parameters(entry: Exchange) -> CurlSuggestion | None:
    names = [name for name in faulty(entry) if f"{name}=" in entry.query or name in dict(parse_qsl(entry.query))]
    if not names:
        return None
    message = f"Without {', '.join(names)}."
    return CurlSuggestion(curl(entry, address=url(entry, query=_query_without(entry, names))), message)


def _with_filter(entry: Exchange) -> CurlSuggestion | None:
    supported = details(entry).get("supported_filters")
    names = [name for name in supported if isinstance(name, str)] if isinstance(supported, list) else []
    if not names:
        return None
    part = "id:in=1,2" if "id:in" in names else f"{names[0]}=Example"
    query = "&".join(one for one in (entry.query, part) if one)
    return CurlSuggestion(
        curl(entry, address=url(entry, query=query)), f"Naming what is to be deleted, by {', '.join(names)}."
    )


def _other_method(entry: Exchange) -> CurlSuggestion | None:
    allowed = [word.strip() for word in entry.answered("allow").split(",") if word.strip()]
    verb = next((word for word in ("GET", *allowed) if word in allowed), "")
    return CurlSuggestion(curl(entry, method=verb), f"This path accepts {', '.join(allowed)}.") if verb else None


def _known_method(entry: Exchange) -> CurlSuggestion | None:
    if entry.method == "PATCH":
        kind: dict[str, str | None] = {"content-type": entry.header("content-type") or "application/json"}
        line = curl(entry, method="PUT", headers=kind, body=entry.body or "{}")  # it was refused with its body unread
        return CurlSuggestion(line, "Partial changes use PUT here.")
    return None


def _present_state(entry: Exchange) -> CurlSuggestion | None:
    etag = entry.answered("etag")
    if not etag or not entry.header("if-match"):
        return None
    return CurlSuggestion(curl(entry, headers={"if-match": etag}), "For the current state; look at it first.")


def _whole(entry: Exchange) -> CurlSuggestion:
    away: dict[str, str | None] = {"if-none-match": None, "if-modified-since": None}
    return CurlSuggestion(
        curl(entry, headers=away), "Nothing is wrong: your copy is current. Without a condition it is sent again."
    )


def _without_fields(entry: Exchange) -> CurlSuggestion | None:
    if entry.body is None:
        return None
    try:
        body = msgspec.json.decode(entry.body)
    except msgspec.DecodeError:
        return None
    names = [name for name in faulty(entry) if isinstance(body, dict) and name in body]
    if not names:
        return None
    left = msgspec.json.encode({name: value for name, value in body.items() if name not in names}).decode()
    return None if MASK in left else CurlSuggestion(curl(entry, body=left), f"Without {', '.join(names)}.")


def _the_list(entry: Exchange) -> CurlSuggestion | None:
    last = entry.path.rstrip("/").rpartition("/")[2]
    if not last.isdigit():
        return None
    return CurlSuggestion(
        curl(entry, method="GET", address=url(entry, query="").removesuffix(f"/{last}"), body=""), "What exists."
    )


def _later(entry: Exchange) -> CurlSuggestion:
    wait = entry.answered("retry-after")
    return CurlSuggestion(curl(entry), f"The same, {wait} seconds after it was asked." if wait else "The same, later.")


_SUGGESTIONS: dict[Reason, Callable[[Exchange], CurlSuggestion | None]] = {
    Reason.INSECURE: _elsewhere,
    Reason.INSECURE_WRITE: _elsewhere,
    Reason.DEPRECATED_VERSION: _elsewhere,
    Reason.DEPRECATED_VERSION_WRITE: _elsewhere,
    Reason.MOVED_ROUTE: _elsewhere,
    Reason.MOVED_ROUTE_WRITE: _elsewhere,
    Reason.UPGRADING: _later,
    Reason.STORE_DAMAGED: _later,
    Reason.MAINTENANCE: _later,
    Reason.UNREACHABLE: _later,
    Reason.HOURLY_QUOTA_SPENT: _later,
    Reason.WINDOW_QUOTA_SPENT: _later,
    Reason.TOO_MANY_AT_ONCE: _later,
    Reason.UNKNOWN_METHOD: _known_method,
    Reason.CREDENTIALS_MISSING: _with_token,
    Reason.CREDENTIALS_WRONG: _with_token,
    Reason.METHOD_NOT_ALLOWED: _other_method,
    Reason.NOT_ACCEPTABLE: _in_json,
    Reason.CONTENT_TYPE_UNSUPPORTED: _as_json,
    Reason.CONTENT_CODING_UNSUPPORTED: _as_json,
    Reason.QUERY_INVALID: _without_parameters,
    Reason.FILTER_REFUSED: _without_parameters,
    Reason.FILTER_REQUIRED: _with_filter,
    Reason.LIMIT_OVER_MAXIMUM: _lower_limit,
    Reason.NO_SUCH_ENTITY: _the_list,
    Reason.PRECONDITION_FAILED: _present_state,
    Reason.NOT_MODIFIED: _whole,
    Reason.FIELD_UNKNOWN: _without_fields,
    Reason.FIELD_READ_ONLY: _without_fields,
}
"""The suggestions that follow from the request and its reply alone."""


def suggest(entry: Exchange, reason: Reason) -> CurlSuggestion | None:
    """The command that would succeed, if it follows from the reply."""
    suggestion = _SUGGESTIONS.get(reason)
    return suggestion(entry) if suggestion is not None else None
