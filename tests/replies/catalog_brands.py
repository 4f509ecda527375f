"""Brands."""

from pictures import FORM, form
from replies import Row

ROWS = [
    Row("POST", "/v3/catalog/brands", {"name": "Borrowed"}, name="borrowed"),
    Row("PUT", "/v3/catalog/brands/{borrowed}", {"page_title": "Here to go"}),
    Row("POST", "/v3/catalog/brands", {"name": "Acme"}, status=409),
    Row("POST", "/v3/catalog/brands", {}, status=422),
    Row("POST", "/v3/catalog/brands/{borrowed}/image", form(), headers=FORM),
    Row("POST", "/v3/catalog/brands/{borrowed}/image", form(b"<html>"), headers=FORM, status=422),
    Row("DELETE", "/v3/catalog/brands/{borrowed}/image"),
    Row("DELETE", "/v3/catalog/brands/{borrowed}"),
]
