"""Pictures in whatever size a template asks for: `/s-HASH/images/stencil/SIZE/...` at every host of the server.

SIZE is `original`, a width as `640w`, or a box as `300x300`. A form is made once, by the picture worker, and kept in
memory, the longest unused going first (docs/decisions/0064-search.md); what asks for much that is new waits, or is sent
away, and neither decodes a picture here nor keeps uploads from their turn.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from bodega.access.open_store import OpenStore
from bodega.access.stores import Stores
from bodega.http.files import HARMLESS, KEPT, holds, refuse, store_of
from bodega.http.mounts import Receive, Send, reply
from bodega.imaging.messages import Form
from bodega.imaging.worker import Full, Lost, PictureWorker
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.resources.catalog import images
from bodega.storage import files, query
from bodega.storage.files import PLACE
from bodega.storage.tx import Busy

LARGEST_SIDE = 4096
"""Pixels of the longest side that a size can ask for; nothing is made larger than it is."""

ZOOM = 1280
"""The side of the box of the largest form that is stored beside the original."""

MOST_FORMS, MOST_BYTES, MOST_OF_ONE = 4_000, 64 * 1024 * 1024, 48
"""Forms that are kept, how large they may be together, and how many there may be of one picture."""

MOST_WAITING = 8
"""Pictures that may wait for the worker when a new size is asked for: fewer than wait when pictures are sent."""

_PATH = re.compile(
    r"/s-([a-z0-9-]{1,40})/images/stencil/(original|[1-9][0-9]{0,3}w|[1-9][0-9]{0,3}x[1-9][0-9]{0,3})"
    r"/(?:products/([1-9][0-9]{0,9})/([1-9][0-9]{0,9})|([0-9a-f]{64}))/[^/]{0,300}"
)
_MINUTES: Header = (b"cache-control", b"public, max-age=300")
_LATER: Header = (b"retry-after", b"2")
_BY_ACCEPT: Header = (b"vary", b"accept")
_TURNS_WEBP = frozenset({"image/jpeg", "image/png"})

Box = tuple[int, int]


class Key(NamedTuple):
    """What a form is of."""

    store: str
    digest: str
    box: Box
    as_webp: bool


class Asked(NamedTuple):
    """A picture in a size: the file that the form is made of, and that of the original. `is_fixed`: the address names
    what the picture is, so its reply can be kept for good."""

    box: Box | None
    source: str
    original: str
    is_fixed: bool


def template(base: str, store: str, address: str, product: tuple[int, int] | None = None) -> str:
    """The address of a stored file with `{:size}` in it; `product` are the ids of a product and of its image."""
    _, digest, name = address.split("/", 2)
    place = digest if product is None else f"products/{product[0]}/{product[1]}"
    known = "" if product is None else f"?c={digest[:16]}"
    return f"{base}/s-{store}/images/stencil/{{:size}}/{place}/{name}{known}"


class SizedImages:
    """The forms that are kept, and the answers to who asks for them."""

    def __init__(self, stores: Stores, worker: PictureWorker) -> None:
        self._stores = stores
        self._worker = worker
        self._kept: OrderedDict[Key, Form | None] = OrderedDict()
        self._of_one: dict[tuple[str, str], OrderedDict[Key, None]] = {}
        self._making: dict[Key, asyncio.Task[Form | None]] = {}
        self.bytes = 0
        self.made = 0
        """Forms that were made."""

    async def mount(self, scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        """GET and HEAD of a picture in a size."""
        method = scope["method"]
        found = _PATH.fullmatch(scope["path"])
        size = None if found is None else _box(found[2])
        if found is None or size is False:
            await refuse(send, method, Reason.NO_SUCH_RESOURCE)
            return
        store = await store_of(self._stores, found[1], method, send)
        if store is None:
            return
        try:
            asked = await _asked(store, scope, found, size if isinstance(size, tuple) else None)
            if asked is None:
                await refuse(send, method, Reason.NO_SUCH_RESOURCE)
            else:
                await self._show(send, scope, store, asked)
        except Busy:
            await refuse(send, method, Reason.UNREACHABLE, (b"retry-after", b"5"))
        except (Full, Lost, TimeoutError):
            await refuse(send, method, Reason.IMAGES_WAITING, _LATER)

    async def _show(self, send: Send, scope: Mapping[str, Any], store: OpenStore, asked: Asked) -> None:
        assert store.rows is not None
        method = scope["method"]
        known = await files.facts(store.rows.reader, asked.source)
        if known is None or not known[0].startswith("image/"):
            await refuse(send, method, Reason.NO_SUCH_RESOURCE)
            return
        as_webp = asked.box is not None and known[0] in _TURNS_WEBP and _takes_webp(scope["headers"])
        told = "original" if asked.box is None else f"{asked.box[0]}x{asked.box[1]}{'-webp' if as_webp else ''}"
        etag = f'"{asked.source}-{told}"'.encode()
        headers = [(b"etag", etag), KEPT if asked.is_fixed else _MINUTES, _BY_ACCEPT, *HARMLESS]
        if holds(scope["headers"], etag):
            await reply(send, method, HTTPStatus.NOT_MODIFIED, b"", headers)
            return
        form = None
        if asked.box is not None:
            form = await self._form(store, Key(store.record.hash, asked.source, asked.box, as_webp))
        if form is not None:
            media_type, content = f"image/{form.kind.lower()}", form.content
        else:
            media_type = known[0]
            content = await files.content(store.rows.reader, asked.source) or b""
        headers.append((b"content-type", media_type.encode()))
        await reply(send, method, Shown.status, content, headers)

    async def _form(self, store: OpenStore, key: Key) -> Form | None:
        """The form; None if the picture is no larger. Raises Full, Lost, TimeoutError."""
        if key in self._kept:
            self._kept.move_to_end(key)
            self._of_one[key[:2]].move_to_end(key)
            return self._kept[key]
        task = self._making.get(key)
        if task is None:
            if self._worker.waiting >= MOST_WAITING:
                raise Full
            task = self._making[key] = asyncio.ensure_future(self._make(store, key))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, store: OpenStore, key: Key) -> Form | None:
        assert store.rows is not None
        content = await files.content(store.rows.reader, key.digest) or b""
        developed = await self._worker.develop(content, {"form": key.box}, store=store.record.hash, as_webp=key.as_webp)
        self.made += 1
        form = developed.sizes.get("form")
        self._keep(key, form)
        return form

    def _keep(self, key: Key, form: Form | None) -> None:
        of_one = self._of_one.setdefault(key[:2], OrderedDict())
        while len(of_one) >= MOST_OF_ONE:
            self._drop(next(iter(of_one)))
            of_one = self._of_one.setdefault(key[:2], OrderedDict())
        self._kept[key] = form
        of_one[key] = None
        self.bytes += _weight(form)
        while self._kept and (len(self._kept) > MOST_FORMS or self.bytes > MOST_BYTES):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        self.bytes -= _weight(self._kept.pop(key))
        of_one = self._of_one[key[:2]]
        del of_one[key]
        if not of_one:
            del self._of_one[key[:2]]


def _weight(form: Form | None) -> int:
    return 0 if form is None else len(form.content)


def _box(size: str) -> Box | bool:
    """The box of a size; False if it is none, True for the original."""
    if size == "original":
        return True
    width, _, height = size.removesuffix("w").partition("x")
    box = (int(width), int(height or LARGEST_SIDE))
    return box if max(box) <= LARGEST_SIDE else False


async def _asked(store: OpenStore, scope: Mapping[str, Any], found: re.Match[str], box: Box | None) -> Asked | None:
    """The picture that a path names; None if there is none."""
    if found[5]:
        return Asked(box, found[5], found[5], is_fixed=True)
    assert store.rows is not None
    row = await query.get(store.rows.reader, images.TABLE, int(found[4])) if int(found[4]) < 2**31 else None
    if row is None or row.entity.product_id != int(found[3]) or not row.entity.image_url.startswith(PLACE):
        return None
    original = _digest(row.entity.image_url)
    zoom = row.entity.url_zoom
    near = box is not None and box[0] <= ZOOM and (box[1] <= ZOOM or box[1] == LARGEST_SIDE)
    source = _digest(zoom) if near and zoom.startswith(PLACE) else original
    named = scope.get("query_string", b"").decode("latin-1")
    return Asked(box, source, original, is_fixed=f"c={original[:16]}" in named.split("&"))


def _digest(address: str) -> str:
    return address.split("/", 2)[1]


def _takes_webp(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"accept" and b"image/webp" in value for name, value in headers)
