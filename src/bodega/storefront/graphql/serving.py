"""POST and GET /graphql at a shop's host: its own short law, in the registry's reasons.

host -> shop open -> method -> token -> channel -> launched -> quota -> body -> query -> customer token -> answer. A
query that is refused, or of which a part failed, is answered with 200 and its errors; what comes before it has a status
of its own.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import msgspec

from bodega.access.open_store import OpenStore
from bodega.access.stores import Stores
from bodega.dates import http_date
from bodega.http.app_context import AppContext
from bodega.http.asgi import REQUEST_ID
from bodega.http.browsers import caller_address, origin_of, web_origin
from bodega.http.mounts import BodyBroken, BodyTooLarge, Mount, Receive, Send, reply, whole_body
from bodega.http.steps.admission import spend_shop_quota
from bodega.kit.render import json
from bodega.law.outcome import Emptied, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal
from bodega.log import Log
from bodega.resources.tokens import sessions
from bodega.resources.tokens.storefront_tokens import StorefrontClaims, is_servers, verified
from bodega.storable import query_of
from bodega.storage import query
from bodega.storage.tx import Busy
from bodega.storefront.front import at_host, is_closed
from bodega.storefront.graphql import fields  # noqa: F401 - declares the resolvers
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.documents import (
    MOST_COMPLEX,
    Document,
    Documents,
    Problem,
    Refused,
    complexity,
    refused,
)
from bodega.storefront.graphql.execution import execute, told
from bodega.storefront.shoppers_api import ShoppersApi

LARGEST = 256 * 1024
"""Bytes of a body, at most."""

COMPLEXITY = b"x-bc-graphql-complexity"
OPERATION = b"bodega-operation"
SERVER_TIMING = b"server-timing"
MOST_TIMED = 10
"""The fields whose resolvers took longest are told (Server Timing, W3C)."""

_JSON: Header = (b"content-type", b"application/json")
_NOT_KEPT: Header = (b"cache-control", b"no-store")
_MAY_SEND = (
    b"authorization, content-type, x-bc-customer-access-token, x-bc-customer-id,"
    b" x-bc-error-on-invalid-customer-access-token"
)


class Question(msgspec.Struct):
    """The body of a request; `extensions` may name a persisted query."""

    query: str | None = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the name on the wire
    extensions: dict[str, Any] | None = None


_question = msgspec.json.Decoder(Question).decode


class Stopped(Exception):
    """A request that ends before its query: the reason, and what the reply adds."""

    def __init__(self, reason: Reason, *headers: Header, words: str = "") -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.headers = headers
        self.words = words or reason.message


class Told(NamedTuple):
    """A reply: `reason` is empty unless it was refused."""

    status: int
    body: bytes
    headers: Sequence[Header]
    reason: str = ""


class Asked(NamedTuple):
    """A request that was answered, for the journal; `us` is its duration in microseconds."""

    request_id: str
    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    content: bytes
    secure: bool
    reply: Told
    us: int


QueryRecorder = Callable[[OpenStore, Asked], None]
"""Keeps a journal of queries."""


def graphql(app: AppContext, record: QueryRecorder, log: Log) -> Mount:
    """The endpoint; every worker keeps its own parsed queries."""
    documents, stores = Documents(), app.stores

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        began, store, content = perf_counter(), None, b""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            store, channel_id = await _open(stores, scope)
            content = await _content(scope, receive)
            answer = await _answer(app, documents, scope, store, channel_id, headers, content)
        except Stopped as why:
            body = json({"errors": [told(why.words, why.reason.name)]})
            answer = Told(why.reason.status(3), body, [_JSON, _NOT_KEPT, *why.headers], why.reason.name)
        except Busy:
            body = json({"errors": [told(Reason.UNREACHABLE.message, Reason.UNREACHABLE.name)]})
            answer = Told(
                Reason.UNREACHABLE.status(3), body, [_JSON, _NOT_KEPT, (b"retry-after", b"5")], Reason.UNREACHABLE.name
            )
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            log.event("internal error", request_id=str(scope.get(REQUEST_ID)), path=scope["path"], traceback=text)
            body = json({"errors": [told(Reason.INTERNAL_ERROR.message, Reason.INTERNAL_ERROR.name)]})
            answer = Told(Reason.INTERNAL_ERROR.status(3), body, [_JSON, _NOT_KEPT], Reason.INTERNAL_ERROR.name)
        if store is not None and not store.clock_is_live:
            answer = answer._replace(headers=[*answer.headers, (b"date", http_date(store.time()))])
        await reply(send, scope["method"], answer.status, answer.body, answer.headers)
        us = int((perf_counter() - began) * 1_000_000)
        if store is not None:
            asked = Asked(
                str(scope.get(REQUEST_ID) or ""), scope["method"], scope["path"],
                scope.get("query_string", b"").decode("latin-1"), headers, content, scope["scheme"] == "https",
                answer, us,
            )  # fmt: skip
            record(store, asked)
        elif answer.status >= 500:
            log.event("storefront unreachable", path=scope["path"], reason=answer.reason)

    return mount


async def _open(stores: Stores, scope: Mapping[str, Any]) -> tuple[OpenStore, int]:
    """The store and the channel of the host, if they are open. Raises Stopped."""
    if scope["path"].rstrip("/") != "/graphql":
        raise Stopped(Reason.NO_SUCH_RESOURCE)
    found = await at_host(stores, scope)
    if found is None:
        raise Stopped(Reason.NO_SUCH_RESOURCE)
    store, channel_id = found
    if store.suspended:
        raise Stopped(Reason.SUSPENDED)
    if store.maintenance:
        raise Stopped(Reason.MAINTENANCE, _come_back(store))
    if await is_closed(store, channel_id, scope, server=True):
        raise Stopped(Reason.MAINTENANCE, _come_back(store))
    return store, channel_id


def _come_back(store: OpenStore) -> Header:
    return b"retry-after", str(store.settings["maintenance.retry_after"]).encode()


async def _content(scope: Mapping[str, Any], receive: Receive) -> bytes:
    if scope["method"] != "POST":
        return b""
    try:
        return await whole_body(receive, LARGEST)
    except BodyBroken:
        raise Stopped(Reason.MALFORMED_BODY) from None
    except BodyTooLarge:
        raise Stopped(Reason.BODY_TOO_LARGE, words=f"A request has at most {LARGEST} bytes.") from None


async def _answer(
    app: AppContext,
    documents: Documents,
    scope: Mapping[str, Any],
    store: OpenStore,
    channel_id: int,
    headers: Mapping[bytes, bytes],
    content: bytes,
) -> Told:
    method = scope["method"]
    if method == "OPTIONS":
        return Told(Emptied.status, b"", _preflight(headers))
    if method not in ("GET", "HEAD", "POST"):
        raise Stopped(Reason.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD, OPTIONS, POST"))
    claims = await _claims(store, headers)
    if channel_id not in claims.cid:
        raise Stopped(Reason.CREDENTIALS_WRONG, words="The token is for another channel.")
    cors = _cors(claims, headers)
    if not is_servers(claims) and await is_closed(store, channel_id, scope):
        raise Stopped(Reason.MAINTENANCE, *cors, _come_back(store))
    try:
        quota = await spend_shop_quota(app, store)
    except Refusal as spent:
        raise Stopped(spent.reason, *cors, *spent.headers) from None
    question = _read(scope, content)
    more: list[Header] = [_JSON, _NOT_KEPT, *cors, *quota]
    try:
        document = await _document(documents, question)
        operation = document.operation(question.operationName)
        variables = question.variables or {}
        cost = complexity(document, operation, variables)
        name = operation.name.value if operation.name else ""
        more += [(COMPLEXITY, b"%d" % cost), (OPERATION, name.encode("ascii", "replace"))]
        if cost > MOST_COMPLEX:
            raise refused("MAX_COMPLEXITY_EXCEEDED", f"The query's complexity is {cost}; {MOST_COMPLEX} is the most.")
        kind = operation.operation.value
        if kind == "mutation" and method != "POST":
            raise refused("BAD_REQUEST", "Send a mutation with POST.")
        if kind == "subscription":
            raise refused("NOT_SERVED", "There are no subscriptions.")
        customer_id, session = await _customer(store, channel_id, claims, headers)
        base, address = origin_of(scope), caller_address(scope)
        api, by_server = ShoppersApi(app, store, base), is_servers(claims) and b"origin" not in headers
        asking = Asking(api, channel_id, customer_id, session, address, by_server=by_server)
        answer = await execute(document, operation, variables, asking)
        body: dict[str, Any] = {"data": answer.data}
        if answer.errors:
            body = {"errors": answer.errors, **body}
        if answer.spent:
            more.append((SERVER_TIMING, _timing(answer.spent)))
    except Refused as refusal:
        why = refusal.why
        body = {"errors": [_told(why.code, problem) for problem in why.problems]}
    except RecursionError:  # of variables: what stands in the query itself is measured before
        body = {"errors": [told("The variables are nested too deep.", "BAD_USER_INPUT")]}
    return Told(Shown.status, json(body), more)


def _timing(spent: Mapping[str, float]) -> bytes:
    """The milliseconds of the slowest resolvers, as browsers and the journal show them."""
    longest = sorted(spent.items(), key=lambda one: -one[1])[:MOST_TIMED]
    return ", ".join(f"{name};dur={seconds * 1_000:.2f}" for name, seconds in longest).encode("ascii")


def _told(code: str, problem: Problem) -> dict[str, Any]:
    found = told(problem.message, code)
    if problem.places:
        places = [{"line": line, "column": column} for line, column in problem.places]
        return {"message": found["message"], "locations": places, "extensions": found["extensions"]}
    return found


async def _claims(store: OpenStore, headers: Mapping[bytes, bytes]) -> StorefrontClaims:
    sent = headers.get(b"authorization", b"").decode("latin-1")
    scheme, _, token = sent.partition(" ")
    if not sent or scheme.lower() != "bearer":
        raise Stopped(Reason.CREDENTIALS_MISSING, (b"www-authenticate", b"Bearer"))
    claims = await verified(store, token.strip())
    if claims is None:
        raise Stopped(Reason.CREDENTIALS_WRONG, (b"www-authenticate", b'Bearer error="invalid_token"'))
    return claims


def _cors(claims: StorefrontClaims, headers: Mapping[bytes, bytes]) -> list[Header]:
    """What lets a page read the reply: for the origins that the token names."""
    origin = headers.get(b"origin")
    if origin is None:
        return []
    page = web_origin(origin.decode("latin-1"))
    allowed = page is not None and page in map(web_origin, claims.corsOrigins)
    varies: Header = (b"vary", b"Origin")
    if not allowed:
        return [varies]
    return [
        varies,
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", COMPLEXITY),
    ]


def _preflight(headers: Mapping[bytes, bytes]) -> list[Header]:
    """A preflight carries no token: it is let through, and the origin is judged when the token comes."""
    origin = headers.get(b"origin")
    allow: list[Header] = [(b"allow", b"GET, HEAD, OPTIONS, POST"), (b"vary", b"Origin")]
    if origin is None:
        return allow
    return [
        *allow,
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", _MAY_SEND),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-max-age", b"86400"),
    ]


def _read(scope: Mapping[str, Any], content: bytes) -> Question:
    try:
        if scope["method"] == "POST":
            return _question(content)
        asked: dict[str, str] = {name: value[0] for name, value in query_of(scope).items()}
        said: dict[str, Any] = {"query": asked.get("query"), "operationName": asked.get("operationName")}
        for name in ("variables", "extensions"):
            if name in asked:
                said[name] = msgspec.json.decode(asked[name])
        return msgspec.convert(said, Question)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        raise Stopped(Reason.MALFORMED_BODY, words="Send JSON with query, variables and operationName.") from None


async def _document(documents: Documents, question: Question) -> Document:
    persisted = (question.extensions or {}).get("persistedQuery")
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if question.query:
        return await documents.read(question.query)
    if isinstance(digest, str):
        found = documents.persisted(digest)
        if found is None:
            raise refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        return found
    raise refused("BAD_REQUEST", "Must provide query string.")


async def _customer(
    store: OpenStore, channel_id: int, claims: StorefrontClaims, headers: Mapping[bytes, bytes]
) -> tuple[int, str]:
    """The customer who is signed in, and by which token; or for whom a token of impersonation acts. 0 for a guest.

    Raises Refused for a token that signs nobody in (any more), if the request asks to be told.
    """
    assert store.rows is not None
    reader = store.rows.reader
    session = headers.get(b"x-bc-customer-access-token", b"").decode("latin-1").strip()
    if session:
        found = await sessions.customer_of(reader, session, channel_id, store.time())
        if found:
            return found, session
        if headers.get(b"x-bc-error-on-invalid-customer-access-token", b"").lower() == b"true":
            raise refused("INVALID_CUSTOMER_ACCESS_TOKEN", "The customer access token is invalid.")
    named = headers.get(b"x-bc-customer-id", b"").decode("latin-1")
    acts = claims.kind == "customer_impersonation" or "Customer" in claims.scopes
    if not acts or not (named.isascii() and named.isdigit() and len(named) < 10):
        return 0, ""
    known = await query.existing(reader, "customers", [int(named)])
    return (known[0] if known else 0), ""
