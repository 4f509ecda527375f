"""Channels (rule 116)."""

from replies import Differs, Row

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
    Differs("GET /v3/channels", "data.currencies", "extra", "only the schema of one channel has what is included"),
]
