"""Injected faults as clients meet them: every status in every form, spoiled answers, rules that requests share."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from bodega.app import make_app
from bodega.cli import main
from bodega.explain import CARRIES, before_the_law, statuses
from bodega.lab.faults import kept
from bodega.lab.faults.reading import statuses as askable
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason, Step
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend
from bodega.storage.registry import Account, digest
from forms import FORMS, QUOTA_HEADERS, V2, V3, XML, Desk, Form, look_like_a_refusal
from live_server import Client, connected, running
from panel import base, signed_in
from shop import EVERYTHING, PATIENCE, Reply, Server, Shop
from test_concurrency import at_once, workers

__all__ = ["workers"]

every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


def asked(desk: Desk, fault: str, method: str = "GET", path: str = "", draft: Any = None) -> Reply:
    """The answer to a request that brings a fault along."""
    return desk.ask(method, path or desk.path("brands"), draft, headers={"Bodega-Fault": fault})


def honest(reply: Reply) -> Reply:
    """The reply without the mark of the fault."""
    reason = reply.reason.partition(";")[0]
    return replace(reply, headers={**reply.headers, "bodega-reason": reason})


def add(shop: Shop, effect: dict[str, Any], *, schedule: dict[str, Any] | None = None, **match: Any) -> str:
    """A new rule's id, once the server has heard of it."""
    given = {"match": match, "schedule": schedule or {}, "effect": effect}
    made = shop.server.run(kept.add(shop.server.backend.registry, shop.name, given, 0))
    shop.server.hear()
    return made.rule.id


def clear(shop: Shop) -> None:
    """Deletes every rule of a store."""
    shop.server.run(kept.clear(shop.server.backend.registry, shop.name))
    shop.server.hear()


# Every status


@every_form
@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_every_reason_can_be_asked_for(room: Shop, reason: Reason, form: Form) -> None:
    """Its answer is that of the law: status, body, and the headers that the table of status codes promises."""
    desk = Desk(room, form)
    room.brand()
    reply = asked(desk, reason.name)
    assert reply.reason == f"{reason.name};fault=header"
    look_like_a_refusal(honest(reply), form, reason)
    carried = CARRIES[reason].lower()
    for name in ("location", "deprecation", "sunset", "retry-after", "x-retry-after", "www-authenticate", "etag"):
        told = carried.replace("x-retry-after", "") if name == "retry-after" else carried
        if name in told:
            assert reply.headers[name], name
    if reason in (Reason.METHOD_NOT_ALLOWED,):
        assert reply.headers["allow"] == "POST, DELETE, OPTIONS" if form.version == 2 else "POST, PUT, DELETE, OPTIONS"
    if reason.step > Step.SPEND_QUOTA or reason is Reason.WINDOW_QUOTA_SPENT:
        assert [name for name in reply.headers if name.startswith("x-rate-limit")] == list(QUOTA_HEADERS)
    if reason is Reason.HOURLY_QUOTA_SPENT:
        assert reply.headers["x-bc-apilimit-remaining"] == "0"
    if "details." in carried and form is V3:
        member = carried.partition("details.")[2].split("`")[0].split(",")[0].split(";")[0].split()[0]
        assert member in reply.json.get("details", {member: 1} if reason is Reason.NO_SUCH_RESOURCE else {})


@every_form
@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_what_to_do_about_a_fault_is_to_end_it(room: Shop, reason: Reason, form: Form) -> None:
    """Whatever the reason is: its own remedy would mend what is not there."""
    desk = Desk(room, form)
    room.brand()
    path = desk.path("brands")
    by_header = asked(desk, reason.name, path=path)
    assert by_header.headers["bodega-remedy"].startswith("GET /")
    assert by_header.headers["bodega-remedy"].endswith(f"{path} without Bodega-Fault")
    rule = add(room, {"reason": reason.name})
    by_rule = desk.ask("GET", path)
    assert by_rule.headers["bodega-remedy"] == f"bodega fault clear {room.name} {rule}"
    if form is V3 and by_rule.body:
        assert f"A fault of the lab made this answer, by rule {rule}." in by_rule.json["detail"]
        assert "maintenance" not in by_rule.json["detail"]
    clear(room)


def test_an_honest_refusal_that_a_fault_delays_keeps_its_remedy(room: Shop) -> None:
    add(room, {"latency": 1})
    assert room.get("/v3/catalog/brands/99").headers["bodega-remedy"].startswith("GET ")
    room.change(maintenance=True)
    assert room.get("/v3/catalog/brands").headers["bodega-remedy"] == f"bodega store maintenance {room.name} off"
    room.change(maintenance=False)
    clear(room)


@every_form
@pytest.mark.parametrize("status", askable())
def test_every_status_of_the_docs_can_be_asked_for(room: Shop, status: int, form: Form) -> None:
    desk = Desk(room, form)
    room.brand()
    reply = asked(desk, f"{status}")
    only_v3 = form.version == 2 and status == 422  # docs/status-codes.md: V2 has no 422
    assert reply.status == (400 if only_v3 else status), reply.body
    assert ";fault=header" in reply.reason
    if form is XML and reply.body:
        assert ElementTree.fromstring(reply.body).tag in ("brands", "errors")
    elif reply.body:
        assert isinstance(reply.json, list if form is V2 else dict)


def test_the_docs_have_no_other_status() -> None:
    assert set(askable()) == {*statuses(), *(status for status, _ in before_the_law())}


@every_form
@pytest.mark.parametrize("status", sorted({outcome.status for outcome in OUTCOMES} - {404, 422}))
def test_another_success_is_carried_out(room: Shop, status: int, form: Form) -> None:
    """202 is a real task; the others show what was made, or nothing."""
    desk = Desk(room, form)
    reply = asked(desk, str(status), "POST", draft={"name": "Acme"})
    assert reply.status == status
    if status == 202:
        assert reply.headers["preference-applied"] == "respond-async"
        room.settle(int(reply.headers["location"].rpartition("/")[2]))
    if status in (201, 202):
        assert reply.headers["location"].startswith("https://")
    assert (reply.body == b"") == (status == 204)
    assert room.rows("brands") == 1


def test_what_an_earlier_step_refuses_is_refused(room: Shop) -> None:
    """A fault keeps its place in the order of the law."""
    reply = room.get("/v3/catalog/brands", headers={"Bodega-Fault": "409"}, token="wrong")
    assert (reply.status, reply.reason) == (401, "CREDENTIALS_WRONG;fault=header")
    nowhere = room.get("/v3/catalog/bicycles", headers={"Bodega-Fault": "409"})
    assert nowhere.status == 404
    assert room.get("/v3/catalog/brands", headers={"Bodega-Fault": "503"}, token="wrong").status == 503


def test_a_refusal_writes_nothing(room: Shop) -> None:
    for fault in ("500", "409", "503", "507", "UNREACHABLE", "disconnect=before"):
        room.server.run(_sent(room, fault))
    assert room.rows("brands") == 0
    room.server.run(_sent(room, "disconnect=after"))
    assert room.rows("brands") == 1


async def _sent(shop: Shop, fault: str) -> list[Any]:
    """What a server is told to send, for a write that may get no answer."""
    body = b'{"name": "Acme"}'
    headers = {
        "host": "localhost", "x-auth-token": shop.token, "content-type": "application/json",
        "content-length": str(len(body)), "bodega-fault": fault,
    }  # fmt: skip
    scope = {
        "type": "http", "method": "POST", "scheme": "https", "path": f"/stores/{shop.name}/v3/catalog/brands",
        "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "extensions": {"http.response.cut": {}},
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await shop.server.app(scope, receive, send)
    return sent


def test_details_of_a_refusal_can_be_chosen(room: Shop) -> None:
    reply = room.post("/v3/catalog/brands", {"name": "a"}, headers={"Bodega-Fault": "422;field=meta_keywords"})
    assert set(reply.json["errors"]) == {"meta_keywords"}
    assert set(room.post("/v3/catalog/brands", {"name": "a"}, headers={"Bodega-Fault": "422"}).json["errors"]) == {
        "name"
    }
    for fault in ("503;retry-after=7", "429;retry-after=7", "409;retry-after=7"):
        assert room.get("/v3/catalog/brands", headers={"Bodega-Fault": fault}).headers["retry-after"] == "7"
    window = room.get("/v3/catalog/brands", headers={"Bodega-Fault": "429;retry-after=7"}).headers
    assert [window[name] for name in QUOTA_HEADERS[:3]] == ["0", "10000000", "7000"]


@every_form
def test_a_header_that_cannot_be_read_is_400(room: Shop, form: Form) -> None:
    reply = asked(Desk(room, form), "latncy=200")
    assert (reply.status, reply.reason) == (400, "FAULT")
    assert b"Did you mean latency?" in reply.body
    assert reply.headers["content-type"] == f"application/{form.media}"
    if form is V3:
        assert set(reply.json["errors"]) == {"latncy"}


# Spoiled answers


def test_headers_of_quotas_are_missing_or_wrong(room: Shop) -> None:
    missing = room.get("/v3/catalog/brands", headers={"Bodega-Fault": "429;rate-limit=missing"})
    assert missing.status == 429
    assert not [name for name in missing.headers if name.startswith("x-rate-limit") or "retry-after" in name]
    wrong = room.get("/v3/catalog/brands", headers={"Bodega-Fault": "rate-limit=wrong"})
    assert wrong.status == 200
    assert [wrong.headers[name] for name in QUOTA_HEADERS[:3]] == ["-1", "10000000", "0"]


@every_form
def test_a_broken_body_is_whole_and_cannot_be_parsed(room: Shop, form: Form) -> None:
    room.brand()
    reply = asked(Desk(room, form), "broken")
    assert reply.status == 200
    assert int(reply.headers["content-length"]) == len(reply.body)
    with pytest.raises((ValueError, ElementTree.ParseError)):
        json.loads(reply.body) if form is not XML else ElementTree.fromstring(reply.body)


def test_latency_is_waited_for_after_the_request_was_carried_out(room: Shop) -> None:
    began = time.monotonic()
    reply = room.post("/v3/catalog/brands", {"name": "Acme"}, headers={"Bodega-Fault": "latency=150-200"})
    assert reply.status == 200
    assert time.monotonic() - began >= 0.15
    assert reply.reason == "FAULT;fault=header"
    assert reply.headers["bodega-fault"] == "latency=150-200"


@contextmanager
def live(folder: Path) -> Iterator[Any]:
    """A server on a real socket with a lab, and a store `s` whose token is `t`."""
    apps: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if not apps:
            backend = await open_backend(folder, None)
            await create_store(backend, "s", "sandbox", {"journal": "full"}, int(time.time()))
            account = Account("c", "s", "t", "oauth", "", digest("t"), "secret", EVERYTHING, -1, 10_000, False, 0, 0)
            await backend.registry.add_account(account)
            apps.append(await make_app(backend, insecure_http=True, https_port=1, log=False, lab=True))
        await apps[0](scope, receive, send)

    with running(app) as (listener,):
        yield listener


def ask(client: Client, fault: str, body: str = "") -> None:
    """Sends a request that brings a fault along."""
    head = f"{'POST' if body else 'GET'} /stores/s/v3/catalog/brands HTTP/1.1\r\nhost: localhost\r\nx-auth-token: t\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
    head += f"bodega-fault: {fault}\r\n" if fault else ""
    client.send((head + "\r\n" + body).encode())


def test_connections_are_cut_and_bodies_creep(tmp_path: Path) -> None:
    with live(tmp_path) as listener:
        with connected(listener) as client:
            ask(client, "disconnect=before", '{"name": "Never"}')
            assert client.rest() == b""
        with connected(listener) as client:
            ask(client, "disconnect=after", '{"name": "Written"}')
            assert client.rest() == b""
        with connected(listener) as client:
            ask(client, "")
            whole = client.reply()
            assert [brand["name"] for brand in whole.json["data"]] == ["Written"]
            ask(client, "truncate=10")
            head, _, body = client.rest().partition(b"\r\n\r\n")
            assert b"content-length: %d" % len(whole.body) in head
            assert body == whole.body[:10]
        with connected(listener) as client:
            began = time.monotonic()
            ask(client, f"bytes-per-second={2 * len(whole.body)}")
            assert client.reply().body == whole.body
            assert time.monotonic() - began > 0.3
            ask(client, "")
            assert client.reply().status == 200  # the connection goes on
        with connected(listener) as client:
            ask(client, "truncate=0;503")
            assert b"content-length" in client.rest()
        with connected(listener) as client:
            ask(client, "408")
            assert b"HTTP/1.1 408" in client.rest()


# Rules


def test_a_rule_strikes_what_it_is_about(shop: Shop) -> None:
    rule = add(shop, {"status": 503, "retry_after": 2}, schedule={"count": 1}, method="POST", path="/v3/catalog/*")
    assert shop.get("/v3/catalog/brands").status == 200
    struck = shop.post("/v3/catalog/brands", {"name": "a"})
    assert (struck.status, struck.reason) == (503, f"MAINTENANCE;fault={rule}")
    assert shop.post("/v3/catalog/brands", {"name": "a"}).status == 200
    shown = kept.shown(_rules(shop)[0])
    assert (shown["struck"], shown["over"]) == (1, True)


def _rules(shop: Shop) -> list[kept.KeptRule]:
    """The rules as the registry has them, counts included."""
    assert shop.server.app.faults is not None
    shop.server.run(shop.server.app.faults.keep())
    return shop.server.run(kept.rules(shop.server.backend.registry.tx, shop.name))


def test_a_rule_may_ask_for_an_operation_an_account_a_header_or_a_member(shop: Shop) -> None:
    brand = shop.brand()
    other = shop.account("store_v2_products")
    name = next(account.name for account in shop.server.run(shop.server.backend.registry.accounts(shop.name)))
    add(shop, {"reason": "KEY_IN_USE"}, operation="GET /v3/catalog/brands/{id}")
    assert shop.get(f"/v3/catalog/brands/{brand}").status == 409
    assert shop.get("/v3/catalog/brands").status == 200
    clear(shop)
    client = shop.server.run(shop.server.app.stores.get(shop.name)).holder(other.encode()).client_id
    add(shop, {"status": 507}, account=client)
    assert [shop.get("/v2/brands", token=token).status for token in (other, shop.token)] == [507, 200]
    clear(shop)
    add(shop, {"status": 500}, account=name, headers={"X-Run": "7*"})
    assert [shop.get("/v2/brands", headers={"x-run": run}).status for run in ("71", "8")] == [500, 200]
    clear(shop)
    add(shop, {"status": 409}, body={"name": "Bad*"})
    assert [shop.post("/v3/catalog/brands", {"name": name}).status for name in ("Badly", "Good")] == [409, 200]
    as_xml = shop.post(
        "/v2/brands", body=b"<brand><name>Bad</name></brand>", headers={"content-type": "application/xml"}
    )
    assert as_xml.status == 409
    assert (
        shop.post("/v3/catalog/brands", {"name": "Fine"}).status == 200
    )  # the body that was looked into is read again


def test_a_rule_is_heard_of_and_forgotten_at_once(shop: Shop) -> None:
    rule = add(shop, {"status": 500})
    assert shop.get("/v2/brands").status == 500
    shop.server.run(kept.clear(shop.server.backend.registry, shop.name, rule))
    shop.server.hear()
    assert shop.get("/v2/brands").status == 204
    assert _rules(shop) == []


def test_workers_share_a_counter(server_on_postgres: Server) -> None:
    """Numbers are taken in the registry: two processes never get the same one."""
    shop = server_on_postgres.shop()
    rule = add(shop, {"status": 503}, schedule={"count": 5})
    tx = server_on_postgres.backend.registry.tx

    async def numbers() -> list[int | None]:
        return await asyncio.gather(*(kept.take_number(tx, rule) for _ in range(20)))

    assert sorted(server_on_postgres.run(numbers())) == list(range(1, 21))  # type: ignore[type-var]
    assert shop.get("/v2/brands").status == 204  # the fifth was another process's


def test_of_parallel_requests_to_all_workers_exactly_so_many_are_struck(workers: list[Shop]) -> None:
    """Several houses on one database: whoever answers, three are struck, and every tenth."""
    first = workers[0]
    add(first, {"status": 503}, schedule={"count": 3})
    add(first, {"status": 500}, schedule={"every": 10})

    found = [reply.status for reply in at_once(workers, [("GET", "/v3/catalog/brands", None)] * 40)]
    assert {status: found.count(status) for status in set(found)} == {503: 3, 500: 4, 200: 33}


def test_a_count_survives_a_restart(tmp_path: Path) -> None:
    async def main() -> list[int]:
        backend = await open_backend(tmp_path, None)
        await create_store(backend, "s", "sandbox", {}, int(time.time()))
        rule = (await kept.add(backend.registry, "s", {"effect": {"status": 500}, "schedule": {"nth": 5}}, 0)).rule
        await kept.keep(backend.registry.tx, {rule.id: 4})
        await kept.keep(backend.registry.tx, {rule.id: 2})
        await backend.close()
        again = await open_backend(tmp_path, None)
        found = [one.seen for one in await kept.rules(again.registry.tx, "s")]
        await again.close()
        return found

    assert asyncio.run(main()) == [4]


def test_a_window_is_of_the_stores_clock(shop: Shop) -> None:
    shop.freeze(1_900_000_000)
    add(shop, {"status": 503}, schedule={"from": 1_900_000_100})
    assert shop.get("/v2/brands").status == 204
    shop.freeze(1_900_000_100)
    assert shop.get("/v2/brands").status == 503


def test_rules_are_their_stores_own_and_go_with_it(server: Server) -> None:
    one, other = server.shop(), server.shop()
    add(one, {"status": 500})
    assert (one.get("/v2/brands").status, other.get("/v2/brands").status) == (500, 204)
    host = {"host": f"store-{one.name}.localhost"}
    assert one.get("/v2/brands", base="/api", headers=host).status == 500
    server.run(server.backend.registry.drop_store(one.name))
    assert server.run(kept.rules(server.backend.registry.tx, one.name)) == []


def test_a_store_has_only_so_many_rules(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_RULES", 1)
    add(shop, {"status": 500})
    with pytest.raises(ValueError, match="one too many"):
        add(shop, {"status": 500})


def test_without_a_lab_nothing_strikes(embedded: Server) -> None:
    shop = embedded.shop()
    add(shop, {"status": 500})
    embedded.app._api._faults = None  # as without --lab
    assert shop.get("/v2/brands", headers={"Bodega-Fault": "500"}).status == 204


def test_the_journal_the_metrics_and_the_trace_tell_of_a_fault(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    rule = add(shop, {"status": 409}, schedule={"count": 1})
    reply = shop.get("/v2/brands", headers={"Bodega-Trace": "1"})
    assert reply.headers["bodega-path"].endswith("perform > 409 DUPLICATE")
    shop.server.run(_sent(shop, "disconnect=after"))
    sync = shop.server.app.journal_sync
    found = shop.server.run(sync.search(shop.name, limit=10, offset=0))
    newest, first = found[0], found[1]
    assert (first.status, first.reason, first.fault) == (409, "DUPLICATE", rule)
    assert (newest.status, newest.reason, newest.fault) == (444, "FAULT", "header")
    assert newest.answered("bodega-unsent-status") == "200"
    page = signed_in(shop).get(f"{base(shop)}/journal/{newest.id}").text
    assert "Injected fault" in page
    assert "had the status 200" in page
    metrics = shop.server.send("GET", "/_bodega/metrics", [("host", "localhost")], b"", "https").body.decode()
    assert 'bodega_requests_total{reason="FAULT",status="444",version="v3"}' in metrics
    assert "bodega_faults_injected_total" in metrics


def test_a_read_that_is_remembered_is_struck_as_well(tmp_path: Path) -> None:
    """A server may answer a read like an earlier one at once: not where a fault may strike."""
    with live(tmp_path) as listener, connected(listener) as client:
        for _ in range(3):
            ask(client, "")
            assert client.reply().status == 200
        ask(client, "503;retry-after=4")
        assert client.reply().headers["retry-after"] == "4"
        ask(client, "")
        assert client.reply().status == 200


def test_commands_reach_a_running_server(tmp_path: Path) -> None:
    """Rules and states of a command are there at the next request, and what was struck is listed within a second."""

    def said(*words: str) -> Any:
        found = CliRunner().invoke(main, [*words, "--json", "--data", str(tmp_path)])
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout)

    with live(tmp_path) as listener, connected(listener) as client:
        ask(client, "")
        assert client.reply().status == 200
        rule = said("fault", "add", "s", "--path", "/v3/catalog/*", "--status", "409", "--count", "1")["id"]
        for status in (409, 200):
            ask(client, "")
            assert client.reply().status == status
        give_up = time.monotonic() + PATIENCE
        while said("fault", "list", "s")[0]["struck"] != 1:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert said("fault", "clear", "s")["cleared"] == [rule]
        said("state", "apply", "s", "brand-made-twice")
        ask(client, "")
        assert client.reply().json["meta"]["pagination"]["total"] == 1
