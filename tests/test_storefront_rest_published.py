"""The REST API for shoppers against what is published for it: its operations, its statuses, its replies."""

from __future__ import annotations

from typing import Any

import pytest

import test_storefront_rest as flows
from bodega.http.documented import documented
from bodega.storefront.rest.table import OPERATIONS
from browsing import Page
from published import Published, needs_shared, table
from shop import Reply, Shop
from test_storefront_rest import ADDRESS, at, filled, line, page, pieces, sent

__all__ = ["page"]

pytestmark = needs_shared

FILES = {
    "carts": "carts.sf.yml", "checkouts": "checkouts.sf.yml", "consent": "consent.sf.yml",
    "customers": "customers.sf.yml", "form-fields": "form_fields.sf.yml", "orders": "orders.sf.yml",
    "pickup-options": "pickup_options.sf.yml", "subscriptions": "subscriptions.sf.yml",
}  # fmt: skip


def published(method: str, path: str) -> Published:
    return Published(0, method, path, FILES[path.split("/")[1]])


def test_the_operations_and_their_statuses_are_the_published_ones() -> None:
    listed = {(row["method"], row["path"]): row for row in table("operations") if row["version"] == "storefront"}
    ours = {(one.method, one.path) for one in OPERATIONS}
    beside = {(method, path) for method, path in listed if "jwt" in path}
    assert ours == set(listed) - beside
    assert ours <= {(one.method, one.path) for one in documented() if one.version == "storefront"}
    for one in OPERATIONS:
        assert set(map(str, one.statuses)) == published(one.method, one.path).statuses, one
        assert listed[one.method, one.path]["documented_codes"] == ",".join(map(str, one.statuses))


NULL = {"giftWrapping", "parentId", "valueId", "orderId", "gatewayId"}
"""Members that are null where there is nothing, as in the published examples."""

SAID_OTHERWISE = {
    "parentId": "ids of lines are texts, as everywhere else in a cart",
    "id": "discounts of digital lines have ids of two types",
    "customerId": "an order's customer is a number, as in its example",
    "listPrice": "a custom item's price may have a fraction, and is a number",
    "extendedListPrice": "a custom item's price may have a fraction",
    "amount": "a tax may have a fraction",
    "taxTotal": "a tax may have a fraction",
    "quantity": "the quantity of a custom item is a number",
    "lineItems": "an order has its lines in groups, as in its example and as carts have them",
    "valueId": "the id of a value is a number, as in a cart",
}
"""Members whose published type contradicts another one, and what holds."""

MORE = {
    "comparisonPrice", "extendedComparisonPrice", "addedByPromotion", "isShippingRequired", "categoryNames", "brand",
    "cartAmount", "additionalDescription", "id", "banners", "availablePickupOptions", "options", "socialMedia",
    "giftCertificates", "customItems", "pickup", "stateOrProvinceCode", "customFields", "country", "payments",
    "parentId", "type", "detail",
}  # fmt: skip
"""Members beyond the schema of one place that clients read there: the vendor's own checkout kit, or another place's
schema of the same thing."""


def member(place: str) -> str:
    return place.rpartition(".")[2].replace("[]", "")


def held(method: str, path: str, message: Any, status: int = 200) -> None:
    """A reply against its schema."""
    found = published(method, path).complaints(status, message)
    left = {
        (place, keyword): why
        for (place, keyword), why in found.items()
        if not (keyword == "format" and member(place) == "imageUrl")  # a product without an image has none
        and not (keyword == "type" and member(place) in NULL | SAID_OTHERWISE.keys())
        and not (keyword not in ("type", "required", "enum", "format") and member(place) in MORE)
    }
    assert not left, (method, path, left)


def test_replies_are_of_the_published_schemas(page: Page) -> None:
    page.sign_in(1)
    held("GET", "/carts", page.ask("GET", "/carts"))
    options = "?include=lineItems.physicalItems.options"
    certificate = {"name": "G", "theme": "General", "amount": 5, "quantity": 1, "message": "m",
                   "sender": {"name": "A", "email": "a@example.com"},
                   "recipient": {"name": "B", "email": "b@example.com"}}  # fmt: skip
    digital = page.shop.product("Book", price=5, type="digital")
    assert digital
    body = {"lineItems": [line(1, 2), line(3)], "giftCertificates": [certificate]}
    cart = page.ask("POST", f"/carts{options}", body)
    held("POST", "/carts", cart)
    held("GET", "/carts", page.ask("GET", f"/carts{options}"))
    items = f"/carts/{cart['id']}/items"
    held("POST", "/carts/{cartId}/items", page.ask("POST", items, {"lineItems": [line(2)]}))
    item = pieces(cart)[0]["itemId"]
    held("PUT", "/carts/{cartId}/items/{itemId}", page.ask("PUT", f"{items}/{item}", {"lineItem": line(1, 3)}))
    conflict = page.send("PUT", f"{items}/{item}", {"lineItem": line(1, 3), "version": 99})
    held("PUT", "/carts/{cartId}/items/{itemId}", conflict.json, 409)
    page.ask("DELETE", f"/carts/{cart['id']}/items/{pieces(page.ask('GET', '/carts')[0])[-1]['itemId']}")
    cart = page.ask("GET", "/carts")[0]
    everything = (
        "?include=cart.lineItems.physicalItems.options,cart.lineItems.physicalItems.categoryNames,customer,"
        "customer.customerGroup,payments,promotions,consignments.availableShippingOptions"
    )
    page.ask("POST", at(cart, "/coupons"), {"couponCode": "TEN"})
    sent(page, cart)
    whole = page.ask("GET", at(cart, everything))
    held("GET", "/checkouts/{checkoutId}", whole)
    refused = page.send("GET", at({"id": "00000000-0000-4000-8000-000000000000"}))
    assert refused.status == 404
    held("PUT", "/checkouts/{checkoutId}", page.ask("PUT", at(cart), {"customerMessage": "Hi"}))
    held("POST", "/checkouts/{checkoutId}/billing-address", page.ask("POST", at(cart, "/billing-address"), ADDRESS))
    held("POST", "/checkouts/{checkoutId}/spam-protection", page.ask("POST", at(cart, "/spam-protection"),
                                                                     {"token": "x"}))  # fmt: skip
    held("POST", "/checkouts/{checkoutId}/store-credit", page.ask("POST", at(cart, "/store-credit")))
    held("GET", "/form-fields", page.ask("GET", "/form-fields"))
    said = {"email": "new@example.com", "acceptsMarketingNewsletter": True}
    held("POST", "/subscriptions", page.ask("POST", "/subscriptions", said))
    made = page.shop.post(f"/v3/checkouts/{cart['id']}/orders")
    assert made.status == 200, made.body
    shown = page.ask("GET", f"/orders/{made.data['id']}?include=payments,lineItems.physicalItems.options")
    held("GET", "/orders/{orderId}", shown)


class HeldPage(Page):
    """A page each of whose answers is held against its schema; `heard` are the operations that answered with one."""

    heard: set[tuple[str, str]]

    def send(self, method: str, path: str, json: Any = None, **more: Any) -> Reply:
        """A request."""
        reply = super().send(method, path, json, **more)
        steps = path.partition("?")[0].strip("/").split("/")
        for one in OPERATIONS if not more.get("base") else ():
            names = one.path.strip("/").split("/")
            if one.method == method and len(names) == len(steps) and all(map(fits, names, steps)):
                if published(method, one.path).reply(reply.status) is not None and reply.body:
                    held(method, one.path, reply.json, reply.status)
                    self.heard.add((method, one.path))
                if reply.status >= 400:
                    assert {"status", "title", "type", "detail"} <= set(reply.json), reply.body
                    assert reply.json["status"] == reply.status
        return reply


def fits(name: str, step: str) -> bool:
    return name.startswith("{") or name == step


FLOWS = (
    flows.test_a_cart_from_its_first_line_to_its_last,
    flows.test_another_version_is_a_conflict_in_its_published_form,
    flows.test_a_checkout_comes_to_what_the_admin_api_says,
    flows.test_gift_certificates_and_store_credit_pay,
    flows.test_a_currency_gives_the_cart_another_id,
    flows.test_a_stranger_takes_no_consent_back,
    flows.test_forms_and_pickup,
    flows.test_an_order_is_its_shoppers,
)
HEARD: set[tuple[str, str]] = set()


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_every_answer_of_a_flow_is_of_its_schema(page: Page, flow: Any) -> None:
    own = HeldPage(page.shop)
    own.heard = HEARD
    flow(own)
    if flow is FLOWS[-1] and len(HEARD) > 8:  # run with the others
        with_a_schema = {(one.method, one.path) for one in OPERATIONS
                         if published(one.method, one.path).reply(one.status) is not None}  # fmt: skip
        assert with_a_schema == HEARD


def test_a_checkout_shows_every_published_member(page: Page, shop: Shop) -> None:
    """No member of the schema is missing from a checkout that has something of everything it may have."""
    page.sign_in(1)
    cart = filled(page)
    sent(page, cart)
    include = "?include=customer,payments,promotions,consignments.availableShippingOptions"
    shown = page.ask("GET", at(cart, include))
    named = {one for one in published("GET", "/checkouts/{checkoutId}").members() if "." not in one}
    assert {one.replace("[]", "") for one in named} <= set(shown)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_cart_shows_every_published_member(page: Page, method: str) -> None:
    cart = filled(page)
    named = {one.replace("[]", "") for one in published("POST", "/carts").members() if "." not in one}
    assert named <= set(cart)
