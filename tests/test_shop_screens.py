"""Every page of the shop and of the checkout in a real browser: in light, in dark and on a phone, also where something
is wrong. axe finds nothing on any, and nothing is wider than the screen."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

import axe
from chromium import DESK, House, driver, keep_picture
from npm import needs_npm
from test_shop_browser import ask, at_shop, checkout_of, house

__all__ = ["driver", "house"]
pytestmark = [pytest.mark.browser, needs_npm]

ADDRESS = (("firstName", "Jane"), ("lastName", "Doe"), ("addressLine1", "1 Main St"), ("city", "Austin"),
           ("postCode", "78701"))  # fmt: skip
PASSWORD = "secret-123"


class Look:
    """A tab whose pages are looked at."""

    def __init__(self, page: Any, script: str, base: str) -> None:
        self.page, self.script, self.base = page, script, base
        self.seen: list[str] = []
        self.wrong: list[str] = []

    def open(self, path: str, wait: str = "") -> None:
        """Goes to a page, and looks at it."""
        self.page.goto(f"{self.base}{path}")
        self.at(path.partition("?")[0] + (f" {wait}" if wait else ""), wait)

    def at(self, name: str, wait: str = "") -> None:
        """Looks at the present page, once its text is there."""
        if wait:
            self.page.get_by_text(wait).first.wait_for()
        self.page.wait_for_load_state("networkidle")
        self.seen.append(name)
        file = re.sub(r"[^\w.]+", "-", re.sub(r"[^/ ]{60,}", "token", name)).strip("-") or "home"

        def shoot(look: str) -> None:
            keep_picture(self.page, f"shop/{file}-{look}")

        self.wrong += axe.wrong_on(self.page, name, self.script, shoot)
        self.page.set_viewport_size(DESK)

    def press(self, name: str) -> None:
        """Presses a button by its name."""
        self.page.get_by_role("button", name=name, exact=True).click()


def fill_address(page: Any) -> None:
    """The form of an address, wherever it stands."""
    for name, value in ADDRESS:
        page.locator(f"#{name}Input").fill(value)
    page.locator("#countryCodeInput").select_option("US")
    page.locator("#provinceCodeInput").select_option("TX")


@pytest.fixture
def look(request: pytest.FixtureRequest, driver: Any, house: House) -> Any:
    context = driver.new_context(viewport=DESK, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    made = Look(context.new_page(), axe.source(request), at_shop(house))
    yield made
    context.close()
    assert not made.wrong, "\n".join(made.wrong)


def test_the_pages_of_the_shop(house: House, look: Look) -> None:
    for path in ("/", "/lamps/", "/search.php?search_query=lamp", "/search.php?search_query=nothing-such",
                 "/about-us/", "/reading-lamp/", "/cart.php", "/login.php", "/login.php?action=create_account",
                 "/no-such-page/", "/checkout", "/cart.php?token=x&id=y", "/cart.php?action=add&sku=NOPE",
                 "/login/token/x"):  # fmt: skip
        look.open(path)
    look.open("/reading-lamp/")
    look.page.get_by_text("Ink", exact=True).click()
    look.page.get_by_label("Quantity").fill("20000")
    look.press("Add to cart")
    look.at("/reading-lamp/ refused", "whole number from 1 to 10,000")
    look.page.get_by_label("Quantity").fill("2")
    look.page.get_by_text("Ink", exact=True).click()
    look.press("Add to cart")
    look.at("/cart.php filled", "Your cart")
    assert len(look.seen) == 17


def test_the_pages_of_an_account(house: House, look: Look) -> None:
    ask(house, "POST", "/v3/form-fields", {
        "form": "customer", "name": "Style", "type": "radiobuttons", "options": ["Plain", "Fine"], "required": True,
    })  # fmt: skip
    ask(house, "POST", "/v3/form-fields", {
        "form": "customer", "name": "Rooms", "type": "picklist", "options": ["One", "Two"], "required": True,
    })  # fmt: skip
    look.open("/login.php?action=create_account", "Style")
    look.press("Create the account")
    look.at("registration refused", "fields need your attention")
    for label, text in (("First name", "Jane"), ("Last name", "Doe"), ("E-mail address", "jane@lights.example"),
                        ("Password", PASSWORD), ("The same password again", PASSWORD)):  # fmt: skip
        look.page.get_by_label(label, exact=True).fill(text)
    look.page.get_by_text("Fine", exact=True).click()
    look.page.get_by_label("Rooms").select_option("1")
    look.press("Create the account")
    look.at("/account.php", "Jane")
    look.page.context.clear_cookies()
    look.page.goto(f"{look.base}/login.php")
    look.page.get_by_label("E-mail address").fill("jane@lights.example")
    look.page.get_by_label("Password").fill("wrong")
    look.press("Sign in")
    look.at("/login.php refused", "E-mail address or password is wrong.")


def test_the_steps_of_the_checkout(house: House, look: Look) -> None:
    page = look.page
    page.goto(checkout_of(house, (2, 1)))
    look.at("contact", "How can we reach you?")
    page.get_by_label("E-mail address").fill("jane")
    look.press("Continue")
    look.at("contact refused", "Enter an e-mail address")
    page.get_by_label("E-mail address").fill("jane@example.com")
    look.press("Continue")
    look.at("delivery", "Where shall we send it?")
    look.press("Continue")
    look.at("delivery refused", "fields need your attention")
    fill_address(page)
    page.locator('label[for*="shippingOptionRadio"]').first.click()
    look.at("delivery with options")
    page.locator("#sameAsBilling").uncheck()
    look.press("Continue")
    look.at("billing", "Whose name is on the bill?")
    fill_address(page)
    look.press("Continue")
    page.get_by_text("Card number").first.wait_for()
    page.get_by_label("Coupon or gift certificate").fill("NOPE")
    look.press("Apply")
    look.at("payment with a wrong code")
    pay: Callable[[], None] = page.locator('button[type="submit"]').click
    pay()
    look.at("payment refused", "fields need your attention")
    for name, value in (("ccNumber", "4111 1111 1111 1111"), ("ccExpiry", "12/34"), ("ccName", "Jane Doe"),
                        ("ccCvv", "123")):  # fmt: skip
        page.locator(f"#{name}").fill(value)
    pay()
    page.wait_for_url("**/checkout/order-confirmation")
    look.at("confirmation", "Thank you, Jane.")


def test_a_checkout_of_customers_alone_and_a_shop_that_is_closed(house: House, look: Look) -> None:
    at = "/v3/checkouts/settings/channels/1"
    ask(house, "PUT", at, {"guest_checkout_type": "disabled"})
    try:
        look.page.goto(checkout_of(house, (2, 1)))
        look.at("sign in to check out", "Sign in to check out")
    finally:
        ask(house, "PUT", at, {"guest_checkout_type": "enabled"})
    soon = {"name": "Soon", "platform": "custom", "type": "storefront", "status": "prelaunch"}
    number = ask(house, "POST", "/v3/channels", soon)["id"]
    look.base = look.base.replace("//store-lights.", f"//store-lights-{number}.")
    look.open("/", "We are not open yet")


def test_the_question_before_a_link_takes_a_cart(house: House, look: Look) -> None:
    look.page.goto(checkout_of(house, (2, 1)))
    other = ask(house, "POST", "/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}]})["id"]
    token = ask(house, "POST", "/v3/storefront/api-token", {"channel_id": 1, "expires_at": 4_102_444_800})["token"]
    query = """mutation($cart: String!) { generateSessionSyncJwt(redirectTo: "/cart.php", cartId: $cart) {
      result { token } } }"""
    body = json.dumps({"query": query, "variables": {"cart": other}}).encode()
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json", "host": "store-lights.localhost"}
    asked = urllib.request.Request(f"{house.url}/graphql", body, sent)
    with urllib.request.urlopen(asked, timeout=60) as reply:
        link = json.load(reply)["data"]["generateSessionSyncJwt"]["result"]["token"]
    look.open(f"/session-sync/{link}", "another shopper's")
    look.press("Go on with the link")
    look.page.get_by_role("heading", name="Your cart").wait_for()
    look.page.get_by_text("Brass lamp").first.wait_for()
