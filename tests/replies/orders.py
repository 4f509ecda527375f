"""Orders and everything around them (rules 74 to 96)."""

from replies import Differs, Row

BUYER = {
    "first_name": "Jane",
    "last_name": "Doe",
    "street_1": "1 Main Street",
    "city": "Austin",
    "state": "Texas",
    "zip": "78701",
    "country": "United States",
    "email": "jane@shop.test",
}
WORK = {"name": "Assembly", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": 6}
FORM = [{"name": "Door code", "value": "12"}]
FILE = {"name": "Ordered plan", "type": "digital", "weight": 0, "price": 3}
PICKED = {
    "pickup_method_id": 1,
    "pickup_method_display_name": "At the counter",
    "location": {"name": "Shop", "country_alpha2": "US"},
    "line_items": [{"product_id": "{ordered}", "quantity": 1}],
}
ENGRAVED = {
    "product_id": "{ordered}",
    "quantity": 2,
    "product_options": [{"id": "{ordered_text}", "value": "For Ann"}],
}
ORDER = {
    "billing_address": {**BUYER, "form_fields": FORM},
    "shipping_addresses": [{**BUYER, "shipping_method": "Flat rate", "form_fields": FORM}],
    "products": [ENGRAVED, {"product_id": "{ordered_file}", "quantity": 1}, WORK],
    "fees": [{"type": "custom_fee", "display_name_customer": "Deposit", "cost_ex_tax": 1, "cost_inc_tax": 1}],
    "discount_amount": "1",
    "status_id": 11,
}
ONE = "/v2/orders/{order}"
FIELD = {"namespace": "erp", "key": "number", "value": "A-1", "permission_set": "app_only"}

NAIL = {"name": "Ordered nail", "type": "physical", "weight": 1, "price": 10}

RETURNED = [
    {
        "item_type": "PRODUCT",
        "item_id": "{order_line}",
        "quantity": 1,
        "adjustments": [{"amount": -0.5, "description": "Scratched"}],
    },
    {"item_type": "ORDER", "item_id": "{order}", "amount": 0.25},
]

ROWS = [
    Row("POST", "/v3/catalog/products", NAIL, name="ordered"),
    Row("POST", "/v3/catalog/products", FILE, name="ordered_file"),
    Row("POST", "/v2/orders", {"billing_address": BUYER, "consignments": {"pickups": [PICKED]}}),
    Row(
        "POST",
        "/v3/catalog/products/{ordered}/modifiers",
        {"display_name": "Dedication", "type": "text", "required": False, "config": {}},
        name="ordered_text",
    ),
    Row("POST", "/v2/orders", ORDER, name="order"),
    Row("PUT", ONE, {"staff_notes": "Call first"}),
    Row("POST", "/v2/orders", {}, status=400),
    Row("GET", f"{ONE}/products", name="order_line"),
    Row("GET", f"{ONE}/shipping_addresses", name="order_address"),
    Row("PUT", f"{ONE}/shipping_addresses/{{order_address}}", {"street_2": "Floor 2"}),
    Row(
        "POST",
        f"{ONE}/shipments",
        {"order_address_id": "{order_address}", "items": [{"order_product_id": "{order_line}", "quantity": 1}]},
        name="shipment",
    ),
    Row("PUT", f"{ONE}/shipments/{{shipment}}", {"tracking_number": "1Z", "shipping_provider": "ups"}),
    Row("POST", f"{ONE}/shipments", {}, status=400),
    Row(
        "POST",
        "/v3/orders/{order}/payment_actions/refund_quotes",
        {"items": RETURNED},
        name="order_quote",
        key="total_refund_amount",
    ),
    Row(
        "POST",
        "/v3/orders/{order}/payment_actions/refunds",
        {
            "items": RETURNED,
            "payments": [{"provider_id": "custom", "amount": "{order_quote}"}],
        },
        name="refund",
    ),
    Row("POST", "/v3/orders/{order}/payment_actions/refunds", {}, status=422),
    Row("POST", "/v3/orders/{order}/payment_actions/capture", {}, status=422),
    Row("PUT", "/v3/orders/settings", {"notifications": {"order_placed": {"email_addresses": ["a@shop.test"]}}}),
    Row("PUT", "/v3/orders/settings", {"notifications": {"order_placed": {"email_addresses": None}}}, status=422),
    Row("POST", "/v3/orders/{order}/metafields", FIELD, name="order_field"),
    Row("PUT", "/v3/orders/{order}/metafields/{order_field}", {"value": "A-2"}),
    Row("POST", "/v3/orders/{order}/metafields", {}, status=422),
]

NEWER = "the newer description has it"
OF_ADDRESS = "the table has the members of the order's address as well"
WHOLE = "whole objects are sent back: what cannot be written is passed over"

PATHS = {
    "/v2/orders/{order_id}/taxes": ["/v2/orders/{order}/taxes?details=true"],
    "/v3/orders/{order_id}/transactions": ["/v3/orders/{order}/transactions"],
    "/v3/orders/{order_id}/payment_actions/refunds": ["/v3/orders/{order}/payment_actions/refunds"],
    "/v3/orders/{order_id}/metafields": ["/v3/orders/{order}/metafields"],
    "/v3/orders/{order_id}/metafields/{metafield_id}": ["/v3/orders/{order}/metafields/{order_field}"],
    "/v3/orders/settings/channels/{channel_id}": ["/v3/orders/settings/channels/1"],
}
V2_TABLES = {"orders_fees": ""}
V2_DIFFERS = {
    **{
        ("order", name, "name"): NEWER
        for name in (
            "cart_id", "channel_id", "credit_card_type", "custom_status",
            "consignments", "customer_locale", "external_id", "external_merchant_id",
            "external_order_id", "fees", "ip_address_v6", "is_tax_inclusive_pricing", "store_default_currency_code",
            "store_default_to_transactional_exchange_rate", "tax_provider_id",
        )
    },
    ("order", "coupons", "type"): "a link, as every member that is one",
    ("order", "default_currency_code", "refused"): "the newer description lets a POST choose the currency",
    ("order", "is_deleted", "refused"): "a rule refuses it on POST",
    ("order", "order_source", "refused"): WHOLE,
    ("order", "products", "required"): "consignments may bring the lines instead; a rule asks for either",
    **{
        ("order_product", name, "name"): NEWER
        for name in (
            "brand", "depth", "discounted_total_inc_tax", "external_id", "gift_certificate_id", "height",
            "name_customer", "name_merchant", "order_pickup_method_id", "quantity_refunded", "upc", "variant_id",
            "width", "wrapping_id",
        )
    },
    **{
        ("order_product", name, "name"): OF_ADDRESS
        for name in (
            "base_cost", "base_handling_cost", "city", "company", "cost_ex_tax", "cost_inc_tax", "cost_tax",
            "cost_tax_class_id", "country", "country_iso2", "email", "first_name", "handling_cost_ex_tax",
            "handling_cost_inc_tax", "handling_cost_tax", "handling_cost_tax_class_id", "items_shipped", "items_total",
            "last_name", "phone", "shipping_method", "shipping_zone_id", "shipping_zone_name", "state", "street_1",
            "street_2", "zip",
        )
    },
    ("order_product", "is_bundled_product ", "name"): "a blank stands behind the name",
    ("order_shipping_address", "form_fields", "name"): NEWER,
    ("order_shipping_address", "shipping_quotes", "name"): NEWER,
    **{
        ("order_shipping_address", name, "refused"): "the store reckons it"
        for name in (
            "base_cost", "base_handling_cost", "cost_ex_tax", "cost_inc_tax", "cost_tax", "cost_tax_class_id",
            "handling_cost_ex_tax", "handling_cost_inc_tax", "handling_cost_tax", "handling_cost_tax_class_id", "id",
            "items_shipped", "items_total", "order_id", "shipping_zone_id", "shipping_zone_name",
        )
    },
    **{
        ("order_shipment", name, "name"): NEWER
        for name in (
            "generated_tracking_link", "merchant_shipping_cost", "shipping_provider_display_name", "tracking_link",
        )
    },
    ("order_shipment", "items", "refused"): "a rule refuses what differs; whole objects are sent back",
    **{
        ("order_tax", name, "name"): NEWER
        for name in ("line_item_type", "order_pickup_method_id", "order_product_id", "sales_tax_id")
    },
}  # fmt: skip
LIST = "the schema says one object, where there are as many as there are fees"
NAMED = "the refusal's own form"
EITHER = "either form of it fits more than one branch"
NO_CARD = "no card, wallet, credit or certificate is behind the payment of an order made through the API"
IN_EXAMPLES = ("credit_card_type", "custom_status")
NULLS = ("cart_id", "customer_message", "staff_notes")
DIFFERS = [
    Differs("* /v2/orders*", "consignments", "oneOf", EITHER),
    *(Differs("* /v2/orders*", name, "extra", "in its examples, not in the schema") for name in IN_EXAMPLES),
    *(Differs("* /v2/orders*", name, "type", "null where there is none, as recorded") for name in NULLS),
    Differs("* /v2/orders*", "payment_provider_id", "oneOf", "null where there is none, as the older table shows"),
    Differs("GET /v2/orders*", "*line_items.*", "absent", "links here or lines there, and not of every kind"),
    Differs("GET /v2/orders*", "*gift_certificates.*", "absent", "gift certificates are bought in a checkout"),
    Differs("GET /v2/orders*", "configurable_fields.*", "absent", "fields of the catalogue's first generation"),
    Differs("GET /v2/orders*", "event_date", "format", "empty when it is not set (rule 16)"),
    Differs("GET /v2/orders/{order_id}/coupons*", "", "empty", "they are redeemed in a checkout (rule 85)"),
    Differs("GET /v2/orders/{order_id}/messages*", "", "empty", "they are written in the shop, not through the API"),
    Differs("GET /v2/orders*shipping_quotes", "", "empty", "orders of the API are never quoted (rule 91)"),
    Differs("GET /v2/orders/{order_id}/fees", "", "type", LIST),
    Differs("GET /v3/orders/payment_actions/refunds/*", "data.items.adjustments", "extra", "the list shows it, too"),
    Differs("GET /v3/orders/payment_actions/refunds/*", "data.payments.transaction_id", "extra", "as the list has it"),
    Differs("GET /v3/orders/payment_actions/refunds/*", "data.items.requested_amount", "type", "a number, as listed"),
    Differs("POST /v3/orders/{order_id}/payment_actions/refunds", "status", "extra", NAMED),
    Differs("POST /v3/orders/{order_id}/payment_actions/refunds", "title", "extra", NAMED),
    Differs("POST /v3/orders/{order_id}/payment_actions/refunds", "type", "extra", NAMED),
    Differs("PUT /v3/orders/settings*", "status", "extra", NAMED),
    Differs("PUT /v3/orders/settings*", "title", "extra", NAMED),
    Differs("PUT /v3/orders/settings*", "type", "extra", NAMED),
    Differs("GET /v3/orders/{order_id}/transactions", "data.*", "absent", NO_CARD),
    Differs("GET /v2/orders*", "consignment_structure", "parameter", "it is the only structure there is"),
]
