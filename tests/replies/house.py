"""Disagreements that belong to no resource."""

from replies import Differs

DIFFERS = [
    Differs("*", "detail", "extra", "every refusal tells what the client can do; most schemas have no member for it"),
    Differs("*", "details", "extra", "a conflict tells who stands in the way, in both versions"),
    Differs("*", "errors", "extra", "a refused body names every faulty member; some schemas have no member for it"),
    Differs("GET /v3/*", "meta.pagination.links.*", "absent", "a list of one page has no neighbours"),
    Differs("GET /v3/*", "meta.cursor_pagination.links.*", "absent", "a list of one page has no neighbours"),
]
