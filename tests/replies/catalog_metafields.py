"""Metafields of brands, categories, products and variants (rule 71)."""

from replies import Differs, Row

FIELD = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "write", "description": "Theirs"}
KINDS = [
    # word, one resource, all of its kind
    ("brand", "/v3/catalog/brands/{acme}", "/v3/catalog/brands"),
    ("category", "/v3/catalog/categories/{tools}", "/v3/catalog/categories"),
    ("product", "/v3/catalog/products/{hammer}", "/v3/catalog/products"),
    ("variant", "/v3/catalog/products/{hammer}/variants/{hammers}", "/v3/catalog/variants"),
]
RESOURCES = {"brand": "{acme}", "category": "{tools}", "product": "{hammer}", "variant": "{hammers}"}

ROWS = [
    Row("GET", "/v3/catalog/products/{hammer}", name="hammers", key="base_variant_id"),
    *(
        row
        for word, one, every in KINDS
        for row in (
            Row("POST", f"{one}/metafields", FIELD, name=f"{word}_code"),
            Row("PUT", f"{one}/metafields/{{{word}_code}}", {"value": "8"}),
            Row("POST", f"{one}/metafields", FIELD, status=409),
            Row("POST", f"{one}/metafields", {}, status=422),
            Row(
                "POST",
                f"{every}/metafields",
                [{**FIELD, "key": "other", "resource_id": RESOURCES[word]}],
                name=f"{word}_other",
            ),
            Row("PUT", f"{every}/metafields", [{"id": f"{{{word}_other}}", "value": "9"}]),
            Row("DELETE", f"{every}/metafields", [f"{{{word}_other}}"]),
        )
    ),
]

PATHS = {
    f"/v3/catalog/products/{{product_id}}/variants/{{variant_id}}/metafields{rest}": [
        f"/v3/catalog/products/{{hammer}}/variants/{{hammers}}/metafields{filled}"
    ]
    for rest, filled in (("", ""), ("/{metafield_id}", "/{variant_code}"))
}

VARIANTS = "GET /v3/catalog/products/{product_id}/variants/{variant_id}/metafields"
CURSOR = "the parameters before and after are published, so the reply tells what to give them"
OWNER = "shown by the schemas of other metafields: without it an app cannot tell which are its own"

DIFFERS = [
    *(
        Differs(f"GET {one}/metafields", "meta.cursor_pagination", "extra", CURSOR)
        for one in (
            "/v3/catalog/brands/{brand_id}",
            "/v3/catalog/categories/{category_id}",
            "/v3/catalog/products/{product_id}",
            "/v3/catalog/products/{product_id}/variants/{variant_id}",
        )
    ),
    Differs("* /v3/catalog/categories/{category_id}/metafields*", "data.owner_client_id", "extra", OWNER),
    Differs("* /v3/catalog/*/variants/{variant_id}/metafields*", "data.owner_client_id", "extra", OWNER),
    Differs(VARIANTS, "meta.pagination", "extra", "the schema holds a whole reply inside meta"),
    Differs(VARIANTS, "meta.data", "absent", "the schema holds a whole reply inside meta"),
    Differs(VARIANTS, "meta.meta", "absent", "the schema holds a whole reply inside meta"),
    Differs("GET /v3/catalog/products/{product_id}/metafields*", "*", "member", "the table lists those of a product"),
    Differs("GET /v3/catalog/products/metafields", "resource_id:in", "member", "a filter is no member"),
]
