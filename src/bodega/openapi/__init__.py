"""The served API as OpenAPI 3.1 documents, made from the declarations: see docs/decisions/0068-openapi.md."""
