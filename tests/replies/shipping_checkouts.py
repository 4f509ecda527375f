"""Checkouts, their settings, and the orders that come of them (rule 120)."""

from replies import Differs, Row

ADDRESS = {
    "first_name": "Jane",
    "last_name": "Doe",
    "email": "jane@example.com",
    "company": "Shop",
    "address1": "1 Main Street",
    "address2": "Flat 2",
    "city": "Austin",
    "state_or_province": "Texas",
    "state_or_province_code": "TX",
    "country_code": "US",
    "postal_code": "78701",
    "phone": "15125550100",
    "custom_fields": [{"field_id": "field_25", "field_value": "Ring twice"}],
}
ONE = "/v3/checkouts/{paid_cart}"
FEE = {"type": "custom_fee", "name": "Eco", "display_name": "Eco fee", "cost": 1.5, "source": "app", "tax_class_id": 0}
CODE = {
    "name": "Ten off at the checkout",
    "redemption_type": "COUPON",
    "can_be_used_with_other_promotions": False,
    "coupon_overrides_other_promotions": True,
    "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}, "apply_once": True}],
}
SCRIPTS = {
    "custom_checkout_script_url": "https://example.com/checkout.js",
    "order_confirmation_use_custom_checkout_script": False,
    "custom_order_confirmation_script_url": "",
    "custom_checkout_supports_uco_settings": True,
    "custom_checkout_sri_hash": "",
    "custom_order_confirmation_sri_hash": "",
}
INCLUDE = (
    "?include=consignments.available_shipping_options,promotions.banners,cart.line_items.physical_items.options"
    ",cart.line_items.digital_items.options"
)

PERSON = {"name": "Jane", "email": "jane@example.com"}
CERTIFICATE = {
    "name": "Gift", "theme": "General", "amount": 25, "quantity": 1, "sender": PERSON, "recipient": PERSON,
    "message": "Enjoy",
}  # fmt: skip
CARD = {
    "type": "card", "cardholder_name": "Jane Doe", "number": "4111111111111111", "expiry_month": 12,
    "expiry_year": 2040, "verification_value": "123",
}  # fmt: skip
ITEM = [{"item_id": "{paid_item}", "quantity": 1}]
OPTIONS = "?include=consignments.available_shipping_options"

ROWS = [
    Row("PUT", "/v3/promotions/{ten_off}", {"status": "DISABLED"}),
    Row(
        "POST", "/v3/catalog/products", {"name": "Kettle", "type": "physical", "weight": 1, "price": 90}, name="kettle"
    ),
    Row("POST", "/v3/promotions", CODE, name="checkout_ten"),
    Row("POST", "/v3/promotions/{checkout_ten}/codes", {"code": "CHECKOUT10"}),
    Row("POST", "/v2/shipping/zones", {"name": "Everywhere", "type": "global"}, name="checkout_zone"),
    Row(
        "POST",
        "/v2/shipping/zones/{checkout_zone}/methods",
        {"name": "Flat", "type": "perorder", "settings": {"rate": 8}},
    ),
    Row("POST", "/v3/pickup/methods", [{"location_id": 1, "display_name": "Desk"}], name="desk"),
    Row(
        "POST",
        "/v3/carts",
        {
            "customer_id": "{jane}",
            "line_items": [{"product_id": "{kettle}", "quantity": 2}, {"product_id": "{song}", "quantity": 1}],
            "custom_items": [{"name": "Engraving", "sku": "E", "quantity": 1, "list_price": 3}],
            "gift_certificates": [CERTIFICATE],
        },
        name="paid_cart",
    ),
    Row("GET", ONE, name="paid_item", key="cart.line_items.physical_items.0.id"),
    Row("PUT", ONE, {"customer_message": "Ring the bell"}),
    Row("PUT", ONE, {"customer_message": "Again", "version": 1}, status=409),
    Row("POST", f"{ONE}/billing-address", ADDRESS, name="paid_address", key="billing_address.id"),
    Row("PUT", f"{ONE}/billing-address/{{paid_address}}", ADDRESS),
    Row("POST", f"{ONE}/billing-address", {}, status=422),
    Row(
        "POST",
        f"{ONE}/consignments",
        [{"line_items": ITEM, "pickup_option": {"pickup_method_id": "{desk}"}}],
        name="collected",
        key="consignments.0.id",
    ),
    Row("DELETE", f"{ONE}/consignments/{{collected}}"),
    Row(
        "POST",
        f"{ONE}/consignments{OPTIONS}",
        [{"address": ADDRESS, "line_items": ITEM}],
        name="sent",
        key="consignments.0.id",
    ),
    Row("GET", ONE + OPTIONS, name="flat_option", key="consignments.0.available_shipping_options.0.id"),
    Row("PUT", f"{ONE}/consignments/{{sent}}{OPTIONS}", {"shipping_option_id": "{flat_option}"}),
    Row("PUT", f"{ONE}/consignments/{{sent}}", {"shipping_option_id": "none"}, status=422),
    Row("POST", f"{ONE}/coupons", {"coupon_code": "NONE"}, status=422),
    Row("POST", f"{ONE}/coupons", {"coupon_code": "CHECKOUT10"}),
    Row("GET", ONE),
    Row("POST", f"{ONE}/consignments", [{"line_items": ITEM, "pickup_option": {"pickup_method_id": "{desk}"}}]),
    Row("GET", ONE),
    Row("DELETE", f"{ONE}/coupons/CHECKOUT10"),
    Row("POST", f"{ONE}/discounts", {"cart": {"discounts": [{"discounted_amount": 1}]}}),
    Row("POST", f"{ONE}/fees", {"fees": [FEE]}, name="eco", key="fees.0.id"),
    Row("GET", ONE),
    Row("PUT", f"{ONE}/fees", {"fees": [{**FEE, "id": "{eco}", "cost": 2}]}),
    Row("DELETE", f"{ONE}/fees", {"ids": ["{eco}"]}),
    Row("POST", f"{ONE}/token", {"maxUses": 1, "ttl": 60}),
    Row("GET", ONE + INCLUDE),
    Row("GET", "/v3/checkouts/settings"),
    Row("PUT", "/v3/checkouts/settings", SCRIPTS),
    Row("PUT", "/v3/checkouts/settings/channels/1", {"checkout_type": "single"}),
    Row("PUT", "/v3/checkouts/settings/channels/999", {"checkout_type": "single"}, status=422),
    Row("POST", f"{ONE}/orders", {}, status=422),
    Row("POST", "/v3/payments/access_tokens", {"order": {"id": 999}}, status=404),
    Row("PUT", "/v3/promotions/{ten_off}", {"status": "ENABLED"}),
]

PATHS = {
    "/v3/checkouts/{checkout_id:text}": [ONE],
    "/v3/checkouts/settings/channels/{channel_id}": ["/v3/checkouts/settings/channels/1"],
    "/v3/payments/methods": ["/v3/payments/methods?checkout_id={paid_cart}"],
}
DIFFERS = [
    Differs("GET /v2/coupons", "restricted_to", "type", "an empty list where nothing restricts the code"),
    Differs("* /v3/checkouts/{checkoutId}*", "data.*items.options", "extra", "shown where the query includes them"),
    Differs("* /v3/checkouts/{checkoutId}*", "data.*comparison_price", "absent", "one for each line is not kept"),
    Differs("* /v3/checkouts/{checkoutId}*", "data.*gift_wrapping.*", "absent", "test_carts.py wraps"),
    Differs("* /v3/checkouts/{checkoutId}*", "data.consignments.*discounts.*", "absent", "coupons of shipping"),
    Differs("* /v3/checkouts/{checkoutId}*", "data.consignments.shippingAddress", "absent", "an older name of address"),
    Differs(
        "* /v3/checkouts/{checkoutId}*", "data.promotions.banners.*", "absent", "promotions of these rows have none"
    ),
    Differs("* /v3/checkouts/{checkoutId}*", "data.taxes.*", "absent", "test_placing_orders.py has taxes"),
    Differs("GET /v3/checkouts/{checkoutId}", "status", "extra", "a 404 in the form of every other refusal"),
    Differs("GET /v3/checkouts/{checkoutId}", "title", "extra", "a 404 in the form of every other refusal"),
    Differs("GET /v3/checkouts/{checkoutId}", "type", "extra", "a 404 in the form of every other refusal"),
    Differs("GET /v3/payments/methods", "data.stored_instruments.*", "absent", "test_payments.py has cards stored"),
    Differs("* /v3/checkouts/{checkoutId}*", "data.*address.country", "extra", "shown in the published examples"),
]
