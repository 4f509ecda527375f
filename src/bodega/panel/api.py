"""The store's API as the panel uses it: through the law, without a connection (decision 22)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from bodega.http.internal import PANEL
from bodega.http.internal_api import ApiReply, send
from bodega.kit.upload import Upload
from bodega.panel.sentences import sentence_of
from bodega.panel.web import PageError, PanelRequest, without_rows
from bodega.storage.unit import Unit

T = TypeVar("T")

CLIENT = PANEL

_BOUNDARY = "bodega-panel-5f1c1e0a9f"


async def send_request(
    request: PanelRequest,
    method: str,
    path: str,
    body: Any = None,
    *,
    etag: str = "",
    client: str = CLIENT,
    prefer: str = "",
    **query: Any,
) -> ApiReply:
    """One request: `path` as /v3/catalog/brands, `body` plain data. Raises PageError where the store is being upgraded.

    `client` is the client in whose name it is sent: a client's webhooks, for example, are its own even here.
    `prefer` is respond-async for what becomes a task.
    """
    sent = {name: value for name, value in (("if-match", etag), ("prefer", prefer)) if value}
    return await _send(request, method, path, body, sent, query, client)


async def write(request: PanelRequest, name: str, job: Callable[[Unit], Awaitable[T]]) -> T:
    """Runs a job in one transaction of the store, for what no request of the API does as a whole. `name` is what it is
    called in the log of changes. Raises Refusal, and PageError where the store is being upgraded."""
    if request.shop.rows is None:
        raise without_rows(request.shop)

    async def as_panel(unit: Unit) -> T:
        unit.client_id = CLIENT
        return await job(unit)

    result: T = await request.shop.write(as_panel)
    request.panel.api.wrote(request.shop)
    request.written.append(name)
    return result


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
    body: Any,
    headers: Mapping[str, str],
    query: Mapping[str, Any],
    client: str = CLIENT,
) -> ApiReply:
    if request.shop.rows is None:
        raise without_rows(request.shop)
    reply = await send(
        request.panel.api, request.shop, client, method, path, body, origin=request.origin, headers=headers, query=query
    )
    if method != "GET" and not reply.refused:
        request.written.append(f"{method} {path}")
    return reply


async def read(request: PanelRequest, path: str, **query: Any) -> ApiReply:
    """What a GET shows. Raises PageError if there is nothing, or the request was refused."""
    reply = await send_request(request, "GET", path, **query)
    if reply.refused:
        message = "This no longer exists." if reply.status == HTTPStatus.NOT_FOUND else sentence_of(reply)
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
