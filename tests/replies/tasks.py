"""Tasks, which the hosted API does not have."""

from replies import Row

ROWS = [
    Row("POST", "/v3/catalog/brands", {"name": "Waiting"}, name="waiting"),
    Row("DELETE", "/v2/brands/{waiting}", headers={"Prefer": "respond-async"}, status=202),
]
V2_TABLES = {"tasks": ""}
