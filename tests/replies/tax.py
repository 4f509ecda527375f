"""Taxes: classes, zones, rates, properties and their values, settings, the check of a zone (rules 25, 111, 112)."""

from replies import Differs, Row

AUSTRALIA = {
    "name": "Australia",
    "enabled": True,
    "price_display_settings": {
        "show_inclusive": True, "show_both_on_detail_view": False, "show_both_on_list_view": False,
    },
    "shopper_target_settings": {
        "locations": [{"country_code": "AU", "subdivision_codes": ["NSW"], "postal_codes": ["2000", "21*"]}],
        "customer_groups": [0],
    },
}  # fmt: skip
AT_SYDNEY = {"locations": [{"country_code": "AU", "subdivision_codes": ["NSW"], "postal_codes": ["2000"]}]}
GST = {"name": "GST", "tax_zone_id": "{australia}", "class_rates": [{"rate": 10, "tax_class_id": 0}]}
PRODUCT_CODE, CUSTOMER_CODE = "A-123456789", "B-6731789"

ROWS = [
    Row("POST", "/v3/tax/classes", [{"name": "Books"}], name="books", key="id"),
    Row("PUT", "/v3/tax/classes", [{"id": "{books}", "name": "Books and maps"}]),
    Row("POST", "/v3/tax/classes", [{"name": "Tools of trade"}], name="spare_class"),
    Row("DELETE", "/v3/tax/classes?id:in={spare_class}"),
    Row("POST", "/v3/tax/classes", [{"name": "BOOKS AND MAPS"}], status=409),
    Row("POST", "/v3/tax/classes", [], status=422),
    Row("POST", "/v3/tax/classes", [{"name": "Twice"}, {"name": "twice"}], status=422),
    Row("PUT", "/v3/tax/classes", [{"id": 200, "name": "Nowhere"}], status=400),
    Row("DELETE", "/v3/tax/classes", status=404),
    Row("DELETE", "/v3/tax/classes?id:in=200", status=400),
    Row("POST", "/v3/tax/zones", [AUSTRALIA], name="australia"),
    Row("POST", "/v3/tax/zonecheck", [{"country_code": "AU", "subdivision_codes": "NSW", "postal_code": "2000"}]),
    Row("PUT", "/v3/tax/zones", [{"id": "{australia}", "shopper_target_settings": AT_SYDNEY}]),
    Row("POST", "/v3/tax/rates", [GST], name="gst"),
    Row("PUT", "/v3/tax/rates", [{"id": "{gst}", "priority": 2, "class_rates": GST["class_rates"]}]),
    Row("POST", "/v3/tax/zones", [{"name": "Nowhere"}], name="spare_zone"),
    Row("DELETE", "/v3/tax/zones?id:in={spare_zone}"),
    Row("POST", "/v3/tax/rates", [{**GST, "name": "Spare"}], name="spare_rate"),
    Row("DELETE", "/v3/tax/rates?id:in={spare_rate}"),
    Row("POST", "/v3/tax/properties", [{"code": PRODUCT_CODE, "display_name": "Food", "type": "PRODUCT"}], name="food"),
    Row("POST", "/v3/tax/properties", [{"code": CUSTOMER_CODE, "display_name": "Who", "type": "CUSTOMER"}]),
    Row("PUT", "/v3/tax/properties", [{"id": "{food}", "description": "Food industry"}]),
    Row("POST", "/v3/tax/properties", [{"code": "C", "display_name": "C", "type": "PRODUCT"}], name="spare_property"),
    Row("DELETE", "/v3/tax/properties?id:in={spare_property}"),
    Row("POST", "/v3/tax/properties", [{"code": PRODUCT_CODE, "display_name": "A", "type": "PRODUCT"}], status=422),
    Row(
        "PUT",
        "/v3/tax/products/properties",
        [{"product_id": "{hammer}", "tax_properties": {PRODUCT_CODE: "26"}}],
    ),
    Row(
        "PUT",
        "/v3/tax/products/properties",
        [{"product_id": "{drill}", "tax_properties": {PRODUCT_CODE: "27"}}],
    ),
    Row("DELETE", "/v3/tax/products/properties?product_id:in={drill}"),
    Row("PUT", "/v3/tax/products/properties", [{"product_id": "{hammer}", "tax_properties": {"X": "1"}}], status=422),
    Row("DELETE", "/v3/tax/properties?id:in={food}", status=409),
    Row("PUT", "/v3/tax/customers", [{"customer_id": "{jane}", "tax_properties": {CUSTOMER_CODE: "200"}}]),
    Row("PUT", "/v3/tax/customers", [{"customer_id": 9999, "tax_properties": {CUSTOMER_CODE: "200"}}], status=422),
    Row("DELETE", "/v3/tax/customers?customer_id:in=9999"),
    Row("PUT", "/v3/tax/settings", {"fallback_strategy": "BASIC"}),
    Row("PUT", "/v3/tax/settings", {"store_tax_zone_id": 9999}, status=422),
    Row("POST", "/v3/tax/zonecheck", [{"country_code": "XX"}], status=422),
]

PATHS = {
    "/v3/tax/products/properties": ["/v3/tax/products/properties?product_id:in={hammer}"],
}

FORM = "a refusal has the form that all of V3 have, not an envelope with a list of errors"
DIFFERS = [
    Differs("* /v3/tax/classes", "errors", "type", FORM),
    *(Differs("* /v3/tax/classes", name, "extra", FORM) for name in ("status", "title", "type", "detail", "details")),
]
