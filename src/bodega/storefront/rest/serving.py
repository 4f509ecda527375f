"""/api/storefront/... at a shop's host: its own short law, in the registry's reasons.

host -> shop open -> route -> method -> origin -> quota -> cookies -> body -> what is asked. Cookies say who shops, and
are sent for other pages as well: what changes something has to come from a page of the shop.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
from graphql import GraphQLError

from bodega.access.open_store import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.asgi import REQUEST_ID
from bodega.http.browsers import caller_address, origin_of, web_origin
from bodega.http.mounts import BodyBroken, BodyTooLarge, Mount, Receive, Send, reply, whole_body
from bodega.http.steps.admission import spend_shop_quota
from bodega.kit.complaint import judged
from bodega.kit.render import json
from bodega.law.outcome import Emptied
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Header, Refusal
from bodega.log import Log
from bodega.resources.channels import sites
from bodega.storable import MANY_DIGITS, is_storable, query_of, storable
from bodega.storage import query
from bodega.storage.tx import Busy
from bodega.storefront.front import at_host, is_closed
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.serving import Asked, QueryRecorder, Told
from bodega.storefront.rest.call import Call, Handler
from bodega.storefront.rest.table import MOUNTS, ShopperOperation
from bodega.storefront.shopper import CSRF, cookies, csrf_cookie, has_own_token, is_own_page, shopper_of
from bodega.storefront.shoppers_api import ShopperRefused, ShoppersApi

LARGEST = 256 * 1024
"""Bytes of a body, at most."""

LONGEST_PATH = 1_024
FOREIGN = "Only pages of this shop, and of its sites, may change what the shopper's cookies name."
_JSON: Header = (b"content-type", b"application/json")
_NOT_KEPT: Header = (b"cache-control", b"no-store")
_NOT_GUESSED: Header = (b"x-content-type-options", b"nosniff")
_MAY_SEND = b"accept, content-type, x-requested-with, x-xsrf-token, x-checkout-sdk-version"


class Found(NamedTuple):
    """The operations on the path of a request, by method, each with the parameters of the path."""

    methods: Mapping[str, tuple[ShopperOperation, Mapping[str, str]]]

    @property
    def allow(self) -> bytes:
        """The methods of the path."""
        names = {*self.methods, "OPTIONS", *(["HEAD"] if "GET" in self.methods else [])}
        return ", ".join(sorted(names)).encode()


class Routes:
    """Operations below a prefix, found by the path."""

    def __init__(self, prefix: str, operations: Sequence[ShopperOperation]) -> None:
        self._prefix = prefix.strip("/").split("/")
        self._known = [(one, one.path.strip("/").split("/")) for one in operations]
        self.handlers = {one: handler_of(one) for one in operations}

    def find(self, raw_path: str) -> Found:
        """What is at a path that is still encoded. Raises Refusal."""
        if len(raw_path) > LONGEST_PATH or "%00" in raw_path:  # no database keeps that character
            raise Refusal(Reason.NO_SUCH_RESOURCE)
        steps = [storable(unquote(one)) for one in raw_path.split("/") if one]
        said = steps[len(self._prefix) :]
        if steps[: len(self._prefix)] != self._prefix:
            raise Refusal(Reason.NO_SUCH_RESOURCE)
        found = {}
        for one, names in self._known:
            if len(names) == len(said) and all(n[0] == "{" or n == s for n, s in zip(names, said, strict=True)):
                found[one.method] = one, {n[1:-1]: s for n, s in zip(names, said, strict=True) if n[0] == "{"}
        if not found:
            raise Refusal(Reason.NO_SUCH_RESOURCE)
        return Found(found)


def handler_of(operation: ShopperOperation) -> Handler:
    """What carries out an operation."""
    module, _, name = operation.handler.partition(".")
    found: Handler = getattr(import_module(f"bodega.storefront.rest.{module}"), name)
    return found


def shoppers_rest(name: str, app: AppContext, record: QueryRecorder, log: Log) -> Mount:
    """The mount of this name in `MOUNTS`."""
    routes = Routes(*MOUNTS[name])

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        began = perf_counter()
        turn = Turn(app, routes, scope)
        try:
            answer = await turn.answer(receive)
        except Refusal as refusal:
            answer = turn.refused(refusal)
        except ShopperRefused as error:
            answer = turn.refused(_of_the_api(error))
        except GraphQLError as error:
            code = getattr(error, "code", "")
            reason = Reason[code] if code in Reason.__members__ else Reason.FIELD_INVALID
            answer = turn.refused(Refusal(reason, error.message))
        except Busy:
            answer = turn.refused(Refusal(Reason.UNREACHABLE, headers=[(b"retry-after", b"5")]))
        except Exception as error:
            found = judged(error)
            if found is None:
                text = "".join(traceback.format_exception(error))
                log.event("internal error", request_id=str(scope.get(REQUEST_ID)), path=scope["path"], traceback=text)
                found = Refusal(Reason.INTERNAL_ERROR)
            answer = turn.refused(found)
        await reply(send, scope["method"], answer.status, answer.body, answer.headers)
        if turn.store is not None:
            us = int((perf_counter() - began) * 1_000_000)
            asked = Asked(
                str(scope.get(REQUEST_ID) or ""), scope["method"], scope["path"],
                scope.get("query_string", b"").decode("latin-1"), dict(scope["headers"]), turn.content,
                scope["scheme"] == "https", answer, us,
            )  # fmt: skip
            record(turn.store, asked)
        elif answer.status >= 500:
            log.event("storefront unreachable", path=scope["path"], reason=answer.reason)

    return mount


def _of_the_api(error: ShopperRefused) -> Refusal:
    """A refusal of the store's API, with its members in the words of the storefront."""
    told = error.reply
    faults = [Fault(error.reason, _camel(name), text) for name, text in told.errors.items()]
    seconds = told.details.get("seconds", 5)
    wait: Sequence[Header] = [(b"retry-after", b"%d" % seconds)] if error.reason.status(3) in (429, 503) else ()
    return Refusal(error.reason, str(error), details=told.details, faults=faults, headers=wait)


def _camel(name: str) -> str:
    """A member of the store's API as the storefront spells it: line_items.0.product_id is lineItems.0.productId."""
    steps = [one.split("_") for one in name.split(".")]
    return ".".join(first + "".join(word.capitalize() for word in more) for first, *more in steps)


class Turn:
    """One request, from the host to its answer. `store` and `content` are known as far as it came."""

    def __init__(self, app: AppContext, routes: Routes, scope: Mapping[str, Any]) -> None:
        self._app = app
        self._routes = routes
        self._scope = scope
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._operation: ShopperOperation | None = None
        self._more: list[Header] = []
        self.store: OpenStore | None = None
        self.content = b""

    async def answer(self, receive: Receive) -> Told:
        """The answer. Raises what refuses the request."""
        store, channel_id = await self._open()
        raw = (self._scope.get("raw_path") or self._scope["path"].encode()).decode("latin-1").partition("?")[0]
        found = self._routes.find(raw)
        self._more = await self._cors(store, channel_id)
        method = self._scope["method"]
        if method == "OPTIONS":
            return Told(Emptied.status, b"", [(b"allow", found.allow), *self._preflight(found)])
        known = found.methods.get("GET" if method == "HEAD" else method)
        if known is None:
            raise Refusal(Reason.METHOD_NOT_ALLOWED, headers=[(b"allow", found.allow)])
        self._operation, ids = known
        if known[0].method != "GET":
            self._refuse_other_pages()
        self._more += await spend_shop_quota(self._app, store)
        if known[0].method != "GET":
            self.content = await self._body(receive)
        browser = await shopper_of(store, channel_id, self._scope)
        api, address = ShoppersApi(self._app, store, origin_of(self._scope)), caller_address(self._scope)
        asking = Asking(api, channel_id, browser.customer_id, browser.session, address)
        asked = query_of(self._scope)
        include = frozenset(name for one in asked.get("include", ()) for name in one.split(",") if name)
        call = Call(asking, browser, self._scope, ids, include, self.content)
        answer = await self._routes.handlers[self._operation](call)
        if not cookies(self._scope).get(CSRF):
            self._more.append(csrf_cookie(self._scope, secrets.token_urlsafe(24)))
        headers = [_NOT_KEPT, _NOT_GUESSED, *self._more, *answer.headers]
        status = self._operation.status
        if answer.body is None:
            return Told(status, b"", headers if status == Emptied.status else [*headers, (b"content-length", b"0")])
        return Told(status, json(answer.body), [_JSON, *headers])

    async def _open(self) -> tuple[OpenStore, int]:
        """The store and the channel of the host, if they are open. Raises Refusal."""
        found = await at_host(self._app.stores, self._scope)
        if found is None:
            raise Refusal(Reason.NO_SUCH_RESOURCE)
        store, channel_id = found
        self.store = store
        if store.suspended:
            raise Refusal(Reason.SUSPENDED)
        retry: Header = (b"retry-after", str(store.settings["maintenance.retry_after"]).encode())
        if store.maintenance:
            raise Refusal(Reason.MAINTENANCE, headers=[retry])
        if await is_closed(store, channel_id, self._scope):
            raise Refusal(Reason.MAINTENANCE, headers=[retry])
        return store, channel_id

    def _refuse_other_pages(self) -> None:
        """Refuses what a page of somebody else sends with the shopper's cookies, or text that a form can send."""
        if not is_own_page(self._scope) and not self._of_a_site:
            raise Refusal(Reason.SCOPE_MISSING, FOREIGN)
        if not has_own_token(self._scope):
            raise Refusal(Reason.SCOPE_MISSING, "The X-XSRF-TOKEN header is not the token of the cookie.")

    async def _body(self, receive: Receive) -> bytes:
        try:
            content = await whole_body(receive, LARGEST)
        except BodyBroken:
            raise Refusal(Reason.MALFORMED_BODY) from None
        except BodyTooLarge:
            raise Refusal(
                Reason.BODY_TOO_LARGE, f"A request has at most {LARGEST} bytes.", details={"max_bytes": LARGEST}
            ) from None
        kind = self._headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if content and kind and kind != b"application/json" and not kind.endswith(b"+json"):
            raise Refusal(Reason.CONTENT_TYPE_UNSUPPORTED, headers=[(b"accept", b"application/json")])
        if (b"\\u0000" in content or MANY_DIGITS.search(content)) and not _is_storable(content):
            why = "A text must not contain the NUL character, and a number not so many digits."
            raise Refusal(Reason.FIELD_INVALID, why)
        return content

    @property
    def _of_a_site(self) -> bool:
        return any(name == b"access-control-allow-origin" for name, _ in self._more)

    async def _cors(self, store: OpenStore, channel_id: int) -> list[Header]:
        """What lets a page of another address of the channel read the answer: those of its sites, and no other."""
        origin = self._headers.get(b"origin")
        if origin is None:
            return []
        assert store.rows is not None
        known = await query.entities(store.rows.reader, sites.TABLE, "channel_id = $1", channel_id)
        theirs = {web_origin(url) for one in known for url in (one.url, one.checkout_url) if url} - {None}
        varies: Header = (b"vary", b"Origin")
        if web_origin(origin.decode("latin-1")) not in theirs:
            return [varies]
        return [varies, (b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]

    def _preflight(self, found: Found) -> list[Header]:
        """What a page of one of the sites may send."""
        if not self._of_a_site:
            return self._more
        return [
            *self._more,
            (b"access-control-allow-methods", found.allow),
            (b"access-control-allow-headers", _MAY_SEND),
            (b"access-control-max-age", b"600"),
        ]

    def refused(self, refusal: Refusal) -> Told:
        """A refusal in the form of these operations."""
        reason = refusal.reason
        status = reason.status(3) if self._operation is None else self._operation.refused(reason)
        headers = [_JSON, _NOT_KEPT, _NOT_GUESSED, *self._more, *refusal.headers]
        return Told(status, json(problem(status, refusal)), headers, reason.name)


def problem(status: int, refusal: Refusal) -> dict[str, Any]:
    """The body of a refusal, and where members are at fault what is wrong with each. Clients take a body with `errors`
    for another API's."""
    reason, faults = refusal.reason, refusal.faults
    detail = " ".join(one.message for one in faults if one.message) or refusal.message
    told: dict[str, Any] = {
        "status": status, "title": refusal.message, "type": reason.name.lower(), "detail": detail,
    }  # fmt: skip
    if faults:
        told["fields"] = {one.field: one.message for one in faults}
    return told


def _is_storable(content: bytes) -> bool:
    try:
        return is_storable(msgspec.json.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # as its reader tells
        return True
