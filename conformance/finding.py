"""What a check of Schemathesis says of an operation."""

from __future__ import annotations

from typing import NamedTuple

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


class Finding(NamedTuple):
    """A disagreement. `detail` is one line without the values of one request."""

    file: str
    operation: str
    check: str
    detail: str
