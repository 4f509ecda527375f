"""Variants, V2's SKUs and the summary of the catalogue."""

from replies import Differs, Row

ONE = "/v3/catalog/products/{gown}/variants"
WORDS = [{"option_display_name": "Size", "label": "M"}]
GOWN = {
    "name": "Gown",
    "type": "physical",
    "price": 90,
    "weight": 1,
    "variants": [
        {"sku": "GOWN-S", "price": 80, "weight": 2, "option_values": [{"option_display_name": "Size", "label": "S"}]},
        {"sku": "GOWN-M", "option_values": WORDS},
    ],
}

ROWS = [
    Row("POST", "/v3/catalog/products", GOWN, name="gown"),
    Row("DELETE", "/v2/products/{gown}/skus"),
    Row("POST", ONE, {"sku": "GOWN-M", "option_values": WORDS}, name="gown_m"),
    Row("PUT", f"{ONE}/{{gown_m}}", {"price": 85, "weight": 2, "sale_price": 80, "retail_price": 99}),
    Row("PUT", f"{ONE}/{{gown_m}}", {"width": 1, "height": 1, "depth": 1, "fixed_cost_shipping_price": 3}),
    Row("POST", ONE, {"sku": "GOWN-L", "option_values": WORDS}, status=409),
    Row("POST", ONE, {}, status=422),
    Row("PUT", "/v3/catalog/variants", [{"id": "{gown_m}", "map_price": 70}]),
    Row("PUT", f"{ONE}/{{gown_m}}", {"inventory_level": -1}, status=207),
]

MARKED = "the schema marks it by x-required"
ITS_SISTERS = "shown by the schema of a product's own variants"
DIFFERS = [
    *(Differs("POST /v3/catalog/products/{product_id}/variants", n, "body", MARKED) for n in ("sku", "option_values")),
    Differs("GET /v2/products/{product_id}/skus", "product_hash", "parameter", "no document says what it is a hash of"),
    *(
        Differs("* /v3/catalog/variants", f"data.{name}", "extra", ITS_SISTERS)
        for name in ("calculated_weight", "gtin", "image_url", "mpn")
    ),
    Differs("* /v3/catalog/*variants*", "data.map_price", "extra", "shown by the schema of a product's variants"),
    Differs("* /v3/catalog/products*", "data.base_variant_id", "type", "null beside variants, as its description says"),
    Differs("POST /v3/catalog/products", "data.variants", "extra", "what the body brought is shown"),
    Differs(
        "PUT /v3/catalog/products/{product_id}/variants/{variant_id}",
        "errors.inventory_level",
        "extra",
        "the field that was not saved, beside a sentence",
    ),
]
