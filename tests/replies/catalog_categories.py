"""Categories."""

from pictures import FORM, form
from replies import Row

ROWS = [
    Row("POST", "/v3/catalog/categories", {"name": "Passing", "parent_id": 0}, name="passing"),
    Row("PUT", "/v3/catalog/categories/{passing}", {"description": "Here to go"}),
    Row("POST", "/v3/catalog/categories", {"name": "Tools", "parent_id": 0}, status=409),
    Row("POST", "/v3/catalog/categories", {}, status=422),
    Row("POST", "/v3/catalog/categories/{passing}/image", form(), headers=FORM),
    Row("POST", "/v3/catalog/categories/{passing}/image", form(b"<html>"), headers=FORM, status=422),
    Row("DELETE", "/v3/catalog/categories/{passing}/image"),
    Row("DELETE", "/v3/catalog/categories/{passing}"),
]
