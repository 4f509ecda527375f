"""Addresses of files as a body brings them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from bodega.kit.upload import Upload
from bodega.web_address import NO_LOOSE_ADDRESS, is_web_address

OWN_FILE = re.compile(r"(?:https?://[^/?#\s]{1,255}/files/[a-z0-9-]{1,40}/)?(([0-9a-f]{64})/[A-Za-z0-9._-]{1,80})")
"""The address of a file of this server as a client read it: a URL on any host, or in V2 the path; its digest is
group 2. A digest says which picture it is, whatever the store."""

LONGEST_ADDRESS = 255

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXTENSION = re.compile(r"[^/]\.[A-Za-z0-9]{2,5}")


def clean_address(value: Any) -> Any:
    """The address of a file of any host, or an upload. What we wrote ourselves may be longer than what is written.

    A page shows it as it stands, so it is http or https, or has no scheme at all.
    """
    if isinstance(value, Upload):
        return value
    if len(value) > LONGEST_ADDRESS and not OWN_FILE.fullmatch(value):
        raise ValueError(f"must be a string of at most {LONGEST_ADDRESS} characters")
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    scheme = _SCHEME.match(value)
    if scheme is not None and scheme[1].lower() not in ("http", "https"):
        raise ValueError("must be an http or https URL")
    if scheme is not None and not is_web_address(value, loose=True):
        raise ValueError(NO_LOOSE_ADDRESS)
    return value


def clean_image_address(value: Any) -> Any:
    """Rule 39: the address of an image ends with an extension; an empty one takes the image away."""
    value = clean_address(value)
    if isinstance(value, str) and value and not _EXTENSION.search(_name(value)):
        raise ValueError("must end with the extension of an image, as .jpg")
    return value


def _name(address: str) -> str:
    """The last part of its path."""
    try:
        return urlsplit(address).path.rpartition("/")[2]
    except ValueError:
        raise ValueError("must be a URL") from None
