"""What a caller can do about a refusal: a sentence or two, in which what can be carried out stands between backticks.

That is a command, or a request in the form `METHOD TARGET [with Name: value] [without member, ...]`: the refused
request with another method or target, one header replaced, and headers (spelled with a capital) or members of its body
left out. The registry of reasons holds them with words in capitals, as the docs and `bodega explain` show them; a reply
has the facts of its own request in their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

WORDS = frozenset(
    {
        "HASH", "CLIENT_ID", "SCOPE", "RAISED", "LIMIT", "METHOD", "PATH", "RESOURCE", "LOCATION", "COLLECTION",
        "HOLDER", "DEPLOYMENT", "SIBLINGS", "LESS", "LARGEST", "TYPE", "KEY", "MEMBERS", "PRODUCT", "ITEM",
    }
)  # fmt: skip
"""What differs from request to request; `http/remedies.py` knows each."""

_SPAN = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"\b[A-Z][A-Z_]+\b")
_BETWEEN = re.compile(r"(?<=\.)\s+(?=[A-Z])")


class Remedy(NamedTuple):
    """A remedy in the words of one refusal; `lines` is what of it can be carried out as it stands."""

    text: str
    lines: tuple[str, ...] = ()


def lines_of(text: str) -> list[str]:
    """The commands and requests of a remedy."""
    return _SPAN.findall(text)


def sentences(text: str) -> list[str]:
    """The sentences of a remedy."""
    return _BETWEEN.split(text)


def words_of(line: str) -> set[str]:
    """The words of a command or request that stand for facts of a refusal."""
    return {word for word in _WORD.findall(line) if word in WORDS}


def fill(text: str, fact: Callable[[str], str]) -> Remedy:
    """The remedy with facts in the place of words. A sentence that needs a fact which is "" is left out."""
    kept = []
    for sentence in sentences(text):
        known = {word: fact(word) for line in lines_of(sentence) for word in words_of(line)}
        if all(known.values()):
            kept.append(_SPAN.sub(partial(_filled, known), sentence))
    told = " ".join(kept)
    return Remedy(told, tuple(lines_of(told)))


def _filled(known: dict[str, str], span: re.Match[str]) -> str:
    return _WORD.sub(lambda word: known.get(word[0], word[0]), span[0])
