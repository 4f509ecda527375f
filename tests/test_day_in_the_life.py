"""A day in the life of a store: a tax provider's app comes and goes, and meanwhile much is sold, moved and turned."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

import zips
from panel import signed_in
from receiver import Answer, Received, Receiver
from shop import Shop
from statistics_check import check_statistics
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of
from test_panel_apps import Registered
from test_redirect_jobs import HEADER, domain, events, finished
from test_redirect_jobs import send as import_redirects
from test_settings_act import visit
from test_shipping_options import FLAT, zone
from test_tax_providers import asked, quoted
from test_themes import ACTIVATE, uploaded

REDIRECTS = 5_000
CONNECTION = "/v3/tax/providers/acme/connection"
NOTHING = {"may.store_v2_products": "none", "may.store_v2_orders": "none"}
SCOPES = {**NOTHING, "may.store_v2_information": "modify"}

TEXAS: dict[str, Any] = {}
BERLIN = {"city": "Berlin", "state_or_province_code": "BE", "country_code": "DE", "postal_code": "10115"}
OSLO = {"city": "Oslo", "state_or_province_code": "", "country_code": "NO", "postal_code": "0150"}
TORONTO = {"city": "Toronto", "state_or_province_code": "ON", "country_code": "CA", "postal_code": "M5H 2N2"}
PLACES = {"US": TEXAS, "DE": BERLIN, "CA": TORONTO, "NO": OSLO}

OWN = {
    "US": {"Texas": "6.2500", "Austin": "2.0000"},
    "DE": {"VAT": "19.0000"},
    "CA": {"GST": "5.0000", "Provincial, on top": "10.0000"},
    "NO": {"Abroad": "1.0000"},
}
"""The store's own rates by country: names, and per cent. Three have zones, every other is in the default one."""

TENTH = {"State": "5.0000", "City": "5.0000"}
ASKED = {"US": {"State": "12.5000", "City": "12.5000"}, "DE": OWN["DE"], "CA": TENTH, "NO": TENTH}
"""The rates while the provider is asked: of Germany it knows nothing."""

SETTINGS: list[tuple[str, str, Any]] = [
    ("store/profile", "store_name", "Blue Door"),
    ("store/profile", "store_phone", "555 0100"),
    ("store/profile", "store_email", "door@example.com"),
    ("store/locale", "default_shopper_language", "de"),
    ("store/locale", "store_country", "Germany"),
    ("store/units-of-measurement", "weight_measurement", "KGS"),
    ("store/units-of-measurement", "length_measurement", "Centimeters"),
    ("store/units-of-measurement", "thousands_token", " "),
    ("store/units-of-measurement", "decimal_token", ","),
    ("logo", "logo_text", "Door"),
    ("catalog", "auto_approve_reviews", True),
    ("email-statuses", "abandoned_cart_email", False),
    ("inventory", "update_stock_behavior", "order_completed_or_shipped"),
    ("inventory", "edit_order_stock_adjustment", False),
    ("storefront/category", "category_tree_depth", 2),
    ("storefront/product", "show_product_weight", False),
    ("storefront/product", "hide_price_from_guests", True),
    ("storefront/search", "default_product_sort", "bestselling"),
    ("storefront/seo", "page_title", "Doors and more"),
    ("storefront/seo", "meta_description", "Doors of every colour"),
]


class Day:
    """One store with its owner in a browser, and the address at which the provider's app answers."""

    def __init__(self, shop: Shop, receiver: Receiver) -> None:
        self.shop = shop
        self.receiver = receiver
        self.browser = signed_in(shop)
        self.app = Registered(shop, self.browser, **SCOPES)
        self.token = ""

    def open_shop(self) -> None:
        """Something to sell, a way of sending it, and taxes in three zones and elsewhere."""
        shop = self.shop
        shop.product("Door", price=100, weight=1)
        zone(shop, FLAT)
        places = [{"country_code": "US", "subdivision_codes": ["TX"]}, {"country_code": "DE"}, {"country_code": "CA"}]
        zones = [
            {"name": place["country_code"], "price_display_settings": {"show_inclusive": False},
             "shopper_target_settings": {"locations": [place]}}
            for place in places
        ]  # fmt: skip
        made = {one["name"]: one["id"] for one in done(shop.post("/v3/tax/zones", zones))}
        classes = {"Austin": [0]}
        rates = [
            {"name": name, "tax_zone_id": made.get(country, 1), "priority": 2 if "on top" in name else 1,
             "class_rates": [{"rate": float(rate), "tax_class_id": one} for one in classes.get(name, [0, 2])]}
            for country, named in OWN.items() for name, rate in named.items()
        ]  # fmt: skip
        done(shop.post("/v3/tax/rates", rates))
        done(shop.put("/v3/tax/settings", {"fallback_strategy": "BASIC"}))

    def install(self) -> None:
        """The owner installs the app, the operator registers its provider, and the app connects the store to that."""
        got = self.app.exchange(code=self.app.act("/install")["code"])
        assert got.status == 200
        self.token = got.json["access_token"]
        self.shop.server.hear()
        store = self.shop.server.run(self.shop.server.app.stores.get(self.shop.name))
        client = store.holder(self.token.encode()).client_id
        provider = f"tax:acme@{client}={self.receiver.url}/tax"
        self.shop.change(settings={"providers": provider, "providers.allow_private": True})
        account = {"username": "blue-door", "password": "open sesame"}
        reply = self.shop.put(CONNECTION, account, token=self.token)
        assert (reply.status, reply.data["configured"]) == (200, True)
        assert self.shop.get("/v3/catalog/products", token=self.token).status == 403, "that is not the app's business"

    def sell(self, country: str) -> tuple[int, dict[str, str]]:
        """An order that goes to a country: its number, and the rates on what was bought."""
        shop, address = self.shop, {**ADDRESS, **PLACES[country]}
        made = cart(shop, (1, 2))
        at = f"{PATH}/{made['id']}"
        done(shop.post(f"{at}/billing-address", address))
        data = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": address, "line_items": items_of(made)}]))
        (one,) = data["consignments"]
        option = one["available_shipping_options"][0]["id"]
        data = done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": option}))
        number = int(done(shop.post(f"{at}/orders", {}))["id"])
        order = shop.get(f"/v2/orders/{number}").json
        assert float(order["total_inc_tax"]) == data["grand_total"]
        assert float(order["total_tax"]) == data["tax_total"] > 0
        taxes = shop.get(f"/v2/orders/{number}/taxes?details=true&limit=250").json
        assert sum(float(tax["line_amount"]) for tax in taxes) == pytest.approx(data["tax_total"], abs=0.011)
        return number, {tax["name"]: tax["rate"] for tax in taxes if tax["line_item_type"] == "item"}

    def sell_everywhere(self) -> dict[str, dict[str, str]]:
        """One order to each country: the rates by country."""
        return {country: self.sell(country)[1] for country in PLACES}


def answer(got: Received) -> Answer:
    """What the provider answers: it is at a loss in Germany."""
    if not got.path.startswith("/tax/estimate"):
        return 200, b"{}", {}
    where = got.json["documents"][0]["destination_address"]["country_code"]
    return {"US": quoted(got, 0.25), "CA": quoted(got, 0.1), "NO": quoted(got, 0.1)}.get(where, (500, b"", {}))


@pytest.fixture
def day(shop: Shop, receiver: Receiver) -> Day:
    """A store that is about to open."""
    receiver.answer = answer
    made = Day(shop, receiver)
    made.open_shop()
    return made


def test_a_day_in_the_life(day: Day) -> None:
    shop = day.shop
    assert day.sell_everywhere() == OWN
    day.install()
    assert day.sell_everywhere() == ASKED
    assert (
        Counter(got.json["documents"][0]["destination_address"]["country_code"] for got in asked(day.receiver)).keys()
        == PLACES.keys()
    )

    redirects_are_imported(shop)
    theme = theme_goes_live(shop)
    twenty_settings_are_turned(shop)
    assert day.sell_everywhere() == ASKED

    app_goes(day)
    assert day.sell_everywhere() == OWN
    assert shop.rows("redirects") == REDIRECTS
    assert shop.get("/v3/channels/1/active-theme").data["active_theme_uuid"] == theme
    assert all(setting(shop, path)[name] == value for path, name, value in SETTINGS)
    assert shop.get("/v2/orders/count").json["count"] == 4 * len(PLACES) + 1
    check_statistics(shop)


def redirects_are_imported(shop: Shop) -> None:
    """One file; then the last of them leads where it says."""
    here = domain(shop)
    rows = (f"{here},/old/{number},/new/{number},," for number in range(REDIRECTS))
    uuid = import_redirects(shop, (HEADER + "\n".join(rows) + "\n").encode()).json["id"]
    told = finished(shop, uuid)
    assert (told["status"], told["completed_items"], told["failed_items"]) == ("complete", REDIRECTS, 0)
    assert events(shop, "import", uuid)[-1]["completed_items"] == REDIRECTS
    assert shop.rows("redirects") == REDIRECTS
    moved = visit(shop, f"/old/{REDIRECTS - 1}")
    assert (moved.status, moved.headers["location"].endswith(f"/new/{REDIRECTS - 1}")) == (301, True)


def theme_goes_live(shop: Shop) -> str:
    """Uploaded, and shown in one of its variations."""
    theme = uploaded(shop, zips.theme())
    reply = shop.post(ACTIVATE, {"variation_id": theme["variations"][1]["uuid"], "which": "original"})
    assert reply.status == 204, reply.body
    shown = shop.get("/v3/channels/1/active-theme").data
    assert shown["active_theme_uuid"] == theme["uuid"]
    return str(theme["uuid"])


def setting(shop: Shop, path: str) -> Any:
    return done(shop.get(f"/v3/settings/{path}"))


def twenty_settings_are_turned(shop: Shop) -> None:
    """Each was otherwise before, is as it was put, and some are seen where shoppers and V2 look."""
    assert len({row[:2] for row in SETTINGS}) == 20
    for path, name, value in SETTINGS:
        before = setting(shop, path)
        assert before[name] != value
        assert shop.put(f"/v3/settings/{path}", {**before, name: value}).status == 200
        assert setting(shop, path) == {**before, name: value}
    store = shop.get("/v2/store").json
    assert (store["name"], store["phone"], store["language"], store["country_code"], store["weight_units"]) == (
        "Blue Door", "555 0100", "de", "DE", "KGS",
    )  # fmt: skip


def app_goes(day: Day) -> None:
    """It is uninstalled, told so, and deleted; its token opens nothing any more, and nobody asks its provider."""
    shop = day.shop
    assert day.app.act("/uninstall")["url"] == "https://app.example/uninstall"
    shop.server.hear()
    assert shop.get(CONNECTION, token=day.token).status == 401
    day.browser.post(day.browser.get(day.app.path), "/delete")
    assert day.browser.get(day.app.path).status == 404
    before = len(day.receiver.got)
    day.sell("US")
    assert len(day.receiver.got) == before, "nobody is asked any more"
    spoken = json.dumps([got.body.decode() for got in day.receiver.got])
    assert "open sesame" not in spoken
