"""Carts, their items, settings and metafields; abandoned carts."""

from replies import Differs, Row

ONE = "/v3/carts/{cart}"
PERSON = {"name": "Jane", "email": "jane@example.com"}
SETTINGS = {
    "enable_notification": True,
    "email_customer_until_cart_is_recovered": True,
    "marketing_emails_require_customer_consent": False,
    "email_merchant_when_cart_is_converted": False,
    "email_merchant_when_cart_is_abandoned": True,
    "merchant_email_address": "owner@example.com",
    "merchant_abandoned_cart_email_frequency_type": "digest",
    "merchant_abandoned_cart_digest_email_frequency": 5,
}
TEN_OFF = {
    "name": "Ten off carts",
    "redemption_type": "AUTOMATIC",
    "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}, "apply_once": True}],
}
FIELD = {"permission_set": "read", "namespace": "shop", "key": "lane", "value": "fast"}

ROWS = [
    Row("POST", "/v3/catalog/products", {"name": "Mug", "type": "physical", "weight": 1, "price": 8}, name="mug"),
    Row("POST", "/v3/catalog/products", {"name": "Song", "type": "digital", "weight": 0, "price": 2}, name="song"),
    Row("POST", "/v3/promotions", TEN_OFF, name="ten_off"),
    Row(
        "POST",
        "/v3/carts",
        {
            "customer_id": "{jane}",
            "channel_id": 1,
            "locale": "en",
            "currency": {"code": "USD"},
            "line_items": [{"product_id": "{mug}", "quantity": 1}, {"product_id": "{song}", "quantity": 1}],
            "custom_items": [{"name": "Engraving", "sku": "E", "quantity": 1, "list_price": 3}],
            "gift_certificates": [
                {
                    "name": "Gift",
                    "theme": "General",
                    "amount": 25,
                    "quantity": 1,
                    "sender": PERSON,
                    "recipient": PERSON,
                    "message": "Enjoy",
                }
            ],
        },
        name="cart",
    ),
    Row("POST", "/v3/carts", {}, status=422),
    Row("GET", f"{ONE}?include=redirect_urls,line_items.physical_items.options,promotions.banners"),
    Row("PUT", ONE, {"customer_id": 0}),
    Row("POST", f"{ONE}/items", {"line_items": [{"product_id": "{mug}", "quantity": 1}]}),
    Row("GET", ONE, name="cart_item", key="line_items.physical_items.0.id"),
    Row("PUT", f"{ONE}/items/{{cart_item}}", {"line_item": {"product_id": "{mug}", "quantity": 2}}),
    Row("POST", f"{ONE}/redirect_urls", {}),
    Row("GET", "/v3/carts/settings"),
    Row("PUT", "/v3/carts/settings", {"allow_purchasing": True}),
    Row("GET", "/v3/carts/settings/channels/1"),
    Row("PUT", "/v3/carts/settings/channels/1", {"allow_purchasing": True}),
    Row("POST", f"{ONE}/metafields", FIELD, name="cart_field"),
    Row("GET", f"{ONE}/metafields"),
    Row("GET", f"{ONE}/metafields/{{cart_field}}"),
    Row("PUT", f"{ONE}/metafields/{{cart_field}}", {"value": "slow"}),
    Row("POST", "/v3/carts/metafields", [{**FIELD, "key": "other", "resource_id": "{cart}"}]),
    Row("GET", "/v3/carts/metafields"),
    Row("PUT", "/v3/carts/metafields", [{"id": "{cart_field}", "value": "medium"}]),
    Row("GET", "/v3/abandoned-carts/settings"),
    Row("PUT", "/v3/abandoned-carts/settings", SETTINGS),
    Row("GET", "/v3/abandoned-carts/settings/channels/1"),
    Row("PUT", "/v3/abandoned-carts/settings/channels/1", SETTINGS),
    Row("GET", "/v3/abandoned-carts/nothing", status=404),
]

PATHS = {
    "/v3/carts/{cart_id:text}": [ONE],
    "/v3/carts/{cart_id:text}/metafields": [f"{ONE}/metafields"],
    "/v3/carts/{cart_id:text}/metafields/{metafield_id}": [f"{ONE}/metafields/{{cart_field}}"],
    "/v3/carts/settings/channels/{channel_id}": ["/v3/carts/settings/channels/1"],
    "/v3/abandoned-carts/settings/channels/{channel_id}": ["/v3/abandoned-carts/settings/channels/1"],
    "/v3/abandoned-carts/{token:text}": ["/v3/abandoned-carts/nothing"],
}

_FORMS = "the published reply of a list shows one row, and ids of metafields as texts"
DIFFERS = [
    Differs("GET /v3/abandoned-carts/settings", "pagination", "parameter", "the settings are one record, not a list"),
    Differs("* /v3/carts/*metafields*", "data", "type", _FORMS),
    Differs("* /v3/carts/*metafields*", "data.id", "type", _FORMS),
    Differs("* /v3/carts*", "data.line_items.custom_items.image_url", "format", "empty unless one is given"),
    Differs("* /v3/carts*", "data.line_items.custom_items.list_price", "type", "a number, as every other amount"),
    Differs("* /v3/carts*", "data.line_items.custom_items.quantity", "type", "a number, as every other quantity"),
    Differs("* /v3/carts*", "data.line_items.*.image_url", "format", "empty where the product has no picture"),
    Differs("* /v3/carts*", "data.line_items.*.options", "extra", "shown where the query includes them"),
    Differs("* /v3/carts*", "data.line_items.*.parent_id", "type", "null where there is none"),
    Differs("* /v3/carts*", "data.line_items.*.gift_wrapping", "type", "null where there is none"),
    Differs("* /v3/carts*", "data.line_items.physical_items.gift_wrapping.*", "absent", "test_carts.py wraps"),
    Differs("* /v3/carts*", "data.line_items.*.coupons.*", "absent", "checkouts take coupons"),
    Differs("GET /v3/carts/{cart_id}/metafields*", "meta", "extra", "every other reply has it"),
    Differs("* /v3/carts*", "data.redirect_urls", "extra", "shown where the query includes them"),
    Differs("* /v3/carts*", "data.promotions.banners", "type", "a list: there may be several"),
    Differs("* /v3/carts*", "data.promotions.banners.*", "absent", "promotions of these rows have none"),
    Differs("* /v3/carts*", "data.coupons.*", "absent", "checkouts take coupons"),
    Differs("* /v3/carts*", "data.line_items.digital_items.download_*", "absent", "files of products are not kept"),
    Differs("GET /v3/abandoned-carts/settings", "data.merchant_email_address", "format", "empty until one is given"),
    Differs("GET /v3/abandoned-carts/{token}", "", "empty", "a cart is abandoned only as time goes by: test_carts.py"),
]
