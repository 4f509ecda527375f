"""Preconditions and the validators they are judged by (RFC 9110 8.8.3, 13.1, 13.2.2)."""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from bodega.dates import parse_http_date

Verdict = Literal["go_on", "not_modified", "failed"]

# One list member: a whole entity tag, or anything up to the next comma, which matches no tag.
_MEMBER = re.compile(rb'[ \t]*(?:(W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|\Z)|[^,]*(?:,|\Z))')
_PRECONDITIONS = frozenset((b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"))
_READS = frozenset(("GET", "HEAD"))
_UNCONDITIONAL = frozenset(("OPTIONS", "TRACE", "CONNECT"))  # nothing is selected or changed (RFC 9110 13.2.1)


class Validators(NamedTuple):
    """What identifies the current representation of a resource.

    `etag` is a quoted strong tag as `tag` makes it; `modified` is in UTC seconds, None when no date is known.
    """

    etag: bytes
    modified: int | None


def tag(version: int | str, *, xml: bool = False, gzip: bool = False) -> bytes:
    """The strong entity tag of one form of a version: b'"17"', b'"17-x"', b'"17-gz"', b'"17-x-gz"'.

    A strong tag stands for exact bytes (RFC 9110 8.8.1), so each form on the wire has its own. `version` holds only
    visible ASCII without a double quote, and never itself ends in "-x" or "-gz".
    """
    return f'"{version}{"-x" if xml else ""}{"-gz" if gzip else ""}"'.encode("ascii")


def has_conditions(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request has any of the four preconditions; names are lower case."""
    return not _PRECONDITIONS.isdisjoint(headers)


def judge(headers: Mapping[bytes, bytes], method: str, current: Validators | None) -> Verdict:
    """Judge the preconditions in the order of RFC 9110 13.2.2.

    `current` is None when the resource has no current representation. "not_modified" answers 304, "failed" 412.
    An unreadable date is ignored (13.1.3, 13.1.4); an unreadable tag matches nothing.
    """
    if not has_conditions(headers) or method in _UNCONDITIONAL:
        return "go_on"

    if (wanted := headers.get(b"if-match")) is not None:
        if not _names_current(wanted, current, weak=False):
            return "failed"
    elif _later_than(headers.get(b"if-unmodified-since"), current) is True:
        return "failed"

    if (known := headers.get(b"if-none-match")) is not None:
        if _names_current(known, current, weak=True):
            return "not_modified" if method in _READS else "failed"
    elif method in _READS and _later_than(headers.get(b"if-modified-since"), current) is False:
        return "not_modified"

    return "go_on"


def _names_current(value: bytes, current: Validators | None, *, weak: bool) -> bool:
    """Whether "*" or a list of entity tags names the current representation (RFC 9110 13.1.1, 13.1.2)."""
    if current is None:
        return False
    if value == current.etag or value.strip(b" \t") == b"*":
        return True
    etag = _plain(current.etag)
    return any(
        found[2] is not None and (weak or found[1] is None) and _plain(found[2]) == etag
        for found in _MEMBER.finditer(value)
    )


def _plain(etag: bytes) -> bytes:
    """The tag of the form before gzip.

    A strong tag must differ for the gzip form, yet a client that read that form has no other tag: If-Match must accept
    it for the same version, and If-None-Match need not resend what only the compression changes.
    """
    return etag[:-4] + b'"' if etag.endswith(b'-gz"') else etag


def _later_than(value: bytes | None, current: Validators | None) -> bool | None:
    """Whether the resource was modified after the given date; None if there is nothing to compare."""
    if value is None or current is None or current.modified is None:
        return None
    given = parse_http_date(value)
    return None if given is None else current.modified > given
