"""PUT /files/HASH/uploads/UUID?key=KEY: what an address of `POST /v3/infrastructure/deployments/uploads` takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bodega.access.stores import Stores
from bodega.aside import aside
from bodega.http.mounts import BodyBroken, BodyTooLarge, Mount, Receive, Send, reply, whole_body
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.resources.hosting import uploads
from bodega.storable import query_of
from bodega.storage.tx import Busy

_PATH = re.compile(r"/files/([a-z0-9-]{1,40})/uploads/([0-9a-f-]{36})")
LARGEST = 20 * 1024 * 1024
"""In bytes; what a server takes at all."""


def bundles(stores: Stores, files: Mount) -> Mount:
    """The addresses of uploads; what is none of them is a file."""

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        asked = _PATH.fullmatch(scope["path"])
        if asked is None:
            await files(scope, receive, send)
            return
        method = scope["method"]
        if method != "PUT":
            await _refuse(send, method, Reason.METHOD_NOT_ALLOWED.status(3), "An upload takes PUT.", allow=b"PUT")
            return
        store = await stores.get(asked[1])
        if store is None or store.rows is None or store.suspended:
            await _refuse(send, method, Reason.NO_SUCH_RESOURCE.status(3), "There is no such address.")
            return
        try:
            content = await whole_body(receive, LARGEST)
        except (BodyTooLarge, BodyBroken):
            await _refuse(send, method, Reason.BODY_TOO_LARGE.status(3), f"A bundle has at most {LARGEST} bytes.")
            return
        key = query_of(scope).get("key", [""])[0]
        whole = await aside(lambda: uploads.is_zip(content))
        try:
            kept = await store.write(lambda unit: uploads.receive(unit, asked[2], key, content, whole=whole))
        except Busy:
            await _refuse(send, method, Reason.UNREACHABLE.status(3), "Try again in a moment.")
            return
        if kept:
            await reply(send, method, Shown.status, b"", [(b"cache-control", b"no-store")], length=0)
        else:
            await _refuse(send, method, Reason.SCOPE_MISSING.status(3), "The address takes nothing any more.")

    return mount


async def _refuse(send: Send, method: str, status: int, why: str, **headers: bytes) -> None:
    told = [(b"content-type", b"text/plain"), *((name.encode(), value) for name, value in headers.items())]
    await reply(send, method, status, why.encode(), told)
