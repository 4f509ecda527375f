"""Segments and shopper profiles."""

from replies import Differs, Row

ROWS = [
    Row("POST", "/v3/segments", [{"name": "Regulars", "description": "Often here"}], name="segment"),
    Row("POST", "/v3/shopper-profiles", [{"customer_id": "{jane}"}], name="profile"),
]
DIFFERS: list[Differs] = []
