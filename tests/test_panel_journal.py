"""The journal: what is kept of requests, what is masked, the path through the law, the line that would succeed."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodega import masking
from bodega.journal import exchange, pages, recorder, tally
from bodega.journal.exchange import Exchange
from bodega.law.reasons import Reason, Step
from bodega.law.remedy import words_of
from bodega.masking import MASK
from bodega.panel import charts, curl_suggestions, journal
from bodega.panel.journal import path
from bodega.storage.opening import open_backend
from panel import Browser, base, signed_in
from shop import Reply, Server, Shop


def told(shop: Shop) -> pages.JournalPages:
    """What the journal has."""
    found: pages.JournalPages = shop.server.run(shop.server.app.journal_sync.read(shop.name, bodies=True))
    return found


def last(shop: Shop) -> Exchange:
    """The newest request."""
    return told(shop).entries[-1]


# What is kept


def test_a_request_is_kept_with_its_head_and_what_came_of_it(shop: Shop) -> None:
    shop.get("/v3/catalog/products?limit=5", headers={"X-Custom": "yes"})
    entry = last(shop)
    assert (entry.method, entry.status, entry.reason, entry.version) == ("GET", 200, "", 3)
    assert entry.target == f"/stores/{shop.name}/v3/catalog/products?limit=5"
    assert (entry.header("x-custom"), entry.answered("content-type")) == ("yes", "application/json")
    assert entry.at == pytest.approx(time.time(), abs=10)
    assert entry.us > 0
    assert entry.client_id


def test_bodies_are_kept_only_where_the_owner_asked_for_them(shop: Shop) -> None:
    shop.post("/v3/catalog/brands", {"name": "Acme"})
    assert (last(shop).body, last(shop).answer_body) == (None, None)
    shop.post("/v3/catalog/brands", {"name": "Acme"})
    refused = last(shop)
    assert refused.body is None
    assert "conflicting" in str(refused.answer_body) or "Acme" in str(refused.answer_body), "why is always kept"
    shop.change(settings={"journal": "full"})
    shop.post("/v3/catalog/brands", {"name": "Other"})
    assert json.loads(last(shop).body or "") == {"name": "Other"}
    assert json.loads(last(shop).answer_body or "")["data"]["name"] == "Other"


def test_a_journal_that_is_off_keeps_nothing(shop: Shop) -> None:
    shop.change(settings={"journal": "off"})
    shop.get("/v2/time")
    assert told(shop).entries == []
    assert told(shop).statuses == {}
    assert "The journal is off" in signed_in(shop).get(f"{base(shop)}/journal").text


def test_a_long_body_is_kept_in_part(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    text = "a" * (exchange.LONGEST_BODY + 5_000)
    shop.post("/v3/catalog/brands", {"name": text})
    entry = last(shop)
    assert (len(entry.body or ""), entry.size) == (exchange.LONGEST_BODY, len(json.dumps({"name": text})))


def test_a_compressed_answer_is_shown_as_text(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    for number in range(40):
        shop.brand(f"Brand {number}")
    reply = shop.get("/v3/catalog/brands", headers={"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert '"name":"Brand 7"' in (last(shop).answer_body or "")


def test_requests_that_come_too_fast_are_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal must not slow down a server that is under load."""
    told(shop)
    monkeypatch.setattr(recorder, "ROOM", 5)
    told(shop)  # makes room
    for _ in range(8):
        shop.get("/v2/time")
    found = told(shop)
    if found.skipped:  # else it was written in between
        assert len(found.entries) == 8 - found.skipped
    assert found.statuses == {200: 8}
    shop.get("/v2/time")
    assert told(shop).statuses == {200: 9}, "a minute goes on where it was written"


def test_a_request_for_a_store_that_is_not_there_leaves_nothing(shop: Shop) -> None:
    """Strangers must not fill the memory."""
    before = set(shop.server.app._api._notes._journal.stores)
    for number in range(20):
        shop.get("/v3/catalog/products", base=f"/stores/nobody{number}")
    shop.get("/v3/catalog/products", base="/stores/../etc")
    assert set(shop.server.app._api._notes._journal.stores) == before


def test_every_step_that_refuses_is_in_the_journal(shop: Shop) -> None:
    shop.get("/v2/time")
    shop.get("/v1/products")
    shop.get("/v3/catalog/products", token="nonsense")
    shop.change(maintenance=True)
    shop.get("/v2/time")
    assert [entry.reason for entry in told(shop).entries][1:] == [
        "DEPRECATED_VERSION",
        "CREDENTIALS_WRONG",
        "MAINTENANCE",
    ]


# What is masked

HIDDEN = "hush-hush-1234"


def test_no_credential_is_shown_exported_or_told(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    browser = signed_in(shop)
    headers = {
        "Authorization": f"Basic {HIDDEN}",
        "Cookie": f"a={HIDDEN}",
        "X-Api-Key": HIDDEN,
        "X-Client-Secret": HIDDEN,
    }
    body = {
        "name": "x",
        "authentication": {"new_password": HIDDEN},
        "headers": {"Authorization": HIDDEN},
        "apiKey": HIDDEN,
    }
    body |= {"list": [{"client_secret": HIDDEN, "access_token": [HIDDEN, {"a": HIDDEN}]}], "cvv": HIDDEN}
    shop.post(f"/v3/catalog/brands?token={HIDDEN}&api_key={HIDDEN}&page=2", body, headers=headers)
    shop.request("POST", "/v2/brands", body=f"<brand><password>{HIDDEN}</password></brand>".encode(),
                 headers={"Content-Type": "application/xml"})  # fmt: skip
    shop.request("POST", "/v2/brands", body=f'{{"password": "{HIDDEN}", "broken": '.encode(),
                 headers={"Content-Type": "application/json"})  # fmt: skip
    shop.request("POST", "/v2/brands", body=f"password={HIDDEN}&x=1".encode(),
                 headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    shown = browser.get(f"{base(shop)}/journal").text + browser.get(f"{base(shop)}/journal.har").text
    for entry in told(shop).entries:
        shown += browser.get(f"{base(shop)}/journal/{entry.id}").text
    assert HIDDEN not in shown
    assert shop.token not in shown
    assert f"x-auth-token</dt><dd>{MASK}" in shown
    assert "page=2" in shown
    rows = shop.server.run(shop.server.app.journal_sync.ring._database.rows("SELECT * FROM exchanges"))
    assert HIDDEN not in repr([tuple(row) for row in rows]), "nor is it on the disk"


SECRET = (
    "password",
    "new_password",
    "clientSecret",
    "X-Auth-Token",
    "access_token",
    "api_key",
    "apiKey",
    "card_number",
)
PLAIN = ("name", "author", "sku", "order_number", "keywords", "authentication")


@pytest.mark.parametrize(("name", "secret"), [*((name, True) for name in SECRET), *((name, False) for name in PLAIN)])
def test_which_members_are_secret(name: str, secret: bool) -> None:
    assert masking.is_secret(name) is secret


def test_what_is_not_secret_is_shown_as_it_came() -> None:
    body = '{"name": "Ünïcode",  "n": 1.50}'
    assert masking.body(body, "application/json") == body
    assert masking.body("<brand><name>x</name></brand>", "application/xml") == "<brand><name>x</name></brand>"
    deep = "[" * 200 + "]" * 200
    assert masking.body(deep, "application/json") is not None


SPELLED = {
    "a name with escapes": ('{"p\\u0061ssword": "HIDDEN", }', "application/json"),
    "a name with escapes in JSON that can be read": ('{"p\\u0061ssword": "HIDDEN"}', "application/json"),
    "single quotes": ("{'password': 'HIDDEN'}", "application/json"),
    "no quotes": ("{password: HIDDEN, x: 1}", "application/json"),
    "an apostrophe before": ('{"name": "x" it\'s, "password": "HIDDEN"', "application/json"),
    "escaped quotes in the value": ('{"password": "a\\"HIDDEN', "application/json"),
    "an object that breaks off": ('{"secret": {"a": [1], "b": "HIDDEN"}, "c": ', "application/json"),
    "two bytes a letter": ("".join(f"{letter}\0" for letter in '{"password": "HIDDEN"}'), "application/json"),
    "a CDATA section": ("<c><password><![CDATA[HIDDEN]]></password></c>", "application/xml"),
    "a comment before": ("<c><password><!-- x -->HIDDEN</password></c>", "application/xml"),
    "an element within": ("<c><password><b>HIDDEN</b></password></c>", "application/xml"),
    "XML that breaks off": ("<c><password>HIDDEN", "application/xml"),
    "a namespace": ("<c><a:password>HIDDEN</a:password></c>", "application/xml"),
    "an attribute": ("<c password='HIDDEN'/>", "application/xml"),
    "JSON that is called XML": ('{"password": "HIDDEN"}', "application/xml"),
    "JSON that is called a form": ('{"password": "HIDDEN"}', "application/x-www-form-urlencoded"),
    "broken JSON that is called a form": ('{"password": "HIDDEN",}', "application/x-www-form-urlencoded"),
    "XML that is called JSON": ("<c><password>HIDDEN</password></c>", "application/json"),
    "a form that is called JSON": ("x=1&password=HIDDEN", "application/json"),
    "the headers of a webhook": ('{"headers": {"X-Mine": "HIDDEN"}}', "application/json"),
    "the headers of a webhook in broken JSON": ('{"headers": {"X-Mine": "HIDDEN"', "application/json"),
}


@pytest.mark.parametrize("spelling", SPELLED)
def test_a_secret_is_masked_however_it_is_spelled_and_whatever_it_is_called(spelling: str) -> None:
    body, media = SPELLED[spelling]
    shown = masking.body(body, media)
    assert "HIDDEN" not in shown
    assert MASK in shown


def test_masking_takes_time_in_proportion_to_the_text() -> None:
    """Bodies of 16 KiB once took 200 ms each, on the event loop."""
    for text in ('"' + '\\"' * 32_000, '"":' * 21_000, "'" * 64_000, "a" * 64_000, "<a " * 21_000, "<a>" * 21_000,
                 '"a"' + " " * 64_000, "<a" + " " * 64_000, "a" + " =" * 32_000, '"' + "\\" * 64_000):  # fmt: skip
        since = time.process_time()
        masking.body(text, "application/json")
        assert time.process_time() - since < 0.25, text[:10]


# The path through the law


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.name)
def test_the_path_ends_at_the_step_that_owns_the_reason(reason: Reason) -> None:
    steps = path(reason.v2, reason)
    here = [step["word"] for step in steps if step["state"] == "here"]
    assert here == [reason.step.word]
    met = [step["word"] for step in steps if step["state"] in ("met", "unsure")]
    assert met == [step.word for step in Step if step < reason.step]


def test_the_path_of_a_request_that_was_carried_out_goes_through_all_steps() -> None:
    steps = path(200, None)
    assert [step["state"] for step in steps] == ["met"] * (len(Step) - 1) + ["here"]


def test_the_drawn_path_is_the_traced_path(shop: Shop) -> None:
    """No trace is needed to draw it: a reason has one step."""
    browser = signed_in(shop)
    for method, target, body in (
        ("GET", "/v3/catalog/products/99", None), ("GET", "/v3/nowhere", None), ("DELETE", "/v3/catalog/brands", None),
        ("POST", "/v3/catalog/brands", {}), ("POST", "/v3/catalog/brands", {"name": "a"}), ("PATCH", "/v2/time", {}),
        ("POST", "/v3/catalog/brands", {"name": "a"}), ("GET", "/v2/products?min_id=x", None),
    ):  # fmt: skip
        reply = shop.request(method, target, body, headers={"Bodega-Trace": "1"})
        *traced, _ = reply.headers["bodega-path"].split(" > ")
        page = browser.get(f"{base(shop)}/journal/{reply.headers['x-request-id']}").text
        drawn = re.findall(r'<li class="(met|here)[^"]*".*?<span class="mono">(\w+)</span>', page)
        assert [word for _, word in drawn if word != "answer"] == traced
        if reply.reason:
            assert f"{reply.status} {reply.reason}" in page
            assert Reason[reply.reason].remedy.partition("'")[0][:30] in page


def test_a_403_leads_to_the_row_of_the_missing_permission(shop: Shop) -> None:
    browser = signed_in(shop)
    token = shop.account("store_v2_products_read_only")
    reply = shop.post("/v3/catalog/brands", {"name": "x"}, token=token)
    assert reply.reason == "SCOPE_MISSING"
    page = browser.get(f"{base(shop)}/journal/{reply.headers['x-request-id']}").text
    found = re.search(r'href="([^"]+)\?missing=store_v2_products#store_v2_products"', page)
    assert found is not None
    matrix = browser.get(f"{found[1]}?missing=store_v2_products")
    assert re.search(r'<tr id="store_v2_products"[^>]* class="wanted">', matrix.text)
    browser.post(matrix, found[1], **{"may.store_v2_products": "modify"})
    shop.server.hear()
    assert shop.post("/v3/catalog/brands", {"name": "x"}, token=token).status == 200


def test_what_to_do_is_told_without_words_that_stand_for_something(shop: Shop) -> None:
    """Every reason: what the journal does not know is left out."""
    browser = signed_in(shop)
    shop.brand("Acme")
    reply = shop.post("/v3/catalog/brands", {"name": "Acme"})
    page = browser.get(f"{base(shop)}/journal/{reply.headers['x-request-id']}").text
    assert "HOLDER" not in page
    assert "COLLECTION" not in page
    assert reply.headers["bodega-remedy"] in page
    for reason in Reason:
        told = journal.remedy(shop.name, last(shop), reason)
        assert told, reason
        assert not words_of(told), (reason, told)


def test_a_refusal_by_a_fault_is_not_told_as_if_it_were_honest(shop: Shop) -> None:
    browser = signed_in(shop)
    for asked in ("MAINTENANCE", "SCOPE_MISSING", "503"):
        reply = shop.get("/v3/catalog/brands", headers={"Bodega-Fault": asked})
        page = browser.get(f"{base(shop)}/journal/{reply.headers['x-request-id']}").text
        assert "The header Bodega-Fault asked for this answer." in page
        assert "Open the store" not in page
        assert "What would succeed" not in page
        assert "bodega store maintenance" not in page


# The line that would succeed


def run(shop: Shop, line: str) -> Reply:
    """Carries out a line of curl as the shell and curl would."""
    words = shlex.split(line.replace("\\\n", " ").replace("$TOKEN", shop.token))
    assert words[0] == "curl"
    method, url, headers, body = "GET", "", {}, b""
    rest = iter(words[1:])
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "--head":
            method = "HEAD"
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "--data-raw":
            body = next(rest).encode()
        elif word == "--data":
            body = {"@body.json": b'{"name": "From a file"}'}[next(rest)]
        elif not word.startswith("-"):
            url = word
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers.setdefault("Host", parts.netloc)
    return shop.request(method, target, body=body, headers=headers, token="", base="", scheme=parts.scheme)


Asked = tuple[str, str, Any, dict[str, str]]
MENDED: list[tuple[str, Asked, int]] = [
    ("DEPRECATED_VERSION", ("GET", "/v1/products", None, {}), 200),
    ("UNKNOWN_METHOD", ("PATCH", "/v3/catalog/brands/1", {"name": "n"}, {}), 200),
    ("CREDENTIALS_MISSING", ("GET", "/v3/catalog/brands", None, {"no-token": "1"}), 200),
    ("METHOD_NOT_ALLOWED", ("PUT", "/v2/brands", {}, {}), 200),
    ("NOT_ACCEPTABLE", ("GET", "/v2/brands", None, {"Accept": "image/png"}), 200),
    ("CONTENT_TYPE_UNSUPPORTED", ("POST", "/v3/catalog/brands", {"name": "n"}, {"Content-Type": "text/plain"}), 200),
    ("FILTER_REFUSED", ("GET", "/v3/catalog/brands?name:min=a&page=1", None, {}), 200),
    ("QUERY_INVALID", ("GET", "/v2/products?min_id=abc&limit=3", None, {}), 200),
    ("LIMIT_OVER_MAXIMUM", ("GET", "/v3/catalog/products?limit=9999&sort=name", None, {}), 200),
    ("FILTER_REQUIRED", ("DELETE", "/v3/catalog/brands", None, {}), 204),
    ("NO_SUCH_ENTITY", ("GET", "/v3/catalog/brands/99", None, {}), 200),
    ("PRECONDITION_FAILED", ("PUT", "/v3/catalog/brands/1", {"name": "n"}, {"If-Match": '"old"'}), 200),
    ("NOT_MODIFIED", ("GET", "/v3/catalog/brands/1", None, {"If-None-Match": "*"}), 200),
    ("FIELD_UNKNOWN", ("POST", "/v2/brands", {"name": "n", "colour": "red", "it's": 1}, {}), 201),
    ("FIELD_READ_ONLY", ("POST", "/v2/brands", {"name": "n", "id": 7}, {}), 201),
]


@pytest.mark.parametrize(("reason", "asked", "status"), MENDED, ids=[row[0] for row in MENDED])
def test_the_line_that_is_told_succeeds(shop: Shop, reason: str, asked: Asked, status: int) -> None:
    shop.change(settings={"journal": "full"})
    shop.brand("Acme")
    shop.product("Hammer")
    method, target, body, headers = *asked[:3], dict(asked[3])
    token = "" if headers.pop("no-token", "") else None
    reply = shop.request(method, target, body, headers=headers, token=token)
    assert reply.reason == reason
    suggestion = curl_suggestions.suggest(last(shop), Reason[reason])
    assert suggestion is not None
    assert suggestion.message
    again = run(shop, suggestion.line)
    assert again.status == status, (suggestion.line, again.body)
    page = signed_in(shop).get(f"{base(shop)}/journal/{reply.headers['x-request-id']}").text
    assert "What would succeed" in page


def test_the_same_again_is_the_same_again(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    shop.post("/v3/catalog/brands", {"name": 'It\'s $5 `now`\n"quoted"'})
    line = curl_suggestions.curl(last(shop))
    assert run(shop, line).reason == "DUPLICATE"


def test_where_only_the_caller_can_know_no_line_is_told(shop: Shop) -> None:
    shop.post("/v3/catalog/brands", {})
    assert curl_suggestions.suggest(last(shop), Reason.FIELD_MISSING) is None
    shop.post("/v2/brands", {"name": "n", "colour": "red"})
    assert curl_suggestions.suggest(last(shop), Reason.FIELD_UNKNOWN) is None, "the body was not kept"


# Looking at it


FILTERS: list[tuple[str, set[str]]] = [
    ("", {"", "NO_SUCH_RESOURCE", "DUPLICATE"}),
    ("status=4xx", {"NO_SUCH_RESOURCE", "DUPLICATE"}),
    ("status=404", {"NO_SUCH_RESOURCE"}),
    ("method=POST", {"", "DUPLICATE"}),
    ("path=BRANDS", {"", "DUPLICATE"}),
    ("reason=DUPLICATE", {"DUPLICATE"}),
    ("status=4xx&method=GET", {"NO_SUCH_RESOURCE"}),
    ("path=nope", set()),
    ("account=nobody", set()),
    ("status=nonsense", set()),
]


@pytest.mark.parametrize(("query", "reasons"), FILTERS, ids=[row[0] for row in FILTERS])
def test_the_journal_is_filtered_and_exported_alike(shop: Shop, query: str, reasons: set[str]) -> None:
    browser = signed_in(shop)
    shop.get("/v3/nowhere")
    shop.brand("Acme")
    shop.post("/v3/catalog/brands", {"name": "Acme"})
    archive = json.loads(browser.get(f"{base(shop)}/journal.har?{query}").text)
    assert {entry["_reason"] for entry in archive["log"]["entries"]} == reasons
    page = browser.get(f"{base(shop)}/journal?{query}")
    lines = browser.get(f"{base(shop)}/journal?{query}", headers={"HX-Request": "true"})
    assert "<html" not in lines.text
    for shown in (page, lines):
        assert set(re.findall(r'<span class="reason">(\w+)</span>', shown.text)) == reasons - {""}


def test_an_export_is_an_http_archive(shop: Shop) -> None:
    """HAR 1.2: what browsers' tools and other programs read."""
    shop.change(settings={"journal": "full"})
    browser = signed_in(shop)
    shop.post("/v3/catalog/brands?x=1", {"name": "Acme"})
    page = browser.get(f"{base(shop)}/journal.har")
    assert page.header("content-disposition") == f'attachment; filename="{shop.name}.har"'
    log = json.loads(page.text)["log"]
    assert log["version"] == "1.2"
    [entry] = log["entries"]
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= entry[
        "request"
    ].keys()
    assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize",
            "bodySize"} <= entry["response"].keys()  # fmt: skip
    assert entry["request"]["url"] == f"https://localhost:8443/stores/{shop.name}/v3/catalog/brands?x=1"
    assert entry["request"]["queryString"] == [{"name": "x", "value": "1"}]
    assert json.loads(entry["request"]["postData"]["text"]) == {"name": "Acme"}
    assert json.loads(entry["response"]["content"]["text"])["data"]["name"] == "Acme"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["startedDateTime"])


def test_a_request_that_left_the_journal_is_told_so(shop: Shop) -> None:
    page = signed_in(shop).get(f"{base(shop)}/journal/0123456789")
    assert (page.status, "no longer in the journal" in page.text) == (404, True)


# Several workers


def test_each_worker_shows_what_the_others_answered(runner: asyncio.Runner, postgres_url: str) -> None:
    """All write to one journal, once a second, and read from it."""
    servers = [Server(runner, runner.run(open_backend(None, postgres_url, 2))) for _ in range(2)]
    first, second = servers
    shop = first.shop()
    there = Shop(second, shop.name)
    there.token = shop.token
    try:
        runner.run(asyncio.sleep(0.1))
        shop.get("/v3/catalog/products")
        there.get(f"/v3/nowhere?token={HIDDEN}")
        give_up = time.monotonic() + 60
        while len(told(shop).entries) < 2:
            assert time.monotonic() < give_up
            runner.run(asyncio.sleep(0.1))
        found = told(shop)
        assert [(entry.status, entry.reason) for entry in found.entries] == [(200, ""), (404, "NO_SUCH_RESOURCE")]
        page = signed_in(shop).get(f"{base(shop)}/journal/{found.entries[1].id}")
        assert "NO_SUCH_RESOURCE" in page.text, "one that another worker answered can be opened"
        assert (found.statuses, found.workers) == ({200: 1, 404: 1}, 2)
        assert [one["status"] for one in shop.get("/v2/requestlogs").json] == [404, 200]
        assert sum(minute[0][2] + minute[0][4] for minute in found.minutes.values()) == 2
    finally:
        for server in servers:
            runner.run(server.app.stop())


# Pictures


def test_a_share_of_durations_lies_in_its_class() -> None:
    durations = [0] * (len(tally.BUCKETS_MS) + 1)
    assert charts.share(durations, 0.5) is None
    durations[3] = 100  # 5 to 10 ms
    assert charts.share(durations, 0.5) == pytest.approx(7.5)
    durations[-1] = 900
    assert (charts.share(durations, 0.95) or 0) > 5_000


@pytest.mark.parametrize(("us", "place"), [(0, 0), (999, 0), (1000, 1), (4_999, 2), (5_000, 3), (9_000_000, 12)])
def test_a_duration_is_counted_in_its_class(us: int, place: int) -> None:
    assert tally.duration_class(us) == place


def test_a_browser_sees_a_chart_with_a_sentence_for_those_who_cannot(shop: Shop) -> None:
    shop.get("/v2/time")
    page = signed_in(shop).get(base(shop)).text
    assert 'aria-label="Requests a minute in the last hour: 1 succeeded' in page
    assert Browser(shop.server).get(base(shop)).status == 303
