"""Steps 7 to 12 of the law: what does the request aim at, and may it be asked like this?"""

from __future__ import annotations

from typing import Any

from bodega.access.scopes import READERS, allows
from bodega.http.ask import V2_MEDIA, V3_MEDIA, Ask
from bodega.http.house import Caller, House
from bodega.http.negotiate import Media, choose_media, media_of
from bodega.http.route import Match
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.call import Call
from bodega.kit.listing import Query
from bodega.kit.route import Route
from bodega.kit.shape import Base
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal


class Describe(Action):
    """OPTIONS: which methods there are, and in V2 which fields (rule 13). It reads no row and changes nothing."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.scope = next((action.scope for action in route.actions.values()), "")
        self.json_only = any(action.json_only for action in route.actions.values())

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def answer(self, call: Call) -> Outcome:
        allow = self.route.allow
        if self.route.version == 2:
            fields = self.route.fields.describe(self.route.actions) if self.route.fields is not None else []
            return Shown(value={"fields": fields}, root="options", allow=allow)
        return Shown(
            ready=b'{"data":{"methods":["' + allow.replace(", ", '","').encode() + b'"]},"meta":{}}', allow=allow
        )


def find_route(house: House, ask: Ask) -> Match:
    """Nothing is guessed: a path that moved is told only when no route matches it (RFC 9110 15.4.2)."""
    routes = house.routes.get(ask.version)
    match = routes.find(ask.segments) if routes is not None else None
    if match is None:
        raise Refusal(Reason.NO_SUCH_RESOURCE)
    if match.route.moved:
        suffix = f".{ask.suffix}" if ask.suffix else ""
        query = f"?{ask.query}" if ask.query else ""
        location = ask.url(f"{ask.prefix}/{match.route.moved}{suffix}{query}").encode("latin-1", "replace")
        reason = Reason.MOVED_ROUTE if ask.method in ("GET", "HEAD") else Reason.MOVED_ROUTE_WRITE
        raise Refusal(reason, headers=[(b"location", location)])
    return match


def allowed_action(ask: Ask, match: Match) -> Action:
    """HEAD is GET without the body; OPTIONS is always there (RFC 9110 15.5.6)."""
    action = match.route.actions.get("GET" if ask.method == "HEAD" else ask.method)
    if action is not None:
        return action
    if ask.method == "OPTIONS":
        return Describe(match.route)
    raise Refusal(Reason.METHOD_NOT_ALLOWED, headers=[(b"allow", match.route.allow.encode())])


def require_scope(ask: Ask, caller: Caller, action: Action) -> None:
    """A `_read_only` scope lets one GET and HEAD; the answer names the scope that is missing."""
    writes = not ask.reads
    if allows(caller.account.scopes, action.scope, writes=writes):
        return
    first = action.scope.partition("|")[0]
    needed = first if writes else READERS.get(first, first)
    raise Refusal(Reason.SCOPE_MISSING, details={"missing_scope": needed, "client_id": caller.account.client_id})


def acceptable(ask: Ask, action: Action) -> None:
    """V2 speaks JSON and, but for a few resources, XML; V3 only JSON (RFC 9110 12.5.1)."""
    offered = offers(ask, action)
    if action.json_only:
        ask.media = Media.JSON  # errors neither
    media = choose_media(ask.headers.get(b"accept"), ask.suffix, offered)
    if media is None:
        types = [one.value.decode() for one in offered]
        raise Refusal(Reason.NOT_ACCEPTABLE, details={"supported_types": types})
    ask.media = media


def offers(ask: Ask, action: Action) -> tuple[Media, ...]:
    """The media types that the target speaks (rule 15)."""
    return V3_MEDIA if ask.version == 3 or action.json_only else V2_MEDIA


async def readable(house: House, ask: Ask, action: Action) -> bytes:
    """The body, if the action takes one: its type, coding and size are judged (RFC 9110 15.5.14, 15.5.16)."""
    length = ask.headers.get(b"content-length")
    if length in (None, b"0") and b"transfer-encoding" not in ask.headers:
        return b""
    if not action.body:
        return b""  # a body without meaning is left unread (RFC 9110 9.3.1)
    kind = media_of(ask.headers.get(b"content-type", b""))
    media: tuple[Media, ...] = () if action.only_uploads else offers(ask, action)
    nameless = action.json_only and b"content-type" not in ask.headers  # rule 8: read_draft answers 400
    if kind not in media and not nameless and not (action.uploads and kind == "multipart"):
        supported = b", ".join([one.value for one in media] + [b"multipart/form-data"] * action.uploads)
        raise Refusal(Reason.CONTENT_TYPE_UNSUPPORTED, headers=[(b"accept", supported)])
    coding = ask.headers.get(b"content-encoding", b"identity").lower()
    if coding not in (b"identity", b""):
        raise Refusal(Reason.CONTENT_CODING_UNSUPPORTED, headers=[(b"accept-encoding", b"identity")])
    most = action.max_body or house.max_body
    if length is not None and length.isdigit() and (len(length) > 18 or int(length) > most):
        raise _too_large(most)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await ask.receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the caller went away while sending")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            ask.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            return ask.body


def parse_query(ask: Ask, caller: Caller, match: Match, action: Action) -> Call:
    """What the query string asks for, and with it the call that the resource will see."""
    query = action.parse(ask.query)
    store = caller.store
    assert store.rows is not None
    suffix = ".json" if ask.host_form and ask.version == 2 and ask.media is Media.JSON else ""
    if ask.host_form and ask.media is Media.XML:
        suffix = ".xml"
    base = NO_BASE
    if action.files:
        base = Base(ask.url(ask.prefix), suffix, ask.url(f"/files/{store.record.hash}"))
    elif ask.version == 2 or action.writes:
        base = Base(ask.url(ask.prefix), suffix)
    reader, now, client_id = store.rows.reader, int(store.clock.now()), caller.account.client_id
    return Call(ask.version, match.ids, base, query, reader, store.page_index, store.record, now, client_id)


NO_BASE = Base("")


def _too_large(most: int) -> Refusal:
    details: dict[str, Any] = {"max_bytes": most}
    return Refusal(Reason.BODY_TOO_LARGE, details=details, headers=[(b"connection", b"close")])
