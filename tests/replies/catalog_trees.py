"""Category trees and the categories in them."""

from replies import Differs, Row

ROWS = [
    Row("PUT", "/v3/catalog/trees", [{"id": 1, "name": "Main tree"}]),
    Row("PUT", "/v3/catalog/trees", [{"name": "No channel"}], status=422),
    Row("POST", "/v3/catalog/trees/categories", [{"name": "Chisels", "tree_id": 1}]),
    Row("POST", "/v3/catalog/trees/categories", [{"name": "Chisels", "tree_id": 1}], status=207),
    Row("PUT", "/v3/catalog/trees/categories", [{"category_id": 1, "description": "All of them"}]),
    Row("DELETE", "/v3/catalog/trees/categories?category_id:in=99", status=204),
]

ONE_OR_MANY = "published as one object, though several items of a list can fail; metafields publish a list"
DIFFERS = [
    Differs("POST /v3/catalog/trees/categories", "errors", "type", ONE_OR_MANY),
    Differs(
        "DELETE /v3/catalog/trees/categories", "204", "status", "recorded: done at once, where the documents say 202"
    ),
    Differs("GET /v3/catalog/trees/{tree_id}/categories", "data*.children.*", "absent", "a tree ends somewhere"),
]
