"""A fault rule in words: which calls, which of those, and what happens to them."""

from __future__ import annotations

from bodega.dates import iso
from bodega.lab.faults.rule import Effect, FaultRule, Match, Schedule

_OF_DELIVERIES = {
    "dropped": "it is not sent",
    "doubled": "it is sent twice",
    "delayed": "it is sent {delay} s late",
    "reordered": "it is held back up to {delay} s, and overtaken by later ones",
    "unsigned": "it is sent without a signature",
    "badly_signed": "it is sent with a wrong signature",
}


def about(rule: FaultRule) -> str:
    """Which calls a rule is about: `Requests GET /v3/orders/*, of the account erp`."""
    match = rule.match
    if rule.of_webhooks:
        named = [f"of {match.scope}"] if match.scope else []
        named += [f"to {match.destination}"] if match.destination else []
        named += [f"of webhook {match.hook_id}"] if match.hook_id else []
        return " ".join(["Deliveries of webhooks" if not match.scope else "Deliveries", *named])
    parts = [_requests(match)]
    parts += [f"of the account {match.account}"] if match.account else []
    parts += [f"with the header {name}: {pattern}" for name, pattern in match.headers.items()]
    parts += [f"with {name} = {value} in the body" for name, value in match.body.items()]
    return ", ".join(parts)


def _requests(match: Match) -> str:
    what = match.operation or " ".join(filter(None, ("/".join(match.method), match.path)))
    return f"Requests {what}" if what else "All requests"


def often(schedule: Schedule) -> str:
    """Which of those calls it strikes: `every 2nd, with a chance of 50 %, at most 3 times`."""
    parts = [f"the {_nth(schedule.nth)} only"] if schedule.nth else []
    parts += [f"every {_nth(schedule.every)}"] if schedule.every > 1 else []
    parts += [f"with a chance of {schedule.probability * 100:g} %"] if schedule.probability < 1 else []
    parts += [f"at most {_times(schedule.count)}"] if schedule.count else []
    parts += [f"from {iso(int(schedule.since))}"] if schedule.since is not None else []
    parts += [f"until {iso(int(schedule.until))}"] if schedule.until is not None else []
    return ", ".join(parts) or "every time"


def happens(effect: Effect) -> str:
    """What is done to them: `answered 503, after 200 to 800 ms`."""
    if effect.webhook is not None:
        return _OF_DELIVERIES[effect.webhook].format(delay=effect.delay)
    parts = [" ".join(filter(None, ("answered", str(effect.status or ""), effect.reason)))] if _refuses(effect) else []
    parts += [f"asked to retry after {effect.retry_after} s"] if effect.retry_after is not None else []
    parts += [f"naming the field {effect.field}"] if effect.field else []
    parts += [_late(*effect.latency)] if effect.latency is not None else []
    parts += [f"sent at {effect.bytes_per_second} bytes a second"] if effect.bytes_per_second else []
    parts += [f"cut off after {effect.truncate} bytes"] if effect.truncate is not None else []
    parts += ["with a body that cannot be parsed"] if effect.broken else []
    parts += [f"disconnected {effect.disconnect} it is carried out"] if effect.disconnect else []
    parts += [f"with quota headers {effect.rate_limit}"] if effect.rate_limit else []
    return ", ".join(parts)


def _refuses(effect: Effect) -> bool:
    return bool(effect.status or effect.reason)


def _late(least: int, most: int) -> str:
    return f"{least} ms late" if least == most else f"{least} to {most} ms late"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
