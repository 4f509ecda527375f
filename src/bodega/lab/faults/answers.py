"""The answer on the wire, spoiled: headers of quotas, a body that breaks off, creeps or cannot be parsed."""

from __future__ import annotations

import asyncio
from typing import Any

from bodega.http import xml
from bodega.http.asgi import Wire
from bodega.http.negotiation import Media
from bodega.http.remedies import header, of_fault
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.kit.render import json
from bodega.lab.faults.chance import Injected
from bodega.lab.faults.reading import FaultRefused
from bodega.lab.faults.rule import Effect, effect_words
from bodega.law.refusal import Header
from bodega.metrics import FAULT
from bodega.server.limits import ProtocolRefusal

NO_ANSWER = 444
"""The status under which the journal keeps a request whose connection was ended without an answer."""

BEAT_SECONDS = 0.1
"""A body that creeps is sent ten times a second."""

OF_QUOTAS = frozenset(
    {
        b"x-rate-limit-requests-left", b"x-rate-limit-requests-quota", b"x-rate-limit-time-reset-ms",
        b"x-rate-limit-time-window-ms", b"x-bc-apilimit-remaining", b"retry-after", b"x-retry-after",
    }
)  # fmt: skip
WRONG = {
    b"x-rate-limit-requests-left": b"-1",
    b"x-rate-limit-time-reset-ms": b"0",
    b"x-bc-apilimit-remaining": b"-1",
    b"retry-after": b"0",
    b"x-retry-after": b"0",
}
"""Values that no client may rely on."""


def marked(response: Response, injected: Injected) -> None:
    """Makes the answer say that a fault struck it: by which rules, and how."""
    reason = (response.reason or FAULT).encode()
    headers = [(name, value) for name, value in response.fields if name != b"bodega-reason"]
    told = reason + b";fault=" + "+".join(injected.rules).encode()
    response.head = b""
    response.headers = [*headers, (b"bodega-reason", told), (b"bodega-fault", effect_words(injected.effect).encode())]


def spoil(response: Response, effect: Effect) -> None:
    """Spoils headers and body as far as that can be done before they are sent."""
    if effect.rate_limit == "missing":
        response.headers = [header for header in response.headers if header[0] not in OF_QUOTAS]
    elif effect.rate_limit == "wrong":
        response.headers = [(name, WRONG.get(name, value)) for name, value in response.headers]
    if effect.broken and response.body:
        response.body = response.body.rstrip()[:-1]
        length = b"%d" % len(response.body)
        response.headers = [(name, length if name == b"content-length" else value) for name, value in response.headers]


async def send(wire: Wire, request: Request, response: Response, effect: Effect | None = None) -> None:
    """Sends an answer: at once, slowly, or only the beginning of it."""
    await send_for(wire, request.method, response, effect)


async def send_for(wire: Wire, method: str, response: Response, effect: Effect | None) -> None:
    """Sends an answer to a request of this method."""
    body = b"" if method == "HEAD" else response.body
    await wire.start(response)
    ends = effect is not None and effect.truncate is not None and bool(body)
    if ends:
        assert effect is not None
        body = body[: min(effect.truncate or 0, len(body) - 1)]
    if effect is not None and effect.bytes_per_second and body:
        step = max(1, int(effect.bytes_per_second * BEAT_SECONDS))
        pause = step / effect.bytes_per_second
        for start in range(0, len(body), step):
            await asyncio.sleep(pause)
            await wire.part(body[start : start + step], more=ends or start + step < len(body))
    else:
        await wire.part(body, more=ends)
    if ends:
        await wire.cut()


def unanswered(request: Request, status: int = 0) -> Response:
    """What the journal keeps of a request that got no answer; `status` is the one that it would have had."""
    would_be = [(b"bodega-unsent-status", str(status).encode())] if status else []
    return Response(NO_ANSWER, [(b"x-request-id", request.request_id.encode()), *would_be], reason=FAULT)


def of_the_connection(request: Request, refusal: ProtocolRefusal, injected: Injected) -> Response:
    """What the server says to a request that it cannot read, to one that it could."""
    remedy = of_fault(injected.rules, request.store, request.method, request.path)
    answer = _answer(request, refusal.status, refusal.value[1], refusal.page, remedy.text, {})
    answer.headers += [*header(remedy), (b"connection", b"close")]
    answer.closes = True
    return answer


def unreadable(request: Request, error: FaultRefused) -> Response:
    """The answer to a header Bodega-Fault that asks for nothing that there is."""
    title = "The header Bodega-Fault cannot be read."
    return _answer(request, 400, title, "/docs/faults", str(error), error.faults)


def _answer(request: Request, status: int, title: str, kind: str, detail: str, errors: dict[str, str]) -> Response:
    """An error in the format of the caller's version."""
    is_xml = request.version != 3 and request.error_media is Media.XML
    if request.version == 3:
        v3: dict[str, Any] = {"status": status, "title": title, "type": kind, "detail": detail}
        body = json({**v3, "errors": errors} if errors else v3)
    else:
        told = [{"status": status, "message": f"{title} {detail}" if errors else title}]
        body = xml.write(told, "errors", "error") if is_xml else json(told)
    headers: list[Header] = [
        (b"x-request-id", request.request_id.encode()),
        (b"bodega-reason", FAULT.encode()),
        (b"content-type", b"application/xml" if is_xml else b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"link", f'<{kind}>; rel="help"'.encode()),
    ]
    return Response(status, headers, body, reason=FAULT)
