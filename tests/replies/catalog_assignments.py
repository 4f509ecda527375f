"""Assignments of products, and their places in a category."""

from replies import Differs, Row

ROWS = [
    Row("PUT", "/v3/catalog/products/category-assignments", [{"product_id": "{hammer}", "category_id": "{tools}"}]),
    Row("PUT", "/v3/catalog/products/category-assignments", [{"product_id": "{hammer}"}], status=422),
    Row("PUT", "/v3/catalog/products/channel-assignments", [{"product_id": "{hammer}", "channel_id": 1}]),
    Row("PUT", "/v3/catalog/products/channel-assignments", [{"product_id": "{hammer}"}], status=422),
    Row("PUT", "/v3/catalog/categories/{tools}/products/sort-order", [{"product_id": "{hammer}", "sort_order": 1}]),
]

ORDER = "/v3/catalog/categories/{category_id}/products/sort-order"
DIFFERS = [
    Differs(
        f"GET {ORDER}", "data.sort_order", "type", "null for a product without a place, as the text beside it says"
    ),
    Differs(f"PUT {ORDER}", "", "type", "every V3 reply is an object with data"),
]
