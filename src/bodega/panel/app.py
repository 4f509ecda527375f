"""The panel as an ASGI mount: who asks, whether they may, which page; every page is sent with the same headers."""

from __future__ import annotations

import hmac
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bodega.access import owners, sessions, team
from bodega.access.stores import Stores
from bodega.http.app_context import AppContext
from bodega.http.browsers import cookies_of, is_from_here
from bodega.journal.recorder import Journal
from bodega.journal.sync import JournalSync
from bodega.log import Log
from bodega.panel import cookies, oauth
from bodega.panel.assets import static_files
from bodega.panel.context import PanelContext
from bodega.panel.sent_form import SentForm
from bodega.panel.web import (
    ROOT,
    SAFE,
    PageError,
    PanelPage,
    PanelRequest,
    Receive,
    Reply,
    Send,
    fields,
    find,
    go,
    read_form,
    send_reply,
)
from bodega.storage.sealing import NoKey
from bodega.storage.tx import Busy, Damaged

if TYPE_CHECKING:
    from bodega.lab.control.lab import Lab

Mount = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

FOR_EVER = b"public, max-age=31536000, immutable"
HTTPS_PORT = 443


class Panel:
    """The pages below /manage."""

    def __init__(self, panel: PanelContext) -> None:
        self.panel = panel
        self._all: list[PanelPage] = []

    @property
    def _pages(self) -> list[PanelPage]:
        """Imported with the first request for a page: an API that nobody manages pays nothing for it."""
        if not self._all:
            from bodega.panel import pages

            self._all = pages.every()
        return self._all

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        try:
            reply = await self._answer(scope, receive)
        except ConnectionResetError:
            return
        await send_reply(send, scope["method"], reply)

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> Reply:
        request = _read(scope, self.panel)
        try:
            if not request.secure and not self.panel.insecure_http:
                return _to_tls(request, scope)
            if request.path.startswith(f"{ROOT}/static/"):
                return _static(request)
            return await self._judge(request, receive)
        except PageError as error:
            return _error_page(request, error)
        except Busy as error:
            self.panel.log.event("panel: database unreachable", error=str(error))
            message = "The database cannot be reached. Try again in a moment."
            return _error_page(request, PageError(HTTPStatus.SERVICE_UNAVAILABLE, message, [(b"retry-after", b"5")]))
        except NoKey as error:
            self.panel.log.event("panel: key missing", error=str(error))
            return _error_page(request, PageError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)))
        except ConnectionResetError:
            raise
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            self.panel.log.event("panel: internal error", path=request.path, traceback=text)
            message = "Something went wrong here; the server's log says what."
            return _error_page(request, PageError(HTTPStatus.INTERNAL_SERVER_ERROR, message))

    async def _judge(self, request: PanelRequest, receive: Receive) -> Reply:
        if request.method not in ("GET", "HEAD", "POST"):
            raise PageError(HTTPStatus.METHOD_NOT_ALLOWED, headers=[(b"allow", b"GET, HEAD, POST")])
        try:
            page, request.ids = find(self._pages, request.method, request.path.removeprefix(ROOT).rstrip("/"))
        except PageError:
            await _place(request)
            raise
        if request.method == "POST":
            _came_from_here(request)
        await _recognise(request)
        if request.owner is None and not page.public:
            return _sign_in_first(request)
        if request.method == "POST":
            form, request.files = await read_form(request.headers, receive, page.maximum)
            request.form = SentForm(form)
            _carries_the_token(request)
        store = request.ids.get("store")
        if store is not None:
            await _enter(request, store)
            _is_allowed(request)
        if store is None or request.method != "POST":
            return await page.handler(request)
        done = False
        try:
            reply = await page.handler(request)
            done = reply.status < HTTPStatus.BAD_REQUEST and not page.asks
        finally:
            if done or request.written:  # also what was saved before the page gave up
                await _note(request, partly=not done)
        return reply


def _read(scope: Mapping[str, Any], panel: PanelContext) -> PanelRequest:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}; {text}" if key == "cookie" and key in headers else headers.get(key, text)
    client = scope.get("client") or ("", 0)
    query = scope["query_string"].decode("latin-1")
    request = PanelRequest(
        scope["method"], scope["path"], {}, headers, scope["scheme"] == "https", str(client[0]), int(panel.now()), panel
    )
    try:
        request.query = fields(query)
    except PageError:
        request.query = {}
    request.cookies = cookies_of(headers.get("cookie", ""))
    return request


def _to_tls(request: PanelRequest, scope: Mapping[str, Any]) -> Reply:
    """A password must not travel unencrypted."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    port = "" if request.panel.https_port == HTTPS_PORT else f":{request.panel.https_port}"
    path = "/" + (scope.get("raw_path") or request.path.encode()).decode("latin-1").lstrip("/")
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    status = HTTPStatus.MOVED_PERMANENTLY if request.method in ("GET", "HEAD") else HTTPStatus.PERMANENT_REDIRECT
    location = f"https://{host}{port}{path}{query}".encode("ascii", "replace")
    return Reply(status, [(b"location", location), *SAFE])


def _static(request: PanelRequest) -> Reply:
    found = static_files().get(request.path.removeprefix(f"{ROOT}/static/"))
    if found is None or request.method not in ("GET", "HEAD"):
        raise PageError(HTTPStatus.NOT_FOUND)
    kind, body = found
    return Reply(HTTPStatus.OK, [(b"content-type", kind), (b"cache-control", FOR_EVER), *SAFE], body)


def _came_from_here(request: PanelRequest) -> None:
    """A form of another site is refused, whatever it carries. If a browser sends neither header, the token decides."""
    sent = request.headers
    scheme = "https" if request.secure else "http"
    if not is_from_here(sent.get("origin"), sent.get("sec-fetch-site"), sent.get("host", ""), scheme):
        raise PageError(HTTPStatus.FORBIDDEN, "This form was sent by another site, so nothing was done.")


async def _recognise(request: PanelRequest) -> None:
    token = request.cookies.get(cookies.session_name(request.secure), "")
    if token:
        request.session = await sessions.find(request.panel.tx, token, request.now, touch=not request.swapped)
    if request.session is not None:
        request.owner = await owners.by_id(request.panel.tx, request.session.owner)
    if request.owner is None:
        request.session = None
        request.guest = request.cookies.get(cookies.guest_name(request.secure), "")


async def _place(request: PanelRequest) -> None:
    """Finds whose page it would be, so that an error page keeps its navigation."""
    await _recognise(request)
    found = re.match(f"{ROOT}/stores/([^/]+)", request.path)
    if request.owner is not None and found is not None:
        await _enter(request, found[1])


def _sign_in_first(request: PanelRequest) -> Reply:
    from urllib.parse import quote

    path = request.path if request.method in ("GET", "HEAD") else ROOT
    if request.swapped:
        return Reply(HTTPStatus.NO_CONTENT, [(b"hx-redirect", f"{ROOT}/sign-in".encode()), *SAFE])
    return go(f"{ROOT}/sign-in?next={quote(path, safe='/')}", *SAFE)


def _carries_the_token(request: PanelRequest) -> None:
    """The secret of this session, or of a guest's browser, that no other site can know."""
    sent = request.field("form_token").encode()
    if not request.form_token or not hmac.compare_digest(sent, request.form_token.encode()):
        raise PageError(HTTPStatus.FORBIDDEN, "This form has expired. Go back, reload the page and send it again.")


async def _enter(request: PanelRequest, name: str) -> None:
    """Only its owners see a store; for everybody else it does not exist."""
    store = await request.panel.stores.get(name) if name in request.who.stores else None
    if store is not None and store.rows is not None:
        try:
            store.rows.check()
        except Damaged:
            await request.panel.stores.damage(name)
            store = await request.panel.stores.get(name)
    if store is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    request.store = store
    request.role = await team.role_of(request.panel.tx, request.who, name)


def _is_allowed(request: PanelRequest) -> None:
    """What a role may see and change is decided here, before any page's code runs."""
    path = request.path.removeprefix(request.base)
    if not team.may(request.role, path, changes=request.method == "POST"):
        role = team.ROLES.get(request.role)
        what = "change" if request.method == "POST" and team.may(request.role, path, changes=False) else "see"
        message = f"Your role in this store, {role.title if role else 'none'}, may not {what} this. Ask an owner."
        raise PageError(HTTPStatus.FORBIDDEN, message)


async def _note(request: PanelRequest, *, partly: bool) -> None:
    """Keeps who changed what."""
    from bodega.panel.audit import says

    path = request.path.removeprefix(request.base) or "/"
    for told in says(request.form, request.written, partly=partly):
        change = team.PanelChange(request.now, request.who.email, path, told)
        await team.record(request.panel.tx, request.shop.record.hash, change)


def _error_page(request: PanelRequest, error: PageError) -> Reply:
    from bodega.panel.templating import show

    message = error.message or ("There is nothing here." if error.status is HTTPStatus.NOT_FOUND else "")
    return show(
        request,
        "error.html",
        status=error.status,
        headers=error.headers,
        phrase=error.status.phrase,
        message=message,
    )


def mounts(
    stores: Stores,
    journal: Journal,
    journal_sync: JournalSync,
    log: Log,
    *,
    insecure_http: bool,
    https_port: int,
    ca: Path | None,
    api: AppContext,
    lab: Lab | None = None,
    now: Callable[[], float] = time.time,
) -> dict[str, Mount]:
    """What the panel serves, by the first segment of the path: its pages, and the token endpoint for apps."""
    panel = PanelContext(
        stores, journal, journal_sync, log, insecure_http=insecure_http, https_port=https_port, ca=ca, now=now, api=api,
        lab=lab,
    )  # fmt: skip
    return {"manage": Panel(panel), "oauth2": oauth.Tokens(panel)}
