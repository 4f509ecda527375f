"""The store's API as the panel uses it: through the law, without a connection (decision 22)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from bodega.http.internal import PANEL, carry_out
from bodega.kit.upload import Upload
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.panel.web import PageError, PanelRequest, without_rows

CLIENT = PANEL

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_BOUNDARY = "bodega-panel-5f1c1e0a9f"


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

    @property
    def refused(self) -> bool:
        """Whether nothing was done."""
        return self.reason is not None

    @property
    def total(self) -> int:
        """The total of what was listed."""
        found: int = self.meta.get("pagination", {}).get("total", 0)
        return found


async def send_request(
    request: PanelRequest,
    method: str,
    path: str,
    body: Any = None,
    *,
    etag: str = "",
    client: str = CLIENT,
    **query: Any,
) -> ApiReply:
    """One request: `path` as /v3/catalog/brands, `body` plain data. Raises PageError where the store is being upgraded.

    `client` is the client in whose name it is sent: a client's webhooks, for example, are its own even here.
    """
    content = b"" if body is None else _encode(body)
    headers = {"content-type": "application/json"} if body is not None else {}
    if etag:
        headers["if-match"] = etag
    return await _send(request, method, path, content, headers, query, client)


async def upload(request: PanelRequest, path: str, name: str, file: Upload, **fields: str) -> ApiReply:
    """A POST of a file with text fields, as multipart/form-data."""
    lines = [f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
             for key, value in fields.items()]  # fmt: skip
    safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in file.filename)[-80:] or "file"
    lines.append(
        f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"; filename="{safe}"\r\n'
        "content-type: application/octet-stream\r\n\r\n"
    )
    body = "".join(lines).encode() + file.content + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return await _send(request, "POST", path, body, {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}, {})


async def _send(
    request: PanelRequest,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    query: Mapping[str, Any],
    client: str = CLIENT,
) -> ApiReply:
    if request.shop.rows is None:
        raise without_rows(request.shop)
    given = {name: value for name, value in query.items() if value not in ("", None)}
    target = f"{path}?{urlencode(given)}" if given else path
    headers["accept"] = "application/json"
    try:
        answer = await carry_out(
            request.panel.api, request.shop, client, method, target, body, headers, origin=request.origin
        )
    except Refusal as refusal:
        return _refused(refusal, 2 if path.startswith("/v2/") else 3)
    message = _decode(answer.body) if answer.body else None
    etag = dict(answer.fields).get(b"etag", b"").decode()
    if path.startswith("/v3/") and isinstance(message, dict):
        data = message.get("data") if "data" in message or "errors" in message else message
        return ApiReply(answer.status, data, message.get("meta") or {}, etag, errors=_noted(message.get("errors")))
    return ApiReply(answer.status, message, etag=etag)


def _noted(errors: Any) -> dict[str, str]:
    return {name: str(message) for name, message in errors.items()} if isinstance(errors, dict) else {}


def _refused(refusal: Refusal, version: int) -> ApiReply:
    """The API's message: a sentence for each faulty member, or one for all."""
    errors = {fault.field: str(fault.details.get("invalid_reason", fault.message)) for fault in refusal.faults}
    title = next((fault.message for fault in refusal.faults), refusal.message)
    return ApiReply(
        refusal.reason.status(version), title=title, remedy=refusal.reason.advice, errors=errors, reason=refusal.reason
    )


async def read(request: PanelRequest, path: str, **query: Any) -> ApiReply:
    """What a GET shows. Raises PageError if there is nothing, or the request was refused."""
    reply = await send_request(request, "GET", path, **query)
    if reply.refused:
        message = "This no longer exists." if reply.status == HTTPStatus.NOT_FOUND else reply.title
        raise PageError(HTTPStatus(reply.status), message)
    return reply


async def whole(request: PanelRequest, path: str, maximum: int = 1_000, **query: Any) -> list[Any]:
    """All items of a list, up to `maximum`."""
    found: list[Any] = []
    page = 1
    while len(found) < maximum:
        reply = await read(request, path, limit=250, page=page, **query)
        found += reply.data or []  # V2 says 204 of an empty list
        if len(reply.data or ()) < 250:
            break
        page += 1
    return found[:maximum]


def number(text: str) -> int:
    """An id in a path of the panel. Raises PageError."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise PageError(HTTPStatus.NOT_FOUND)
    return int(text)


def page_of(request: PanelRequest) -> int:
    """The requested page of a list, from 1."""
    text = request.query_value("page")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
