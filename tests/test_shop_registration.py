"""A new account on the shop's own page, without a script, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.domain import guesses
from bodega.storefront import registering
from browsing import Page
from browsing_pages import Visitor
from shop import Shop
from storefront import NOW

PATH = "/login.php?action=create_account"
SENT = "/login.php?action=save_new_account"
JANE = {
    "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "password": "secret-123",
    "confirmPassword": "secret-123",
}  # fmt: skip


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    shop.freeze(NOW)
    shop.product("Hammer", price=10)
    return Visitor(shop)


def customers(shop: Shop) -> list[Any]:
    return list(shop.get("/v3/customers?include=formfields").data)


def own_field(shop: Shop, name: str, kind: str, **more: Any) -> str:
    """The name of a field of the store's own in the form of the page."""
    made = shop.post("/v3/form-fields", {"form": "customer", "name": name, "type": kind, **more})
    assert made.status in (200, 201), made.body
    return f"field_{made.data['id'] + 25}"


def test_an_account_is_made_and_its_owner_signed_in_with_the_cart(visitor: Visitor) -> None:
    shop = visitor.shop
    visitor.post("/cart.php?action=add", {"product_id": "1"})
    guest = visitor.cookies["cartId"]
    page = visitor.get("/login.php?from=/checkout")
    assert "/login.php?action=create_account&from=/checkout" in page.links
    visitor.get(f"{PATH}&from=/checkout")
    visitor.submit(SENT, **JANE, company="Acme", phone="123", offers="1")
    assert visitor.at == "/checkout", visitor.page.text
    (made,) = customers(shop)
    told = [made[name] for name in ("email", "first_name", "last_name", "company", "phone", "origin_channel_id")]
    assert told == ["jane@example.com", "Jane", "Doe", "Acme", "123", 1]
    assert made["accepts_product_review_abandoned_cart_emails"] is True
    cart = shop.get(f"/v3/carts/{visitor.cookies['cartId']}").data
    assert (cart["customer_id"], len(cart["line_items"]["physical_items"]), guest != "") == (made["id"], 1, True)
    (mail,) = [one for one in shop.get("/v3/outbox").data if one["type_id"] == "createaccount_email"]
    assert (mail["recipient"], "Hello Jane Doe," in mail["body"]) == ("jane@example.com", True)
    visitor.get(PATH)
    assert visitor.at == "/account.php", "who is signed in needs no account"
    visitor.post("/login.php?action=logout", {})
    visitor.get("/login.php")
    visitor.submit("/login.php", login_email="jane@example.com", login_pass="secret-123")
    assert visitor.at == "/account.php"


WRONG = [
    ({"firstName": ""}, ["firstName"]), ({"lastName": " "}, ["lastName"]), ({"firstName": "x" * 101}, ["firstName"]),
    ({"email": ""}, ["email"]), ({"email": "jane"}, ["email"]), ({"password": "short1"}, ["password"]),
    ({"password": "onlyletters"}, ["password"]), ({"confirmPassword": "secret-124"}, ["confirmPassword"]),
    ({"firstName": "", "email": "", "password": ""}, ["firstName", "email", "password"]),
    ({"phone": "1" * 60}, ["phone"]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "wrong"), WRONG)
def test_what_is_wrong_stands_beside_its_field(visitor: Visitor, said: dict[str, str], wrong: list[str]) -> None:
    page = visitor.post(SENT, {**JANE, **said})
    html = visitor.reply.body.decode()
    assert visitor.reply.status == 422
    assert [name for name in (*JANE, "phone") if f'id="{name}Input-fault"' in html] == wrong
    for name in wrong:
        assert f'name="{name}"' in html
        assert f'aria-describedby="{name}Input-fault"' in html
    assert "secret-123" not in html
    assert said.get("lastName") is not None or page.forms[-1]["fields"]["lastName"] == "Doe"
    assert customers(visitor.shop) == []


def test_an_address_that_is_taken_is_told_beside_its_field(visitor: Visitor) -> None:
    visitor.post(SENT, JANE)
    other = Visitor(visitor.shop)
    page = other.post(SENT, {**JANE, "email": "JANE@example.com"})
    assert (other.reply.status, "An account has this e-mail address" in page.text) == (422, True)
    assert len(customers(visitor.shop)) == 1
    assert "SHOP_SESSION_TOKEN" not in other.cookies


def test_the_stores_own_fields_are_asked_and_kept(visitor: Visitor) -> None:
    shop = visitor.shop
    names = {
        "size": own_field(shop, "Size", "picklist", options=["S", "L"], required=True),
        "club": own_field(shop, "Club", "radiobuttons", options=["Yes", "No"]),
        "likes": own_field(shop, "Likes", "checkboxes", options=["Red", "Blue"], required=True),
        "age": own_field(shop, "Age", "numbers", minimum=18),
        "born": own_field(shop, "Born", "date"),
        "note": own_field(shop, "Note", "multiline"),
        "word": own_field(shop, "Word", "text", max_length=5, default="abc"),
    }
    page = visitor.get(PATH)
    assert page.forms[-1]["fields"][names["word"]] == "abc"
    bad = {names["age"]: "17", names["born"]: "soon", names["word"]: "abcdef", names["size"]: "7"}
    visitor.post(SENT, {**JANE, **bad})
    html = visitor.reply.body.decode()
    for name in (*bad, names["likes"]):
        assert f'id="{name}-fault"' in html, name
    assert f'id="{names["club"]}-fault"' not in html
    assert customers(shop) == []
    good = {
        names["size"]: "1", names["club"]: "0", f"{names['likes']}_1": "1", names["age"]: "30",
        names["born"]: "2000-02-29", names["note"]: "a <b>", names["word"]: "abcde",
    }  # fmt: skip
    visitor.post(SENT, {**JANE, **good})
    assert visitor.at == "/account.php", visitor.page.text
    (made,) = customers(shop)
    assert {one["name"]: one["value"] for one in made["form_fields"]} == {
        "Size": "L", "Club": "Yes", "Likes": ["Blue"], "Age": 30, "Born": "2000-02-29", "Note": "a <b>",
        "Word": "abcde",
    }  # fmt: skip


def test_other_pages_make_no_accounts_and_lead_nowhere_else(visitor: Visitor) -> None:
    visitor.post(SENT, JANE, origin="https://evil.example")
    assert visitor.reply.status == 403
    assert customers(visitor.shop) == []
    visitor.post(SENT, {**JANE, "from": "https://evil.example/"})
    assert visitor.at == "/account.php"


def test_a_full_plan_is_told_in_words(visitor: Visitor) -> None:
    visitor.shop.change(limits={"customers": 0})
    page = visitor.post(SENT, JANE)
    assert (visitor.reply.status, visitor.page.forms != [], "plan" in page.text) == (422, True, True)


def test_new_accounts_are_bounded_by_network_address(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.domain.guesses.MAX_ACCOUNTS", 2)
    for place in ("pages.web", "rest.serving"):
        monkeypatch.setattr(f"bodega.storefront.{place}.caller_address", lambda _scope: "192.0.2.1")
    shop = visitor.shop

    def register(name: str) -> Visitor:
        other = Visitor(shop)
        other.get(PATH)
        other.submit(SENT, **{**JANE, "email": f"{name}@example.com"})
        return other

    assert [register(name).at for name in ("ann", "ben")] == ["/account.php"] * 2
    third = register("cleo")
    assert (third.reply.status, "Too many accounts" in third.page.text) == (429, True)
    page = Page(shop)
    body = {"firstName": "Cleo", "lastName": "Doe", "email": "cleo@example.com", "password": "secret-123"}
    refused = page.send("POST", "/customers", body)
    assert (refused.status, refused.json["title"]) == (429, registering.TOO_MANY)
    assert refused.headers["retry-after"] == str(guesses.ACCOUNTS_SECONDS)
    assert [one["email"] for one in customers(shop)] == ["ann@example.com", "ben@example.com"]
    shop.freeze(NOW + guesses.ACCOUNTS_SECONDS + 1)
    assert register("cleo").at == "/account.php"
