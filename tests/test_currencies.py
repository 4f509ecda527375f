"""Currencies and tax classes (rules 1 to 4, 110, 111), and what channels and store information make of them."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.access.settings import SETTINGS
from shop import Server, Shop
from statistics_check import check_statistics

PATH = "/v2/currencies"
EURO: dict[str, Any] = {
    "currency_code": "EUR", "currency_exchange_rate": "0.849", "token_location": "left", "token": "€",
    "decimal_token": ".", "thousands_token": ",", "decimal_places": 2, "name": "Euro",
}  # fmt: skip
YEN = {
    **EURO,
    "currency_code": "JPY",
    "currency_exchange_rate": 154.3,
    "token": "¥",
    "decimal_places": 0,
    "name": "Yen",
}


def codes(shop: Shop) -> list[tuple[str, bool]]:
    return [(currency["currency_code"], currency["is_default"]) for currency in shop.get(PATH).json]


def test_a_store_begins_with_the_currency_of_its_settings(server: Any) -> None:
    shop = server.shop(currency="DKK", currency_symbol="kr.", decimal_separator=",", thousands_separator=".")
    (shown,) = shop.get(PATH).json
    assert shown.pop("last_updated").endswith("+0000")
    assert shown == {
        "id": 1, "is_default": True, "country_iso2": "US", "default_for_country_codes": ["US"], "currency_code": "DKK",
        "currency_exchange_rate": "1", "auto_update": False, "token_location": "left", "token": "kr.",
        "decimal_token": ",", "thousands_token": ".", "decimal_places": 2, "name": "Danish Krone", "enabled": True,
        "is_transactional": True, "use_default_name": True,
    }  # fmt: skip
    shop.close()


def test_a_currency_goes_in_and_comes_out(shop: Shop) -> None:
    """The published documents answer a create with 200."""
    made = shop.post(PATH, EURO)
    assert (made.status, made.headers["location"]) == (200, f"https://localhost:8443/stores/{shop.name}{PATH}/2")
    assert EURO.items() <= made.json.items()
    assert (made.json["id"], made.json["is_default"], made.json["enabled"]) == (2, False, True)
    assert shop.get(PATH + "/2").json == made.json
    tiny = shop.post(PATH, {**YEN, "currency_exchange_rate": 0.0000641}).json
    assert tiny["currency_exchange_rate"] == "0.0000641"
    changed = shop.put(PATH + "/2", {"currency_exchange_rate": 1000, "currency_code": "EUR", "enabled": False})
    assert (changed.status, changed.json["currency_exchange_rate"], changed.json["enabled"]) == (200, "1000", False)


def test_the_default_is_handed_on(shop: Shop) -> None:
    """Rule 110: there is always exactly one, and store information tells which."""
    shop.post(PATH, EURO)
    before = shop.get("/v2/store")
    assert shop.put(PATH + "/2", {"is_default": True}).json["is_default"] is True
    assert codes(shop) == [("USD", False), ("EUR", True)]
    after = shop.get("/v2/store", headers={"if-none-match": before.headers["etag"]})
    assert (before.json["currency"], after.json["currency"], after.json["currency_symbol"]) == ("USD", "EUR", "€")
    assert shop.post(PATH, {**YEN, "is_default": "true"}).json["is_default"] is True
    assert codes(shop) == [("USD", False), ("EUR", False), ("JPY", True)]
    assert shop.put(PATH + "/3", {"is_default": True}).status == 200
    check_statistics(shop)


def test_deleting_all_spares_the_default(shop: Shop) -> None:
    """Rule 110."""
    for currency in (EURO, YEN):
        shop.post(PATH, currency)
    shop.put(PATH + "/2", {"is_default": True})
    assert shop.delete(PATH).status == 204
    assert codes(shop) == [("EUR", True)]
    assert shop.delete(PATH).status == 204
    assert shop.post(PATH, YEN).json["id"] == 4
    assert shop.delete(PATH + "/4").status == 204
    check_statistics(shop)


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", PATH, {"name": "Euro"}, 400, "FIELD_MISSING", "currency_code"),
    ("POST", PATH, {**EURO, "currency_code": "EUX"}, 400, "FIELD_INVALID", "currency_code"),
    ("POST", PATH, {**EURO, "currency_exchange_rate": "0"}, 400, "FIELD_INVALID", "currency_exchange_rate"),
    ("POST", PATH, {**EURO, "currency_exchange_rate": "1_0"}, 400, "FIELD_INVALID", "currency_exchange_rate"),
    ("POST", PATH, {**EURO, "currency_exchange_rate": "NaN"}, 400, "FIELD_INVALID", "currency_exchange_rate"),
    ("POST", PATH, {**EURO, "currency_exchange_rate": 1e-30}, 400, "FIELD_INVALID", "currency_exchange_rate"),
    ("POST", PATH, {**EURO, "token_location": "above"}, 400, "FIELD_INVALID", "token_location"),
    ("POST", PATH, {**EURO, "decimal_places": 5}, 400, "FIELD_INVALID", "decimal_places"),
    ("POST", PATH, {**EURO, "decimal_token": ","}, 400, "FIELD_INVALID", "thousands_token"),
    ("POST", PATH, {**EURO, "country_iso2": 0}, 400, "FIELD_INVALID", "country_iso2"),
    ("PUT", PATH + "/1", {"country_iso2": "é1"}, 400, "FIELD_INVALID", "country_iso2"),
    ("POST", PATH, {**EURO, "last_updated": ""}, 400, "FIELD_READ_ONLY", "last_updated"),
    ("POST", PATH, {**EURO, "symbol": "€"}, 400, "FIELD_UNKNOWN", "symbol"),
    ("POST", PATH, {**EURO, "currency_code": "USD"}, 409, "DUPLICATE", ""),
    ("PUT", PATH + "/1", {"is_default": False}, 400, "FIELD_INVALID", "is_default"),
    ("PUT", PATH + "/1", {"enabled": False}, 400, "FIELD_INVALID", "enabled"),
    ("PUT", PATH + "/2", {"enabled": False, "is_default": True}, 400, "FIELD_INVALID", "enabled"),
    ("PUT", PATH + "/2", {"currency_code": "GBP"}, 400, "FIELD_READ_ONLY", "currency_code"),
    ("DELETE", PATH + "/1", None, 400, "FIELD_INVALID", "is_default"),
    ("GET", PATH + "/9", None, 404, "NO_SUCH_ENTITY", ""),
    ("GET", "/v2/tax_classes/4", None, 404, "NO_SUCH_ENTITY", ""),
    ("GET", "/v2/tax_classes/4294967296", None, 404, "NO_SUCH_ENTITY", ""),
    ("POST", "/v2/tax_classes", {"name": "Books"}, 405, "METHOD_NOT_ALLOWED", ""),
    ("DELETE", "/v2/tax_classes/1", None, 405, "METHOD_NOT_ALLOWED", ""),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "field"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, field: str
) -> None:
    """Rules 1 to 4, 110, 111."""
    shop.post(PATH, EURO)
    before = shop.get(PATH).body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert field in reply.body.decode()
    assert shop.get(PATH).body == before


def test_a_channel_sells_in_the_currencies_of_the_store(shop: Shop) -> None:
    """The entity tag moves with them."""
    assert "currencies" not in shop.get("/v3/channels/1").data
    before = shop.get("/v3/channels/1?include=currencies")
    assert before.data["currencies"] == {"channel_id": 1, "enabled_currencies": ["USD"], "default_currency": "USD"}
    shop.post(PATH, EURO)
    shop.post(PATH, {**YEN, "enabled": False})
    after = shop.get("/v3/channels/1?include=currencies", headers={"if-none-match": before.headers["etag"]})
    assert after.data["currencies"]["enabled_currencies"] == ["USD", "EUR"]
    assert shop.get("/v3/channels?include=currencies").data == [after.data]
    assert shop.get("/v3/channels?include=listings").reason == "QUERY_INVALID"


def test_every_store_has_the_usual_tax_classes(shop: Shop) -> None:
    """Rule 111: class 0 is the default. Ids are text and dates ISO 8601, as the specification has it."""
    shown = shop.get("/v2/tax_classes").json
    assert [(tax["id"], tax["name"]) for tax in shown] == [
        ("0", "Default Tax Class"),
        ("1", "Non-Taxable Products"),
        ("2", "Shipping"),
        ("3", "Gift Wrapping"),
    ]
    assert shown[0]["created_at"].endswith("+00:00")
    assert shop.get("/v2/tax_classes/0").json == shown[0]
    assert shop.get("/v2/taxclasses/3").json == shown[3]
    assert [tax["id"] for tax in shop.get("/v2/tax_classes?limit=3&page=2").json] == ["3"]
    check_statistics(shop)


@pytest.mark.parametrize("path", [PATH, "/v2/tax_classes"])
def test_both_are_settings_of_the_store(shop: Shop, path: str) -> None:
    assert shop.get(path, token=shop.account("store_v2_information_read_only")).status == 200
    assert shop.get(path, token=shop.account("store_v2_products")).reason == "SCOPE_MISSING"


BOUNDS = [("currency_symbol", 10), ("decimal_separator", 1), ("thousands_separator", 1), ("country_code", 2)]


@pytest.mark.parametrize(("key", "maximum"), BOUNDS)
def test_settings_take_no_more_than_the_first_currency_holds(server: Server, key: str, maximum: int) -> None:
    """A store is opened with them: what a currency cannot hold would break every read of it."""
    longest = SETTINGS[key].read("x" * maximum)
    with pytest.raises(ValueError, match=f"at most {maximum} printable"):
        SETTINGS[key].read("x" * (maximum + 1))
    shop = server.shop(**{key: longest})
    assert longest in shop.get("/v2/currencies").json[0].values()
