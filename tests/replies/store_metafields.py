"""Metafields of the store as a whole."""

from replies import Differs, Row

FIELD = {"namespace": "erp", "key": "code", "value": "1", "permission_set": "write"}
ROWS = [
    Row("POST", "/v3/store/metafields", [FIELD], name="store_field"),
    Row("POST", "/v3/store/metafields", [{**FIELD, "key": "second"}], name="store_second"),
    Row("PUT", "/v3/store/metafields", [{"id": "{store_field}", "value": "2"}]),
    Row("PUT", "/v3/store/metafields/{store_field}", {"value": "3"}),
    Row("DELETE", "/v3/store/metafields", ["{store_second}"]),
]
DIFFERS = [
    Differs("GET /v3/store/metafields", "date modified", "member", "a slip of the pen for date_modified"),
    Differs("* /v3/store/metafields*", "data.id", "type", "a number, as those of all other resources are"),
]
