"""The path that is most like one that nobody has: for whoever mistyped it, or looked in another version or group.

It costs a few comparisons of words, and only where a request is refused; long paths are not worth them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

from bodega.kit.route import Route

MOST_SEGMENTS = 8
LONGEST_SEGMENT = 40
"""A longer path is not compared."""

ALIKE = 0.6
"""How alike two words must be, and two paths on average, to be meant for one another."""

_OTHER = {2: 3, 3: 2}
"""The version in which somebody may have meant a path of this one."""

Pattern = tuple[str, ...]
"""The words of a path, empty where an id stands."""


class Near(NamedTuple):
    """A path as it is shown, /v3/collection/{id}, and whether it is served or only documented."""

    path: str
    served: bool = True


class _Known(NamedTuple):
    version: int
    pattern: Pattern
    near: Near


class Nearest:
    """The paths that are served, and those that are documented only: `unserved` has (version, path)."""

    def __init__(self, routes: Iterable[Route], unserved: Iterable[tuple[int, str]] = ()) -> None:
        served = [(route.version, route.template.replace(":text}", "}")) for route in routes if not route.moved]
        self._served = [_known(version, path, served=True) for version, path in served]
        self._unserved = [_known(version, path.strip("/"), served=False) for version, path in dict.fromkeys(unserved)]
        self._groups = {known.pattern[0] for known in (*self._served, *self._unserved) if known.pattern[1:]}

    def find(self, version: int, segments: Pattern) -> Near | None:
        """The nearest path; None when nothing is like it.

        The very path below a group of the same version comes first (`/v3/products` is in `catalog`), then that of the
        other version, then either without a group that it does not belong to; then the same among the paths that are
        only documented; then one of similar words.
        """
        if not 0 < len(segments) <= MOST_SEGMENTS or any(len(segment) > LONGEST_SEGMENT for segment in segments):
            return None

        def same(known: _Known) -> bool:
            return _fits(known.pattern, segments)

        def below_a_group(known: _Known) -> bool:
            beyond = len(known.pattern) - len(segments)
            return beyond > 0 and all(known.pattern[:beyond]) and _fits(known.pattern[beyond:], segments)

        def without_its_group(known: _Known) -> bool:
            return segments[0] in self._groups and _fits(known.pattern, segments[1:])

        for paths in (self._served, self._unserved):
            own = [known for known in paths if known.version == version]
            others = [known for known in paths if known.version != version]
            attempts: tuple[tuple[list[_Known], Callable[[_Known], bool]], ...] = (
                (own, below_a_group), (others, same), (own, without_its_group),
                (others, below_a_group), (others, without_its_group),
            )  # fmt: skip
            for among, fits in attempts:
                found = next((known.near for known in among if fits(known)), None)
                if found is not None:
                    return found
        return self._similar(version, segments) or self._similar(_OTHER.get(version, version), segments)

    def _similar(self, version: int, segments: Pattern) -> Near | None:
        likeness = _Likeness()
        best, found = 0.0, None
        for known in self._served:
            pattern = known.pattern
            if known.version != version or abs(len(pattern) - len(segments)) > 1:
                continue
            likes = [likeness.of(word, segment) for word, segment in zip(pattern, segments, strict=False)]
            score = sum(likes) / max(len(pattern), len(segments))
            if score > best:
                best, found = score, known.near
        return found if best >= ALIKE else None


def _known(version: int, path: str, *, served: bool) -> _Known:
    pattern = tuple("" if segment.startswith("{") else segment for segment in path.split("/"))
    return _Known(version, pattern, Near(f"/v{version}/{path}", served))


def _fits(pattern: Pattern, segments: Pattern) -> bool:
    """Whether the words are the same, and a number stands wherever the pattern has an id."""
    if len(pattern) != len(segments):
        return False
    return all(word == segment if word else segment.isdigit() for word, segment in zip(pattern, segments, strict=True))


class _Likeness:
    """How alike a word of a pattern and a segment are, from 0 to 1; each pair is compared once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], float] = {}

    def of(self, word: str, segment: str) -> float:
        if not word:
            return 1.0 if segment.isdigit() else 0.3
        if word == segment:
            return 1.0
        if segment.isdigit():
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
