"""What somebody who means harm tries at a shop: each was possible once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest

from bodega.storefront.graphql.documents import Documents, Refused
from browsing_pages import Visitor
from shop import Shop
from storefront import Window
from test_hosted_checkout import CARD, DONE, arrived, cart, link, orders, up_to_payment
from test_hosted_checkout import window as stocked
from test_storefront_customers import RESET, asked, carried, login, sent, taken, token_of
from test_storefront_customers import window as shoppers

__all__ = ["shoppers", "stocked"]

CHAIN = (
    "".join(f"fragment F{n} on Query {{ ...F{n + 1} }} " for n in range(600)) + "fragment F600 on Query { __typename }"
)
MANY = " ".join(f"query q{n} {{ ...F0 }}" for n in range(1_000))
WIDE = "fragment A on Query { " + "...Z " * 60 + "} fragment B on Query { " + "...A " * 60 + "} "
FLOODS = {
    "a chain of fragments, by many operations": f"{CHAIN} {MANY}",
    "fragments within fragments, by many operations": WIDE + " ".join(f"query q{n} {{ ...B }}" for n in range(1_800)),
    "a deep chain of fragments": "query { ...F0 } " + CHAIN,
    "nested inline fragments": "query { " + "... { " * 200 + "__typename" + " }" * 200 + " }",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_document_of_many_parts_is_refused_cheaply(flood: str) -> None:
    began = time.process_time()
    with pytest.raises(Refused) as refused:
        asyncio.run(Documents().read(FLOODS[flood]))
    assert refused.value.why.code in ("TOO_MANY_FIELDS", "MAX_DEPTH_EXCEEDED", "GRAPHQL_PARSE_FAILED", "QUERY_TOO_LONG")
    assert time.process_time() - began < 2, "it took 5 to 25 seconds once"


def test_variables_that_are_nested_too_deep_are_a_plain_mistake(shoppers: Window) -> None:
    nested: Any = "x"
    for _ in range(900):
        nested = [nested]
    query = "query($code: String!) { site { giftCertificate(code: $code) { code } } }"
    assert shoppers.codes(query, {"code": nested}) == ["BAD_USER_INPUT"]


def test_the_host_of_a_request_is_no_place_for_a_link_in_an_e_mail(shoppers: Window) -> None:
    """Who asks for somebody's password to be reset chooses the Host of the request."""
    shoppers.host = f"store-{shoppers.shop.name}.evil.test"
    asked(shoppers, *RESET, {"email": "jane@example.com", "path": "/reset"})
    (mail,) = sent(shoppers.shop)
    assert "evil.test" not in mail["body"]
    assert f"store-{shoppers.shop.name}.localhost/reset?" in mail["body"]


def test_a_carried_session_ends_with_the_one_that_it_came_from(shoppers: Window) -> None:
    me = token_of(login(shoppers))
    token = carried(shoppers, me)["token"]
    shoppers.ask("mutation { logout { result } }", **me)
    answer = taken(shoppers, token)
    assert answer["content"] is None
    assert [one["message"] for one in answer["errors"]] == ["The shopper has signed out."]


def test_nobody_pays_more_than_the_page_said(stocked: Shop) -> None:
    visitor = arrived(stocked, (1, 1))
    up_to_payment(visitor)
    assert "$13.00" in visitor.page.text
    stocked.put("/v3/catalog/products/1", {"price": 800})
    line = stocked.get(f"/v3/carts/{visitor.cookies['cartId']}").data["line_items"]["physical_items"][0]
    stocked.put(f"/v3/carts/{visitor.cookies['cartId']}/items/{line['id']}", {
        "line_item": {"product_id": 1, "quantity": 1, "list_price": 800}})  # fmt: skip
    page = visitor.submit("/checkout/payment", **CARD)
    assert (visitor.at, orders(stocked)) == ("/checkout/payment", []), page.text
    assert "what is to be paid has changed" in page.text
    assert "$803.00" in page.text
    visitor.submit("/checkout/payment", **CARD)
    assert (visitor.at, orders(stocked)[0]["total_inc_tax"]) == (DONE, "803.0000")


def gift(shop: Shop, code: str, amount: str) -> None:
    made = shop.post("/v2/gift_certificates", {
        "to_name": "Jane", "to_email": "j@example.com", "from_name": "Joe", "from_email": "k@example.com",
        "amount": amount, "code": code, "balance": amount, "status": "active", "currency_code": "USD",
    })  # fmt: skip
    assert made.status == 201, made.body


def test_a_certificate_pays_once_and_the_other_cart_is_told(stocked: Shop) -> None:
    gift(stocked, "GIFT-1", "18.00")
    visitors = [arrived(stocked, (1, 1)) for _ in range(2)]
    for visitor in visitors:
        up_to_payment(visitor)
        assert "nothing left to pay" in visitor.post("/checkout/codes", {"code": "GIFT-1"}).text
    for visitor in visitors:
        visitor.post("/checkout/payment", {"owed": "0.00"})
    assert [visitor.at for visitor in visitors] == [DONE, "/checkout/payment"]
    assert len(orders(stocked)) == 1


def test_wrong_codes_of_any_kind_are_counted(stocked: Shop) -> None:
    gift(stocked, "RIGHT-1", "5.00")
    visitor = arrived(stocked, (1, 1))
    visitor.submit("/checkout/customer", email="jane@example.com")
    for number in range(20):
        visitor.post("/checkout/codes", {"code": f"GUESS-{number}"})
    assert "Too many wrong codes" in visitor.post("/checkout/codes", {"code": "RIGHT-1"}).text


def test_a_link_to_a_cart_spends_no_store_credit(stocked: Shop) -> None:
    person = {
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "store_credit_amounts": [{"amount": 90}],
    }
    made = stocked.post("/v3/customers", [person])
    uuid = cart(stocked, (1, 1), customer_id=made.data[0]["id"])
    stranger = Visitor(stocked)
    stranger.get(link(stocked, uuid))
    assert "Sign in to use store credit." in stranger.post("/checkout/codes", {"credit": "1"}).text


@pytest.mark.parametrize("path", ["/%00", "/a%00b", "/blog/%00"])
def test_a_path_that_no_database_holds_is_a_page_that_is_not_there(stocked: Shop, path: str) -> None:
    visitor = Visitor(stocked)
    visitor.get(path)
    assert visitor.reply.status == 404


GUESS = "query($code: String!) { site { giftCertificate(code: $code) { code } } }"


def test_codes_are_guessed_no_more_often_by_queries_of_a_page_than_elsewhere(shoppers: Window) -> None:
    """A token for pages is in everybody's hands; only a shop's own server asks for many shoppers."""
    page = {"authorization": f"Bearer {shoppers.make(allowed_cors_origins=['https://x.example'])}"}
    many = "query { site { " + " ".join(f'g{n}: giftCertificate(code: "G-{n}") {{ code }}' for n in range(30)) + " } }"
    assert shoppers.codes(many, **page) == ["PASSWORD_GUESSED"] * 10
    assert shoppers.codes(GUESS, {"code": "G"}, **page) == ["PASSWORD_GUESSED"]
    assert shoppers.codes(GUESS, {"code": "G"}, origin="https://x.example") == ["PASSWORD_GUESSED"]
    assert shoppers.codes(GUESS, {"code": "G"}) == []


def test_a_payment_tells_whose_it_is_by_the_connection_alone(shoppers: Window) -> None:
    """A token that names an address of its own is not believed."""
    from bodega.access.payment_tokens import PaymentGrant
    from bodega.http.request import read_head

    assert b"address" not in msgspec.json.encode(PaymentGrant("j", "c", "s", 1, 2))
    scope = {"method": "POST", "path": "/stores/x/payments", "query_string": b"", "scheme": "https", "headers": []}

    async def nothing() -> dict[str, Any]:
        return {}

    assert read_head({**scope, "client": ("192.0.2.7", 4)}, nothing, "").address == "192.0.2.7"
    assert read_head(scope, nothing, "").address == ""
