"""The REST API for shoppers: each of its operations, right and wrong, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.law.reasons import Reason
from bodega.storefront.rest.table import OPERATIONS
from browsing import Page
from shop import Shop
from storefront import Window

ADDRESS = {
    "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "address1": "1 Main St", "city": "Austin",
    "stateOrProvince": "Texas", "stateOrProvinceCode": "TX", "countryCode": "US", "postalCode": "78701",
    "phone": "15125550100",
}  # fmt: skip
SHIPPING = "?include=consignments.availableShippingOptions"


def opened(shop: Shop) -> Page:
    """Two products at 10 and 20, two ways of shipping within the United States, a coupon, a customer; a page."""
    shop.freeze(1_900_000_000)
    for place, name in enumerate(("Hammer", "Saw"), start=1):
        shop.product(name, price=10 * place, weight=place)
    zone = {"name": "US", "type": "country", "locations": [{"country_iso2": "US"}]}
    assert shop.post("/v2/shipping/zones", zone).status == 201
    for method in (
        {"name": "Flat", "type": "perorder", "settings": {"rate": 8}},
        {"name": "Each", "type": "peritem", "settings": {"rate": 3}},
    ):
        assert shop.post("/v2/shipping/zones/1/methods", method).status == 200
    shop.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])
    coupon = {"name": "Ten", "code": "TEN", "type": "percentage_discount", "amount": "10", "applies_to":
              {"entity": "categories", "ids": [0]}}  # fmt: skip
    assert shop.post("/v2/coupons", coupon).status == 201
    return Page(shop)


@pytest.fixture
def page(shop: Shop) -> Page:
    """A page of such a shop."""
    return opened(shop)


def line(product: int, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"productId": product, "quantity": quantity, **more}


def filled(page: Page, *lines: dict[str, Any]) -> Any:
    """A new cart."""
    return page.ask("POST", "/carts", {"lineItems": list(lines or (line(1, 2),))})


def at(cart: Any, more: str = "") -> str:
    return f"/checkouts/{cart['id']}{more}"


def pieces(cart: Any) -> list[dict[str, Any]]:
    return [{"itemId": one["id"], "quantity": one["quantity"]} for one in cart["lineItems"]["physicalItems"]]


def sent(page: Page, cart: Any, option: str = "Flat") -> Any:
    """A checkout with both addresses and a shipping option."""
    page.ask("POST", at(cart, "/billing-address"), ADDRESS)
    body = [{"address": ADDRESS, "lineItems": pieces(cart)}]
    made = page.ask("POST", at(cart, f"/consignments{SHIPPING}"), body)
    (one,) = made["consignments"]
    found = {each["description"]: each["id"] for each in one["availableShippingOptions"]}
    return page.ask("PUT", at(cart, f"/consignments/{one['id']}"), {"shippingOptionId": found[option]})


def test_a_cart_from_its_first_line_to_its_last(page: Page) -> None:
    assert page.ask("GET", "/carts") == []
    cart = filled(page, line(1, 2))
    assert (cart["cartAmount"], cart["currency"]["code"], cart["currency"]["decimalPlaces"]) == (20, "USD", 2)
    assert page.cookies["cartId"] == cart["id"]
    (one,) = cart["lineItems"]["physicalItems"]
    assert (one["name"], one["quantity"], one["listPrice"], one["extendedSalePrice"]) == ("Hammer", 2, 10, 20)
    assert page.ask("GET", "/carts") == [cart]
    more = page.ask("POST", f"/carts/{cart['id']}/items", {"lineItems": [line(2)], "version": cart["version"]})
    assert (more["cartAmount"], more["version"]) == (40, cart["version"] + 1)
    items = f"/carts/{cart['id']}/items"
    less = page.ask("PUT", f"{items}/{one['id']}", {"lineItem": line(1)})
    assert less["cartAmount"] == 30
    left = page.ask("DELETE", f"{items}/{one['id']}")
    assert [each["name"] for each in left["lineItems"]["physicalItems"]] == ["Saw"]
    (last,) = left["lineItems"]["physicalItems"]
    assert page.ask("DELETE", f"{items}/{last['id']}") is None
    assert page.ask("GET", "/carts") == []
    assert "cartId" not in page.cookies


GIFT = {
    "name": "Gift", "theme": "Birthday", "amount": 25, "sender": {"name": "Ann", "email": "ann@example.com"},
    "recipient": {"name": "Joe", "email": "joe@example.com"},
}  # fmt: skip


def test_fewer_than_no_pieces_of_anything_are_refused_and_remove_nothing(page: Page) -> None:
    cart = page.ask("POST", "/carts", {"lineItems": [line(1, 2)], "giftCertificates": [GIFT]})
    item = cart["lineItems"]["physicalItems"][0]["id"]
    gift = cart["lineItems"]["giftCertificates"][0]["id"]
    few = [{"address": ADDRESS, "lineItems": [{"itemId": item, "quantity": -1}]}]
    for method, path, body in (
        ("POST", "/carts", {"lineItems": [line(1, -1)]}),
        ("POST", f"/carts/{cart['id']}/items", {"lineItems": [line(1, -1)]}),
        ("POST", f"/carts/{cart['id']}/items", {"giftCertificates": [{**GIFT, "quantity": -1}]}),
        ("PUT", f"/carts/{cart['id']}/items/{item}", {"lineItem": {"quantity": -1}}),
        ("PUT", f"/carts/{cart['id']}/items/{item}", {"lineItem": line(1, -1)}),
        ("PUT", f"/carts/{cart['id']}/items/{gift}", {"giftCertificate": {**GIFT, "quantity": -1}}),
        ("PUT", at(cart, f"/carts/{cart['id']}/items/{item}"), {"lineItem": line(1, -1)}),
        ("PUT", at(cart, f"/carts/{cart['id']}/items/{gift}"), {"giftCertificate": {**GIFT, "quantity": -1}}),
        ("POST", at(cart, "/consignments"), few),
    ):
        reply = page.send(method, path, body)
        assert (reply.status, reply.json["type"]) == (422, "field_invalid"), (method, path, reply.body)
        assert "quantity" in reply.json["detail"]
    assert page.ask("GET", "/carts") == [cart]
    none = page.ask("PUT", f"/carts/{cart['id']}/items/{item}", {"lineItem": {"quantity": 0}})
    assert none["lineItems"]["physicalItems"] == []


def test_a_cart_of_more_pieces_than_can_be_counted_is_not_made(page: Page) -> None:
    most = 2_147_483_647
    refused = page.send("POST", "/carts", {"lineItems": [line(1, most), line(2, 1)]})
    assert (refused.status, list(refused.json["fields"])) == (422, ["lineItems.1.quantity"])
    assert page.ask("GET", "/carts") == []
    cart = filled(page, line(1, most - 1), line(2))
    item = cart["lineItems"]["physicalItems"][1]["id"]
    for path in (f"/carts/{cart['id']}/items/{item}", at(cart, f"/carts/{cart['id']}/items/{item}")):
        refused = page.send("PUT", path, {"lineItem": line(2, 2)})
        assert (refused.status, list(refused.json["fields"])) == (422, ["lineItem.quantity"])
    assert page.ask("GET", "/carts") == [cart]


def test_the_locale_of_a_cart_is_the_tag_of_a_language(page: Page) -> None:
    for wrong in ("x" * 70_000, "en\r\nBcc: x"):
        refused = page.send("POST", "/carts", {"lineItems": [line(1)], "locale": wrong})
        assert (refused.status, list(refused.json["fields"])) == (422, ["locale"])
    assert page.ask("POST", "/carts", {"lineItems": [line(1)], "locale": "de-CH"})["locale"] == "de-CH"


def test_a_value_of_another_type_is_told_once_at_its_member(page: Page) -> None:
    cart = filled(page)
    item = f"/carts/{cart['id']}/items/{cart['lineItems']['physicalItems'][0]['id']}"
    lines, whole = [line(1), {"productId": 2, "quantity": {}}], "must be a whole number"
    for method, path, body, field, words in (
        ("PUT", item, {"lineItem": {"quantity": "x"}}, "lineItem.quantity", whole),
        ("PUT", at(cart, item), {"lineItem": {"quantity": "x"}}, "lineItem.quantity", whole),
        ("PUT", item, {"lineItem": []}, "lineItem", "must be an object or null"),
        ("PUT", item, {"lineItem": line(1), "version": "new"}, "version", "must be a whole number or null"),
        ("PUT", item, [], "body", "must be an object"),
        ("POST", "/carts", {"lineItems": lines}, "lineItems.1.quantity", whole),
        ("POST", "/carts", {"lineItems": {}}, "lineItems", "must be a list"),
        ("POST", at(cart, "/consignments"), [{"lineItems": [{"itemId": "a", "quantity": "x"}]}],
         "0.lineItems.0.quantity", whole),
        ("POST", at(cart, "/billing-address"), {"city": 5}, "city", "must be a string or null"),
        ("POST", at(cart, "/coupons"), {"couponCode": {}}, "couponCode", "must be a string"),
    ):  # fmt: skip
        refused = page.send(method, path, body)
        assert refused.status == 422, (method, path, refused.body)
        assert refused.json["fields"] == {field: f"{field} {words}."}
        assert refused.json["detail"] == f"{field} {words}."


def test_a_browser_with_a_cart_puts_new_lines_into_it(page: Page) -> None:
    first = filled(page, line(1))
    second = filled(page, line(2))
    assert second["id"] == first["id"]
    assert second["cartAmount"] == 30
    assert page.send("DELETE", f"/carts/{first['id']}").status == 204
    assert page.send("DELETE", f"/carts/{first['id']}").status == 404


def test_another_version_is_a_conflict_in_its_published_form(page: Page) -> None:
    cart = filled(page)
    item = cart["lineItems"]["physicalItems"][0]["id"]
    for method, path, body in (
        ("POST", f"/carts/{cart['id']}/items", {"lineItems": [line(2)]}),
        ("PUT", f"/carts/{cart['id']}/items/{item}", {"lineItem": line(1, 3)}),
        ("DELETE", f"/carts/{cart['id']}/items/{item}", {}),
        ("PUT", at(cart), {"customerMessage": "Ring"}),
        ("POST", at(cart, "/billing-address"), ADDRESS),
        ("POST", at(cart, "/coupons"), {"couponCode": "TEN"}),
        ("DELETE", at(cart, "/coupons/TEN"), {}),
        ("POST", at(cart, "/consignments"), [{"address": ADDRESS, "lineItems": pieces(cart), "version": 7}]),
    ):
        said = body if isinstance(body, list) else {**body, "version": 7}
        reply = page.send(method, path, said)
        assert reply.status == 409, (method, path, reply.body)
        assert {"status": 409, "type": "version_conflict"}.items() <= reply.json.items()
        assert isinstance(reply.json["title"], str)
    assert page.ask("GET", "/carts") == [cart]


def test_a_checkout_comes_to_what_the_admin_api_says(page: Page) -> None:
    cart = filled(page, line(1, 2), line(2))
    made = sent(page, cart)
    whole = page.shop.get(f"/v3/checkouts/{cart['id']}").data
    assert (made["grandTotal"], made["subtotal"], made["shippingCostTotal"]) == (48, 40, 8)
    assert whole["grand_total"] == 48
    assert made["outstandingBalance"] == 48
    assert made["billingAddress"]["stateOrProvinceCode"] == "TX"
    assert made["consignments"][0]["selectedShippingOption"]["description"] == "Flat"
    said = page.ask("PUT", at(cart), {"customerMessage": "Ring twice"})
    assert said["customerMessage"] == "Ring twice"
    billed = page.ask("PUT", at(cart, f"/billing-address/{made['billingAddress']['id']}"), {**ADDRESS, "city": "Waco"})
    assert billed["billingAddress"]["city"] == "Waco"
    reduced = page.ask("POST", at(cart, "/coupons"), {"couponCode": "TEN"})
    assert (reduced["grandTotal"], reduced["coupons"][0]["code"], reduced["coupons"][0]["couponType"]) == (44, "TEN", 1)
    assert reduced["cart"]["coupons"][0]["couponType"] == "percentage_discount"
    assert page.ask("DELETE", at(cart, "/coupons/TEN"))["coupons"] == []
    item = pieces(cart)[0]["itemId"]
    fewer = page.ask("PUT", at(cart, f"/carts/{cart['id']}/items/{item}"), {"lineItem": line(1)})
    assert fewer["cart"]["cartAmount"] == 30
    assert "selectedShippingOption" not in fewer["consignments"][0]
    kept = page.ask("DELETE", at(cart, f"/carts/{cart['id']}/items/{item}"))
    assert kept["subtotal"] == 20
    gone = page.ask("DELETE", at(cart, f"/consignments/{fewer['consignments'][0]['id']}"))
    assert gone["consignments"] == []
    assert page.ask("POST", at(cart, "/spam-protection"), {"token": "x"})["shouldExecuteSpamCheck"] is False


def test_a_wrong_code_is_refused(page: Page) -> None:
    cart = filled(page)
    wrong = page.send("POST", at(cart, "/coupons"), {"couponCode": "NOPE"})
    assert 400 <= wrong.status < 500
    assert set(wrong.json["fields"]) == {"couponCode"}
    assert page.send("POST", at(cart, "/gift-certificates"), {"giftCertificateCode": "NOPE"}).status == 404
    assert page.send("DELETE", at(cart, "/gift-certificates/NOPE")).status == 404
    assert page.send("DELETE", at(cart, "/coupons/NOPE")).status == 404


def test_gift_certificates_and_store_credit_pay(page: Page) -> None:
    shop = page.shop
    made = {"to_name": "A", "to_email": "a@example.com", "from_name": "B", "from_email": "b@example.com",
            "amount": "5.00", "balance": "5.00", "status": "active", "code": "GIFT-1"}  # fmt: skip
    assert shop.post("/v2/gift_certificates", made).status == 201
    credit = [{"id": 1, "store_credit_amounts": [{"amount": 7}]}]
    assert shop.put("/v3/customers", credit).status == 200
    page.sign_in(1)
    cart = filled(page)
    paid = page.ask("POST", at(cart, "/gift-certificates"), {"giftCertificateCode": "GIFT-1"})
    assert (paid["grandTotal"], paid["outstandingBalance"]) == (20, 15)
    assert paid["giftCertificates"][0]["used"] == 5
    both = page.ask("POST", at(cart, "/store-credit"))
    assert (both["outstandingBalance"], both["isStoreCreditApplied"]) == (8, True)
    assert page.ask("DELETE", at(cart, "/store-credit"))["outstandingBalance"] == 15
    assert page.ask("DELETE", at(cart, "/gift-certificates/GIFT-1"))["outstandingBalance"] == 20


def test_a_currency_gives_the_cart_another_id(page: Page) -> None:
    euro = {"currency_code": "EUR", "currency_exchange_rate": "0.5", "name": "Euro", "token": "E", "country_iso2": "FR",
            "token_location": "left", "decimal_token": ".", "thousands_token": ",", "decimal_places": 2,
            "enabled": True, "is_transactional": True}  # fmt: skip
    assert page.shop.post("/v2/currencies", euro).status == 200
    own = {"enabled_currencies": ["USD", "EUR"], "default_currency": "USD"}
    assert page.shop.put("/v3/channels/1/currency-assignments", own).status == 200
    cart = filled(page)
    (made,) = page.ask("POST", f"/carts/{cart['id']}/currency", {"currencyCode": "EUR"})
    assert (made["currency"]["code"], made["cartAmount"]) == ("EUR", 10)
    assert made["id"] != cart["id"]
    assert page.cookies["cartId"] == made["id"]
    assert page.send("POST", f"/carts/{made['id']}/currency", {"currencyCode": "XXX"}).status == 404
    assert page.send("POST", f"/carts/{made['id']}/currency", {}).status == 422


def test_an_account_is_made_and_signed_in(page: Page) -> None:
    cart = filled(page)
    body = {"firstName": "Ann", "lastName": "Lee", "email": "ann@example.com", "password": "secret-77",
            "acceptsMarketingEmails": True}  # fmt: skip
    assert page.send("POST", "/customers", body).status == 204
    shown = page.ask("GET", at(cart, "?include=customer"))["customer"]
    assert (shown["email"], shown["isGuest"]) == ("ann@example.com", False)
    assert page.shop.get("/v3/customers/subscribers?email=ann@example.com").data[0]["consents"] == [
        "marketing_newsletter"
    ]
    other = Page(page.shop)
    assert other.send("POST", "/customers", body).status == 409
    lacking = other.send("POST", "/customers", {"email": "b@example.com"})
    assert lacking.status == 422
    assert set(lacking.json["fields"]) == {"firstName", "lastName", "password"}
    assert other.send("POST", "/customers", {**body, "email": "no"}).status in (400, 422)


def test_consent_is_kept_in_the_browser_and_with_the_customer(page: Page) -> None:
    assert page.send("POST", "/consent", {"allow": [1, 2], "deny": [3]}).status == 200
    assert "bc_consent" in page.cookies
    page.sign_in(1)
    page.ask("POST", "/consent", {"allow": [1, 2], "deny": [3]})
    kept = page.shop.get("/v3/customers/1/consent").json
    assert (kept["allow"], kept["deny"]) == (["essential", "functional"], ["analytics"])
    for wrong in ({"allow": [1]}, {"allow": [9], "deny": []}, {"allow": [1], "deny": [1]}, [], "x"):
        assert page.send("POST", "/consent", wrong).status == 400


def test_a_stranger_takes_no_consent_back(page: Page) -> None:
    said = {"email": "jane@example.com", "acceptsMarketingNewsletter": True, "acceptsAbandonedCartEmails": False}
    made = page.ask("POST", "/subscriptions", said)
    assert (made["email"], made["consents"]) == ("jane@example.com", ["marketing_newsletter"])
    none = {**said, "acceptsMarketingNewsletter": False}
    known = "/v3/customers/subscribers?email=jane@example.com"
    page.ask("POST", "/subscriptions", none)
    assert page.shop.get(known).data[0]["consents"] == ["marketing_newsletter"]
    page.sign_in(1)
    page.ask("POST", "/subscriptions", none)
    assert page.shop.get(known).data[0]["consents"] == []
    assert page.send("POST", "/subscriptions", {"email": "no"}).status == 422


def test_forms_and_pickup(page: Page) -> None:
    forms = page.ask("GET", "/form-fields")
    assert set(forms) == {"customerAccount", "shippingAddress", "billingAddress"}
    assert {one["name"] for one in forms["shippingAddress"]} >= {"firstName", "countryCode", "postalCode"}
    area = {"radius": {"value": 10, "unit": "KM"}, "coordinates": {"latitude": 1.5, "longitude": 2}}
    variant = page.shop.get("/v3/catalog/products/1/variants").data[0]["id"]
    search = {"searchArea": area, "items": [{"variantId": variant, "quantity": 1}]}
    assert page.ask("POST", "/pickup-options", search) == {"results": [{"pickupOptions": []}]}
    assert page.send("POST", "/pickup-options", {"items": []}).status == 422


def test_an_order_is_its_shoppers(page: Page) -> None:
    cart = filled(page)
    sent(page, cart)
    made = page.shop.post(f"/v3/checkouts/{cart['id']}/orders")
    assert made.status == 200
    number = made.data["id"]
    found = page.ask("GET", f"/orders/{number}?include=payments,lineItems.physicalItems.options")
    assert (found["orderAmount"], found["orderAmountAsInteger"], found["status"]) == (28, 2800, "INCOMPLETE")
    assert found["cartId"] == cart["id"]
    assert found["lineItems"]["physicalItems"][0]["name"] == "Hammer"
    assert found["consignments"]["shipping"][0]["shippingMethod"]
    assert page.ask("GET", "/carts") == []
    assert page.ask("GET", at(cart))["orderId"] == str(number)
    other = Page(page.shop)
    assert other.send("GET", f"/orders/{number}").status == 404
    other.sign_in(1)
    assert other.send("GET", f"/orders/{number}").status == 404
    for wrong in ("0", "99", "-1", "1e9", "99999999999", "x", "%00"):
        assert page.send("GET", f"/orders/{wrong}").status == 404


def operations() -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in OPERATIONS]


def test_nobody_elses_cart_is_there(page: Page) -> None:
    """Every operation that names a cart or a checkout answers 404 to whoever it is not."""
    owner, stranger = page, Page(page.shop)
    owner.sign_in(1)
    cart = filled(owner)
    made = sent(owner, cart)
    other = page.shop.post("/v3/customers", [{"email": "b@example.com", "first_name": "B", "last_name": "C"}])
    names = {
        "cartId": cart["id"], "checkoutId": cart["id"], "itemId": pieces(cart)[0]["itemId"],
        "addressId": made["billingAddress"]["id"], "consignmentId": made["consignments"][0]["id"],
        "couponCode": "TEN", "giftCertificateCode": "X",
    }  # fmt: skip
    bodies: dict[str, Any] = {
        "currency": {"currencyCode": "USD"}, "items": {"lineItems": [line(2)]}, "{itemId}": {"lineItem": line(1, 9)},
        "billing-address": ADDRESS, "{addressId}": ADDRESS, "coupons": {"couponCode": "TEN"},
        "consignments": [{"address": ADDRESS, "lineItems": pieces(cart)}], "{consignmentId}": {"address": ADDRESS},
        "gift-certificates": {"giftCertificateCode": "X"}, "spam-protection": {"token": "x"},
    }  # fmt: skip
    before = owner.ask("GET", at(cart))
    judged = 0
    for customer in (0, other.data[0]["id"]):
        if customer:
            stranger.sign_in(customer)
        stranger.cookies["cartId"] = cart["id"]
        for method, path in operations():
            if "{cartId}" not in path and "{checkoutId}" not in path:
                continue
            reply = stranger.send(method, path.format(**names), bodies.get(path.rpartition("/")[2], {}))
            assert reply.status == 404, (method, path, reply.body)
            judged += 1
        assert stranger.ask("GET", "/carts") == []
    assert judged == 42
    assert owner.ask("GET", at(cart)) == before


def test_only_the_shops_own_pages_change_things(page: Page) -> None:
    cart = filled(page)
    for method, path in operations():
        there = path.format(cartId=cart["id"], checkoutId=cart["id"], itemId="x", addressId="x", consignmentId="x",
                            couponCode="x", giftCertificateCode="x", orderId="1")  # fmt: skip
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}):
            reply = page.send(method, there, {}, **headers)
            refused = reply.status == 403 and reply.json["type"] == "scope_missing"
            assert refused is (method != "GET"), (method, path, headers, reply.status)
            assert "access-control-allow-origin" not in reply.headers
    body = {"customerMessage": "x"}
    assert page.send("PUT", at(cart), body, x_xsrf_token="forged").status == 403
    assert page.send("PUT", at(cart), body, x_xsrf_token=page.cookies["XSRF-TOKEN"]).status == 200
    assert page.send("PUT", at(cart), body, origin="").status == 200


def test_a_site_of_the_channel_may_read_and_write(page: Page) -> None:
    site = "https://shop.example"
    assert page.shop.put("/v3/channels/1/site", {"url": site}).status == 200
    before = page.send("OPTIONS", "/carts", origin=site)
    assert before.status == 204
    assert before.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    made = page.send("POST", "/carts", {"lineItems": [line(1)]}, origin=site)
    assert (made.status, made.headers["access-control-allow-origin"]) == (200, site)
    assert made.headers["access-control-allow-credentials"] == "true"
    foreign = page.send("OPTIONS", "/carts", origin="https://evil.example")
    assert "access-control-allow-methods" not in foreign.headers


@pytest.mark.parametrize("cookie", ["", "x" * 5_000, "%00", "'; DROP TABLE carts", "{}", "é", "1", "cartId"])
def test_forged_cookies_are_nobodys(page: Page, cookie: str) -> None:
    cart = filled(page)
    forged = Page(page.shop)
    forged.cookies |= {"SHOP_SESSION_TOKEN": cookie, "cartId": cookie, "XSRF-TOKEN": cookie}
    assert forged.ask("GET", "/carts") == []
    assert forged.ask("GET", at(cart, "?include=customer"))["customer"]["isGuest"] is True
    assert forged.send("GET", "/orders/1").status == 404


VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "\0", "\ud83d", "x" * 70_000, [], {}, [[]], {"a": 1}, [None] * 300,
    "1e999", float("1e300"),
]  # fmt: skip


def test_no_body_is_an_accident(page: Page) -> None:
    """Each member of each body becomes each of these values: refused or taken, but never 500."""
    cart = filled(page)
    made = sent(page, cart)
    item = pieces(cart)[0]["itemId"]
    certificate = {"name": "G", "theme": "General", "amount": 5, "quantity": 1, "message": "m",
                   "sender": {"name": "A", "email": "a@example.com"},
                   "recipient": {"name": "B", "email": "b@example.com"}}  # fmt: skip
    consignment = {"address": ADDRESS, "lineItems": pieces(cart)}
    bodies: list[tuple[str, str, Any]] = [
        ("POST", f"/carts/{cart['id']}/items", {"lineItems": [line(1, variantId=1, optionSelections=[
            {"optionId": 1, "optionValue": 1}], giftWrapping={"wrapTogether": True, "wrapDetails": [
                {"id": 1, "message": "m"}]})], "giftCertificates": [certificate], "version": 1, "locale": "en"}),
        ("PUT", f"/carts/{cart['id']}/items/{item}", {"lineItem": line(1), "giftCertificate": certificate}),
        ("POST", f"/carts/{cart['id']}/currency", {"currencyCode": "USD"}),
        ("PUT", at(cart), {"customerMessage": "m", "version": 1}),
        ("POST", at(cart, "/billing-address"), {**ADDRESS, "customFields": [{"fieldId": "1", "fieldValue": "x"}]}),
        ("POST", at(cart, "/consignments"), [consignment]),
        ("PUT", at(cart, f"/consignments/{made['consignments'][0]['id']}"), {**consignment, "shippingOptionId": "x",
                                                                           "pickupOption": {"pickupMethodId": 1}}),
        ("POST", at(cart, "/coupons"), {"couponCode": "x"}),
        ("POST", at(cart, "/gift-certificates"), {"giftCertificateCode": "x"}),
        ("POST", at(cart, "/spam-protection"), {"token": "x"}),
        ("POST", "/consent", {"allow": [1], "deny": [2]}),
        ("POST", "/customers", {"email": "x", "password": "y", "firstName": "a", "lastName": "b",
                                "customFields": [{"fieldId": "1", "fieldValue": "x"}]}),
        ("POST", "/subscriptions", {"email": "x", "acceptsMarketingNewsletter": True}),
        ("POST", "/pickup-options", {"searchArea": {"radius": {"value": 1, "unit": "KM"}, "coordinates": {
            "latitude": 1, "longitude": 2}}, "items": [{"variantId": 1, "quantity": 1}]}),
    ]  # fmt: skip
    for method, path, body in bodies:
        for changed in mutated(body):
            reply = page.send(method, path, changed)
            assert reply.status < 500, (method, path, changed, reply.body)
        for raw in (b"", b"{", b"\xff", b"[" * 5_000, b'{"a":' * 5_000, b"nul", b'{"a":1e999}'):
            reply = page.send(method, path, body=raw)
            assert reply.status < 500, (method, path, raw[:20], reply.body)


def mutated(body: Any) -> Any:
    """The body with each of its values replaced by each of VALUES."""
    yield from VALUES
    if isinstance(body, dict):
        for name, inner in body.items():
            for value in (*VALUES, *(mutated(inner) if isinstance(inner, dict | list) else ())):
                yield {**body, name: value}
    elif isinstance(body, list):
        for value in mutated(body[0]):
            yield [value]


def test_a_body_that_is_too_large_or_no_json_is_refused(page: Page) -> None:
    cart = filled(page)
    large = page.send("PUT", at(cart), body=b'{"customerMessage": "' + b"x" * 300_000 + b'"}')
    assert (large.status, large.json["type"]) == (413, "body_too_large")
    form = page.send("PUT", at(cart), body=b"a=b", content_type="application/x-www-form-urlencoded")
    assert form.status == 415
    assert page.send("PUT", at(cart), body=b"{").json["type"] == "malformed_body"


def test_the_law_of_the_paths(page: Page) -> None:
    assert page.send("GET", "/nothing").status == 404
    for odd in ("%00", "%ff", "x" * 5_000, "..%2f..", "%25", "'", "a b"):
        assert page.send("GET", f"/checkouts/{odd}").status == 404
        assert page.send("DELETE", f"/carts/{odd}/items/{odd}").status == 404
    assert page.send("PATCH", "/carts").status == 405
    assert page.send("PATCH", "/carts").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert page.send("HEAD", "/carts").body == b""
    page.shop.change(maintenance=True)
    closed = page.send("GET", "/carts")
    assert (closed.status, closed.json["type"]) == (503, "maintenance")
    assert "retry-after" in closed.headers


def test_hidden_products_and_prices_of_ones_own_are_not_for_shoppers(page: Page) -> None:
    page.shop.put("/v3/catalog/products/2", {"is_visible": False})
    hidden = page.send("POST", "/carts", {"lineItems": [line(2)]})
    assert (hidden.status, set(hidden.json["fields"])) == (422, {"lineItems.0.productId"})
    cheap = page.ask("POST", "/carts", {"lineItems": [line(1, listPrice=1)], "customItems": [
        {"name": "x", "quantity": 1, "listPrice": -5}], "customerId": 1})  # fmt: skip
    assert (cheap["cartAmount"], cheap["customerId"]) == (10, 0)


def test_refusals_take_a_published_status() -> None:
    """Of the statuses that the registry has for a reason, the one that is published for the operation."""
    by_path = {(one.method, one.path): one for one in OPERATIONS}
    assert by_path["POST", "/consent"].refused(Reason.FIELD_INVALID) == 400
    assert by_path["POST", "/customers"].refused(Reason.FIELD_INVALID) == 422
    assert by_path["GET", "/carts"].refused(Reason.NO_SUCH_ENTITY) == 404


def test_what_is_read_does_not_grow_with_the_lines(page: Page) -> None:
    """A cart and a checkout of two lines cost as many statements as those of twelve."""
    window = Window(page.shop)
    for number in range(10):
        page.shop.product(f"Nail {number}", price=1, weight=1)
    include = "?include=customer,cart.lineItems.physicalItems.options,cart.lineItems.physicalItems.categoryNames"
    cart = filled(page, line(1), line(2))
    page.ask("GET", at(cart, include))  # what is remembered from now on is remembered
    counts = []
    for _ in range(2):
        with window.counted() as given:
            page.ask("GET", "/carts?include=lineItems.physicalItems.options")
            page.ask("GET", at(cart, include))
        counts.append(len(given))
        page.ask("POST", f"/carts/{cart['id']}/items", {"lineItems": [line(3 + number) for number in range(10)]})
    assert counts[0] == counts[1] < 40, counts
