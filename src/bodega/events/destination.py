"""Destinations: where events may go (rule 125), and what they have in common."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bodega.web_address import NO_LOOSE_ADDRESS, is_web_address

LONGEST = 2048
_UNSEEN = re.compile(r"[\x00-\x20\x7f]")


def why_not(destination: str, *, private: bool) -> str:
    """Why a URL is not a valid destination, as the end of a sentence; empty if it is one.

    `private` (development) also allows http and other ports. Addresses are checked when a connection is made.
    """
    try:
        parts = urlsplit(destination)
        port = parts.port
    except ValueError:
        return "is no URL"
    if len(destination) > LONGEST or not destination.isascii() or _UNSEEN.search(destination):
        return f"must be a URL of at most {LONGEST} plain characters"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "must be an https URL with a host"
    if not is_web_address(destination, loose=True):
        return NO_LOOSE_ADDRESS
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or a password"
    if private:
        return ""
    if parts.scheme != "https":
        return "must be an https URL"
    return "" if port in (None, 443) else "must be on port 443"


def domain(destination: str) -> str:
    """The host; blocks and limits are per domain, whatever the path."""
    return urlsplit(destination).hostname or ""
