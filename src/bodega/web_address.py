"""Addresses on the web as clients write them: http or https, with a host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

NO_WEB_ADDRESS = "must be an http or https URL with a host, without blanks and quotes"

_UNFIT = re.compile(r"[\x00-\x20\x7f\"'<>\\^`{|}]|\s")
"""What no URL has (RFC 3986 2), and the apostrophe, which ends an attribute of HTML as quotes do."""
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")


def is_web_address(text: str, *, blanks: bool = False) -> bool:
    """Whether a text is the whole URL of something on the web; with `blanks`, those behind the host stand for %20, as
    browsers take them."""
    text = text.strip().replace(" ", "%20") if blanks else text
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    known = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") is not None
    return known and _UNFIT.search(text) is None
