"""Traces by the OpenTelemetry API, where a program that starts the server has set it up; otherwise nothing is done.

The API is an optional dependency, the extra `otel`. It is looked for once, when the application is made: without
it, or without a tracer provider, `tracer()` is None and a request costs one comparison.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

NAME = "bodega"

METHOD, ROUTE, STATUS = "http.request.method", "http.route", "http.response.status_code"
RECEIVER = "server.address"
"""Names of attributes, as the semantic conventions have them."""


def tracer() -> Tracer | None:
    """The tracer, if spans lead anywhere."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None  # nobody has set a provider, so every span would be thrown away
    return trace.get_tracer(NAME)


def server_span(tracer: Tracer, name: str, headers: Mapping[bytes, bytes]) -> AbstractContextManager[Any]:
    """The current span of a request, below the caller's own if its headers name one (W3C Trace Context)."""
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    given = {
        name.decode(): headers[name].decode("latin-1") for name in (b"traceparent", b"tracestate") if name in headers
    }
    return tracer.start_as_current_span(name, context=extract(given), kind=SpanKind.SERVER)


def client_span(tracer: Tracer, name: str, attributes: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """The current span of a request to another server, the first of its trace: what sends it in the background was
    started by some request or other, whose trace it does not belong to."""
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind

    return tracer.start_as_current_span(name, Context(), SpanKind.CLIENT, dict(attributes))


def propagated() -> dict[str, str]:
    """The headers that tell the receiver of a request to which trace it belongs."""
    from opentelemetry.propagate import inject

    headers: dict[str, str] = {}
    inject(headers)
    return headers


def failed(span: Any, why: str) -> None:
    """Marks a span as one that ended badly."""
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, why))


def account_digest(client_id: str) -> str:
    """What a trace says of an account: enough to tell accounts apart, too little to know one."""
    return hashlib.sha256(client_id.encode()).hexdigest()[:16] if client_id else ""
