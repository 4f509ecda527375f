"""Promotions, their codes and their settings (rule 115)."""

from typing import Any

from replies import Differs, Row

TENTH = {"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}

SIMPLE: list[Any] = [
    {"brands": [1]},
    {"categories": [1]},
    {"products": [1, 2]},
    {"variants": [1]},
    {"product_option": {"type": "string_match", "name": "Color", "values": ["Red"]}},
    {"product_custom_field": {"name": "ISBN", "values": ["1"]}},
]


def joined(parts: list[Any]) -> list[Any]:
    """All forms that are made of these: two at a time, or what they do not mean."""
    pairs = [parts[place : place + 2] for place in range(0, len(parts), 2)]
    return [{word: pair * (3 - len(pair))} for pair in pairs for word in ("and", "or")] + [
        {"not": one} for one in parts
    ]


def forms(simple: list[Any]) -> list[Any]:
    """All that a nested form can be, three levels deep."""
    found = simple
    for _ in range(3):
        found = [*simple, *joined(found)]
    return found


MATCHERS = forms(SIMPLE)
SEGMENTS = forms([{"id": ["ccec121a-f9bc-4a04-809e-1fe0d8ae7fdd"]}])
OF_ITEMS = {
    "discount": {"fixed_amount": "5"},
    "maximum_allowed_discount_amount": "20",
    "as_total": True,
    "include_items_considered_by_condition": True,
    "exclude_items_on_sale": True,
    "strategy": "LEAST_EXPENSIVE",
    "quantity": 2,
    "add_free_item": False,
}
SET = {
    "quantity": 2,
    "fixed_price": "30",
    "strategy": "MOST_EXPENSIVE_ONLY",
    "exclude_items_on_sale": True,
    "include_items_considered_by_condition": False,
}


def rules_with(matcher: Any) -> list[Any]:
    """Rules with this matcher wherever one can stand."""
    cart = {"items": matcher, "minimum_spend": "12.95", "minimum_quantity": 1}
    return [
        {
            "action": {"cart_items": {**OF_ITEMS, "items": matcher}},
            "apply_once": True,
            "stop": True,
            "condition": {"cart": cart},
        },
        {"action": {"fixed_price_set": {**SET, "items": matcher}}, "condition": {"and": [{"cart": cart}]}},
    ]


OTHERS: list[Any] = [
    {"action": {"cart_items": {"discount": {"percentage_amount": "5"}}}},
    {"action": {"gift_item": {"quantity": 1, "product_id": 1}}},
    {"action": {"gift_item": {"quantity": 1, "variant_id": 1}}},
    {"action": {"shipping": {"free_shipping": True, "zone_ids": [1, 2]}}},
    {"action": {"shipping": {"zone_ids": "*"}}},
    {"action": {"cart_value": {"discount": {"fixed_amount": "1"}, "maximum_allowed_discount_amount": None}}},
]
MEMBERS: dict[str, Any] = {
    "redemption_type": "AUTOMATIC",
    "name": "Everything",
    "display_name": "All of it",
    "channels": [{"id": 1}],
    "customer": {
        "group_ids": [0],
        "minimum_order_count": 1,
        "excluded_group_ids": [],
        "segments": {"and": [{"id": ["ccec121a-f9bc-4a04-809e-1fe0d8ae7fdd"]}, {"not": {"id": ["x"]}}]},
    },
    "rules": OTHERS,
    "max_uses": 10,
    "status": "ENABLED",
    "start_date": "2026-01-01T00:00:00+00:00",
    "end_date": "2027-01-01T00:00:00+00:00",
    "stop": True,
    "can_be_used_with_other_promotions": True,
    "currency_code": "USD",
    "notifications": [{"content": "Hello", "type": "UPSELL", "locations": ["HOME_PAGE"]}],
    "shipping_address": {"not": {"countries": [{"iso2_country_code": "US"}]}},
    "schedule": {
        "week_frequency": 2,
        "week_days": ["Monday"],
        "daily_start_time": "01:20:00",
        "daily_end_time": "23:59:00",
    },
}
EVERY_RULE = [rule for matcher in MATCHERS for rule in rules_with(matcher)]


def automatic(name: str, **members: Any) -> Row:
    """A row that makes a promotion, and one that changes it to the same."""
    return Row("POST", "/v3/promotions", {"redemption_type": "AUTOMATIC", "name": name, "rules": [TENTH], **members})


BASES: list[Any] = [
    {**MEMBERS, "name": "Another", "rules": rules_with(SIMPLE[0])[:1]},
    {**MEMBERS, "name": "Another", "rules": rules_with(SIMPLE[0])[1:], "customer": {}},
    *({"redemption_type": "AUTOMATIC", "name": "Another", "rules": [rule]} for rule in OTHERS[:3] + OTHERS[4:]),
    {
        "redemption_type": "AUTOMATIC",
        "name": "Another",
        "rules": [TENTH],
        "shipping_address": {"countries": [{"iso2_country_code": "US"}]},
    },
]
BASES_OF_COUPONS: list[Any] = [
    {
        "redemption_type": "COUPON",
        "name": "Another",
        "rules": [TENTH],
        "codes": {"code": "ANOTHER"},
        "can_be_used_with_other_promotions": False,
    },
    {"redemption_type": "COUPON", "name": "Another", "rules": [TENTH]},
]
"""Bodies whose members are written one by one (`tests/members.py`)."""


FORMS = [
    *(automatic(f"Rules {place}", rules=EVERY_RULE[place : place + 90]) for place in range(0, len(EVERY_RULE), 90)),
    *(automatic(f"Segments {place}", customer={"segments": one}) for place, one in enumerate(SEGMENTS)),
    automatic("Countries", shipping_address={"countries": [{"iso2_country_code": "US"}]}),
    *(
        Row("PUT", "/v3/promotions/{changed}", {"rules": EVERY_RULE[place : place + 90]})
        for place in range(0, len(EVERY_RULE), 90)
    ),
    *(Row("PUT", "/v3/promotions/{changed}", {"customer": {"segments": one}}) for one in SEGMENTS),
    Row(
        "PUT",
        "/v3/promotions/{changed}",
        {"shipping_address": {"countries": [{"iso2_country_code": "US"}]}, "rules": EVERY_RULE[:90]},
    ),
]

ROWS = [
    *(
        Row(
            "POST",
            "/v2/shipping/zones",
            {"name": state, "type": "state", "locations": [{"country_iso2": "US", "state_iso2": state}]},
        )
        for state in ("OH", "IA")
    ),
    Row("POST", "/v3/promotions", MEMBERS, name="automatic"),
    Row("POST", "/v3/promotions", {**MEMBERS, "name": "Changed"}, name="changed"),
    *FORMS,
    Row(
        "POST",
        "/v3/promotions",
        {"redemption_type": "COUPON", "name": "Ten", "rules": [TENTH], "codes": {"code": "TEN", "max_uses": 5}},
        name="single",
    ),
    Row(
        "POST",
        "/v3/promotions",
        {"redemption_type": "COUPON", "coupon_type": "BULK", "name": "Many", "rules": [TENTH]},
        name="bulk",
    ),
    Row("POST", "/v3/promotions", {"redemption_type": "AUTOMATIC"}, status=422),
    Row("POST", "/v3/promotions", b"{", status=400, headers={"content-type": "application/json"}),
    Row("PUT", "/v3/promotions/{single}", {"display_name": "A tenth off", "codes": {"max_uses": 6}}),
    Row("POST", "/v3/promotions/{single}/codes", {"code": "TEN-MORE", "max_uses": 3}),
    Row("POST", "/v3/promotions/{bulk}/codegen", {"batch_size": 2}),
    Row("POST", "/v3/promotions/{bulk}/codegen", {"batch_size": 251}, status=422),
    Row("POST", "/v3/promotions/{single}/codegen", {"batch_size": 2}, status=405),
    Row(
        "PUT",
        "/v3/promotions/settings",
        {
            "promotions_apply_on_products_with_custom_product_price": True,
            "promotions_triggered_by_products_with_zero_product_price": False,
            "number_of_coupons_allowed_at_checkout": 2,
            "promotions_applied_on_original_product_price": True,
        },
    ),
    Row("PUT", "/v3/promotions/settings", {}, status=422),
    Row("DELETE", "/v3/promotions", status=422),
    Row("DELETE", "/v3/promotions?id:in={single}", status=422),
    Row("DELETE", "/v3/promotions/999", status=204),
    Row("DELETE", "/v3/promotions/codes?code=NO-SUCH", status=204),
]

PATHS = {"/v3/promotions/codes": ["/v3/promotions/codes?code=TEN"]}

EACH = "forms without required members: the schema takes each for all of them"
OUR_ERRORS = "a refusal names its reason, with a status that is a number; this schema has another form"
NAMED = "`errors` is an object that names every faulty member; this schema has a list"

DIFFERS = [
    Differs("* /v3/promotions*", "data", "oneOf", EACH),
    Differs("* /v3/promotions*", "errors", "type", NAMED),
    Differs("POST /v3/promotions*", "status", "type", OUR_ERRORS),
    Differs("*", "meta.cursor_pagination.links.current", "extra", "the other lists with cursors have it"),
    *(Differs("* /v3/promotions*", name, "extra", OUR_ERRORS) for name in ("status", "title", "type")),
    Differs("GET /v3/promotions/{id}", "data.*", "absent", "one promotion is of one kind; the list shows the others"),
    *(
        Differs("POST /v3/promotions", name, "body", "the schema has it, in each of two kinds")
        for name in ("name", "redemption_type", "rules")
    ),
]
