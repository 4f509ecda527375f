"""Wishlists of customers, and their items."""

from replies import Differs, Row

ONE = "/v3/wishlists/{wanted}"

ROWS = [
    Row(
        "POST",
        "/v3/wishlists",
        {
            "customer_id": "{jane}",
            "name": "Wanted",
            "items": [{"product_id": "{hammer}"}, {"product_id": "{gown}", "variant_id": "{gown_m}"}],
        },
        name="wanted",
    ),
    Row("POST", "/v3/wishlists", {}, status=422),
    Row("PUT", ONE, {"customer_id": "{jane}", "is_public": True, "items": [{"product_id": "{hammer}"}]}),
    Row("POST", f"{ONE}/items", {"items": [{"product_id": "{drill}"}]}),
    Row("DELETE", f"{ONE}/items/1"),
]

DIFFERS = [
    Differs("POST /v3/wishlists", "name", "body", "the operation's text requires it, the schema forgets to"),
    Differs("PUT /v3/wishlists/{wishlist_id}", "200", "status", "an update makes nothing new: RFC 9110 15.3.2"),
    Differs("GET /v3/wishlists", "meta.pagination.links", "extra", "every other list shows them"),
]
