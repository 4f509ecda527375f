"""Who may ask the storefront what, and what is refused before it costs anything."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from bodega import passwords
from bodega.storefront.graphql.documents import DEEPEST, MOST_COSTLY, Document, Documents, Refused
from bodega.storefront.graphql.resolvers import BATCH, COSTLY
from bodega.storefront.graphql.schema import schema
from shop import Shop
from storefront import NOW, Window

HELLO = "{ channel { entityId } }"


@pytest.fixture
def window(shop: Shop) -> Window:
    return Window(shop)


def test_the_law_of_the_storefront_in_its_order(window: Window) -> None:
    def asked(**more: Any) -> tuple[int, str]:
        reply = window.send(content={"query": HELLO}, **more)
        return reply.status, reply.json["errors"][0]["extensions"]["code"] if reply.status != 200 else ""

    assert asked() == (200, "")
    assert asked(host="store-nobody.localhost") == (404, "NO_SUCH_RESOURCE")
    assert asked(path="/graphql/more") == (404, "NO_SUCH_RESOURCE")
    assert asked(method="PUT") == (405, "METHOD_NOT_ALLOWED")
    assert asked(authorization="") == (401, "CREDENTIALS_MISSING")
    assert asked(authorization="Bearer a.b.c") == (401, "CREDENTIALS_WRONG")
    assert asked(authorization=f"Bearer {window.token[:-2]}xx") == (401, "CREDENTIALS_WRONG")
    token = window.make()
    assert asked(authorization=f"Bearer {token}") == (200, "")
    window.shop.delete("/v3/storefront/api-token", headers={"sf-api-token": token})
    assert asked(authorization=f"Bearer {token}") == (401, "CREDENTIALS_WRONG")
    window.shop.freeze(NOW + 3_600)
    assert asked() == (401, "CREDENTIALS_WRONG")
    window.shop.freeze(NOW)
    window.shop.change(maintenance=True)
    assert asked() == (503, "MAINTENANCE")


def test_a_page_may_read_answers_if_the_token_names_its_origin(window: Window) -> None:
    token = f"Bearer {window.make(allowed_cors_origins=['https://www.example.com'])}"
    reply = window.send(content={"query": HELLO}, authorization=token, origin="https://www.example.com")
    assert reply.headers["access-control-allow-origin"] == "https://www.example.com"
    assert reply.headers["vary"] == "Origin"
    reply = window.send(content={"query": HELLO}, authorization=token, origin="https://evil.example.com")
    assert "access-control-allow-origin" not in reply.headers
    preflight = window.send("OPTIONS", authorization="", origin="https://www.example.com")
    assert preflight.status == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"]


def test_queries_come_by_get_too_and_are_persisted_by_their_digest(window: Window) -> None:
    reply = window.send("GET", path="/graphql?query=%7Bchannel%7BentityId%7D%7D&variables=%7B%7D")
    assert reply.json == {"data": {"channel": {"entityId": 1}}}
    digest = "5b25b0b1d7ae1e2b9f5d6f6cd5b4bcb0a9b3a1d6f6d2f6c2b1a0b3c4d5e6f708"
    asked = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
    assert window.send(content=asked).json["errors"][0]["message"] == "PersistedQueryNotFound"
    asked["extensions"]["persistedQuery"]["sha256Hash"] = hashlib.sha256(HELLO.encode()).hexdigest()
    window.ask(HELLO)
    assert window.send(content=asked).json == {"data": {"channel": {"entityId": 1}}}


def test_a_persisted_query_is_sent_once_and_asked_by_its_digest_with_other_variables(window: Window) -> None:
    """As Apollo's clients do: the digest alone, by GET; then both, by POST; then the digest alone again."""
    query = "query One($n: Int!) { site { products(first: $n) { collectionInfo { totalItems } } } }"
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}

    def by_get(count: int) -> Any:
        asked = {"extensions": json.dumps(persisted), "variables": json.dumps({"n": count}), "operationName": "One"}
        return window.send("GET", path=f"/graphql?{urlencode(asked)}")

    (error,) = by_get(1).json["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    whole = window.send(content={"query": query, "variables": {"n": 1}, "extensions": persisted})
    told = by_get(5)
    assert whole.json == told.json == {"data": {"site": {"products": {"collectionInfo": {"totalItems": 0}}}}}
    assert told.headers["x-bc-graphql-complexity"] == whole.headers["x-bc-graphql-complexity"] == "4"


def test_errors_have_the_published_form(window: Window) -> None:
    found = window.whole("{ site { nothing } }")
    assert set(found) == {"errors"}
    (error,) = found["errors"]
    assert error["locations"] == [{"line": 1, "column": 10}]
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert window.codes("{ site {") == ["GRAPHQL_PARSE_FAILED"]
    assert window.codes("query($id: Int!) { site { product(entityId: $id) { name } } }") == ["BAD_USER_INPUT"]
    assert window.codes("query A { channel { entityId } } query B { channel { entityId } }") == [
        "OPERATION_RESOLUTION_FAILURE"
    ]
    partial = window.whole("{ channel { entityId } site { product { name } settings { storeName } } }")
    assert (partial["data"]["site"]["product"], partial["data"]["channel"]) == (None, {"entityId": 1})
    assert partial["data"]["site"]["settings"]["storeName"]
    assert partial["errors"][0]["path"] == ["site", "product"]
    for content in (b"{", b"[]", b'{"query": 1}'):
        reply = window.send(content=content)
        assert (reply.status, reply.json["errors"][0]["extensions"]["code"]) == (400, "MALFORMED_BODY")
    dead = {"x_bc_customer_access_token": "dead", "x_bc_error_on_invalid_customer_access_token": "true"}
    assert window.codes(HELLO, **dead) == ["INVALID_CUSTOMER_ACCESS_TOKEN"]


def below(depth: int) -> str:
    return "{ site { categoryTree " + "{ children " * depth + "{ name }" + " }" * depth + " } }"


def fragments(count: int) -> str:
    """Each spreads the next twice: as many fields as 2 to the power of `count`."""
    made = [f"fragment F{one} on Site {{ ...F{one + 1} ...F{one + 1} }}" for one in range(count)]
    return "{ site { ...F0 } } " + " ".join(made) + f" fragment F{count} on Site {{ settings {{ storeName }} }}"


FLOODS = {
    "depth of 60": (below(60), "MAX_DEPTH_EXCEEDED"),
    "depth of 5000": (below(5_000), None),
    "depth of 2000": (below(2_000), None),
    "10000 aliases": ("{ " + " ".join(f"a{one}: channel {{ entityId }}" for one in range(10_000)) + " }", None),
    "1000 aliases": ("{ " + " ".join(f"a{one}: channel {{ entityId }}" for one in range(1_000)) + " }", None),
    "one name 3000 times": ("{ site { settings { " + "storeName " * 3_000 + "} } }", "TOO_MANY_FIELDS"),
    "circle": (
        "{ site { ...A } } fragment A on Site { ...B } fragment B on Site { ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "fragments of fragments": (fragments(20), "TOO_MANY_FIELDS"),
    "a chain of fragments": (fragments(40), "MAX_DEPTH_EXCEEDED"),
    "introspection": ("{ " + " ".join(f"a{one}: __schema {{ types {{ name }} }}" for one in range(500)) + " }", None),
    "types of types": (
        "{ __schema { types " + "{ fields { type " * 6 + "{ name }" + " } }" * 6 + " } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "large pages": (
        "{ site { products(first: 250) { edges { node { variants(first: 250) { edges { node { sku } } } } } } } }",
        "MAX_COMPLEXITY_EXCEEDED",
    ),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_floods_are_refused_cheaply(window: Window, kind: str) -> None:
    query, code = FLOODS[kind]
    window.ask(HELLO)
    began = time.process_time()
    with window.counted() as given:
        reply = window.send(content={"query": query})
    (error, *_) = reply.json["errors"]
    assert "data" not in reply.json
    assert code in (None, error["extensions"]["code"])
    assert time.process_time() - began < 1.0
    assert len(given) < 6


def test_an_answer_has_so_many_objects_at_most(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.storefront.graphql.execution.MOST_OBJECTS", 3)
    assert window.codes("{ site { currencies { edges { node { display { symbol } } } } } }") == ["ANSWER_TOO_LARGE"]


def test_no_page_is_larger_than_the_largest(window: Window) -> None:
    assert window.codes("query($n: Int!) { site { products(first: $n) { edges { cursor } } } }", {"n": 251})
    assert window.codes('{ site { products(first: 1, after: "zzz") { edges { cursor } } } }')


def test_introspection_gives_generators_the_whole_schema(window: Window) -> None:
    found = window.ask(get_introspection_query(input_value_deprecation=True))
    assert print_schema(build_client_schema(found)) == print_schema(schema())


def _read(documents: Documents, query: str) -> Document:
    return asyncio.run(documents.read(query))


def test_a_query_is_parsed_once(window: Window) -> None:
    documents = Documents()
    first = _read(documents, HELLO)
    assert _read(documents, HELLO) is first
    assert documents.made == 1
    for _ in range(2):
        with pytest.raises(Refused):
            _read(documents, "{ nothing }")
    assert documents.made == 2
    for number in range(1_100):
        _read(documents, f"{{ a{number}: __typename }}")
    assert _read(documents, HELLO) is not first
    assert DEEPEST == 16


def test_what_is_refused_is_remembered_without_its_query() -> None:
    documents = Documents()
    found = []
    for _ in range(3):
        with pytest.raises(Refused) as caught:
            _read(documents, "{ nothing" + " " * 10_000 + "}")
        found.append(caught.value)
    assert found[0].why is found[2].why
    assert found[0] is not found[2]
    assert len(repr(found[0].why)) < 500


LOGIN = 'login(email: "a@example.com", password: "wrong-1") { result }'
REGISTER = """registerCustomer(input: {email: "n%s@example.com", firstName: "A", lastName: "B",
  password: "secret-123"}) { errors { __typename } }"""


def costly(fields: list[str]) -> str:
    return "mutation { " + " ".join(f"a{number}: {field}" for number, field in enumerate(fields)) + " }"


def test_a_request_hashes_few_passwords_under_whatever_aliases(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    own = passwords.is_right

    async def counted(*args: Any) -> bool:
        hashed.append(args)
        return await own(*args)

    monkeypatch.setattr(passwords, "is_right", counted)
    assert window.codes(costly([LOGIN] * 95)) == ["TOO_MANY_FIELDS"]
    registered = " ".join(f"r{number}: {REGISTER % number}" for number in range(45))
    assert window.codes(f"mutation {{ customer {{ {registered} }} }}") == ["TOO_MANY_FIELDS"]
    fragments = "mutation { ...A ...B } " + " ".join(
        f"fragment {name} on Mutation {{ {name}1: {LOGIN} {name}2: {LOGIN} }}" for name in "AB"
    )
    assert window.codes(fragments) == ["TOO_MANY_FIELDS"]
    mixed = f"mutation {{ a: {LOGIN} b: {LOGIN} customer {{ c: {REGISTER % 1} d: {REGISTER % 2} }} }}"
    assert window.codes(mixed) == ["TOO_MANY_FIELDS"]
    assert (hashed, window.shop.rows("customers")) == ([], 0)
    assert window.codes(costly([LOGIN] * MOST_COSTLY)) == ["CREDENTIALS_WRONG"] * MOST_COSTLY
    assert len(hashed) == MOST_COSTLY


def test_new_accounts_from_one_network_address_are_bounded(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.domain.guesses.MAX_ACCOUNTS", 2)
    monkeypatch.setattr("bodega.domain.guesses.MAX_ACCOUNTS_OF_SERVERS", 2)
    monkeypatch.setattr("bodega.storefront.graphql.serving.caller_address", lambda _scope: "192.0.2.1")
    query = "mutation {{ customer {{ {} }} }}"
    said = [
        window.ask(query.format(REGISTER % number))["customer"]["registerCustomer"]["errors"] for number in range(3)
    ]
    assert said == [[], [], [{"__typename": "CustomerRegistrationError"}]]
    assert window.shop.rows("customers") == 2


COSTS = ("passwords.", "sign_in(", "is_own_password(", '"new_password"', "tell_of_reset(", "_tell(", "make_account(")


def test_every_mutation_that_hashes_a_password_or_sends_a_mail_is_bounded() -> None:
    """By their sources: what hashes or mails is declared to be costly."""
    found = set()
    for (kind, field), run in BATCH.items():
        declared = inspect.getclosurevars(run).nonlocals.get("found")
        if declared is None or not (kind.endswith("Mutations") or kind == "Mutation"):
            continue
        text = inspect.getsource(declared)
        if any(word in text for word in COSTS):
            found.add(field)
    assert found == COSTLY
