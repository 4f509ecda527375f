"""The vendor's own checkout kit, unmodified, in a real browser: from an empty cart to a paid order.

It runs on an empty page at the address of the shop, as a theme's checkout would, and is led from outside; what it
knows of the shop it asks of this server alone.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.storage.creating import create_store
from chromium import House, driver, serving
from npm import installed, needs_npm

__all__ = ["driver"]
pytestmark = [pytest.mark.browser, needs_npm]

SHOP = Path(__file__).parent / "node" / "shop"
TOKEN = "kit-" + "t" * 40
ADDRESS = {
    "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "company": "", "address1": "1 Main St",
    "address2": "", "city": "Austin", "stateOrProvince": "Texas", "stateOrProvinceCode": "TX",
    "country": "United States", "countryCode": "US", "postalCode": "78701", "phone": "15125550100", "customFields": [],
}  # fmt: skip
CARD = {"ccName": "Jane Doe", "ccNumber": "4111111111111111", "ccCvv": "123",
        "ccExpiry": {"month": "12", "year": "2039"}}  # fmt: skip


@pytest.fixture(scope="module")
def kit(request: pytest.FixtureRequest) -> Path:
    """The kit as one file for browsers."""
    return installed(request, SHOP) / "@bigcommerce" / "checkout-sdk" / "dist" / "checkout-sdk.umd.js"


def ask(house: House, method: str, path: str, body: Any = None) -> Any:
    """A request to the store's API: its body."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{house.url}/stores/kit{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        read = reply.read()
    return json.loads(read) if read else None


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any, kit: Path) -> Iterator[House]:
    """A server with a shop: a product, two ways of shipping, a coupon, a customer with a password."""
    with serving(tmp_path_factory.mktemp("kit")) as started:
        stores = started.app.stores

        async def make() -> None:
            record = await create_store(stores.backend, "kit", "sandbox", {"name": "Kit"}, int(time.time()))
            await add_account(stores.registry, record, "kit", TOKEN, ALL, client_id="kit", per_window=100_000)

        started.run(make())
        ask(started, "POST", "/v3/catalog/products", {"name": "Hammer", "type": "physical", "weight": 1, "price": 10})
        ask(started, "POST", "/v2/shipping/zones", {"name": "US", "type": "country",
                                                    "locations": [{"country_iso2": "US"}]})  # fmt: skip
        for name, rate in (("Flat", 8), ("Fast", 20)):
            method = {"name": name, "type": "perorder", "settings": {"rate": rate}}
            ask(started, "POST", "/v2/shipping/zones/1/methods", method)
        everything = {"entity": "categories", "ids": [0]}
        coupon = {"name": "Ten", "code": "TEN", "type": "percentage_discount", "amount": "10", "applies_to": everything}
        ask(started, "POST", "/v2/coupons", coupon)
        made = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee",
                "authentication": {"new_password": "secret-77", "force_password_reset": False}}  # fmt: skip
        ask(started, "POST", "/v3/customers", [made])
        yield started


PURCHASE = """
async ({ address, card, sign }) => {
  const service = checkoutKit.createCheckoutService();
  const steps = [];
  const json = { 'Content-Type': 'application/json' };
  const made = await fetch('/api/storefront/carts', { method: 'POST', headers: json, credentials: 'same-origin',
    body: JSON.stringify({ lineItems: [{ productId: 1, quantity: 2 }] }) });
  const cart = await made.json();
  let state = await service.loadCheckout(cart.id);
  steps.push(['loaded', state.data.getCheckout().grandTotal, state.data.getConfig().storeProfile.storeName]);
  if (sign) {
    state = await service.signInCustomer(sign);
    steps.push(['signed in', state.data.getCustomer().email, state.data.getCustomer().isGuest]);
  } else {
    state = await service.continueAsGuest({ email: address.email });
    steps.push(['guest', state.data.getBillingAddress().email]);
  }
  state = await service.loadShippingCountries();
  steps.push(['countries', state.data.getShippingCountries().map(one => one.code).join()]);
  state = await service.updateShippingAddress(address);
  const options = state.data.getShippingOptions();
  steps.push(['options', options.map(one => `${one.description} ${one.cost}`).sort().join()]);
  state = await service.selectShippingOption(options.find(one => one.description === 'Flat').id);
  steps.push(['option', state.data.getSelectedShippingOption().description, state.data.getCheckout().grandTotal]);
  state = await service.applyCoupon('TEN');
  steps.push(['coupon', state.data.getCoupons().map(one => one.code).join(), state.data.getCheckout().grandTotal]);
  state = await service.updateBillingAddress(address);
  steps.push(['billing', state.data.getBillingAddress().city]);
  state = await service.updateCheckout({ customerMessage: 'Ring twice' });
  await service.loadPaymentMethods();
  const method = service.getState().data.getPaymentMethods()[0];
  steps.push(['method', method.id]);
  await service.initializePayment({ methodId: method.id });
  state = await service.submitOrder({ payment: { methodId: method.id, paymentData: card } });
  const order = state.data.getOrder();
  steps.push(['order', order.orderAmount, order.status, order.lineItems.physicalItems[0].quantity]);
  return { steps, orderId: order.orderId, cartId: cart.id };
}
"""

WRONG = """
async ({ address }) => {
  const service = checkoutKit.createCheckoutService();
  const json = { 'Content-Type': 'application/json' };
  const made = await fetch('/api/storefront/carts', { method: 'POST', headers: json, credentials: 'same-origin',
    body: JSON.stringify({ lineItems: [{ productId: 1, quantity: 2 }] }) });
  const cart = await made.json();
  await service.loadCheckout(cart.id);
  const failed = async job => { try { await job(); return null; } catch (error) {
    return [error.type || error.name, error.status || 0, error.message]; } };
  return {
    coupon: await failed(() => service.applyCoupon('NOPE')),
    certificate: await failed(() => service.applyGiftCertificate('NOPE')),
    password: await failed(() => service.signInCustomer({ email: 'ann@example.com', password: 'wrong-99' })),
    other: await failed(() => service.loadCheckout('00000000-0000-4000-8000-000000000000')),
  };
}
"""


ACCOUNT = """
async ({ address, account }) => {
  const service = checkoutKit.createCheckoutService();
  const json = { 'Content-Type': 'application/json' };
  const made = await fetch('/api/storefront/carts', { method: 'POST', headers: json, credentials: 'same-origin',
    body: JSON.stringify({ lineItems: [{ productId: 1, quantity: 1 }] }) });
  const cart = await made.json();
  let state = await service.loadCheckout(cart.id);
  state = await service.createCustomerAccount(account);
  const customer = state.data.getCustomer();
  state = await service.createCustomerAddress(address);
  const saved = state.data.getCustomer().addresses.map(one => one.city);
  const item = state.data.getCart().lineItems.physicalItems[0];
  state = await service.createConsignments([{ address, lineItems: [{ itemId: item.id, quantity: 1 }] }]);
  const consigned = state.data.getConsignments().length;
  state = await service.signOutCustomer().catch(error => ({ left: error.type || error.name }));
  return [customer.email, customer.isGuest, saved, consigned, state.left || 'signed out'];
}
"""


@pytest.fixture
def page(house: House, driver: Any, kit: Path) -> Iterator[Any]:
    """An empty page at the shop with the kit in it; every error of its console is kept as `errors`."""
    context = driver.new_context()
    opened = context.new_page()
    opened.on("response", lambda answer: answer.status >= 400 and print(answer.status, answer.url, answer.text()))
    opened.route("**/kit-page", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><title>Kit"))
    opened.goto(f"{house.url}/kit-page")
    opened.add_script_tag(path=str(kit))
    yield opened
    context.close()


def test_a_guest_buys(house: House, page: Any) -> None:
    found = page.evaluate(PURCHASE, {"address": ADDRESS, "card": CARD, "sign": None})
    assert found["steps"] == [
        ["loaded", 20, "Kit"],
        ["guest", "jane@example.com"],
        ["countries", "US"],
        ["options", "Fast 20,Flat 8"],
        ["option", "Flat", 28],
        ["coupon", "TEN", 26],
        ["billing", "Austin"],
        ["method", found["steps"][7][1]],
        ["order", 26, "AWAITING_FULFILLMENT", 2],
    ]
    order = ask(house, "GET", f"/v2/orders/{found['orderId']}")
    assert (order["total_inc_tax"], order["status"], order["customer_message"], order["cart_id"]) == (
        "26.0000", "Awaiting Fulfillment", "Ring twice", found["cartId"],
    )  # fmt: skip
    assert order["billing_address"]["email"] == "jane@example.com"


def test_a_customer_buys(house: House, page: Any) -> None:
    sign = {"email": "ann@example.com", "password": "secret-77"}
    found = page.evaluate(PURCHASE, {"address": ADDRESS, "card": CARD, "sign": sign})
    assert found["steps"][1] == ["signed in", "ann@example.com", False]
    order = ask(house, "GET", f"/v2/orders/{found['orderId']}")
    assert (order["customer_id"], order["status"]) == (1, "Awaiting Fulfillment")


def test_what_is_refused_is_an_error_of_the_kit(house: House, page: Any) -> None:
    found = page.evaluate(WRONG, {"address": ADDRESS})
    assert all(one is not None for one in found.values()), found
    assert found["coupon"][1] in (400, 422)
    assert found["certificate"][1] == 404
    assert found["password"][1] == 401
    assert found["other"][1] == 404


def test_an_account_is_made_at_the_checkout(house: House, page: Any) -> None:
    account = {"firstName": "Bea", "lastName": "Moe", "email": "bea@example.com", "password": "secret-88",
               "acceptsMarketingEmails": True}  # fmt: skip
    found = page.evaluate(ACCOUNT, {"address": ADDRESS, "account": account})
    assert found[:4] == ["bea@example.com", False, ["Austin"], 1]
    assert found[4] == "CheckoutNotAvailableError" or "not_available" in found[4], "the cart stays the customer's"
