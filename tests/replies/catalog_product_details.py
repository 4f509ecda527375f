"""What describes a product: custom fields, bulk pricing rules, videos, reviews, attributes for product search."""

from replies import Differs, Row

ONE = "/v3/catalog/products/{hammer}"
PRODUCTS = "the table lists the members of a product"

ROWS = [
    Row("POST", f"{ONE}/custom-fields", {"name": "Made in", "value": "Portugal"}, name="made_in"),
    Row("PUT", f"{ONE}/custom-fields/{{made_in}}", {"value": "Spain"}),
    Row("POST", f"{ONE}/custom-fields", {}, status=422),
    Row(
        "POST",
        f"{ONE}/bulk-pricing-rules",
        {"quantity_min": 10, "quantity_max": 19, "type": "percent", "amount": 5},
        name="by_ten",
    ),
    Row("PUT", f"{ONE}/bulk-pricing-rules/{{by_ten}}", {"amount": 6}),
    Row("POST", f"{ONE}/bulk-pricing-rules", {}, status=422),
    Row("POST", f"{ONE}/videos", {"title": "How it works", "video_id": "UmhvxsOwhqk"}, name="video"),
    Row("PUT", f"{ONE}/videos/{{video}}", {"description": "In a minute"}),
    Row("POST", f"{ONE}/videos", {}, status=422),
    Row(
        "POST",
        f"{ONE}/reviews",
        {"title": "Good", "text": "Does it.", "rating": 4, "name": "Ann", "date_reviewed": "2026-01-02T03:04:05Z"},
        name="review",
    ),
    Row("PUT", f"{ONE}/reviews/{{review}}", {"status": "approved"}),
    Row("POST", f"{ONE}/reviews", {}, status=422),
]

DIFFERS = [
    Differs(
        "GET /v3/catalog/products/{product_id}/bulk-pricing-rules",
        "data",
        "type",
        "the schema says one object, beside the pagination of a list",
    ),
    Differs("POST /v3/catalog/products/{product_id}/videos", "video_id", "body", "without it there is no video"),
    Differs("GET /v3/catalog/products/{product_id}/videos*", "*", "member", PRODUCTS),
    Differs("GET /v3/catalog/products/{product_id}/reviews*", "*", "member", PRODUCTS),
]
V2_DIFFERS = {("product_googleproductsearch", "pattern", "type"): "its own name stands where the type should"}
