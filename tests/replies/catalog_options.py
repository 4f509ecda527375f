"""Options, option sets, modifiers, rules: what shoppers choose, and what it changes."""

from pictures import picture
from replies import Differs, Row

ONE = "/v3/catalog/products/{hammer}"
TEXT = {"display_name": "Engraving", "type": "text", "required": False, "config": {"text_max_length": 20}}
BY = {"adjuster": "relative", "adjuster_value": 5}
ADJUSTERS = {"price": BY, "weight": BY}
FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="image_file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
)

ROWS = [
    Row("POST", "/v2/options", {"name": "Colours", "type": "CS"}, name="colours"),
    Row("POST", "/v2/options/{colours}/values", {"label": "Red", "value": "#ff0000"}),
    Row("POST", "/v2/option_sets", {"name": "Tools"}, name="tool_set"),
    Row("POST", "/v2/option_sets/{tool_set}/options", {"option_id": "{colours}", "is_required": True}),
    Row(
        "POST",
        f"{ONE}/options",
        {
            "display_name": "Head",
            "type": "radio_buttons",
            "option_values": [{"label": "Steel", "sort_order": 0}, {"label": "Rubber", "sort_order": 1}],
        },
        name="head",
    ),
    Row("PUT", f"{ONE}/options/{{head}}", {"type": "dropdown"}),
    Row("POST", f"{ONE}/options", {}, status=422),
    Row(
        "POST",
        f"{ONE}/options",
        {"display_name": "Head", "type": "dropdown", "option_values": []},
        status=409,
    ),
    Row("POST", f"{ONE}/options/{{head}}/values", {"label": "Wood", "sort_order": 2}, name="wood"),
    Row("PUT", f"{ONE}/options/{{head}}/values/{{wood}}", {"label": "Beech"}),
    Row("POST", f"{ONE}/options/{{head}}/values", {}, status=422),
    Row(
        "POST",
        f"{ONE}/modifiers",
        {
            "display_name": "Gift",
            "type": "dropdown",
            "required": False,
            "option_values": [{"label": "Yes", "sort_order": 0, "adjusters": ADJUSTERS}],
        },
        name="gift",
    ),
    Row(
        "POST", f"{ONE}/modifiers/{{gift}}/values", {"label": "No", "sort_order": 1, "adjusters": ADJUSTERS}, name="no"
    ),
    Row("PUT", f"{ONE}/modifiers/{{gift}}/values/{{no}}", {"label": "No thanks"}),
    Row("POST", f"{ONE}/modifiers/{{gift}}/values", {}, status=422),
    Row(
        "POST",
        f"{ONE}/modifiers",
        {
            "display_name": "With a drill",
            "type": "product_list",
            "required": False,
            "option_values": [{"label": "Drill", "sort_order": 0, "value_data": {"product_id": "{drill}"}}],
        },
    ),
    Row(
        "POST",
        f"{ONE}/modifiers/{{gift}}/values/{{no}}/image",
        FORM + picture() + b"\r\n--edge--\r\n",
        headers={"content-type": "multipart/form-data; boundary=edge"},
        key="image_url",
    ),
    Row("POST", f"{ONE}/modifiers", TEXT, name="engraving"),
    Row("PUT", f"{ONE}/modifiers/{{engraving}}", {"required": True}),
    Row("POST", f"{ONE}/modifiers", {}, status=422),
    Row("POST", f"{ONE}/modifiers", TEXT, status=409),
    Row(
        "POST",
        f"{ONE}/modifiers",
        {
            "display_name": "Card",
            "type": "dropdown",
            "required": False,
            "option_values": [{"label": "Birthday", "sort_order": 0}],
        },
        name="card",
    ),
    Row("POST", f"{ONE}/modifiers/{{card}}/values", {"label": "Thanks", "sort_order": 1}, name="thanks"),
    Row(
        "POST",
        f"{ONE}/complex-rules",
        {
            "conditions": [
                {"modifier_id": "{gift}", "modifier_value_id": "{no}"},
                {"modifier_id": "{card}", "modifier_value_id": "{thanks}"},
            ],
            "price_adjuster": BY,
            "weight_adjuster": BY,
        },
        name="rule",
    ),
    Row("PUT", f"{ONE}/complex-rules/{{rule}}", {"stop": True}),
    Row("POST", f"{ONE}/complex-rules", {}, status=422),
]

EVERY = "/v3/catalog/products/{drill}/modifiers"
CONFIGS = {
    "multi_line_text": {
        "default_value": "Hi", "text_characters_limited": True, "text_min_length": 1, "text_max_length": 9,
        "text_lines_limited": True, "text_max_lines": 3,
    },
    "numbers_only_text": {
        "number_limited": True, "number_limit_mode": "range", "number_lowest_value": 1, "number_highest_value": 9,
        "number_integers_only": True,
    },
    "date": {
        "default_value": "2026-05-04", "date_limited": True, "date_limit_mode": "range",
        "date_earliest_value": "2026-05-01", "date_latest_value": "2026-06-01",
    },
    "file": {
        "file_types_mode": "specific", "file_types_supported": ["images", "other"], "file_types_other": ["psd"],
        "file_max_size": 512,
    },
    "checkbox": {"checked_by_default": True, "checkbox_label": "Wrap it"},
    "product_list": {
        "product_list_adjusts_inventory": True, "product_list_adjusts_pricing": True,
        "product_list_shipping_calc": "weight",
    },
}  # fmt: skip
for kind, config in CONFIGS.items():
    ROWS += [
        Row("POST", EVERY, {"display_name": kind, "type": kind, "required": False, "config": config}, name=kind),
        Row("GET", f"{EVERY}/{{{kind}}}"),
    ]

OPTIONS = "/v3/catalog/products/{product_id}/options"
MODIFIERS = "/v3/catalog/products/{product_id}/modifiers"
RULES = "/v3/catalog/products/{product_id}/complex-rules"
NAMED = "the description names it among the required fields"
PICTURE = "published where it is written, and shown wherever the option is"
NO_DATA = "null for a plain choice, as the other operations publish it"

DIFFERS = [
    *(
        Differs(operation, "data.config.*", "absent", "settings of types that only modifiers have")
        for operation in (f"GET {OPTIONS}", f"GET {OPTIONS}/{{option_id}}")
    ),
    *(Differs(f"POST {OPTIONS}", name, "body", NAMED) for name in ("display_name", "type", "option_values")),
    Differs("* /v3/catalog/products*", "data*.image_url", "extra", PICTURE),
    Differs("GET /v3/catalog/products*", "data.options.config.*", "absent", "settings that only modifiers have"),
    Differs("GET /v3/catalog/products*", "data.modifiers.config.date_*", "format", "times, as modifiers publish them"),
    Differs("* /v3/catalog/products*", "data.options.name", "extra", "published for the option itself"),
    Differs(f"* {MODIFIERS}*", "data*.value_data", "type", NO_DATA),
    Differs(f"* {OPTIONS}*", "data*.value_data", "type", NO_DATA),
    Differs(f"POST {MODIFIERS}", "data.*", "extra", "the schema puts the modifier below `items`; the wire does not"),
    Differs(f"* {MODIFIERS}/{{modifier_id}}/values*", "data.option_id", "extra", "published where values are read"),
    Differs(f"POST {RULES}", "conditions", "body", NAMED),
    Differs(f"* {RULES}*", "data.conditions.*", "type", "null where the condition names something else"),
    Differs(f"GET {RULES}*", "*", "member", "the table lists the members of a product"),
]
IN_SETS = "members that an option has as one of a set or of a product, where they are served"
V2_DIFFERS = {
    ("product_option", "option_id", "name"): IN_SETS,
    ("product_option", "sort_order", "name"): IN_SETS,
    ("product_option", "is_required", "name"): IN_SETS,
    (
        "option_set_option",
        "option_id",
        "refused",
    ): "refused by PUT only if it changes: clients write whole objects back",
}
