"""Text without its markup, in time that grows with the text and not with its square: a tag that is never closed must
not be looked for again from every place where one opens."""

from __future__ import annotations

import html
import re

_OPENS = {word: re.compile(rf"<{word}\b", re.IGNORECASE) for word in ("script", "style")}
_ENDS = {word: re.compile(rf"</{word}\s*+>", re.IGNORECASE) for word in _OPENS}
_TAG = re.compile(r"<[^>]*+>")
_NUMBER = re.compile(r"&#(?:0*+[0-9]{8,}+|[xX]0*+[0-9a-fA-F]{7,}+);?")
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


def without_tags(text: str) -> str:
    """The text with a blank in the place of each tag."""
    end = text.rfind(">") + 1  # no tag ends behind it, so each that opens before ends
    return f"{_TAG.sub(' ', text[:end])}{text[end:]}" if end else text


def unescape(text: str) -> str:
    """The text with the characters that its entities name; numbers that are no character's are as any such."""
    return html.unescape(_NUMBER.sub("\ufffd", text)) if "&" in text else text


def plain(text: str, limit: int | None) -> str:
    """The text without its tags, its white space as single blanks, cut to a number of characters; what makes it long is
    looked for in its first `LONGEST` characters. It is read no further than it takes: from a short beginning, each time
    four times as far, until there is enough."""
    text = text[:LONGEST]
    most = LONGEST if limit is None else max(0, limit)
    read = max(BEGINNING, 2 * most)
    while read < len(text):
        opened = text.find("<", text.rfind(">", 0, read) + 1, read)  # a tag that may end further on
        found = " ".join(unescape(without_tags(text[: read if opened < 0 else opened])).split())
        if len(found) > most + _LONGEST_ENTITY:
            return found[:most]
        read *= 4
    return " ".join(unescape(without_tags(text)).split())[:most]


def count_scripts(text: str) -> int:
    """How many whole script tags are in a text, from where each begins to its end."""
    count = at = 0
    while (opened := _OPENS["script"].search(text, at)) is not None:
        inside = text.find(">", opened.end())
        ended = _ENDS["script"].search(text, inside + 1) if inside >= 0 else None
        if ended is None:
            break
        count, at = count + 1, ended.end()
    return count


def _ends_outside(text: str) -> bool:
    """Whether every `<` is closed."""
    return text.rfind("<") <= text.rfind(">")


def _plain(text: str) -> tuple[str, bool]:
    """The text without scripts, styles and tags, its white space as single blanks; and whether every `<` was closed."""
    text, whole = _without_hidden(text)
    return " ".join(unescape(without_tags(text)).split()), whole and _ends_outside(text)


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
