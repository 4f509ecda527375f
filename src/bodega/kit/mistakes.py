"""Mistakes in declarations, collected while they are checked: each with its file, resource and the nearest word."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple


class Vocabulary(NamedTuple):
    """The names that declarations may use: OAuth scopes (and the read-only ones among them), scopes of events, counters
    of plans, and the columns of each table (also of link tables)."""

    scopes: Collection[str]
    readers: Collection[str]
    events: Collection[str]
    counters: Collection[str]
    tables: dict[str, Collection[str]]


class Mistakes(NamedTuple):
    """Where something is declared, and the list of its mistakes."""

    found: list[str]
    file: str = ""
    resource: str = ""

    def at(self, file: str, resource: str) -> Mistakes:
        """The same list, for another declaration."""
        return Mistakes(self.found, file, resource)

    def add(self, member: str, why: str, word: str = "", known: Iterable[str] = ()) -> None:
        """Adds a mistake of a member; `known` are the words among which the nearest to `word` is suggested."""
        from difflib import get_close_matches  # imported only for a mistake: a normal start does not need it

        near = get_close_matches(word, list(dict.fromkeys(known)), 1) if word else []
        hint = f'; did you mean "{near[0]}"?' if near else ""
        self.found.append(f"{self.file}: {self.resource}: {member}: {why}{hint}")

    def expect(self, member: str, word: str, known: Collection[str], kind: str) -> bool:
        """Whether a word is known; if not, adds the mistake that there is no such `kind`."""
        if word in known:
            return True
        self.add(member, f'there is no {kind} "{word}"', word, known)
        return False

    def expect_all(self, member: str, words: Iterable[str], known: Collection[str], kind: str) -> None:
        """As `expect`, for several words."""
        for word in words:
            if word not in known:
                self.expect(f'{member} "{word}"', word, known, kind)
