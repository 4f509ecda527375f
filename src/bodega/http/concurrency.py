"""How many requests of an endpoint a store answers at once (rule 31): held from step 13 until the reply is made.

Each process counts its own. An owner's requests and tasks are not counted, nor is a store that switched it off.
"""

from __future__ import annotations

from bodega.access.plans import WINDOW_MS
from bodega.http.app_context import Caller
from bodega.http.products import RoutedRequest
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal

WAIT_SECONDS = 1


def begin(routed: RoutedRequest) -> None:
    """Takes one of the endpoint's places. Raises Refusal when there is none."""
    caller, action = routed.caller, routed.action
    store = caller.store
    if not caller.limited or not store.settings["limits.concurrent"]:
        return
    under_way = store.under_way.setdefault(action, set())
    if len(under_way) >= action.max_concurrent:
        raise too_many(caller, action.max_concurrent)
    under_way.add(routed.request.request_id)


def too_many(caller: Caller, maximum: int, seconds: int = WAIT_SECONDS) -> Refusal:
    """The refusal of one request more than the maximum."""
    wait = str(seconds).encode()
    headers: list[Header] = [(b"retry-after", wait), (b"x-retry-after", wait)]
    if caller.account.kind == "basic":  # has no window, but clients read all four headers on every 429
        headers += _window(maximum)
    return Refusal(Reason.TOO_MANY_AT_ONCE, details={"max_concurrent": maximum}, headers=headers)


def end(routed: RoutedRequest) -> None:
    """Gives the place back, if the request had one."""
    under_way = routed.caller.store.under_way.get(routed.action)
    if under_way is not None:
        under_way.discard(routed.request.request_id)


def _window(maximum: int) -> list[Header]:
    return [
        (b"x-rate-limit-requests-left", b"0"),
        (b"x-rate-limit-requests-quota", b"%d" % maximum),
        (b"x-rate-limit-time-reset-ms", b"%d" % (WAIT_SECONDS * 1000)),
        (b"x-rate-limit-time-window-ms", b"%d" % WINDOW_MS),
    ]
