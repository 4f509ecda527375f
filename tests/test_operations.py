"""What operators ask: is it live, is it ready, how is it doing; and what the log tells of a request."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason
from bodega.log import Log
from bodega.metrics import BOUNDS_US, Board, exposition
from bodega.storage.tx import Busy
from forms import strict
from shop import Reply, Server, Shop

LABELS = ("version", "status", "reason", "kind", "le")


def ask(server: Server, path: str, method: str = "GET") -> Reply:
    """One request beside the stores."""
    return server.send(method, path, [("host", "localhost")], b"", "https")


def figures(text: bytes) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of LABELS."""
    return {
        (sample.name, *(sample.labels[name] for name in LABELS if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


# Health


@pytest.mark.parametrize("path", ["/_bodega/health", "/_bodega/health/", "/_bodega/health/ready"])
def test_a_server_that_reaches_its_registry_is_ready(shop: Shop, path: str) -> None:
    """Issue 5"""
    reply = ask(shop.server, path)
    assert (reply.status, reply.json["live"], reply.json["ready"]) == (200, True, True)
    assert reply.json["stores"] >= 1
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-request-id"]


def test_a_server_without_its_registry_is_live_and_not_ready(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110 15.6.4: a restart would not help it, so it is live."""

    async def away() -> Any:
        raise Busy("away")

    monkeypatch.setattr(shop.server.backend.registry, "stores", away)
    assert ask(shop.server, "/_bodega/health/live").status == 200
    for path in ("/_bodega/health", "/_bodega/health/ready"):
        reply = ask(shop.server, path)
        assert (reply.status, reply.json["live"], reply.json["ready"]) == (503, True, False)


@pytest.mark.parametrize("path", ["/_bodega", "/_bodega/healthy", "/_bodega/health/dead"])
def test_what_operators_are_not_told_is_404(shop: Shop, path: str) -> None:
    """RFC 9110 15.5.5"""
    assert ask(shop.server, path).status == 404


def test_what_a_proxy_received_over_tls_is_not_sent_there_again(shop: Shop) -> None:
    """RFC 9110 15.4.2: only what was read in the clear is redirected."""
    assert strict(shop).get("/v2/time", scheme="http").status == 301
    assert strict(shop, behind_tls=True).get("/v2/time", scheme="http").status == 200


# Metrics


def test_requests_are_counted_by_version_status_and_reason(shop: Shop) -> None:
    """Issue 5: and their time, reads apart from writes."""
    before = figures(ask(shop.server, "/_bodega/metrics").body)
    shop.brand()
    shop.get("/v3/catalog/brands")
    shop.get("/v2/brands")
    shop.get("/v2/brands/4711")
    shop.post("/v3/catalog/brands", {"name": "ACME"})
    shop.get("/v9/brands")
    page = ask(shop.server, "/_bodega/metrics")
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    after = figures(page.body)
    gained = {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}
    assert {key[1:]: count for key, count in gained.items() if key[0] == "bodega_requests_total"} == {
        ("v3", "200", ""): 2,
        ("v2", "200", ""): 1,
        ("v2", "404", "NO_SUCH_ENTITY"): 1,
        ("v3", "409", "DUPLICATE"): 1,
        ("", "404", "NO_SUCH_RESOURCE"): 1,
    }
    assert gained["bodega_request_seconds_count", "read"] == 4
    assert gained["bodega_request_seconds_count", "write"] == 2
    assert 0 < gained["bodega_request_seconds_sum", "write"] < 60


def test_what_stands_is_told(embedded: Server) -> None:
    """Issue 5: open stores, waiting writes, tasks."""
    shop = embedded.shop()
    shop.get("/v2/time")
    before = figures(ask(shop.server, "/_bodega/metrics").body)
    assert before["bodega_open_stores",] == 1
    assert before["bodega_waiting_writes",] == 0
    shop.settle(shop.post("/v3/catalog/brands", {"name": "A"}, headers={"prefer": "respond-async"}).data["id"])
    shop.task("POST", "/v3/catalog/brands", {"name": "A"})
    give_up = time.monotonic() + 60
    while True:
        after = figures(ask(shop.server, "/_bodega/metrics").body)
        if after["bodega_running_tasks",] == 0:
            break
        assert time.monotonic() < give_up
    assert after["bodega_tasks_done_total",] - before["bodega_tasks_done_total",] == 1
    assert after["bodega_tasks_failed_total",] - before["bodega_tasks_failed_total",] == 1


def test_every_end_of_a_request_can_be_counted() -> None:
    """A reason that has no place on the board would turn its answer into a fault."""
    board = Board()
    meter = board.meter()
    ends = [(outcome.status, "") for outcome in OUTCOMES] + [(409, reason.name) for reason in Reason]
    for version in (0, 1, 2, 3, 9):
        for status, reason in [*ends, (499, "CALLER_GONE")]:
            meter.requests(version, reason or status, [1], reads=True)
    assert figures(exposition(board))["bodega_request_seconds_count", "read"] == 5 * (len(ends) + 1)


def test_times_are_counted_in_the_bucket_of_their_bound() -> None:
    """Those that are noted together as those that are noted one by one: a time on a bound is within it."""
    times = [0, 1, *BOUNDS_US, *(bound + 1 for bound in BOUNDS_US), 1_000, 999, 10**9]
    together, singly = Board(), Board()
    together.meter().requests(3, 200, list(times), reads=True)
    for us in times:
        singly.meter().requests(3, 200, [us], reads=True)
    assert together.sums() == singly.sums()
    told = figures(exposition(together))
    for bound in BOUNDS_US:
        within = sum(us <= bound for us in times)
        assert told["bodega_request_seconds_bucket", "read", str(bound / 1_000_000)] == within
    assert told["bodega_request_seconds_count", "read"] == len(times)


def test_workers_share_a_board() -> None:
    """Whichever of them is asked tells of all."""
    board = Board(3)
    for index in range(3):
        board.meter(index).requests(3, 200, [BOUNDS_US[index]], reads=False)
        board.meter(index).stands("open_stores", index)
    told = figures(exposition(board))
    assert told["bodega_requests_total", "v3", "200", ""] == 3
    assert told["bodega_open_stores",] == 3
    assert told["bodega_workers",] == 3
    assert [told["bodega_request_seconds_bucket", "write", le] for le in ("0.001", "0.0025", "0.005", "+Inf")] == [
        1, 2, 3, 3,
    ]  # fmt: skip


def test_counting_a_request_costs_next_to_nothing() -> None:
    """It is on the way of every request: microseconds are told in docs/operations.md; here only that it stays small."""
    meter = Board().meter()
    spent = []
    for _ in range(4):
        began = time.process_time()
        for _ in range(5_000):
            meter.requests(3, 200, [90], reads=True)
        spent.append(time.process_time() - began)
    assert min(spent) / 5_000 < 20e-6


# The log


@pytest.fixture
def told(shop: Shop) -> Iterator[io.BytesIO]:
    """What the server writes down."""
    api = shop.server.app._api
    kept, text = api._log, io.BytesIO()
    api._log = api._notes._log = Log(text)
    yield text
    api._log = api._notes._log = kept


def test_each_request_is_a_line_of_json_with_its_id(shop: Shop, told: io.BytesIO) -> None:
    """Issue 5: structured logs with request ids; nothing of a credential."""
    reply = shop.post("/v3/catalog/brands?access=secret-in-query", {"name": ""})
    shop.server.app._api._log.flush()
    line = json.loads(told.getvalue())
    assert line["request"] == reply.headers["x-request-id"]
    assert (line["method"], line["status"], line["reason"]) == ("POST", 422, "FIELD_INVALID")
    assert line["path"] == f"/stores/{shop.name}/v3/catalog/brands"
    assert line["us"] > 0
    assert line["bytes"] == len(reply.body)
    assert shop.token not in told.getvalue().decode()
    assert "secret-in-query" not in told.getvalue().decode()
