"""Steps 7 to 12 of the law: which resource is the request for, and is it acceptable?"""

from __future__ import annotations

from typing import Any

from bodega.access.scopes import READERS, allows
from bodega.access.stores import OpenStore
from bodega.dates import parse_http_date
from bodega.http.app_context import AppContext, Caller
from bodega.http.documented import DocumentedPath
from bodega.http.negotiation import Media, choose_media, media_of
from bodega.http.products import InformedRefusal
from bodega.http.request import V2_MEDIA, V3_MEDIA, Request
from bodega.http.router import Match
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.described import described
from bodega.kit.links import Base
from bodega.kit.listing import Query
from bodega.kit.render import json
from bodega.kit.route import Route
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal


class Describe(Action):
    """OPTIONS: which methods there are, and which fields (rule 13). It reads no row and changes nothing."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.scope = next((action.scope for action in route.actions.values()), "")
        self.json_only = any(action.json_only for action in route.actions.values())

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def answer(self, context: Context, found: Found) -> Outcome:
        allow = self.route.allow
        if self.route.version == 2:
            fields = self.route.fields.describe(self.route.actions) if self.route.fields is not None else []
            return Shown(value={"fields": fields}, root="options", allow=allow)
        told = {"methods": allow.split(", "), **described(self.route.actions)}
        return Shown(ready=json({"data": told, "meta": {}}), allow=allow)


def find_route(app: AppContext, request: Request) -> Match:
    """Nothing is guessed: a redirect is sent only for a path that moved and that no route matches (RFC 9110 15.4.2)."""
    routes = app.routes.get(request.version)
    match = routes.find(request.segments) if routes is not None else None
    if match is None:
        raise _not_found(app, request)
    if match.route.moved:
        suffix = f".{request.suffix}" if request.suffix else ""
        query = f"?{request.query}" if request.query else ""
        location = request.url(f"{request.prefix}/{match.route.moved}{suffix}{query}").encode("latin-1", "replace")
        reason = Reason.MOVED_ROUTE if request.method in ("GET", "HEAD") else Reason.MOVED_ROUTE_WRITE
        raise Refusal(reason, headers=[(b"location", location)])
    method = "GET" if request.method == "HEAD" else request.method
    if method not in match.route.actions and method != "OPTIONS":
        lacking = app.unserved.find(request.version, request.segments)
        if lacking is not None and method in lacking.methods:
            raise _not_served(lacking, match.route)
    return match


def _not_served(lacking: DocumentedPath, route: Route | None = None) -> Refusal:
    """The refusal of a documented operation; `route` is that of the path, where other methods are served on it."""
    operation = {"documented_path": lacking.path, "methods": list(lacking.methods), "group": lacking.group}
    allow = [(b"allow", route.allow.encode())] if route is not None else []
    return Refusal(Reason.NOT_SERVED_HERE, details=operation, headers=allow)


def _not_found(app: AppContext, request: Request) -> Refusal:
    """What the published API has and this server has not is told apart from a path that nobody knows."""
    version, segments = request.version, request.segments
    named = segments if version else (request.prefix.rpartition("/")[2], *segments)
    lacking = app.unserved.find(version, named)
    if lacking is not None and not lacking.served:
        return _not_served(lacking)
    nearest = app.unserved.nearest.find(version, segments)
    if nearest is None:
        return Refusal(Reason.NO_SUCH_RESOURCE)
    note = {} if nearest.served else {"not_served_here": True}
    return Refusal(Reason.NO_SUCH_RESOURCE, details={"nearest_path": nearest.path, **note})


def allowed_action(app: AppContext, request: Request, match: Match) -> Action:
    """HEAD is GET without the body; OPTIONS is always there (RFC 9110 15.5.6)."""
    action = match.route.actions.get("GET" if request.method == "HEAD" else request.method)
    if action is not None:
        return action
    if request.method == "OPTIONS":
        return Describe(match.route)
    raise Refusal(Reason.METHOD_NOT_ALLOWED, headers=[(b"allow", match.route.allow.encode())])


def require_scope(request: Request, caller: Caller, action: Action) -> None:
    """A `_read_only` scope allows GET and HEAD, and calculations; the refusal names the missing scope."""
    writes = not request.reads and not action.calculates
    if allows(caller.account.scopes, action.scope, writes=writes):
        return
    first = action.scope.partition("|")[0]
    needed = first if writes else READERS.get(first, first)
    raise Refusal(Reason.SCOPE_MISSING, details={"missing_scope": needed, "client_id": caller.account.client_id})


def acceptable(request: Request, action: Action) -> Media:
    """V2 offers JSON and, except for a few resources, XML; V3 only JSON (RFC 9110 12.5.1)."""
    if action.has_own_media:
        return Media.JSON  # that of its refusals
    offered = offers(request, action)
    media = choose_media(request.headers.get(b"accept"), request.suffix, offered)
    if media is None:
        types = [item.value.decode() for item in offered]
        told_in = Media.JSON if action.json_only else None  # its errors are not XML either
        raise InformedRefusal(Reason.NOT_ACCEPTABLE, details={"supported_types": types}, media=told_in)
    return media


def offers(request: Request, action: Action) -> tuple[Media, ...]:
    """The media types that the target offers (rule 15)."""
    return V3_MEDIA if request.version == 3 or action.json_only else V2_MEDIA


async def readable(app: AppContext, request: Request, action: Action) -> bytes:
    """Returns the body, if the action takes one; its type, coding and size are judged (RFC 9110 15.5.14, 15.5.16)."""
    if not action.body:
        return b""  # a meaningless body is left unread (RFC 9110 9.3.1)
    headers = request.headers
    length = headers.get(b"content-length")
    if (length is None or length == b"0") and b"transfer-encoding" not in headers:
        return b""
    if action.only_uploads or headers.get(b"content-type") != _USUAL:  # JSON is offered by every other action
        _take_type(request, action)
    if b"content-encoding" in headers and headers[b"content-encoding"].lower() not in (b"identity", b""):
        raise Refusal(Reason.CONTENT_CODING_UNSUPPORTED, headers=[(b"accept-encoding", b"identity")])
    maximum = action.max_body or app.max_body
    if length is not None and length.isdigit() and (len(length) > 18 or int(length) > maximum):
        raise too_large(maximum)
    if request.body is not None:
        if len(request.body) > maximum:
            raise too_large(maximum)
        return request.body
    message = await request.receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        if len(whole) > maximum:
            raise too_large(maximum)
        return whole
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the caller went away while sending")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > maximum:
            raise too_large(maximum)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await request.receive()


_USUAL = Media.JSON.value


def _take_type(request: Request, action: Action) -> None:
    """Refuses a body of a type that the action does not take."""
    headers = request.headers
    kind = media_of(headers.get(b"content-type", b""))
    media: tuple[Media, ...] = () if action.only_uploads else offers(request, action)
    if kind not in media and not _may_be_another(action, kind, named=b"content-type" in headers):
        supported = b", ".join([item.value for item in media] + [b"multipart/form-data"] * action.uploads)
        raise Refusal(Reason.CONTENT_TYPE_UNSUPPORTED, headers=[(b"accept", supported)])


def _may_be_another(action: Action, kind: Media | str | None, *, named: bool) -> bool:
    """Whether a body of this type is taken, or none that is named (rule 8: read_draft answers 400)."""
    return (action.json_only and not named) or (action.uploads and kind == "multipart")


def parse_query(
    request: Request, caller: Caller, match: Match, action: Action, media: Media, *, task: int = 0
) -> Context:
    """Parses the query string, and with it makes the context for the resource.

    In V2 a collection's If-Modified-Since is a filter (rule 12).
    """
    query = action.parse(request.query)
    store, version = caller.store, request.version
    assert store.rows is not None
    base, since = NO_BASE, None
    files = action.files and action.may_name_files(query)
    if files or version == 2 or action.writes:
        base = _base(request, store, media, files=files)
    headers = request.headers
    if version == 2 and action.is_list and b"if-modified-since" in headers and b"if-none-match" not in headers:
        since = parse_http_date(headers[b"if-modified-since"])
    account = caller.account
    return Context(
        version, match.ids, base, query, store.rows.reader, store.page_index, store.record, store.time(),
        account.client_id, since, task > 0, account, caller.grant, store.keep_key, store.kept_key, task,
        headers.get(action.header, b"").decode("latin-1") if action.header else "", apart=store.write,
    )  # fmt: skip


def _base(request: Request, store: OpenStore, media: Media, *, files: bool) -> Base:
    """Where links lead; `files`: the reply may name some."""
    suffix = ".json" if request.host_form and request.version == 2 and media is Media.JSON else ""
    if request.host_form and media is Media.XML:
        suffix = ".xml"
    return Base(request.url(request.prefix), suffix, request.url(f"/files/{store.record.hash}") if files else "")


NO_BASE = Base("")


def too_large(maximum: int) -> Refusal:
    """The refusal of a body of more bytes."""
    details: dict[str, Any] = {"max_bytes": maximum}
    return Refusal(Reason.BODY_TOO_LARGE, details=details, headers=[(b"connection", b"close")])
