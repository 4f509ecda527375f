"""What the shop says of itself by GraphQL: settings, widgets in regions, banners, metafields, stock by location."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.storefront.graphql.fields import regions
from shop import Shop
from storefront import NOW, Window, nodes
from test_storefront_graphql import make


@pytest.fixture
def window(shop: Shop) -> Window:
    return Window(shop)


def settings(window: Window, asked: str) -> Any:
    return window.ask(f"{{ site {{ settings {{ {asked} }} }} }}")["site"]["settings"]


def test_privacy_is_that_of_the_channel_or_the_store(window: Window) -> None:
    asked = "privacy { cookieConsentEnabled privacyPolicyUrl }"
    assert settings(window, asked)["privacy"] == {"cookieConsentEnabled": False, "privacyPolicyUrl": None}
    policy = {"ask_shopper_for_tracking_consent": True, "policy_url": "https://example.com/privacy"}
    window.shop.put("/v3/customers/settings", {"privacy_settings": policy})
    assert settings(window, asked)["privacy"] == {
        "cookieConsentEnabled": True, "privacyPolicyUrl": "https://example.com/privacy",
    }  # fmt: skip
    window.shop.put(
        "/v3/customers/settings/channels/1", {"privacy_settings": {"ask_shopper_for_tracking_consent": False}}
    )
    assert settings(window, asked)["privacy"]["cookieConsentEnabled"] is False


def test_gift_certificates_are_offered_as_the_operator_says(window: Window) -> None:
    asked = """giftCertificates(currencyCode: USD) { __typename isEnabled currencyCode expiry { unit value }
      ... on CustomAmountGiftCertificateSettings { minimumAmount { value } maximumAmount { formattedV2 } }
      ... on FixedAmountGiftCertificateSettings { amounts { value } } }"""
    assert settings(window, asked)["giftCertificates"] == {
        "__typename": "CustomAmountGiftCertificateSettings", "isEnabled": True, "currencyCode": "USD", "expiry": None,
        "minimumAmount": {"value": 1}, "maximumAmount": {"formattedV2": "$1,000.00"},
    }  # fmt: skip
    window.shop.change(settings={"gift_certificates": "10,25.50", "gift_certificates.months": 6})
    assert settings(window, asked)["giftCertificates"] == {
        "__typename": "FixedAmountGiftCertificateSettings", "isEnabled": True, "currencyCode": "USD",
        "expiry": {"unit": "MONTHS", "value": 6}, "amounts": [{"value": 10}, {"value": 25.5}],
    }  # fmt: skip
    window.shop.change(settings={"gift_certificates": "off"})
    assert settings(window, asked)["giftCertificates"]["isEnabled"] is False
    assert settings(window, "giftCertificates(currencyCode: JPY) { isEnabled }")["giftCertificates"] is None


def test_links_analytics_and_headers(window: Window) -> None:
    asked = """socialMediaLinks { name url } webAnalytics { ga4 { tagId } metaPixel { pixelId } segment { writeKey } }
      tax { pdp plp } security { customCspHeader xFrameOptions hsts { hstsOnStorefrontEnabled
      hstsMaxAgeDurationSeconds } } robotsTxt"""
    before = settings(window, asked)
    assert (before["socialMediaLinks"], before["tax"]) == ([], {"pdp": "EX", "plp": "EX"})
    assert before["webAnalytics"] == {"ga4": None, "metaPixel": None, "segment": None}
    assert before["security"]["customCspHeader"] is None
    shop = window.shop
    shop.change(settings={"social_links": "x=https://x.example/shop,tok=https://tok.example/@shop",
                          "prices_include_tax": True})  # fmt: skip
    shop.put("/v3/settings/analytics/1", {"enabled": True, "code": "G-ABC123"})
    shop.put("/v3/settings/analytics/3", {"enabled": False, "code": "999"})
    shop.put("/v3/settings/storefront/security", {"hsts": {"enabled": True, "max_age": "one_year"},
             "x_frame_options_header": {"enabled": True, "setting": "same_origin"}})  # fmt: skip
    shop.put("/v3/settings/storefront/robotstxt", {"robots_txt_ssl": "User-agent: *"})
    found = settings(window, asked)
    assert found["socialMediaLinks"] == [
        {"name": "x", "url": "https://x.example/shop"}, {"name": "tok", "url": "https://tok.example/@shop"},
    ]  # fmt: skip
    assert found["webAnalytics"] == {"ga4": {"tagId": "G-ABC123"}, "metaPixel": None, "segment": None}
    assert found["tax"] == {"pdp": "INC", "plp": "INC"}
    assert found["security"] == {
        "customCspHeader": None, "xFrameOptions": "SAMEORIGIN",
        "hsts": {"hstsOnStorefrontEnabled": True, "hstsMaxAgeDurationSeconds": 31_536_000},
    }  # fmt: skip
    assert found["robotsTxt"] == "User-agent: *"


def widget(shop: Shop, title: str, file: str, entity: str = "", **more: Any) -> None:
    """A widget that shows a title, in the region `top` of a page."""
    made = shop.post("/v3/content/widget-templates", {"name": title, "template": "<b>{{title}}</b>"}).data["uuid"]
    configured = {"name": title, "widget_template_uuid": made, "widget_configuration": {"title": title}}
    one = shop.post("/v3/content/widgets", configured).data["uuid"]
    place = {
        "widget_uuid": one,
        "template_file": file,
        "entity_id": entity,
        "region": "top",
        "status": "active",
        **more,
    }
    reply = shop.post("/v3/content/placements", place)
    assert reply.status == 200, reply.body


def test_widgets_stand_rendered_in_their_regions(window: Window) -> None:
    shop = window.shop
    page = shop.post("/v3/content/pages", {"name": "About", "type": "page", "body": "x"}).data["id"]
    widget(shop, "Second & last", "pages/home", sort_order=2)
    widget(shop, "First", "pages/home", sort_order=1)
    widget(shop, "Hidden", "pages/home", status="inactive")
    widget(shop, "Every page's", "pages/page")
    widget(shop, "This page's", "pages/page", str(page))
    widget(shop, "Another's", "pages/page", "999")
    asked = f"""{{ site {{ content {{ home: renderedRegionsByPageType(pageType: HOME) {{ regions {{ name html }} }}
      one: renderedRegionsByPageTypeAndEntityId(entityId: {page}, entityPageType: PAGE) {{ regions {{ name html }} }}
      pages {{ edges {{ node {{ ... on NormalPage {{ renderedRegions {{ regions {{ name html }} }} }} }} }} }}
      orders: renderedRegionsByPageType(pageType: ACCOUNT_ORDERS_ALL) {{ regions {{ name }} }} }} }} }}"""
    found = window.ask(asked)["site"]["content"]
    (home,) = found["home"]["regions"]
    assert home["name"] == "top"
    assert home["html"].index("<b>First</b>") < home["html"].index("<b>Second &amp; last</b>")
    assert "Hidden" not in home["html"]
    (one,) = found["one"]["regions"]
    assert "This page&#x27;s" in one["html"] or "This page's" in one["html"]
    assert "Every page" in one["html"]
    assert "Another" not in one["html"]
    assert nodes(found["pages"])[0]["renderedRegions"] == found["one"]
    assert found["orders"] == {"regions": []}


def test_banners_are_shown_on_their_page_in_their_time(window: Window) -> None:
    shop = window.shop
    category = shop.post("/v3/catalog/categories", {"name": "Tools", "parent_id": 0}).data["id"]
    always = {"content": "<p>x</p>", "location": "top", "date_type": "always", "visible": "1"}

    def banner(name: str, page: str = "home_page", **more: Any) -> None:
        reply = shop.post("/v2/banners", {**always, "name": name, "page": page, **more})
        assert reply.status == 200, reply.body

    banner("Now", location="bottom")
    banner("Invisible", visible="0")
    banner("Over", date_type="custom", date_from=NOW - 200_000, date_to=NOW - 100_000)
    banner("This week", date_type="custom", date_from=NOW - 1_000, date_to=NOW + 1_000)
    banner("Of the category", "category_page", item_id=str(category))
    found = window.ask(f"""{{ site {{ content {{ banners {{ homePage {{ edges {{ node {{ name content location }} }} }}
      searchPage {{ edges {{ node {{ name }} }} }} categoryPage(categoryEntityId: {category}) {{ edges {{ node {{ name
      }} }} }} }} }} }} }}""")["site"]["content"]["banners"]
    assert nodes(found["homePage"]) == [
        {"name": "Now", "content": "<p>x</p>", "location": "BOTTOM"},
        {"name": "This week", "content": "<p>x</p>", "location": "TOP"},
    ]  # fmt: skip
    assert nodes(found["searchPage"]) == []
    assert nodes(found["categoryPage"]) == [{"name": "Of the category"}]


def test_only_metafields_that_their_app_opened_are_shown(window: Window) -> None:
    shop = window.shop
    for name in ("One", "Two"):
        make(shop, name)
    for number, key, permission in (
        (1, "open", "read_and_sf_access"), (1, "written", "write_and_sf_access"), (1, "closed", "read"),
        (1, "own", "app_only"), (2, "open", "read_and_sf_access"),
    ):  # fmt: skip
        field = {"key": key, "value": f"{number} {key}", "namespace": "n", "permission_set": permission}
        assert shop.post(f"/v3/catalog/products/{number}/metafields", field).status == 200
    asked = """{ site { products { edges { node { entityId metafields(namespace: %s) { edges { node { key value }
      } } } } } } }"""
    with window.counted() as given:
        found = nodes(window.ask(asked % '"n"')["site"]["products"])
    shown = {one["entityId"]: [field["value"] for field in nodes(one["metafields"])] for one in found}
    assert shown == {1: ["1 open", "1 written"], 2: ["2 open"]}
    assert sum("product_metafields" in sql for sql in given) == 1
    found = nodes(window.ask(asked % '"n", keys: ["written"]')["site"]["products"])
    assert [len(nodes(one["metafields"])) for one in found] == [1, 0]
    assert [nodes(one["metafields"]) for one in nodes(window.ask(asked % '"other"')["site"]["products"])] == [[], []]


def test_stock_is_told_by_location(window: Window) -> None:
    shop = window.shop
    address = {"address1": "1 Main", "city": "Austin", "state": "Texas", "zip": "78701", "email": "a@example.com",
               "country_code": "US", "geo_coordinates": {"latitude": 30.27, "longitude": -97.74}}  # fmt: skip
    place = {"code": "AUS", "label": "Austin", "managed_by_external_source": False, "type_id": "PHYSICAL",
             "enabled": True, "storefront_visibility": True, "time_zone": "Etc/UTC", "address": address}  # fmt: skip
    hidden = {**place, "code": "HID", "label": "Hidden", "storefront_visibility": False}
    reply = shop.post("/v3/inventory/locations", [place, hidden])
    assert reply.status == 200, reply.body
    make(shop, "Saw", sku="SAW", inventory_tracking="product", inventory_level=3)
    make(shop, "Song")
    items = [{"location_id": 2, "sku": "SAW", "quantity": 5}]
    reply = shop.put("/v3/inventory/adjustments/absolute", {"reason": "x", "items": items})
    assert reply.status == 200, reply.body
    asked = """{ site { products { edges { node { variants { edges { node { inventory { isInStock byLocation%s { edges {
      node { locationEntityId locationEntityCode availableToSell isInStock locationDistance { value lengthUnit } } } }
      } } } } } } } } }"""

    def levels(narrowed: str = "") -> list[list[tuple[int, int, bool]]]:
        made = []
        for one in nodes(window.ask(asked % narrowed)["site"]["products"]):
            (variant,) = nodes(one["variants"])
            made.append([
                (each["locationEntityId"], each["availableToSell"], each["isInStock"])
                for each in nodes(variant["inventory"]["byLocation"])
            ])  # fmt: skip
        return made

    assert levels() == [[(1, 3, True), (2, 5, True)], [(1, 0, True), (2, 0, True)]], "a song is not counted"
    assert levels('(locationEntityCodes: ["AUS"])')[0] == [(2, 5, True)]
    near = "(distanceFilter: {radius: 50, latitude: 30.5, longitude: -97.7, lengthUnit: Miles})"
    assert levels(near)[0] == [(2, 5, True)], "the other does not say where it is"
    assert levels(near.replace("50", "5"))[0] == []
    told = nodes(window.ask(asked % near)["site"]["products"])[0]["variants"]["edges"][0]["node"]["inventory"]
    distance = told["byLocation"]["edges"][0]["node"]["locationDistance"]
    assert (round(distance["value"]), distance["lengthUnit"]) == (16, "Miles")


def test_what_was_rendered_before_is_shown_whatever_is_dropped_meanwhile(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One query's templates are rendered while another's push what is kept out."""
    widget(window.shop, "Kept", "pages/home")
    asked = "{ site { content { renderedRegionsByPageType(pageType: HOME) { regions { html } } } } }"
    window.ask(asked)
    widget(window.shop, "New", "pages/home")
    render = regions.render

    async def slow(store: str, works: Any) -> Any:
        found = await render(store, works)
        regions._rendered.clear()  # as another query does
        return found

    monkeypatch.setattr(regions, "render", slow)
    (found,) = window.ask(asked)["site"]["content"]["renderedRegionsByPageType"]["regions"]
    assert "<b>Kept</b>" in found["html"]
    assert "<b>New</b>" in found["html"]
