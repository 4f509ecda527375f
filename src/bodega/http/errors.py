"""Error bodies: an array in V2 (clients read its first item), an object in V3 (RFC 9457 except for the media type)."""

from __future__ import annotations

from typing import Any

from bodega.http import xml
from bodega.http.negotiation import Media
from bodega.kit.render import json
from bodega.law.refusal import Refusal


def error_body(version: int, media: Media, refusal: Refusal) -> bytes:
    """The body of a refusal, in the caller's version and media type."""
    if version in (1, 2):
        errors = v2_errors(refusal)
        return xml.write(errors, "errors", "error") if media is Media.XML else json(errors)
    return json(v3_error(refusal))


def v2_errors(refusal: Refusal) -> list[dict[str, Any]]:
    """One item for each fault; `details` only if there are any."""
    status = refusal.reason.status(2)
    if not refusal.faults:
        return [_item(status, refusal.message, refusal.details)]
    return [_item(status, fault.message, dict(fault.details)) for fault in refusal.faults]


def _item(status: int, message: str, details: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"status": status, "message": message}
    if details:
        item["details"] = details
    return item


def v3_error(refusal: Refusal) -> dict[str, Any]:
    """{status, title, type, detail, errors}; `errors` maps each faulty field to a sentence about it."""
    reason = refusal.reason
    body: dict[str, Any] = {
        "status": reason.status(3),
        "title": refusal.message,
        "type": reason.page,
        "detail": reason.remedy,
    }
    errors = {fault.field: fault.details.get("invalid_reason", fault.message) for fault in refusal.faults}
    if errors:
        body["errors"] = errors
    if refusal.details:
        body["details"] = refusal.details
        body.setdefault("errors", {name: _word(value) for name, value in refusal.details.items()})
    return body


def _word(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
