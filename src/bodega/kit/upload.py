"""A file in the body of a request: one part of multipart/form-data (RFC 7578)."""

from __future__ import annotations

import msgspec


class Upload(msgspec.Struct, frozen=True):
    """`filename` and `media_type` are the client's claims; only `content` can be trusted."""

    filename: str
    media_type: str
    content: bytes


Form = dict[str, str | Upload]
"""The members of a form: text, or a file."""
