"""Images of products. Their pictures come from files that are here already: nothing is fetched."""

from pictures import FORM, form
from replies import Differs, Row

ITS = "/v3/catalog/products/{drill}/images"

ROWS = [
    Row("POST", ITS, form(), headers=FORM, name="image"),
    Row("POST", ITS, form(), headers=FORM, name="picture", key="url_zoom"),
    Row("POST", ITS, {"image_url": "{picture}", "description": "From the left", "sort_order": 1}),
    Row("PUT", ITS + "/{image}", {"description": "From the right"}),
    Row("POST", ITS, {"image_url": "ftp://img.test/a.png"}, status=422),
    Row("POST", ITS, {"image_url": "http://127.0.0.1/a.png"}, status=400),
    Row("POST", ITS, {}, status=422),
    Row("POST", ITS, form(), headers=FORM, name="spare"),
    Row("DELETE", ITS + "/{spare}"),
    Row("PUT", "/v3/catalog/products/{drill}", {"images": [{"image_url": "{picture}", "is_thumbnail": True}]}),
]

IMAGES = "/v3/catalog/products/{product_id}/images"
PATH = "every example shows it; the schema of a thumbnail names it as well"
PRODUCTS = "the table lists the members of a product"

DIFFERS = [
    *(
        Differs(operation, place, "extra", PATH)
        for operation, place in (
            (f"GET {IMAGES}*", "data.image_file"),
            ("GET /v3/catalog/products", "data.images.image_file"),
            ("* /v3/catalog/products/{product_id}", "data.images.image_file"),
        )
    ),
    Differs(f"* {IMAGES}*", "data", "oneOf", "nothing is required of either form, so every reply is both"),
    Differs(f"POST {IMAGES}", "image_url|image_file", "body", "without one of them there is no image"),
    Differs(f"GET {IMAGES}*", "*", "member", PRODUCTS),
]

V2_DIFFERS = {
    ("product_image", f"{size}_url", "refused"): "shown by the examples, in no table: what is no field is refused"
    for size in ("zoom", "thumbnail", "standard", "tiny")
}
