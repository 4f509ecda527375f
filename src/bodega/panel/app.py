"""The panel as an ASGI mount: who asks, may they, which page; every page leaves with the same headers."""

from __future__ import annotations

import hmac
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bodega.access import owners, sessions
from bodega.access.stores import Stores
from bodega.http.bulletin import Bulletin
from bodega.http.house import House
from bodega.log import Log
from bodega.panel import cookies, oauth
from bodega.panel.house import PanelHouse, static_files
from bodega.panel.web import ROOT, SAFE, Asked, Page, Receive, Reply, Turned, fields, find, go, read_form
from bodega.storage.tx import Busy

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

FOR_EVER = b"public, max-age=31536000, immutable"
HTTPS_PORT = 443


class Panel:
    """The pages below /manage."""

    def __init__(self, house: PanelHouse) -> None:
        self.house = house
        self._all: list[Page] = []

    @property
    def _pages(self) -> list[Page]:
        """Imported when the first page is asked for: an API that nobody manages pays nothing for it."""
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
        asked = _read(scope, self.house)
        try:
            if not asked.secure and not self.house.insecure_http:
                return _to_tls(asked, scope)
            if asked.path.startswith(f"{ROOT}/static/"):
                return _static(asked)
            return await self._judge(asked, receive)
        except Turned as turned:
            return _turned(asked, turned)
        except Busy as error:
            self.house.log.event("panel: database unreachable", error=str(error))
            said = "The database cannot be reached. Try again in a moment."
            return _turned(asked, Turned(HTTPStatus.SERVICE_UNAVAILABLE, said, [(b"retry-after", b"5")]))
        except ConnectionResetError:
            raise
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            self.house.log.event("panel: internal error", path=asked.path, traceback=text)
            said = "Something went wrong here; the server's log says what."
            return _turned(asked, Turned(HTTPStatus.INTERNAL_SERVER_ERROR, said))

    async def _judge(self, asked: Asked, receive: Receive) -> Reply:
        if asked.method not in ("GET", "HEAD", "POST"):
            raise Turned(HTTPStatus.METHOD_NOT_ALLOWED, headers=[(b"allow", b"GET, HEAD, POST")])
        page, asked.ids = find(self._pages, asked.method, asked.path.removeprefix(ROOT).rstrip("/"))
        if asked.method == "POST":
            _came_from_here(asked)
        await _recognise(asked)
        if asked.owner is None and not page.public:
            return _sign_in_first(asked)
        if asked.method == "POST":
            asked.form, asked.files = await read_form(asked.headers, receive, page.most)
            _carries_the_token(asked)
        store = asked.ids.get("store")
        if store is not None:
            await _enter(asked, store)
        return await page.handler(asked)


def _read(scope: Mapping[str, Any], house: PanelHouse) -> Asked:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}; {text}" if key == "cookie" and key in headers else headers.get(key, text)
    client = scope.get("client") or ("", 0)
    query = scope["query_string"].decode("latin-1")
    asked = Asked(
        scope["method"], scope["path"], {}, headers, scope["scheme"] == "https", str(client[0]), int(house.now()), house
    )
    try:
        asked.query = fields(query)
    except Turned:
        asked.query = {}
    asked.cookies = cookies.read(headers.get("cookie", ""))
    return asked


def _to_tls(asked: Asked, scope: Mapping[str, Any]) -> Reply:
    """A password must not be read in the clear."""
    host = urlsplit(f"//{asked.headers.get('host', '')}").hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    port = "" if asked.house.https_port == HTTPS_PORT else f":{asked.house.https_port}"
    path = "/" + (scope.get("raw_path") or asked.path.encode()).decode("latin-1").lstrip("/")
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    status = HTTPStatus.MOVED_PERMANENTLY if asked.method in ("GET", "HEAD") else HTTPStatus.PERMANENT_REDIRECT
    location = f"https://{host}{port}{path}{query}".encode("ascii", "replace")
    return Reply(status, [(b"location", location), *SAFE])


def _static(asked: Asked) -> Reply:
    found = static_files().get(asked.path.removeprefix(f"{ROOT}/static/"))
    if found is None or asked.method not in ("GET", "HEAD"):
        raise Turned(HTTPStatus.NOT_FOUND)
    kind, body = found
    return Reply(HTTPStatus.OK, [(b"content-type", kind), (b"cache-control", FOR_EVER), *SAFE], body)


def _came_from_here(asked: Asked) -> None:
    """A form of another site is not taken, whatever it carries. Browsers that tell neither are known by the token."""
    origin = asked.headers.get("origin")
    site = asked.headers.get("sec-fetch-site")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != asked.headers.get("host", "").lower()
    if foreign or (site is not None and site not in ("same-origin", "none")):
        raise Turned(HTTPStatus.FORBIDDEN, "This form was sent by another site, so nothing was done.")


async def _recognise(asked: Asked) -> None:
    token = asked.cookies.get(cookies.session_name(asked.secure), "")
    if token:
        asked.session = await sessions.find(asked.house.tx, token, asked.now, touch=not asked.swapped)
    if asked.session is not None:
        asked.owner = await owners.by_id(asked.house.tx, asked.session.owner)
    if asked.owner is None:
        asked.session = None
        asked.guest = asked.cookies.get(cookies.guest_name(asked.secure), "")


def _sign_in_first(asked: Asked) -> Reply:
    from urllib.parse import quote

    path = asked.path if asked.method in ("GET", "HEAD") else ROOT
    if asked.swapped:
        return Reply(HTTPStatus.NO_CONTENT, [(b"hx-redirect", f"{ROOT}/sign-in".encode()), *SAFE])
    return go(f"{ROOT}/sign-in?next={quote(path, safe='/')}", *SAFE)


def _carries_the_token(asked: Asked) -> None:
    """The secret of this session, or for guests of this browser, that no other site can know."""
    sent = asked.field("form_token").encode()
    if not asked.form_token or not hmac.compare_digest(sent, asked.form_token.encode()):
        raise Turned(HTTPStatus.FORBIDDEN, "This form is no longer good. Go back, reload the page and send it again.")


async def _enter(asked: Asked, name: str) -> None:
    """Only its owners see a store; for all others there is none of that name."""
    store = await asked.house.stores.get(name) if name in asked.who.stores else None
    if store is None:
        raise Turned(HTTPStatus.NOT_FOUND)
    asked.store = store


def _turned(asked: Asked, turned: Turned) -> Reply:
    from bodega.panel.templates_of import show

    said = turned.said or ("There is nothing here." if turned.status is HTTPStatus.NOT_FOUND else "")
    return show(
        asked, "turned.html", status=turned.status, headers=turned.headers, phrase=turned.status.phrase, said=said
    )


async def send_reply(send: Send, method: str, reply: Reply) -> None:
    """A reply as messages of ASGI."""
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": int(reply.status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})


def mounts(
    stores: Stores,
    bulletin: Bulletin,
    log: Log,
    *,
    insecure_http: bool,
    https_port: int,
    ca: Path | None,
    api: House,
    now: Callable[[], float] = time.time,
) -> dict[str, Mount]:
    """What the panel serves, by the first segment of the path: its pages, and the place where apps get their tokens."""
    house = PanelHouse(
        stores, bulletin, log, insecure_http=insecure_http, https_port=https_port, ca=ca, now=now, api=api
    )
    return {"manage": Panel(house), "oauth2": oauth.Tokens(house)}
