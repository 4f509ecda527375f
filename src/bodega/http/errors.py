"""Error bodies: an array in V2 (clients read its first item), an object in V3 (RFC 9457 except for the media type)."""

from __future__ import annotations

from typing import Any

from bodega.http import xml
from bodega.http.negotiation import Media
from bodega.kit.render import json
from bodega.law.refusal import Refusal
from bodega.law.remedy import Remedy
from bodega.law.wording import GATHERED, JSON_TITLE, MALFORMED, NAMES_NO_FIELD, gathered, told


def error_body(version: int, media: Media, refusal: Refusal, remedy: Remedy) -> bytes:
    """The body of a refusal, in the caller's version and media type."""
    if version in (1, 2):
        errors = v2_errors(refusal)
        return xml.write(errors, "errors", "error") if media is Media.XML else json(errors)
    return json(v3_error(refusal, remedy))


def v2_errors(refusal: Refusal) -> list[dict[str, Any]]:
    """One item for each fault; `details` only if there are any."""
    status = refusal.reason.status(2)
    if not refusal.faults:
        return [_item(status, refusal.message, refusal.details)]
    if refusal.reason in GATHERED:
        return [_item(status, refusal.reason.message, gathered(refusal.faults))]
    return [_item(status, fault.message, dict(fault.details)) for fault in refusal.faults]


def _detail(refusal: Refusal, title: str, remedy: Remedy) -> str:
    """What the caller can do; before it, what is wrong, where title and errors have only words for programs."""
    said = {JSON_TITLE: [fault.message for fault in refusal.faults], MALFORMED: [refusal.message]}.get(title, [])
    return " ".join([*said, remedy.text])


def _item(status: int, message: str, details: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"status": status, "message": message}
    if details:
        item["details"] = details
    return item


def v3_error(refusal: Refusal, remedy: Remedy) -> dict[str, Any]:
    """{code?, status, title, type, detail, errors, details?}; `errors` maps each faulty field to a message."""
    reason, words = refusal.reason, told(refusal)
    body: dict[str, Any] = {"code": words.code} if words.code else {}
    body |= {
        "status": reason.status(3),
        "title": words.title,
        "type": reason.page,
        "detail": _detail(refusal, words.title, remedy),
    }
    if words.errors or refusal.details or reason in NAMES_NO_FIELD:
        body["errors"] = words.errors
    if refusal.details:
        body["details"] = refusal.details
    return body
