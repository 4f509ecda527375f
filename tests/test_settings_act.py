"""What a setting says is what the rest does: each one that has an effect is turned, and the effect is seen."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bodega.access import heard
from bodega.lab import terms
from bodega.resources import SWEEPS
from bodega.resources.settings import operators, selling, storefront
from bodega.resources.settings import shop as about_the_shop
from bodega.resources.settings.effects import EFFECTS, KEPT, TOLD
from bodega.resources.settings.group import Group
from bodega.tasks.sweep import sweep_all
from browsing_pages import Visitor
from pictures import picture
from shop import Reply, Shop
from storefront import Window, nodes
from told_settings import another, goods, seen

GROUPS: dict[str, Group[Any]] = {
    group.path: group
    for module in (about_the_shop, selling, storefront)
    for group in vars(module).values()
    if isinstance(group, Group)
}
BUYER = {
    "first_name": "Jane", "last_name": "Doe", "street_1": "1 Main Street", "city": "Austin", "state": "Texas",
    "zip": "78701", "country": "United States", "email": "jane@example.com",
}  # fmt: skip
NOW = 1_795_341_600

Turn = Callable[[Shop, Callable[[Any], None]], None]
"""Sees the effect of a setting: it is given a store, and a function that sets the member."""

TURNS: dict[tuple[str, str], Turn] = {}


def turns(path: str, member: str) -> Callable[[Turn], Turn]:
    def keep(turn: Turn) -> Turn:
        TURNS[f"settings/{path}", member] = turn
        return turn

    return keep


def told(path: str, member: str, value: Any, name: str) -> None:
    """A member that V2's store information tells under another name; with dots where it is inside an object."""

    @turns(path, member)
    def turn(shop: Shop, put: Callable[[Any], None]) -> None:
        def seen() -> Any:
            found = shop.get("/v2/store").json
            for step in name.split("."):
                found = found[step]
            return found

        etag = shop.get("/v2/store").headers["etag"]
        assert seen() != value
        put(value)
        assert seen() == value
        assert shop.get("/v2/store").headers["etag"] != etag


told("store/profile", "store_address", "1 Main Street", "address")
told("store/profile", "store_email", "me@example.com", "admin_email")
told("store/profile", "store_phone", "555", "phone")
told("store/units-of-measurement", "weight_measurement", "KGS", "weight_units")
told("store/units-of-measurement", "length_measurement", "Centimeters", "dimension_units")
told("store/units-of-measurement", "decimal_token", "_", "dimension_decimal_token")
told("store/units-of-measurement", "thousands_token", " ", "dimension_thousands_token")
told("store/units-of-measurement", "decimal_places", 3, "dimension_decimal_places")


def visit(shop: Shop, path: str, *, host: str = "", scheme: str = "https", method: str = "GET") -> Reply:
    """What a browser gets at the host of a store's own storefront."""
    where = host or f"store-{shop.name}.localhost:8443"
    return shop.request(method, path, base="", token="", headers={"host": where}, scheme=scheme)


def a_cart(shop: Shop, channel: int = 1) -> str:
    """A path that opens a new cart."""
    body = {"line_items": [{"name": "Mug", "quantity": 1, "list_price": 4, "sku": "M"}], "channel_id": channel}
    custom = {"custom_items": body.pop("line_items"), **body}
    made = shop.post("/v3/carts", custom)
    assert made.status == 201, made.body
    links = shop.post(f"/v3/carts/{made.data['id']}/redirect_urls").data
    return "/" + str(links["cart_url"]).partition("//")[2].partition("/")[2]


def opened(shop: Shop) -> str:
    return visit(shop, a_cart(shop)).body.decode()


@turns("store/profile", "store_name")
def name(shop: Shop, put: Callable[[Any], None]) -> None:
    put("Blue Door")
    assert shop.get("/v2/store").json["name"] == "Blue Door"
    assert "<title>Your cart · Blue Door</title>" in opened(shop)


@turns("store/locale", "default_shopper_language")
def language(shop: Shop, put: Callable[[Any], None]) -> None:
    put("fr, en")
    assert shop.get("/v2/store").json["language"] == "fr, en"
    item = {"name": "Mug", "quantity": 1, "list_price": 4, "sku": "M"}
    assert shop.post("/v3/carts", {"custom_items": [item]}).data["locale"] == "fr"
    assert shop.post("/v3/carts", {"custom_items": [item], "locale": "de"}).data["locale"] == "de"


@turns("store/locale", "store_country")
def country(shop: Shop, put: Callable[[Any], None]) -> None:
    put("France")
    shown = shop.get("/v2/store").json
    assert (shown["country"], shown["country_code"]) == ("France", "FR")


@turns("logo", "logo_text")
def logo_text(shop: Shop, put: Callable[[Any], None]) -> None:
    assert "<strong>Door</strong>" not in opened(shop)
    put("Door")
    assert "<strong>Door</strong>" in opened(shop)


def upload(shop: Shop, what: str, part: str, query: str = "") -> Reply:
    content = picture(kind="PNG")
    return shop.upload(f"/v3/settings/{what}/image{query}", (part, "logo.png", "image/png", content))


@turns("logo", "type")
def logo_type(shop: Shop, put: Callable[[Any], None]) -> None:
    upload(shop, "logo", "LogoFile")
    assert "<img" not in opened(shop)
    put("image")
    assert "<img" in opened(shop)


@turns("logo", "logo_image_url")
def logo_image(shop: Shop, put: Callable[[Any], None]) -> None:
    shop.put("/v3/settings/logo", {"type": "image"})
    assert shop.get("/v2/store").json["logo"] == {"url": ""}
    assert upload(shop, "logo", "LogoFile").status == 204
    url = shop.get("/v2/store").json["logo"]["url"]
    assert shop.get("/v3/settings/logo").data["logo_image_url"] == url
    path = url.partition("//")[2].partition("/")[2]
    assert visit(shop, f"/{path}").headers["content-type"] == "image/png"
    assert f'<img src="/{path}"' in opened(shop)


@turns("logo", "favicon_url")
def favicon(shop: Shop, put: Callable[[Any], None]) -> None:
    assert visit(shop, "/favicon.ico").status == 404
    assert upload(shop, "favicon", "FaviconFile").status == 204
    found = visit(shop, "/favicon.ico")
    assert (found.status, shop.get("/v2/store").json["favicon_url"].endswith(found.headers["location"])) == (302, True)
    assert visit(shop, found.headers["location"]).status == 200
    assert '<link rel="icon"' in opened(shop)


@turns("catalog", "auto_approve_reviews")
def reviews(shop: Shop, put: Callable[[Any], None]) -> None:
    hammer = shop.product()
    path = f"/v3/catalog/products/{hammer}/reviews"
    review = {"title": "Good", "date_reviewed": "2026-11-01T00:00:00Z", "rating": 5}
    assert shop.post(path, review).data["status"] == "pending"
    put(True)
    assert shop.post(path, review).data["status"] == "approved"
    assert shop.post(path, {**review, "status": "pending"}).data["status"] == "pending"
    assert shop.get(f"/v3/catalog/products/{hammer}").data["reviews_count"] == 1


@turns("email-statuses", "abandoned_cart_email")
def abandoned(shop: Shop, put: Callable[[Any], None]) -> None:
    shop.freeze(NOW)
    shop.put("/v3/abandoned-carts/settings", {"enable_notification": True})
    template = {"subject": "Hi", "body": "<p>Hi</p>", "translations": [{"locale": "en", "keys": {}}]}
    mail = {"is_active": True, "notify_at_minutes": 60, "template": template}
    assert shop.post("/v3/marketing/abandoned-cart-emails", mail).status in (200, 201)
    shop.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])

    def sent(start: int) -> int:
        shop.freeze(start)
        item = {"name": "Mug", "quantity": 1, "list_price": 4, "sku": "M"}
        made = shop.post("/v3/carts", {"customer_id": 1, "custom_items": [item]})
        assert made.status == 201, made.body
        for minutes in (61, 122):
            shop.freeze(start + 60 * minutes)
            sweep(shop)
        return len(shop.get("/v3/outbox?type_id=abandoned_cart_email").data)

    put(False)
    assert sent(NOW) == 0
    put(True)
    assert sent(NOW + 86_400) == 1


def sweep(shop: Shop) -> None:
    async def work() -> None:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        await sweep_all(store, SWEEPS)

    shop.server.run(work())


def soon(shop: Shop) -> int:
    """A channel that is not open yet."""
    body = {"name": "Soon", "type": "storefront", "platform": "custom", "status": "prelaunch"}
    return int(shop.post("/v3/channels", body).data["id"])


def order(shop: Shop, product: int, status: int = 11) -> int:
    lines = [{"product_id": product, "quantity": 3}]
    made = shop.post("/v2/orders", {"billing_address": BUYER, "products": lines, "status_id": status})
    assert made.status == 200, made.body
    return int(made.json["id"])


def level(shop: Shop, product: int) -> int:
    return int(shop.get(f"/v3/catalog/products/{product}").data["inventory_level"])


def tracked(shop: Shop, **more: Any) -> int:
    return shop.product(**{"inventory_tracking": "product", "inventory_level": 10, **more})


@turns("inventory", "product_out_of_stock_behavior")
def out_of_stock_products(shop: Shop, put: Callable[[Any], None]) -> None:
    path = "/v3/settings/search/filters/available"
    shop.product("Hammer", categories=[shop.category()])
    tracked(shop, name="Saw", categories=[1], inventory_level=0)
    before = shop.get(path)
    assert before.data[0]["product_count"] == 2
    put("hide_product")
    after = shop.get(path, headers={"if-none-match": before.headers["etag"]})
    assert after.data[0]["product_count"] == 1


@turns("inventory", "update_stock_behavior")
def stock_is_taken(shop: Shop, put: Callable[[Any], None]) -> None:
    hammer = tracked(shop)
    put("order_completed_or_shipped")
    placed = order(shop, hammer)
    assert level(shop, hammer) == 10
    shop.put(f"/v2/orders/{placed}", {"status_id": 2})
    assert level(shop, hammer) == 7


@turns("inventory", "edit_order_stock_adjustment")
def stock_follows(shop: Shop, put: Callable[[Any], None]) -> None:
    hammer = tracked(shop)
    put(False)
    placed = order(shop, hammer)
    line = shop.get(f"/v2/orders/{placed}/products").json[0]["id"]
    assert shop.put(f"/v2/orders/{placed}", {"products": [{"id": line, "quantity": 5}]}).status == 200
    assert level(shop, hammer) == 7


@turns("inventory", "refund_order_stock_adjustment")
def stock_returns(shop: Shop, put: Callable[[Any], None]) -> None:
    hammer = tracked(shop)
    put(False)
    placed = order(shop, hammer)
    shop.put(f"/v2/orders/{placed}", {"status_id": 5})
    assert level(shop, hammer) == 7


def noticed(shop: Shop, kind: str) -> list[tuple[str, str]]:
    return [(mail["recipient"], mail["subject"]) for mail in shop.get(f"/v3/outbox?type_id={kind}").data]


@turns("inventory/notifications", "low_stock_notification_address")
def low_stock(shop: Shop, put: Callable[[Any], None]) -> None:
    hammer = tracked(shop, inventory_warning_level=8)
    put(["a@example.com", "A@example.com", "b@example.com"])
    order(shop, hammer)
    wanted = [(to, "Hammer has 7 left in stock") for to in ("a@example.com", "b@example.com")]
    assert noticed(shop, "low_stock_notification") == wanted
    order(shop, hammer)
    assert noticed(shop, "low_stock_notification") == wanted, "only what begins is told"


@turns("inventory/notifications", "out_of_stock_notification_address")
def out_of_stock(shop: Shop, put: Callable[[Any], None]) -> None:
    hammer = tracked(shop, inventory_level=3)
    put(["a@example.com"])
    order(shop, hammer)
    assert noticed(shop, "out_of_stock_notification") == [("a@example.com", "Hammer is out of stock")]


@turns("storefront/category", "listing_mode")
def listing(shop: Shop, put: Callable[[Any], None]) -> None:
    tools = shop.category("Tools")
    saws = shop.category("Saws", parent_id=tools)
    shop.product("Saw", categories=[saws])
    path = f"/v3/settings/search/filters/available?category_id={tools}"
    assert [one["type"] for one in shop.get(path).data] == ["other"]
    for mode in ("child_categories", "child_categories_if_category_empty"):
        put(mode)
        assert [one["type"] for one in shop.get(path).data] == ["category", "price", "other"]
    shop.product("Hammer", categories=[tools])
    assert shop.get(path).data[0]["product_count"] == 1


@turns("storefront/robotstxt", "robots_txt_ssl")
def robots(shop: Shop, put: Callable[[Any], None]) -> None:
    assert visit(shop, "/robots.txt").body.startswith(b"User-agent: *\n")
    put("User-agent: nobody\n")
    assert visit(shop, "/robots.txt").body == b"User-agent: nobody\n"
    shop.change(maintenance=True)
    assert visit(shop, "/robots.txt").body == b"User-agent: *\nDisallow: /\n"


@turns("storefront/seo", "meta_description")
def description(shop: Shop, put: Callable[[Any], None]) -> None:
    put('Tools "& more"')
    assert 'name="description" content="Tools &#34;&amp; more&#34;"' in opened(shop)


@turns("storefront/seo", "meta_keywords")
def keywords(shop: Shop, put: Callable[[Any], None]) -> None:
    put("saws, hammers")
    assert 'name="keywords" content="saws, hammers"' in opened(shop)


@turns("storefront/seo", "page_title")
def page_title(shop: Shop, put: Callable[[Any], None]) -> None:
    put("All tools")
    assert "<title>Your cart · All tools</title>" in opened(shop)


@turns("storefront/seo", "www_redirect")
def www(shop: Shop, put: Callable[[Any], None]) -> None:
    path = a_cart(shop)
    put("www")
    away = visit(shop, path, host="shop.example.com")
    assert (away.status, away.headers["location"]) == (302, f"https://www.shop.example.com{path}")
    assert visit(shop, path, host="www.shop.example.com", method="HEAD").status == 200
    assert visit(shop, path, method="HEAD").status == 200, "a local name has no www"
    put("no-www")
    back = visit(shop, path, host="www.shop.example.com:8080", scheme="http")
    assert (back.status, back.headers["location"]) == (302, f"http://shop.example.com:8080{path}")


def security(shop: Shop, scheme: str = "https") -> dict[str, str]:
    return visit(shop, a_cart(shop), scheme=scheme).headers


@turns("storefront/security", "csp_header")
def policy(shop: Shop, put: Callable[[Any], None]) -> None:
    put({"header_value": "default-src 'self'"})
    assert "default-src 'none'" in security(shop)["content-security-policy"]
    put({"enabled": True})
    assert security(shop)["content-security-policy"] == "default-src 'self'"


@turns("storefront/security", "hsts")
def hsts(shop: Shop, put: Callable[[Any], None]) -> None:
    assert "strict-transport-security" not in security(shop)
    put({"enabled": True, "max_age": "one_year"})
    assert security(shop)["strict-transport-security"] == "max-age=31536000"
    put({"include_subdomains": True, "include_preload": True})
    assert security(shop)["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    assert "strict-transport-security" not in security(shop, "http")


@turns("storefront/security", "sitewide_https_enabled")
def https(shop: Shop, put: Callable[[Any], None]) -> None:
    path = a_cart(shop)
    put(True)
    away = visit(shop, path, host=f"store-{shop.name}.localhost:8080", scheme="http")
    assert (away.status, away.headers["location"]) == (302, f"https://store-{shop.name}.localhost:8443{path}")
    assert visit(shop, path).status == 200
    assert shop.get("/v2/store").json["features"]["sitewidehttps_enabled"] is True


@turns("storefront/security", "x_frame_options_header")
def frames(shop: Shop, put: Callable[[Any], None]) -> None:
    assert "x-frame-options" not in security(shop)
    put({"enabled": True})
    assert security(shop)["x-frame-options"] == "DENY"
    put({"setting": "same_origin"})
    shown = security(shop)
    assert (shown["x-frame-options"], "frame-ancestors 'self'" in shown["content-security-policy"]) == (
        "SAMEORIGIN",
        True,
    )
    put({"setting": "allow_from_url", "allowed_url": "https://example.com"})
    assert security(shop)["x-frame-options"] == "ALLOW-FROM https://example.com"


@turns("storefront/status", "down_for_maintenance_message")
def maintenance(shop: Shop, put: Callable[[Any], None]) -> None:
    put("Back at noon")
    path = a_cart(shop)
    shop.change(maintenance=True)
    closed = visit(shop, path)
    assert (closed.status, b"Back at noon" in closed.body, "retry-after" in closed.headers) == (503, True, True)
    shop.change(maintenance=False)
    shop.put("/v3/channels/1", {"status": "inactive"})
    assert visit(shop, path).status == 503
    shop.put("/v3/channels/1", {"status": "active"})
    assert visit(shop, path).status == 200, "a closed shop uses no link up"


@turns("storefront/status", "prelaunch_message")
def prelaunch(shop: Shop, put: Callable[[Any], None]) -> None:
    put("Opening in May")
    path = a_cart(shop, soon(shop))
    closed = visit(shop, path)
    assert (closed.status, b"Opening in May" in closed.body, b'type="password"' in closed.body) == (503, True, True)


@turns("storefront/status", "prelaunch_password")
def password(shop: Shop, put: Callable[[Any], None]) -> None:
    path = a_cart(shop, soon(shop))
    assert visit(shop, path + "&prelaunch_password=").status == 503
    made = shop.put("/v3/settings/storefront/status", {"prelaunch_message": "Soon"}).data["prelaunch_password"]
    assert len(made) == 10
    again = shop.put("/v3/settings/storefront/status", {"prelaunch_message": "Sooner", "prelaunch_password": "mine"})
    assert again.data["prelaunch_password"] == made
    assert visit(shop, path + "&prelaunch_password=mine").status == 503
    assert visit(shop, path + f"&prelaunch_password={made}").status == 200


def priced(shop: Shop, **headers: str) -> bool:
    """Whether the storefront's GraphQL API tells the price of a product."""
    found = Window(shop).ask("{ site { product(entityId: 1) { prices { price { value } } } } }", **headers)
    return found["site"]["product"]["prices"] is not None


@turns("storefront/product", "show_product_price")
def prices(shop: Shop, put: Callable[[Any], None]) -> None:
    shop.product()
    assert priced(shop)
    put(False)
    assert not priced(shop)


@turns("storefront/product", "hide_price_from_guests")
def prices_for_guests(shop: Shop, put: Callable[[Any], None]) -> None:
    shop.product()
    jane = shop.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])
    put(True)
    assert not priced(shop)
    assert priced(shop, **Window(shop).signed_in(jane.data[0]["id"]))


def on_page(member: str, path: str, words: str, value: Any = False) -> None:
    """A member of what products show, and words of a page that shows it."""

    @turns("storefront/product", member)
    def turn(shop: Shop, put: Callable[[Any], None]) -> None:
        goods(shop)
        visitor = Visitor(shop)
        visitor.get(path)
        assert words in visitor.reply.body.decode()
        put(value)
        visitor.get(path)
        assert (visitor.reply.status, words in visitor.reply.body.decode()) == (200, False)


on_page("show_product_sku", "/saw/", "<dt>SKU</dt>")
on_page("show_product_weight", "/saw/", "<dt>Weight</dt>")
on_page("show_product_brand", "/saw/", "Acme</a>")
on_page("show_product_rating", "/saw/", 'class="stars"')
on_page("show_add_to_cart_link", "/tools/", "Add to cart")
on_page("show_breadcrumbs_product_pages", "/saw/", 'class="crumbs"', "show_none")
on_page("show_add_to_cart_qty_box", "/axe-saw/", 'name="qty"')


@turns("storefront/category", "category_tree_depth")
def depth_of_categories(shop: Shop, put: Callable[[Any], None]) -> None:
    goods(shop)
    assert "/tools-0/" in Visitor(shop).get("/tools/").links
    put(1)
    assert "/tools-0/" not in Visitor(shop).get("/tools/").links


@turns("storefront/category", "default_product_sort")
def order_of_a_category(shop: Shop, put: Callable[[Any], None]) -> None:
    goods(shop)
    visitor = Visitor(shop)
    put("pricedesc")
    words = visitor.get("/tools/").text
    assert words.index("Axe saw") < words.index("Best saw")
    put("priceasc")
    words = visitor.get("/tools/").text
    assert words.index("Best saw") < words.index("Axe saw")


SEARCH = """{ site { search { searchProducts(filters: {searchTerm: "saw"}) {
    products { edges { node { name } } } filters { edges { node { name } } }
} } } }"""


def searched(shop: Shop, what: str) -> list[str]:
    found = Window(shop).ask(SEARCH)["site"]["search"]["searchProducts"]
    return [node["name"] for node in nodes(found[what])]


@turns("storefront/search", "default_product_sort")
def order_of_results(shop: Shop, put: Callable[[Any], None]) -> None:
    goods(shop)
    assert searched(shop, "products")[0] == "Saw"
    put("pricedesc")
    assert searched(shop, "products") == ["Axe saw", "Saw", "Best saw"]


@turns("storefront/search", "product_filtering_enabled")
def filters(shop: Shop, put: Callable[[Any], None]) -> None:
    goods(shop)
    assert searched(shop, "filters")
    put(False)
    assert searched(shop, "filters") == []


def named(*tables: Mapping[str, Mapping[str, str]]) -> set[tuple[str, str]]:
    """The members that tables have words on."""
    return {(path, name) for table in tables for path, members in table.items() for name in members}


@turns("storefront/product", "default_preorder_message")
def message_of_preorders(shop: Shop, put: Callable[[Any], None]) -> None:
    shop.product("Saw", availability="preorder")

    def shown() -> str:
        where = {"host": f"store-{shop.name}.localhost:8443", "accept": "text/html"}
        return shop.request("GET", "/saw/", base="", token="", headers=where, scheme="https").body.decode()

    assert "In May." not in shown()
    put("In May.")
    assert "In May." in shown()


def test_every_setting_has_an_effect_or_is_told_or_is_kept() -> None:
    """And every effect is turned by a test."""
    members = {(path, name) for path, group in GROUPS.items() for name in group.members}
    assert not named(EFFECTS, TOLD) & named(KEPT)
    assert named(EFFECTS, TOLD, KEPT) == members
    assert set(TURNS) == named(EFFECTS)


def test_what_shoppers_see_follows_as_the_page_says(shop: Shop) -> None:
    """Each member is turned alone: of GraphQL's settings just those change that the page names, and what is said to be
    kept changes nothing there and on no page of the shop."""
    goods(shop)
    window = Window(shop)
    first = seen(window)
    for path, group in GROUPS.items():
        for name in group.members:
            now = shop.get(f"/v3/{path}").data
            if name in group.v3.read_only:
                continue
            whole = {member: now[member] for member in group.v3.required}
            turned = shop.put(f"/v3/{path}", {**whole, name: another(group, name, now[name])})
            assert turned.status == 200, (name, turned.body)
            then = seen(window)
            changed = {field for field in {*first, *then} if first.get(field) != then.get(field)}
            told = {f"settings.{field}" for field in TOLD.get(path, {}).get(name, "").split()}
            if told:
                ours = {field for field in changed if field.startswith("settings.")} - {"settings.logoV2.text"}
                assert name == "type" or all(any(field.startswith(one) for field in changed) for one in told), name
                assert all(field.startswith(tuple(told)) for field in ours), (name, ours)
            else:
                assert not any(field.startswith("settings.") for field in changed), (name, changed)
            if (path, name) not in named(EFFECTS, TOLD):
                assert not changed, (path, name)
            assert shop.put(f"/v3/{path}", {**whole, name: now[name]}).status == 200
    assert seen(window) == first


def test_logos_are_told_by_the_graphql_api(shop: Shop) -> None:
    goods(shop)
    first = seen(Window(shop))
    assert upload(shop, "logo", "LogoFile").status == upload(shop, "favicon", "FaviconFile").status == 204
    before = seen(Window(shop))
    shop.put("/v3/settings/logo", {"type": "image"})
    after = seen(Window(shop))
    assert before["settings.logoV2.__typename"] == "StoreTextLogo"
    assert after["settings.logoV2.__typename"] == "StoreImageLogo"
    assert after["settings.faviconUrl"] == before["settings.faviconUrl"] != first["settings.faviconUrl"]


PAGE = (Path(__file__).resolve().parents[1] / "docs" / "store-settings.md").read_text("utf-8")


@pytest.mark.parametrize("path", GROUPS)
def test_the_page_marks_what_a_body_must_have(shop: Shop, path: str) -> None:
    """A body without a marked member is refused for it; where none is marked, one member is enough."""
    section = PAGE.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
    marks = dict(re.findall(r"^\| `(\w+)`(?: \(([^)]*)\))? \|", section, re.MULTILINE))
    assert list(marks) == list(GROUPS[path].members)
    required = [name for name, marked in marks.items() if "required" in marked]
    now = shop.get(f"/v3/{path}").data
    for name in required:
        refused = shop.put(f"/v3/{path}", {member: now[member] for member in required if member != name} or {"x": 1})
        assert (refused.status, name in refused.json["errors"]) == (422, True), refused.body
    for name, marked in marks.items():
        body = {member: now[member] for member in required} | {name: now[name]}
        assert shop.put(f"/v3/{path}", body).status == 200
        other = {**body, name: another(GROUPS[path], name, now[name])}
        if "read only" in marked:
            assert shop.put(f"/v3/{path}", other).data[name] == now[name] or name == "prelaunch_password"
        elif GROUPS[path].by_channel:
            status = shop.put(f"/v3/{path}?channel_id=1", other).status
            assert (name, status) == (name, 422 if "store only" in marked else 200)


@pytest.mark.parametrize(("path", "member"), TURNS)
def test_a_setting_acts(shop: Shop, path: str, member: str) -> None:
    required = GROUPS[path].v3.required

    def put(value: Any) -> None:
        whole = {name: shop.get(f"/v3/{path}").data[name] for name in required}
        changed = shop.put(f"/v3/{path}", {**whole, member: value})
        assert changed.status == 200, changed.body

    TURNS[path, member](shop, put)


def test_a_channel_acts_by_its_own_settings(shop: Shop) -> None:
    """The channel's before the store's, in pages and in stock."""
    made = shop.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"})
    north = made.data["id"]
    shop.put("/v3/settings/storefront/robotstxt", {"robots_txt_ssl": "store"})
    assert visit(shop, "/robots.txt", host=f"store-{shop.name}-{north}.localhost").body == b"store"
    shop.put(f"/v3/settings/storefront/robotstxt?channel_id={north}", {"robots_txt_ssl": "north"})
    assert visit(shop, "/robots.txt", host=f"store-{shop.name}-{north}.localhost").body == b"north"
    assert visit(shop, "/robots.txt").body == b"store"
    assert visit(shop, "/robots.txt", host=f"store-{shop.name}-99.localhost").status == 404
    shop.post(f"/v3/channels/{north}/site", {"url": "https://north.example.com"})
    assert visit(shop, "/robots.txt", host="store-nobody.localhost").status == 404
    shop.put(f"/v3/settings/inventory?channel_id={north}", {"update_stock_behavior": "order_completed_or_shipped"})
    hammer = tracked(shop)
    lines = [{"product_id": hammer, "quantity": 3}]
    shop.post("/v2/orders", {"billing_address": BUYER, "products": lines, "channel_id": north})
    assert level(shop, hammer) == 10
    order(shop, hammer)
    assert level(shop, hammer) == 7


def test_who_spoke_last_is_heard(shop: Shop) -> None:
    """A setting that the operator and the API can change has one value, whoever set it."""
    profile = "/v3/settings/store/profile"
    shop.change(settings={"name": "First"})
    assert shop.get(profile).data["store_name"] == "First"
    shop.put(profile, {"store_name": "Second"})
    assert shop.get("/v2/store").json["name"] == "Second"
    shop.change(settings={"name": "Third"})
    assert shop.get(profile).data["store_name"] == shop.get("/v2/store").json["name"] == "Third"
    shop.put(profile, {"store_name": "Fourth"})
    shop.change(settings={"phone": "5"})
    assert shop.get(profile).data["store_name"] == "Fourth"


SPOKEN: dict[str, tuple[Any, Any]] = {
    "name": ("Ours", "Theirs"), "address": ("1 Way", "2 Way"), "admin_email": ("a@example.com", "b@example.com"),
    "phone": ("1", "2"), "language": ("en", "fr"), "country": ("France", "Spain"), "weight_units": ("KGS", "Grams"),
    "dimension_units": ("Inches", "Centimeters"), "stock.taken": ("order_placed", "order_completed_or_shipped"),
    "stock.follows_edits": (True, False), "stock.returns": (True, False), "prices_include_tax": (False, True),
}  # fmt: skip
"""What the operator says, and then the API, of each setting that both can set."""


def test_the_operator_hears_what_the_api_said(shop: Shop) -> None:
    """And is heard afterwards, also where the registry has that value already."""
    assert SPOKEN.keys() == operators.SHARED
    registry = shop.server.backend.registry

    def record() -> Any:
        return shop.server.run(registry.store(shop.name))

    def rows() -> Any:
        return shop.server.run(shop.server.app.stores.get(shop.name)).rows

    def holds() -> dict[str, Any]:
        shown: dict[str, Any] = shop.server.run(terms.settings_now(rows(), record()))
        return {key: shown[key] for key in SPOKEN}

    def say(told: dict[str, Any]) -> None:
        shop.server.run(terms.change_settings(registry, rows(), record(), told))
        shop.server.hear()

    ours, theirs = ({key: both[place] for key, both in SPOKEN.items()} for place in (0, 1))
    shop.get("/v2/store")
    say(ours)
    assert holds() == ours
    for group in operators.GROUPS:
        whole = shop.get(f"/v3/{group.path}").data
        backed = {name: theirs[member.backed] for name, member in group.members.items() if member.backed}
        required = {name: whole[name] for name in group.v3.required}
        changed = shop.put(f"/v3/{group.path}", {**required, **backed})
        assert changed.status == 200, changed.body
    assert holds() == theirs
    shown = shop.get("/v2/store").json
    assert {name: shown[name] for name in ("name", "phone", "country")} == {
        name: theirs[name] for name in ("name", "phone", "country")
    }
    for key, value in ours.items():
        say({key: value})
        assert holds()[key] == value, key
    assert shop.get("/v3/settings/store/profile").data["store_name"] == shop.get("/v2/store").json["name"] == "Ours"
    say({"name": "Mine"})
    say({"name": "Ours"})
    assert shop.get("/v3/settings/store/profile").data["store_name"] == "Ours", "what was said before is over"


def test_every_group_behind_which_the_operator_stands_is_known() -> None:
    import bodega.resources as house

    found = {
        id(value): value.path
        for module in list(sys.modules.values())
        if module is not None and module.__name__.startswith(f"{house.__name__}.")
        for value in vars(module).values()
        if isinstance(value, Group) and value.backed
    }
    assert sorted(found.values()) == sorted(group.path for group in operators.GROUPS)


def test_what_the_api_says_of_the_operators_settings_is_looked_for_in_all_tables_that_keep_it() -> None:
    assert set(heard.TABLES) == {group.table.name for group in operators.GROUPS}
