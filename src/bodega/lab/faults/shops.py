"""The faults of the lab at the hosts of shops (docs/faults.md): rules and the header strike queries and pages, too.

A shop's host has a short law of its own, so a refusal that was asked for is made here, in the form of what was asked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bodega.access.plans import PLANS, WINDOW_MS
from bodega.access.quota import Spent
from bodega.access.stores import OpenStore, Stores
from bodega.http.asgi import Wire
from bodega.http.mounts import BodyBroken, BodyTooLarge, Mount, Receive, Send, reply, whole_body
from bodega.http.remedies import header, of_fault
from bodega.http.response import Response
from bodega.http.steps.admission import window_fields
from bodega.kit.render import json
from bodega.lab.faults import answers
from bodega.lab.faults.chance import Injected
from bodega.lab.faults.injector import LARGEST_BODY, FaultInjector
from bodega.lab.faults.matching import RequestFacts
from bodega.lab.faults.reading import FaultRefused
from bodega.lab.faults.rule import Effect
from bodega.lab.faults.steps import FIRST
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.metrics import FAULT
from bodega.storable import pairs_of
from bodega.storage.tx import Busy
from bodega.storefront.front import at_host
from bodega.storefront.short_page import short_page

Form = Callable[[int, str, str], tuple[bytes, bytes]]
"""The media type and the body of a refusal: `(status, message, name of the reason)`."""

_JSON = b"application/json"

_MOST_FIELDS = 200
_OPERATION = re.compile(r"\b(query|mutation)\s+(\w+)")


def as_errors(_status: int, message: str, code: str) -> tuple[bytes, bytes]:
    """The form of GraphQL."""
    return _JSON, json({"errors": [{"message": message, "extensions": {"code": code}}]})


def as_problem(status: int, message: str, code: str) -> tuple[bytes, bytes]:
    """The form of the REST API for shoppers."""
    return _JSON, json({"status": status, "title": message, "type": code.lower(), "detail": message})


def as_page(_status: int, message: str, _code: str) -> tuple[bytes, bytes]:
    """The form of a page."""
    return b"text/html; charset=utf-8", short_page(message)


Noted = Callable[[OpenStore, Mapping[str, Any], bytes, Response], None]
"""Keeps a request that the mount never saw in the journal: `(store, scope, content, response)`."""


def faulty(mount: Mount, stores: Stores, injector: FaultInjector | None, form: Form, note: Noted) -> Mount:
    """The mount as faults strike it; without a lab it is the mount itself."""
    if injector is None:
        return mount

    async def struck(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not injector.concerns(headers):
            await mount(scope, receive, send)
            return
        try:
            found = await at_host(stores, scope)
            if found is None:
                await mount(scope, receive, send)
                return
            content = await whole_body(receive, LARGEST_BODY) if scope["method"] in ("POST", "PUT", "PATCH") else b""
            injected = await injector.of_shopper(found[0], _facts(scope, headers, content))
        except FaultRefused as error:
            kind, body = form(400, f"The header Bodega-Fault cannot be read: {error}", FAULT)
            headers_told = [(b"content-type", kind), (b"cache-control", b"no-store")]
            await reply(send, scope["method"], 400, body, headers_told)
            return
        except (BodyBroken, BodyTooLarge, Busy):
            await mount(scope, _ended, send)
            return
        again = _again(content, receive)
        if injected is None:
            await mount(scope, again, send)
        else:
            unseen = await _strike(mount, found[0].record.hash, injected, form, scope, again, send)
            if unseen is not None:
                note(found[0], scope, content, unseen)

    return struck


def _facts(scope: Mapping[str, Any], headers: Mapping[bytes, bytes], content: bytes) -> RequestFacts:
    """What rules are matched with; the operation of a query is its kind and name, as `query ProductPage`."""
    text = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    body = _data(headers.get(b"content-type", b""), content)
    method, path = scope["method"], scope["path"]
    operation = f"{method} {path}"
    if isinstance(body, Mapping) and isinstance(body.get("query"), str):
        named = _OPERATION.search(body["query"])
        operation = f"{named[1]} {named[2]}" if named else operation
    return RequestFacts(method, path, operation, (), text, body)


def _data(kind: bytes, content: bytes) -> Any:
    """A body as data: JSON, or the fields of a form; None if it is none of them."""
    try:
        if kind.startswith(b"application/x-www-form-urlencoded"):
            return dict(pairs_of(content.decode("utf-8", "replace"), _MOST_FIELDS))
        return msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


async def _strike(
    mount: Mount, store: str, injected: Injected, form: Form, scope: Mapping[str, Any], receive: Receive, send: Send
) -> Response | None:
    """Answers a request that is struck. Returns the answer if the mount was not asked."""
    effect, wire = injected.effect, Wire(scope, send)
    if effect.disconnect == "before":
        await asyncio.sleep(injected.latency)
        await wire.cut()
        unanswered = Response(answers.NO_ANSWER, [], reason=FAULT)
        answers.marked(unanswered, injected)
        return unanswered
    refusal = _refusal(effect, form)
    if refusal is None:
        response = await _answered(mount, scope, receive)
    else:
        response = refusal
        response.headers += header(of_fault(injected.rules, store, scope["method"], scope["path"]))
    answers.marked(response, injected)
    await asyncio.sleep(injected.latency)
    if effect.disconnect == "after":
        await wire.cut()
    else:
        answers.spoil(response, effect)
        await answers.send_for(wire, scope["method"], response, effect)
    return refusal


def _refusal(effect: Effect, form: Form) -> Response | None:
    """The answer that was asked for; None if the request is to be carried out."""
    if not effect.reason and effect.status < 300:
        return None
    if effect.reason:
        reason = Reason[effect.reason]
        status, message, name = reason.status(3), reason.message, reason.name
    else:
        known = next((one for one in FIRST if one.status(3) == effect.status), None)
        status, name = effect.status, FAULT if known is None else known.name
        message = f"A fault was asked for: {status}." if known is None else known.message
    kind, body = form(status, message, name)
    headers: list[Header] = [(b"content-type", kind), (b"cache-control", b"no-store"),
                             (b"content-length", b"%d" % len(body))]  # fmt: skip
    wait = effect.retry_after
    if name == Reason.WINDOW_QUOTA_SPENT.name:
        wait = WINDOW_MS // 1000 if wait is None else wait
        spent = Spent(-1, PLANS["standard"].requests_per_window, wait * 1000)
        headers += [*window_fields(spent), (b"x-retry-after", b"%d" % wait)]
    if wait is not None:
        headers.append((b"retry-after", b"%d" % wait))
    return Response(status, headers, body, reason=name)


async def _answered(mount: Mount, scope: Mapping[str, Any], receive: Receive) -> Response:
    """The mount's own answer, whole."""
    response = Response(500, [])
    parts: list[bytes] = []

    async def keep(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            response.status, response.headers = message["status"], list(message["headers"])
        else:
            parts.append(message.get("body", b""))

    await mount(scope, receive, keep)
    response.body = b"".join(parts)
    return response


def _again(content: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more."""
    messages = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def read() -> Mapping[str, Any]:
        message = next(messages, None)
        return await receive() if message is None else message

    return read


async def _ended() -> Mapping[str, Any]:
    """A body that ended too early."""
    return {"type": "http.disconnect"}
