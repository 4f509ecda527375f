"""Every page and every form of the panel, whichever they are: nothing written becomes markup, nobody else's form is
taken, and a store is its owners' alone."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from bodega.panel import pages
from panel import HOST, Browser, Page, base, signed_in
from pictures import picture
from shop import Server, Shop

EVIL = "<script>ran()</script>\"'><img src=x onerror=ran()>"
SHORT = "\"'><b id=x>"
ADDRESS = {"first_name": EVIL, "last_name": EVIL, "company": EVIL, "street_1": EVIL, "street_2": EVIL, "city": EVIL,
           "state": EVIL, "zip": EVIL, "phone": EVIL}  # fmt: skip
AWAY = ("/delete", "/revoke", "/sign-out", "/sign-out-everywhere", "/archive", "/cancel", "/uninstall", "/remove-user")
"""Forms that take away what the others are about."""


class Markup(HTMLParser):
    """Finds what no template of ours has: it was written by somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        strange = tag in ("style", "iframe", "object", "b") or (tag == "script" and "src" not in given)
        picture = tag == "img" and not (given.get("src") or "").startswith(f"https://{HOST}/files/")
        acts = [name for name in given if name.startswith("on") or name == "style"]
        leads = [given.get(name) or "" for name in ("href", "src", "action", "formaction")]
        scripts = [value for value in leads if value.strip().lower().startswith(("javascript:", "data:"))]
        if strange or picture or acts or scripts:
            self.found.append(f"{tag} {given}")


def foreign(page: Page) -> list[str]:
    """The markup of a page that is not ours."""
    parser = Markup()
    parser.feed(page.text)
    return parser.found


def written(shop: Shop, method: str, path: str, body: Any) -> Any:
    """The data of a request that has to succeed."""
    reply = shop.request(method, path, body)
    assert reply.status < 300, (path, reply.body)
    return reply.json.get("data", reply.json) if isinstance(reply.json, dict) else reply.json


def fill(shop: Shop) -> None:
    """A store in which clients have written the worst they can into every field they may write."""
    shelf = written(shop, "POST", "/v3/catalog/categories", {
        "name": SHORT, "parent_id": 0, "description": EVIL, "page_title": EVIL, "meta_keywords": [EVIL],
        "search_keywords": EVIL, "meta_description": EVIL, "layout_file": SHORT, "custom_url": {"url": f"/{EVIL}"},
    })["id"]  # fmt: skip
    written(shop, "POST", "/v3/catalog/categories", {"name": EVIL[:50], "parent_id": shelf})
    written(shop, "POST", "/v3/catalog/brands", {
        "name": EVIL, "page_title": EVIL, "meta_keywords": [EVIL], "meta_description": EVIL, "search_keywords": EVIL,
        "image_url": f"https://{HOST}@evil.example/x.png",
    })  # fmt: skip
    lines = ("sku", "product_tax_code", "bin_picking_number", "mpn", "availability_description", "page_title",
             "preorder_message", "layout_file", "warranty", "search_keywords", "meta_description", "description",
             "open_graph_title", "open_graph_description")  # fmt: skip
    product = written(shop, "POST", "/v3/catalog/products", {
        "name": EVIL, "type": "physical", "weight": 1, "price": 9, "categories": [shelf], "brand_id": 1, "upc": SHORT,
        "gtin": SHORT, "meta_keywords": [EVIL], "inventory_tracking": "product", "inventory_level": 1,
        "inventory_warning_level": 5, "custom_url": {"url": f"/p{EVIL}", "is_customized": True},
        "custom_fields": [{"name": EVIL, "value": EVIL}], **dict.fromkeys(lines, EVIL),
    })["id"]  # fmt: skip
    here = f"/v3/catalog/products/{product}"
    written(shop, "POST", f"{here}/videos", {"video_id": "dQw4w9WgXcQ", "title": EVIL, "description": EVIL})
    written(shop, "POST", f"{here}/bulk-pricing-rules",
            {"quantity_min": 2, "quantity_max": 3, "type": "percent", "amount": 1})  # fmt: skip
    lamp = written(shop, "POST", "/v3/catalog/products", {"name": "Lamp", "type": "physical", "weight": 1, "price": 9})
    values = [{"label": EVIL, "sort_order": 0}, {"label": SHORT, "sort_order": 1}]
    written(shop, "POST", f"/v3/catalog/products/{lamp['id']}/options",
            {"display_name": EVIL, "type": "dropdown", "option_values": values})  # fmt: skip
    written(shop, "POST", f"/v3/catalog/products/{lamp['id']}/variants",
            {"sku": f"V{EVIL}", "option_values": [{"option_display_name": EVIL, "label": EVIL}]})  # fmt: skip
    written(shop, "POST", "/v2/customer_groups", {"name": EVIL})
    customer = written(shop, "POST", "/v2/customers", {
        "first_name": EVIL, "last_name": EVIL, "email": "a@b.example", "company": EVIL, "phone": EVIL[:50],
        "notes": EVIL, "tax_exempt_category": EVIL, "customer_group_id": 1,
    })["id"]  # fmt: skip
    written(shop, "POST", f"/v2/customers/{customer}/addresses",
            {**ADDRESS, "zip": SHORT, "phone": SHORT, "country": "France"})  # fmt: skip
    written(shop, "POST", "/v3/customers/attributes", [{"name": EVIL, "type": "string"}])
    written(shop, "PUT", "/v3/customers/attribute-values",
            [{"customer_id": customer, "attribute_id": 1, "value": EVIL}])  # fmt: skip
    order = written(shop, "POST", "/v2/orders", {
        "status_id": 11, "customer_id": customer, "billing_address": {**ADDRESS, "country_iso2": "FR"},
        "shipping_addresses": [{**ADDRESS, "country_iso2": "FR", "shipping_method": EVIL}], "payment_method": EVIL,
        "payment_provider_id": EVIL, "staff_notes": EVIL, "customer_message": EVIL, "external_id": EVIL,
        "products": [{"product_id": product, "quantity": 1},
                     {"name": EVIL, "name_merchant": EVIL, "sku": EVIL, "quantity": 3, "price_ex_tax": 9,
                      "price_inc_tax": 9}],
        "fees": [{"type": "custom_fee", "display_name_customer": EVIL, "cost_ex_tax": 1, "cost_inc_tax": 1}],
    })["id"]  # fmt: skip
    line = written(shop, "GET", f"/v2/orders/{order}/products", None)[1]["id"]
    goes = written(shop, "GET", f"/v2/orders/{order}/shipping_addresses", None)[0]["id"]
    written(shop, "POST", f"/v2/orders/{order}/shipments", {
        "order_address_id": goes, "items": [{"order_product_id": line, "quantity": 1}], "comments": EVIL,
        "tracking_number": EVIL[:50], "shipping_provider": SHORT, "shipping_method": EVIL,
        "tracking_link": "javascript:ran()",
    })  # fmt: skip
    written(shop, "POST", f"/v3/orders/{order}/payment_actions/refunds", {
        "items": [{"item_type": "PRODUCT", "item_id": line, "quantity": 1, "reason": EVIL}], "reason": EVIL,
        "payments": [{"provider_id": "custom", "amount": 9}],
    })  # fmt: skip
    written(shop, "POST", "/v3/hooks", {
        "scope": "store/category/*", "destination": "https://receiver.invalid/?a=%3Cscript%3E'><b>", "is_active": True,
        "headers": {"X-Evil": EVIL},
    })  # fmt: skip
    written(shop, "POST", "/v3/catalog/categories", {"name": SHORT, "parent_id": shelf})
    for name in ("Later", "Later"):
        shop.task("POST", "/v3/catalog/brands", {"name": name + EVIL})


def crawl(shop: Shop, browser: Browser) -> dict[str, Page]:
    """All pages that links lead to, by their paths."""
    found: dict[str, Page] = {}
    left = [base(shop), "/manage/you", "/manage/stores"]
    while left:
        path = left.pop()
        if path in found or len(found) > 200:
            continue
        page = browser.get(path)
        if page.header("content-type").startswith(("text/csv", "application/json")):
            assert page.header("content-disposition").startswith("attachment"), path
            continue
        found[path] = page
        for link in re.findall(r'href="([^"]+)"', page.text):
            there = unescape(link)
            there = path.partition("?")[0] + there if there.startswith("?") else there.partition("#")[0]
            if there.startswith(base(shop)) and "/journal" not in there and there not in found:
                left.append(there)
    return found


@pytest.fixture(scope="module")
def filled(server: Server) -> Shop:
    """A store of which every page shows what somebody wrote."""
    shop = server.shop()
    fill(shop)
    return shop


def test_nothing_that_anybody_wrote_becomes_markup_on_any_page(shop: Shop) -> None:
    """Every page that a link leads to, and every answer to a form into which the same was typed."""
    fill(shop)
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/products/1/images")
    assert browser.upload(page, "/images", "image_file", picture(), description=EVIL).status == 303
    found = crawl(shop, browser)
    assert len(found) > 60
    for path, page in found.items():
        assert (page.status, foreign(page)) == (200, []), path
    shown = [path for path, page in found.items() if "&lt;script&gt;" in page.text]
    assert len(shown) > 30, "it is shown, as text"
    told = 0
    for page in found.values():
        for form in page.forms:
            if form.method != "post" or form.action.endswith(AWAY) or "/manage/" not in form.action:
                continue
            texts = {name: EVIL for name, value in form.fields.items()
                     if name not in ("form_token",) and not name.endswith((".shown", "was"))}  # fmt: skip
            for fields in ({**form.fields, **texts}, {**form.fields, **texts, "was": EVIL}):
                answer = browser.ask("POST", form.action or page.path, fields)
                assert answer.status < 500, (form.action, answer.text[-600:])
                assert foreign(answer) == [], form.action
                told += answer.status == 422
    assert told > 20, "most are refused, and say so"


def at(page: Any, shop: Shop, ids: str = "1") -> str:
    """Where a declared page is, with ids that are there."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda part: shop.name if part[1] == "store" else ids, page.pattern.pattern)
    return f"/manage{path}"


def declared(method: str) -> list[Any]:
    """The pages that only those who are signed in see."""
    return [page for page in pages.every() if page.method == method and not page.public]


LISTS = ("/v3/catalog/products?include=variants,images,custom_fields", "/v3/catalog/brands", "/v3/catalog/categories",
         "/v2/orders", "/v2/customers", "/v2/customer_groups", "/v3/hooks")  # fmt: skip


def test_no_form_is_taken_without_the_token_or_from_another_site(filled: Shop) -> None:
    """CSRF, on every form there is: before anything is looked up, and without a trace."""
    browser = signed_in(filled)
    token = browser.get("/manage/you").form("/password").fields["form_token"]
    paths = [at(page, filled) for page in declared("POST")]
    assert len(paths) > 60
    before = [filled.get(path).body for path in LISTS]
    for path in paths:
        quiet = {"origin": "-", "sec-fetch-site": "-"}
        assert browser.ask("POST", path, {}, headers=quiet).status == 403, path
        assert browser.ask("POST", path, {"form_token": "guess"}, headers=quiet).status == 403, path
        evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert browser.ask("POST", path, {"form_token": token}, headers=evil).status == 403, path
        stranger = Browser(filled.server).ask("POST", path, {"form_token": token})
        assert stranger.header("location").startswith("/manage/sign-in"), path
    assert [filled.get(path).body for path in LISTS] == before


def test_no_page_of_a_store_is_there_for_the_owner_of_another(filled: Shop) -> None:
    other = signed_in(filled.server.shop())
    token = other.get("/manage/you").form("/password").fields["form_token"]
    own = [page for method in ("GET", "POST") for page in declared(method) if "<store>" in page.pattern.pattern]
    assert len(own) > 90
    for page in own:
        fields = {"form_token": token} if page.method == "POST" else None
        assert other.ask(page.method, at(page, filled), fields).status == 404, page.pattern.pattern


@pytest.mark.parametrize("ids", ["0", "-1", "999999999", "9999999999999", "x", "1.5", "%00", "\u0661"])
def test_an_id_that_is_none_is_not_found_on_any_page(filled: Shop, ids: str) -> None:
    browser = signed_in(filled)
    for page in declared("GET"):
        if page.pattern.pattern.count("(?P<") > 1:
            assert browser.get(at(page, filled, ids)).status == 404, page.pattern.pattern
