"""Channels (rule 116)."""

from replies import Differs, Row

LATER = "currencies are not served yet"

ROWS = [
    Row(
        "POST",
        "/v3/channels",
        {"name": "Corner shop", "type": "pos", "platform": "custom", "status": "connected"},
        name="corner_shop",
    ),
    Row("PUT", "/v3/channels/{corner_shop}", {"name": "Corner store"}),
    Row("POST", "/v3/channels", {}, status=422),
]

DIFFERS = [
    Differs("GET /v3/channels*", "include", "parameter", LATER),
    Differs("GET /v3/channels*", "currencies", "include", LATER),
    Differs("GET /v3/channels/{channel_id}", "data.currencies", "absent", LATER),
]
