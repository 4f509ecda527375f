"""The response on the wire: an outcome or a refusal as status, headers and bytes in the caller's format."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import partial

import msgspec

from bodega.aside import LARGE_BYTES, aside
from bodega.dates import http_date
from bodega.http import xml
from bodega.http.app_context import AppContext
from bodega.http.conditions import tag
from bodega.http.errors import error_body
from bodega.http.negotiation import Media, accepts_gzip
from bodega.http.products import Seen
from bodega.http.remedies import header, remedy_of
from bodega.http.request import Request
from bodega.kit.render import json
from bodega.law.outcome import NO_DATE, Emptied, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal

GZIP_FROM = 4096
"""Bodies of at least this many bytes are compressed if the caller accepts it; below, it costs more than it saves."""

_JSON: Header = (b"content-type", b"application/json")
_XML: Header = (b"content-type", b"application/xml")
_VARY: Header = (b"vary", b"accept, accept-encoding")
_PRIVATE: Header = (b"cache-control", b"private, no-cache")
_NO_STORE: Header = (b"cache-control", b"no-store")
_REPLAYED: Header = (b"idempotency-replayed", b"true")


class Response(msgspec.Struct, gc=False):
    """A complete reply. `reason` is the name of the refusal's reason, if any; `closes` ends the connection."""

    status: int
    headers: list[Header]
    body: bytes = b""
    reason: str = ""
    closes: bool = False


def last_modified(state: Validator, now: int) -> list[Header]:
    """Last-Modified, if there is a date to tell: never one that the store's clock has not reached (RFC 9110 8.8.2.1).

    A copy with the present time in its place is not taken for current later (`storage/table_stats.py`).
    """
    modified = abs(state.modified)
    return [(b"last-modified", http_date(min(modified, now)))] if 0 < modified < NO_DATE else []


async def answered(
    request: Request, media: Media, quota: Sequence[Header], outcome: Outcome, state: Validator | None, now: int
) -> Response:
    """The reply to a request that was carried out; `now` is the store's time. A large one is written, and compressed,
    aside."""
    status = outcome.status
    again = [_REPLAYED] if outcome.replayed else []
    if type(outcome) is Emptied:
        headers = [_PRIVATE, (b"x-request-id", request.request_id.encode()), *quota, *again]
        if request.reads and state is not None:
            headers += [_VARY, (b"etag", tag(state.version, xml=media is Media.XML))]
        return Response(status, headers)
    is_xml = media is Media.XML
    weight = outcome.weight if outcome.ready is None else 0
    body = rendered(media, outcome) if weight < LARGE_BYTES else await aside(partial(rendered, media, outcome))
    headers = [_XML if is_xml else _JSON, _VARY, _PRIVATE, (b"x-request-id", request.request_id.encode())]
    zipped = len(body) >= GZIP_FROM and accepts_gzip(request.headers.get(b"accept-encoding"))
    if zipped:
        pack = partial(gzip.compress, body, 1, mtime=0)
        body = pack() if len(body) < LARGE_BYTES else await aside(pack)
        headers.append((b"content-encoding", b"gzip"))
    if request.method not in ("GET", "HEAD"):
        state = outcome.state
    if state is not None:
        headers.append((b"etag", tag(state.version, xml=is_xml, gzip=zipped)))
        headers += last_modified(state, now)
    headers.append((b"content-length", b"%d" % len(body)))
    if outcome.location:
        headers.append((b"location", outcome.location.encode("latin-1", "replace")))
    if outcome.allow:
        headers.append((b"allow", outcome.allow.encode()))
    if status == 202:
        headers.append((b"preference-applied", b"respond-async"))
    headers += quota
    headers += again
    return Response(status, headers, body)


def rendered(media: Media, outcome: Outcome) -> bytes:
    """The body of an outcome, before compression, in the media type that the caller accepts."""
    if outcome.ready is not None:
        return outcome.ready
    if media is Media.XML:
        return xml.write(outcome.value, outcome.root, outcome.item)
    if outcome.weight < LARGE_BYTES or not isinstance(outcome.value, list):
        return json(outcome.value)
    return b"[" + b",".join(map(json, outcome.value)) + b"]"  # one call for all would hold the interpreter


def refused(app: AppContext, request: Request, seen: Seen, refusal: Refusal) -> Response:
    """The reply to a request that was refused, in the format of its version."""
    reason, media = refusal.reason, seen.media
    remedy = remedy_of(app, request, seen, refusal)
    status = reason.status(request.version)
    named = [(b"x-request-id", request.request_id.encode()), (b"bodega-reason", reason.name.encode())]
    headers: list[Header] = [*named, *header(remedy), *refusal.headers, *seen.quota]
    if reason is Reason.NOT_MODIFIED:
        return Response(status, [_VARY, _PRIVATE, *headers], reason=reason.name)
    body = error_body(request.version, media, refusal, remedy)
    kept = any(name == b"cache-control" for name, _ in refusal.headers)
    headers += [_XML if media is Media.XML else _JSON, (b"content-length", b"%d" % len(body))]
    if not kept:
        headers.append(_NO_STORE)
    closes = (b"connection", b"close") in refusal.headers
    return Response(status, headers, body, reason.name, closes)
