"""A second Content-Type line: the last one that can be read counts (reports, section 3; RFC 9110 8.3)."""

from __future__ import annotations

import pytest

from bodega.http.negotiation import is_readable
from bodega.http.request import read_head

FORM, BARE, JSON = b"multipart/form-data; boundary=edge", b"multipart/form-data", b"application/json"
LINES: list[tuple[list[bytes], bytes]] = [
    ([JSON, FORM], FORM),
    ([FORM, JSON], JSON),
    ([BARE, FORM], FORM),
    ([FORM, BARE], FORM),
    ([FORM, b""], FORM),
    ([FORM, b"nonsense"], FORM),
    ([b"nonsense", b"text/plain"], b"nonsense"),
    ([BARE], BARE),
    ([JSON, BARE, FORM, BARE], FORM),
]


@pytest.mark.parametrize(("lines", "counts"), LINES)
def test_the_last_content_type_that_can_be_read_counts(lines: list[bytes], counts: bytes) -> None:
    """A published client sends a form twice, once without its boundary."""

    async def receive() -> dict[str, str]:
        return {}

    scope = {
        "method": "POST",
        "scheme": "http",
        "path": "/stores/demo/v3/catalog/brands",
        "query_string": b"",
        "headers": [(b"content-type", line) for line in lines],
    }
    assert read_head(scope, receive, "1").headers[b"content-type"] == counts


def test_a_form_needs_its_boundary() -> None:
    """RFC 2046 5.1.1."""
    assert [is_readable(line) for line in (FORM, BARE, JSON, b"", b"text/plain")] == [True, False, True, False, False]
