"""The small storefront: what the pages show, what their forms do, and which settings act; on both databases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import bodega.storefront
from browsing_pages import Visitor
from shop import Reply, Shop
from storefront import NOW

ALL = {"X-Auth-Token": ""}


@pytest.fixture
def lit(shop: Shop) -> Shop:
    """Two categories, a brand, three lamps, of which one has colours."""
    shop.freeze(NOW)
    lamps = shop.category("Lamps")
    shop.category("Desk lamps", parent_id=lamps)
    brand = shop.brand("Nordlys")
    for name, price, more in (
        ("Brass lamp", 89, {"is_featured": True, "brand_id": brand, "sku": "B-1", "weight": 2}),
        ("Paper lantern", 25, {"sale_price": 20}),
        ("Hidden lamp", 5, {"is_visible": False}),
    ):
        shop.product(name, price=price, categories=[lamps], description=f"<p>All about {name}</p>", **more)
    colour = {"display_name": "Colour", "type": "rectangles", "option_values": [
        {"label": "Red", "sort_order": 0}, {"label": "Blue", "sort_order": 1}]}  # fmt: skip
    made = shop.post("/v3/catalog/products/2/options", colour)
    assert made.status in (200, 201), made.body
    for value in made.data["option_values"]:
        body = {"sku": f"P-{value['label']}", "option_values": [{"option_id": made.data["id"], "id": value["id"]}]}
        assert shop.post("/v3/catalog/products/2/variants", body).status in (200, 201)
    return shop


def settings(shop: Shop, group: str, **values: Any) -> None:
    at = f"/v3/settings/{group}"
    known = shop.get(at).data
    reply = shop.put(at, {**known, **values})
    assert reply.status == 200, reply.body


def test_the_first_page_shows_what_is_featured_and_new(lit: Shop) -> None:
    visitor = Visitor(lit)
    page = visitor.get("/")
    assert visitor.reply.status == 200
    assert "Featured" in page.text
    assert "Brass lamp" in page.text
    assert "$89.00" in page.text
    assert "Hidden lamp" not in page.text
    assert "/brass-lamp/" in page.links
    assert "/lamps/" in page.links


def asked(shop: Shop, path: str, **headers: str) -> Reply:
    return shop.server.send("GET", path, list(headers.items()), b"", "http")


def test_the_reference_stays_where_no_browser_asks_a_shop(lit: Shop) -> None:
    host = f"store-{lit.name}.localhost"
    assert b"Status codes" in asked(lit, "/", host="127.0.0.1:8080", accept="text/html").body
    assert b"Status codes" in asked(lit, "/", host=host, accept="application/json").body
    assert b"Status codes" not in asked(lit, "/", host=host, accept="text/html").body
    assert asked(lit, "/brass-lamp/", host=host, accept="application/json").status == 401
    lit.change(settings={"storefront.pages": False})
    assert b"Status codes" in asked(lit, "/", host=host, accept="text/html").body
    assert b"Brass lamp" not in asked(lit, "/brass-lamp/", host=host, accept="text/html").body


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (None, True), ("", True), ("*/*", True), ("text/*", True), ("text/html", True), ("TEXT/HTML;q=0.1", True),
        ("application/xhtml+xml,*/*;q=0.8", True), ("text/html,application/xml;q=0.9,*/*;q=0.8", True),
        ("image/avif,image/webp,*/*", True), ("application/json", False), ("application/json, text/plain, */*", False),
        ("text/html;q=0, */*", False), ("image/png", False), ("application/xml", False),
        ("text/html, application/json", True),
    ],
)  # fmt: skip
def test_who_takes_any_media_type_gets_the_pages_of_the_shop(lit: Shop, accept: str | None, is_page: bool) -> None:
    """As http.md has it: a missing Accept means any, and wildcards count."""
    host = f"store-{lit.name}.localhost"
    for path in ("/", "/brass-lamp/", "/lamps/", "/search.php?search_query=lamp", "/cart.php"):
        reply = asked(lit, path, host=host, **({} if accept is None else {"accept": accept}))
        shown = reply.headers.get("content-type", "").startswith("text/html") and b"Status codes" not in reply.body
        assert (reply.status == 200 and shown) == is_page, (path, reply.status)
    missing = asked(lit, "/nothing-here/", host=host, **({} if accept is None else {"accept": accept}))
    assert missing.status == (404 if is_page else 401)


def test_a_category_lists_narrows_and_sorts(lit: Shop) -> None:
    visitor = Visitor(lit)
    page = visitor.get("/lamps/")
    assert "2 product s" in page.text.replace("2 products", "2 product s")
    assert "Desk lamps" in page.text
    assert "Nordlys (1)" in page.text
    assert "Brass lamp" not in visitor.get("/lamps/?max=50").text
    assert "Paper lantern" not in visitor.get("/lamps/?brand=1").text.partition("products")[2]
    first = visitor.get("/lamps/?sort=LOWEST_PRICE").text
    assert first.index("Paper lantern") < first.index("Brass lamp")
    first = visitor.get("/lamps/?sort=HIGHEST_PRICE").text
    assert first.index("Brass lamp") < first.index("Paper lantern")


def test_a_search_finds_and_says_when_it_does_not(lit: Shop) -> None:
    visitor = Visitor(lit)
    assert "Paper lantern" in visitor.get("/search.php?search_query=lantern").text
    page = visitor.get("/search.php?search_query=%3Cscript%3E")
    assert "Nothing was found" in page.text
    assert b"<script>" not in visitor.reply.body.replace(b"<script src", b"")


def test_a_product_with_options_goes_into_the_cart_and_to_an_order(lit: Shop) -> None:
    visitor = Visitor(lit)
    page = visitor.get("/paper-lantern/")
    assert "All about Paper lantern" in page.text
    form = next(one for one in page.forms if "product_id" in one["fields"])
    names = [name for name in visitor.reply.body.decode().split('"') if name.startswith("attribute-")]
    option = next(iter(dict.fromkeys(names)))
    visitor.post("/cart.php", {**form["fields"], "qty": "2"})
    assert visitor.reply.status == 422
    values = [one["id"] for one in lit.get("/v3/catalog/products/2/options").data[0]["option_values"]]
    page = visitor.post("/cart.php", {**form["fields"], "qty": "2", option: str(values[1])})
    assert visitor.at == "/cart.php", page.text
    assert "Colour: Blue" in page.text
    assert "$40.00" in page.text
    line = next(name for name in page.forms[-1]["fields"] if name.startswith("qty-"))
    page = visitor.post("/cart.php", {line: "3"})
    assert "$60.00" in page.text
    assert "/checkout" in page.links
    visitor.get("/checkout")
    assert visitor.page.forms[0]["action"] == "/checkout/customer"
    page = visitor.post("/cart.php", {"remove": line.removeprefix("qty-")})
    assert "There is nothing in it yet." in page.text


def test_forms_of_other_pages_fill_no_cart(lit: Shop) -> None:
    visitor = Visitor(lit)
    visitor.post("/cart.php", {"product_id": "1"}, origin="https://evil.example")
    assert (visitor.reply.status, visitor.cookies) == (403, {})


def test_a_hidden_product_cannot_be_bought_by_its_number(lit: Shop) -> None:
    visitor = Visitor(lit)
    visitor.post("/cart.php", {"product_id": "3"})
    assert visitor.reply.status == 422
    visitor.get("/hidden-lamp/")
    assert visitor.reply.status == 404


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("show_product_price", "$89.00"), ("show_product_sku", "B-1"), ("show_product_weight", "Weight"),
        ("show_product_brand", "Nordlys"), ("show_add_to_cart_qty_box", "Quantity"),
    ],
)  # fmt: skip
def test_settings_of_display_act(lit: Shop, setting: str, words: str) -> None:
    visitor = Visitor(lit)
    assert words in visitor.get("/brass-lamp/").text
    settings(lit, "storefront/product", **{setting: False})
    assert words not in visitor.get("/brass-lamp/").text


def test_more_settings_of_display_act(lit: Shop) -> None:
    visitor = Visitor(lit)
    visitor.get("/brass-lamp/")
    assert b'class="crumbs"' in visitor.reply.body
    settings(lit, "storefront/product", show_breadcrumbs_product_pages="show_none")
    visitor.get("/brass-lamp/")
    assert b'class="crumbs"' not in visitor.reply.body
    assert "Add to cart" in visitor.get("/lamps/").text
    settings(lit, "storefront/product", show_add_to_cart_link=False)
    assert "Add to cart" not in visitor.get("/lamps/").text
    settings(lit, "storefront/product", hide_price_from_guests=True)
    page = visitor.get("/brass-lamp/")
    assert "to see prices." in page.text
    assert "$89.00" not in page.text
    assert "Add to cart" not in page.text


def test_signing_in_joins_the_carts_and_shows_the_orders(lit: Shop) -> None:
    made = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee",
            "authentication": {"new_password": "secret-77", "force_password_reset": False}}  # fmt: skip
    lit.post("/v3/customers", [made])
    visitor = Visitor(lit)
    visitor.post("/cart.php", {"product_id": "1"})
    page = visitor.get("/account.php")
    assert visitor.at.startswith("/login.php")
    page = visitor.submit("/login.php", login_email="ann@example.com", login_pass="wrong")
    assert "E-mail address or password is wrong." in page.text
    page = visitor.submit("/login.php", login_email="ann@example.com", login_pass="secret-77")
    assert visitor.at == "/account.php"
    assert "Hello, Ann" in page.text
    assert "Brass lamp" in visitor.get("/cart.php").text
    session = visitor.cookies["SHOP_SESSION_TOKEN"]
    visitor.get("/account.php")
    visitor.submit("/login.php?action=logout")
    assert "SHOP_SESSION_TOKEN" not in visitor.cookies
    visitor.cookies["SHOP_SESSION_TOKEN"] = session
    visitor.get("/account.php")
    assert visitor.at.startswith("/login.php")


def test_signing_in_leads_nowhere_else(lit: Shop) -> None:
    visitor = Visitor(lit)
    for path in ("//evil.example", "https://evil.example", "/\\evil.example"):
        page = visitor.get(f"/login.php?from={path}")
        assert page.forms[0]["fields"]["from"] == "/account.php"


def test_pages_and_posts_are_shown(lit: Shop) -> None:
    body = {"type": "page", "name": "About us", "body": "<p>We make lamps.</p>", "is_visible": True, "channel_id": 1}
    assert lit.post("/v3/content/pages", body).status in (200, 201)
    visitor = Visitor(lit)
    assert "We make lamps." in visitor.get("/about-us/").text
    assert "/about-us/" in visitor.get("/").links
    visitor.get("/nowhere/")
    assert visitor.reply.status == 404
    assert "There is nothing here" in visitor.page.text


def test_a_closed_shop_shows_its_message(lit: Shop) -> None:
    lit.put("/v3/channels/1", {"status": "inactive"})
    visitor = Visitor(lit)
    page = visitor.get("/")
    assert (visitor.reply.status, "down for maintenance" in page.text) == (503, True)
    visitor.get("/checkout")
    assert visitor.reply.status == 503


def test_a_password_opens_the_shop_before_its_launch(lit: Shop) -> None:
    headless = {"name": "Soon", "platform": "custom", "type": "storefront", "status": "prelaunch"}
    made = lit.post("/v3/channels", headless)
    assert made.status in (200, 201), made.body
    number = made.data["id"]
    status = f"/v3/settings/storefront/status?channel_id={number}"
    assert lit.put(status, {"prelaunch_message": "Soon."}).status == 200
    password = lit.get(status).data["prelaunch_password"]
    visitor = Visitor(lit, f"store-{lit.name}-{number}.localhost")
    assert ("Soon." in visitor.get("/").text, visitor.reply.status) == (True, 503)
    visitor.get("/?prelaunch_password=guessed")
    assert visitor.reply.status == 503
    page = visitor.get(f"/?prelaunch_password={password}")
    assert (visitor.reply.status, visitor.at, "nothing on the shelves" in page.text) == (200, "/", True)
    visitor.get("/cart.php")
    assert visitor.reply.status == 200


ODD = ["0", "-1", "1e9", "1000000000", "10001", "two", "1.5", "٣", "1 2", "0x10"]


@pytest.mark.parametrize("quantity", ODD)
def test_odd_quantities_are_refused_and_put_nothing_in(lit: Shop, quantity: str) -> None:
    visitor = Visitor(lit)
    page = visitor.post("/cart.php?action=add", {"product_id": "1", "qty": quantity})
    assert (visitor.reply.status, "whole number from 1 to 10,000" in page.text) == (422, True)
    assert lit.rows("carts") == 0
    visitor.post("/cart.php?action=add", {"product_id": "1", "qty[]": quantity})
    assert (visitor.reply.status, lit.rows("carts")) == (422, 0)


def test_odd_quantities_of_a_line_are_refused_and_change_nothing(lit: Shop) -> None:
    visitor = Visitor(lit)
    page = visitor.post("/cart.php?action=add", {"product_id": "1", "qty[]": "2"})
    name = next(one for one in page.forms[-1]["fields"] if one.startswith("qty-"))
    for quantity in ODD[1:]:
        page = visitor.post("/cart.php", {name: quantity})
        assert (visitor.reply.status, "from 0 to 10,000" in page.text) == (422, True)
        assert page.forms[-1]["fields"][name] == "2"
    page = visitor.post("/cart.php", {name: "two", "remove": name.removeprefix("qty-")})
    assert visitor.reply.status == 200
    assert all(name not in form["fields"] for form in page.forms)
    visitor.post("/cart.php?action=add", {"product_id": "1"})
    assert visitor.reply.status == 200


GADGET = '<script src="/manage/static/htmx.min.js"></script><form hx-post="/manage/stores" hx-trigger="load"></form>'


def test_a_page_with_a_merchants_markup_runs_no_script_of_anybody(lit: Shop) -> None:
    """The control panel is of the same origin, and its script sends whatever form the markup describes."""
    lit.put("/v3/catalog/products/1", {"description": GADGET})
    lit.put("/v3/catalog/categories/1", {"description": GADGET})
    page = {"type": "page", "name": "Evil", "body": GADGET, "is_visible": True, "channel_id": 1}
    assert lit.post("/v3/content/pages", page).status in (200, 201)
    for path in ("/brass-lamp/", "/lamps/", "/evil/"):
        reply = asked(lit, path, host=f"store-{lit.name}.localhost", accept="text/html")
        assert GADGET.encode() in reply.body, path
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';"), path
        assert "script-src" not in policy, path
        assert "connect-src" not in policy, path


def test_no_page_that_may_run_scripts_shows_a_merchants_markup() -> None:
    folder = Path(bodega.storefront.__file__).parent
    pages = "".join(one.read_text("utf-8") for one in (folder / "pages").glob("*.py"))
    scripted = re.findall(r'show\(\s*"([\w.]+)"[^)]*policy=', pages)
    assert scripted == ["checkout.html"]
    shop = folder / "templates" / "shop"
    for template in scripted:
        for one in [template, *re.findall(r'(?:extends|include|import|from) "(?:shop/)?([\w.]+)"',
                                          (shop / template).read_text("utf-8"))]:  # fmt: skip
            assert not re.search(r"\bhtml\(", (shop / one).read_text("utf-8")), one
