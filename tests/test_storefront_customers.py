"""Customers at a storefront: signing in and out, accounts, addresses, passwords; on both databases."""

from __future__ import annotations

from html import unescape
from typing import Any

import jwt
import pytest

from bodega.storefront.graphql.schema import schema
from bodega.storefront.graphql.served import served
from bodega.storefront.shoppers_api import ShopperRefused, ShoppersApi
from bodega.storefront.signing_in import NotSignedIn, sign_in
from shop import Shop
from storefront import NOW, Window, nodes
from test_panel_journal import told
from test_storefront_checkouts import together
from test_storefront_fields import selection

PASSWORD, OTHER = "sesame4you", "another5one"
LOGIN = """mutation ($email: String!, $password: String!, $cart: String) {
  login(email: $email, password: $password, guestCartEntityId: $cart) {
    result customer { entityId firstName lastName email } cart { entityId }
    customerAccessToken { value expiresAt }
  }
}"""
LOGOUT = """mutation ($cart: String) { logout(cartEntityId: $cart) {
  result cartUnassignResult { cart { entityId } errors { __typename ... on Error { message } } } } }"""
ME = "{ customer { entityId email } }"
STRICT = {"x_bc_error_on_invalid_customer_access_token": "true"}
ERRORS = "errors { __typename ... on Error { message } %s }"
PATH = "... on ValidationError { path }"


def jane(shop: Shop, **more: Any) -> int:
    """A customer with a password."""
    body = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe",
            "authentication": {"new_password": PASSWORD}, **more}  # fmt: skip
    reply = shop.post("/v3/customers", [body])
    assert reply.status == 200, reply.body
    return int(reply.data[0]["id"])


@pytest.fixture
def window(shop: Shop) -> Window:
    window = Window(shop)
    jane(shop)
    return window


def login(window: Window, email: str = "jane@example.com", password: str = PASSWORD, **more: Any) -> Any:
    return window.ask(LOGIN, {"email": email, "password": password, **more})["login"]


def token_of(result: Any) -> dict[str, str]:
    return {"x_bc_customer_access_token": result["customerAccessToken"]["value"]}


def asked(window: Window, name: str, kind: str, given: Any, shown: str = "", **headers: str) -> Any:
    """The result of a mutation of customers."""
    errors = ERRORS % ("" if name.startswith("delete") else PATH)
    query = f"mutation ($input: {kind}!) {{ customer {{ {name}(input: $input) {{ {shown} {errors} }} }} }}"
    return window.ask(query, {"input": given}, **headers)["customer"][name]


def kinds(result: Any) -> list[str]:
    return [one["__typename"] for one in result["errors"]]


def test_signing_in_gives_a_token_and_signing_out_kills_it_at_once(window: Window) -> None:
    result = login(window, "JANE@example.com")
    assert result["customer"] == {"entityId": 1, "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com"}
    assert (result["cart"], result["result"]) == (None, "success")
    assert result["customerAccessToken"]["expiresAt"].startswith("2030-03-24")
    token = token_of(result)
    assert window.ask(ME, **token)["customer"] == {"entityId": 1, "email": "jane@example.com"}
    assert window.ask(ME)["customer"] is None
    out = window.ask(LOGOUT, **token)["logout"]
    assert out == {"result": "success", "cartUnassignResult": {"cart": None, "errors": []}}
    assert window.ask(ME, **token)["customer"] is None
    assert window.codes(ME, **token, **STRICT) == ["INVALID_CUSTOMER_ACCESS_TOKEN"]
    assert window.ask(LOGOUT)["logout"]["result"] == "success"


@pytest.mark.parametrize(("email", "password"), [("jane@example.com", "wrong4you"), ("nobody@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_are_told_alike(window: Window, email: str, password: str) -> None:
    said = window.message(LOGIN, {"email": email, "password": password})
    assert said == "CREDENTIALS_WRONG: Invalid credentials"


def test_guesses_are_bounded_together_with_those_of_the_api(window: Window) -> None:
    shop = window.shop
    wrong = {"email": "jane@example.com", "password": "wrong4you"}
    for _ in range(5):
        assert window.codes(LOGIN, wrong) == ["CREDENTIALS_WRONG"]
        shop.post("/v3/customers/validate-credentials", wrong)
    right = {**wrong, "password": PASSWORD}
    assert window.message(LOGIN, right) == "PASSWORD_GUESSED: Too many wrong passwords were tried."
    shop.freeze(NOW + 61)
    assert window.codes(LOGIN, right) == []


def test_guesses_from_one_network_address_are_bounded_too(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.domain.guesses.MAX_OF_ADDRESS", 3)
    app: Any = window.shop.server.app

    async def guess(email: str, address: str) -> str:
        store = await app.stores.get(window.shop.name)
        try:
            await sign_in(ShoppersApi(app._api._app, store, "http://x"), 1, email, PASSWORD, address)
        except NotSignedIn as error:
            return error.code
        except ShopperRefused as error:
            return error.code
        return ""

    run = window.shop.server.run
    said = [run(guess(f"x{one}@example.com", "192.0.2.1")) for one in range(4)]
    assert said == ["CREDENTIALS_WRONG"] * 3 + ["PASSWORD_GUESSED"]
    assert run(guess("jane@example.com", "192.0.2.1")) == "PASSWORD_GUESSED"
    assert run(guess("jane@example.com", "192.0.2.2")) == ""


def test_who_must_choose_another_password_is_told(window: Window) -> None:
    window.shop.put("/v3/customers", [{"id": 1, "authentication": {"force_password_reset": True}}])
    right = {"email": "jane@example.com", "password": PASSWORD}
    assert window.message(LOGIN, right) == "PASSWORD_RESET_REQUIRED: Reset password"
    assert window.codes(LOGIN, {**right, "password": "wrong4you"}) == ["CREDENTIALS_WRONG"]
    jane(window.shop, email="moved@example.com", authentication={"force_password_reset": True})
    moved = {"email": "moved@example.com", "password": "whatever1"}
    assert window.codes(LOGIN, moved) == ["PASSWORD_RESET_REQUIRED"]


def test_at_sign_in_the_guests_cart_is_theirs_and_waits_for_the_next_time(window: Window) -> None:
    shop = window.shop
    shop.product("Hammer", price=10)
    cart = shop.post("/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}]}).data["id"]
    result = login(window, cart=cart)
    assert result["cart"] == {"entityId": cart}
    strange = "00000000-0000-0000-0000-000000000000"
    (error,) = window.ask(LOGOUT, {"cart": strange}, **token_of(result))["logout"]["cartUnassignResult"]["errors"]
    assert error["__typename"] == "CartUnassignInaccessibleError"
    assert login(window)["cart"] == {"entityId": cart}


REGISTER = ("registerCustomer", "RegisterCustomerInput")
NEW = {"firstName": "Joe", "lastName": "Roe", "email": "joe@example.com", "password": PASSWORD}
PLACE = {"firstName": "Joe", "lastName": "Roe", "address1": "1 Main St", "city": "Austin", "countryCode": "US",
         "stateOrProvince": "Texas", "postalCode": "78701", "phone": "555", "company": "Acme"}  # fmt: skip


def test_registering_makes_a_customer_of_the_admin_api(window: Window) -> None:
    shop = window.shop
    shop.watch()
    result = asked(window, *REGISTER, {**NEW, "company": "Acme", "address": PLACE}, "customer { entityId company }")
    assert result == {"customer": {"entityId": 2, "company": "Acme"}, "errors": []}
    kept = shop.get("/v3/customers?id:in=2&include=addresses").data[0]
    assert (kept["email"], kept["origin_channel_id"]) == ("joe@example.com", 1)
    assert kept["addresses"][0]["state_or_province"] == "Texas"
    assert "store/customer/created" in [scope for scope, _ in shop.events()]
    assert login(window, "joe@example.com")["customer"]["entityId"] == 2


def test_what_keeps_somebody_from_registering(window: Window) -> None:
    result = asked(window, *REGISTER, {**NEW, "email": "Jane@example.com"}, "customer { entityId }")
    assert result["customer"] is None
    assert result["errors"] == [
        {"__typename": "EmailAlreadyInUseError", "message": "The email address is already in use."}
    ]
    result = asked(window, *REGISTER, {**NEW, "email": "joe", "firstName": "", "password": "short"})
    assert set(kinds(result)) == {"ValidationError"}
    assert {tuple(one["path"]) for one in result["errors"]} == {
        ("input", "email"), ("input", "firstName"), ("input", "password"),
    }  # fmt: skip
    result = asked(window, *REGISTER, {**NEW, "address": {**PLACE, "countryCode": "XX"}})
    assert [one["path"] for one in result["errors"]] == [["input", "address", "countryCode"]]
    assert window.shop.get("/v3/customers").json["meta"]["pagination"]["total"] == 1


def test_a_full_store_makes_no_more_accounts(window: Window) -> None:
    window.shop.change(limits={"customers": 1})
    assert kinds(asked(window, *REGISTER, NEW)) == ["AccountCreationDisabledError"]


UPDATE = ("updateCustomer", "UpdateCustomerInput")


def test_customers_change_their_account(window: Window) -> None:
    token = token_of(login(window))
    given = {"firstName": "Janet", "phone": "555", "company": "Acme", "email": "janet@example.com"}
    result = asked(window, *UPDATE, given, "customer { firstName lastName phone company email }", **token)
    assert result["customer"] == {**given, "lastName": "Doe"}
    assert window.shop.get("/v3/customers?id:in=1").data[0]["first_name"] == "Janet"
    assert kinds(asked(window, *UPDATE, {"firstName": "X"})) == ["CustomerNotLoggedInError"]
    jane(window.shop)
    assert kinds(asked(window, *UPDATE, {"email": "jane@example.com"}, **token)) == ["EmailAlreadyInUseError"]
    (error,) = asked(window, *UPDATE, {"firstName": ""}, **token)["errors"]
    assert (error["__typename"], error["path"]) == ("ValidationError", ["input", "firstName"])


ADD = ("addCustomerAddress", "AddCustomerAddressInput")
CHANGE = ("updateCustomerAddress", "UpdateCustomerAddressInput")
DROP = ("deleteCustomerAddress", "DeleteCustomerAddressInput")
ADDRESS = """entityId firstName lastName address1 address2 city company countryCode stateOrProvince phone postalCode
    country countryId stateId addressType formFields { entityId }"""
LIST = f"""query ($first: Int, $after: String) {{ customer {{ addressCount addresses(first: $first, after: $after) {{
    collectionInfo {{ totalItems }} pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {ADDRESS} }} }} }} }} }}"""


def test_customers_keep_their_addresses(window: Window) -> None:
    token = token_of(login(window))
    result = asked(window, *ADD, PLACE, f"address {{ {ADDRESS} }}", **token)
    address = result["address"]
    assert result["errors"] == []
    assert {name: address[name] for name in PLACE} == PLACE
    assert (address["country"], address["addressType"], address["address2"]) == ("United States", "RESIDENTIAL", None)
    assert (address["countryId"], bool(address["stateId"])) == (235, True)
    assert kinds(asked(window, *ADD, PLACE, **token)) == ["CustomerAddressCreationError"]
    given = {"addressEntityId": address["entityId"], "data": {"city": "Dallas"}}
    assert asked(window, *CHANGE, given, "address { city }", **token)["address"] == {"city": "Dallas"}
    for place in range(3):
        asked(window, *ADD, {**PLACE, "address1": f"{place} Side St"}, **token)
    page = window.ask(LIST, {"first": 3}, **token)["customer"]
    assert (page["addressCount"], page["addresses"]["collectionInfo"]["totalItems"]) == (4, 4)
    assert page["addresses"]["pageInfo"]["hasNextPage"]
    after = page["addresses"]["pageInfo"]["endCursor"]
    assert len(nodes(window.ask(LIST, {"first": 3, "after": after}, **token)["customer"]["addresses"])) == 1
    assert asked(window, *DROP, {"addressEntityId": address["entityId"]}, **token)["errors"] == []
    assert window.shop.get("/v3/customers/addresses").json["meta"]["pagination"]["total"] == 3


def test_what_is_wrong_with_an_address_is_told(window: Window) -> None:
    token = token_of(login(window))
    (error,) = asked(window, *ADD, {**PLACE, "countryCode": "XX"}, **token)["errors"]
    assert (error["__typename"], error["path"]) == ("ValidationError", ["input", "countryCode"])
    first, second = (
        asked(window, *ADD, {**PLACE, "city": city}, "address { entityId }", **token)["address"]["entityId"]
        for city in ("Austin", "Dallas")
    )
    same = {"addressEntityId": second, "data": {"city": "Austin"}}
    assert kinds(asked(window, *CHANGE, same, **token)) == ["CustomerAddressUpdateError"]
    (error,) = asked(window, *CHANGE, {"addressEntityId": first, "data": {"firstName": ""}}, **token)["errors"]
    assert error["path"] == ["input", "data", "firstName"]


def test_guests_and_others_do_not_reach_an_address(window: Window) -> None:
    other = jane(window.shop, email="eve@example.com")
    token = token_of(login(window))
    number = asked(window, *ADD, PLACE, "address { entityId }", **token)["address"]["entityId"]
    change = {"addressEntityId": number, "data": {"city": "Dallas"}}
    eve = window.signed_in(other)
    assert kinds(asked(window, *CHANGE, change, **eve)) == ["AddressDoesNotExistError"]
    assert kinds(asked(window, *DROP, {"addressEntityId": number}, **eve)) == ["CustomerAddressDeletionError"]
    for name, given in ((ADD, PLACE), (CHANGE, change), (DROP, {"addressEntityId": number})):
        assert kinds(asked(window, *name, given)) == ["CustomerNotLoggedInError"]
    assert kinds(asked(window, *CHANGE, {**change, "addressEntityId": -1}, **token)) == ["AddressDoesNotExistError"]
    assert window.shop.get("/v3/customers/addresses").data[0]["city"] == "Austin"


PASS = ("changePassword", "ChangePasswordInput")


def test_another_password_ends_every_session_at_once(window: Window) -> None:
    here, there = token_of(login(window)), token_of(login(window))
    wrong = {"currentPassword": "wrong4you", "newPassword": OTHER}
    assert kinds(asked(window, *PASS, wrong, **here)) == ["CustomerPasswordError"]
    (error,) = asked(window, *PASS, {"currentPassword": PASSWORD, "newPassword": "short"}, **here)["errors"]
    assert (error["__typename"], error["path"]) == ("ValidationError", ["input", "newPassword"])
    assert kinds(asked(window, *PASS, wrong)) == ["CustomerNotLoggedInError"]
    given = {"currentPassword": PASSWORD, "newPassword": OTHER}
    assert asked(window, *PASS, given, **here)["errors"] == []
    for token in (here, there):
        assert window.codes(ME, **token, **STRICT) == ["INVALID_CUSTOMER_ACCESS_TOKEN"]
    assert window.codes(LOGIN, {"email": "jane@example.com", "password": PASSWORD}) == ["CREDENTIALS_WRONG"]
    login(window, password=OTHER)


def test_guesses_of_the_current_password_are_bounded(window: Window) -> None:
    token = token_of(login(window))
    wrong = {"currentPassword": "wrong4you", "newPassword": OTHER}
    for _ in range(10):
        assert kinds(asked(window, *PASS, wrong, **token)) == ["CustomerPasswordError"]
    shown = "customer { changePassword(input: $input) { errors { __typename } } }"
    query = f"mutation ($input: ChangePasswordInput!) {{ {shown} }}"
    assert window.codes(query, {"input": {**wrong, "currentPassword": PASSWORD}}, **token) == ["PASSWORD_GUESSED"]


@pytest.mark.parametrize(
    "change",
    [
        {"authentication": {"new_password": OTHER}},
        {"authentication": {"force_password_reset": True}},
        {"channel_ids": [2]},
    ],
)
def test_what_the_store_changes_ends_sessions_as_well(window: Window, change: dict[str, Any]) -> None:
    shop = window.shop
    shop.post("/v3/channels", {"name": "Two", "type": "storefront", "platform": "catalyst", "status": "active"})
    token = token_of(login(window))
    assert window.ask(ME, **token)["customer"]
    assert shop.put("/v3/customers", [{"id": 1, **change}]).status == 200
    assert window.codes(ME, **token, **STRICT) == ["INVALID_CUSTOMER_ACCESS_TOKEN"]


def test_a_deleted_customer_is_signed_out(window: Window) -> None:
    token = token_of(login(window))
    window.shop.delete("/v3/customers?id:in=1")
    assert window.codes(ME, **token, **STRICT) == ["INVALID_CUSTOMER_ACCESS_TOKEN"]


RESET = ("requestResetPassword", "RequestResetPasswordInput")
CHOOSE = ("resetPassword", "ResetPasswordInput")


def sent(shop: Shop) -> list[dict[str, Any]]:
    return list(shop.get("/v3/outbox").data)


def link_token(shop: Shop) -> str:
    body = unescape(str(sent(shop)[-1]["body"]))
    return body.split("&t=", 1)[1].split('"', 1)[0]


def test_a_forgotten_password_is_replaced_by_a_link_that_is_good_once(window: Window) -> None:
    shop = window.shop
    session = token_of(login(window))
    for email in ("Jane@example.com", "nobody@example.com"):
        assert asked(window, *RESET, {"email": email, "path": "/change-password"})["errors"] == []
    (mail,) = sent(shop)
    assert (mail["recipient"], mail["type_id"]) == ("jane@example.com", "account_reset_password_email")
    assert "/change-password?c=1" in unescape(mail["body"])
    token = link_token(shop)
    assert token not in shop.get("/v3/customers").body.decode()
    given = {"customerEntityId": 1, "token": token, "newPassword": OTHER}
    (error,) = asked(window, *CHOOSE, {**given, "newPassword": "short"})["errors"]
    assert (error["__typename"], error["path"]) == ("ValidationError", ["input", "newPassword"])
    for wrong in ({"token": "x"}, {"customerEntityId": 2}):
        assert kinds(asked(window, *CHOOSE, {**given, **wrong})) == ["CustomerPasswordError"]
    assert asked(window, *CHOOSE, given)["errors"] == []
    assert kinds(asked(window, *CHOOSE, given)) == ["CustomerPasswordError"]
    assert window.codes(ME, **session, **STRICT) == ["INVALID_CUSTOMER_ACCESS_TOKEN"]
    login(window, password=OTHER)


def test_links_for_a_new_password_end_and_are_not_sent_without_bound(window: Window) -> None:
    shop = window.shop
    for _ in range(7):
        assert asked(window, *RESET, {"email": "jane@example.com"})["errors"] == []
    assert len(sent(shop)) == 5
    assert "/login.php?action=change_password&" in unescape(sent(shop)[0]["body"])
    given = {"customerEntityId": 1, "token": link_token(shop), "newPassword": OTHER}
    window.token = window.make(expires_at=NOW + 9_000)
    shop.freeze(NOW + 3_600)
    assert kinds(asked(window, *CHOOSE, given)) == ["CustomerPasswordError"]


@pytest.mark.parametrize("given", [{"email": "jane"}, {"email": "jane@example.com", "path": "https://evil.example"}])
def test_what_cannot_be_sent_a_link_is_told(window: Window, given: dict[str, str]) -> None:
    assert kinds(asked(window, *RESET, given)) == ["ValidationError"]
    assert sent(window.shop) == []


def test_who_must_choose_another_password_signs_in_after_that(window: Window) -> None:
    shop = window.shop
    shop.put("/v3/customers", [{"id": 1, "authentication": {"force_password_reset": True}}])
    asked(window, *RESET, {"email": "jane@example.com", "path": "/change-password"})
    given = {"customerEntityId": 1, "token": link_token(shop), "newPassword": OTHER}
    assert asked(window, *CHOOSE, given)["errors"] == []
    login(window, password=OTHER)


# Sign-in tokens of apps, and sessions carried to another host

JWT = """mutation ($jwt: String!, $cart: String) { loginWithCustomerLoginJwt(jwt: $jwt, guestCartEntityId: $cart) {
  redirectTo customer { entityId email } cart { entityId } customerAccessToken { value } } }"""


SECRET = "the client secret of an app of this store"


@pytest.fixture
def client(window: Window) -> str:
    """The client id of an app that may sign customers in."""
    shop = window.shop
    token = shop.account("store_v2_customers_login")
    store: Any = shop.server.run(shop.server.app.stores.get(shop.name))
    found = str(store.holder(token.encode()).client_id)
    shop.server.run(shop.server.backend.registry.save_secret(found, SECRET))
    shop.server.hear()
    return found


def link(shop: Shop, client: str, **changes: Any) -> str:
    """A sign-in token for customer 1; `secret` signs it."""
    secret = changes.pop("secret", SECRET)
    claims: dict[str, Any] = {"iss": client, "iat": NOW, "jti": "one", "operation": "customer_login",
                              "store_hash": shop.name, "customer_id": 1, "channel_id": 1}  # fmt: skip
    return jwt.encode({**claims, **changes}, secret, algorithm="HS256")


def test_an_app_signs_a_customer_in_once(window: Window, client: str) -> None:
    shop = window.shop
    shop.product("Hammer", price=10)
    cart = shop.post("/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}]}).data["id"]
    token = link(shop, client, redirect_to="/account/")
    result = window.ask(JWT, {"jwt": token, "cart": cart})["loginWithCustomerLoginJwt"]
    assert (result["redirectTo"], result["customer"]["entityId"], result["cart"]["entityId"]) == ("/account/", 1, cart)
    assert window.ask(ME, **token_of(result))["customer"]["email"] == "jane@example.com"
    assert window.message(JWT, {"jwt": token}).startswith("CREDENTIALS_WRONG: The link was used before")
    assert window.ask(JWT, {"jwt": link(shop, client, jti="two")})["loginWithCustomerLoginJwt"]["redirectTo"] == "/"


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "forged-0123456789abcdef0123456789abcdef"},
        {"iss": "nobody"},
        {"iat": NOW - 31},
        {"iat": NOW + 31},
        {"exp": NOW},
        {"operation": "other"},
        {"store_hash": "other"},
        {"channel_id": 2},
        {"customer_id": 99},
        {"jti": ""},
        {"redirect_to": "https://evil.example"},
        {"request_ip": "192.0.2.9"},
    ],
)
def test_a_token_that_is_not_right_signs_nobody_in(window: Window, client: str, changes: dict[str, Any]) -> None:
    assert window.codes(JWT, {"jwt": link(window.shop, client, **changes)}) == ["CREDENTIALS_WRONG"]
    assert window.codes(JWT, {"jwt": "none"}) == ["CREDENTIALS_WRONG"]


SYNC = """mutation ($to: String!, $cart: String, $analytics: AnalyticsCommonEventInput, $ip: IpAddress) {
  generateSessionSyncJwt(redirectTo: $to, cartId: $cart, analytics: $analytics, ipAddress: $ip) {
    result { token url } errors { __typename ... on Error { message } } } }"""
TAKE = """mutation ($jwt: String!) { validateSessionSyncJwt(jwt: $jwt) {
  content { redirectTo customer { entityId } customerAccessToken { value } cart { entityId }
    analytics { visitorId visitId initiator { visitorId visitId } consent { targeting analytics functional }
      request { url ip userAgent referer acceptLanguage } } }
  errors { __typename ... on Error { message } ... on InvalidSessionSyncJwtError { errorType } } } }"""


def carried(window: Window, who: dict[str, str] | None = None, **variables: Any) -> Any:
    found = window.ask(SYNC, {"to": "/checkout", **variables}, **who or {})["generateSessionSyncJwt"]
    assert found["errors"] == []
    return found["result"]


def taken(window: Window, token: str) -> Any:
    return window.ask(TAKE, {"jwt": token})["validateSessionSyncJwt"]


def test_a_session_is_carried_to_another_host_once(window: Window) -> None:
    shop = window.shop
    shop.product("Hammer", price=10)
    cart = shop.post("/v3/carts", {"customer_id": 1, "line_items": [{"product_id": 1, "quantity": 1}]}).data["id"]
    me = token_of(login(window))
    analytics = {
        "initiator": {"visitId": "v", "visitorId": "w"},
        "request": {"url": "https://shop.example/", "userAgent": "Mozilla", "refererUrl": "https://shop.example/a"},
    }
    made = carried(window, me, cart=cart, analytics=analytics)
    assert made["url"].endswith(f"/session-sync/{made['token']}")
    content = taken(window, made["token"])["content"]
    assert (content["redirectTo"], content["customer"], content["cart"]) == (
        "/checkout", {"entityId": 1}, {"entityId": cart},
    )  # fmt: skip
    assert content["analytics"]["visitorId"] == "w"
    assert content["analytics"]["request"]["referer"] == "https://shop.example/a"
    assert content["analytics"]["consent"] == {"targeting": True, "analytics": True, "functional": True}
    assert window.ask(ME, **token_of(content))["customer"]["entityId"] == 1
    (error,) = taken(window, made["token"])["errors"]
    assert (error["__typename"], error["errorType"]) == ("InvalidSessionSyncJwtError", "OTHER")


def test_in_a_browser_it_is_a_session_and_a_cart(window: Window) -> None:
    shop = window.shop
    shop.product("Hammer", price=10)
    cart = shop.post("/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}]}).data["id"]
    me = token_of(login(window))
    made = carried(window, me, cart=cart)
    path = f"/session-sync/{made['token']}"
    reply = window.send("GET", path=path, authorization="", content_type="")
    assert (reply.status, reply.headers["location"]) == (302, "/checkout")
    assert window.send("GET", path=path, authorization="", content_type="").status == 401
    assert window.send("GET", path="/session-sync/x", authorization="", content_type="").status == 401
    bound = carried(window, me, ip="192.0.2.1")
    reply = window.send("GET", path=f"/session-sync/{bound['token']}", authorization="", content_type="")
    assert reply.status == 401


def test_what_carries_no_session(window: Window) -> None:
    shop = window.shop
    made = carried(window)
    assert taken(window, made["token"])["content"]["customer"] is None
    for to in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert window.codes(SYNC, {"to": to})
    other = "00000000-0000-0000-0000-000000000000"
    found = window.ask(SYNC, {"to": "/", "cart": other})["generateSessionSyncJwt"]
    assert kinds(found) == ["GenerateSessionSyncTokenCartNotFound"]
    foreign = jwt.encode({"store_hash": "other"}, "0123456789abcdef0123456789abcdef", headers={"kid": "storefront-x"})
    forged = jwt.encode({"store_hash": shop.name}, "0123456789abcdef0123456789abcdef", headers={"kid": "storefront-x"})
    for token, kind in ((foreign, "STORE_ID_MISMATCH"), (forged, "OTHER"), ("x", "OTHER"), (window.token, "OTHER")):
        (error,) = taken(window, token)["errors"]
        assert error["errorType"] == kind
    me = token_of(login(window))
    gone = carried(window, me)["token"]
    shop.delete("/v3/customers?id:in=1")
    assert kinds(taken(window, gone)) == ["InvalidSessionSyncJwtError"]
    late = carried(window)["token"]
    shop.freeze(NOW + 300)
    assert kinds(taken(window, late)) == ["JwtTokenExpiredError"]


def test_every_field_of_a_customer_can_be_asked(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.storefront.graphql.serving.MOST_COMPLEX", 10**9)
    monkeypatch.setattr("bodega.storefront.graphql.serving.LARGEST", 10**9)
    for limit in ("MOST_ROOTS", "MOST_ALIKE", "MOST_FIELDS", "MOST_TOKENS", "LONGEST"):
        monkeypatch.setattr(f"bodega.storefront.graphql.documents.{limit}", 10**9)
    shop, me = window.shop, token_of(login(window))
    shop.product("Hammer", price=10)
    shop.post("/v3/customers/attributes", [{"name": "Shoe size", "type": "number"}])
    shop.put("/v3/customers/attribute-values", [{"attribute_id": 1, "customer_id": 1, "value": "42"}])
    asked(window, *ADD, PLACE, **me)
    shop.post("/v3/wishlists", {"customer_id": 1, "name": "Tools", "items": [{"product_id": 1, "variant_id": 1}]})
    for kind in ("customers", "orders"):
        field = {"namespace": "n", "key": "k", "value": "v", "permission_set": "read_and_sf_access"}
        shop.post(f"/v3/{kind}/1/metafields", field)
    billed = {"first_name": "Jane", "last_name": "Doe", "street_1": "1 Main St", "city": "Austin", "state": "Texas",
              "zip": "78701", "country": "United States", "email": "jane@example.com"}  # fmt: skip
    lines = [{"product_id": 1, "quantity": 1}]
    made = shop.post("/v2/orders", {"customer_id": 1, "status_id": 11, "billing_address": billed, "products": lines})
    number = made.json["id"]
    roots = {"customer ": "Customer", f"site {{ order(filter: {{entityId: {number}}}) ": "OrderWithPayments",
             "geography ": "Geography", "site { settings { formFields ": "FormFields"}  # fmt: skip
    for root, kind in roots.items():
        shown = selection(schema().type_map[kind], served(), 6)
        whole = window.whole("{ " + root + shown + " }" * (root.count("{") - root.count("}") + 1), **me)
        assert "errors" not in whole, whole["errors"][:3]
        assert "data" in whole
    query = '{ customer { attributes { attribute(entityId: %d) { name value } } metafields(namespace: "n") { edges {'
    query += " node { key value } } } } }"
    found = window.ask(query % 1, **me)["customer"]
    assert found["attributes"]["attribute"] == {"name": "Shoe size", "value": "42"}
    assert window.codes(query % 9, **me)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (LOGIN, {"email": "jane@example.com", "password": PASSWORD}),
        ('mutation ($e: String!, $p: String!) { login(email: $e, password: $p) { customerAccessToken { value } } }',
         {"e": "jane@example.com", "p": PASSWORD}),
        (f'mutation {{ login(email: "jane@example.com", password: "{PASSWORD}") {{ result }} }}', {}),
        (f'mutation {{ login(email: "jane@example.com", password: """{PASSWORD}""") {{ result }} }}', {}),
    ],
)  # fmt: skip
def test_no_password_stands_in_the_journal(window: Window, query: str, variables: dict[str, str]) -> None:
    window.shop.change(settings={"journal": "full"})
    token = (window.ask(query, variables)["login"].get("customerAccessToken") or {}).get("value", "no token")
    (kept,) = [str(one) for one in told(window.shop).entries if one.path == "/graphql"]
    assert "jane@example.com" in kept
    assert PASSWORD not in kept
    assert token not in kept


# All at once


def outcomes(answers: list[Any]) -> list[str]:
    """The code of each answer's error, empty for those that did what was asked."""
    return sorted(one["errors"][0]["extensions"]["code"] if "errors" in one else "" for one in answers)


def test_a_token_that_is_replayed_at_once_signs_in_once(window: Window, client: str) -> None:
    body = {"query": JWT, "variables": {"jwt": link(window.shop, client)}}
    found = outcomes(together(window, [body] * 8))
    assert found[0] == ""
    assert "" not in found[1:]
    assert set(found[1:]) <= {"CREDENTIALS_WRONG", "DUPLICATE"}


def test_a_session_is_carried_once_by_many_at_once(window: Window) -> None:
    token = carried(window, token_of(login(window)))["token"]
    answers = together(window, [{"query": TAKE, "variables": {"jwt": token}}] * 6)
    contents = [(one.get("data") or {}).get("validateSessionSyncJwt") or {} for one in answers]
    assert sum(bool(one.get("content")) for one in contents) == 1


def test_guesses_at_once_are_bounded(window: Window) -> None:
    wrong = {"query": LOGIN, "variables": {"email": "jane@example.com", "password": "wrong4you"}}
    found = outcomes(together(window, [wrong] * 14))
    assert found.count("CREDENTIALS_WRONG") == 10
    assert found.count("PASSWORD_GUESSED") == 4


def test_a_link_chooses_one_password_whoever_is_first(window: Window) -> None:
    asked(window, *RESET, {"email": "jane@example.com", "path": "/change-password"})
    shown = f"customer {{ resetPassword(input: $input) {{ {ERRORS % PATH} }} }}"
    query = f"mutation ($input: ResetPasswordInput!) {{ {shown} }}"
    given = {"customerEntityId": 1, "token": link_token(window.shop)}
    bodies = [{"query": query, "variables": {"input": {**given, "newPassword": f"sesame{one}x"}}} for one in range(4)]
    answers = [one["data"]["customer"]["resetPassword"]["errors"] for one in together(window, bodies)]
    assert sorted(map(len, answers)) == [0, 1, 1, 1]


NUL = "a\x00@b.com"


def test_texts_that_no_database_takes_are_refused_or_not_found(window: Window) -> None:
    me = token_of(login(window))
    known = {"email": "jane@example.com", "password": PASSWORD}
    queries: list[tuple[str, dict[str, Any]]] = [
        (LOGIN, {"email": NUL, "password": NUL}),
        (LOGIN, {**known, "cart": NUL}),
        (LOGOUT, {"cart": NUL}),
        (JWT, {"jwt": NUL}),
        (JWT, {"jwt": "x" * 100_000}),
        (TAKE, {"jwt": NUL}),
        (SYNC, {"to": "/", "cart": NUL}),
        (SYNC, {"to": NUL}),
        ("query ($t: String!) { site { publicWishlist(token: $t) { name } } }", {"t": NUL}),
        ("query ($t: String!) { site { publicWishlist(token: $t) { name } } }", {"t": "x" * 100_000}),
        ("query ($t: String!) { site { order(filter: {entityId: 1, cartEntityId: $t}) { entityId } } }", {"t": NUL}),
        ("query ($t: String!) { geography { countries(filters: {name: $t, code: $t}) { code } } }", {"t": NUL}),
        ("query ($t: String!) { customer { metafields(namespace: $t, keys: [$t]) { edges { cursor } } } }", {"t": NUL}),
        ("query ($t: String!) { geography { countries(filters: {name: $t, code: $t}) { code } } }", {"t": "x" * 9_999}),
        ("query ($t: String!) { customer { metafields(namespace: $t) { edges { cursor } } } }", {"t": "x" * 100_000}),
    ]  # fmt: skip
    for query, variables in queries:
        found = window.whole(query, variables, **me)
        codes = [one["extensions"]["code"] for one in found.get("errors", ())]
        assert "INTERNAL_ERROR" not in codes, (query, found)
        assert NUL not in variables.values() or codes == ["BAD_USER_INPUT"], (query, found)
    literal = 'mutation { login(email: "a\\u0000@b.com", password: "x") { result } }'
    assert window.codes(literal) == ["BAD_USER_INPUT"]


class Browser:
    """A browser that follows a link which carries a session."""

    def __init__(self, window: Window, **cookies: str) -> None:
        self.window, self.cookies = window, cookies

    def follow(self, token: str, method: str = "GET", **headers: str) -> Any:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"authorization": "", "content_type": "", "cookie": kept, **headers}
        return self.window.send(method, path=f"/session-sync/{token}", **sent)


def filled(shop: Shop, **more: Any) -> str:
    return str(shop.post("/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}], **more}).data["id"])


@pytest.fixture
def planting(window: Window) -> tuple[Window, str]:
    """A link with a stranger's cart, and with it the name of that cart."""
    window.shop.product("Hammer", price=10)
    return window, filled(window.shop)


def test_a_link_plants_no_cart_on_who_has_one(planting: tuple[Window, str]) -> None:
    window, theirs = planting
    link, mine = carried(window, cart=theirs)["token"], filled(window.shop)
    browser = Browser(window, cartId=mine)
    for headers in ({}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "none"},
                    {"referer": "https://evil.example/"}):  # fmt: skip
        asked = browser.follow(link, **headers)
        assert (asked.status, "set-cookie" in asked.headers, b'<form method="post"' in asked.body) == (200, False, True)
    assert browser.follow(link, "POST", origin="https://evil.example").status == 403
    assert browser.follow(link, "POST", sec_fetch_site="cross-site").status == 403
    answered = browser.follow(link, "POST", origin=f"https://{window.host}")
    assert (answered.status, theirs in answered.headers["set-cookie"]) == (303, True)
    assert browser.follow(link, "POST", origin=f"https://{window.host}").status == 401, "once"


def test_a_link_signs_nobody_in_as_somebody_else(planting: tuple[Window, str]) -> None:
    window, theirs = planting
    (other,) = window.shop.post(
        "/v3/customers", [{"email": "eve@example.com", "first_name": "Eve", "last_name": "E"}]
    ).data
    eve = window.signed_in(other["id"])
    jane = window.signed_in(1)["x_bc_customer_access_token"]
    browser = Browser(window, SHOP_SESSION_TOKEN=jane)
    for made in (carried(window, eve), carried(window, cart=theirs)):
        asked = browser.follow(made["token"])
        assert (asked.status, "set-cookie" in asked.headers) == (200, False)
    own = carried(window, {"x_bc_customer_access_token": jane})
    assert browser.follow(own["token"]).status == 302
    stale = Browser(window, SHOP_SESSION_TOKEN="gone", cartId="gone")
    assert stale.follow(carried(window, eve)["token"]).status == 302


def test_a_page_of_the_shop_carries_without_asking(planting: tuple[Window, str]) -> None:
    window, theirs = planting
    browser = Browser(window, cartId=filled(window.shop))
    site = "https://shop.example"
    assert window.shop.put("/v3/channels/1/site", {"url": site}).status == 200
    strangers = Browser(window, cartId=filled(window.shop))
    for headers in ({}, {"referer": "http://store-other.localhost/"}, {"referer": "https://blog.shop.example/"}):
        asked = strangers.follow(carried(window, cart=theirs)["token"], sec_fetch_site="same-site", **headers)
        assert (asked.status, "set-cookie" in asked.headers) == (200, False), "a host of the same site is not the shop"
    for headers in (
        {"referer": f"{site}/cart"},
        {"referer": f"{site}/cart", "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-origin"},
    ):
        reply = browser.follow(carried(window, cart=theirs)["token"], **headers)
        assert (reply.status, theirs in reply.headers["set-cookie"]) == (302, True)


def test_pictures_and_frames_carry_nothing(planting: tuple[Window, str]) -> None:
    window, theirs = planting
    link = carried(window, cart=theirs)["token"]
    for kind in ("image", "iframe", "script", "empty"):
        assert Browser(window).follow(link, sec_fetch_dest=kind).status == 403
    assert Browser(window).follow(link, sec_fetch_dest="document").status == 302
