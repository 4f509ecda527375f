"""One span for each request of the store API: its route, status and reason, its store, and a digest of its account."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from bodega import tracing
from bodega.http.products import Seen
from bodega.http.request import Request
from bodega.http.response import Response

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


async def traced(tracer: Tracer, request: Request, seen: Seen, response: Awaitable[Response]) -> Response:
    """The response, which is made within the span."""
    with tracing.server_span(tracer, request.method, request.headers) as span:
        answer = await response
        if seen.route:
            span.update_name(f"{request.method} /v{request.version}/{seen.route}")
            span.set_attribute(tracing.ROUTE, f"/v{request.version}/{seen.route}")
        span.set_attribute(tracing.METHOD, request.method)
        span.set_attribute(tracing.STATUS, answer.status)
        span.set_attribute("bodega.request_id", request.request_id)
        if answer.reason:
            span.set_attribute("bodega.reason", answer.reason)
        if seen.store is not None:
            span.set_attribute("bodega.store", seen.store.record.hash)
        if seen.client_id:
            span.set_attribute("bodega.account", tracing.account_digest(seen.client_id))
        if answer.status // 100 == 5:
            tracing.failed(span, answer.reason)
        return answer
