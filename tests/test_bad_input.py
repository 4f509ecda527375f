"""Bad input: whatever is sent, the answer is one that the law names, in the caller's format, and no row moves.

All requests go through ASGI in this process; what a socket can do to a server is in test_hostile_sockets.py.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop import Reply, Server, Shop

JSON = "application/json"
XML = "application/xml"
HUGE = 10**30
DEEP = 100_000


@pytest.fixture(scope="module")
def stocked(server: Server) -> Shop:
    """A store with a category, a brand and a product in both, all with id 1."""
    shop = server.shop()
    assert (shop.category("Tools"), shop.brand("Acme")) == (1, 1)
    assert shop.product("Hammer", categories=[1], brand_id=1, sku="H-1") == 1
    return shop


def ask(
    shop: Shop,
    method: str,
    raw: bytes,
    headers: dict[bytes, bytes],
    body: bytes = b"",
    fields: list[tuple[bytes, bytes]] | None = None,
) -> Reply:
    """One request as a server hands it over: the path percent-decoded, every byte kept in `raw_path` and headers."""
    path, _, query = raw.partition(b"?")
    sent: list[Any] = []
    headers = {b"host": b"localhost:8443", b"x-auth-token": shop.token.encode(), **headers}
    if body:
        headers.setdefault(b"content-length", b"%d" % len(body))
    asked = {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": fields or [(name, value) for name, value in headers.items() if value],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    shop.server.run(shop.server.app(asked, receive, send))
    for name, value in sent[0]["headers"]:
        assert not set(b"\r\n\x00") & set(name + value), f"a header was broken: {name!r}: {value!r}"
    answered = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], answered, sent[1]["body"])


def below(shop: Shop, path: str) -> bytes:
    return f"/stores/{shop.name}{path}".encode()


def check_form(reply: Reply, path: str, media: str = JSON) -> None:
    """The reply is whole: a request id, a body of the type it names, an error body of its version's form."""
    assert reply.status < 500, (path, reply.status, reply.headers, reply.body[:300])
    assert reply.headers["x-request-id"]
    if reply.status in (204, 304) or not reply.body:
        return
    assert reply.headers["content-type"] == media
    if media == XML:
        root = ElementTree.fromstring(reply.body)
        if reply.status >= 300:
            assert root.tag == "errors"
            assert [error.findtext("status") for error in root] == [str(reply.status)] * len(root)
        return
    body = reply.json
    if reply.status < 300:
        return
    if "/v2/" in path or "/v1/" in path:
        assert {error["status"] for error in body} == {reply.status}
        assert all(error["message"] for error in body)
    else:
        assert (body["status"], bool(body["title"]), bool(body["type"])) == (reply.status, True, True)


def state(shop: Shop) -> tuple[Any, ...]:
    """All that a refused write must leave as it was."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    reader = store.rows.reader
    statistics = shop.server.run(
        reader.rows("SELECT name, revision, total, next_id FROM table_statistics ORDER BY name")
    )
    docs = shop.server.run(reader.rows("SELECT doc, rest FROM products ORDER BY id"))
    counts = [shop.rows(table) for table in ("products", "categories", "brands", "variants", "urls", "tasks")]
    return [tuple(row) for row in statistics], [tuple(map(bytes, row)) for row in docs], counts


BROKEN_JSON: dict[str, bytes] = {
    "nothing but a space": b" ",
    "an object cut off": b'{"name":"x"',
    "a string cut off": b'{"name":"x',
    "a trailing comma": b'{"name":"x",}',
    "two documents": b'{"name":"x"}{}',
    "a bare word": b"hello",
    "single quotes": b"{'name':'x'}",
    "a comment": b'{/* */"name":"x"}',
    "NaN": b'{"name":"x","price":NaN}',
    "Infinity": b'{"name":"x","price":Infinity}',
    "minus Infinity": b'{"name":"x","price":-Infinity}',
    "a lone high surrogate": b'{"name":"\\ud800"}',
    "a lone low surrogate": b'{"name":"\\udc00x"}',
    "a surrogate in a key": b'{"\\ud800":1}',
    "bytes that are no UTF-8": b'{"name":"\xff\xfe"}',
    "an overlong UTF-8 form": b'{"name":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"name":"\xed\xa0\x80"}',
    "bad UTF-8 in a key": b'{"na\xffme":1}',
    "UTF-16": '{"name":"x"}'.encode("utf-16"),
    "a raw NUL": b'{"name":"a\x00b"}',
    "a raw line feed in a string": b'{"name":"a\nb"}',
    "100,000 brackets": b"[" * DEEP + b"]" * DEEP,
    "100,000 brackets left open": b"[" * DEEP,
    "100,000 objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "100,000 brackets in a member": b'{"name":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "100,000 brackets in an unknown member": b'{"nothing":' + b"[" * DEEP + b"]" * DEEP + b"}",
}

WRITES = [
    ("POST", "/v2/products"),
    ("POST", "/v2/categories"),
    ("PUT", "/v2/brands/1"),
    ("POST", "/v3/catalog/products"),
    ("PUT", "/v3/catalog/products"),
    ("PUT", "/v3/catalog/categories/1"),
    ("POST", "/v3/catalog/brands"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_json_that_is_broken_is_refused_and_no_row_moves(stocked: Shop, method: str, path: str) -> None:
    """RFC 9110 15.5.1; contract: deep JSON raises RecursionError, NaN is no JSON, a lone surrogate cannot be stored."""
    before = state(stocked)
    for name, body in BROKEN_JSON.items():
        reply = stocked.request(method, path, body=body, headers={"content-type": JSON})
        check_form(reply, path)
        assert (reply.status, reply.reason) == (400, "MALFORMED_BODY"), (name, reply.status, reply.body[:200])
    assert state(stocked) == before


NOT_AN_OBJECT = [b"[]", b"null", b"1", b'"x"', b"true", b"[{}]", b"1e400"]


@pytest.mark.parametrize(("method", "path"), [row for row in WRITES if row != ("PUT", "/v3/catalog/products")])
def test_a_body_that_is_no_object_is_refused(stocked: Shop, method: str, path: str) -> None:
    """Rule 1: one object is one resource."""
    before = state(stocked)
    for body in NOT_AN_OBJECT:
        reply = stocked.request(method, path, body=body, headers={"content-type": JSON})
        check_form(reply, path)
        assert reply.status == 400, (body, reply.body)
    assert state(stocked) == before


BATCHES: dict[str, tuple[bytes, int]] = {
    "no list": (b'{"id":1}', 422),
    "null": (b"null", 422),
    "lists in the list": (b"[[1]]", 422),
    "a number in the list": (b"[1]", 422),
    "no id": (b'[{"name":"x"}]', 422),
    "an id of null": (b'[{"id":null}]', 422),
    "an id of true": (b'[{"id":true}]', 422),
    "an id in words": (b'[{"id":"1"}]', 422),
    "an id with a fraction": (b'[{"id":1.5}]', 422),
    "an id beyond 32 bits": (b'[{"id":2147483648,"name":"x"}]', 422),
    "an id beyond 64 bits": (b'[{"id":%d,"name":"x"}]' % HUGE, 422),
    "an id below zero": (b'[{"id":-1,"name":"x"}]', 422),
    "an id below 64 bits": (b'[{"id":%d,"name":"x"}]' % -HUGE, 422),
    "11 items": (b"[" + b",".join([b'{"id":1}'] * 11) + b"]", 413),
    "a million empty lists": (b"[" + b",".join([b"[]"] * 1_000_000) + b"]", 413),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_with_bad_items_is_refused_and_no_row_moves(stocked: Shop, name: str) -> None:
    """Rules 25 and 58; an id is a whole number that a row can have."""
    body, status = BATCHES[name]
    before = state(stocked)
    reply = stocked.put("/v3/catalog/products", body=body, headers={"content-type": JSON})
    check_form(reply, "/v3/catalog/products")
    assert reply.status == status, reply.body[:300]
    assert state(stocked) == before


def test_a_key_sent_twice_counts_once_and_the_last_wins(stocked: Shop) -> None:
    """RFC 8259 4 leaves it open; what nearly every reader does is kept."""
    body = b'{"name":"Twice","page_title":"a","page_title":"b"}'
    for path in ("/v2/brands", "/v3/catalog/brands"):
        reply = stocked.post(path, body=body, headers={"content-type": JSON})
        made = reply.json if path.startswith("/v2") else reply.data
        assert made["page_title"] == "b"
        assert stocked.delete(f"/v2/brands/{made['id']}").status == 204
    # Only the last is judged, and inside a member it is no other.
    body = b'{"name":"Twice","parent_id":{},"parent_id":0,"custom_url":{"url":1,"url":"/x/"}}'
    reply = stocked.post("/v3/catalog/categories", body=body, headers={"content-type": JSON})
    assert reply.data["custom_url"]["url"] == "/x/"
    assert stocked.delete(f"/v2/categories/{reply.data['id']}").status == 204


ODD: list[Any] = [
    None, True, 0, -1, 1.5, 2**31, 2**63, 2**64, HUGE, -HUGE, "", "x", "\x00", "a\x00b", "x" * 70_000,
    "\U0010ffff" * 250, "\u0390" * 250, "-1", "NaN", "sNaN", "Infinity", "1e9999999", "1" * 5000, "0x10", [], {}, [[]],
    [None], ["\x00"], [HUGE], {"url": "\x00"}, {"url": None}, {"url": "x" * 300}, {"url": "\U0010ffff" * 250},
    "9999-99-99", "0000-00-00T00:00:00Z",
]  # fmt: skip
RAW = [b"1e400", b"-1e400", b"1e9999999", b"1e-9999999", b"-0.0", b"1" * 4000, b"1" * 5000, b"1." + b"0" * 5000,
       b"1e99999999999999999999", b"[" * 400 + b"]" * 400, b'{"a":' * 400 + b"1" + b"}" * 400]  # fmt: skip
FACETS = ["/v2/products/1", "/v3/catalog/products/1", "/v2/categories/1", "/v3/catalog/categories/1",
          "/v2/brands/1", "/v3/catalog/brands/1"]  # fmt: skip


@pytest.mark.parametrize("path", FACETS)
def test_odd_values_in_every_member_never_break_the_house(server: Server, path: str) -> None:
    """Wrong types, huge numbers, NUL, nests and long text in each member; what was refused left the row as it was."""
    shop = server.shop()
    shop.category("Tools")
    shop.brand("Acme")
    shop.product("Hammer", sku="H-1")
    members = list(shop.get(path).json if path.startswith("/v2") else shop.get(path).data)
    values = [json.dumps(value).encode() for value in ODD] + RAW
    tag = shop.get(path).headers["etag"]
    for member in members:
        for value in values:
            reply = shop.put(path, body=b'{"%s":%s}' % (member.encode(), value), headers={"content-type": JSON})
            where = f"{path} {member}={value[:80]!r}"
            assert reply.status in (200, 207, 400, 403, 409, 422), (where, reply.status, reply.body[:300])
            check_form(reply, where)
            tag = reply.headers.get("etag", tag)
        assert shop.get(path).headers["etag"] == tag, f"{path}: a refused {member} was written"
    assert shop.get(path).status == 200
    store = server.run(server.app.stores.get(shop.name))
    for table in ("products", "categories", "brands"):
        for row in server.run(store.rows.reader.rows(f"SELECT doc FROM {table}")):
            assert b"\\u0000" not in bytes(row[0]), table


def test_a_body_of_many_unknown_members_is_not_answered_at_ten_times_its_length(stocked: Shop) -> None:
    """Rule 2 names unknown members; a reply that names a million of them is an attack on the server itself."""
    body = b"{" + b",".join(b'"m%d":1' % number for number in range(100_000)) + b"}"
    reply = stocked.post("/v2/brands", body=body, headers={"content-type": JSON})
    check_form(reply, "/v2/brands")
    assert reply.status == 400
    assert len(reply.body) < len(body)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%s;" % (b"%d" % (n - 1) if n else b"") * 10) for n in range(1, 10))
    + b"]><brand><name>&a9;</name></brand>"
)
BROKEN_XML: dict[str, bytes] = {
    "nothing but a space": b" ",
    "a document cut off": b"<brand><name>x</name>",
    "tags crossed": b"<brand><name>x</brand></name>",
    "two roots": b"<brand/><brand/>",
    "text alone": b"brand",
    "JSON": b'{"name":"x"}',
    "an attribute twice": b"<brand a='1' a='2'/>",
    "an undeclared entity": b"<brand><name>&x;</name></brand>",
    "an undeclared prefix that is never closed": b"<a:brand>",
    "a billion laughs": BOMB,
    "an external entity": b'<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><brand><name>&x;</name></brand>',
    "a parameter entity": b'<!DOCTYPE b [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><brand/>',
    "an external document type": b'<!DOCTYPE b SYSTEM "http://127.0.0.1/b.dtd"><brand/>',
    "an empty document type": b"<!DOCTYPE brand><brand><name>x</name></brand>",
    "an unknown encoding": b'<?xml version="1.0" encoding="martian"?><brand><name>x</name></brand>',
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?><brand><name>+ADw-x+AD4-</name></brand>',
    "bad UTF-8": b"<brand><name>\xff\xfe</name></brand>",
    "a NUL": b"<brand><name>a\x00b</name></brand>",
    "a NUL by number": b"<brand><name>&#0;</name></brand>",
    "a surrogate by number": b"<brand><name>&#xD800;</name></brand>",
    "a character beyond Unicode": b"<brand><name>&#x110000;</name></brand>",
    "100,000 elements deep": b"<a>" * DEEP + b"</a>" * DEEP,
    "100,000 elements left open": b"<a>" * DEEP,
    "text beside elements": b"<brand>x<name>y</name></brand>",
    "a root of text": b"<brand>x</brand>",
    "100,000 elements": b"<brand>" + b"<name>x</name>" * DEEP + b"</brand>",
}


@pytest.mark.parametrize("path", ["/v2/brands", "/v2/products", "/v2/categories"])
def test_xml_that_is_broken_or_dangerous_is_refused_in_xml_and_no_row_moves(stocked: Shop, path: str) -> None:
    """Rule 15; a document type is where entity bombs and external entities live, so none is read."""
    before = state(stocked)
    for name, body in BROKEN_XML.items():
        reply = stocked.post(path, body=body, headers={"content-type": XML, "accept": XML})
        check_form(reply, path, XML)
        assert (reply.status, reply.reason) == (400, "MALFORMED_BODY"), (name, reply.status, reply.body[:200])
        assert b"root:" not in reply.body
    assert state(stocked) == before


ODD_XML = ["", "x", "NULL", "-1", "1e9999999", "NaN", "9" * 5000, "true", "<value>1</value><value>2</value>",
           "<a><b>1</b></a>", "<link href='x'>y</link>", "<value>" * 15 + "</value>" * 15]  # fmt: skip


@pytest.mark.parametrize("path", [path for path in FACETS if path.startswith("/v2")])
def test_odd_values_in_every_xml_element_never_break_the_house(server: Server, path: str) -> None:
    """V2 in XML: every scalar arrives as text, lists and objects where nobody expects them."""
    shop = server.shop()
    shop.category("Tools")
    shop.brand("Acme")
    shop.product("Hammer")
    for member in shop.get(path).json:
        for value in ODD_XML:
            body = f"<thing><{member}>{value}</{member}></thing>".encode()
            reply = shop.put(path, body=body, headers={"content-type": XML, "accept": XML})
            assert reply.status in (200, 207, 400, 403, 409), (member, value, reply.status, reply.body[:300])
            check_form(reply, path, XML)


LISTS = ["/v2/products", "/v2/categories", "/v2/brands", "/v2/tasks", "/v3/catalog/products", "/v3/catalog/categories",
         "/v3/catalog/brands", "/v3/tasks"]  # fmt: skip
SHORT_QUERIES = rb"""
page=-1 page=0 page=1.5 page=x page=999999999 page=99999999999999999999 page=%00 page=%D9%A3 page=1&page=-1 page=1#x
limit=-1 limit=0 limit=251 limit=99999999999999999999 limit=1e3 limit=NaN limit[]=1 page=999999999&limit=250
sort=%00 sort=name;drop%20table%20products sort=id,id sort=name&direction=sideways direction=%FF
include=%00 include=../../x include=variants,variants,, include_fields=%00 exclude_fields=id,name
id=x id=1_0 id=%C2%B2 id=2147483648 id=-2147483649 id=99999999999999999999999 id:in= id:in=, id:in=1,x id:nothing=1
min_id=-1 min_id=99999999999 min_id=x id=1&id=2&id=x is_visible=maybe categories:in=1,,2147483648 category=x
price=NaN price=sNaN price=Infinity price=1e9999999 price=-1 price:min=1e-9999999 min_price=1e9999999
name=%00 name=%FF%FE name=%ED%A0%80 name:like=%00 name:like=%25%5F!%5C name[]=x name[a]=x
keyword=%00 keyword_filter=%00 state=%00 state='+OR+1=1+-- sku:in=%00 sku='+OR+1=1+-- __proto__=1 a;b=c %zz=%zz %00=%00
date_modified:min=x date_modified:min=0000-00-00 date_modified:min=99999999999 date_modified:min=%00
date_modified:min=9999-12-31T23:59:60Z min_date_modified=-1
""".split()
LONG_QUERIES = [
    b"id:in=" + b"9" * 5000,
    b"id:in=" + b",".join(b"%d" % number for number in range(5000)),
    b"price=" + b"9" * 5000,
    b"name=" + b"x" * 1_000_000,
    b"name:like=" + b"!" * 60_000,
    b"name:like=" + b"%F0%9F%98%80" * 20_000,
    b"keyword=" + b"%25" * 60_000,
    b"keyword_filter=" + b"!" * 60_000,
    b"a=1&" * 10_000,
    b"&" * 10_000,
    b"=" * 10_000,
    b"%" * 10_000,
]
RAW_QUERIES = [b"name=\xff\xfe", b"\xf0\x9f\x98\x80=1", b"\x00", b"\r\nx: y=1", b"a b=c d"]


@pytest.mark.parametrize("path", LISTS)
def test_bad_queries_are_refused_or_passed_over(stocked: Shop, path: str) -> None:
    """Rules 9 and 20: pages and limits are whole numbers from 1, a limit has a maximum, an operator may be refused."""
    for query in [*SHORT_QUERIES, *LONG_QUERIES, *RAW_QUERIES]:
        reply = ask(stocked, "GET", below(stocked, path) + b"?" + query, {})
        assert reply.status in (200, 204, 400, 413, 422), (path, query[:80], reply.status, reply.body[:300])
        check_form(reply, path)
        assert reply.status != (422 if "/v2/" in path else 400), (path, query[:80])


@pytest.mark.parametrize("path", ["/v2/products", "/v2/categories", "/v3/catalog/products", "/v3/catalog/brands"])
def test_a_delete_with_a_bad_query_deletes_nothing(stocked: Shop, path: str) -> None:
    """Rule 20: to pass a filter over would delete too much."""
    before = state(stocked)
    short = b"id:in=x name=%00 id:in= nothing=1 id:in=99999999999 limit=251 page=-1&id=1 sku:in=%00 name=no id=9999999"
    for query in [*short.split(), b"a=1&" * 10_000]:
        reply = ask(stocked, "DELETE", below(stocked, path) + b"?" + query, {})
        assert reply.status in (204, 400, 413, 422), (query[:80], reply.status, reply.body[:300])
        check_form(reply, path)
    assert state(stocked) == before


PATHS: list[tuple[bytes, int]] = [
    (b"/v3/catalog/products/0", 404),
    (b"/v3/catalog/products/-1", 404),
    (b"/v3/catalog/products/2147483648", 404),
    (b"/v3/catalog/products/9223372036854775808", 404),
    (b"/v3/catalog/products/" + b"9" * 5000, 404),
    (b"/v3/catalog/products/1.0", 404),
    (b"/v3/catalog/products/%C2%B2", 404),
    (b"/v3/catalog/products/%D9%A1", 404),
    (b"/v3/catalog/products/1%00", 404),
    (b"/v3/catalog/products/%00", 404),
    (b"/v3/catalog/products/%FF", 404),
    (b"/v3/catalog/products/%ED%A0%80", 404),
    (b"/v3/catalog/products/1%0d%0ax:%20y", 404),
    (b"/v3/catalog/products/1;drop", 404),
    (b"/v3/catalog/products/../products/1", 404),
    (b"/v3/catalog/products/%2e%2e/%2e%2e", 404),
    (b"/v3//catalog///products", 200),
    (b"/v3/" + b"a/" * 5000, 404),
    (b"/v2/.json", 404),
    (b"/v2/products.%00json", 404),
    (b"/v%C2%B2/products", 404),
    (b"/v%D9%A3/catalog/products", 404),
    (b"/v03/catalog/products", 404),
    (b"/v0/products", 404),
    (b"/v4/products", 404),
    (b"/v-1/products", 404),
    (b"/v99999999999999999999/products", 404),
    (b"/V3/catalog/products", 404),
    (b"/", 401),
    (b"", 401),
]


@pytest.mark.parametrize(("path", "status"), PATHS)
def test_odd_paths_are_not_found(stocked: Shop, path: bytes, status: int) -> None:
    """RFC 9110 15.5.5; ids that no row can have are ids of no row."""
    reply = ask(stocked, "GET", f"/stores/{stocked.name}".encode() + path, {})
    assert reply.status == status, reply.body[:300]
    check_form(reply, path.decode("latin-1"))


HASHES = [
    b"%00",
    b"a%00b",
    b"%FF",
    b"%ED%A0%80",
    b"..",
    b"%2e%2e",
    b"a" * 5000,
    b"UPPER",
    b"a%20b",
    b"'",
    b"a%22b",
    b"a_b",
]


@pytest.mark.parametrize("name", HASHES)
def test_no_store_has_an_odd_hash_and_strangers_learn_nothing(stocked: Shop, name: bytes) -> None:
    """Design, step 5: an unknown store answers 401 as a wrong token does."""
    reply = ask(stocked, "GET", b"/stores/" + name + b"/v3/catalog/products", {})
    assert (reply.status, reply.reason) == (401, "CREDENTIALS_WRONG")
    check_form(reply, "/v3/")


def test_strangers_cannot_fill_the_memory_with_hashes(stocked: Shop) -> None:
    """What is remembered of an unknown hash is a hash that a store could have."""
    ask(stocked, "GET", b"/stores/" + b"z" * 30_000 + b"/v3/catalog/products", {})
    assert max(map(len, stocked.server.app.stores._fresh), default=0) <= 40


@pytest.mark.parametrize(
    "path", [b"", b"x", b"//", b"/.", b"/time/x", b"/_bodega", b"/_bodega/health/%00", b"/stores", b"/api"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_paths_outside_of_the_stores_are_answered(stocked: Shop, method: str, path: bytes) -> None:
    """RFC 9112 3.2: whatever form of target a server lets through has an answer."""
    reply = ask(stocked, method, path, {})
    front = path in (b"", b"//")  # the page that says what is served
    assert reply.status == ((200 if method == "GET" else 405) if front else reply.status), reply.body
    assert reply.status in (200, 401, 404, 405), reply.body


def test_an_asterisk_asks_about_the_server(stocked: Shop) -> None:
    """RFC 9112 3.2.4; a socket refuses it with every other method."""
    assert ask(stocked, "OPTIONS", b"*", {}).status == 204


HOSTS = [
    b'a"b',
    b"a b",
    b"a<b>",
    b"evil.example/x",
    b"a\xff",
    b"a" * 300,
    b"[::1",
    b"user@host",
    b"host:port",
    b"host\n",
    b":",
    b"a,b",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("path", "status"), [("/v1/products?a=1", 302), ("/v2/store_information", 301), ("/v2/products/1", 200)]
)
def test_a_host_that_is_no_host_name_is_not_repeated(stocked: Shop, host: bytes, path: str, status: int) -> None:
    """RFC 9110 7.2; a Location or link built from such a Host would be the attacker's text."""
    reply = ask(stocked, "GET", below(stocked, path), {b"host": host})
    assert reply.status == status
    told = reply.headers.get("location", "") + reply.body.decode()
    assert f"https://localhost/stores/{stocked.name}/" in told
    assert "evil" not in told


INJECTED = [b"%0d%0aSet-Cookie:%20a=b", b"%0aX:%20y", b"%0d", b"%00", b"%22", b"%3Cscript%3E", b"%E2%80%A8", b"%FF"]


@pytest.mark.parametrize("tail", INJECTED)
def test_no_redirect_carries_a_header_of_the_callers_own(stocked: Shop, tail: bytes) -> None:
    """RFC 9110 15.4: the path goes into Location as it was sent, percent-encoded; a server never decodes it there."""
    for path in (below(stocked, "/v1/products/") + tail, below(stocked, "/v1/products?x=") + tail):
        reply = ask(stocked, "GET", path, {})
        assert reply.status == 302
        same = "https://localhost:8443" + path.decode().replace("/v1/", "/v2/").replace("/v1?", "/v2?")
        assert unquote(reply.headers["location"]) == unquote(same)
    moved = ask(stocked, "GET", below(stocked, "/v2/store_information?x=") + tail, {})
    assert moved.status == 301
    assert moved.headers["location"].endswith("/v2/store?x=" + tail.decode())


@pytest.mark.parametrize("name", ["v1", "v1-shop", "a-v1", "api"])
def test_version_1_is_found_in_the_path_and_not_in_the_stores_name(stocked: Shop, name: str) -> None:
    """Step 2 is a pure rewrite of the version."""
    reply = ask(stocked, "GET", f"/stores/{name}/v1/products/v1".encode(), {})
    assert reply.headers["location"] == f"https://localhost:8443/stores/{name}/v2/products/v1"
    encoded = ask(stocked, "GET", f"//stores//{name}/%761/products".encode(), {})
    assert encoded.headers["location"] == f"https://localhost:8443/stores//{name}/v2/products"


def test_a_query_of_odd_bytes_is_repeated_as_it_was_sent(stocked: Shop) -> None:
    """RFC 9110 15.4.2: the redirect leads to the same query."""
    reply = ask(stocked, "GET", below(stocked, "/v1/products?name=\xe9\xff"), {})
    raw = ask(stocked, "GET", below(stocked, "/v1/products") + b"?name=\xe9\xff", {})
    assert raw.headers["location"].encode("latin-1").endswith(b"?name=\xe9\xff")
    assert reply.status == raw.status == 302


LONG = b"x" * 30_000
GARBAGE: list[dict[bytes, bytes]] = [
    *({name: value} for name in (b"accept", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since",
                                 b"prefer", b"accept-encoding", b"bodega-trace", b"x-auth-client", b"range", b"cookie")
      for value in (LONG, b"," * 30_000, b'"' * 30_000, b'"a,' * 10_000, b" " * 30_000 + b"x", b"\xff" * 30_000,
                    b"*;q=2," * 5_000, b";" * 30_000, b"W/" * 15_000)),
    {b"content-type": LONG}, {b"content-type": b'application/json;charset="' + LONG},
    {b"content-type": b"application/json; charset=utf-7"}, {b"content-encoding": LONG},
]  # fmt: skip


@pytest.mark.parametrize("path", ["/v2/brands", "/v2/brands/1", "/v3/catalog/products", "/v3/catalog/products/1"])
def test_garbage_of_30_kilobytes_in_a_header_is_answered_at_once(stocked: Shop, path: str) -> None:
    """RFC 9110 12.5.1, 13.1, RFC 7240: what cannot be read is passed over, or is a condition that does not hold."""
    for headers in GARBAGE:
        name, value = next(iter(headers.items()))
        for method, body in (("GET", b""), ("POST", b"{}"), ("PUT", b"[")):
            sent = {b"content-type": JSON.encode(), **headers}
            reply = ask(stocked, method, below(stocked, path), sent, body)
            assert reply.status in (200, 204, 400, 405, 406, 412, 415, 422), (
                name,
                value[:20],
                method,
                reply.body[:200],
            )
            media = reply.headers.get("content-type", JSON)
            check_form(reply, path, media)


def test_the_first_of_two_headers_counts_and_lists_are_joined(stocked: Shop) -> None:
    """RFC 9110 5.3."""
    path = below(stocked, "/v2/brands/1")
    token = stocked.token.encode()

    def twice(*fields: tuple[bytes, bytes]) -> Reply:
        return ask(stocked, "GET", path, {}, fields=[(b"host", b"localhost"), *fields])

    assert twice((b"x-auth-token", token), (b"x-auth-token", b"wrong")).status == 200
    assert twice((b"x-auth-token", b"wrong"), (b"x-auth-token", token)).status == 401
    both = twice((b"x-auth-token", token), (b"accept", b"text/html"), (b"accept", b"application/xml"))
    assert both.headers["content-type"] == XML
    hosts = twice((b"x-auth-token", token), (b"host", b"evil.example"))
    assert b"evil" not in hosts.body


BASIC = [b"Basic", b"Basic ", b"Basic !!!", b"Basic a", b"Basic " + base64.b64encode(b"nocolon"),
         b"Basic " + base64.b64encode(b"\xff\xfe:\xff"), b"Basic " + base64.b64encode(b":"),
         b"Basic " + base64.b64encode(b"user:"), b"Basic " + base64.b64encode(b"us\x00er:x"),
         b"Basic " + base64.b64encode(b"u" * 20_000 + b":x"), b"Basic " + b"\xff" * 100, b"Basic  dXNlcjp4",
         b"basic dXNlcjp4", b"Bearer x", b"Digest username=x", b"\xff", b"Basic\tdXNlcjp4"]  # fmt: skip


@pytest.mark.parametrize("header", BASIC)
def test_basic_credentials_that_cannot_be_read_are_wrong(stocked: Shop, header: bytes) -> None:
    """RFC 7617 2, RFC 9110 11.6.1."""
    reply = ask(stocked, "GET", below(stocked, "/v2/brands"), {b"x-auth-token": b"", b"authorization": header})
    assert reply.status == 401
    assert reply.headers["www-authenticate"]
    check_form(reply, "/v2/")


@pytest.mark.parametrize("token", [b"\x00", b"\xff" * 100, LONG, b" ", b"' OR 1=1 --"])
def test_odd_tokens_are_wrong(stocked: Shop, token: bytes) -> None:
    """RFC 9110 15.5.2."""
    reply = ask(stocked, "GET", below(stocked, "/v3/catalog/brands"), {b"x-auth-token": token})
    assert reply.status == 401
    check_form(reply, "/v3/")


@pytest.mark.parametrize("method", ["", "get", "G\u00e9T", "PATCH", "X" * 5000, "TRACE"])
def test_odd_methods_are_not_implemented(stocked: Shop, method: str) -> None:
    """RFC 9110 15.6.2: 501, the law's own."""
    reply = ask(stocked, method, below(stocked, "/v3/catalog/brands"), {})
    assert (reply.status, reply.reason) == (501, "UNKNOWN_METHOD")


@pytest.mark.parametrize("length", [b"x", b"-1", b"1e3", b"9" * 5000, b"+1", b"1_0", b"\xb2"])
def test_a_length_that_is_no_number_does_not_break_the_house(stocked: Shop, length: bytes) -> None:
    """RFC 9110 8.6; the server on the socket refuses most of these itself."""
    headers = {b"content-length": length, b"content-type": JSON.encode()}
    reply = ask(stocked, "POST", below(stocked, "/v3/catalog/brands"), headers, b"{")
    assert reply.status in (400, 413)
    check_form(reply, "/v3/")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300)
    | st.sampled_from(["", "\x00", "1", "x" * 300])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = """id name type price weight sku categories brand_id brand_name parent_id custom_url url description views
availability is_visible sort_order related_products meta_keywords date_created preorder_release_date inventory_level"""
NAMES = st.sampled_from(WORDS.split())
BODIES = st.dictionaries(NAMES | st.text(max_size=8), VALUES, max_size=6) | VALUES
BOUNDED = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)


@pytest.mark.parametrize("path", FACETS)
def test_any_json_at_all_is_answered_by_the_law(stocked_apart: Shop, path: str) -> None:
    """Whatever JSON values a body holds, POST and PUT answer below 500."""

    @BOUNDED
    @given(BODIES)
    def holds(value: Any) -> None:
        body = json.dumps(value).encode()
        for method, where in (("PUT", path), ("POST", path.removesuffix("/1"))):
            reply = stocked_apart.request(method, where, body=body, headers={"content-type": JSON})
            check_form(reply, where)

    holds()


@pytest.mark.parametrize("path", [path for path in LISTS if "tasks" not in path])
def test_any_query_at_all_is_answered_by_the_law(stocked: Shop, path: str) -> None:
    """Whatever a query string holds, a list answers below 500."""
    target = below(stocked, path)
    names = st.sampled_from(sorted(_filters(stocked, path))) | st.text(max_size=6)
    pairs = st.lists(st.tuples(names, st.text(max_size=30) | st.integers().map(str) | st.floats().map(str)), max_size=5)

    @BOUNDED
    @given(pairs, st.binary(max_size=20))
    def holds(given_pairs: list[tuple[str, str]], tail: bytes) -> None:
        query = "&".join(f"{name}={value}" for name, value in given_pairs).encode("utf-8", "surrogatepass")
        check_form(ask(stocked, "GET", target + b"?" + query.replace(b"?", b"%3F") + tail, {}), path)

    holds()


def _filters(shop: Shop, path: str) -> set[str]:
    from bodega.resources import ROUTES

    version, _, template = path.lstrip("/").partition("/")
    route = next(r for r in ROUTES if (r.version, r.template) == (int(version[1]), template))
    listing = route.actions["GET"].listing
    return {*listing.filters, "page", "limit", "sort", "direction", "include", "include_fields", "exclude_fields"}


@pytest.fixture(scope="module")
def stocked_apart(server: Server) -> Shop:
    """As `stocked`, for tests whose writes may succeed."""
    shop = server.shop()
    shop.category("Tools")
    shop.brand("Acme")
    shop.product("Hammer")
    return shop
