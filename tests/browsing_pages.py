"""A browser without scripts, for the pages of a shop: cookies, forms, redirects."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from shop import Reply, Shop


class Parsed(HTMLParser):
    """The forms of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(facts.get("href", ""))
        if tag == "form":
            self.forms.append({"action": facts.get("action", ""), "method": facts.get("method", "get"), "fields": {}})
            return
        if not self.forms:
            return
        fields, name, kind = self.forms[-1]["fields"], facts.get("name", ""), facts.get("type", "")
        if tag == "select":
            self._select = name
            fields[name] = ""
        elif tag == "option" and self._select and "selected" in facts:
            fields[self._select] = facts.get("value", "")
        elif (
            tag in ("input", "textarea")
            and name
            and kind != "submit"
            and (kind not in ("radio", "checkbox") or "checked" in facts)
        ):
            fields[name] = facts.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        """Everything that can be read."""
        return " ".join(self.words)


class Visitor:
    """Somebody with a browser at a shop's host."""

    def __init__(self, shop: Shop, host: str = "") -> None:
        self.shop = shop
        self.host = host or f"store-{shop.name}.localhost"
        self.cookies: dict[str, str] = {}
        self.at = ""
        self.reply = Reply(0)

    def get(self, target: str, **headers: str) -> Parsed:
        """Opens a page, and follows where it leads."""
        return self._go("GET", target, b"", headers)

    def post(self, target: str, fields: dict[str, Any], **headers: str) -> Parsed:
        """Sends a form as the page of the shop would."""
        sent = {"origin": f"http://{self.host}", **headers}
        return self._go("POST", target, urlencode(fields).encode(), sent)

    def submit(self, action: str, **fields: Any) -> Parsed:
        """Fills the form of the present page that leads there, and sends it."""
        form = next(one for one in self.page.forms if one["action"] == action)
        return self.post(action, {**form["fields"], **fields})

    @property
    def page(self) -> Parsed:
        """The present page."""
        return Parsed(self.reply.body.decode())

    def _go(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Parsed:
        for _ in range(6):
            kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent = {"host": self.host, "accept": "text/html", **({"cookie": kept} if kept else {}), **headers}
            if method == "POST":
                sent["content-type"] = "application/x-www-form-urlencoded"
            pairs = [(name.replace("_", "-"), value) for name, value in sent.items()]
            self.reply = self.shop.server.send(method, target, pairs, body, "http")
            self.at = target
            for cookie in filter(None, self.reply.headers.get("set-cookie", "").split("\n")):
                self._keep(cookie)
            location = self.reply.headers.get("location", "")
            if self.reply.status not in (301, 302, 303) or not location:
                return self.page
            parts = urlsplit(location)
            target = f"{parts.path}{'?' if parts.query else ''}{parts.query}"
            method, body, headers = "GET", b"", {}
        raise AssertionError(f"too many redirects, at last to {target}")

    def _keep(self, cookie: str) -> None:
        pair, _, rest = cookie.partition(";")
        name, _, value = pair.partition("=")
        if value and "Max-Age=0" not in rest:
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)
