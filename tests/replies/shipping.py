"""Shipping zones, their methods, carrier connections (rule 113)."""

from replies import Row

ROWS = [
    Row(
        "POST",
        "/v2/shipping/zones",
        {"name": "Texas", "type": "state", "locations": [{"country_iso2": "US", "state_iso2": "TX"}]},
        name="texas",
    ),
    Row(
        "POST",
        "/v2/shipping/zones",
        {
            "name": "New York",
            "type": "zip",
            "locations": [{"country_iso2": "US", "zip": "11103"}],
            "handling_fees": {"percentage_surcharge": "5", "display_separately": True},
        },
    ),
    Row("PUT", "/v2/shipping/zones/{texas}", {"enabled": False}),
    Row("POST", "/v2/shipping/zones", {}, status=400),
    Row(
        "POST",
        "/v2/shipping/zones/{texas}/methods",
        {"name": "Flat", "type": "perorder", "settings": {"rate": 7}},
        name="flat",
    ),
    Row("POST", "/v2/shipping/zones/{texas}/methods", {"name": "Each", "type": "peritem", "settings": {"rate": 1}}),
    Row("POST", "/v2/shipping/zones/{texas}/methods", {}, status=400),
    Row("PUT", "/v2/shipping/zones/{texas}/methods/{flat}", {"handling_fees": {"percentage_surcharge": "2"}}),
    Row("POST", "/v2/shipping/carrier/connection", {"carrier_id": "royalmail"}),
    Row("POST", "/v2/shipping/carrier/connection", {}, status=400),
]

V2_TABLES = {"shipping_zones": "", "shipping_zones_methods": ""}
