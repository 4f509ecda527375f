"""Brands."""

from replies import Row

ROWS = [
    Row("POST", "/v3/catalog/brands", {"name": "Borrowed"}, name="borrowed"),
    Row("PUT", "/v3/catalog/brands/{borrowed}", {"page_title": "Here to go"}),
    Row("POST", "/v3/catalog/brands", {"name": "Acme"}, status=409),
    Row("POST", "/v3/catalog/brands", {}, status=422),
    Row("DELETE", "/v3/catalog/brands/{borrowed}"),
]
