"""The checkout that the server shows itself, without a script, on both databases: from a link of a cart to an order."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from bodega.resources import SWEEPS
from bodega.tasks.sweep import sweep_all
from browsing_pages import Visitor
from shop import Shop
from storefront import NOW

ADDRESS = {
    "firstName": "Jane", "lastName": "Doe", "address1": "1 Main St", "city": "Austin", "countryCode": "US",
    "provinceCode": "TX", "postalCode": "78701", "phone": "15125550100",
}  # fmt: skip
CARD = {"ccNumber": "4111 1111 1111 1111", "ccExpiry": "12/34", "ccName": "Jane Doe", "ccCvv": "123"}
DECLINED = {**CARD, "ccNumber": "4000000000000002"}
DONE = "/checkout/order-confirmation"


@pytest.fixture
def window(shop: Shop) -> Shop:
    """Two products at 10 and 20, two ways of sending within the United States."""
    shop.freeze(NOW)
    for place, name in enumerate(("Hammer", "Saw"), start=1):
        shop.product(name, price=10 * place, weight=place)
    zone = {"name": "US", "type": "country", "locations": [{"country_iso2": "US"}]}
    assert shop.post("/v2/shipping/zones", zone).status == 201
    for method in (
        {"name": "Flat", "type": "perorder", "settings": {"rate": 8}},
        {"name": "Each", "type": "peritem", "settings": {"rate": 3}},
    ):
        assert shop.post("/v2/shipping/zones/1/methods", method).status == 200
    return shop


def cart(shop: Shop, *items: tuple[int, int], **more: Any) -> str:
    """The id of a new cart."""
    lines = [{"product_id": product, "quantity": quantity} for product, quantity in items]
    made = shop.post("/v3/carts", {"line_items": lines, "channel_id": 1, **more})
    assert made.status == 201, made.body
    return str(made.data["id"])


def link(shop: Shop, uuid: str, kind: str = "checkout_url") -> str:
    """The path of a redirect URL of a cart."""
    url = shop.post(f"/v3/carts/{uuid}/redirect_urls", {}).data[kind]
    return "/" + str(url).partition("//")[2].partition("/")[2]


def arrived(shop: Shop, *items: tuple[int, int], **more: Any) -> Visitor:
    """A browser at the checkout of a new cart."""
    visitor = Visitor(shop)
    visitor.get(link(shop, cart(shop, *items, **more)))
    assert visitor.at == "/checkout", (visitor.at, visitor.reply.body)
    return visitor


def up_to_payment(visitor: Visitor) -> None:
    """Says who, where to and how."""
    visitor.submit("/checkout/customer", email="jane@example.com")
    visitor.submit("/checkout/shipping", **ADDRESS)
    assert visitor.at.startswith("/checkout?step=shipping"), (visitor.at, visitor.page.text)
    visitor.submit("/checkout/shipping")
    assert visitor.at == "/checkout", (visitor.at, visitor.page.text)


def orders(shop: Shop) -> list[Any]:
    reply = shop.get("/v2/orders")
    return list(reply.json) if reply.status == 200 else []


def test_a_guest_orders_and_pays_without_a_script(window: Shop) -> None:
    visitor = arrived(window, (1, 2), (2, 1))
    assert visitor.reply.body.count(b'button type="submit"') == 1
    assert b'name="email"' in visitor.reply.body
    up_to_payment(visitor)
    page = visitor.page
    assert "Jane Doe, 1 Main St, Austin, Texas, 78701, United States" in page.text
    assert "Test gateway" in page.text
    assert "$48.00" in page.text  # 40, and 8 for sending: the Flat option is the cheapest
    page = visitor.submit("/checkout/payment", **CARD)
    assert visitor.at == DONE, page.text
    (made,) = orders(window)
    assert f"Your order number is {made['id']} ." in page.text
    assert (made["status"], made["total_inc_tax"], made["payment_method"]) == (
        "Awaiting Fulfillment", "48.0000", "Test Payment Gateway",
    )  # fmt: skip
    assert made["billing_address"]["street_1"] == "1 Main St"
    visitor.get("/checkout")
    assert visitor.at == DONE
    stranger = Visitor(window)
    stranger.get(DONE)
    assert stranger.reply.status == 404


def test_every_field_has_its_well_known_name(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    seen = [visitor.reply.body.decode()]
    visitor.submit("/checkout/customer", email="jane@example.com")
    seen.append(visitor.reply.body.decode())
    visitor.submit("/checkout/shipping", **ADDRESS)
    seen.append(visitor.reply.body.decode())
    visitor.submit("/checkout/shipping")
    seen.append(visitor.reply.body.decode())
    for html in seen:
        assert html.count('<button type="submit"') == 1
    names = "firstName lastName addressLine1 addressLine2 city countryCode provinceCode postCode"
    for name in names.split():
        assert f'id="{name}Input"' in seen[1], name
    assert 'for="shippingOptionRadio' in seen[2]
    for name in ("radio-bigpaypay", "ccNumber", "ccExpiry", "ccName", "ccCvv"):
        assert f'id="{name}"' in seen[3], name
    assert 'for="radio-bigpaypay"' in seen[3]
    framed = dict(re.findall(r'id="bigpaypay-(\w+)" data-frame="([\w-]+)"', seen[3]))
    assert framed == {"ccNumber": "card-number", "ccExpiry": "card-expiry", "ccCvv": "card-code", "ccName": "card-name"}
    assert "card.js?" in seen[3]
    assert "<iframe" not in seen[3]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"email": ""}, "Enter an e-mail address"),
    ],
)
def test_a_wrong_e_mail_address_is_told_beside_its_field(window: Shop, fields: dict[str, str], fault: str) -> None:
    visitor = arrived(window, (1, 1))
    page = visitor.submit("/checkout/customer", **fields)
    assert (visitor.reply.status, fault in page.text) == (422, True)
    assert b'aria-invalid="true"' in visitor.reply.body


def test_what_is_wrong_with_an_address_is_told_and_what_was_typed_stays(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    visitor.submit("/checkout/customer", email="jane@example.com")
    page = visitor.submit("/checkout/shipping", **{**ADDRESS, "city": "", "provinceCode": "XX"})
    assert visitor.reply.status == 422
    assert "Enter a city." in page.text
    assert "Choose a state or province." in page.text
    assert page.forms[0]["fields"]["address1"] == "1 Main St"
    page = visitor.submit("/checkout/shipping", **{**ADDRESS, "countryCode": "DE"})
    assert "We do not deliver to this country." in page.text
    assert "Germany" not in page.text
    page = visitor.submit("/checkout/shipping", **{**ADDRESS, "firstName": "<b>&\"'"})
    assert b"<b>" not in visitor.reply.body


def test_a_declined_card_keeps_the_cart_and_another_pays(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    up_to_payment(visitor)
    page = visitor.submit("/checkout/payment", **DECLINED)
    assert (visitor.reply.status, "The card was declined." in page.text) == (422, True)
    assert b"4000000000000002" not in visitor.reply.body
    assert orders(window) == []
    page = visitor.submit("/checkout/payment", ccNumber="1234", ccExpiry="13/30", ccName="", ccCvv="x")
    assert "4 fields need your attention." in page.text
    visitor.submit("/checkout/payment", **CARD)
    assert visitor.at == DONE
    assert len(orders(window)) == 1


def test_a_card_that_needs_confirmation_leaves_the_order_to_wait_for_its_payment(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    up_to_payment(visitor)
    page = visitor.submit("/checkout/payment", **{**CARD, "ccNumber": "4000002500003155"})
    assert "still has to be confirmed" in page.text
    assert orders(window)[0]["status"] == "Awaiting Payment"


def test_coupons_certificates_and_a_message(window: Shop) -> None:
    coupon = {
        "name": "Ten", "code": "TEN", "type": "percentage_discount", "amount": 10, "applies_to":
        {"entity": "categories", "ids": [0]},
    }  # fmt: skip
    assert window.post("/v2/coupons", coupon).status == 201
    certificate = {
        "to_name": "Jane", "to_email": "j@example.com", "from_name": "Joe", "from_email": "k@example.com",
        "amount": "100.00", "code": "GIFT-1", "balance": "100.00", "status": "active", "currency_code": "USD",
    }  # fmt: skip
    assert window.post("/v2/gift_certificates", certificate).status == 201
    visitor = arrived(window, (1, 2))
    page = visitor.post("/checkout/codes", {"code": "NOPE"})
    assert (visitor.reply.status, b"code-fault" in visitor.reply.body) == (200, True), page.text
    visitor.submit("/checkout/customer", email="jane@example.com")
    page = visitor.post("/checkout/codes", {"code": "TEN"})
    assert "-$2.00" in page.text
    visitor.submit("/checkout/shipping", **ADDRESS, orderMessage="Ring twice")
    visitor.submit("/checkout/shipping", orderMessage="Ring twice")
    page = visitor.post("/checkout/codes", {"code": "GIFT-1"})
    assert "There is nothing left to pay" in page.text
    assert "-$24.00" in page.text
    page = visitor.post("/checkout/codes", {"removeCoupon": "TEN"})
    assert "-$26.00" in page.text
    visitor.submit("/checkout/payment")
    assert visitor.at == DONE
    (made,) = orders(window)
    assert (made["status"], made["customer_message"]) == ("Awaiting Fulfillment", "Ring twice")
    (paid,) = window.get(f"/v3/orders/{made['id']}/transactions").data
    assert (paid["method"], paid["amount"]) == ("gift_certificate", 26)


def test_a_bill_to_another_address(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    visitor.submit("/checkout/customer", email="jane@example.com")
    visitor.submit("/checkout/shipping", **ADDRESS)
    form = visitor.page.forms[0]
    fields = {name: value for name, value in form["fields"].items() if name != "sameBilling"}
    visitor.post("/checkout/shipping", fields)
    assert visitor.at == "/checkout?step=billing"
    visitor.submit("/checkout/billing", **{**ADDRESS, "address1": "Hauptstr. 3", "city": "Bonn", "countryCode": "DE",
                                           "provinceCode": "", "postalCode": "53111"})  # fmt: skip
    if "Choose a state" in visitor.page.text:
        visitor.submit("/checkout/billing", provinceCode="NW")
    visitor.submit("/checkout/payment", **CARD)
    assert visitor.at == DONE, visitor.page.text
    assert orders(window)[0]["billing_address"]["country_iso2"] == "DE"


def test_without_a_script_the_states_of_another_country_can_be_asked_for(window: Shop) -> None:
    place = {"name": "CA", "type": "country", "locations": [{"country_iso2": "CA"}]}
    assert window.post("/v2/shipping/zones", place).status == 201
    visitor = arrived(window, (1, 1))
    visitor.submit("/checkout/customer", email="jane@example.com")
    page = visitor.submit("/checkout/shipping", **{**ADDRESS, "countryCode": "CA"}, again="1")
    assert "Ontario" in page.text
    assert "attention" not in page.text


def test_the_script_asks_for_options_and_totals_of_an_address(window: Shop) -> None:
    visitor = arrived(window, (1, 2))
    visitor.submit("/checkout/customer", email="jane@example.com")
    page = visitor.post("/checkout/options", {**ADDRESS})
    assert "Flat" in page.text
    assert 'data-part="totals"' in visitor.reply.body.decode()
    first = visitor.reply.body.decode()
    each = next(one for one in first.split('value="')[1:] if "Each" in one).partition('"')[0]
    page = visitor.post("/checkout/options", {**ADDRESS, "shippingOption": each})
    assert "$26.00" in page.text
    page = visitor.post("/checkout/options", {**ADDRESS, "city": ""})
    assert "Enter the address" in page.text


def test_forms_of_other_pages_change_nothing(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        visitor.post("/checkout/customer", {"email": "evil@example.com"}, **headers)
        assert visitor.reply.status == 403
    visitor.get("/checkout")
    assert "evil@example.com" not in visitor.page.text
    policy = visitor.reply.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_cart_of_a_customer_needs_its_link_or_its_session(window: Shop) -> None:
    customer = window.post("/v3/customers", [{"email": "c@example.com", "first_name": "C", "last_name": "D"}]).data[0]
    uuid = cart(window, (1, 1), customer_id=customer["id"])
    thief = Visitor(window)
    thief.cookies["cartId"] = uuid
    assert "Your cart is empty" in thief.get("/checkout").text
    thief.cookies["cartKey"] = "0" * 64
    assert "Your cart is empty" in thief.get("/checkout").text
    owner = Visitor(window)
    owner.get(link(window, uuid))
    assert (owner.at, "c@example.com" in owner.page.text) == ("/checkout", True)
    owner.submit("/checkout/shipping", **ADDRESS)
    owner.submit("/checkout/shipping")
    owner.submit("/checkout/payment", **CARD)
    assert owner.at == DONE, owner.page.text
    assert orders(window)[0]["customer_id"] == customer["id"]
    thief.cookies["orderedCartId"] = uuid
    thief.get(DONE)
    assert thief.reply.status == 404


def test_a_signed_in_customer_finds_kept_addresses(window: Shop) -> None:
    address = {
        "first_name": "Carla", "last_name": "Dean", "address1": "7 Elm St", "city": "Dallas", "country_code": "US",
        "state_or_province": "Texas", "postal_code": "75001",
    }  # fmt: skip
    made = window.post(
        "/v3/customers",
        [{"email": "c@example.com", "first_name": "Carla", "last_name": "Dean", "addresses": [address]}],
    ).data[0]
    visitor = arrived(window, (1, 1), customer_id=made["id"])
    sign_in(window, visitor, made["id"])
    visitor.get("/checkout")
    fields = visitor.page.forms[0]["fields"]
    assert (fields["address1"], fields["provinceCode"]) == ("7 Elm St", "TX")


def sign_in(shop: Shop, visitor: Visitor, customer_id: int) -> None:
    """Gives a browser a session."""
    from bodega.resources.tokens import sessions

    async def begun() -> str:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        return str(await store.write(lambda unit: sessions.begin(unit, customer_id, 1)))

    visitor.cookies["SHOP_SESSION_TOKEN"] = shop.server.run(begun())


async def paid_by(window: Shop, visitor: Visitor) -> int:
    """The status of a payment that a browser sends, without waiting for others."""
    kept = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    headers = [
        (b"host", visitor.host.encode()), (b"cookie", kept.encode()), (b"origin", f"http://{visitor.host}".encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": urlencode(CARD).encode(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "scheme": "http", "path": "/checkout/payment",
        "raw_path": b"/checkout/payment", "query_string": b"", "headers": headers,
    }  # fmt: skip
    await window.server.app(scope, receive, send)
    return int(sent[0]["status"])


def at_once(window: Shop, visitors: list[Visitor]) -> list[int]:
    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*(paid_by(window, one) for one in visitors)))

    statuses: list[int] = window.server.run(all_of_them())
    return statuses


def test_two_windows_that_order_at_once_make_one_order(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    up_to_payment(visitor)
    assert 303 in at_once(window, [visitor] * 5)
    assert len(orders(window)) == 1
    assert len(window.get(f"/v3/orders/{orders(window)[0]['id']}/transactions").data) == 1


def test_many_shoppers_at_once_get_the_last_pieces_and_no_more(window: Shop) -> None:
    """Who finds none left has ordered nothing, and paid nothing."""
    window.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 3})
    visitors = []
    for _ in range(9):
        visitors.append(arrived(window, (1, 1)))
        up_to_payment(visitors[-1])
    assert sorted(at_once(window, visitors)) == [303] * 3 + [422] * 6
    assert [one["status"] for one in orders(window)] == ["Awaiting Fulfillment"] * 3
    assert window.get("/v3/catalog/products/1").data["inventory_level"] == 0


def test_the_link_of_a_recovery_mail_opens_its_cart_until_it_is_ordered(window: Shop) -> None:
    uuid = cart(window, (1, 1))
    address = {"email": "left@example.com", "country_code": "US"}
    assert window.post(f"/v3/checkouts/{uuid}/billing-address", address).status == 200
    window.freeze(NOW + 7_200)
    store = window.server.run(window.server.app.stores.get(window.name))
    window.server.run(sweep_all(store, SWEEPS))
    token = window.select("SELECT token FROM carts WHERE token > ''")[0][0]
    for _ in range(2):
        visitor = Visitor(window)
        visitor.get(f"/cart.php?action=recover&token={token}")
        assert (visitor.at, "left@example.com" in visitor.page.text) == ("/checkout", True)
    visitor.submit("/checkout/shipping", **ADDRESS)
    visitor.submit("/checkout/shipping")
    visitor.submit("/checkout/payment", **CARD)
    assert visitor.at == DONE
    late = Visitor(window)
    late.get(f"/cart.php?action=recover&token={token}")
    assert late.reply.status == 404
    late.get("/cart.php?action=recover&token=guessed")
    assert late.reply.status == 404


def test_what_is_out_of_stock_is_told_and_nothing_is_paid(window: Shop) -> None:
    window.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 5})
    visitor = arrived(window, (1, 3))
    up_to_payment(visitor)
    window.put("/v3/catalog/products/1", {"inventory_level": 2})
    page = visitor.submit("/checkout/payment", **CARD)
    assert visitor.reply.status == 422
    assert "Nothing was ordered, and nothing was paid" in page.text
    assert orders(window) == []


def test_a_digital_cart_needs_no_delivery(window: Shop) -> None:
    window.product("Song", price=3, type="digital")
    visitor = arrived(window, (3, 1))
    visitor.submit("/checkout/customer", email="jane@example.com")
    assert visitor.page.forms[0]["action"] == "/checkout/billing"
    visitor.submit("/checkout/billing", **ADDRESS)
    visitor.submit("/checkout/payment", **CARD)
    assert visitor.at == DONE, visitor.page.text


def test_the_cart_of_a_link_goes_on_to_the_checkout(window: Shop) -> None:
    uuid = cart(window, (1, 1))
    visitor = Visitor(window)
    page = visitor.get(link(window, uuid, "cart_url"))
    assert "Hammer" in page.text
    assert "/checkout" in page.links
    visitor.get("/checkout")
    assert visitor.page.forms[0]["action"] == "/checkout/customer"


def test_a_link_to_a_foreign_cart_asks_who_has_a_cart_of_their_own(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    own, foreign = visitor.cookies["cartId"], cart(window, (2, 1))
    path = link(window, foreign)
    page = visitor.get(path)
    assert (visitor.reply.status, visitor.cookies["cartId"], "puts another cart" in page.text) == (200, own, True)
    visitor.post(path, {}, origin="https://evil.example")
    assert (visitor.reply.status, visitor.cookies["cartId"]) == (403, own)
    visitor.get(path)
    visitor.submit(path)
    assert (visitor.at, visitor.cookies["cartId"]) == ("/checkout", foreign), "asking does not use the link up"
    visitor.get(link(window, own), sec_fetch_site="same-origin")
    assert visitor.cookies["cartId"] == own, "a page of the shop itself may lead anywhere"
    visitor.get(link(window, own))
    assert visitor.at == "/checkout", "the cart that is there already takes nothing away"


def test_a_link_to_a_guests_cart_asks_who_is_signed_in(window: Shop) -> None:
    password = {"new_password": "secret-123", "force_password_reset": False}
    who = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe", "authentication": password}
    assert window.post("/v3/customers", [who]).status == 200
    visitor = Visitor(window)
    visitor.get("/login.php")
    visitor.submit("/login.php", login_email="jane@example.com", login_pass="secret-123")
    guests, theirs = cart(window, (1, 1)), cart(window, (2, 1), customer_id=1)
    page = visitor.get(link(window, guests))
    assert ("cartId" in visitor.cookies, "puts another cart" in page.text) == (False, True)
    assert window.get(f"/v3/carts/{guests}").data["customer_id"] == 0
    visitor.get(link(window, theirs))
    assert (visitor.at, visitor.cookies["cartId"]) == ("/checkout", theirs)
    page = visitor.get(link(window, guests, "cart_url"))
    assert visitor.cookies["cartId"] == theirs, page.text


def test_a_cart_that_a_link_opened_is_not_replaced_by_another_link(window: Shop) -> None:
    who = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
    assert window.post("/v3/customers", [who]).status == 200
    visitor = arrived(window, (1, 1), customer_id=1)
    opened = visitor.cookies["cartId"]
    visitor.get(link(window, cart(window, (2, 1))))
    assert visitor.cookies["cartId"] == opened


def test_a_token_of_the_checkout_shows_its_order(window: Shop) -> None:
    visitor = arrived(window, (1, 1))
    uuid = visitor.cookies["cartId"]
    token = window.post(f"/v3/checkouts/{uuid}/token", {"maxUses": 1}).json["checkoutToken"]
    up_to_payment(visitor)
    visitor.submit("/checkout/payment", **CARD)
    number = orders(window)[0]["id"]
    other = Visitor(window)
    assert f"Your order number is {number}" in other.get(f"{DONE}/{number}?t={token}").text
    other.get(f"{DONE}/{number}?t={token}")
    assert other.reply.status == 404
