"""Traces by the OpenTelemetry API: a span for each request and each delivery, and nothing where nobody asks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from bodega import tracing
from bodega.storage.opening import open_backend
from receiver import Receiver
from served import environment
from shop import Server, Shop

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    """What was traced."""
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def traced(
    runner: asyncio.Runner, spans: InMemorySpanExporter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server where somebody set traces up."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    data = tmp_path_factory.mktemp("traced")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tracing, "tracer", lambda: provider.get_tracer("bodega"))
        server = Server(runner, runner.run(open_backend(data, None)))
    yield server
    runner.run(server.app.stop())
    provider.shutdown()


@pytest.fixture
def store(traced: Server, spans: InMemorySpanExporter) -> Shop:
    """A fresh store, nothing traced yet."""
    made = traced.shop()
    spans.clear()
    return made


def test_a_request_is_one_span_with_its_route_status_reason_and_account(
    store: Shop, spans: InMemorySpanExporter
) -> None:
    """Neither a token nor a client id is in it."""
    reply = store.get("/v3/catalog/brands/7?include_fields=name", headers={"traceparent": PARENT})
    [span] = spans.get_finished_spans()
    assert (span.name, span.kind) == ("GET /v3/catalog/brands/{id}", SpanKind.SERVER)
    given: Any = dict(span.attributes or {})
    [client] = store.server.run(store.server.app.stores.get(store.name)).by_client
    assert given == {
        "http.route": "/v3/catalog/brands/{id}",
        "http.request.method": "GET",
        "http.response.status_code": 404,
        "bodega.request_id": reply.headers["x-request-id"],
        "bodega.reason": "NO_SUCH_ENTITY",
        "bodega.store": store.name,
        "bodega.account": tracing.account_digest(client),
    }
    assert not {client, store.token} & {str(value) for value in given.values()}
    assert span.parent is not None
    assert f"{span.parent.span_id:x}" == PARENT.split("-")[2]
    assert span.status.status_code is not StatusCode.ERROR  # a refusal is no fault of the server


def test_a_stranger_at_an_unknown_path_is_one_span_of_little(store: Shop, spans: InMemorySpanExporter) -> None:
    """A span's name is one of few: no path that somebody made up."""
    store.get("/v3/made/up/path", token="")
    [span] = spans.get_finished_spans()
    assert (span.name, "bodega.account" in (span.attributes or {})) == ("GET", False)


def test_a_fault_of_the_server_is_one_of_the_span(store: Shop, spans: InMemorySpanExporter) -> None:
    """503 of a store that is closed, as its client sees it."""
    store.change(maintenance=True)
    store.get("/v2/time")
    [span] = spans.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "MAINTENANCE")


def test_a_delivery_is_a_span_that_its_receiver_can_continue(
    store: Shop, spans: InMemorySpanExporter, receiver: Receiver
) -> None:
    """Each attempt is a trace of its own: it may come hours after the write."""
    store.hook("store/category/created", receiver.url + "/told")
    store.category()
    store.wait_for(lambda: [one for one in spans.get_finished_spans() if one.kind is SpanKind.CLIENT])
    [span] = [one for one in spans.get_finished_spans() if one.kind is SpanKind.CLIENT]
    given = dict(span.attributes or {})
    assert given == {"http.request.method": "POST", "server.address": "127.0.0.1", "http.response.status_code": 200}
    assert span.parent is None
    assert span.context is not None
    assert receiver.got[0].headers["traceparent"].split("-")[1:3] == [
        f"{span.context.trace_id:032x}",
        f"{span.context.span_id:016x}",
    ]


ABSENT = """
import sys
sys.modules["opentelemetry"] = None
from bodega import app, tracing
from bodega.http import spans
assert tracing.tracer() is None
assert not [name for name in sys.modules if name.startswith("opentelemetry.")]
"""
UNUSED = """
import sys
from bodega import app
from bodega.http import asgi, spans
assert not [name for name in sys.modules if name.startswith("opentelemetry")], "imported before anybody asks"
from bodega import tracing
assert tracing.tracer() is None, "nobody set a provider"
assert "opentelemetry.sdk" not in sys.modules
"""
USED = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
from bodega import tracing
assert tracing.tracer() is not None
"""


@pytest.mark.parametrize("program", [ABSENT, UNUSED, USED], ids=["absent", "unused", "used"])
def test_traces_are_made_only_where_the_api_is_there_and_set_up(program: str, tmp_path: Path) -> None:
    """Without the package nothing is imported and nothing fails; with it alone nothing is traced either."""
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, cwd=tmp_path, env=environment(), timeout=120
    )


def test_a_server_that_nobody_traces_has_no_tracer(shop: Shop) -> None:
    """So a request costs one comparison."""
    api: Any = shop.server.app._api
    assert api._tracer is None
    assert shop.get("/v2/time").status == 200
