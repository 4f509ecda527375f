"""Checks of what is asked for without need or leave, and of receivers of webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bodega.access.scopes import READERS
from bodega.counted import counted
from bodega.journal.exchange import Attempt
from bodega.lab.report.calls import ERROR, NOTE, WARNING, Run, grouped
from bodega.lab.report.check import Found, check, place
from bodega.lab.report.permissions import needed_by
from bodega.masking import MASK

SLOW_US = 5_000_000
FORGED = "bodega-fault"
"""The header of a delivery that the lab signed wrongly on purpose."""


@check(ERROR, "A secret in the URL", "Send credentials in headers: URLs are logged by every server on the way.")
def secret_in_url(run: Run) -> Found:
    """A query held what looks like a credential."""
    for calls in grouped((call for call in run.calls if MASK in call.exchange.query), place).values():
        yield place(calls[0]), f"{counted(len(calls), 'request')} carried a credential in their query", calls


@check(ERROR, "Asked without the scope", "Give the account the scope, or do not ask.")
def scope_missing(run: Run) -> Found:
    """Refusals for a missing scope."""
    refused = [call for call in run.calls if call.exchange.reason == "SCOPE_MISSING"]
    for template, calls in grouped(refused, place).items():
        action = calls[0].action
        scope = needed_by(action, writes=not calls[0].reads) if action is not None else ""
        yield template, f"{counted(len(calls), 'request')} were refused: {scope or 'a scope'} is missing", calls


@check(NOTE, "Scopes that were not needed", "Take them away: bodega scopes HASH shows the smallest set.")
def idle_scopes(run: Run) -> Found:
    """An account has scopes that no request of the run needed."""
    for client, calls in grouped(run.calls, lambda call: call.exchange.client_id).items():
        granted = run.granted.get(client)
        if not granted:
            continue
        used = {
            scope
            for call in calls
            if call.action is not None
            for scope in call.action.scope.split("|")
            for scope in (scope, READERS.get(scope, scope))
        }
        idle = sorted(granted - used - {"default"})
        if idle:
            some = ", ".join(idle[:4]) + (f" and {len(idle) - 4} more" if len(idle) > 4 else "")
            yield client, f"{len(idle)} of {len(granted)} scopes were not needed: {some}", ()


# Webhooks


@check(
    WARNING,
    "A slow receiver of webhooks",
    "Answer 200 first, then do the work: a delivery that is not answered in time is sent again.",
)
def slow_receiver(run: Run) -> Found:
    """Deliveries took longer than five seconds to be answered."""
    yield from _by_hook(run, lambda one: one.us > SLOW_US, f"took longer than {SLOW_US // 1_000_000} s to be answered")


@check(
    WARNING,
    "A failing receiver of webhooks",
    "Answer what you have understood with a 2xx, also what does not concern you.",
)
def failing_receiver(run: Run) -> Found:
    """Deliveries were not answered, or not with a 2xx."""
    yield from _by_hook(run, lambda one: not _accepted(one), "failed")


@check(
    ERROR,
    "A receiver that does not check signatures",
    "Compute the signature over id, timestamp and body with the client secret, and refuse what differs.",
)
def signature_not_checked(run: Run) -> Found:
    """Deliveries that the lab had signed wrongly were accepted."""
    yield from _by_hook(
        run, lambda one: FORGED in dict(one.headers) and _accepted(one), "were accepted in spite of a wrong signature"
    )


def _accepted(attempt: Attempt) -> bool:
    return attempt.status is not None and 200 <= attempt.status < 300


def _by_hook(run: Run, bad: Callable[[Attempt], bool], what: str) -> Iterator[tuple[str, str, list[Attempt]]]:
    hooks: dict[int, list[Attempt]] = {}
    for attempt in run.attempts:
        if bad(attempt):
            hooks.setdefault(attempt.hook_id, []).append(attempt)
    for hook, attempts in hooks.items():
        yield f"hook {hook}", f"{counted(len(attempts), 'attempt')} to deliver {what}", attempts
