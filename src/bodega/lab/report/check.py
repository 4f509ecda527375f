"""A check of the report card: a function over a run, declared with its weight, its title and advice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bodega.journal.exchange import Attempt
from bodega.lab.report.calls import SHOWN, Call, Finding, Run, Severity

Found = Iterator[tuple[str, str, Sequence[Call] | Sequence[Attempt]]]
"""Where, what, and the calls or deliveries that show it."""

Checking = Callable[[Run], Found]


class Check(NamedTuple):
    """A check, with what a client should do about what it finds."""

    name: str
    severity: Severity
    title: str
    advice: str
    run: Checking


CHECKS: list[Check] = []
"""All checks, in the order in which their modules declare them."""


def check(severity: Severity, title: str, advice: str) -> Callable[[Checking], Checking]:
    """Declares the function as a check of its name."""

    def declare(function: Checking) -> Checking:
        CHECKS.append(Check(function.__name__.replace("_", "-"), severity, title, advice, function))
        return function

    return declare


def place(call: Call) -> str:
    """Where a call went: method and path, with names for ids."""
    return f"{call.exchange.method} {call.template}"


def findings(run: Run) -> list[Finding]:
    """What every check finds."""
    return [
        Finding(
            one.name, one.severity.word, where, len(shown) or 1, what, one.advice, [_id(each) for each in shown[:SHOWN]]
        )
        for one in CHECKS
        for where, what, shown in one.run(run)
    ]


def _id(shown: Call | Attempt) -> str:
    return shown.message_id if isinstance(shown, Attempt) else shown.id
