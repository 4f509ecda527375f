"""The response on the wire: an outcome or a refusal as status, headers and bytes in the caller's format."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from functools import partial
from itertools import product

from bodega.aside import LARGE_BYTES, aside
from bodega.dates import http_date, http_date_text
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
from bodega.server.whole import Whole

GZIP_FROM = 4096
"""Bodies of at least this many bytes are compressed if the caller accepts it; below, it costs more than it saves."""

_IN_XML = Media.XML  # a member of an enumeration is looked for in it each time
_JSON: Header = (b"content-type", b"application/json")
_XML: Header = (b"content-type", b"application/xml")
_VARY: Header = (b"vary", b"accept, accept-encoding")
_PRIVATE: Header = (b"cache-control", b"private, no-cache")
_NO_STORE: Header = (b"cache-control", b"no-store")
_GZIP: Header = (b"content-encoding", b"gzip")
_CLOSE: Header = (b"connection", b"close")
_REPLAYED: Header = (b"idempotency-replayed", b"true")


class Response(Whole, gc=False):
    """A complete reply, as the server takes it. `reason` is the name of the refusal's reason, if any. `head` are the
    fields that every reply has. `parts` is a body that is made while it is sent; the body of a reply to HEAD is that of
    GET."""

    reason: str = ""
    parts: AsyncIterator[bytes] | None = None

    @property
    def fields(self) -> list[Header]:
        """Every field."""
        return [*read_fields(self.head), *self.headers]


def whole(request: Request, response: Response) -> Whole:
    """The reply for the server; HEAD has no body."""
    if request.method != "HEAD" and not response.closes:
        return response
    body = b"" if request.method == "HEAD" else response.body
    headers = [field for field in response.headers if field != _CLOSE]  # the server says so itself
    return Whole(response.status, headers, body, response.closes, response.head)


def read_fields(head: bytes) -> list[Header]:
    """Fields that were written as `Response.head` has them."""
    pairs = (line.partition(b": ") for line in head.split(b"\r\n") if line)
    return [(name, value) for name, _, value in pairs]


def last_modified(state: Validator, now: int) -> list[Header]:
    """Last-Modified, if there is a date to tell: never one that the store's clock has not reached (RFC 9110 8.8.2.1).

    A copy with the present time in its place is not taken for current later (`storage/table_stats.py`).
    """
    modified = abs(state.modified)
    return [(b"last-modified", http_date(min(modified, now)))] if 0 < modified < NO_DATE else []


async def answered(
    request: Request, media: Media, quota: bytes, outcome: Outcome, state: Validator | None, now: int
) -> Response:
    """The reply to a request that was carried out; `now` is the store's time. A large one is written, and compressed,
    aside."""
    status = outcome.status
    headers = [_REPLAYED] if outcome.replayed else []
    if type(outcome) is Emptied:
        headers += [_PRIVATE, (b"x-request-id", request.request_id.encode())]
        if request.reads and state is not None:
            headers += [_VARY, (b"etag", tag(state.version, xml=media is Media.XML))]
        return Response(status, headers, head=quota)
    if outcome.media:
        return _of_own_media(request, quota, outcome, headers, state)
    is_xml = media is _IN_XML
    body = outcome.ready
    if body is None:
        weight = outcome.weight
        body = rendered(media, outcome) if weight < LARGE_BYTES else await aside(partial(rendered, media, outcome))
    zipped = len(body) >= GZIP_FROM and accepts_gzip(request.headers.get(b"accept-encoding"))
    if zipped:
        pack = partial(gzip.compress, body, 1, mtime=0)
        body = pack() if len(body) < LARGE_BYTES else await aside(pack)
    if request.method not in ("GET", "HEAD"):
        state = outcome.state
    start, form = _FORMS[is_xml, zipped]
    head = f"{start}{request.request_id}\r\ncontent-length: {len(body)}"
    if state is None:
        head = f"{head}\r\n"
    else:
        modified = state.modified if state.modified > 0 else -state.modified
        if 0 < modified < NO_DATE:
            date = http_date_text(modified if modified < now else now)
            head = f'{head}\r\netag: "{state.version}{form}"\r\nlast-modified: {date}\r\n'
        else:
            head = f'{head}\r\netag: "{state.version}{form}"\r\n'
    if outcome.location:
        headers.append((b"location", outcome.location.encode("latin-1", "replace")))
    if outcome.allow:
        headers.append((b"allow", outcome.allow.encode()))
    if status == 202:
        headers.append((b"preference-applied", b"respond-async"))
    return Response(status, headers, body, head=head.encode() + quota)


def _of_own_media(
    request: Request, quota: bytes, outcome: Outcome, headers: list[Header], state: Validator | None
) -> Response:
    """The reply that is neither JSON nor XML; what is told while it changes has no state."""
    kind = (b"content-type", outcome.media.encode())
    headers = [*headers, kind, _NO_STORE, (b"x-request-id", request.request_id.encode())]
    if outcome.parts is not None:
        return Response(outcome.status, headers, head=quota, parts=outcome.parts)
    body = outcome.ready or b""
    if state is not None:
        headers.append((b"etag", tag(state.version)))
    headers.append((b"content-length", b"%d" % len(body)))
    return Response(outcome.status, headers, body, head=quota)


def _form(is_xml: bool, zipped: bool) -> tuple[str, str]:
    """The head of a reply with a body up to the request's id, and the end of its entity tag."""
    fields = [_XML if is_xml else _JSON, _VARY, _PRIVATE, *([_GZIP] if zipped else []), (b"x-request-id", b"")]
    start = b"\r\n".join(b"%b: %b" % field for field in fields)
    return start.decode(), tag("", xml=is_xml, gzip=zipped)[1:-1].decode()


_FORMS = {(is_xml, zipped): _form(is_xml, zipped) for is_xml, zipped in product((False, True), repeat=2)}
"""By whether it is XML, and whether it is compressed."""


def rendered(media: Media, outcome: Outcome) -> bytes:
    """The body of an outcome, before compression, in the media type that the caller accepts."""
    if outcome.ready is not None:
        return outcome.ready
    if media is Media.XML:
        return xml.write(outcome.value, outcome.root, outcome.item)
    if outcome.weight < LARGE_BYTES or not isinstance(outcome.value, list):
        return json(outcome.value)
    return b"[" + b",".join(map(json, outcome.value)) + b"]"  # one call for all would hold the interpreter


_HELP = {reason: (b"link", f'<{reason.page}>; rel="help"'.encode()) for reason in Reason}
"""Where each reason is explained, below the host that was asked (RFC 8288 3.2)."""


def refused(app: AppContext, request: Request, seen: Seen, refusal: Refusal) -> Response:
    """The reply to a request that was refused, in the format of its version."""
    reason, media = refusal.reason, seen.media
    remedy = remedy_of(app, request, seen, refusal)
    status = reason.status(request.version)
    named = [(b"x-request-id", request.request_id.encode()), (b"bodega-reason", reason.name.encode())]
    headers: list[Header] = [*named, *header(remedy), *refusal.headers]
    if reason is Reason.NOT_MODIFIED:  # no help: its fields would become those of the copy (RFC 9111 3.2)
        return Response(status, [_VARY, _PRIVATE, *headers], reason=reason.name, head=seen.quota)
    headers.insert(0, _HELP[reason])
    body = error_body(request.version, media, refusal, remedy)
    kept = any(name == b"cache-control" for name, _ in refusal.headers)
    headers += [_XML if media is Media.XML else _JSON, (b"content-length", b"%d" % len(body))]
    if not kept:
        headers.append(_NO_STORE)
    closes = _CLOSE in refusal.headers
    return Response(status, headers, body, closes, seen.quota, reason.name)
