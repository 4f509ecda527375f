"""Checks of a client's habits: limits, and what it repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bodega.counted import counted
from bodega.lab.report.calls import ERROR, WARNING, Call, Run, grouped
from bodega.lab.report.check import Found, check, place

REPEATED = frozenset({400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 501})
"""Refusals that the same request meets again."""

BUSY = frozenset({429, 500, 502, 503, 504, 509})

# Limits


@check(
    ERROR,
    "Asked again before the limit was reset",
    "Wait for X-Rate-Limit-Time-Reset-Ms milliseconds, or Retry-After seconds, before the account's next request.",
)
def ignored_reset(run: Run) -> Found:
    """Another request of the account came before the time that a 429, 509 or 503 told."""
    for client, calls in grouped(run.calls, lambda call: call.exchange.client_id).items():
        until, early = 0.0, []
        for call in calls:
            if client and call.began < until - 0.005:
                early.append(call)
            wait = call.wait_asked() if call.status in (429, 503, 509) else None
            if wait is not None and call.exchange.reason != "TOO_MANY_AT_ONCE":
                until = max(until, call.exchange.at + wait)
        if early:
            yield client, f"{counted(len(early), 'request')} came before the time that a refusal had told", early


@check(
    WARNING,
    "Retried without backing off",
    "Double the pause after each failure, from one second on, and stop after a few attempts.",
)
def no_back_off(run: Run) -> Found:
    """The same request failed again and again, and the pauses between did not grow."""
    for calls in grouped(run.calls, lambda call: call.same).values():
        for row in _failures(calls):
            pauses = [later.began - call.exchange.at for call, later in pairwise(row)]
            if len(row) >= 3 and any(after < before * 1.2 for before, after in pairwise(pauses)):
                yield place(row[0]), f"the same request failed {counted(len(row), 'time')}, without growing pauses", row


def _failures(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """Rows of the same request where all but the last failed with a status that may pass."""
    row: list[Call] = []
    for call in calls:
        row.append(call)
        if call.status not in BUSY:
            yield row
            row = []
    yield row


@check(
    WARNING,
    "More requests at once than the endpoint takes",
    "Send requests to this endpoint one after another, or as many at once as details.max_concurrent tells.",
)
def too_many_at_once(run: Run) -> Found:
    """Refusals for the number of requests at once."""
    refused = [call for call in run.calls if call.exchange.reason == "TOO_MANY_AT_ONCE"]
    for calls in grouped(refused, place).values():
        yield place(calls[0]), f"{counted(len(calls), 'request')} were refused because too many ran at once", calls


# Repetition


@check(
    ERROR,
    "Repeated what is refused every time",
    "Do not retry a 4xx other than 429 and 408: mend the request first.",
)
def repeated_refusal(run: Run) -> Found:
    """The same request was refused for the same reason, with no write of the account in between."""
    for calls in grouped(run.calls, lambda call: call.exchange.client_id).values():
        last: dict[object, Call] = {}
        rows: dict[object, list[Call]] = {}
        for call in calls:
            before = last.get(call.same)
            if call.status in REPEATED and before is not None and before.exchange.reason == call.exchange.reason:
                rows.setdefault(call.same, [before]).append(call)
            if call.status in REPEATED:
                last[call.same] = call
            elif not call.reads and call.status < 400:
                last.clear()  # what was in the way may be gone
        for row in rows.values():
            times = counted(len(row), "time")
            what = f"the same request was refused {times} with {row[0].status} {row[0].exchange.reason}"
            yield place(row[0]), what, row


@check(
    ERROR,
    "Read an empty answer as a failure",
    "A 204 has no body: take it as an empty list, and do not parse it or ask again.",
)
def repeated_after_204(run: Run) -> Found:
    """An empty list of V2, answered with 204, was asked for again at once."""
    for calls in grouped(run.calls, lambda call: call.same).values():
        row = [
            later
            for call, later in pairwise(calls)
            if call.status == 204 and call.reads and later.began - call.exchange.at < 10
        ]
        if len(row) >= 2:
            yield (
                place(row[0]),
                f"a list that was empty (204) was asked for again {counted(len(row), 'time')} at once",
                row,
            )


@check(
    ERROR,
    "Created the same thing twice",
    "Send an Idempotency-Key with a POST that may be repeated, or look for the first one before the second.",
)
def created_twice(run: Run) -> Found:
    """The same POST succeeded more than once without a key; but for what is made anew each time, as carts and tokens,
    and for what makes nothing."""
    posted = [call for call in run.calls if call.method == "POST" and call.status in (200, 201) and call.exchange.body]
    made = [one for one in posted if one.action is not None and not (one.action.anew or one.action.calculates)]
    for calls in grouped(made, lambda call: call.same).values():
        open_calls = [call for call in calls if not call.exchange.header("idempotency-key")]
        if len(open_calls) > 1 and open_calls[0].action is not None and not open_calls[0].action.is_list:
            yield place(calls[0]), f"the same body was created {counted(len(open_calls), 'time')}", open_calls


@check(
    WARNING,
    "Repeated a failed create without a key",
    "Whether a POST that ended with 5xx was carried out is not known: send an Idempotency-Key with it.",
)
def repeated_create(run: Run) -> Found:
    """A POST was sent again after a failure, without an Idempotency-Key."""
    for calls in grouped((c for c in run.calls if c.method == "POST"), lambda call: call.same).values():
        row = [
            later
            for call, later in pairwise(calls)
            if call.status in (500, 502, 503, 504) and not later.exchange.header("idempotency-key")
        ]
        if row:
            yield place(row[0]), f"a POST that had failed was sent again {counted(len(row), 'time')} without a key", row
