"""Text that no database holds (NUL, half a surrogate pair), from everywhere outside of the kit: it is refused or finds
nothing, and never is an error of the server."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import jwt
import pytest
from graphql import GraphQLNonNull, get_named_type, is_leaf_type

import bodega
from bodega.storable import is_storable, pairs_of, query_of, storable
from bodega.storefront.graphql.schema import schema
from shop import Shop
from storefront import Window
from test_customer_login import NOW, SECRET, app, link, sign_in, store  # noqa: F401

ODD = ["\x00", "\ud800", "a\udfffb\x00"]
ROOT = Path(bodega.__file__).parent
READS_FORMS = {"storable.py": "the one reader", "panel/curl_suggestions.py": "queries that the journal keeps"}


@pytest.mark.parametrize("text", ODD)
def test_odd_text_is_replaced(text: str) -> None:
    made = storable(text)
    assert not is_storable(text)
    assert is_storable(made)
    assert "\x00" not in made
    made.encode()
    assert "\N{REPLACEMENT CHARACTER}" in made
    for value in ([text], {"a": {"b": text}}, {text: 1}, [1, [text]]):
        assert not is_storable(value)


def test_other_text_stays() -> None:
    for text in ("", "a", "\u20ac \U0001f600 \n\x7f"):
        assert storable(text) == text
        assert is_storable({"a": [text, 1, 1.5, None, True]})
    for number in (float("nan"), float("inf"), -float("inf")):
        assert not is_storable({"a": number})
    assert pairs_of("a=%00&b=%ED%A0%80&c=") == [("a", "\ufffd"), ("b", "\ufffd\ufffd\ufffd"), ("c", "")]
    assert query_of({"query_string": b"a=1&a=2&b=&c=%00"}) == {"a": ["1", "2"], "c": ["\ufffd"]}
    with pytest.raises(ValueError, match="fields"):
        pairs_of("a=1&b=2", 1)


def test_forms_and_queries_of_pages_are_read_in_one_place() -> None:
    """Whatever page is added: it reads its query by `storable.query_of`, its form by `pairs_of`."""
    readers = {"parse_qs", "parse_qsl", "unquote", "unquote_plus"}
    found = {}
    for folder in ("storefront", "panel"):
        for file in (ROOT / folder).rglob("*.py"):
            name = str(file.relative_to(ROOT))
            for node in ast.walk(tree := ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "urllib.parse" and name not in READS_FORMS:
                    taken = readers & {one.name for one in node.names}
                    if taken - {"unquote", "unquote_plus"} or (taken and "storable(unquote" not in ast.unparse(tree)):
                        found[name] = taken
    assert found == {}


CLAIMS: list[dict[str, Any]] = [
    {"iat": float("nan")}, {"iat": float("inf")}, {"iat": -float("inf")}, {"exp": float("nan")}, {"exp": float("inf")},
    {"jti": "\ud800"}, {"jti": "\x00"}, {"jti": "a\x00b"}, {"redirect_to": "/\x00"}, {"request_ip": "\ud800"},
    {"iss": "\x00"}, {"iss": "\ud800"}, {"iss": None}, {"store_hash": "\x00"}, {"more": {"a": ["\x00"]}},
    {"iat": 10**400}, {"exp": 10**400}, {"channel_id": 10**400}, {"customer_id": 10**400},
]  # fmt: skip


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
def test_a_link_says_what_can_be_held(store: Shop, claims: dict[str, Any]) -> None:  # noqa: F811
    client = app(store)
    assert sign_in(store, link(store, client, **claims)).status == 401
    assert sign_in(store, link(store, client)).status == 302


def test_claims_that_are_no_object(store: Shop) -> None:  # noqa: F811
    """What is signed is not even an object, or nothing is in it."""
    for content in (b"[]", b"null", b'"\\u0000"', b"{}", b"\xff"):
        token = jwt.api_jws.encode(content, SECRET, algorithm="HS256")
        assert sign_in(store, token).status == 401


SHOWN = (
    "/", "/cart.php", "/cart.php?id={}", "/cart.php?id={}&token={}", "/cart.php?action=recover&token={}",
    "/cart.php?action=add&product_id={}", "/cart.php?action=add&sku={}", "/cart.php?action=buy&sku={}&coupon_code={}",
    "/cart.php?action={}", "/cart.php?store={}", "/login/token/{}", "/customer/current.jwt?app_client_id={}",
    "/xmlsitemap.php?type={}&page={}", "/{}", "/a/{}", "/robots.txt?{}={}", "/graphql?query={}", "/checkout?cart={}",
    "/checkout/{}", "/checkout/order-confirmation?order={}", "/session-sync/{}", "/search.php?search_query={}",
    "/login.php?action={}", "/account.php?a={}", "/api/storefront/carts/{}", "/api/storefront/carts?include={}",
    "/api/storefront/checkouts/{}", "/api/storefront/orders/{}", "/api/storefront/form-fields?filter={}",
    "/files/{hash}/{}", "/s-{hash}/images/stencil/640w/{}", "/s-{hash}/images/stencil/{}/a.png", "/manage/{}",
    "/manage/login?next={}", "/{}?{}={}",
)  # fmt: skip


@pytest.mark.parametrize("word", ["%00", "a%00b", "%ED%A0%80", "%FF", "%C0%80"])
def test_no_page_fails_over_its_address(shop: Shop, word: str) -> None:
    window = Window(shop)
    asked = {
        path: window.send("GET", path=path.replace("{hash}", shop.name).replace("{}", word), **more).status
        for path in SHOWN
        for more in ({}, {"cookie": "SHOP_SESSION_TOKEN=\xff\x80; cartId=\xff; XSRF-TOKEN=\x80"})
    }
    assert {path: status for path, status in asked.items() if status >= 500} == {}


@pytest.mark.parametrize("path", ["/checkout", "/cart.php", "/login.php", "/a", "/api/storefront/carts"])
def test_no_page_fails_over_its_form(shop: Shop, path: str) -> None:
    window = Window(shop)
    own = {"origin": f"https://{window.host}", "sec_fetch_site": "same-origin"}
    for content in (b"a=%00", b"email=%00&step=%00&token=%00&action=%ED%A0%80", b'{"a":"\\u0000"}', b'"\\u0000'):
        for kind in ("application/x-www-form-urlencoded", "application/json"):
            reply = window.send("POST", content, path, content_type=kind, **own)
            assert reply.status < 500, (path, content, kind)


def test_no_member_of_a_shoppers_request_holds_nul(shop: Shop) -> None:
    window = Window(shop)
    own = {"origin": f"https://{window.host}", "sec_fetch_site": "same-origin"}
    reply = window.send("POST", {"lineItems": [], "locale": "\x00"}, "/api/storefront/carts", **own)
    assert reply.status == 422
    assert "NUL" in str(reply.json)
    escaped = window.send("POST", b'{"lineItems":[],"locale":"\\\\u0000"}', "/api/storefront/carts", **own)
    assert "NUL" not in str(escaped.json)


def asking() -> list[str]:
    """A query for each field of the shop with a text among its arguments; `ODD` stands where it is."""
    found = []
    built = schema()
    for kind, around in (("Site", "{{ site {{ {} }} }}"), ("Query", "{{ {} }}")):
        for name, field in built.type_map[kind].fields.items():  # type: ignore[attr-defined]
            texts = [
                word
                for word, given in field.args.items()
                if get_named_type(given.type).name in ("String", "ID") and given.type == _bare(given.type)
            ]
            needed = [word for word, given in field.args.items() if isinstance(given.type, GraphQLNonNull)]
            if texts and set(needed) <= set(texts):
                told = ", ".join(f"{word}: ODD" for word in texts)
                below = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
                found.append(around.format(f"{name}({told}){below}"))
    return found


def _bare(kind: Any) -> Any:
    """The type itself where it is no list."""
    return kind if kind == get_named_type(kind) or isinstance(kind, GraphQLNonNull) else None


def test_no_field_of_graphql_fails_over_nul(shop: Shop) -> None:
    window = Window(shop)
    queries = asking()
    assert len(queries) > 5
    for query in queries:
        for odd in ('"\\u0000"', '"a\\u{0}b"', '"\x00"', "$odd"):
            named = query.replace("ODD", odd)
            text = f"query ($odd: String!) {named}" if odd == "$odd" else named
            if odd == "$odd" and window.codes(text.replace("$odd: String!", "$odd: ID!"), {"odd": "a"}) == []:
                text = text.replace("String!", "ID!")
            codes = window.codes(text, {"odd": "\x00"})
            assert codes, text
            assert set(codes) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST"}, (text, codes)
    fine = '{ site { route(path: "/\\u0041") { node { __typename } } } }'
    assert window.codes(fine) == []


def test_headers_are_what_they_are(shop: Shop) -> None:
    window = Window(shop)
    for value in ("\xff", "\x80\x81", "%00"):
        reply = window.send(content={"query": "{ customer { entityId } }"}, x_bc_customer_access_token=value)
        assert reply.status == 200
        assert window.send(content={"query": "{ site { __typename } }"}, x_bc_customer_id=value).status == 200
        assert window.send(content={"query": "{ site { __typename } }"}, authorization=f"Bearer {value}").status < 500
        assert window.send("GET", path="/", cookie=f"SHOP_SESSION_TOKEN={value}").status < 500
    assert NOW
