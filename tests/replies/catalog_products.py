"""Products with their own fields; what hangs on them has modules of its own."""

from replies import Differs, Row

ROWS = [
    Row(
        "POST",
        "/v3/catalog/products",
        {"name": "Passing fancy", "type": "physical", "price": 1, "weight": 1},
        name="fancy",
    ),
    Row("PUT", "/v3/catalog/products/{fancy}", {"price": 2}),
    Row("PUT", "/v3/catalog/products", [{"id": "{fancy}", "price": 3}]),
    Row("POST", "/v3/catalog/products", {"name": "Hammer", "type": "physical", "price": 1, "weight": 1}, status=409),
    Row("POST", "/v3/catalog/products", {}, status=422),
    Row("DELETE", "/v3/catalog/products/{fancy}"),
]

ITS = "GET /v3/catalog/products"
ONE = "GET /v3/catalog/products/{product_id}"

DIFFERS = [
    Differs("* /v3/catalog/products*", "data.option_set_id", "type", "null where there is none: 0 would be a set's id"),
    *(
        Differs(operation, "data.custom_url.create_redirect", "absent", "written, never shown")
        for operation in (ITS, ONE)
    ),
    *(
        Differs(operation, f"data.{member}", "extra", "an include that is documented as such, but not in the schema")
        for operation in (ITS, ONE)
        for member in ("reviews", "variants")
    ),
    *(Differs(operation, "data.primary_image", "type", "null where there is no image") for operation in (ITS, ONE)),
]

V2_DIFFERS = {
    ("product", "avalara_product_tax_code", "type"): "the table calls text a link; its example is text",
    ("product", "upc", "length"): "14 characters, as V3 has it: a longer one could not be shown there",
    ("product", "downloads", "refused"): "a link as the others: there is nothing that could be written",
    ("product", "metadata", "name"): "it appears only where members are chosen (rule 28), and is no field",
}
