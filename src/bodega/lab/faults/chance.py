"""Which of a rule's calls it strikes: a function of the rule and of the number of the call, and of nothing else.

So workers that share a rule need to share one counter only, and the same seed gives the same faults again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bodega.lab.deterministic import DeterministicRandom, mix
from bodega.lab.faults.rule import Effect, FaultRule, Schedule

_ODDS = 1 << 32


class Injected(msgspec.Struct, frozen=True):
    """What is done to one call, and by which rules; `chance` decides what is left to chance in the effect."""

    rules: tuple[str, ...]
    effect: Effect
    chance: int = 0

    @property
    def latency(self) -> float:
        """Seconds before the answer."""
        if self.effect.latency is None:
            return 0.0
        least, most = self.effect.latency
        return (least + mix(self.chance) % (most - least + 1)) / 1000


class Tosses:
    """How often a rule strikes among its first calls; it remembers how far it has counted."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._counted = 0
        self._struck = 0

    def struck(self, number: int) -> int:
        """How many of the first `number` calls are struck."""
        schedule = self._schedule
        if schedule.probability >= 1:
            found = _regular(schedule, number)
        else:
            if number < self._counted:
                self._counted = self._struck = 0
            for call in range(self._counted + 1, number + 1):
                self._struck += _regular(schedule, call) > _regular(schedule, call - 1) and _lucky(schedule, call)
            self._counted = number
            found = self._struck
        return min(found, schedule.count) if schedule.count else found

    def strikes(self, number: int) -> bool:
        """Whether the call of this number is struck."""
        schedule = self._schedule
        if _regular(schedule, number) == _regular(schedule, number - 1):
            return False
        if schedule.probability < 1 and not _lucky(schedule, number):
            return False
        return not schedule.count or self.struck(number - 1) < schedule.count

    def is_over(self, number: int) -> bool:
        """Whether none after this number can be struck."""
        schedule = self._schedule
        if schedule.nth and number >= schedule.nth:
            return True
        return bool(schedule.count) and self.struck(number) >= schedule.count


def _regular(schedule: Schedule, number: int) -> int:
    """How many of the first calls are struck, chance and count left out."""
    if schedule.nth:
        return int(number >= schedule.nth and (not schedule.every or schedule.nth % schedule.every == 0))
    return number // schedule.every if schedule.every else number


def _lucky(schedule: Schedule, number: int) -> bool:
    return DeterministicRandom(schedule.seed, number).roll(_ODDS) < schedule.probability * _ODDS


def chosen(numbered: Sequence[tuple[FaultRule, Tosses, int]]) -> Injected | None:
    """What the rules that are about a call do to it, given each one's number of the call; None if nothing.

    Where two rules say the same thing differently, the older one counts.
    """
    struck = [(rule, number) for rule, tosses, number in numbered if tosses.strikes(number)]
    if not struck:
        return None
    merged: dict[str, object] = {}
    for rule, _ in struck:
        told = {name: getattr(rule.effect, name) for name in Effect.__struct_fields__}
        given = {name: value for name, value in told.items() if value != _NOTHING[name]}
        if "status" in merged or "reason" in merged:
            given = {name: value for name, value in given.items() if name not in _ANSWER}
        merged = {**given, **merged}
    first, number = struck[0]
    return Injected(tuple(rule.id for rule, _ in struck), Effect(**merged), mix(first.schedule.seed) + number)  # type: ignore[arg-type]


_NOTHING = {name: getattr(Effect(), name) for name in Effect.__struct_fields__}
_ANSWER = frozenset({"status", "reason", "retry_after", "field"})
"""What belongs together: one rule's answer does not get another one's Retry-After."""
