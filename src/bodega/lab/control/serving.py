"""`/_bodega/lab/...`: finds the operation of a request, reads what it asks, and writes its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from difflib import get_close_matches
from typing import Any

from bodega.aside import LARGE_BYTES, aside
from bodega.http.mounts import BodyBroken, BodyTooLarge, Mount, Receive, Send, reply, whole_body
from bodega.http.request import Scope, read_head
from bodega.kit.render import json
from bodega.lab.control.guard import admit
from bodega.lab.control.lab import Lab
from bodega.lab.control.openapi import BASE, document
from bodega.lab.control.operation import Bound, Operation, Streamed, bind
from bodega.lab.control.problem import Problem
from bodega.lab.control.reading import read_body, read_query
from bodega.lab.control.told import problem_of
from bodega.law.refusal import Header

LARGEST_BODY = 16 * 1024 * 1024

_JSON: tuple[Header, ...] = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


def mount(lab: Lab, operations: Sequence[Operation]) -> Mount:
    """The lab as a mount. Raises Mistake."""
    bound = bind(operations)
    described = json(document(bound))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        named: dict[str, str] = {}
        try:
            headers = read_head(scope, receive, "").headers
            admit(scope, headers, lab.key)
            path = scope["path"].removeprefix(BASE).strip("/")
            if path == "openapi.json" and method in ("GET", "HEAD"):
                await reply(send, method, 200, described)
                return
            operation, named = _find(bound, method, path)
            answer = await _carry_out(lab, operation, named, scope, receive, headers)
        except Exception as error:
            await _refuse(send, method, await problem_of(lab, named.get("store_hash"), error, BASE))
        else:
            await _answer(send, method, operation, answer)

    return serve


def _find(bound: Sequence[Bound], method: str, path: str) -> tuple[Bound, dict[str, str]]:
    """The operation of a path, and the named parts of that. Raises Problem."""
    allowed: dict[str, None] = {}
    for each in bound:
        named = each.match(path)
        if named is not None:
            if each.method == ("GET" if method == "HEAD" else method):
                return each, named
            allowed[each.method] = None
    if allowed:
        methods = ", ".join(allowed)
        raise Problem(405, f"{method} is not for this path, but {methods}.", headers=((b"allow", methods.encode()),))
    near = get_close_matches(f"/{path}", [each.path for each in bound], n=1)
    hint = f" Did you mean {BASE}{near[0]}?" if near else f" {BASE}/openapi.json lists them."
    raise Problem(404, f"There is nothing at this path.{hint}")


async def _carry_out(
    lab: Lab, operation: Bound, named: dict[str, str], scope: Scope, receive: Receive, headers: Any
) -> Any:
    given: dict[str, Any] = {}
    for name, text in named.items():
        if operation.places[name] is int:
            if not (text.isascii() and text.isdecimal()):
                raise Problem(404, f"{text[:100]} is no number.")
            given[name] = int(text)
        else:
            given[name] = text
    raw = await _body(receive)
    if raw and operation.body is None and raw.strip() not in (b"", b"{}"):
        raise Problem(422, "This operation has no body.")
    if operation.body is not None:
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if raw and kind != b"application/json":
            raise Problem(415, "A body must be JSON: send content-type: application/json.")
        given["body"] = (
            await aside(lambda: read_body(raw, operation.body))
            if len(raw) > LARGE_BYTES
            else read_body(raw, operation.body)
        )
    if operation.query is not None:
        given["query"] = read_query(scope["query_string"].decode("latin-1"), operation.query)
    return await operation.run(lab, **given)


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises Problem."""
    try:
        return await whole_body(receive, LARGEST_BODY)
    except BodyBroken:
        raise Problem(400, "The body was not sent to its end.") from None
    except BodyTooLarge:
        raise Problem(413, f"A body may have {LARGEST_BODY} bytes at most.") from None


async def _refuse(send: Send, method: str, problem: Problem) -> None:
    await reply(send, method, problem.status, problem.body(), (*_JSON, *problem.headers))


async def _answer(send: Send, method: str, operation: Bound, answer: Any) -> None:
    if isinstance(answer, Streamed):
        await _stream(send, method, operation.status, answer)
    elif answer is None:
        await reply(send, method, 204, b"", ((b"cache-control", b"no-store"),))
    else:
        await reply(send, method, operation.status, json(answer))


async def _stream(send: Send, method: str, status: int, answer: Streamed) -> None:
    headers = [(b"content-type", answer.media_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    lines: AsyncIterator[Any] = answer.lines
    if method != "HEAD":
        async for line in lines:
            part = line if isinstance(line, bytes) else json(line) + b"\n"
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
