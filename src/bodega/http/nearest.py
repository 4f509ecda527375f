"""The served path that is most like one that is not served: for whoever mistyped it.

It costs a few comparisons of words, and only where a request is refused; long paths are not worth them.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from bodega.kit.route import Route

MOST_SEGMENTS = 8
LONGEST_SEGMENT = 40
"""A longer path is not compared."""

ALIKE = 0.6
"""How alike two words must be, and two paths on average, to be meant for one another."""

_Pattern = tuple[str, ...]


class Nearest:
    """The paths that are served, by version."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._patterns: dict[int, list[tuple[_Pattern, str]]] = {}
        for route in routes:
            if not route.moved:
                shown = route.template.replace(":text}", "}")
                pattern = tuple("" if segment.startswith("{") else segment for segment in shown.split("/"))
                self._patterns.setdefault(route.version, []).append((pattern, f"/v{route.version}/{shown}"))

    def find(self, version: int, segments: tuple[str, ...]) -> str | None:
        """The nearest served path, as /v3/collection/{id}; None when nothing is like it.

        A path that another version serves as it is comes before a similar one of the same version.
        """
        if not 0 < len(segments) <= MOST_SEGMENTS or any(len(segment) > LONGEST_SEGMENT for segment in segments):
            return None
        for other in self._patterns:
            if other != version:
                best, shown = self._best(other, segments, exact=True)
                if best:
                    return shown
        best, shown = self._best(version, segments, exact=False)
        return shown if best >= ALIKE else None

    def _best(self, version: int, segments: tuple[str, ...], *, exact: bool) -> tuple[float, str]:
        likeness = _Likeness(exact=exact)
        best, found = 0.0, ""
        for pattern, shown in self._patterns.get(version, ()):
            if abs(len(pattern) - len(segments)) > (0 if exact else 1):
                continue
            likes = [likeness.of(word, segment) for word, segment in zip(pattern, segments, strict=False)]
            if exact and not all(likes):
                continue
            score = sum(likes) / max(len(pattern), len(segments))
            if score > best:
                best, found = score, shown
        return best, found


class _Likeness:
    """How alike a word of a pattern and a segment are, from 0 to 1; each pair is compared once."""

    def __init__(self, *, exact: bool) -> None:
        self._exact = exact
        self._known: dict[tuple[str, str], float] = {}

    def of(self, word: str, segment: str) -> float:
        if not word:
            return 1.0 if segment.isdigit() else 0.0 if self._exact else 0.3
        if word == segment:
            return 1.0
        if self._exact or segment.isdigit():
            return 0.0
        known = self._known.get((word, segment))
        if known is None:
            known = self._known[word, segment] = _ratio(word, segment)
        return known


def _ratio(word: str, segment: str) -> float:
    matcher = SequenceMatcher(None, word, segment.lower(), autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= ALIKE else 0.0
