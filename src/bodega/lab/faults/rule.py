"""A fault rule: which calls it is about, which of those it strikes, and what it does to them.

A rule is data, kept as JSON in the registry. It concerns requests, or attempts to deliver webhooks (`effect.webhook`).
`reading.py` checks what people write; here a rule is right.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Webhook = Literal["dropped", "doubled", "delayed", "reordered", "unsigned", "badly_signed"]
Disconnect = Literal["before", "after"]
RateLimit = Literal["missing", "wrong"]


class Match(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which calls a rule is about: all that is given must hold, and what is not given is not asked.

    `path` and the values of `headers` are patterns: `*` stands for anything but a slash, `**` for anything, `{name}`
    for one segment; a path begins below the store, as /v3/orders/*. `operation` is a method and a path of
    docs/routes.md. `account` is a client id, a name, or a Basic user. `body` maps members, as `items.0.sku`, to JSON
    values; text may be a pattern. The last three are about webhooks: a scope, a destination, the id of a hook.
    """

    method: tuple[str, ...] = ()
    path: str = ""
    operation: str = ""
    account: str = ""
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}
    scope: str = ""
    destination: str = ""
    hook_id: int = 0


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """Which of the calls that match are struck: all that is given must hold.

    Calls are numbered from 1: the `nth` alone, each `every`-th, each with a `probability` (0 to 1) that follows from
    `seed` and its number, at most `count` of them. Only calls between `from` and `until` (UTC seconds by the store's
    clock, the end not included) are looked at, and numbered.
    """

    nth: int = 0
    every: int = 0
    probability: float = 1.0
    count: int = 0
    since: float | None = None
    until: float | None = None
    seed: int = 0


class Effect(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is done to a call. Several may be given; 0, empty and None do nothing.

    `status` or `reason`: what the law answers instead; `retry_after` in seconds and `field` go into that answer.
    `latency`: milliseconds before the answer leaves, one number or the least and the most. `bytes_per_second`: how fast
    the body leaves. `truncate`: how many bytes of it leave before the connection ends, although Content-Length promises
    all. `broken`: the body cannot be parsed. `disconnect`: the connection ends without an answer, before the request is
    carried out or after. `rate_limit`: the headers of quotas are missing, or wrong. `webhook`: what becomes of a
    delivery; `delay` is in seconds by the store's clock.
    """

    status: int = 0
    reason: str = ""
    retry_after: int | None = None
    field: str = ""
    latency: tuple[int, int] | None = None
    bytes_per_second: int = 0
    truncate: int | None = None
    broken: bool = False
    disconnect: Disconnect | None = None
    rate_limit: RateLimit | None = None
    webhook: Webhook | None = None
    delay: int = 0


class FaultRule(msgspec.Struct, frozen=True):
    """A rule as it is kept; `id` is unique for ever."""

    id: str
    match: Match = Match()
    schedule: Schedule = Schedule()
    effect: Effect = Effect()

    @property
    def of_webhooks(self) -> bool:
        """Whether it concerns deliveries, and not requests."""
        return self.effect.webhook is not None


def effect_words(effect: Effect) -> str:
    """An effect as the header Bodega-Fault spells it."""
    words = [effect.reason or str(effect.status)] if effect.reason or effect.status else []
    for name, value in msgspec.to_builtins(effect).items():
        if name in ("status", "reason") or value is None:
            continue
        if name == "latency":
            least, most = value
            value = least if least == most else f"{least}-{most}"
        word = name.replace("_", "-")
        words.append(word if value is True else f"{word}={value}")
    return ";".join(words)
