"""What channels have one of: currencies, menus, a theme; and their metafields."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.store.channel_currencies import default_currency, enabled_currencies
from shop import Shop
from statistics_check import check_statistics

CHANNELS = "/v3/channels"
ALL = CHANNELS + "/currency-assignments"
MINE = CHANNELS + "/2/currency-assignments"
NORTH = {"name": "North", "type": "storefront", "platform": "next"}
EURO = {
    "currency_code": "EUR", "currency_exchange_rate": "0.9", "token_location": "left", "token": "€",
    "decimal_token": ".", "thousands_token": ",", "decimal_places": 2, "name": "Euro", "country_iso2": "DE",
}  # fmt: skip
POUND = {**EURO, "currency_code": "GBP", "token": "£", "name": "Pound", "country_iso2": "GB"}
BOTH = {"enabled_currencies": ["EUR", "USD"], "default_currency": "EUR"}


@pytest.fixture
def north(shop: Shop) -> Shop:
    """A store with a second storefront, channel 2, and three currencies: dollars, euros (2) and pounds (3)."""
    shop.post(CHANNELS, NORTH)
    shop.post("/v2/currencies", EURO)
    assert shop.post("/v2/currencies", POUND).json["id"] == 3
    return shop


def told(shop: Shop) -> dict[str, Any]:
    """The currencies of channel 2, in every place where they are shown."""
    shown: dict[str, Any] = shop.get(MINE).data
    assert shop.get(CHANNELS + "/2?include=currencies").data["currencies"] == shown
    assert [one for one in shop.get(ALL).data if one["channel_id"] == 2] == [shown]

    async def read(unit: Any) -> tuple[list[str], str]:
        return await enabled_currencies(unit.tx, 2), await default_currency(unit.tx, 2)

    assert shop.write(read) == (shown["enabled_currencies"], shown["default_currency"])
    return shown


def test_a_channel_has_the_currencies_of_the_store_until_others_are_assigned(north: Shop) -> None:
    store = {"channel_id": 2, "enabled_currencies": ["USD", "EUR", "GBP"], "default_currency": "USD"}
    assert told(north) == store
    made = north.post(MINE, BOTH)
    assert (made.status, made.data) == (200, {"channel_id": 2, **BOTH})
    assert told(north) == made.data
    assert north.get(CHANNELS + "/1?include=currencies").data["currencies"] == {**store, "channel_id": 1}
    pounds = {"enabled_currencies": ["GBP", "GBP"], "default_currency": "GBP"}
    assert north.put(MINE, pounds).data["enabled_currencies"] == ["GBP"]
    gone = north.delete(MINE)
    assert (gone.status, gone.json) == (200, {"data": 2, "meta": {}})
    assert told(north) == store
    assert north.delete(MINE).status == 200
    check_statistics(north)


def test_a_currency_that_the_store_gives_up_is_assigned_no_more(north: Shop) -> None:
    north.put(MINE, BOTH)
    north.put("/v2/currencies/2", {"enabled": False})
    assert told(north) == {"channel_id": 2, "enabled_currencies": ["USD"], "default_currency": "USD"}
    north.put("/v2/currencies/2", {"enabled": True})
    assert told(north) == {"channel_id": 2, **BOTH}
    north.put(MINE, {"enabled_currencies": ["EUR"], "default_currency": "EUR"})
    north.delete("/v2/currencies/2")
    assert told(north)["enabled_currencies"] == ["USD", "GBP"]  # nothing is left: it has those of the store


def test_several_channels_at_once_all_or_none(north: Shop) -> None:
    mine, stores = (
        {"channel_id": 2, **BOTH},
        {"channel_id": 1, "enabled_currencies": ["USD"], "default_currency": "USD"},
    )
    for method in ("POST", "PUT"):
        done = north.request(method, ALL, [mine, stores])
        assert (done.status, done.data) == (200, [mine, stores])
    assert north.get(ALL).data == [stores, mine]
    refused = north.put(ALL, [{**mine, "enabled_currencies": ["GBP"], "default_currency": "GBP"}, {"channel_id": 1}])
    assert (refused.status, set(refused.json["errors"])) == (422, {"1.enabled_currencies", "1.default_currency"})
    refused = north.put(ALL, [mine, {**stores, "channel_id": 9}])
    assert (refused.status, list(refused.json["errors"])) == (422, ["1.channel_id"])
    assert north.put(ALL, [mine, mine]).status == 422
    assert north.get(ALL).data == [stores, mine]


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", MINE, {}, 422, "enabled_currencies"),
    ("POST", MINE, {"enabled_currencies": [], "default_currency": "USD"}, 422, "enabled_currencies"),
    ("POST", MINE, {"enabled_currencies": ["AWG"], "default_currency": "AWG"}, 422, "enabled_currencies"),
    ("POST", MINE, {"enabled_currencies": ["XXQ"], "default_currency": "XXQ"}, 422, "default_currency"),
    ("PUT", MINE, {"enabled_currencies": ["EUR"], "default_currency": "USD"}, 422, "default_currency"),
    ("PUT", CHANNELS + "/9/currency-assignments", BOTH, 422, "channel_id"),
    ("DELETE", CHANNELS + "/9/currency-assignments", None, 404, ""),
    ("GET", CHANNELS + "/9/currency-assignments", None, 404, ""),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "field"), REFUSED)
def test_a_bad_assignment_is_refused(north: Shop, method: str, path: str, body: Any, status: int, field: str) -> None:
    before = north.get(ALL).body
    reply = north.request(method, path, body)
    assert reply.status == status
    assert not field or any(name.startswith(field) for name in reply.json["errors"])
    assert north.get(ALL).body == before


def test_a_change_of_currencies_is_told_once(north: Shop) -> None:
    north.watch()
    for _ in range(2):
        north.put(MINE, BOTH)
    north.delete(MINE)
    assert north.events() == [("store/channel/2/settings/currency/updated", {"channel_id": 2})] * 2


def test_a_validator_knows_of_the_stores_currencies(north: Shop) -> None:
    etag = north.get(MINE).headers["etag"]
    assert north.get(MINE, headers={"If-None-Match": etag}).status == 304
    north.put("/v2/currencies/3", {"enabled": False})
    assert north.get(MINE, headers={"If-None-Match": etag}).status == 200
    assert north.put(MINE, BOTH, headers={"If-Match": etag}).status == 412


def test_a_cart_is_in_a_currency_of_its_channel(north: Shop) -> None:
    north.post("/v3/catalog/products", {"name": "Hat", "type": "physical", "weight": 1, "price": 1})
    north.put("/v2/currencies/2", {"is_transactional": True})
    north.put(MINE, BOTH)

    def cart(channel: int, **more: Any) -> Any:
        item = {"product_id": 1, "quantity": 1}
        return north.post("/v3/carts", {"channel_id": channel, "line_items": [item], **more})

    assert cart(2).data["currency"] == {"code": "EUR"}
    assert cart(1).data["currency"] == {"code": "USD"}
    assert cart(2, currency={"code": "usd"}).data["currency"] == {"code": "USD"}
    refused = cart(2, currency={"code": "GBP"})
    assert (refused.status, list(refused.json["errors"])) == (422, ["currency.code"])


MENUS = CHANNELS + "/2/channel-menus"


def test_menus_are_made_replaced_and_deleted(north: Shop) -> None:
    nothing = {"bigcommerce_protected_app_sections": [], "custom_app_sections": []}
    assert north.get(MENUS).data == nothing
    sections = {
        "bigcommerce_protected_app_sections": ["social", "domains"],
        "custom_app_sections": [{"title": "Overview", "query_path": "overview"}],
    }
    made = north.post(MENUS, sections)
    assert (made.status, made.data) == (200, sections)
    assert north.get(MENUS).data == sections
    replaced = north.post(MENUS, {"bigcommerce_protected_app_sections": ["pages"]})
    assert replaced.data == {**nothing, "bigcommerce_protected_app_sections": ["pages"]}
    for body in (
        {"bigcommerce_protected_app_sections": ["cellar"]},
        {"bigcommerce_protected_app_sections": ["pages", "pages"]},
        {"custom_app_sections": [{"title": "Overview"}]},
    ):
        assert north.post(MENUS, body).status == 422
    assert north.delete(MENUS).json == {"data": 2, "meta": {}}
    assert north.get(MENUS).data == nothing
    assert (
        north.get(CHANNELS + "/9/channel-menus").status == north.post(CHANNELS + "/9/channel-menus", {}).status == 404
    )
    check_statistics(north)


def test_the_stores_own_kind_of_storefront_has_a_theme(north: Shop) -> None:
    theme = north.get(CHANNELS + "/1/active-theme").data
    assert len(set(theme.values())) == 3
    assert theme["active_theme_configuration_uuid"] == theme["saved_theme_configuration_uuid"]
    assert north.get(CHANNELS + "/1/active-theme").data == theme
    north.post(CHANNELS, {"name": "Outlet", "type": "storefront", "platform": "bigcommerce"})
    other = north.get(CHANNELS + "/3/active-theme").data
    assert other["active_theme_uuid"] == theme["active_theme_uuid"]
    assert other == theme, "until one is activated there, it shows what the own storefront does"
    missing = north.get(CHANNELS + "/2/active-theme")
    assert (missing.status, missing.json["title"]) == (404, "No active theme found with channel_id: 2")
    assert north.get(CHANNELS + "/9/active-theme").status == 404


def test_channels_have_metafields_with_events_of_their_own(north: Shop) -> None:
    north.watch()
    field = {"namespace": "erp", "key": "code", "value": "N", "permission_set": "write"}
    made = north.post(CHANNELS + "/2/metafields", field).data
    assert (made["resource_type"], made["resource_id"]) == ("channel", 2)
    assert north.post(CHANNELS + "/2/metafields", field).status == 409
    assert north.put(CHANNELS + "/metafields", [{"id": 1, "value": "M"}]).data[0]["value"] == "M"
    assert [one["value"] for one in north.get(CHANNELS + "/metafields?namespace:in=erp").data] == ["M"]
    assert north.delete(CHANNELS + "/2/metafields/1").status == 204
    assert [scope for scope, _data in north.events()][::2] == [
        f"store/channel/metafield/{change}" for change in ("created", "updated", "deleted")
    ]


SCOPED = [
    ("GET", MINE, "store_channel_settings_read_only", 200),
    ("DELETE", MENUS, "store_channel_settings_read_only", 403),
    ("GET", CHANNELS + "/metafields", "store_channel_settings", 200),
    ("GET", CHANNELS + "/1/active-theme", "store_channel_listings", 403),
]


@pytest.mark.parametrize(("method", "path", "scope", "status"), SCOPED)
def test_settings_of_channels_have_their_scope(north: Shop, method: str, path: str, scope: str, status: int) -> None:
    assert north.request(method, path, token=north.account(scope)).status == status
