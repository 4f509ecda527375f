"""A small web framework for the pages: requests, replies, and which page answers a path.

Every page is declared with the method, the path and who may see it; the check happens before the page's code runs.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from bodega.access.owners import Owner
from bodega.access.sessions import Session
from bodega.access.stores import OpenStore
from bodega.kit.upload import Upload
from bodega.panel.context import PanelContext
from bodega.panel.sent_form import SentForm
from bodega.storable import pairs_of, storable

Headers = list[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

ROOT = "/manage"
LONGEST_FORM = 256 * 1024
LONGEST_OF_GUESTS = 16 * 1024
"""The forms of pages that nobody is signed in to, which anybody can send: some short fields."""
LONGEST_UPLOAD = 10 * 1024 * 1024
MAX_FIELDS = 1_000

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Nothing inline, nothing from other hosts; connect-src is for what htmx fetches."""

SAFE: Headers = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]


class PageError(Exception):
    """The page cannot be shown; an error page with `status` and `message` is shown instead."""

    def __init__(self, status: HTTPStatus, message: str = "", headers: Headers | None = None) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.message = message
        self.headers = headers or []


class Reply(NamedTuple):
    """A complete reply; the body of one with a `stream` is sent part by part as it is made."""

    status: HTTPStatus
    headers: Headers
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None


class PanelRequest(msgspec.Struct):
    """One request to the panel. `form` and `query` keep every value of a name; `ids` are the parts of the path.

    `guest` is the form token of a browser that is not signed in, `session` is set for one that is.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    secure: bool
    address: str
    now: int
    panel: PanelContext
    form: SentForm = msgspec.field(default_factory=SentForm)
    files: dict[str, Upload] = {}
    cookies: Mapping[str, str] = {}
    ids: Mapping[str, str] = {}
    guest: str = ""
    session: Session | None = None
    owner: Owner | None = None
    store: OpenStore | None = None
    role: str = ""
    """What they may do in the store of the page (access/team.py)."""
    written: list[str] = []
    """What was written for this request, in order: method and path of each request to the API, or the name of a job."""

    @property
    def who(self) -> Owner:
        """The owner who is signed in, on pages that need one."""
        assert self.owner is not None
        return self.owner

    @property
    def shop(self) -> OpenStore:
        """The store of the page."""
        assert self.store is not None
        return self.store

    @property
    def base(self) -> str:
        """Where the pages of the store are."""
        return f"{ROOT}/stores/{self.shop.record.hash}"

    @property
    def origin(self) -> str:
        """How the browser reached this server; the start of commands to copy and of links to files."""
        return f"{'https' if self.secure else 'http'}://{self.headers.get('host', 'localhost')}"

    @property
    def form_token(self) -> str:
        """What every form of this page carries."""
        return self.session.form_token if self.session is not None else self.guest

    @property
    def swapped(self) -> bool:
        """Whether htmx requests a part of a page."""
        return self.headers.get("hx-request") == "true"

    def field(self, name: str) -> str:
        """A field of the form; empty when it was not sent."""
        return self.form.get(name, [""])[-1].strip()

    def query_value(self, name: str) -> str:
        """A parameter of the query; empty when it was not sent."""
        return self.query.get(name, [""])[-1]


Handler = Callable[[PanelRequest], Awaitable[Reply]]


class PanelPage(NamedTuple):
    """A declared page; `public` pages need no signing in. `maximum` is the limit of a form in bytes: forms with
    files have a higher one. A form that only `asks` changes nothing, so the log of changes leaves it out."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    public: bool
    maximum: int = LONGEST_FORM
    asks: bool = False


class Pages:
    """The pages of one module, by decorators."""

    def __init__(self) -> None:
        self.all: list[PanelPage] = []

    def get(self, path: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        """A page that only shows."""
        return self._page("GET", path, public)

    def post(
        self, path: str, *, public: bool = False, files: bool = False, asks: bool = False
    ) -> Callable[[Handler], Handler]:
        """A form's target; `files`: the form may contain some; `asks`: it changes nothing."""
        of_text = LONGEST_OF_GUESTS if public else LONGEST_FORM
        return self._page("POST", path, public, LONGEST_UPLOAD if files else of_text, asks=asks)

    def _page(
        self, method: str, path: str, public: bool, maximum: int = LONGEST_FORM, *, asks: bool = False
    ) -> Callable[[Handler], Handler]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,200})", path))

        def declare(handler: Handler) -> Handler:
            self.all.append(PanelPage(method, pattern, handler, public, maximum, asks))
            return handler

        return declare


def find(pages: Sequence[PanelPage], method: str, path: str) -> tuple[PanelPage, Mapping[str, str]]:
    """The page of a path below the root. Raises PageError."""
    allowed = []
    for page in pages:
        found = page.pattern.fullmatch(path)
        if found is not None:
            if page.method == method or (page.method, method) == ("GET", "HEAD"):
                return page, found.groupdict()
            allowed.append("GET, HEAD" if page.method == "GET" else page.method)
    if allowed:
        headers = [(b"allow", ", ".join(dict.fromkeys(allowed)).encode())]
        raise PageError(HTTPStatus.METHOD_NOT_ALLOWED, "This page does not support this method.", headers)
    raise PageError(HTTPStatus.NOT_FOUND)


def fields(text: str) -> dict[str, list[str]]:
    """An urlencoded form or query. Raises PageError."""
    found: dict[str, list[str]] = {}
    try:
        pairs = pairs_of(text, MAX_FIELDS)
    except ValueError:
        raise PageError(HTTPStatus.BAD_REQUEST, "The form has too many fields.") from None
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


async def read_form(
    headers: Mapping[str, str], receive: Receive, maximum: int = LONGEST_FORM
) -> tuple[dict[str, list[str]], dict[str, Upload]]:
    """The form in the body: its text, and its files if `maximum` allows any. Raises PageError."""
    kind = headers.get("content-type", "")
    media = kind.partition(";")[0].strip().lower()
    if media == "multipart/form-data" and maximum > LONGEST_FORM:
        return _parts(kind, await read_body(receive, maximum))
    if media not in ("application/x-www-form-urlencoded", ""):
        raise PageError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A form must be sent as application/x-www-form-urlencoded.")
    body = await read_body(receive, min(maximum, LONGEST_FORM))
    return fields(body.decode("utf-8", "replace")), {}


def _parts(kind: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, Upload]]:
    from bodega.http import form

    try:
        read = form.read(kind.encode("latin-1"), body)
    except form.FormRefused as error:
        raise PageError(HTTPStatus.BAD_REQUEST, f"The form cannot be read: {error}.") from error
    texts = {name: [storable(value)]
             for name, value in read.items() if isinstance(value, str)}  # fmt: skip
    return texts, {name: value for name, value in read.items() if isinstance(value, Upload)}


async def read_body(receive: Receive, maximum: int = LONGEST_FORM) -> bytes:
    """The body, up to its limit in bytes. Raises PageError."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += message.get("body", b"")
        if len(body) > maximum:
            raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large.", [(b"connection", b"close")])
        more = message.get("more_body", False)
    return bytes(body)


def without_rows(store: OpenStore) -> PageError:
    """Why the content of a store cannot be shown or changed now."""
    if store.damage:
        return PageError(HTTPStatus.SERVICE_UNAVAILABLE, f"The store's database is damaged: {store.damage}.")
    return PageError(HTTPStatus.SERVICE_UNAVAILABLE, "The store is being upgraded. Try again in a moment.")


def with_frames_of(reply: Reply, origin: str) -> Reply:
    """A page that may show pages of one other origin in a frame; no other page may show any."""
    policy = f"{CSP}; frame-src {origin}".encode()
    headers = [(name, policy if name == b"content-security-policy" else value) for name, value in reply.headers]
    return reply._replace(headers=headers)


def go(path: str, *headers: tuple[bytes, bytes]) -> Reply:
    """Sends the browser to another page, with GET. `path` is one of our own."""
    return Reply(HTTPStatus.SEE_OTHER, [(b"location", path.encode("ascii", "replace")), *headers])


def local(path: str, otherwise: str) -> str:
    """A path of the panel that a link may name; anything that leads elsewhere is not followed."""
    if re.fullmatch(r"/manage(?:[/?][\x21\x23-\x5b\x5d-\x7e]*)?", path) and "//" not in path:
        return path
    return otherwise


async def send_reply(send: Send, method: str, reply: Reply) -> None:
    """A reply as messages of ASGI."""
    if reply.stream is not None:
        await send({"type": "http.response.start", "status": int(reply.status), "headers": reply.headers})
        if method != "HEAD":
            async for part in reply.stream:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": int(reply.status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})
