"""A browser without scripts for the control panel: cookies, forms, redirects; asked through ASGI."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from bodega import passwords
from bodega.access import owners
from bodega.panel.context import PanelContext
from shop import Server, Shop

HOST = "localhost:8443"
PASSWORD = "correct horse battery"
VOID = frozenset(["meta", "link", "input", "br", "hr", "img", "path", "circle", "rect", "line", "polyline"])


@dataclass
class Form:
    """A form as a page has it: where it goes, and its fields as they would be sent untouched."""

    action: str
    method: str
    fields: dict[str, Any] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


@dataclass
class Page:
    """What the browser got."""

    status: int
    headers: list[tuple[str, str]]
    text: str
    path: str

    def header(self, name: str) -> str:
        return next((value for other, value in self.headers if other == name), "")

    @property
    def forms(self) -> list[Form]:
        found = Forms()
        found.feed(self.text)
        return found.all

    def form(self, action: str) -> Form:
        """The form whose target ends so."""
        return next(form for form in self.forms if form.action.endswith(action))


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Form] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.all.append(Form(given.get("action", ""), given.get("method", "get")))
        if not self.all:
            return
        fields = self.all[-1].fields
        if tag == "input" and "name" in given and given.get("type") != "file":
            ticked = given.get("type") in ("checkbox", "radio")
            if not ticked or "checked" in given:
                value = given.get("value", "on" if ticked else "")
                before = fields.get(given["name"]) if given.get("type") == "checkbox" else None
                fields[given["name"]] = (
                    value if before is None else [*([before] if isinstance(before, str) else before), value]
                )
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and ("selected" in given or self._select not in fields):
            fields[self._select] = given.get("value", "")
        elif tag == "button":
            self.all[-1].buttons.append(given.get("value", ""))
        elif tag == "textarea":
            self._area = given.get("name", "")
            fields[self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            fields = self.all[-1].fields
            fields[self._area] = _lines(fields[self._area]).removeprefix("\n").replace("\n", "\r\n")
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.all[-1].fields[self._area] += data


def _lines(text: str) -> str:
    """A text as a browser reads it: its lines end in one way."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


class Browser:
    """One person's browser. `agent` sends what a browser of today sends with a form."""

    def __init__(self, server: Server, *, scheme: str = "https", host: str = HOST, address: str = "") -> None:
        self.server = server
        self.scheme = scheme
        self.host = host
        self.address = address or f"192.0.2.{secrets.randbelow(256)}-{secrets.token_hex(4)}"
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        """What a proxy on the way adds."""
        self.page_scheme = ""
        """What the browser sees in front of a proxy that ends TLS."""

    def ask(
        self,
        method: str,
        target: str,
        form: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Page:
        """One request; redirects are not followed."""
        path, _, query = target.partition("?")
        sent = {"host": self.host, "user-agent": "Tests", **self.headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            body = urlencode(form, doseq=True).encode()
            sent |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
            sent |= {"origin": f"{self.page_scheme or self.scheme}://{self.host}", "sec-fetch-site": "same-origin"}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        scope = {
            "type": "http",
            "method": method,
            "scheme": self.scheme,
            "path": path,
            "raw_path": quote(path, safe="/%:").encode(),
            "query_string": query.encode(),
            "client": (self.address, 5000),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items() if value != "-"],
        }
        got: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body or b"", "more_body": False}

        async def send(message: Any) -> None:
            got.append(message)

        self.server.run(self.server.app(scope, receive, send))
        answered = [(name.decode(), value.decode("latin-1")) for name, value in got[0]["headers"]]
        for name, value in answered:
            if name == "set-cookie":
                pair, *placeholders = value.split("; ")
                key, _, content = pair.partition("=")
                self.cookies[key] = content
                if "Max-Age=0" in placeholders:
                    del self.cookies[key]
        return Page(got[0]["status"], answered, b"".join(one["body"] for one in got[1:]).decode(), path)

    def get(self, target: str, **more: Any) -> Page:
        return self.ask("GET", target, **more)

    def follow(self, page: Page) -> Page:
        """To where a redirect leads."""
        while page.header("location"):
            there = urlsplit(urljoin(page.path, page.header("location")))
            page = self.get(there.path + (f"?{there.query}" if there.query else ""))
        return page

    def post(self, page: Page, action: str, **fields: Any) -> Page:
        """Fills the form of a page whose target ends so, and sends it."""
        form = page.form(action)
        return self.ask("POST", form.action or page.path, {**form.fields, **fields})

    def upload(self, page: Page, action: str, name: str, file: bytes, **fields: str) -> Page:
        """Sends a form that brings a file."""
        form = page.form(action)
        boundary = secrets.token_hex(8)
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
                 for key, value in {**form.fields, **fields}.items()]  # fmt: skip
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="a b\u00e4.png"\r\n'
        body = b"".join(
            [*parts, head.encode(), b"Content-Type: image/png\r\n\r\n", file, f"\r\n--{boundary}--\r\n".encode()]
        )
        headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            "origin": f"{self.page_scheme or self.scheme}://{self.host}",
        }
        return self.ask("POST", form.action, headers=headers, body=body)

    def sign_in(self, email: str, password: str = PASSWORD, wanted: str = "") -> Page:
        page = self.get("/manage/sign-in" + (f"?next={quote(wanted, safe='')}" if wanted else ""))
        return self.post(page, "/sign-in", email=email, password=password)


def add_owner(shop: Shop, email: str = "", password: str = PASSWORD) -> str:
    """An owner of the store; their address."""
    email = email or f"{shop.name}@example.com"
    server = shop.server

    async def work() -> None:
        hashed = await passwords.hashed(password)
        await owners.add(server.backend.registry.tx, email, shop.name, hashed, int(time.time()))

    server.run(work())
    return email


def signed_in(shop: Shop, **more: Any) -> Browser:
    """The browser of an owner of the store."""
    browser = Browser(shop.server, **more)
    page = browser.sign_in(add_owner(shop))
    assert page.status == 303, page.text
    return browser


def base(shop: Shop) -> str:
    """Where the pages of the store are."""
    return f"/manage/stores/{shop.name}"


def house(server: Server) -> PanelContext:
    """What the panel of a server stands on."""
    mount: Any = server.app._api._mounts["manage"]
    found: PanelContext = mount.panel
    return found


def later(server: Server, seconds: float) -> Iterator[None]:
    """The panel's clock, moved on for a while: a context manager's body."""
    panel = house(server)
    real = panel.now
    panel.now = lambda: real() + seconds
    yield
    panel.now = real
