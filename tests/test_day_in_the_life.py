"""A day in the life of a store: taxes of three zones, an app that taxes, redirects, a theme, settings; the app goes."""

from __future__ import annotations

from typing import Any

import zips
from receiver import Receiver
from shop import Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of
from test_redirect_jobs import HEADER, IMEX, domain, finished, send
from test_shipping_options import FLAT, zone
from test_tax_providers import ACCOUNT, CONNECTION, asked, quoted
from test_themes import ACTIVATE, uploaded

AT: dict[str, dict[str, str]] = {
    "Texas": {},
    "Berlin": {"country_code": "DE", "state_or_province": "", "state_or_province_code": "", "city": "Berlin"},
    "Toronto": {
        "country_code": "CA", "state_or_province": "Ontario", "state_or_province_code": "ON", "city": "Toronto",
    },
}  # fmt: skip
"""Where three shoppers live."""

ZONES = [
    ("Texas", [{"country_code": "US", "subdivision_codes": ["TX"]}], [("State", 1, 6), ("City", 1, 2)]),
    ("Germany", [{"country_code": "DE"}], [("VAT", 1, 20)]),
    ("Canada", [{"country_code": "CA"}], [("GST", 1, 5), ("Provincial, on top", 2, 10)]),
]
"""Name, places and rates of each zone: name, priority, per cent. A higher priority compounds on what is below it."""

OWED = {"Texas": 8.0, "Berlin": 20.0, "Toronto": 15.5}
"""Per cent that the rates of each zone come to."""

SETTINGS: dict[str, dict[str, Any]] = {
    "store/profile": {"store_name": "Tools of the day", "store_phone": "555", "store_address": "1 Main Street",
                      "store_email": "shop@example.com"},
    "store/locale": {"default_shopper_language": "fr", "shopper_language_selection_method": "browser"},
    "store/units-of-measurement": {"weight_measurement": "KGS", "length_measurement": "Centimeters",
                                   "decimal_places": 3},
    "storefront/seo": {"page_title": "Tools", "meta_description": "Tools of every day", "meta_keywords": "tools"},
    "storefront/robotstxt": {"robots_txt_ssl": "User-agent: *\nAllow: /\n"},
    "storefront/product": {"show_product_price": False, "show_product_sku": False, "show_product_weight": False},
    "storefront/category": {"category_tree_depth": 2, "default_product_sort": "alphaasc"},
    "storefront/search": {"search_suggest": False},
    "storefront/status": {"down_for_maintenance_message": "Back soon", "prelaunch_message": "Wait for it"},
    "inventory": {"stock_level_display": "show"},
}  # fmt: skip


def sold(shop: Shop, place: str) -> Any:
    """An order of two hammers from a place: 20 and shipping of 7.5."""
    made = cart(shop, (1, 2))
    at, address = f"{PATH}/{made['id']}", {**ADDRESS, **AT[place]}
    done(shop.post(f"{at}/billing-address", address))
    data = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": address, "line_items": items_of(made)}]))
    (one,) = data["consignments"]
    option = one["available_shipping_options"][0]["id"]
    done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": option}))
    order = done(shop.post(f"{at}/orders"))["id"]
    return shop.get(f"/v2/orders/{order}").json


def tax_of(order: Any) -> tuple[float, float]:
    """Tax of the goods, and of all, of an order."""
    assert float(order["subtotal_ex_tax"]) + float(order["subtotal_tax"]) == float(order["subtotal_inc_tax"])
    return float(order["subtotal_tax"]), float(order["total_tax"])


def open_for_business(shop: Shop) -> None:
    """A product, shipping to everywhere, and taxes in three zones."""
    shop.product("Hammer", price=10, weight=1)
    zone(shop, FLAT)
    bodies = [{"name": name, "shopper_target_settings": {"locations": places}} for name, places, _rates in ZONES]
    made = done(shop.post("/v3/tax/zones", bodies))
    rates = [
        {"tax_zone_id": known["id"], "name": name, "priority": priority,
         "class_rates": [{"rate": rate, "tax_class_id": one} for one in (0, 2)]}
        for known, (_name, _places, rows) in zip(made, ZONES, strict=True)
        for name, priority, rate in rows
    ]  # fmt: skip
    assert len(done(shop.post("/v3/tax/rates", rates))) == 5


def turn_settings(shop: Shop) -> int:
    """Sets members of each group, and reads them back; how many were turned."""
    turned = 0
    for group, members in SETTINGS.items():
        before = done(shop.get(f"/v3/settings/{group}"))
        assert {name for name, value in members.items() if before[name] != value}, group
        done(shop.put(f"/v3/settings/{group}", {**before, **members}))
        after = done(shop.get(f"/v3/settings/{group}"))
        assert {name: after[name] for name in members} == members
        turned += len(members)
    return turned


def test_a_day(shop: Shop, receiver: Receiver) -> None:
    open_for_business(shop)
    for place, rate in OWED.items():
        assert tax_of(sold(shop, place))[0] == round(20 * rate / 100, 2), place
    listed = shop.get("/v2/orders/3/taxes").json
    assert {(one["name"], float(one["rate"])) for one in listed} >= {("GST", 5.0), ("Provincial, on top", 10.0)}

    # An app that taxes is installed: from now on it says what is owed.
    token = shop.account("store_v2_information", "store_v2_orders")
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    client = store.holder(token.encode()).client_id
    receiver.answer = quoted
    shop.change(settings={"providers": f"tax:acme@{client}={receiver.url}/tax", "providers.allow_private": True})
    assert done(shop.put(CONNECTION, ACCOUNT, token=token))["configured"]
    for place in OWED:
        assert tax_of(sold(shop, place))[0] == 5.0, place
    assert len(asked(receiver)) >= 3

    # 5,000 redirects come as a file.
    here = domain(shop)
    rows = [f"{here},/old-{number},/new-{number},," for number in range(5_000)]
    reply = send(shop, (HEADER + "\n".join(rows) + "\n").encode())
    assert reply.status == 201, reply.body
    job = finished(shop, reply.json["id"])
    assert (job["status"], job["completed_items"], job["failed_items"]) == ("complete", 5_000, 0)
    moved = shop.request("GET", "/old-4711", base="", token="", headers={"host": f"store-{shop.name}.localhost:8443"})
    assert (moved.status, moved.headers["location"].endswith("/new-4711")) == (301, True)
    assert shop.get(f"{IMEX}/jobs").json["meta"]["pagination"]["total"] == 1

    # A theme is uploaded and shown; 20 settings are turned.
    theme = uploaded(shop, zips.theme())
    body = {"variation_id": theme["variations"][0]["uuid"], "which": "original"}
    assert shop.post(ACTIVATE, body).status == 204
    assert shop.get("/v3/channels/1/active-theme").data["active_theme_uuid"] == theme["uuid"]
    assert turn_settings(shop) >= 20
    assert shop.get("/v2/store").json["name"] == "Tools of the day"

    # The app goes, and the store's own rates are back.
    calls = len(receiver.got)
    assert shop.server.run(shop.server.backend.registry.drop_account(shop.name, client))
    shop.server.hear()
    for place, rate in OWED.items():
        assert tax_of(sold(shop, place))[0] == round(20 * rate / 100, 2), place
    assert len(asked(receiver)) == len([one for one in receiver.got[:calls] if one.path == "/tax/estimate"])
    assert shop.get("/v2/orders/count").json["count"] == 9
