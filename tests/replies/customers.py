"""Customers and what hangs on them (rules 97 to 104)."""

import people
from people import JANE
from replies import Differs, Row

HOME = {**people.HOME, "form_fields": [{"name": "Door", "value": "left"}]}
V2_HOME = {
    "first_name": "Jane",
    "last_name": "Doe",
    "street_1": "2 Main Street",
    "city": "Austin",
    "state": "Texas",
    "zip": "78701",
    "country": "United States",
    "phone": "1",
}
FIELD = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "write", "description": "Theirs"}
ONE = "/v3/customers/{jane}"

ROWS = [
    Row("POST", "/v2/customer_groups", {"name": "Wholesale", "is_default": True}, name="wholesale"),
    Row(
        "PUT",
        "/v2/customer_groups/{wholesale}",
        {
            "category_access": {"type": "specific", "categories": ["{tools}"]},
            "discount_rules": [
                {"type": "all", "method": "percent", "amount": 5},
                {"type": "category", "method": "fixed", "amount": "2.5", "category_id": "{tools}"},
                {"type": "product", "method": "price", "amount": "9.99", "product_id": "{hammer}"},
            ],
        },
    ),
    Row(
        "POST",
        "/v2/customer_groups",
        {"name": "Listed", "discount_rules": [{"type": "price_list", "price_list_id": 3}]},
        name="listed",
    ),
    Row("POST", "/v3/customers/attributes", [{"name": "Age", "type": "number"}], name="age"),
    Row("POST", "/v3/customers/attributes", [{"name": "Spare", "type": "string"}], name="spare"),
    Row("PUT", "/v3/customers/attributes", [{"id": "{age}", "name": "Years"}]),
    Row("POST", "/v3/customers/attributes", [{}], status=422),
    Row("DELETE", "/v3/customers/attributes?id:in={spare}"),
    Row(
        "POST",
        "/v3/customers?include=storecredit",
        [
            {
                **JANE,
                "addresses": [HOME],
                "attributes": [{"attribute_id": "{age}", "attribute_value": "42"}],
                "form_fields": [{"name": "Size", "value": "L"}],
                "store_credit_amounts": [{"amount": 43.15}],
                "channel_ids": [1],
            }
        ],
        name="jane",
    ),
    Row("PUT", "/v3/customers", [{"id": "{jane}", "form_fields": [{"name": "Size", "value": "M"}]}]),
    Row("POST", "/v3/customers", [JANE], status=422),
    Row("POST", "/v3/customers", [JANE] * 11, status=413),
    Row("GET", "/v3/customers?name:min=a", status=422),
    Row("POST", "/v2/customers", {**JANE, "email": "john@example.com", "store_credit": "1"}, name="john"),
    Row("PUT", "/v2/customers/{john}", {"_authentication": {"password": "sesame1"}}),
    Row("POST", "/v2/customers/{john}/validate", {"password": "sesame1"}),
    Row("POST", "/v3/customers/validate-credentials", {"email": "john@example.com", "password": "sesame1"}),
    Row("POST", "/v3/customers/validate-credentials", {"email": "john@example.com", "password": "open"}),
    Row("POST", "/v3/customers/validate-credentials", {}, status=422),
    Row("POST", "/v3/customers/addresses", [{**HOME, "city": "Dallas", "customer_id": "{jane}"}], name="dallas"),
    Row("POST", "/v3/customers/addresses", [{**HOME, "city": "Dallas", "customer_id": "{jane}"}]),
    Row("PUT", "/v3/customers/addresses", [{"id": "{dallas}", "form_fields": [{"name": "Door", "value": "right"}]}]),
    Row("POST", "/v3/customers/addresses", [{}], status=422),
    Row("POST", "/v2/customers/{jane}/addresses", V2_HOME, name="second_home"),
    Row("PUT", "/v2/customers/{jane}/addresses/{second_home}", {"street_2": "Upstairs"}),
    Row(
        "PUT",
        "/v3/customers/attribute-values",
        [{"attribute_id": "{age}", "customer_id": "{john}", "value": "30"}],
        name="age_of_john",
    ),
    Row("PUT", "/v3/customers/attribute-values", [{}], status=422),
    Row("PUT", "/v3/customers/form-field-values", [{"customer_id": "{john}", "name": "Size", "value": "S"}]),
    Row("PUT", "/v3/customers/form-field-values", [{}], status=422),
    Row(
        "PUT",
        "/v3/customers/settings",
        {
            "privacy_settings": {"ask_shopper_for_tracking_consent": True, "policy_url": "https://example.com/policy"},
            "customer_group_settings": {"guest_customer_group_id": "{listed}"},
        },
    ),
    Row(
        "PUT",
        "/v3/customers/settings/channels/1",
        {
            "privacy_settings": {"ask_shopper_for_tracking_consent": False, "policy_url": "https://example.com/own"},
            "customer_group_settings": {
                "guest_customer_group_id": "{wholesale}",
                "default_customer_group_id": "{wholesale}",
            },
        },
    ),
    Row("PUT", f"{ONE}/consent", {"allow": ["essential"], "deny": ["analytics"]}),
    Row("PUT", f"{ONE}/consent", {"allow": ["everything"]}, status=422),
    Row("POST", f"{ONE}/metafields", FIELD, name="customer_code"),
    Row("PUT", f"{ONE}/metafields/{{customer_code}}", {"value": "8"}),
    Row("POST", f"{ONE}/metafields", FIELD, status=409),
    Row("POST", f"{ONE}/metafields", {}, status=422),
    Row(
        "POST",
        "/v3/customers/metafields",
        [{**FIELD, "key": "other", "resource_id": "{jane}"}],
        name="customer_other",
    ),
    Row("PUT", "/v3/customers/metafields", [{"id": "{customer_other}", "value": "9"}]),
    Row("DELETE", "/v3/customers/metafields", ["{customer_other}"]),
    Row("POST", "/v3/customers/subscribers", {"email": "news@example.com", "order_id": 1}, name="subscriber"),
    Row("PUT", "/v3/customers/subscribers/{subscriber}", {"first_name": "Ann"}),
    Row("POST", "/v3/customers/subscribers", {"email": "NEWS@example.com"}, status=409),
    Row("POST", "/v3/customers/subscribers", {}, status=422),
]

PATHS = {
    "/v3/customers/{customer_id}/consent": [f"{ONE}/consent"],
    "/v3/customers/{customer_id}/stored-instruments": [f"{ONE}/stored-instruments"],
    "/v3/customers/settings/channels/{channel_id}": ["/v3/customers/settings/channels/1"],
    "/v3/customers/{customer_id}/metafields": [f"{ONE}/metafields"],
    "/v3/customers/{customer_id}/metafields/{metafield_id}": [f"{ONE}/metafields/{{customer_code}}"],
}

BOUNDS = "the alternatives of the schema do not exclude each other"
OWNER = "shown by the schemas of other metafields: without it an app cannot tell which are its own"
ONE_OR_MANY = "published as a list, though one metafield is written; other metafields publish an object"
CURSOR = "the parameters before and after are published, so the reply tells what to give them"

DIFFERS = [
    Differs("GET /v2/customers*", "_authentication", "absent", "written, and never shown (rule 98)"),
    Differs("PUT /v2/customers/{customer_id}", "id", "extra", "every other reply has it"),
    Differs("PUT /v2/customers/{customer_id}", "date_*", "extra", "every other reply has them"),
    Differs("* /v3/customers", "data.channel_ids", "type", "null: no channel in particular, as a POST may say it"),
    Differs("GET /v3/customers", "data.s*_id*", "extra", "includes that are published, and not in the schema"),
    Differs("* /v3/customers", "data.addresses.form_fields.address_id", "extra", "told wherever else an answer is"),
    Differs("* /v2/customer_groups*", "discount_rules", "oneOf", BOUNDS),
    Differs("PUT /v3/customers/settings/channels/{channel_id}", "data.allow_global_logins", "extra", "GET shows it"),
    Differs("GET /v3/customers/{customerId}/stored-instruments", "", "empty", "no operation makes a stored instrument"),
    Differs("* /v3/customers/{customerId}/metafields*", "data.owner_client_id", "extra", OWNER),
    Differs("GET /v3/customers/{customerId}/metafields", "meta.cursor_pagination", "extra", CURSOR),
    Differs("* /v3/customers/{customerId}/metafields*", "data", "type", ONE_OR_MANY),
    Differs("POST /v3/customers/subscribers", "email", "body", "the description requires it, the schema forgets to"),
]

V2_TABLES = {"customers_validate": ""}
V2_DIFFERS = {
    ("customer", "reset_pass_on_login", "name"): "in the newer description",
    ("customer", "form_fields", "refused"): "read-only in the newer description",
    **{
        ("customer_group", name, "name"): "in the newer description"
        for name in ("is_group_for_guests", "date_created", "date_modified")
    },
}
