"""What the caller can read and what it sends: Accept, Accept-Encoding and Content-Type (RFC 9110 8.3 and 12.5)."""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Literal, NamedTuple


class Media(Enum):
    """A representation of replies; the value is the Content-Type of the reply."""

    JSON = b"application/json"
    XML = b"application/xml"

    # Members are singletons, and the caches below hash them at every request: the hash in C is ten times as fast.
    __hash__ = object.__hash__


BodyKind = Media | Literal["multipart", "form"]

_LONGEST_CACHED = 512  # bytes; bounds the caches in memory as well as in entries
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WEIGHT = re.compile(r"0|1|0?\.[0-9]+|0\.|1\.0*", re.ASCII)
_SUFFIXES = {"json": Media.JSON, "xml": Media.XML}
_UTF8 = frozenset(("utf-8", "utf8", "us-ascii", "ascii"))

# How closely a media range names a media type (RFC 9110 12.5.1); the closest range decides.
_ANYTHING, _ANY_SUBTYPE, _ALIAS, _EXACT = range(4)
_HTML = ("*/*", "text/*", "text/html")
"""What names a page, the closest last."""


class _Match(NamedTuple):
    """The closest range found for a media type, and its weight; greater means closer, then heavier."""

    closeness: int
    weight: float


def choose_media(accept: bytes | None, suffix: str, offered: tuple[Media, ...]) -> Media | None:
    """The reply's representation among those offered, or None for 406 (rule 14, RFC 9110 12.5.1).

    A type that Accept names with q=1 comes first, then the type of the path's suffix ("", "json" or "xml") unless
    Accept refuses it, then Accept by weight; the earlier offered wins a tie. A missing, empty or wholly unreadable
    Accept means any; a suffix whose type is not offered can only be answered by a type named with q=1.
    """
    if accept is not None and len(accept) > _LONGEST_CACHED:
        return _choose(accept, suffix, offered)
    return _choose_cached(accept, suffix, offered)


def accepts_gzip(header: bytes | None) -> bool:
    """Whether a reply should be sent with gzip (RFC 9110 12.5.3): allowed, and not ranked below the plain form.

    A caller that sends no Accept-Encoding allows any coding, but often cannot decode one: it gets the plain form.
    """
    if not header:
        return False
    if len(header) > _LONGEST_CACHED:
        return _gzip_wanted(header)
    return _gzip_wanted_cached(header)


def accepts_html(header: bytes | None) -> bool:
    """Whether a page may be sent where a shop has one (RFC 9110 12.5.1): the closest range decides, and a missing,
    empty or unreadable Accept means any. Who names JSON or XML before HTML is a program, and wants no page."""
    if header is not None and len(header) > _LONGEST_CACHED:
        return _html_wanted(header)
    return _html_wanted_cached(header)


def media_of(content_type: bytes) -> BodyKind | None:
    """The kind of a request body by its Content-Type; None if it is not supported: 415.

    Case does not matter (RFC 9110 8.3.1). A charset may be named if it is UTF-8 or its subset US-ASCII.
    """
    if len(content_type) > _LONGEST_CACHED:
        return None
    return _kind_of(content_type)


def is_readable(content_type: bytes) -> bool:
    """Whether a Content-Type says what a body is: a form of several parts needs its boundary (RFC 2046 5.1.1)."""
    kind = media_of(content_type)
    if kind != "multipart":
        return kind is not None
    return bool(_parameter(_split(content_type.decode("latin-1"), ";")[1:], "boundary"))


def _choose(accept: bytes | None, suffix: str, offered: tuple[Media, ...]) -> Media | None:
    ranges = list(_media_ranges((accept or b"").decode("latin-1")))
    wanted = _SUFFIXES.get(suffix)
    if not ranges:
        return (wanted if wanted in offered else None) if wanted else offered[0]

    matches = {media: _closest(media, ranges) for media in offered}
    named = [media for media in offered if matches[media].closeness >= _ALIAS and matches[media].weight == 1]
    if named:
        return wanted if wanted in named else named[0]
    if not any(match.weight for match in matches.values()):
        return None
    if wanted and wanted not in offered:
        return None
    # A type that no range covers is not refused, since the suffix requests it.
    if wanted and (matches[wanted].weight or matches[wanted].closeness < 0):
        return wanted
    return max(offered, key=lambda media: matches[media].weight)


_choose_cached = lru_cache(maxsize=1024)(_choose)


def _closest(media: Media, ranges: list[tuple[str, float]]) -> _Match:
    """The range that covers a media type: weight 0 if it is refused, closeness -1 if no range covers it."""
    best = _Match(-1, 0.0)
    for name, weight in ranges:
        closeness = _closeness(name, media)
        # Refusing another name of the type does not refuse the type itself, which is what will be sent.
        if closeness is not None and (weight or closeness != _ALIAS):
            best = max(best, _Match(closeness, weight))
    return best


def _closeness(name: str, media: Media) -> int | None:
    if name == "*/*":
        return _ANYTHING
    if name == "application/*":
        return _ANY_SUBTYPE
    if _media_named(name) is not media:
        return None
    return _EXACT if name.encode() == media.value else _ALIAS


def _media_named(name: str) -> Media | None:
    """The representation a lower-case media type stands for: text/xml is XML, and any "+json" is JSON."""
    if name == "application/json" or (name.startswith("application/") and name.endswith("+json")):
        return Media.JSON
    if name in ("application/xml", "text/xml"):
        return Media.XML
    return None


def _media_ranges(accept: str) -> Iterator[tuple[str, float]]:
    """The readable ranges of an Accept header in lower case, each with its weight; other parameters do not matter."""
    for member in _split(accept, ","):
        name, *parameters = _split(member, ";")
        name = name.strip(" \t").lower()
        if name == "*":  # old Java clients
            name = "*/*"
        weight = _weight(parameters)
        if weight is not None and _is_media_type(name):
            yield name, weight


def _html_wanted(header: bytes | None) -> bool:
    ranges = list(_media_ranges((header or b"").decode("latin-1")))
    if not ranges:
        return True
    _, page = max(((_HTML.index(name), weight) for name, weight in ranges if name in _HTML), default=(-1, 0.0))
    others = max((weight for name, weight in ranges if _media_named(name) is not None), default=0.0)
    return page > 0 and (page > others or any(name == _HTML[-1] and weight == page for name, weight in ranges))


_html_wanted_cached = lru_cache(maxsize=256)(_html_wanted)


def _gzip_wanted(header: bytes) -> bool:
    weights: dict[str, float] = {}
    for member in _split(header.decode("latin-1"), ","):
        coding, *parameters = _split(member, ";")
        coding = coding.strip(" \t").lower()
        weight = _weight(parameters)
        if weight is not None and _TOKEN.fullmatch(coding):
            coding = "gzip" if coding == "x-gzip" else coding  # the same coding (RFC 9110 8.4.1.3)
            weights[coding] = max(weight, weights.get(coding, 0.0))
    others = weights.get("*", 0.0)
    gzip, plain = weights.get("gzip", others), weights.get("identity", others)
    return gzip > 0 and gzip >= plain


_gzip_wanted_cached = lru_cache(maxsize=256)(_gzip_wanted)


@lru_cache(maxsize=256)
def _kind_of(content_type: bytes) -> BodyKind | None:
    name, *parameters = _split(content_type.decode("latin-1"), ";")
    name = name.strip(" \t").lower()
    charset = _parameter(parameters, "charset")
    if not _is_media_type(name) or (charset is not None and charset.strip('"').lower() not in _UTF8):
        return None
    if name == "multipart/form-data":
        return "multipart"
    if name == "application/x-www-form-urlencoded":
        return "form"
    return _media_named(name)


def _weight(parameters: list[str]) -> float | None:
    """The q of a list member, 1 when it has none, None when it is unreadable (RFC 9110 12.4.2)."""
    text = _parameter(parameters, "q")
    if text is None:
        return 1.0
    return float(text) if _WEIGHT.fullmatch(text) else None


def _parameter(parameters: list[str], wanted: str) -> str | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(" \t").lower() == wanted:
            return value.strip(" \t")
    return None


def _is_media_type(name: str) -> bool:
    kind, slash, subtype = name.partition("/")
    return (
        slash == "/" and bool(_TOKEN.fullmatch(kind) and _TOKEN.fullmatch(subtype)) and (kind != "*" or subtype == "*")
    )


def _split(text: str, separator: str) -> list[str]:
    """Split where the separator is not inside a quoted string (RFC 9110 5.6.4), in time linear in the text."""
    if '"' not in text:
        return text.split(separator)
    parts, start, quoted, escaped = [], 0, False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return parts
