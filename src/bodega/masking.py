"""Credentials are masked before a request is logged, or kept in the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

import msgspec

MASK = "\N{BULLET}" * 6

_HEADERS = frozenset(
    {
        "x-auth-token", "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-lab-key",
        "x-bc-webhook-secret", "x-session-token",
    }
)  # fmt: skip

_ADDRESSES = frozenset({"location", "referer", "content-location"})
"""Headers whose values are addresses, in whose query a secret may stand."""

_SECRET = re.compile(
    r"passw|secret|token|credential|authorization|api_?key|private_?key|\bauth\b|cvv|cvc|card_?number|verification_value|account_?number"
    r"|(?:^|_)pass$|\bcc_?(?:number|expiry|name|cvv)\b|\bpin\b|\bnumber_enc|\bjwt\b|\biban\b",
    re.IGNORECASE,
)
"""Members whose values are secret, wherever they are in a body or a query."""

_NAME = re.compile(
    r"""(?:(?<!\\)"((?:[^"\\]|\\.){0,64}+)"|(?<!\\)'((?:[^'\\]|\\.){0,64}+)'|(?<![\w.\-\\])([A-Za-z_][\w.\-]{0,63}+)["']?)\s*+[:=]\s*+""",
    re.DOTALL,
)
"""A name before its value, in whatever a client took for JSON. Nothing is read twice, so that the time is in proportion
to the text."""

_VALUE = re.compile(r""""(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[\[{].*+|[^,}\]\s&"'<>]++""", re.DOTALL)
"""Of a list or an object all that follows: where it ends is not known in a text that cannot be read."""

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_ELEMENT = re.compile(r"<([A-Za-z_][\w.\-:]{0,99}+)(?:\s[^<>]*+)?+>")
_ATTRIBUTE = re.compile(r"""(\s([A-Za-z_][\w.\-:]{0,99}+)\s*+=\s*+)("[^"<>]*+"?|'[^'<>]*+'?)""")
CUSTOM_HEADERS = "headers"
"""The member of a webhook that holds headers of its owner's: by them its receiver knows that an event is not forged."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a member of this name is masked: `customer_password`, `clientSecret`, `X-Api-Key`."""
    return _SECRET.search("_".join(_WORDS.findall(name))) is not None or _SECRET.search(name) is not None


def headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Headers as text, with the values of those that carry a credential masked."""
    shown = []
    for name_bytes, value_bytes in raw:
        name, secret = _header(name_bytes)
        value = value_bytes.decode("latin-1")
        if name in _ADDRESSES and "?" in value:
            at, _, asked = value.partition("?")
            value = f"{at}?{query(asked)}"
        if secret:
            kind, space, _ = value.partition(" ")
            value = f"{kind} {MASK}" if name.endswith("authorization") and space else MASK
        shown.append((name, value))
    return shown


@lru_cache(maxsize=1024)
def _header(raw: bytes) -> tuple[str, bool]:
    """The name of a header in lower case, and whether its value is masked."""
    name = raw.decode("latin-1").lower()
    return name, name in _HEADERS or is_secret(name)


_CARD = frozenset({"number"})
"""Members that hold the number of a payment card, or of something else."""

_DIGITS = re.compile(r"[\d \-]{12,40}")


def is_card_number(value: Any) -> bool:
    """Whether a value can be the number of a payment card: 12 to 19 digits."""
    text = str(value) if isinstance(value, (str, int)) else ""
    return _DIGITS.fullmatch(text.strip()) is not None and 12 <= sum(map(str.isdigit, text)) <= 19


NO_MORE: frozenset[str] = frozenset()


def query(text: str, more: frozenset[str] = NO_MORE) -> str:
    """A query string, with secret parameters masked, and those whose names are in `more`."""
    if not text:
        return text
    parts = []
    for part in text.split("&"):
        name, equals, _ = part.partition("=")
        word = unquote_plus(name)
        parts.append(f"{name}={MASK}" if equals and (word in more or is_secret(word)) else part)
    return "&".join(parts)


def body(text: str, media: str, more: frozenset[str] = NO_MORE) -> str:
    """A body, with secret members masked, and those whose names are in `more`.

    What is no JSON (XML, a form, a truncated body, a mistake) is searched as text, whatever it is said to be: a client
    that names the wrong media type has sent its password all the same.
    """
    text = text.replace("\x00", "")  # of UTF-16
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        shown = query(text, more) if "x-www-form-urlencoded" in media else text
        return _in_text(_in_xml(shown), more)
    masked = _masked(data, more)
    if masked == data:
        return text
    return msgspec.json.encode(masked).decode()


_LITERAL = re.compile(
    r"""(?<!\w)([A-Za-z_]\w*+)(\s*+:\s*+)(\"\"\".*?(?:\"\"\"|\Z)|"(?:[^"\\\n]|\\.)*+"?|\[[^\]]*+\]?)""", re.DOTALL
)
_VARIABLE = re.compile(r"(?<!\w)([A-Za-z_]\w*+)\s*+:\s*+\$([A-Za-z_]\w*+)")
_LONGEST_NAME = 64
_LONGEST_KEPT = 8 * 1024


def question(text: str, more: frozenset[str] = NO_MORE) -> str:
    """A query of GraphQL as JSON, with secret arguments masked, wherever they are written: in the query itself, or as a
    variable of whatever name."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return body(text, "application/json", more)
    asked = data.get("query") if isinstance(data, dict) else None
    if not isinstance(asked, str):
        return body(text, "application/json", more)
    shown, named = _query_of_short(asked) if len(asked) <= _LONGEST_KEPT else _query_of(asked)
    return msgspec.json.encode(_masked({**data, "query": shown}, more | named)).decode()


def _query_of(asked: str) -> tuple[str, frozenset[str]]:
    """A query with secret arguments masked, and the variables that are arguments of such a name."""
    named = frozenset(name for argument, name in _VARIABLE.findall(asked) if _is_secret_argument(argument))
    masked = _LITERAL.sub(
        lambda found: f'{found[1]}{found[2]}"{MASK}"' if _is_secret_argument(found[1]) else found[0], asked
    )
    return masked, named


_query_of_short = lru_cache(maxsize=256)(_query_of)
"""Clients ask the same few queries, with other variables."""


def _is_secret_argument(name: str) -> bool:
    return is_secret(name) if len(name) <= _LONGEST_NAME else _SECRET.search(name) is not None


def _masked(value: Any, more: frozenset[str], depth: int = 0) -> Any:
    if depth > 60:
        return MASK
    if isinstance(value, dict):
        return {
            name: MASK
            if (name in more or is_secret(name) or (name in _CARD and is_card_number(inner)))
            and inner not in (None, "", True, False)
            else _without_values(inner)
            if name == CUSTOM_HEADERS and isinstance(inner, dict)
            else _masked(inner, more, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, more, depth + 1) for inner in value]
    return value


def _without_values(members: dict[str, Any]) -> dict[str, Any]:
    return {name: MASK if inner else inner for name, inner in members.items()}


def _in_text(text: str, more: frozenset[str]) -> str:
    parts, place = [], 0
    while found := _NAME.search(text, place):
        name = found[1] or found[2] or found[3] or ""
        name = _ESCAPED.sub(lambda letter: chr(int(letter[1], 16)), name)
        value = _VALUE.match(text, found.end())
        secret = name in more or is_secret(name) or (name == CUSTOM_HEADERS and value and value[0][0] == "{")
        secret = secret or (value is not None and name in _CARD and is_card_number(value[0].strip("\"'")))
        if value is None or not secret:
            parts.append(text[place : found.end()])
            place = found.end()
            continue
        quote = value[0][0] if value[0][0] in "\"'" else ""
        parts.append(f"{text[place : found.end()]}{quote}{MASK}{quote}")
        place = value.end()
    return "".join(parts) + text[place:]


def _in_xml(text: str) -> str:
    """Also where a secret is in a CDATA section, behind a comment, or in an attribute."""
    if "<" not in text:
        return text
    parts, place = [], 0
    while found := _ELEMENT.search(text, place):
        parts.append(text[place : found.start()] + _ATTRIBUTE.sub(_without_attribute, found[0]))
        place = found.end()
        if is_secret(found[1]) and not found[0].endswith("/>"):
            end = text.find(f"</{found[1]}", place)
            end = len(text) if end < 0 else end
            parts.append(MASK if text[place:end].strip() else text[place:end])
            place = end
    return "".join(parts) + text[place:]


def _without_attribute(found: re.Match[str]) -> str:
    return f'{found[1]}"{MASK}"' if is_secret(found[2]) else found[0]
