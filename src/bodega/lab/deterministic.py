"""Random-looking numbers that depend on numbers alone, so that sample data are the same on every Python and machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


class DeterministicRandom:
    """Depends on a seed and a number only; has about 120 bits before it runs out and gives 0."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int, k: int) -> None:
        first = mix(mix(seed) + k)
        self._bits = first << 64 | mix(first)

    def roll(self, sides: int) -> int:
        """A number from 0 up to, not including, `sides`."""
        self._bits, face = divmod(self._bits, sides)
        return face

    def one_in(self, sides: int) -> bool:
        """True about once in so many calls."""
        self._bits, face = divmod(self._bits, sides)
        return face == 1

    def pick(self, from_: Sequence[T]) -> T:
        """One of these."""
        self._bits, face = divmod(self._bits, len(from_))
        return from_[face]


def mix(number: int) -> int:
    """64 well-mixed bits of a number (the splitmix64 step), the same on every Python and machine."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ number >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ number >> 27) * 0x94D049BB133111EB) & _MASK
    return number ^ number >> 31
