"""Reads multipart/form-data (RFC 7578): text and files by their names."""

from __future__ import annotations

import io

from multipart import MultipartError, MultipartParser, parse_options_header

from bodega.kit.upload import Form, Upload

MAX_PARTS = 200


class FormRefused(ValueError):
    """A form that cannot be read; the message is the end of a sentence."""


def read(content_type: bytes, body: bytes) -> Form:
    """The parts of a body. Raises FormRefused."""
    _, options = parse_options_header(content_type.decode("latin-1"))
    boundary = options.get("boundary")
    if not boundary:
        raise FormRefused("its Content-Type names no boundary")
    whole = len(body) + 1  # the body is already in memory: no part of it goes to a temporary file
    found: Form = {}
    try:
        parser = MultipartParser(
            io.BytesIO(body), boundary, part_limit=MAX_PARTS, spool_limit=whole, memory_limit=whole
        )
        for part in parser:
            if not part.name:
                raise FormRefused("a part has no name")
            if part.name in found:
                raise FormRefused(f"the part '{part.name[:80]}' comes twice")
            if part.filename is None and part.content_type.startswith("text/"):
                found[part.name] = part.value
            elif part.filename or part.size:  # a browser sends an empty part if no file was chosen
                found[part.name] = Upload(part.filename or "", part.content_type, part.raw)
    except (MultipartError, UnicodeError, LookupError) as error:
        raise FormRefused(str(error)[:200] or "a part cannot be read") from error
    return found
