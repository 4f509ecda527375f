"""Catalogue, orders, customers and webhooks in a real browser: each flow, with scripts and without, at a desk and on a
phone. Screenshots are kept in build/screenshots."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import zips
from bodega import passwords
from bodega.access import owners
from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.storage.creating import create_store
from chromium import House, driver, serving
from pictures import picture
from test_panel_browser import EMAIL, KINDS, PASSWORD, TOKEN, Tab, tab

__all__ = ["driver", "tab"]
pytestmark = pytest.mark.browser

ADA = {"first_name": "Ada", "last_name": "Example", "street_1": "1 High Street", "city": "London",
       "state": "Greater London", "zip": "E1 1AA", "country_iso2": "GB", "email": "ada@example.com"}  # fmt: skip
LAMP = {"type": "physical", "weight": 1.5, "price": 45, "inventory_tracking": "product",
        "inventory_warning_level": 5, "is_visible": True}  # fmt: skip


def ask(house: House, method: str, path: str, body: Any = None) -> Any:
    """A request to the store's API: its data."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{house.url}/stores/corner{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        read = reply.read()
    found = json.loads(read) if read else None
    return found["data"] if path.startswith("/v3") and isinstance(found, dict) else found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with a small shop: shelves, lamps, a customer, orders."""
    with serving(tmp_path_factory.mktemp("selling")) as started:
        registry = started.app.stores.registry

        async def make() -> None:
            settings = {"name": "Corner shop", "webhooks.allow_private": True}
            record = await create_store(started.app.stores.backend, "corner", "sandbox", settings, int(time.time()))
            await add_account(registry, record, "ERP connector", TOKEN, ALL, client_id="erp", per_window=100_000)
            hashed = await passwords.hashed(PASSWORD)
            await owners.add(registry.tx, EMAIL, "corner", hashed, int(time.time()))

        started.run(make())
        light = ask(started, "POST", "/v3/catalog/categories", {"name": "Light", "parent_id": 0})["id"]
        ask(started, "POST", "/v3/catalog/categories", {"name": "Desk lamps", "parent_id": light})
        for name, level in (("Brass lamp", 40), ("Paper lantern", 3), ("Clip-on spot", 1), ("Storm light", 12)):
            own = {"name": name, "categories": [light], "sku": name[:3], "inventory_level": level}
            ask(started, "POST", "/v3/catalog/products", {**LAMP, **own})
        ask(started, "POST", "/v2/customer_groups", {"name": "Trade"})
        customer = ask(started, "POST", "/v2/customers", {**{k: ADA[k] for k in ("first_name", "last_name", "email")},
                                                          "company": "Engines Ltd"})["id"]  # fmt: skip
        for status in (11, 1, 2, 10, 11, 11, 11):
            ask(started, "POST", "/v2/orders", {
                "status_id": status, "customer_id": customer, "billing_address": ADA, "shipping_addresses": [ADA],
                "products": [{"product_id": 1, "quantity": 2}, {"name": "Gift wrap", "quantity": 1,
                             "price_ex_tax": 2, "price_inc_tax": 2}],
                "shipping_cost_ex_tax": 5, "shipping_cost_inc_tax": 5, "payment_method": "Manual",
            })  # fmt: skip
        ask(started, "POST", "/v3/hooks", {"scope": "store/category/*", "destination": f"{started.url}/nowhere",
                                           "is_active": True})  # fmt: skip
        yield started


def test_every_page_fits_its_screen(house: House, tab: Tab) -> None:
    cart = ask(house, "POST", "/v3/carts", {"line_items": [{"product_id": 1, "quantity": 2}]})["id"]
    pages = {
        "overview-selling": "", "products": "/products", "product-new": "/products/new", "product": "/products/1",
        "product-images": "/products/1/images", "product-variants": "/products/1/variants",
        "product-parts": "/products/1/parts", "categories": "/categories", "category": "/categories/1",
        "brands": "/brands", "customers": "/customers", "customer": "/customers/1",
        "customer-groups": "/customer-groups", "customer-group": "/customer-groups/1", "orders": "/orders",
        "order": "/orders/1", "webhooks": "/webhooks", "webhook": "/webhooks/1", "webhook-new": "/webhooks/new",
        "plan": "/status#plan", "product-stock": "/products/1/stock", "locations": "/locations",
        "location": "/locations/1", "location-new": "/locations/new", "channels": "/channels",
        "carts": "/carts", "cart": f"/carts/{cart}",
        "channel": "/channels/1", "channel-new": "/channels/new", "themes": "/themes", "widgets": "/widgets",
        "widget-template": f"/widgets/templates/{banner(house)}",
    }  # fmt: skip
    for name, path in pages.items():
        page = tab.go(path)
        assert page.locator("h1").count() == 1, name
        tab.shoot(name)


def banner(house: House) -> str:
    """A widget on the home page; the id of its template."""
    setting = {"type": "input", "label": "Title", "id": "title", "default": "Welcome"}
    body = {
        "name": "Banner",
        "template": "<section class='banner'><h2>{{title}}</h2></section>",
        "schema": [{"type": "hidden", "settings": [setting]}],
    }
    made: str = ask(house, "POST", "/v3/content/widget-templates", body)["uuid"]
    one = ask(house, "POST", "/v3/content/widgets", {"name": "Summer sale", "widget_template_uuid": made})["uuid"]
    place = {"widget_uuid": one, "template_file": "pages/home", "region": "home_below_menu", "status": "active"}
    ask(house, "POST", "/v3/content/placements", place)
    return made


def test_a_theme_is_uploaded_and_shown(house: House, tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "theme.zip"
    file.write_bytes(zips.theme(config={**zips.CONFIG, "name": f"Harbour {tab.kind}"}))
    page = tab.go("/themes")
    page.get_by_label("Zip file").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    for _ in range(100):
        page.get_by_role("heading", name="Themes").wait_for()
        again = page.get_by_role("link", name="Look again")
        if not again.count():
            break
        page.wait_for_timeout(100)
        again.click()
    page.get_by_text("The theme is in the list below.").wait_for()
    row = page.get_by_role("row").filter(has_text=f"Harbour {tab.kind}")
    row.get_by_label("Variation of").select_option(label="Night")
    row.get_by_role("button", name="Show").click()
    page.get_by_text("The channel shows this variation now.").wait_for()
    assert page.get_by_role("row").filter(has_text=f"Harbour {tab.kind}").locator(".pill.s2").count() == 1
    tab.shoot("theme-shown")


def test_a_product_is_made_with_picture_variants_and_prices(house: House, tab: Tab, tmp_path: Path) -> None:
    page = tab.go("/products")
    page.get_by_role("link", name="New product").first.click()
    name = f"Lamp of the {tab.kind}"
    page.get_by_label("Name *").fill(name)
    page.get_by_label("Price *").fill("cheap")
    page.get_by_label("Weight *").fill("2")
    page.get_by_label("Brand").fill("Lumen")
    page.get_by_label("Light", exact=True).check()
    page.get_by_role("button", name="Create the product").click()
    page.get_by_role("alert").wait_for()
    assert "This must be a number." in page.locator(".wrong").inner_text()
    tab.shoot("product-wrong")
    page.get_by_label("Price *").fill("45.5")
    page.get_by_role("button", name="Create the product").click()
    page.get_by_text("The product was created.").wait_for()
    key = int(re.search(r"/products/(\d+)", page.url)[1])  # type: ignore[index]
    made = ask(house, "GET", f"/v3/catalog/products/{key}")
    assert (made["name"], made["price"], made["categories"]) == (name, 45.5, [1])

    page.get_by_role("link", name="Images").click()
    file = tmp_path / "lamp.png"
    file.write_bytes(picture((640, 480), colour="#c9a24b"))
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("What it shows").fill("From the side")
    page.get_by_role("button", name="Add the image").click()
    page.get_by_text("Added.").wait_for()
    shown = page.locator("img.big").first
    assert shown.get_attribute("alt") == "From the side"
    if tab.script:
        assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0, (
            "the policy lets it be seen"
        )
    tab.shoot("product-image-added")

    page.get_by_role("link", name="Variants").click()
    page.get_by_label("Name *").fill("Size")
    page.get_by_label("Shown as *").select_option("rectangles")
    page.get_by_label("Values *").fill("Small, Large")
    page.get_by_role("button", name="Add the option").click()
    page.get_by_role("button", name="Create them").click()
    page.get_by_role("heading", name="Variants", exact=True).wait_for()
    page.get_by_label("Price of Large", exact=True).fill("60")
    page.get_by_label("Price of Large", exact=True).press("Enter")
    page.get_by_text("Saved.").wait_for()
    assert [one["price"] for one in ask(house, "GET", f"/v3/catalog/products/{key}/variants")] == [None, 60]
    tab.shoot("product-variants-made")

    page.get_by_role("link", name="Fields and prices").click()
    prices = page.locator("#bulk-pricing-rules")
    for label, text in (("From *", "5"), ("To *", "9"), ("Amount *", "10")):
        prices.get_by_label(label).fill(text)
    prices.get_by_label("Gives *").select_option("percent")
    prices.get_by_role("button", name="Add").click()
    page.get_by_text("Added.").wait_for()
    assert ask(house, "GET", f"/v3/catalog/products/{key}/bulk-pricing-rules")[0]["amount"] == 10
    tab.shoot("product-parts-made")

    page.get_by_role("link", name="Details").click()
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_text("The product was deleted.").wait_for()


def test_two_tabs_tell_of_each_other(house: House, driver: Any) -> None:
    script, viewport, dark = KINDS["desk"]
    tabs = [Tab(driver, house, script=script, viewport=viewport, dark=dark) for _ in range(2)]
    for each in tabs:
        each.sign_in()
        each.go("/products/2")
    for each, price in zip(tabs, ("30", "31"), strict=True):
        each.page.get_by_label("Price *").fill(price)
        each.page.get_by_role("button", name="Save").click()
        each.page.locator("[role=status], [role=alert]").first.wait_for()
    second = tabs[1]
    assert "30" in second.page.locator(".wrong").inner_text()
    second.shoot("product-meanwhile")
    second.page.get_by_role("button", name="Save").click()
    second.page.get_by_text("Saved.").wait_for()
    assert ask(house, "GET", "/v3/catalog/products/2")["price"] == 31
    for each in tabs:
        each.close()
        assert each.complaints == []


ORDERS = dict(zip(KINDS, (1, 5, 6, 7), strict=True))
"""Each kind of browser has an order of its own."""


def test_an_order_is_sent_in_parts_and_paid_back(house: House, tab: Tab) -> None:
    page = tab.go("/orders")
    page.get_by_label("Number, or the payer's e-mail address").fill(str(ORDERS[tab.kind]))
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=f"#{ORDERS[tab.kind]}", exact=True).click()
    page.get_by_role("heading", name=f"Order {ORDERS[tab.kind]}").wait_for()
    page.get_by_label("Gift wrap", exact=True).first.fill("0")
    page.get_by_label("Tracking number").fill("RM 123")
    page.get_by_label("Carrier").select_option("royalmail")
    page.get_by_role("button", name="Create the shipment").click()
    page.get_by_text("The shipment was created.").wait_for()
    page.locator(".head .pill", has_text="Partially Shipped").wait_for()
    tab.shoot("order-sent")
    page.locator("summary", has_text="Refund").click()
    page.locator("#refunds").get_by_label("Brass lamp").fill("1")
    page.get_by_label("Reason").fill("Came in two pieces")
    page.get_by_role("button", name="Calculate the refund").click()
    page.get_by_role("link", name="Confirm it").wait_for()
    tab.shoot("order-quote")
    page.get_by_role("button", name=re.compile(r"^Refund \S+$")).click()
    page.get_by_text("The refund was made.").wait_for()
    assert ask(house, "GET", f"/v2/orders/{ORDERS[tab.kind]}")["status"] == "Partially Refunded"
    page.get_by_label("New status").select_option("Completed")
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_text("The status was changed.").wait_for()
    page.get_by_label("Notes for the staff").fill("Sent a new one")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    tab.shoot("order-done")


def test_a_customer_is_made_and_given_an_address(house: House, tab: Tab) -> None:
    page = tab.go("/customers")
    page.get_by_role("link", name="New customer").first.click()
    for label, text in (("First name *", "Grace"), ("Last name *", tab.kind), ("Email *", "ada@example.com")):
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Create the customer").click()
    page.get_by_role("alert").wait_for()
    assert "e-mail address" in page.locator(".wrong").inner_text()
    page.get_by_label("Email *").fill(f"grace-{tab.kind}@example.com")
    page.get_by_label("Group").select_option("Trade")
    page.get_by_role("button", name="Create the customer").click()
    page.get_by_text("The customer was created.").wait_for()
    page.locator("summary", has_text="Add an address").click()
    home = page.locator("#addresses")
    for label, text in (("First name *", "Grace"), ("Last name *", "Example"), ("Street *", "2 High Street"),
                        ("City *", "Leeds"), ("Country *", "United Kingdom")):  # fmt: skip
        home.get_by_label(label).last.fill(text)
    page.get_by_role("button", name="Add the address").click()
    page.locator("#addresses summary", has_text="2 High Street").wait_for()
    tab.shoot("customer-made")


def test_a_delivery_that_failed_is_looked_at_and_sent_again(house: House, tab: Tab) -> None:
    ask(house, "POST", "/v3/catalog/categories", {"name": f"Shelf {tab.kind}", "parent_id": 0})
    page = tab.go("/webhooks")
    page.get_by_role("link", name="store/category/*").click()
    give_up = time.monotonic() + 60
    while page.locator("#deliveries .pill", has_text="401").count() == 0:
        assert time.monotonic() < give_up
        page.wait_for_timeout(100)
        page.reload()
    page.locator("#deliveries a.whole").first.click()
    page.get_by_role("heading", name="Request").wait_for()
    assert "store/category/created" in page.locator("pre").last.inner_text()
    tab.shoot("delivery")
    page.get_by_role("button", name="Redeliver").click()
    page.get_by_text("It is being redelivered").wait_for()
    page.get_by_role("link", name="store/category/*").click()
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_text("The webhook is inactive").wait_for()
    tab.shoot("webhook-inactive")
    page.get_by_role("button", name="Activate and redeliver what failed").click()
    page.get_by_text("what failed is being redelivered").wait_for()


def test_the_plan_is_changed(house: House, tab: Tab) -> None:
    page = tab.go("/status")
    page.locator("summary", has_text="Change the plan").click()
    page.get_by_label("Plan").select_option("standard")
    page.get_by_label("Brands", exact=True).fill("40")
    page.get_by_role("button", name="Change the plan").click()
    page.get_by_text("The plan was changed.").wait_for()
    assert page.get_by_text("of 40").count() == 1
    tab.shoot("plan-changed")
    page.locator("summary", has_text="Change the plan").click()
    page.get_by_label("Plan").select_option("sandbox")
    page.get_by_label("Brands", exact=True).fill("")
    page.get_by_role("button", name="Change the plan").click()
    page.get_by_text("The plan was changed.").wait_for()


def test_a_channel_gets_a_status_currencies_and_a_site(house: House, tab: Tab) -> None:
    name = f"Shop of the {tab.kind}"
    made = ask(house, "POST", "/v3/channels", {"name": name, "type": "storefront", "platform": "custom"})["id"]
    page = tab.go("/channels")
    page.get_by_role("link", name=name).click()
    page.get_by_label("Status").select_option("inactive")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("status").wait_for()
    page.get_by_label("US Dollar").check()
    page.get_by_role("button", name="Save the currencies").click()
    page.get_by_role("status").wait_for()
    page.get_by_label("Address *").fill(f"https://{tab.kind.replace(' ', '-')}.shop.example")
    page.get_by_role("button", name="Create the site").click()
    page.get_by_role("button", name="Save the site").wait_for()
    tab.shoot("channel-saved")
    assert ask(house, "GET", f"/v3/channels/{made}")["status"] == "inactive"
    assert ask(house, "GET", f"/v3/channels/{made}/site")["url"].endswith(".shop.example")


def test_a_web_page_a_redirect_and_a_reminder_are_made(house: House, tab: Tab) -> None:
    name, old = f"Terms on the {tab.kind}", f"/terms-{tab.kind.replace(' ', '-')}"
    page = tab.go("/web-pages/new")
    page.get_by_label("Name", exact=False).first.fill(name)
    page.get_by_label("Text or HTML").fill("<p>Terms</p>")
    tab.shoot("web-page")
    page.get_by_role("button", name="Create the web page").click()
    page.get_by_text("The web page was created.").wait_for()
    assert page.get_by_role("link", name=name, exact=True).count() == 1
    page = tab.go("/redirects")
    page.get_by_label("Old path").fill(old)
    page.get_by_label("Address, or its number").fill("/new-terms")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The redirect was saved.").wait_for()
    assert page.get_by_text(old, exact=True).count() >= 1
    tab.shoot("redirects")
    page = tab.go("/abandoned-cart-emails/new")
    page.get_by_label("Subject").fill(f"Come back to the {tab.kind}")
    page.get_by_label("HTML").fill("<p>{{customer.name}}</p>")
    page.get_by_role("button", name="Create the e-mail").click()
    page.get_by_text("The e-mail was created.").wait_for()
    tab.shoot("reminders")
