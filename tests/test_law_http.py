"""What HTTP asks of every answer beyond its status: methods, redirects, hosts, formats, parameters."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import pytest

from forms import V2, V3, XML, Desk, element, rows, strict
from shop import Reply, Server, Shop

# HEAD


SAME = ("x-request-id", "x-rate-limit-requests-left", "x-rate-limit-time-reset-ms", "server-timing")
"""Headers that differ from one request to the next by their nature."""


@pytest.mark.parametrize(
    "path",
    ["brands/1", "brands", "brands?limit=1&page=2", "brands?limit=999", "brands/4711", "bicycles", "brands?name:x=1"],
)
def test_head_is_get_without_the_body(desk: Desk, path: str) -> None:
    """RFC 9110 9.3.2: items, lists, errors."""
    desk.shop.brand("Acme")
    desk.shop.brand("Best")
    got, headed = (desk.ask(method, desk.path(path)) for method in ("GET", "HEAD"))
    assert headed.status == got.status
    assert headed.body == b""
    assert without(headed, *SAME) == without(got, *SAME)
    assert list(headed.headers) == list(got.headers)


def test_head_of_an_empty_list_and_of_a_long_one_is_get_without_the_body(desk: Desk) -> None:
    """RFC 9110 9.3.2, rule 7; a zipped body has the length of its zipped form."""
    for wanted in ({}, {"accept-encoding": "gzip"}):
        got, headed = (desk.ask(method, desk.path("brands"), headers=wanted) for method in ("GET", "HEAD"))
        assert (headed.status, without(headed, *SAME)) == (got.status, without(got, *SAME))
        for number in range(15):
            desk.shop.brand(f"Brand {number} {len(wanted)}", meta_description="d" * 500)
    assert desk.ask("HEAD", desk.path("brands"), headers=wanted).headers["content-encoding"] == "gzip"


def without(reply: Reply, *names: str) -> dict[str, str]:
    """The headers but for these."""
    return {name: value for name, value in reply.headers.items() if name not in names}


# OPTIONS


def test_options_of_the_server_itself_names_the_methods(lobby: Shop) -> None:
    """RFC 9110 9.3.7, 10.2.1: without credentials, and over plain HTTP too, since nothing is told but this."""
    for scheme in ("http", "https"):
        reply = lobby.request("OPTIONS", "*", base="", token="", scheme=scheme)
        assert (reply.status, reply.body) == (204, b"")
        assert reply.headers["allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS"
        assert "content-length" not in reply.headers  # RFC 9110 8.6


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("categories", "GET, POST, DELETE, HEAD, OPTIONS"),
        ("categories/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("categories/4711", "GET, PUT, DELETE, HEAD, OPTIONS"),
    ],
)
def test_options_describes_a_resource_and_touches_nothing(desk: Desk, path: str, allow: str) -> None:
    """RFC 9110 9.3.7, rule 13: with a scope that lets one only read, and whether or not there is such a row."""
    desk.shop.category()
    before = rows(desk.shop)
    token = desk.account("store_v2_products_read_only")
    headers = {"if-match": '"0"', "prefer": "respond-async"}  # neither matters to a description
    reply = desk.ask("OPTIONS", desk.path(path), token=token, headers=headers)
    assert (reply.status, reply.headers["allow"]) == (200, allow)
    assert rows(desk.shop) == before
    if desk.form is V3:
        assert reply.data["methods"] == allow.split(", ")
        told = {field["name"]: field for field in reply.data["fields"]}
        writes = [method for method in ("POST", "PUT") if method in allow]
        assert told["name"]["writable_methods"] == writes
        assert told["name"]["required_methods"] == (["POST"] if "POST" in allow else [])
        assert told["name"]["maxLength"] == 50
        return
    told = desk.read(reply)["fields"]
    fields = {field["name"]: field for field in told}
    assert list(fields)[:3] == ["id", "parent_id", "name"]
    assert {"name", "type", "length", "writable_methods", "required_methods"} == set(fields["name"])
    assert str(fields["name"]["length"]) == "50"
    writes = [method for method in ("POST", "PUT") if method in allow]
    assert fields["name"]["writable_methods"] == writes  # the collection's and the item's differ
    assert fields["name"]["required_methods"] in (["POST"] if "POST" in allow else [], "" if "PUT" in allow else None)
    assert fields["id"]["writable_methods"] in ([], "")  # XML has one form for nothing


# 204


def test_204_has_no_body_and_no_length(desk: Desk) -> None:
    """RFC 9110 15.3.5, 8.6"""
    desk.shop.brand()
    reply = desk.ask("DELETE", desk.path("brands/1"))
    assert (reply.status, reply.body) == (204, b"")
    assert not {"content-length", "content-type", "transfer-encoding"} & set(reply.headers)


# Redirects


@pytest.mark.parametrize(
    ("method", "sent", "status", "place"),
    [
        ("GET", "/stores/{}/v1/brands?page=2&name=a%26b", 302, "/stores/{}/v2/brands?page=2&name=a%26b"),
        ("HEAD", "/stores/{}/v1/brands", 302, "/stores/{}/v2/brands"),
        ("POST", "/stores/{}/v1/brands", 307, "/stores/{}/v2/brands"),
        ("DELETE", "/stores/{}/v1/brands/1.json", 307, "/stores/{}/v2/brands/1.json"),
        ("OPTIONS", "/stores/{}/v1/brands", 307, "/stores/{}/v2/brands"),
        ("GET", "/api/v1/brands/v1", 302, "/api/v2/brands/v1"),
        ("GET", "/stores/v1/v1/v1", 302, "/stores/v1/v2/v1"),
        ("GET", "/stores/v1store/v1/brands", 302, "/stores/v1store/v2/brands"),
        ("GET", "//evil.example/..//stores/{}/v1/brands", 401, ""),
        ("GET", "//stores/{}//v1/brands/", 302, "/stores/{}//v2/brands/"),
    ],
)
def test_version_1_is_the_same_path_below_version_2(
    lobby: Shop, method: str, sent: str, status: int, place: str
) -> None:
    """RFC 9110 15.4.3, 15.4.8: the path and the query stay, a write keeps its method; no other host is ever named."""
    reply = lobby.request(method, sent.format(lobby.name), base="", token="")
    assert reply.status == status
    assert reply.headers.get("location", "") == (f"https://localhost:8443{place.format(lobby.name)}" if place else "")


@pytest.mark.parametrize(
    ("method", "host", "port", "sent", "status", "place"),
    [
        ("GET", "localhost:8080", 8443, "/stores/x/v2/brands?a=%20b", 301, "https://localhost:8443/stores/x/v2/brands?a=%20b"),
        ("HEAD", "localhost", 8443, "/api/v2/brands", 301, "https://localhost:8443/api/v2/brands"),
        ("POST", "localhost:8080", 8443, "/stores/x/v3/catalog/brands", 308, "https://localhost:8443/stores/x/v3/catalog/brands"),
        ("PATCH", "shop.example", 443, "/stores/x/v3/y", 308, "https://shop.example/stores/x/v3/y"),
        ("GET", "[::1]:8080", 8443, "/stores/x/v1/y", 301, "https://[::1]:8443/stores/x/v1/y"),
        ("GET", "[::1]", 443, "/stores/x/v1/y", 301, "https://[::1]/stores/x/v1/y"),
        ("GET", "evil.example/@x", 8443, "/stores/x/v2/y", 301, "https://localhost:8443/stores/x/v2/y"),
        ("GET", "localhost", 8443, "//evil.example/v2", 301, "https://localhost:8443/evil.example/v2"),
        ("GET", "localhost", 443, "/", 301, "https://localhost/"),
    ],
)  # fmt: skip
def test_plain_http_is_sent_to_https(
    lobby: Shop, method: str, host: str, port: int, sent: str, status: int, place: str
) -> None:
    """RFC 9110 15.4.2, 15.4.9: before a credential or a store is looked at."""
    door = strict(lobby, https_port=port)
    reply = door.request(method, sent, base="", token="", headers={"host": host}, scheme="http")
    assert (reply.status, reply.headers["location"]) == (status, place)


@pytest.mark.parametrize(
    ("method", "sent", "status", "place"),
    [
        ("GET", "/stores/{}/v2/store_information", 301, "/stores/{}/v2/store"),
        ("HEAD", "/stores/{}/v2/store_information.json?a=b", 301, "/stores/{}/v2/store.json?a=b"),
        ("PUT", "/stores/{}/v2/store_information", 308, "/stores/{}/v2/store"),
        ("GET", "/stores/{}//v2/store_information/", 301, "/stores/{}/v2/store"),
        ("GET", "/stores/{}/v3/store_information", 404, ""),
        ("GET", "/stores/{}/v2/store_information/1", 404, ""),
    ],
)
def test_a_resource_that_moved_says_where(lobby: Shop, method: str, sent: str, status: int, place: str) -> None:
    """RFC 9110 15.4.2, 15.4.9: told only to a known caller, and only when no route matches."""
    reply = lobby.request(method, sent.format(lobby.name), base="")
    assert reply.status == status
    assert reply.headers.get("location", "") == (f"https://localhost:8443{place.format(lobby.name)}" if place else "")


# Both forms of a URL, both kinds of credentials


def test_a_store_answers_on_both_hosts_to_both_credentials(server: Server) -> None:
    """contract/wire.md 1; RFC 9110 4.2.3: the name of a host has no case. Links lead back the way one came."""
    shop = server.shop()
    secret = Desk(shop, V2).account(kind="basic")
    shop.product(categories=[shop.category()])
    host = f"store-{shop.name}.localhost:8443"
    basic = {"authorization": "Basic " + base64.b64encode(f"user:{secret}".encode()).decode()}
    ways: list[tuple[str, dict[str, str], str]] = [
        (f"/stores/{shop.name}/v2", {"x-auth-token": shop.token}, f"https://localhost:8443/stores/{shop.name}/v2"),
        (f"/stores/{shop.name}/v2", basic, f"https://localhost:8443/stores/{shop.name}/v2"),
        ("/api/v2", {"x-auth-token": shop.token, "host": host}, f"https://{host}/api/v2"),
        ("/api/v2", {**basic, "host": host}, f"https://{host}/api/v2"),
        ("/api/v2", {**basic, "host": host.upper()}, f"https://{host.upper()}/api/v2"),
    ]
    for base, headers, links in ways:
        reply = shop.request("GET", "/products/1", base=base, headers=headers, token="")
        assert reply.status == 200, reply.body
        suffix = ".json" if base == "/api/v2" else ""  # contract/wire.md 1
        assert reply.json["images"] == {"url": f"{links}/products/1/images{suffix}", "resource": "/products/1/images"}
        kind = "x-bc-apilimit-remaining" if "authorization" in headers else "x-rate-limit-requests-left"
        assert kind in reply.headers
    strange = {**basic, "host": "store-nowhere.localhost"}
    assert shop.request("GET", "/products/1", base="/api/v2", headers=strange, token="").reason == "CREDENTIALS_WRONG"


def test_a_stranger_does_not_learn_which_stores_there_are(server: Server) -> None:
    """401 (step 5) for a store that is not there as for somebody else's, with whatever credentials, word for word.

    A 404 would say that a name is free, and a 403 that it is taken. What is advised names the store as it was asked
    for, if a store can be called so.
    """
    shop, other = server.shop(), server.shop()
    basic = {"authorization": "Basic " + base64.b64encode(f"user:{shop.account(kind='basic')}".encode()).decode()}
    told: dict[tuple[str, str, bool], set[tuple[int, str, bytes, str]]] = {}
    for version in ("v2", "v3"):
        for name in (other.name, "nowhere", "x" * 200, "%00", "..%2f", other.name.upper()):
            for headers in ({"x-auth-token": shop.token}, basic, {"x-auth-token": "nobody's"}):
                for path in ("store", "catalog/products/1", "bicycles"):
                    reply = shop.get(f"/{version}/{path}", base=f"/stores/{name}", headers=headers, token="")
                    assert reply.headers["www-authenticate"].startswith("Basic ")
                    assert not {"x-rate-limit-requests-left", "x-bc-apilimit-remaining", "allow"} & reply.headers.keys()
                    advice = reply.headers.get("bodega-remedy", "").replace(name, "HASH")
                    words = (reply.status, reply.reason, reply.body.replace(name.encode(), b"HASH"), advice)
                    possible = name in (other.name, "nowhere")
                    told.setdefault((version, reply.reason, possible), set()).add(words)
    assert {(*key, status) for key, replies in told.items() for status, *_ in replies} == {
        (version, "CREDENTIALS_WRONG", possible, 401) for version in ("v2", "v3") for possible in (True, False)
    }
    assert [len(replies) for replies in told.values()] == [1, 1, 1, 1]


def test_a_host_that_names_no_store_means_the_only_one(embedded: Server) -> None:
    """Design section 7: `/api/v2` on any other host."""
    shop = embedded.shop()
    shop.brand()
    assert shop.request("GET", "/brands/1", base="/api/v2", headers={"host": "127.0.0.1:8080"}).json["name"] == "Acme"


@pytest.mark.parametrize("path", ["/v2/brands/", "//v2//brands", "/v2/brands//", "/v2/brands.json/"])
def test_slashes_too_many_mean_nothing(room: Shop, path: str) -> None:
    """contract/wire.md 1: clients send trailing slashes; a redirect would turn their POST into a GET."""
    assert room.post(path, {"name": "Acme"}).status == 201


# Rule 14


@pytest.mark.parametrize(
    ("suffix", "accept", "kind"),
    [
        ("", None, "json"),
        ("", "", "json"),
        ("", "*/*", "json"),
        ("", "application/xml", "xml"),
        ("", "text/xml", "xml"),
        ("", "APPLICATION/XML", "xml"),
        ("", "application/json;q=0.2, application/xml;q=0.8", "xml"),
        (".xml", None, "xml"),
        (".json", None, "json"),
        (".xml", "*/*", "xml"),
        (".xml", "application/json", "json"),
        (".json", "application/xml", "xml"),
        (".xml", "application/json;q=0.9", "xml"),
        (".xml", "application/json;q=0.9, application/xml;q=0", "json"),
        ("", "image/png", ""),
        ("", "application/json;q=0, application/xml;q=0", ""),
        ("", "application/json;q=0", ""),
    ],
)  # fmt: skip
def test_the_format_of_v2_is_chosen_by_accept_then_by_suffix(
    lobby: Shop, suffix: str, accept: str | None, kind: str
) -> None:
    """Rule 14, RFC 9110 12.5.1"""
    headers = {} if accept is None else {"accept": accept}
    for path in ("/v2/store", "/v2/bicycles"):  # what is there and what is not
        reply = lobby.get(path + suffix, headers=headers)
        if not kind and path == "/v2/store":
            assert reply.reason == "NOT_ACCEPTABLE"
        else:
            assert reply.status == (200 if path == "/v2/store" else 404)
        assert reply.headers["content-type"] == f"application/{kind or 'json'}"


# Methods nobody serves


@pytest.mark.parametrize("path", ["/v2/store", "/v3/catalog/brands", "/v2/nothing", "/v2/store_information"])
@pytest.mark.parametrize("method", ["TRACE", "PATCH", "CONNECT", "PROPFIND", "get"])
def test_a_method_that_is_not_spoken_is_501_everywhere_and_echoes_nothing(lobby: Shop, method: str, path: str) -> None:
    """RFC 9110 15.6.2, 9.3.8; 9.1: methods have case."""
    reply = lobby.request(method, path + "?echo=secret", headers={"cookie": "secret"}, body=b"secret")
    assert (reply.status, reply.reason) == (501, "UNKNOWN_METHOD")
    assert b"secret" not in reply.body
    assert "secret" not in str(reply.headers)


# Parameters


def test_unknown_parameters_are_passed_over_by_v2_and_refused_by_v3_lists_and_bulk_deletes(desk: Desk) -> None:
    """Design section 1, step 12; rule 20."""
    desk.shop.brand()
    assert desk.ask("GET", desk.path("brands") + "?utm_source=x&name=Acme").status == (422 if desk.form is V3 else 200)
    assert desk.ask("GET", desk.path("brands/1") + "?utm_source=x").status == 200
    assert desk.ask("PUT", desk.path("brands/1") + "?utm_source=x", {"page_title": "x"}).status == 200
    refused = desk.ask("DELETE", desk.path("brands") + "?utm_source=x&name=Acme")
    assert (refused.status, refused.reason) == (422 if desk.form is V3 else 400, "FILTER_REFUSED")
    assert desk.shop.rows("brands") == 1


def test_a_refused_filter_is_told_in_the_words_that_clients_match(room: Shop) -> None:
    """Rules 2 and 20"""
    assert (
        room.get("/v2/brands?name:like=a").json[0]["message"]
        == "The field 'name:like' is not supported by this resource."
    )
    message = room.get("/v3/catalog/brands?name:max=a&page_title:min=b").json["title"]
    assert message == "The filter(s): name:max, page_title:min are not valid filter parameter(s)."


@pytest.mark.parametrize("limit", ["251", "1000", "999999999"])
def test_a_limit_over_the_maximum_tells_the_maximum(desk: Desk, limit: str) -> None:
    """contract/wire.md 2"""
    reply = desk.ask("GET", desk.path("brands") + f"?limit={limit}")
    assert reply.status == 413
    assert b"max_limit" in reply.body
    assert b"250" in reply.body
    assert desk.ask("GET", desk.path("brands") + "?limit=250").status in (200, 204)


@pytest.mark.parametrize("kind", ["undefined", "", "text/html", "application/x-www-form-urlencoded"])
def test_the_type_of_a_body_that_is_not_there_does_not_matter(desk: Desk, kind: str) -> None:
    """RFC 9110 15.5.16: `Content-Type: undefined` is what a browser's fetch sends with a GET."""
    desk.shop.brand()
    headers = {"content-type": kind}
    assert desk.ask("GET", desk.path("brands"), headers=headers).status == 200
    assert desk.ask("POST", desk.path("brands"), headers=headers).reason == "FIELD_MISSING"
    assert desk.ask("DELETE", desk.path("brands/1"), headers=headers).status == 204


@pytest.mark.parametrize(
    "kind", ["application/json; charset=UTF-8", "Application/JSON", "application/json;charset=utf-8"]
)
def test_case_and_charset_of_a_type_are_fine(room: Shop, kind: str) -> None:
    """RFC 9110 8.3.1"""
    assert room.post("/v3/catalog/brands", {"name": "Acme"}, headers={"content-type": kind}).status == 200


def test_a_body_without_a_meaning_is_left_alone(room: Shop) -> None:
    """RFC 9110 9.3.1, 9.3.5: GET and DELETE give a body no meaning, so it is not judged."""
    room.brand()
    odd = {"content-type": "text/plain", "content-encoding": "br"}
    assert room.get("/v3/catalog/brands/1", body=b"{", headers=odd).status == 200
    assert room.delete("/v3/catalog/brands/1", body=b"{", headers=odd).status == 204


def test_xml_elements_of_an_error_are_those_of_v2(room: Shop) -> None:
    """Rule 15: an error in XML holds what it holds in JSON."""
    desk = Desk(room, XML)
    reply = desk.ask("GET", "/v2/brands/4711")
    told = element(ElementTree.fromstring(reply.body))
    assert told["error"] == {"status": "404", "message": "The requested resource was not found."}  # rule 6
