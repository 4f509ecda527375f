"""The store's API for callers inside the process: plain data through the law, without a connection (decision 22)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.internal import carry_out
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_JSON = {"content-type": "application/json"}


class ApiReply(NamedTuple):
    """What the API replied. `data` is V3's data, or the whole body where there is none; of a refusal `title` says why
    and `errors` which members are faulty; `errors` may come with data if a part was not saved (207)."""

    status: int
    data: Any = None
    meta: Mapping[str, Any] = {}
    etag: str = ""
    title: str = ""
    remedy: str = ""
    errors: Mapping[str, str] = {}
    reason: Reason | None = None
    details: Mapping[str, Any] = {}

    @property
    def refused(self) -> bool:
        """Whether nothing was done."""
        return self.reason is not None

    @property
    def total(self) -> int:
        """The total of what was listed."""
        found: int = self.meta.get("pagination", {}).get("total", 0)
        return found


async def send(
    app: AppContext,
    store: OpenStore,
    client: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    origin: str,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
) -> ApiReply:
    """One request of a client: `path` as /v3/catalog/brands, `body` plain data, or bytes with a content-type among the
    headers; `query` without what is empty. The store's rows must be open."""
    content = body if isinstance(body, bytes) else b"" if body is None else _encode(body)
    given = {name: value for name, value in (query or {}).items() if value not in ("", None)}
    target = f"{path}?{urlencode(given)}" if given else path
    sent = {"accept": "application/json", **({} if body is None else _JSON), **(headers or {})}
    try:
        answer = await carry_out(app, store, client, method, target, content, sent, origin=origin)
    except Refusal as refusal:
        return refused(refusal, 2 if path.startswith("/v2/") else 3)
    message = _decode(answer.body) if answer.body else None
    etag = dict(answer.fields).get(b"etag", b"").decode()
    if path.startswith("/v3/") and isinstance(message, dict):
        data = message.get("data") if "data" in message or "errors" in message else message
        return ApiReply(answer.status, data, message.get("meta") or {}, etag, errors=_noted(message.get("errors")))
    return ApiReply(answer.status, message, etag=etag)


def _noted(errors: Any) -> dict[str, str]:
    return {name: str(message) for name, message in errors.items()} if isinstance(errors, dict) else {}


def refused(refusal: Refusal, version: int) -> ApiReply:
    """A refusal as the API's message: a sentence for each faulty member, or one for all."""
    errors = {fault.field: str(fault.details.get("invalid_reason", fault.message)) for fault in refusal.faults}
    title = next((fault.message for fault in refusal.faults), refusal.message)
    return ApiReply(
        refusal.reason.status(version),
        title=title,
        remedy=refusal.reason.advice,
        errors=errors,
        reason=refusal.reason,
        details=refusal.details,
    )
