"""The pages of a shop in a real browser: at a desk and on a phone, with scripts and without, in light and dark.

Pictures of each step are kept in build/screenshots.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.storage.creating import create_store
from chromium import DESK, PHONE, House, driver, serving
from pictures import FORM, form, picture
from test_panel_browser import Tab

__all__ = ["driver"]
pytestmark = pytest.mark.browser

TOKEN = "shop-" + "t" * 40
KINDS = {
    "desk": (True, DESK, False),
    "phone-dark": (True, PHONE, True),
    "desk-no-script": (False, DESK, False),
    "phone": (True, PHONE, False),
}
LAMPS = (("Brass lamp", 89, "goldenrod"), ("Paper lantern", 24.5, "indianred"), ("Clip-on spot", 39, "slategray"),
         ("Storm light", 64, "seagreen"), ("Reading lamp", 120, "steelblue"))  # fmt: skip


def ask(house: House, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A request to the store's API: its data."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    sent = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    request = urllib.request.Request(f"{house.url}/stores/lights{path}", data, sent, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        read = reply.read()
    found = json.loads(read) if read else None
    return found["data"] if path.startswith("/v3") and isinstance(found, dict) else found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with a shop of lamps."""
    with serving(tmp_path_factory.mktemp("lights")) as started:
        stores = started.app.stores

        async def make() -> None:
            settings = {"name": "North Light", "stock.taken": "placed"}
            record = await create_store(stores.backend, "lights", "sandbox", settings, int(time.time()))
            await add_account(stores.registry, record, "test", TOKEN, ALL, client_id="test", per_window=100_000)

        started.run(make())
        shelf = ask(started, "POST", "/v3/catalog/categories", {"name": "Lamps", "parent_id": 0})["id"]
        ask(started, "POST", "/v3/catalog/categories", {"name": "Outdoors", "parent_id": 0})
        ask(started, "POST", "/v3/catalog/categories", {"name": "Desk lamps", "parent_id": shelf})
        brand = ask(started, "POST", "/v3/catalog/brands", {"name": "Nordlys"})["id"]
        for number, (name, price, colour) in enumerate(LAMPS, start=1):
            ask(started, "POST", "/v3/catalog/products", {
                "name": name, "type": "physical", "weight": 2, "price": price, "categories": [shelf],
                "brand_id": brand, "is_visible": True, "is_featured": number < 4, "sku": f"L-{number}",
                "sale_price": 69 if number == 1 else 0,
                "description": "<p>Warm light for long evenings, made to be repaired.</p>",
            })  # fmt: skip
            content = form(picture((640, 640), colour=colour))
            ask(started, "POST", f"/v3/catalog/products/{number}/images", content, Content_Type=FORM["content-type"])
        ask(started, "POST", "/v3/catalog/products/5/modifiers", {
            "display_name": "Finish", "type": "swatch", "required": True, "option_values": [
                {"label": "Ink", "sort_order": 0, "value_data": {"colors": ["#1b2a49"]}},
                {"label": "Clay", "sort_order": 1, "value_data": {"colors": ["#b5651d"]}}],
        })  # fmt: skip
        ask(started, "POST", "/v3/content/pages", {
            "type": "page", "name": "About us", "channel_id": 1, "is_visible": True,
            "body": "<p>Two people and a workshop by the harbour. We build lamps that can be opened, mended and"
            " handed down.</p><h2>Where to find us</h2><p>Pier 4, every day but Monday.</p>",
        })  # fmt: skip
        ask(started, "POST", "/v2/shipping/zones", {"name": "US", "type": "country", "locations": [
            {"country_iso2": "US"}, {"country_iso2": "CA"}, {"country_iso2": "SG"}]})  # fmt: skip
        for name, rate in (("Standard delivery", 8), ("Express delivery", 19)):
            method = {"name": name, "type": "perorder", "settings": {"rate": rate}}
            ask(started, "POST", "/v2/shipping/zones/1/methods", method)
        everything = {"entity": "categories", "ids": [0]}
        coupon = {"name": "Ten", "code": "TEN", "type": "percentage_discount", "amount": "10", "applies_to": everything}
        ask(started, "POST", "/v2/coupons", coupon)
        yield started


def at_shop(house: House) -> str:
    """The address of the shop, which Chromium finds on this machine."""
    return re.sub(r"//[^:/]+", "//store-lights.localhost", house.url)


@pytest.fixture(params=KINDS)
def tab(request: pytest.FixtureRequest, driver: Any, house: House) -> Iterator[Tab]:
    """A shopper's tab in each kind of browser."""
    script, viewport, dark = KINDS[request.param]
    made = Tab(driver, house, script=script, viewport=viewport, dark=dark)
    yield made
    made.close()
    assert made.complaints == []


def checkout_of(house: House, *items: tuple[int, int]) -> str:
    """A link that opens a new cart at the checkout."""
    lines = [{"product_id": product, "quantity": quantity} for product, quantity in items]
    made = ask(house, "POST", "/v3/carts", {"line_items": lines, "channel_id": 1})
    url = ask(house, "POST", f"/v3/carts/{made['id']}/redirect_urls", {})["checkout_url"]
    return at_shop(house) + "/" + str(url).partition("//")[2].partition("/")[2]


def fill_card(page: Any, number: str, *, framed: bool) -> None:
    """Fills the fields of a card: those in frames, or those beneath, which are all there is without a script."""
    for name, inner, value in (
        ("ccNumber", "card-number", number), ("ccExpiry", "card-expiry", "12/34"), ("ccName", "card-name", "success"),
        ("ccCvv", "card-code", "123"),
    ):  # fmt: skip
        plain = page.locator(f"#{name}")
        if framed:  # as tests of shops say it that know shops of both kinds
            either = page.frame_locator(f"#bigpaypay-{name} iframe").locator(f"#{inner}").or_(plain)
            either.fill(value)
            assert plain.input_value() == value
        else:
            plain.fill(value)
    if page.locator("iframe").count():
        assert [one.locator("input").input_value() for one in inside(page)] == [number, "12/34", "123", "success"]


def inside(page: Any) -> list[Any]:
    """The frames of a page, in its order."""
    return [page.frame_locator("iframe").nth(place) for place in range(page.locator("iframe").count())]


def test_a_guest_buys(house: House, tab: Tab) -> None:
    """Field by field, as other shops' tests fill a checkout."""
    page = tab.page
    page.goto(checkout_of(house, (1, 1), (2, 2)))
    page.wait_for_url("**/checkout")
    tab.shoot("checkout-1-contact")
    page.locator('input[name="email"]').fill("jane@example.com")
    page.locator('button[type="submit"]').click()
    page.wait_for_load_state("networkidle")
    page.locator("#firstNameInput").fill("Jane")
    page.locator("#lastNameInput").fill("Doe")
    page.locator("#addressLine1Input").fill("1 Main St")
    page.locator("#addressLine2Input").fill("Floor 2")
    page.locator("#cityInput").fill("Toronto")
    page.locator("#countryCodeInput").select_option("CA")
    if not tab.script:
        page.locator("#postCodeInput").fill("12345")
        page.locator('noscript input[name="again"], input[name="again"]').click()
    page.locator("#provinceCodeInput").select_option("ON")
    page.locator("#postCodeInput").fill("12345")
    if not tab.script:
        page.locator('button[type="submit"]').click()
    page.locator('label[for*="shippingOptionRadio"]').first.wait_for(state="visible")
    page.locator('label[for*="shippingOptionRadio"]').nth(1).click()
    page.wait_for_load_state("networkidle")
    if tab.script:
        page.locator("summary").get_by_text("$137.00").wait_for()
    tab.shoot("checkout-2-delivery")
    page.locator('button[type="submit"]').click()
    page.wait_for_load_state("networkidle")
    page.locator('label[for="radio-bigpaypay"]').click()
    fill_card(page, "4000 0000 0000 0002", framed=tab.script)
    tab.shoot("checkout-3-payment")
    page.locator('button[type="submit"]').click()
    page.get_by_text("The card was declined.").wait_for()
    tab.shoot("checkout-4-declined")
    fill_card(page, "4111 1111 1111 1111", framed=False)
    page.locator('button[type="submit"]').click()
    page.wait_for_url("**/checkout/order-confirmation")
    page.get_by_role("heading", name="Thank you, Jane.").wait_for()
    tab.shoot("checkout-5-confirmation")
    order = ask(house, "GET", "/v2/orders?sort=id:desc&limit=1")[0]
    assert (order["status"], order["total_inc_tax"]) == ("Awaiting Fulfillment", "137.0000")


def test_a_country_without_states_has_a_field_for_its_text(house: House, driver: Any) -> None:
    tab = Tab(driver, house, script=True, viewport=DESK)
    page = tab.page
    page.goto(checkout_of(house, (2, 1)))
    page.locator('input[name="email"]').fill("jane@example.com")
    page.locator('button[type="submit"]').click()
    every = page.locator("#countryCodeInput option").evaluate_all("(all) => all.map((one) => one.value)")
    assert set(every) == {"", "CA", "SG", "US"}
    page.locator("#countryCodeInput").select_option("US")
    assert page.locator("#provinceCodeInput option").count() > 50
    page.get_by_label("Coupon or gift certificate").fill("TEN")
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("-$2.45").first.wait_for()
    tab.close()
    assert tab.complaints == []


LABELLED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button")]
  .filter((one) => !(one.labels && one.labels.length) && !one.getAttribute("aria-label")
    && !one.textContent.trim() && !(one.type === "submit" && one.value)).map((one) => one.outerHTML)"""
SMALL = """() => [...document.querySelectorAll("button, .button, select, input:not([type=hidden])")]
  .filter((one) => one.offsetParent && !["radio", "checkbox"].includes(one.type) && one.offsetHeight < 24)
  .map((one) => one.outerHTML)"""
IDS = """() => { const all = [...document.querySelectorAll("[id]")].map((one) => one.id);
  return all.filter((one, place) => all.indexOf(one) !== place) }"""


BY_KEYBOARD = """() => [...document.querySelectorAll(".card iframe, .card input")]
  .filter((one) => one.tabIndex >= 0).map((one) => one.tagName)"""


def accessible(page: Any) -> None:
    """Every control has a name and is large enough, every id is one element's, and there is one main heading."""
    for check in (LABELLED, SMALL, IDS):
        assert page.evaluate(check) == []
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang")
    assert page.locator("img:not([alt])").count() == 0


def test_the_steps_are_accessible_by_keyboard_and_name(house: House, driver: Any) -> None:
    tab = Tab(driver, house, script=True, viewport=DESK)
    page = tab.page
    page.goto(checkout_of(house, (2, 1)))
    accessible(page)
    page.get_by_label("E-mail address").fill("jane")
    page.keyboard.press("Enter")
    page.get_by_text("Enter an e-mail address").wait_for()
    assert page.get_by_label("E-mail address").get_attribute("aria-describedby") == "emailInput-fault"
    page.get_by_label("E-mail address").fill("jane@example.com")
    page.keyboard.press("Enter")
    page.locator("#firstNameInput").wait_for()
    accessible(page)
    for name, value in (("firstName", "Jane"), ("lastName", "Doe"), ("addressLine1", "1 Main St"), ("city", "Austin"),
                        ("postCode", "78701")):  # fmt: skip
        page.locator(f"#{name}Input").fill(value)
    page.locator("#countryCodeInput").select_option("US")
    page.locator("#provinceCodeInput").select_option("TX")
    page.locator('label[for*="shippingOptionRadio"]').first.click()
    page.get_by_role("button", name="Continue").press("Enter")
    page.locator("iframe").nth(3).wait_for()
    accessible(page)
    page.get_by_text("Card number").click()
    page.keyboard.type("4111 1111 1111 1112")
    page.keyboard.press("Tab")
    page.keyboard.type("12/34")
    page.keyboard.press("Tab")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    page.get_by_text("3 fields need your attention.").wait_for()
    number, expiry, code, owner = (one.get_by_role("textbox") for one in inside(page))
    assert number.get_attribute("aria-label") == "Card number"
    assert [each.get_attribute("aria-invalid") for each in (number, expiry, code, owner)] == [
        "true",
        None,
        "true",
        "true",
    ]
    told = number.evaluate("(one) => document.getElementById(one.getAttribute('aria-describedby')).textContent")
    assert told == "Enter the number of a card."
    assert page.evaluate(BY_KEYBOARD) == ["IFRAME"] * 4
    for frame in page.frames[1:]:
        for check in (LABELLED, SMALL, IDS):
            assert frame.evaluate(check) == []
        assert frame.title()
        assert frame.locator("html").get_attribute("lang")
    tab.close()
    assert tab.complaints == []


def test_a_shopper_looks_around_and_fills_a_cart(house: House, tab: Tab) -> None:
    page = tab.page
    page.goto(f"{at_shop(house)}/")
    page.get_by_role("heading", name="Featured").wait_for()
    if tab.script:
        accessible(page)
    tab.shoot("shop-1-home")
    page.get_by_role("navigation", name="Categories").get_by_role("link", name="Lamps").click()
    page.get_by_role("heading", name="Lamps", level=1).wait_for()
    tab.shoot("shop-2-category")
    page.get_by_label("Search").fill("lantern")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Results for").wait_for()
    tab.shoot("shop-3-search")
    page.goto(f"{at_shop(house)}/reading-lamp/")
    page.get_by_role("heading", name="Reading lamp").wait_for()
    page.get_by_text("Ink", exact=True).click()
    tab.shoot("shop-4-product")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart", exact=True).click()
    page.get_by_role("heading", name="Your cart").wait_for()
    page.get_by_text("Finish: Ink").wait_for()
    if tab.script:
        accessible(page)
    tab.shoot("shop-5-cart")
    page.get_by_role("link", name="Check out").click()
    page.locator('input[name="email"]').wait_for()
    page.goto(f"{at_shop(house)}/about-us/")
    page.get_by_text("Two people and a workshop").wait_for()
    tab.shoot("shop-6-page")
    page.goto(f"{at_shop(house)}/login.php")
    tab.shoot("shop-7-sign-in")
