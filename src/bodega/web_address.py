"""Addresses on the web as clients write them: http or https, with a host."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

NO_WEB_ADDRESS = "must be an http or https URL with a host, without blanks and quotes"
NO_LOOSE_ADDRESS = "must be an http or https URL with a host"

_UNFIT = re.compile(r"[\x00-\x20\x7f\"'<>\\^`{|}]|\s")
"""What no URL has (RFC 3986 2), and the apostrophe, which ends an attribute of HTML as quotes do."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")


def is_web_address(text: str, *, loose: bool = False) -> bool:
    """Whether a text is the whole URL of something on the web; a `loose` one may have behind its host whatever browsers
    take there, such as blanks and quotes, which stand for themselves in percent-encoding."""
    text = text.strip() if loose else text
    if (_UNSEEN if loose else _UNFIT).search(text) is not None:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _is_host(parts.hostname or "")


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _NAME.fullmatch(host) is not None
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
