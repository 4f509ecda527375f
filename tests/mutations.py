"""Faulty bodies made from good ones: each member, at every depth, in turn of every kind that JSON has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

FORGED_ID = 1_618_033
"""An id that no row gets by itself: nobody may choose it by a member that has no name."""

BOGUS = "bogus"
"""A member that nothing has."""

HUGE = "@@1e400@@"
"""Stands for a number that no float holds, which `json` could not write."""


def nested(depth: int) -> Any:
    """Lists in objects in lists."""
    made: Any = 1
    for _ in range(depth):
        made = [{"a": made}]
    return made


VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    10**400,
    HUGE,
    "",
    " ",
    "0",
    "text",
    "NaN",
    "Infinity",
    "1e999999999",
    "٣",
    "nul \0",
    "\0/" + "ab" * 32 + "/forged.png",
    "lone \ud800",
    "a" * 255,
    "a" * 70_000,
    "javascript:alert(1)",
    "2026-13-45",
    "0000-00-00",
    "9999-12-31T23:59:59-14:00",
    {},
    {"a": {}},
    {"id": {}},
    [],
    [[]],
    [None],
    [{}],
    ["text"],
    [{"id": 1}, {"id": 1}],
    nested(40),
)
"""What is put in a member's place."""

Place = tuple[Any, ...]


class Mutation(NamedTuple):
    """A body with one place changed. `unknown`: it brings a member that nothing has; `always`: it is in each sample."""

    place: Place
    body: Any
    unknown: bool = False
    always: bool = False

    @property
    def sent(self) -> bytes:
        """Its JSON."""
        return json.dumps(self.body).replace(f'"{HUGE}"', "1e400").encode()

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.place)) or 'the body'}: {self.sent[:300]!r}"


def mutations(body: Any, members: Sequence[str] = ()) -> Iterator[Mutation]:
    """Every mutation of a body; `members` are more of its outermost members, which it could have."""
    whole = {**dict.fromkeys(members), **body} if isinstance(body, dict) else body
    for place in places(whole):
        for value in VALUES:
            yield Mutation(place, replaced(body, place, value))
    for place in places(body):
        there = at(body, place)
        if isinstance(there, dict):
            yield Mutation(place, replaced(body, place, {**there, BOGUS: 1}), unknown=True)
            yield Mutation(place, replaced(body, place, {**there, "": FORGED_ID}), unknown=True, always=True)
        elif isinstance(there, list) and there:
            yield Mutation(place, replaced(body, place, [*there, there[0]]))
        if place and isinstance(place[-1], str):
            yield Mutation(place, without(body, place))


def places(body: Any, place: Place = ()) -> Iterator[Place]:
    """Where something is in a body, from the outside in."""
    yield place
    if isinstance(body, dict):
        for name, value in body.items():
            yield from places(value, (*place, name))
    elif isinstance(body, list):
        for position, value in enumerate(body[:2]):
            yield from places(value, (*place, position))


def at(body: Any, place: Place) -> Any:
    """What is there."""
    for step in place:
        body = body[step]
    return body


def replaced(body: Any, place: Place, value: Any) -> Any:
    """The body with something else there."""
    if not place:
        return value
    step, *rest = place
    if isinstance(body, list):
        return [replaced(item, tuple(rest), value) if at_ == step else item for at_, item in enumerate(body)]
    return {**body, step: replaced(body.get(step), tuple(rest), value)}


def without(body: Any, place: Place) -> Any:
    """The body without the member that is there."""
    *outer, name = place
    there = at(body, tuple(outer))
    return replaced(body, tuple(outer), {key: value for key, value in there.items() if key != name})
