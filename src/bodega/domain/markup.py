"""Text without its markup, in time that grows with the text and not with its square: a tag that is never closed must
not be looked for again from every place where one opens."""

from __future__ import annotations

import html
import re

_OPENS = {word: re.compile(rf"<{word}\b", re.IGNORECASE) for word in ("script", "style")}
_ENDS = {word: re.compile(rf"</{word}\s{{0,100}}>", re.IGNORECASE) for word in _OPENS}
_TAG = re.compile(r"<[^>]*>")
_LONGEST_ENTITY = 40

BEGINNING = 8 * 1024
"""The characters in which a summary is looked for first."""

LONGEST = 128 * 1024
"""The characters in which it is looked for at all."""


def beginning(text: str, maximum: int) -> str:
    """At most the first `maximum` characters of a text without its markup, cut between words."""
    found, whole = _plain(text[:BEGINNING])
    if len(text) > BEGINNING and (not whole or len(found) <= maximum + _LONGEST_ENTITY):
        found, _ = _plain(text[:LONGEST])  # what follows may be part of it
    if len(found) <= maximum:
        return found
    return found[: maximum + 1].rpartition(" ")[0][:maximum] or found[:maximum]


def _plain(text: str) -> tuple[str, bool]:
    """The text without scripts, styles and tags, its white space as single blanks; and whether every `<` was closed."""
    text, whole = _without_hidden(text)
    last = text.rfind(">") + 1  # no tag ends behind it
    shown = _TAG.sub(" ", text[:last]) + text[last:]
    return " ".join(html.unescape(shown).split()), whole and "<" not in text[last:]


def _without_hidden(text: str) -> tuple[str, bool]:
    """The text without scripts and styles, and whether each was closed."""
    whole = True
    for word, opens in _OPENS.items():
        parts: list[str] = []
        at = 0
        while (opened := opens.search(text, at)) is not None:
            ended = _ENDS[word].search(text, opened.end())
            if ended is None:
                whole = False
                break
            parts += (text[at : opened.start()], " ")
            at = ended.end()
        text = "".join([*parts, text[at:]])
    return text, whole
