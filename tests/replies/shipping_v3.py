"""Customs information and settings of shipping (V3); connections to tax providers."""

from replies import Differs, Row

PROVIDERS = {"providers": "tax:acme=https://acme.example/tax"}
"""The settings of a store that has a tax provider: nobody registers one by the API."""

CUSTOMS = "/v3/shipping/products/customs-information"
OF_HAMMER = {
    "product_id": "{hammer}", "country_of_origin": "US", "commodity_description": "Hammers",
    "international_shipping": True, "hs_codes": {"ALL": "501000", "CA": "508313"},
}  # fmt: skip
SETTINGS = "/v3/shipping/settings"
CONNECTION = "/v3/tax/providers/acme/connection"

ROWS = [
    Row("PUT", CUSTOMS, [OF_HAMMER], key="product_id"),
    Row("PUT", CUSTOMS, [{**OF_HAMMER, "commodity_description": "Claw hammers"}], key="product_id"),
    Row("PUT", CUSTOMS, [{"product_id": "{hammer}"}], status=422),
    Row("GET", CUSTOMS + "?product_id:in={hammer}"),
    Row("PUT", CUSTOMS, [{**OF_HAMMER, "product_id": "{drill}"}], key="product_id"),
    Row("DELETE", CUSTOMS + "?product_id:in={drill}"),
    Row("PUT", SETTINGS, {"checkout": {"country_list_strategy": "DISPLAY_ONLY_SHIPPABLE_COUNTRIES"}}),
    Row("PUT", SETTINGS, {"checkout": {"country_list_strategy": "SOME"}}, status=422),
    Row("PUT", SETTINGS, b"{", status=400, headers={"content-type": "application/json"}),
    Row("PUT", SETTINGS + "/channels/1", {"checkout": {"out_of_delivery_zone_message": "Not there."}}),
    Row("PUT", SETTINGS + "/channels/1", {"checkout": {"out_of_delivery_zone_message": 1}}, status=422),
    Row("PUT", CONNECTION, {"username": "shop", "password": "h6eSgKLN", "profile": "north"}),
    Row("PUT", CONNECTION, {"username": 1}, status=422),
    Row("GET", "/v3/tax/providers/nobody/connection", status=404),
    Row("DELETE", CONNECTION),
    Row("PUT", CONNECTION, {"username": "shop", "password": "h6eSgKLN"}),
]
PATHS = {
    "/v3/tax/providers/{provider_id:text}/connection": [CONNECTION],
    "/v3/shipping/settings/channels/{channel_id}": [SETTINGS + "/channels/1"],
}
DIFFERS = [
    Differs(f"GET {CUSTOMS}", "meta.pagination.total_page", "absent", "total_pages, as in every other list"),
    Differs(f"GET {CUSTOMS}", "meta.pagination.total_pages", "extra", "published as total_page, by mistake"),
    Differs(f"PUT {CUSTOMS}", "meta", "extra", "every list has it"),
]
