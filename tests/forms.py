"""The three forms of every answer, V2 JSON, V2 XML and V3 JSON, and what a refusal looks like in each."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from xml.etree import ElementTree

from bodega.access.stores import OpenStore
from bodega.http import xml
from bodega.http.app_context import AppContext
from bodega.http.asgi import Api
from bodega.http.router import by_version
from bodega.lab.reset import empty
from bodega.law.reasons import Reason, Step
from bodega.log import Log
from bodega.resources import ROUTES, TABLES
from bodega.storage.registry import digest
from shop import PATIENCE, Reply, Server, Shop


class Form(NamedTuple):
    """An API version and the media type a caller asks it for."""

    version: int
    media: str

    @property
    def name(self) -> str:
        """As a test's name tells it."""
        return f"V{self.version}-{self.media.upper()}"

    def path(self, resource: str) -> str:
        """Where this version keeps a resource of the catalogue."""
        return f"/v2/{resource}" if self.version == 2 else f"/v3/catalog/{resource}"


V2 = Form(2, "json")
XML = Form(2, "xml")
V3 = Form(3, "json")
FORMS = (V2, XML, V3)

PRODUCTS_IN_V2 = {"type": "physical", "price": "10", "weight": "1", "availability": "available"}
PRODUCTS_IN_V3 = {"type": "physical", "price": 10, "weight": 1}


class Desk:
    """A shop asked in one form: drafts are written, and replies read, in its version and media type."""

    def __init__(self, shop: Shop, form: Form) -> None:
        self.shop = shop
        self.form = form

    def body(self, draft: Any, root: str = "draft") -> bytes:
        """A draft as this form writes it."""
        if isinstance(draft, bytes):
            return draft
        return xml.write(draft, root, "item") if self.form is XML else _json(draft)

    def ask(
        self, method: str, path: str, draft: Any = None, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Reply:
        """One request, its path traced; `draft` None sends no body."""
        sent = {"bodega-trace": "1", "accept": f"application/{self.form.media}"}
        if draft is not None:
            sent["content-type"] = f"application/{self.form.media}"
            more["body"] = self.body(draft)
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        return self.shop.request(method, path, headers=sent, **more)

    def account(self, *scopes: str, **terms: Any) -> str:
        """The token of a new account, once the server knows it: on PostgreSQL it hears of it a moment later."""
        token = self.shop.account(*scopes, **terms)
        made = digest(token)
        self.known(lambda store: any(account.token_digest == made for account in store.by_client.values()))
        return token

    def known(self, heard: Callable[[OpenStore], bool]) -> None:
        """Waits until the server has heard of a change of the registry."""
        server = self.shop.server
        give_up = time.monotonic() + PATIENCE
        while not heard(server.run(server.app.stores.get(self.shop.name))):
            assert time.monotonic() < give_up
            server.run(asyncio.sleep(0.002))

    def path(self, resource: str) -> str:
        """Where this version keeps a resource of the catalogue."""
        return self.form.path(resource)

    def product(self, **members: Any) -> dict[str, Any]:
        """A product's draft that lacks nothing; V2 needs a category for it (rule 41)."""
        if self.form.version == 3:
            return {**PRODUCTS_IN_V3, **members}
        return {**PRODUCTS_IN_V2, "categories": [], **members}

    def url(self, path: str) -> dict[str, Any]:
        """The member of a category that holds its place in the storefront."""
        return {"url": path} if self.form.version == 2 else {"custom_url": {"url": path}}

    def read(self, reply: Reply) -> Any:
        """A body as plain data; XML as {tag: text}, or as a list of them."""
        if self.form is not XML:
            return reply.json if self.form is V2 else reply.json.get("data")
        return element(ElementTree.fromstring(reply.body))


def element(node: ElementTree.Element) -> Any:
    """An XML element as plain data; every scalar is text."""
    if not len(node):
        return node.text or ""
    names = [child.tag for child in node]
    if len(set(names)) < len(names) or names == ["value"]:
        return [element(child) for child in node]
    return {child.tag: element(child) for child in node}


def basic(user: str, token: str) -> str:
    """Basic credentials (RFC 7617 2)."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def rows(shop: Shop) -> dict[str, int]:
    """How many rows every table of a store holds."""
    return {table.name: shop.rows(table.name) for table in TABLES}


def emptied(shop: Shop) -> Shop:
    """The store without its rows; accounts, plan and settings stay. Ids begin at 1 again."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(store.write(empty))
    return shop


def strict(shop: Shop, **terms: Any) -> Shop:
    """The same store behind a door of other terms: `insecure_http`, `https_port`, `max_body` (bytes), `routes`."""
    server: Server = copy.copy(shop.server)
    house = AppContext(shop.server.app.stores, terms.pop("routes", None) or by_version(ROUTES), **terms)
    server.app = Api(house, Log())  # type: ignore[assignment]
    other = copy.copy(shop)
    other.server = server
    return other


def path_to(step: Step, ending: str) -> str:
    """What `Bodega-Path` tells of a request that a step ended."""
    passed = [one.word for one in Step if one <= step and one is not Step.CATCH_ALL]
    return " > ".join([*passed, ending])


QUOTA_HEADERS = (
    "x-rate-limit-requests-left",
    "x-rate-limit-requests-quota",
    "x-rate-limit-time-reset-ms",
    "x-rate-limit-time-window-ms",
)


def look_like_a_refusal(reply: Reply, form: Form, reason: Reason) -> None:
    """Asserts status, reason, headers of every refusal and the body's shape (design section 1, contract/wire.md 2)."""
    status = reason.status(form.version)
    assert (reply.status, reply.reason) == (status, reason.name), reply.body
    assert reply.headers["x-request-id"]
    if reason is Reason.NOT_MODIFIED:
        assert reply.body == b""
        assert "content-length" not in reply.headers
        assert "link" not in reply.headers  # it would become one of the stored copy (RFC 9111 3.2)
        return
    assert f'</docs/status-codes#{reason.name.lower()}>; rel="help"' in reply.headers["link"].split("\n")  # RFC 8288
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["content-type"] == f"application/{form.media}"
    if form.version == 3:
        error = reply.json
        assert {"status", "title", "type"} <= set(error) <= {"status", "title", "type", "detail", "errors", "details"}
        assert error["status"] == status
        assert error["title"]
        assert error["type"].endswith("#" + reason.name.lower())
        assert all(isinstance(message, str) for message in error.get("errors", {}).values())
        return
    if form is XML:
        root = ElementTree.fromstring(reply.body)
        assert root.tag == "errors"
        assert {child.tag for child in root} == {"error"}
        errors = [{part.tag: part.text for part in child} for child in root]
    else:
        errors = reply.json
        assert isinstance(errors, list)
    assert errors
    for error in errors:
        assert {"status", "message"} <= set(error) <= {"status", "message", "details"}
        assert str(error["status"]) == str(status)
        assert error["message"]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class Crowd(dict[Any, set[str]]):
    """In the place of a store's `under_way`: forty others ask the same."""

    def setdefault(self, _action: Any, _none: Any = None) -> set[str]:
        """Those forty."""
        return {str(number) for number in range(40)}
