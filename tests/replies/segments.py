"""Segments and shopper profiles."""

from replies import Differs, Row

ROWS = [
    Row("POST", "/v3/segments", [{"name": "Regulars", "description": "Often here"}], name="segment"),
    Row("POST", "/v3/shopper-profiles", [{"customer_id": "{jane}"}], name="profile"),
    Row("POST", "/v3/segments/{segment}/shopper-profiles", ["{profile}"]),
    Row("PUT", "/v3/segments", [{"id": "{segment}", "name": "Regular guests"}]),
]
PATHS = {
    "/v3/segments/{segment_id:text}/shopper-profiles": ["/v3/segments/{segment}/shopper-profiles"],
    "/v3/shopper-profiles/{profile_id:text}/segments": ["/v3/shopper-profiles/{profile}/segments"],
}

DIFFERS = [
    Differs("GET /v3/segments*", "meta.pagination.links", "extra", "every other list shows them"),
    Differs("GET /v3/shopper-profiles*", "meta.pagination.links", "extra", "every other list shows them"),
]
