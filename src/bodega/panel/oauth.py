"""POST /oauth2/token: an app exchanges its code for a token (RFC 6749 4.1.3, 5.1, 5.2; contract/wire.md 1)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import msgspec

from bodega.access import apps, owners
from bodega.http.asgi import REQUEST_ID
from bodega.journal.exchange import TOKEN_PATH, Entry
from bodega.panel.web import PageError, Receive, Reply, Send, fields, read_body, send_reply
from bodega.storable import storable
from bodega.storage.tx import Busy

if TYPE_CHECKING:
    from bodega.access.apps import App, Grant
    from bodega.panel.context import PanelContext


_HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"pragma", b"no-cache")]
_BASIC = (b"www-authenticate", b'Basic realm="apps", charset="UTF-8"')


class Denied(Exception):
    """An error of RFC 6749 5.2."""

    def __init__(self, error: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(error)
        self.error = error
        self.message = message
        self.status = status


class _Seen(msgspec.Struct):
    """What was known of a request when it was answered, for the journal."""

    body: bytes = b""
    sent: dict[str, str] = {}
    client: str = ""
    error: str = ""
    account: str = ""


class Tokens:
    """The mount of /oauth2."""

    def __init__(self, panel: PanelContext) -> None:
        self.panel = panel

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """One request; what concerns a store is noted in its journal."""
        began = time.perf_counter()
        seen = _Seen()
        try:
            reply = await self._reply(scope, receive, seen)
        except ConnectionResetError:
            return
        await send_reply(send, scope["method"], reply)
        us = int((time.perf_counter() - began) * 1_000_000)
        with contextlib.suppress(Busy):
            await self._note(scope, reply, seen, us)

    async def _note(self, scope: Mapping[str, Any], reply: Reply, seen: _Seen, us: int) -> None:
        """The store is the one of the code; else the one that is named; else any in which the app's owner sells."""
        headers = [*reply.headers, (b"x-request-id", scope.get(REQUEST_ID, "").encode())]
        for name in await self._stores(seen):
            store = await self.panel.stores.get(name)
            if store is not None:
                entry = Entry(
                    0, time.time(), scope.get(REQUEST_ID, ""), scope["method"], TOKEN_PATH,
                    scope["query_string"].decode("latin-1"), 0, int(reply.status), seen.error, seen.account, us,
                    dict(scope["headers"]), headers, scope["scheme"] == "https",
                )  # fmt: skip
                self.panel.journal.note_exchange(entry, store, seen.body, reply.body)

    async def _stores(self, seen: _Seen) -> Sequence[str]:
        tx = self.panel.tx
        code, context = seen.sent.get("code", ""), seen.sent.get("context", "")
        store = await apps.store_of_code(tx, code) if code else ""
        store = store or context.removeprefix("stores/")
        if store:
            return [store]
        app = await apps.find(self.panel.registry, seen.client)
        owner = await owners.by_id(tx, app.owner) if app is not None else None
        return owner.stores if owner is not None else []

    async def _reply(self, scope: Mapping[str, Any], receive: Receive, seen: _Seen) -> Reply:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"].rstrip("/") != TOKEN_PATH:
            return _said(HTTPStatus.NOT_FOUND, {"error": "not_found", "error_description": "There is /oauth2/token."})
        if scope["method"] != "POST":
            message = {"error": "invalid_request", "error_description": "A code is exchanged with POST."}
            return _said(HTTPStatus.METHOD_NOT_ALLOWED, message, (b"allow", b"POST"))
        try:
            if scope["scheme"] != "https" and not self.panel.insecure_http:
                raise Denied("invalid_request", "Secrets are accepted over HTTPS only.")
            seen.body = await read_body(receive)
            seen.sent = _read(headers, seen.body)
            return _said(HTTPStatus.OK, await self._exchange(headers, seen.sent, seen))
        except Denied as denied:
            seen.error = denied.error
            more = (_BASIC,) if denied.status is HTTPStatus.UNAUTHORIZED else ()
            return _said(denied.status, {"error": denied.error, "error_description": denied.message}, *more)
        except PageError as error:
            return _said(error.status, {"error": "invalid_request", "error_description": error.message}, *error.headers)
        except Busy as error:
            self.panel.log.event("oauth: database unreachable", error=str(error))
            message = {"error": "temporarily_unavailable", "error_description": "Try again in a moment."}
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, message, (b"retry-after", b"5"))

    async def _exchange(self, headers: Mapping[str, str], sent: dict[str, str], seen: _Seen) -> dict[str, Any]:
        app = await self._client(headers, sent, seen)
        kind = sent.get("grant_type", "")
        if not kind:
            raise Denied("invalid_request", "grant_type is missing; it is authorization_code.")
        if kind != "authorization_code":
            raise Denied("unsupported_grant_type", "The grant_type is authorization_code.")
        for name in ("code", "redirect_uri"):
            if not sent.get(name):
                raise Denied("invalid_request", f"{name} is missing.")
        if sent["redirect_uri"] != app.auth_url:
            raise Denied("invalid_grant", "redirect_uri is not the auth callback that the app registered.")
        panel = self.panel
        now = int(panel.now())
        granted = await apps.redeem(panel.tx, app, sent["code"], now)
        if granted is None:
            if await apps.sent_again(panel.registry, app, sent["code"]):
                panel.log.event("oauth: code sent twice, token revoked", client_id=app.client_id)
            raise Denied("invalid_grant", "The code is unknown, was exchanged already, or is too old.")
        _as_granted(sent, granted)
        store = await panel.registry.store(granted.store)
        owner = await owners.by_id(panel.tx, granted.owner)
        if store is None or owner is None:
            raise Denied("invalid_grant", "The store or its owner no longer exists.")
        token, account = await apps.install(panel.registry, app, store, granted, now)
        if not await apps.made_for(panel.registry, sent["code"], account):
            raise Denied("invalid_grant", "The code was sent twice, so what it made was revoked.")
        seen.account = account.client_id
        person = {"id": owner.id, "username": owner.email, "email": owner.email}
        return {
            "access_token": token,
            "scope": " ".join(sorted(account.scopes)),
            "user": person,
            "owner": person,
            "context": f"stores/{store.hash}",
            "account_uuid": owner.uuid,
        }

    async def _client(self, headers: Mapping[str, str], sent: dict[str, str], seen: _Seen) -> App:
        """The app, known by its secret: in the body, or as Basic credentials (RFC 6749 2.3.1)."""
        client, secret = sent.get("client_id", ""), sent.get("client_secret", "")
        basic = headers.get("authorization", "")
        if basic[:6].lower() == "basic ":
            try:
                text = base64.b64decode(basic[6:], validate=True).decode()
            except (binascii.Error, ValueError):
                text = ":"
            client, secret = (storable(unquote_plus(word)) for word in text.split(":", 1)) if ":" in text else ("", "")
        seen.client = client
        if not client:
            raise Denied("invalid_request", "client_id is missing.")
        app = await apps.find(self.panel.registry, client)
        if app is not None and not app.secret:
            self.panel.log.event("oauth: client secret cannot be read", app=client)
            message = "The server cannot read the app's client secret; its operator has to put the key back."
            raise Denied("server_error", message, HTTPStatus.SERVICE_UNAVAILABLE)
        known = app.secret if app is not None else ""
        if not hmac.compare_digest(known.encode(), secret.encode()) or app is None:
            raise Denied("invalid_client", "The client_id or the client_secret is wrong.", HTTPStatus.UNAUTHORIZED)
        return app


def _as_granted(sent: dict[str, str], granted: Grant) -> None:
    """What the app says it was granted has to be what it was granted. Raises Denied."""
    if sent.get("context", "") not in ("", f"stores/{granted.store}"):
        raise Denied("invalid_grant", "context is not the one that came with the code.")
    beyond = set(sent.get("scope", "").split()) - granted.scopes
    if beyond:
        raise Denied("invalid_scope", f"The code does not grant {', '.join(sorted(beyond))}."[:300])


def _read(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The body, as JSON or as a form: real clients send either. Raises Denied."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise Denied("invalid_request", "The body is not JSON.") from None
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise Denied("invalid_request", "The body must be an object of strings.")
        return found
    if kind in ("application/x-www-form-urlencoded", ""):
        found = fields(body.decode("utf-8", "replace"))
        twice = [name for name, values in found.items() if len(values) > 1]
        if twice:  # RFC 6749 3.2
            raise Denied("invalid_request", f"{twice[0][:100]} was sent more than once.")
        return {name: values[0] for name, values in found.items()}
    raise Denied("invalid_request", "The body must be JSON or a form.")


def _said(status: HTTPStatus, body: dict[str, Any], *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, [*_HEADERS, *headers], msgspec.json.encode(body))
