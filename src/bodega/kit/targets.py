"""Links that pages of the storefront show as they stand."""

from __future__ import annotations

import re

from bodega.kit.fields import STRING, FieldType, as_is, clean_text
from bodega.web_address import NO_LOOSE_ADDRESS, NO_WEB_ADDRESS, is_web_address

SCHEMES = ("http", "https", "mailto", "tel")

_SCHEME = re.compile(r"\s*+([A-Za-z][A-Za-z0-9+.-]*+):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def clean_link(value: str) -> str:
    """Where a link leads: a path, or a URL of a kind that runs nothing in the page that has it."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    text = clean_text(value)
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() not in SCHEMES:
        raise ValueError(f"must be a path, or a URL with one of the schemes {', '.join(SCHEMES)}")
    if scheme is not None and scheme[1].lower() in ("http", "https") and not is_web_address(text, loose=True):
        raise ValueError(NO_LOOSE_ADDRESS)
    return text


def clean_web_address(value: str) -> str:
    """The whole URL of something on the web, or nothing."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    if value and not is_web_address(value):
        raise ValueError(NO_WEB_ADDRESS)
    return value


WEB_ADDRESS = FieldType("string", as_is, lambda value: clean_web_address(STRING.read(value)), clean_web_address)
LINK = FieldType("string", as_is, lambda value: clean_link(STRING.read(value)), clean_link)
