"""Checkouts of shoppers, by GraphQL: from a cart to the order that the admin API shows, on both databases."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from bodega.storefront.baskets import use_credit
from bodega.storefront.graphql.schema import schema
from bodega.storefront.graphql.served import served
from bodega.storefront.shopper import cart_of
from bodega.storefront.shoppers_api import ShoppersApi
from browsing import Page
from shop import Shop
from storefront import NOW, Window
from test_payments import card, pay
from test_storefront_carts import CERTIFICATE, change, create, line
from test_storefront_fields import selection

ADDRESS = {
    "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "address1": "1 Main St", "city": "Austin",
    "stateOrProvince": "Texas", "countryCode": "US", "postalCode": "78701", "phone": "15125550100",
    "shouldSaveAddress": False,
}  # fmt: skip
ESTIMATE = {"city": "Austin", "stateOrProvince": "TX", "countryCode": "US", "shouldSaveAddress": False}
TOLD = """
{ checkout { id entityId version customerMessage subtotal { value } grandTotal { value } taxTotal { value }
  shippingCostTotal { value } shippingCostBeforeDiscount { value } handlingCostTotal { value }
  outstandingBalance { value }
  coupons { entityId code couponType discountedAmount { value } } cart { entityId discountedAmount { value }
    lineItems { physicalItems { entityId quantity couponAmount { value } } } }
  giftCertificates { code balance { value } used { value } remaining { value } }
  billingAddress { entityId email countryCode stateOrProvince stateOrProvinceCode customFields { __typename entityId
    ... on CheckoutAddressTextFieldCustomField { text } ... on CheckoutAddressNumberCustomField { number }
    ... on CheckoutAddressCheckboxesCustomField { valueEntityIds } } }
  shippingConsignments { entityId lineItemIds address { city stateOrProvince stateOrProvinceCode countryCode }
    shippingCost { value } selectedShippingOption { entityId description cost { value } }
    availableShippingOptions { entityId description isRecommended cost { value } } } } }
"""


@pytest.fixture
def window(shop: Shop) -> Window:
    """Three products at 10, 20 and 30; two ways of shipping within the United States; a customer."""
    window = Window(shop)
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place, weight=place)
    zone = {"name": "US", "type": "country", "locations": [{"country_iso2": "US"}]}
    assert shop.post("/v2/shipping/zones", zone).status == 201
    for method in (
        {"name": "Flat", "type": "perorder", "settings": {"rate": 8}},
        {"name": "Each", "type": "peritem", "settings": {"rate": 3}},
    ):
        assert shop.post("/v2/shipping/zones/1/methods", method).status == 200
    shop.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])
    return window


def mutation(name: str, told: str = TOLD) -> str:
    return f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ checkout {{ {name}(input: $input) {told} }} }}"


def say(window: Window, name: str, checkout: str, data: Any = None, headers: Any = None, **more: Any) -> Any:
    """The checkout after a mutation."""
    said = {"checkoutEntityId": checkout, **({} if data is None else {"data": data}), **more}
    return window.ask(mutation(name), {"input": said}, **(headers or {}))["checkout"][name]["checkout"]


def refused(window: Window, name: str, checkout: str, data: Any = None, headers: Any = None, **more: Any) -> str:
    said = {"checkoutEntityId": checkout, **({} if data is None else {"data": data}), **more}
    return window.message(mutation(name), {"input": said}, **(headers or {}))


def read(window: Window, checkout: str, **headers: str) -> Any:
    query = f"query($id: String) {{ site {TOLD.replace('checkout', 'checkout(entityId: $id)', 1)} }}"
    return window.ask(query, {"id": checkout}, **headers)["site"]["checkout"]


def lines_of(made: Any) -> list[dict[str, Any]]:
    items = made["lineItems"]["physicalItems"]
    return [{"lineItemEntityId": one["entityId"], "quantity": one["quantity"]} for one in items]


def sent(window: Window, made: Any, option: str = "Flat", headers: Any = None) -> Any:
    """A checkout with both addresses and a shipping option."""
    checkout = made["entityId"]
    say(window, "addCheckoutBillingAddress", checkout, {"address": ADDRESS}, headers)
    data = {"consignments": [{"address": ADDRESS, "lineItems": lines_of(made)}]}
    (one,) = say(window, "addCheckoutShippingConsignments", checkout, data, headers)["shippingConsignments"]
    found = {each["description"]: each["entityId"] for each in one["availableShippingOptions"]}
    data = {"shippingOptionEntityId": found[option]}
    return say(window, "selectCheckoutShippingOption", checkout, data, headers, consignmentEntityId=one["entityId"])


def complete(window: Window, checkout: str, **headers: str) -> Any:
    query = mutation("completeCheckout", "{ orderEntityId paymentAccessToken }")
    return window.ask(query, {"input": {"checkoutEntityId": checkout}}, **headers)["checkout"]["completeCheckout"]


def test_from_a_cart_to_an_order_of_the_same_totals(window: Window) -> None:
    shop = window.shop
    made = create(window, line(1, 2), line(2))
    found = sent(window, made)
    assert found["entityId"] == made["entityId"]
    assert (found["subtotal"], found["shippingCostTotal"], found["grandTotal"]) == (
        {"value": 40}, {"value": 8}, {"value": 48},
    )  # fmt: skip
    (one,) = found["shippingConsignments"]
    assert [(each["description"], each["isRecommended"]) for each in one["availableShippingOptions"]] == [
        ("Flat", True), ("Each", False),
    ]  # fmt: skip
    assert one["selectedShippingOption"]["description"] == "Flat"
    assert found["billingAddress"]["stateOrProvinceCode"] == "TX"
    say(window, "updateCheckoutCustomerMessage", made["entityId"], {"message": "Ring twice"})
    done = complete(window, made["entityId"])
    order = shop.get(f"/v2/orders/{done['orderEntityId']}").json
    assert (order["total_inc_tax"], order["shipping_cost_ex_tax"], order["cart_id"]) == (
        "48.0000", "8.0000", made["entityId"],
    )  # fmt: skip
    assert order["customer_message"] == "Ring twice"
    assert done["paymentAccessToken"]
    assert complete(window, made["entityId"])["orderEntityId"] == done["orderEntityId"]
    assert shop.get("/v2/orders/count").json["count"] == 1
    assert read(window, made["entityId"])["grandTotal"] == {"value": 48}
    assert refused(window, "applyCheckoutCoupon", made["entityId"], {"couponCode": "X"}).startswith("NO_SUCH_ENTITY")
    paid = pay(shop, done["paymentAccessToken"], card())
    assert paid.status == 201, paid.body
    assert shop.get(f"/v2/orders/{done['orderEntityId']}").json["status"] == "Awaiting Fulfillment"


def test_the_token_of_a_shopper_pays_one_order_and_cannot_be_made_up(window: Window) -> None:
    shop = window.shop
    tokens = []
    for _ in range(2):
        made = create(window, line(1))
        sent(window, made)
        tokens.append(complete(window, made["entityId"])["paymentAccessToken"])
    head, said, _ = tokens[0].split(".")
    claims = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    key = hashlib.sha256(b"payment access token ").digest()  # what signs it is no secret: its name is
    for wrong in ({"jti": "0" * 32}, {"order_id": claims["order_id"] + 1}, {"exp": claims["exp"] + 9_999}):
        forged = base64.urlsafe_b64encode(json.dumps({**claims, **wrong}).encode()).rstrip(b"=").decode()
        signature = hmac.digest(key, f"{head}.{forged}".encode(), "sha256")
        whole = f"{head}.{forged}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert pay(shop, whole, card()).status == 404
    assert pay(shop, tokens[0], card()).status == 201
    assert shop.request("GET", "/v2/orders", headers={"Authorization": f"PAT {tokens[1]}"}, token="").status == 401
    shop.freeze(NOW + 3_600)
    assert pay(shop, tokens[1], card()).status == 401


def test_what_sending_costs_is_estimated_before_a_shopper_says_who_they_are(window: Window) -> None:
    made = create(window, line(1, 2))
    checkout = made["entityId"]
    data = {"consignments": [{"address": ESTIMATE, "lineItems": lines_of(made)}]}
    (one,) = say(window, "addCheckoutShippingConsignments", checkout, data)["shippingConsignments"]
    assert one["address"] == {
        "city": "Austin", "stateOrProvince": "Texas", "stateOrProvinceCode": "TX", "countryCode": "US",
    }  # fmt: skip
    assert {each["description"]: each["cost"]["value"] for each in one["availableShippingOptions"]} == {
        "Flat": 8, "Each": 6,
    }  # fmt: skip
    (country,) = window.shop.get("/v2/countries?country_iso2=US").json
    (texas,) = window.shop.get(f"/v2/countries/{country['id']}/states?state=Texas").json
    for state in ("California", "CA", "ca", str(texas["id"])):
        data = {"consignment": {"address": {**ESTIMATE, "stateOrProvince": state}, "lineItems": lines_of(made)}}
        changed = say(window, "updateCheckoutShippingConsignment", checkout, data, consignmentEntityId=one["entityId"])
        (told,) = changed["shippingConsignments"]
        wanted = ("Texas", "TX") if state.isdigit() else ("California", "CA")
        assert (told["address"]["stateOrProvince"], told["address"]["stateOrProvinceCode"]) == wanted
        assert told["entityId"] == one["entityId"]
    gone = say(window, "deleteCheckoutConsignment", checkout, consignmentEntityId=one["entityId"])
    assert gone["shippingConsignments"] == []
    wrong = {"consignments": [{"address": {**ESTIMATE, "countryCode": "XX"}, "lineItems": lines_of(made)}]}
    assert refused(window, "addCheckoutShippingConsignments", checkout, wrong).startswith("FIELD_INVALID")
    wrong = {"consignments": [{"address": ESTIMATE, "lineItems": [{"lineItemEntityId": "x", "quantity": 1}]}]}
    assert refused(window, "addCheckoutShippingConsignments", checkout, wrong).startswith("FIELD_INVALID")


def test_a_change_of_quantity_drops_the_shipping_option_and_keeps_the_rest(window: Window) -> None:
    made = create(window, line(1, 2))
    before = sent(window, made)
    (item,) = made["lineItems"]["physicalItems"]
    said = {"cartEntityId": made["entityId"], "lineItemEntityId": item["entityId"], "data": {"lineItem": line(1, 5)}}
    change(window, "updateCartLineItem", said)
    after = read(window, made["entityId"])
    (old,), (new,) = before["shippingConsignments"], after["shippingConsignments"]
    assert new["selectedShippingOption"] is None
    assert (new["entityId"], new["address"], new["lineItemIds"]) == (
        old["entityId"],
        old["address"],
        old["lineItemIds"],
    )
    assert (after["grandTotal"]["value"], after["shippingCostTotal"]["value"]) == (50, 0)
    assert after["version"] > before["version"]
    again = read(window, made["entityId"])
    for name, more in (
        ("addCartLineItems", {"data": {"lineItems": [line(2)]}}),
        ("deleteCartLineItem", {"lineItemEntityId": item["entityId"]}),
    ):
        (option,) = [one for one in new["availableShippingOptions"] if one["description"] == "Each"]
        data = {"shippingOptionEntityId": option["entityId"]}
        at = made["entityId"]
        chosen = say(window, "selectCheckoutShippingOption", at, data, consignmentEntityId=new["entityId"])
        assert chosen["shippingConsignments"][0]["selectedShippingOption"]["description"] == "Each"
        change(window, name, {"cartEntityId": at, **more})
        again = read(window, at)
        assert [one["selectedShippingOption"] for one in again["shippingConsignments"]] in ([None], [])
    assert again["shippingCostTotal"] == {"value": 0}


def test_coupons_that_apply_and_those_that_do_not(window: Window) -> None:
    shop = window.shop
    coupon = {"name": "Five off", "type": "per_total_discount", "amount": 5, "code": "FIVE", "enabled": True,
              "applies_to": {"entity": "categories", "ids": [0]}}  # fmt: skip
    assert shop.post("/v2/coupons", coupon).status in (200, 201)
    checkout = create(window, line(1, 2))["entityId"]
    wrong = refused(window, "applyCheckoutCoupon", checkout, {"couponCode": "NONE"})
    assert "Incorrect or mismatch:" in wrong
    found = say(window, "applyCheckoutCoupon", checkout, {"couponCode": "FIVE"})
    (one,) = found["coupons"]
    assert one == {"entityId": one["entityId"], "code": "FIVE", "couponType": "PER_TOTAL_DISCOUNT",
                   "discountedAmount": {"value": 5}}  # fmt: skip
    assert (found["grandTotal"], shop.get(f"/v3/checkouts/{checkout}").data["grand_total"]) == ({"value": 15}, 15)
    assert "Incorrect or mismatch:" in refused(window, "applyCheckoutCoupon", checkout, {"couponCode": "five"})
    assert "Incorrect or mismatch:" in refused(window, "applyCheckoutCoupon", checkout, {"couponCode": ""})
    assert refused(window, "unapplyCheckoutCoupon", checkout, {"couponCode": "a/b?c"}).startswith("NO_SUCH_ENTITY")
    gone = say(window, "unapplyCheckoutCoupon", checkout, {"couponCode": "FIVE"})
    assert (gone["coupons"], gone["grandTotal"]) == ([], {"value": 20})


def certificate(shop: Shop, code: str = "GIFT-1", amount: int = 15, **more: Any) -> None:
    made = shop.post("/v2/gift_certificates", {
        "code": code, "amount": amount, "to_name": "Jane", "to_email": "jane@example.com", "from_name": "Joe",
        "from_email": "joe@example.com", "status": "active", **more})  # fmt: skip
    assert made.status in (200, 201), made.body


def balance(shop: Shop, code: str) -> str:
    return str(shop.get(f"/v2/gift_certificates?code={code}").json[0]["balance"])


def test_gift_certificates_pay_a_part_of_the_order(window: Window) -> None:
    shop = window.shop
    certificate(shop)
    certificate(shop, "GIFT-2", 100)
    certificate(shop, "OLD", status="disabled")
    made = create(window, line(1, 2))
    checkout = made["entityId"]
    for wrong in ("NONE", "OLD", "", "x" * 300):
        data = {"giftCertificateCode": wrong}
        assert "Incorrect or mismatch:" in refused(window, "applyCheckoutGiftCertificate", checkout, data)
    sent(window, made)
    found = say(window, "applyCheckoutGiftCertificate", checkout, {"giftCertificateCode": "gift-1"})
    assert found["giftCertificates"] == [
        {"code": "GIFT-1", "balance": {"value": 15}, "used": {"value": 15}, "remaining": {"value": 0}}
    ]
    assert (found["grandTotal"], found["outstandingBalance"]) == ({"value": 28}, {"value": 13})
    assert balance(shop, "GIFT-1") == "15.0000"
    again = refused(window, "applyCheckoutGiftCertificate", checkout, {"giftCertificateCode": "GIFT-1"})
    assert "Incorrect or mismatch:" in again
    say(window, "applyCheckoutGiftCertificate", checkout, {"giftCertificateCode": "GIFT-2"})
    found = say(window, "unapplyCheckoutGiftCertificate", checkout, {"giftCertificateCode": "GIFT-2"})
    assert found["outstandingBalance"] == {"value": 13}
    gone = refused(window, "unapplyCheckoutGiftCertificate", checkout, {"giftCertificateCode": "GIFT-2"})
    assert gone.startswith("NO_SUCH_ENTITY")
    done = complete(window, checkout)
    assert balance(shop, "GIFT-1") == "0.0000"
    paid = shop.get(f"/v3/orders/{done['orderEntityId']}/transactions").data
    assert [(one["method"], one["amount"]) for one in paid] == [("gift_certificate", 15)]
    assert shop.get(f"/v2/orders/{done['orderEntityId']}").json["total_inc_tax"] == "28.0000"


def test_an_order_that_a_gift_certificate_pays_whole_needs_no_payment(window: Window) -> None:
    shop = window.shop
    certificate(shop, amount=100)
    made = create(window, line(1, 2))
    sent(window, made)
    say(window, "applyCheckoutGiftCertificate", made["entityId"], {"giftCertificateCode": "GIFT-1"})
    done = complete(window, made["entityId"])
    assert done["paymentAccessToken"] is None
    assert shop.get(f"/v2/orders/{done['orderEntityId']}").json["status"] == "Awaiting Fulfillment"
    assert balance(shop, "GIFT-1") == "72.0000"


def test_a_certificate_that_was_spent_meanwhile_is_told_before_the_order(window: Window) -> None:
    shop = window.shop
    certificate(shop)
    made = create(window, line(1, 2))
    sent(window, made)
    say(window, "applyCheckoutGiftCertificate", made["entityId"], {"giftCertificateCode": "GIFT-1"})
    number = shop.get("/v2/gift_certificates?code=GIFT-1").json[0]["id"]
    assert shop.put(f"/v2/gift_certificates/{number}", {"status": "disabled"}).status == 200
    query = mutation("completeCheckout", "{ orderEntityId }")
    assert window.message(query, {"input": {"checkoutEntityId": made["entityId"]}}).startswith("FIELD_INVALID")
    assert shop.get("/v2/orders/count").json["count"] == 0
    found = read(window, made["entityId"])
    assert (found["giftCertificates"], found["outstandingBalance"]) == ([], {"value": 28})


def test_store_credit_pays_what_certificates_leave(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    certificate(shop, amount=10)
    assert shop.put("/v3/customers", [{"id": 1, "store_credit_amounts": [{"amount": 100}]}]).status == 200
    made = create(window, line(1, 2), headers=jane)
    sent(window, made, headers=jane)
    say(window, "applyCheckoutGiftCertificate", made["entityId"], {"giftCertificateCode": "GIFT-1"}, jane)

    async def wish(wanted: bool) -> None:
        app: Any = shop.server.app
        store = await app.stores.get(shop.name)
        cart = await cart_of(store.rows.reader, made["entityId"], 1, 1)
        assert cart is not None
        await use_credit(ShoppersApi(app._api._app, store, "http://x"), cart, wanted)

    for wanted, left in ((True, 0), (False, 18), (True, 0)):
        shop.server.run(wish(wanted))
        assert read(window, made["entityId"], **jane)["outstandingBalance"] == {"value": left}
    done = complete(window, made["entityId"], **jane)
    assert done["paymentAccessToken"] is None
    assert shop.get("/v3/customers?id:in=1&include=storecredit").data[0]["store_credit_amounts"] == [{"amount": 82}]
    paid = shop.get(f"/v3/orders/{done['orderEntityId']}/transactions").data
    assert [(one["method"], one["amount"]) for one in paid] == [("gift_certificate", 10), ("store_credit", 18)]
    assert paid[0]["gift_certificate"]["code"] == "GIFT-1"
    for order in (shop.get(f"/v2/orders/{done['orderEntityId']}").json, shop.get("/v2/orders").json[0]):
        told = [order[f"{name}_amount"] for name in ("gift_certificate", "store_credit")]
        assert (told, order["total_inc_tax"]) == (["10.0000", "18.0000"], "28.0000")
    page = Page(shop)
    page.sign_in(1)
    shown = page.ask("GET", f"/orders/{done['orderEntityId']}?include=payments")["payments"]
    assert [(one["providerId"], one["amount"]) for one in shown] == [("giftcertificate", 10), ("storecredit", 18)]
    assert shown[0]["detail"] == {"code": "GIFT-1", "remaining": 0}


def test_what_a_card_pays_stands_apart_from_what_was_prepaid(window: Window) -> None:
    shop = window.shop
    certificate(shop, amount=10)
    made = create(window, line(1, 2))
    sent(window, made)
    say(window, "applyCheckoutGiftCertificate", made["entityId"], {"giftCertificateCode": "GIFT-1"})
    done = complete(window, made["entityId"])
    assert pay(shop, done["paymentAccessToken"], card()).status == 201
    order = shop.get(f"/v2/orders/{done['orderEntityId']}").json
    told = [order[name] for name in ("gift_certificate_amount", "store_credit_amount", "total_inc_tax")]
    assert told == ["10.0000", "0.0000", "28.0000"]
    page = Page(shop)
    page.cookies["cartId"] = made["entityId"]
    shown = page.ask("GET", f"/orders/{done['orderEntityId']}?include=payments")["payments"]
    assert [(one["providerId"], one["amount"]) for one in shown] == [
        ("giftcertificate", 10), ("Test Payment Gateway", 18),
    ]  # fmt: skip


def test_amounts_are_with_tax_where_prices_are(window: Window) -> None:
    shop = window.shop
    shop.change(settings={"tax.rates": "0=10,2=5", "prices_include_tax": True})
    made = create(window, line(1, 2))
    found = sent(window, made)
    shown = shop.get(f"/v3/checkouts/{made['entityId']}").data
    for name, same in (
        ("subtotal", "subtotal_inc_tax"), ("shippingCostTotal", "shipping_cost_total_inc_tax"),
        ("handlingCostTotal", "handling_cost_total_inc_tax"), ("taxTotal", "tax_total"), ("grandTotal", "grand_total"),
    ):  # fmt: skip
        assert found[name]["value"] == shown[same], name
    assert shown["tax_total"] > 0


def test_an_order_of_nothing_to_pay_is_ready_at_once(window: Window) -> None:
    shop = window.shop
    free = shop.product("Leaflet", price=0, type="digital", weight=0)
    checkout = create(window, line(free))["entityId"]
    say(window, "addCheckoutBillingAddress", checkout, {"address": ADDRESS})
    done = complete(window, checkout)
    assert done["paymentAccessToken"] is None
    assert shop.get(f"/v2/orders/{done['orderEntityId']}").json["status"] == "Awaiting Fulfillment"


def test_a_checkout_that_lacks_something_makes_no_order(window: Window) -> None:
    made = create(window, line(1))
    query, said = mutation("completeCheckout", "{ orderEntityId }"), {"input": {"checkoutEntityId": made["entityId"]}}
    assert window.message(query, said).startswith("FIELD_MISSING")
    say(window, "addCheckoutBillingAddress", made["entityId"], {"address": ADDRESS})
    assert window.message(query, said).startswith("FIELD_MISSING")
    wrong = {"address": {**ADDRESS, "email": "nobody"}}
    assert refused(window, "addCheckoutBillingAddress", made["entityId"], wrong).startswith("FIELD_INVALID")
    wrong = {"address": {key: value for key, value in ADDRESS.items() if key != "email"}}
    fresh = create(window, line(1))["entityId"]
    assert refused(window, "addCheckoutBillingAddress", fresh, wrong).startswith("FIELD_MISSING")


def test_billing_addresses_have_answers_and_are_kept_for_customers(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    checkout = create(window, line(1), headers=jane)["entityId"]
    fields = {
        "texts": [{"fieldEntityId": 30, "text": "Gate 4"}], "numbers": [{"fieldEntityId": 31, "number": 7}],
        "checkboxes": [{"fieldEntityId": 32, "fieldValueEntityIds": [1, 2]}],
    }  # fmt: skip
    own = {key: value for key, value in ADDRESS.items() if key != "email"}
    address = {**own, "customFields": fields, "shouldSaveAddress": True}
    found = say(window, "addCheckoutBillingAddress", checkout, {"address": address}, jane)["billingAddress"]
    assert found["email"] == "jane@example.com"
    assert sorted(found["customFields"], key=lambda one: one["entityId"]) == [
        {"__typename": "CheckoutAddressTextFieldCustomField", "entityId": 30, "text": "Gate 4"},
        {"__typename": "CheckoutAddressNumberCustomField", "entityId": 31, "number": 7},
        {"__typename": "CheckoutAddressCheckboxesCustomField", "entityId": 32, "valueEntityIds": [1, 2]},
    ]
    (kept,) = shop.get("/v3/customers/addresses?customer_id:in=1").data
    assert (kept["address1"], kept["state_or_province"]) == ("1 Main St", "Texas")
    changed = say(
        window, "updateCheckoutBillingAddress", checkout, {"address": {**own, "stateOrProvince": "CA"}}, jane,
        addressEntityId=found["entityId"],
    )["billingAddress"]  # fmt: skip
    assert (changed["entityId"], changed["stateOrProvince"]) == (found["entityId"], "California")
    other = refused(window, "updateCheckoutBillingAddress", checkout, {"address": own}, jane, addressEntityId="none")
    assert other.startswith("NO_SUCH_ENTITY")


def test_answers_have_the_kinds_of_the_stores_own_fields(window: Window) -> None:
    shop, numbers = window.shop, {}
    for kind, more in (
        ("checkboxes", {"options": ["Bell", "Door"]}), ("radiobuttons", {"options": ["Left", "Right"]}), ("date", {}),
        ("password", {}), ("numbers", {}), ("multiline", {}),
    ):  # fmt: skip
        made = shop.post("/v3/form-fields", {"form": "address", "name": f"My {kind}", "type": kind, **more})
        numbers[kind] = made.data["id"] + 25
    fields = {
        "checkboxes": [{"fieldEntityId": numbers["checkboxes"], "fieldValueEntityIds": [0, 1]}],
        "multipleChoices": [{"fieldEntityId": numbers["radiobuttons"], "fieldValueEntityId": 1}],
        "dates": [{"fieldEntityId": numbers["date"], "date": "2030-05-01T00:00:00Z"}],
        "passwords": [{"fieldEntityId": numbers["password"], "password": "secret"}],
        "numbers": [{"fieldEntityId": numbers["numbers"], "number": 2.5}],
        "texts": [{"fieldEntityId": numbers["multiline"], "text": "a"}],
    }
    told = """{ checkout { billingAddress { customFields { __typename entityId
      ... on CheckoutAddressCheckboxesCustomField { valueEntityIds }
      ... on CheckoutAddressMultipleChoiceCustomField { valueEntityId }
      ... on CheckoutAddressDateCustomField { date { utc } } ... on CheckoutAddressPasswordCustomField { password }
      ... on CheckoutAddressNumberCustomField { number } ... on CheckoutAddressTextFieldCustomField { text } } } } }"""
    song = shop.product("Song", price=5, type="digital", weight=0)
    checkout = create(window, line(song))["entityId"]
    said = {"checkoutEntityId": checkout, "data": {"address": {**ADDRESS, "customFields": fields}}}
    made = window.ask(mutation("addCheckoutBillingAddress", told), {"input": said})["checkout"]
    found = made["addCheckoutBillingAddress"]["checkout"]["billingAddress"]["customFields"]
    kinds = {one.pop("__typename").removeprefix("CheckoutAddress").removesuffix("CustomField"): one for one in found}
    assert {name: {key: value for key, value in one.items() if key != "entityId"} for name, one in kinds.items()} == {
        "Checkboxes": {"valueEntityIds": [0, 1]}, "MultipleChoice": {"valueEntityId": 1},
        "Date": {"date": {"utc": "2030-05-01T00:00:00Z"}}, "Password": {"password": "secret"},
        "Number": {"number": 2.5}, "TextField": {"text": "a"},
    }  # fmt: skip
    order = shop.get(f"/v2/orders/{complete(window, checkout)['orderEntityId']}").json
    answers = {one["name"]: one["value"] for one in order["billing_address"]["form_fields"]}
    assert (answers["My checkboxes"], answers["My radiobuttons"]) == (["Bell", "Door"], "Right")


def test_a_checkout_is_made_at_once(window: Window) -> None:
    estimate = {"address": ESTIMATE, "selectRecommendedOption": True}
    said = {"lineItems": [line(1, 2)], "billingAddress": ADDRESS, "shippingConsignments": [estimate]}
    made = window.ask(mutation("createCheckout"), {"input": said})["checkout"]["createCheckout"]["checkout"]
    (one,) = made["shippingConsignments"]
    assert one["selectedShippingOption"]["description"] == "Each"
    assert (made["grandTotal"], made["billingAddress"]["email"]) == ({"value": 26}, "jane@example.com")
    assert complete(window, made["entityId"])["orderEntityId"] == 1
    wrong = {**said, "billingAddress": {**ADDRESS, "countryCode": "XX"}}
    window.shop.watch()
    assert window.message(mutation("createCheckout"), {"input": wrong}).startswith("FIELD_INVALID")
    fired = [scope for scope, _ in window.shop.events()]
    assert "store/cart/deleted" in fired  # what was begun does not stay


def test_a_robot_is_let_through_with_any_token(window: Window) -> None:
    checkout = create(window, line(1))["entityId"]
    assert say(window, "applyCheckoutSpamProtection", checkout, {"token": "x"})["entityId"] == checkout
    assert refused(window, "applyCheckoutSpamProtection", checkout, {"token": " "}) != ""


CHANGES: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("addCheckoutBillingAddress", {"address": ADDRESS}, {}),
    ("updateCheckoutBillingAddress", {"address": ADDRESS}, {"addressEntityId": "x"}),
    ("updateCheckoutCustomerMessage", {"message": "x"}, {}),
    ("addCheckoutShippingConsignments", {"consignments": [{"address": ADDRESS, "lineItems": []}]}, {}),
    ("updateCheckoutShippingConsignment", {"consignment": {"address": ADDRESS, "lineItems": []}},
     {"consignmentEntityId": "x"}),
    ("deleteCheckoutConsignment", None, {"consignmentEntityId": "x"}),
    ("selectCheckoutShippingOption", {"shippingOptionEntityId": "x"}, {"consignmentEntityId": "x"}),
    ("applyCheckoutCoupon", {"couponCode": "X"}, {}),
    ("unapplyCheckoutCoupon", {"couponCode": "X"}, {}),
    ("applyCheckoutGiftCertificate", {"giftCertificateCode": "X"}, {}),
    ("unapplyCheckoutGiftCertificate", {"giftCertificateCode": "X"}, {}),
    ("applyCheckoutSpamProtection", {"token": "X"}, {}),
)  # fmt: skip


def test_a_checkout_of_a_customer_is_only_theirs(window: Window) -> None:
    shop = window.shop
    shop.post("/v3/customers", [{"email": "joe@example.com", "first_name": "Joe", "last_name": "Doe"}])
    jane, joe = window.signed_in(1), window.signed_in(2)
    made = create(window, line(1), headers=jane)
    sent(window, made, headers=jane)
    before = shop.get(f"/v3/checkouts/{made['entityId']}").data
    finish = mutation("completeCheckout", "{ orderEntityId }")
    nobodys = "NO_SUCH_ENTITY: The cart does not exist."
    for other in ({}, joe):
        assert read(window, made["entityId"], **other) is None
        for name, data, more in CHANGES:
            assert refused(window, name, made["entityId"], data, other, **more) == nobodys, name
        assert window.message(finish, {"input": {"checkoutEntityId": made["entityId"]}}, **other) == nobodys
    assert shop.get(f"/v3/checkouts/{made['entityId']}").data == before
    done = complete(window, made["entityId"], **jane)
    assert window.message(finish, {"input": {"checkoutEntityId": made["entityId"]}}, **joe) == nobodys
    assert shop.get(f"/v2/orders/{done['orderEntityId']}").json["customer_id"] == 1


def test_every_change_is_meant_for_a_version(window: Window) -> None:
    made = create(window, line(1))
    sent(window, made)
    (one,) = read(window, made["entityId"])["shippingConsignments"]
    option = one["selectedShippingOption"]["entityId"]
    for name, data, more in CHANGES:
        if name in ("applyCheckoutSpamProtection",):
            continue
        if more:
            more = dict.fromkeys(more, one["entityId"])
        if name == "selectCheckoutShippingOption":
            data = {"shippingOptionEntityId": option}
        assert refused(window, name, made["entityId"], data, version=99, **more).startswith("VERSION_CONFLICT"), name


def test_every_field_of_carts_and_checkouts_can_be_asked(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.storefront.graphql.serving.MOST_COMPLEX", 10**9)
    monkeypatch.setattr("bodega.storefront.graphql.serving.LARGEST", 10**9)
    for limit in ("MOST_ROOTS", "MOST_ALIKE", "MOST_FIELDS", "MOST_TOKENS", "LONGEST"):
        monkeypatch.setattr(f"bodega.storefront.graphql.documents.{limit}", 10**9)
    shop = window.shop
    certificate(shop)
    digital = shop.product("Song", price=5, type="digital", weight=0)
    made = create(window, line(1, 2), line(digital), giftCertificates=[CERTIFICATE])
    sent(window, made)
    custom = [{"name": "Own", "quantity": 1, "list_price": 3, "sku": "OWN"}]
    assert shop.post(f"/v3/carts/{made['entityId']}/items", {"custom_items": custom}).status == 201
    say(window, "applyCheckoutGiftCertificate", made["entityId"], {"giftCertificateCode": "GIFT-1"})
    fee = {"type": "custom_fee", "name": "Fee", "display_name": "Fee", "cost": 2, "source": "x"}
    assert shop.post(f"/v3/checkouts/{made['entityId']}/fees", {"fees": [fee]}).status == 200
    known = served()
    told = selection(schema().type_map["Checkout"], known, 4)
    query = f"query($id: String) {{ site {{ checkout(entityId: $id) {told} }} }}"
    whole = window.ask(query, {"id": made["entityId"]})["site"]["checkout"]
    shown = shop.get(f"/v3/checkouts/{made['entityId']}").data
    assert whole["Checkout_grandTotal"]["Money_value"] == shown["grand_total"]
    assert whole["Checkout_fees"][0]["CheckoutFee_cost"]["Money_value"] == 2
    lines = whole["Checkout_cart"]["Cart_lineItems"]
    kinds = ("physicalItems", "digitalItems", "giftCertificates", "customItems")
    assert [len(lines[f"CartLineItems_{kind}"]) for kind in kinds] == [1, 1, 1, 1]
    for kind in ("Cart", "Checkout", "CartPhysicalItem", "CartDigitalItem", "CartGiftCertificate", "CartCustomItem",
                 "CheckoutShippingConsignment", "CheckoutGiftCertificate", "GiftCertificate"):  # fmt: skip
        lacking = set(schema().type_map[kind].fields) - known[kind]  # type: ignore[attr-defined]
        assert not lacking, (kind, lacking)


def test_a_checkout_costs_the_same_number_of_statements_whatever_its_size(window: Window) -> None:
    for number in range(20):
        window.shop.product(f"Thing {number}")
    spent = []
    for size in (1, 20):
        made = create(window, *(line(4 + number) for number in range(size)))
        sent(window, made)
        read(window, made["entityId"])
        with window.counted() as given:
            read(window, made["entityId"])
        spent.append(len(given))
    assert spent[0] == spent[1]
    assert spent[0] < 35


PREVIEW = """
mutation($input: GiftCertificatePreviewInput!) { previewGiftCertificate(input: $input) { html
  errors { ... on ValidationError { message path } } } }
"""


def test_gift_certificates_are_shown_to_who_knows_the_code(window: Window) -> None:
    certificate(window.shop, template="birthday.html", message="Enjoy <b>it</b>")
    query = """query($code: String!) { site { giftCertificate(code: $code) { code status theme currencyCode message html
      amount { value } balance { formattedV2 } recipient { name email } sender { name } purchasedAt { utc }
      expiresAt { utc } } } }"""
    found = window.ask(query, {"code": "gift-1"})["site"]["giftCertificate"]
    assert (found["code"], found["status"], found["theme"], found["amount"]["value"]) == (
        "GIFT-1", "ACTIVE", "BIRTHDAY", 15,
    )  # fmt: skip
    assert found["recipient"] == {"name": "Jane", "email": "jane@example.com"}
    assert "Enjoy &lt;b&gt;it" in found["html"]
    assert found["expiresAt"] is None
    for wrong in ("none", "", "x" * 300):
        assert window.ask(query, {"code": wrong})["site"]["giftCertificate"] is None
    said = {
        "amount": 20, "currencyCode": "USD", "theme": "GIRL", "sender": {"name": "<i>"}, "recipient": {"name": "Jane"},
        "message": "Hi",
    }  # fmt: skip
    made = window.ask(PREVIEW, {"input": said})["previewGiftCertificate"]
    assert made["errors"] == []
    assert "$20.00" in made["html"]
    assert "<i>" not in made["html"]
    wrong_ones = window.ask(PREVIEW, {"input": {**said, "amount": -1, "message": "x" * 999}})
    assert [one["path"][-1] for one in wrong_ones["previewGiftCertificate"]["errors"]] == ["amount", "message"]


def test_fifty_shoppers_who_buy_the_last_ten_pieces_at_once_make_ten_orders(window: Window) -> None:
    shop = window.shop
    shop.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 10})
    carts = []
    for _ in range(50):
        said = {"lineItems": [line(1)], "billingAddress": ADDRESS,
                "shippingConsignments": [{"address": ESTIMATE, "selectRecommendedOption": True}]}  # fmt: skip
        made = window.ask(mutation("createCheckout", "{ checkout { entityId } }"), {"input": said})
        carts.append(made["checkout"]["createCheckout"]["checkout"]["entityId"])
    query = mutation("completeCheckout", "{ orderEntityId }")
    bodies = [{"query": query, "variables": {"input": {"checkoutEntityId": cart}}} for cart in carts]
    replies = together(window, bodies)
    orders = [found["checkout"]["completeCheckout"] for found in (one["data"] for one in replies)]
    assert len([one for one in orders if one is not None]) == 10
    codes = {error["extensions"]["code"] for one in replies for error in one.get("errors", ())}
    assert codes == {"OUT_OF_STOCK"}
    assert all(error["message"].startswith("Not enough stock: ") for one in replies for error in one.get("errors", ()))
    assert shop.get("/v2/orders/count").json["count"] == 10
    assert shop.get("/v3/catalog/products/1").data["inventory_level"] == 0


def together(window: Window, bodies: list[dict[str, Any]]) -> list[Any]:
    """The answers to requests that are all under way at once."""
    server = window.shop.server

    async def one(body: dict[str, Any]) -> Any:
        content, sent = json.dumps(body).encode(), list[Any]()
        headers = {
            "host": window.host, "authorization": f"Bearer {window.token}", "content-type": "application/json",
            "content-length": str(len(content)),
        }  # fmt: skip
        scope = {
            "type": "http", "method": "POST", "scheme": "https", "path": "/graphql", "raw_path": b"/graphql",
            "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await server.app(scope, receive, send)
        assert sent[0]["status"] == 200, sent
        return json.loads(b"".join(part.get("body", b"") for part in sent[1:]))

    async def run() -> list[Any]:
        return await asyncio.gather(*map(one, bodies))

    return list(server.run(run()))


ORDERED = """query($id: String) { site { cart(entityId: $id) { entityId } checkout(entityId: $id) { entityId
  order { entityId status { label } totalIncTax { value } } } } }"""


def test_a_checkout_tells_the_order_that_it_has_become(window: Window) -> None:
    jane, eve = window.signed_in(1), None
    mine = sent(window, create(window, line(1, 2), headers=jane), headers=jane)["entityId"]
    theirs = sent(window, create(window, line(2)))["entityId"]
    assert window.ask(ORDERED, {"id": theirs})["site"]["checkout"]["order"] is None
    for checkout, who, total in ((mine, jane, 28), (theirs, {}, 28)):
        done = complete(window, checkout, **who)
        told = window.ask(ORDERED, {"id": checkout}, **who)["site"]
        assert told["cart"] is None
        assert told["checkout"]["entityId"] == checkout
        assert told["checkout"]["order"] == {
            "entityId": done["orderEntityId"], "status": {"label": "Incomplete"}, "totalIncTax": {"value": total},
        }  # fmt: skip
        assert pay(window.shop, done["paymentAccessToken"], card()).status == 201
        told = window.ask(ORDERED, {"id": checkout}, **who)["site"]["checkout"]["order"]
        assert told["status"]["label"] == "Awaiting Fulfillment"
    assert window.ask(ORDERED, {"id": mine})["site"]["checkout"] is None, "a customer's is no guest's"
    (other,) = window.shop.post("/v3/customers", [{"email": "e@example.com", "first_name": "E", "last_name": "E"}]).data
    eve = window.signed_in(other["id"])
    assert window.ask(ORDERED, {"id": mine}, **eve)["site"]["checkout"] is None
    window.shop.delete(f"/v2/orders/{done['orderEntityId']}")
    assert window.ask(ORDERED, {"id": theirs})["site"]["checkout"]["order"] is None
