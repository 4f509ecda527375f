"""Quotas: exact counts by the store's clock, on one process and on several workers (rules 10 and 11)."""

from __future__ import annotations

import asyncio
import itertools
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from bodega.access import quota as counting
from bodega.access.quota import HourAndWindow, HourlyQuota, SharedQuota, WindowQuota
from bodega.access.quota_counts import QuotaKeeper, kept_counts
from bodega.clock import Clock
from bodega.log import Log
from bodega.storage.opening import open_backend
from bodega.storage.registry import Account
from shop import Reply, Server, Shop

START = 1_899_997_200.0  # a whole hour
TIME = "/v2/time"


def oauth(shop: Shop, quota: int) -> Callable[[], Reply]:
    """Asks as an OAuth account with a quota a window."""
    token = shop.account(per_window=quota)
    return lambda: shop.get(TIME, token=token)


def basic(shop: Shop, quota: int) -> Callable[[], Reply]:
    """Asks as a Basic account with a quota an hour."""
    token = shop.account(kind="basic", per_hour=quota)
    header = "Basic " + b64encode(f"user:{token}".encode()).decode()
    return lambda: shop.get(TIME, token="", headers={"authorization": header})


def account_of(shop: Shop, **wanted: Any) -> Account:
    """The account that has these values."""
    known = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    return next(a for a in known if all(getattr(a, name) == value for name, value in wanted.items()))


def change(shop: Shop, account: Account, **changes: Any) -> None:
    """What `bodega account update` does: a new quota starts a new count."""
    if changes.keys() & {"per_window", "per_hour"}:
        changes["quota_epoch"] = account.quota_epoch + 1
    registry = shop.server.backend.registry
    shop.server.run(registry.save_account(msgspec.structs.replace(account, **changes)))
    shop.server.hear()


def test_every_oauth_reply_carries_the_four_headers(shop: Shop) -> None:
    """Rule 11: clients parse all four once one is there; the first request starts the window."""
    shop.freeze(START)
    ask = oauth(shop, 5)
    for used in range(1, 6):
        reply = ask()
        shown = {name: value for name, value in reply.headers.items() if name.startswith("x-rate-limit-")}
        assert shown == {
            "x-rate-limit-requests-left": str(5 - used),
            "x-rate-limit-requests-quota": "5",
            "x-rate-limit-time-reset-ms": "30000",
            "x-rate-limit-time-window-ms": "30000",
        }


def test_a_window_lets_exactly_its_quota_through_and_begins_again_after_30_seconds(shop: Shop) -> None:
    """Rule 11; RFC 6585 4: the refusal says when to come back."""
    shop.freeze(START)
    ask = oauth(shop, 3)
    assert [ask().status for _ in range(5)] == [200, 200, 200, 429, 429]
    shop.freeze(START + 12.5)
    late = ask()
    assert (late.status, late.reason) == (429, "WINDOW_QUOTA_SPENT")
    assert late.headers["x-rate-limit-time-reset-ms"] == "17500"
    assert late.headers["retry-after"] == late.headers["x-retry-after"] == "18"
    assert late.headers["x-rate-limit-requests-left"] == "0"
    shop.freeze(START + 29.999)
    assert ask().status == 429
    shop.freeze(START + 30)
    assert [ask().status for _ in range(4)] == [200, 200, 200, 429]


def test_a_clock_set_back_begins_a_new_window(shop: Shop) -> None:
    """The lab moves clocks; a count from the future is no count."""
    shop.freeze(START)
    ask = oauth(shop, 1)
    assert [ask().status for _ in range(2)] == [200, 429]
    shop.freeze(START - 3600)
    assert [ask().status for _ in range(2)] == [200, 429]


def test_an_hour_lets_exactly_its_quota_through_and_rolls_on_by_the_minute(shop: Shop) -> None:
    """Rule 10: 509; each minute leaves the count sixty minutes later."""
    ask = basic(shop, 5)
    shop.freeze(START)
    first = [ask() for _ in range(2)]
    assert [reply.headers["x-bc-apilimit-remaining"] for reply in first] == ["4", "3"]
    shop.freeze(START + 600)
    assert [ask().status for _ in range(4)] == [200, 200, 200, 509]
    spent = ask()
    assert (spent.status, spent.reason) == (509, "HOURLY_QUOTA_SPENT")
    assert spent.headers["x-bc-apilimit-remaining"] == "0"
    assert spent.headers["retry-after"] == spent.headers["x-retry-after"] == "3000"
    shop.freeze(START + 3599)
    assert ask().status == 509
    shop.freeze(START + 3600)
    assert [ask().status for _ in range(3)] == [200, 200, 509]
    assert ask().headers["x-retry-after"] == "600"
    shop.freeze(START + 4200)
    assert [ask().status for _ in range(4)] == [200, 200, 200, 509]


def test_a_clock_set_back_begins_a_new_hour(shop: Shop) -> None:
    """As for windows."""
    ask = basic(shop, 1)
    shop.freeze(START)
    assert [ask().status for _ in range(2)] == [200, 509]
    shop.freeze(START - 7200)
    assert [ask().status for _ in range(2)] == [200, 509]


@pytest.mark.parametrize("kind", [oauth, basic])
def test_a_quota_of_none_lets_nothing_through(shop: Shop, kind: Callable[[Shop, int], Callable[[], Reply]]) -> None:
    """An operator may close an account's quota."""
    assert kind(shop, 0)().status in (429, 509)


@pytest.mark.parametrize(("kind", "field"), [(oauth, "per_window"), (basic, "per_hour")])
def test_a_new_quota_starts_a_new_count(shop: Shop, kind: Any, field: str) -> None:
    """Design 7: `account update`; a change of anything else does not."""
    shop.freeze(START)
    ask = kind(shop, 2)
    assert [ask().status < 400 for _ in range(3)] == [True, True, False]
    change(shop, account_of(shop, **{field: 2}), scopes=frozenset({"store_v2_products"}))
    assert ask().status >= 400
    change(shop, account_of(shop, **{field: 2}), **{field: 3})
    assert [ask().status < 400 for _ in range(4)] == [True, True, True, False]
    change(shop, account_of(shop, **{field: 3}), **{field: 1})
    assert [ask().status < 400 for _ in range(2)] == [True, False]


def test_accounts_do_not_spend_each_others_quota(shop: Shop) -> None:
    """Counted per caller (design, step 6)."""
    one, other = oauth(shop, 1), oauth(shop, 1)
    assert [one().status, one().status, other().status, other().status] == [200, 429, 200, 429]


def test_refused_requests_cost_quota_too_but_unknown_callers_have_none(shop: Shop) -> None:
    """Step 6 comes before the route: a 404 counts; a 401 does not."""
    shop.freeze(START)
    token = shop.account(per_window=3)
    assert shop.get("/v3/nothing", token=token).headers["x-rate-limit-requests-left"] == "2"
    assert shop.get("/v3/nothing", token="wrong").status == 401
    assert shop.request("PATCH", TIME, token=token).status == 501
    assert shop.get(TIME, token=token).headers["x-rate-limit-requests-left"] == "1"


@pytest.mark.parametrize("kind", ["oauth", "basic"])
def test_an_account_that_is_disabled_is_refused_at_the_next_request(shop: Shop, kind: str) -> None:
    """Change notifications: what is remembered of a credential is forgotten with the change."""
    ask = (oauth if kind == "oauth" else basic)(shop, 1_000)
    assert ask().status == 200
    change(shop, account_of(shop, kind=kind, **({"per_window": 1_000} if kind == "oauth" else {})), disabled=True)
    assert ask().status == 401
    change(shop, account_of(shop, disabled=True), disabled=False)
    assert ask().status == 200


@pytest.mark.parametrize("kind", ["oauth", "basic"])
def test_an_account_that_is_revoked_is_refused_at_the_next_request(shop: Shop, kind: str) -> None:
    """As above, for good."""
    ask = (oauth if kind == "oauth" else basic)(shop, 1_000)
    assert ask().status == 200
    account = account_of(shop, kind=kind, **({"per_window": 1_000} if kind == "oauth" else {}))
    assert shop.server.run(shop.server.backend.registry.drop_account(shop.name, account.client_id))
    shop.server.hear()
    assert ask().status == 401


BOTH = ("x-bc-apilimit-remaining", "x-rate-limit-requests-left")


def beside(shop: Shop, window: int, hour: int) -> Callable[[], Reply]:
    """Asks as an OAuth account that has requests an hour beside its window."""
    token = shop.account(per_window=window, per_hour=hour)
    return lambda: shop.get(TIME, token=token)


def test_an_oauth_account_may_have_requests_an_hour_beside_its_window(shop: Shop) -> None:
    """429 while the window is spent, 509 when the hour is; every reply carries the headers of both."""
    shop.freeze(START)
    ask = beside(shop, 3, 5)
    replies = [ask() for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    told = [tuple(int(reply.headers[name]) for name in BOTH) for reply in replies]
    assert told == [(4, 2), (3, 1), (2, 0), (2, 0), (2, 0)], "a request that the window refuses costs the hour nothing"
    assert replies[-1].headers["x-retry-after"] == "30"
    shop.freeze(START + 60)
    replies = [ask() for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 509, 509]
    spent = replies[-1]
    assert spent.reason == "HOURLY_QUOTA_SPENT"
    assert [spent.headers[name] for name in BOTH] == ["0", "1"], "one that the hour refuses costs the window nothing"
    assert spent.headers["retry-after"] == spent.headers["x-retry-after"] == "3540"
    assert [name for name in spent.headers if name.startswith("x-rate-limit-")] == [
        "x-rate-limit-requests-left", "x-rate-limit-requests-quota", "x-rate-limit-time-reset-ms",
        "x-rate-limit-time-window-ms",
    ]  # fmt: skip
    shop.freeze(START + 3600)
    assert [ask().status for _ in range(4)] == [200, 200, 200, 509], "three of the first minute have left the hour"


@pytest.mark.parametrize(("window", "hour", "status"), [(0, 5, 429), (5, 0, 509), (0, 0, 509)])
def test_an_hour_beside_a_window_may_be_closed_as_either_may(shop: Shop, window: int, hour: int, status: int) -> None:
    """The hour is named first, as the order of the reasons has it."""
    assert beside(shop, window, hour)().status == status


# Over a restart


@pytest.fixture
def restarted(embedded: Server) -> Callable[[], None]:
    """Stops the embedded server and starts it again."""

    def restart() -> None:
        directory = embedded.backend.directory  # type: ignore[attr-defined]
        embedded.run(embedded.app.stop())
        backend = embedded.run(open_backend(directory, None))
        embedded.__init__(embedded.runner, backend)  # type: ignore[misc]

    return restart


KINDS: dict[str, Callable[[Shop], Callable[[], Reply]]] = {
    "oauth": lambda shop: oauth(shop, 5),
    "basic": lambda shop: basic(shop, 5),
    "both": lambda shop: beside(shop, 5, 100),
    "hour": lambda shop: beside(shop, 100, 5),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_survives_a_restart(embedded: Server, restarted: Callable[[], None], kind: str) -> None:
    """Of the embedded server; workers on PostgreSQL count in the registry itself."""
    shop = embedded.shop()
    shop.freeze(START)
    ask = KINDS[kind](shop)
    assert [ask().status for _ in range(3)] == [200] * 3
    restarted()
    assert [ask().status < 400 for _ in range(4)] == [True, True, False, False]
    restarted()
    assert ask().status in (429, 509)
    shop.freeze(START + 3600)
    restarted()
    assert [ask().status < 400 for _ in range(6)] == [True] * 5 + [False], "what was counted is over"


def test_a_new_quota_starts_a_new_count_over_a_restart_too(embedded: Server, restarted: Callable[[], None]) -> None:
    """The count that is kept is that of the old quota."""
    shop = embedded.shop()
    shop.freeze(START)
    ask = oauth(shop, 2)
    assert [ask().status for _ in range(3)] == [200, 200, 429]
    change(shop, account_of(shop, per_window=2), per_window=3)
    restarted()
    assert [ask().status for _ in range(4)] == [200, 200, 200, 429]


def test_counts_are_kept_while_the_server_runs(embedded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is killed forgets at most the last seconds; what did not change is not written again."""
    shop = embedded.shop()
    shop.freeze(START)
    ask = oauth(shop, 5)
    assert [ask().status for _ in range(2)] == [200, 200]
    keeper = QuotaKeeper(embedded.backend.registry.tx, embedded.app.stores.quotas_now, Log())
    embedded.run(keeper.save())
    client = account_of(shop, per_window=5).client_id
    kept = embedded.run(kept_counts(embedded.backend.registry.tx, shop.name))
    assert kept[client].counts == {str(round((START + 30) * 1000)): 2}
    written: list[str] = []

    async def run(sql: str, *_values: Any) -> None:
        written.append(sql)

    monkeypatch.setattr(embedded.backend.registry.tx, "run", run)
    embedded.run(keeper.save())
    assert written == []


def account(kind: str, quota: int) -> Account:
    return Account("c", "s", "n", kind, "", "", "", frozenset(), quota, quota, False, 0, 0)


def test_a_window_counts_like_a_list_of_moments() -> None:
    """However the clock goes forward, at most `quota` requests pass in the 30 s after the first."""
    window = WindowQuota(account("oauth", 4))
    now, began, passed = START, -1e9, 0
    for step in itertools.islice(itertools.cycle([0.0, 1.5, 0.25, 11.0, 29.875, 30.0, 0.125]), 200):
        now += step
        if now >= began + 30:
            began, passed = now, 0
        passed += 1
        assert (window.spend(now).left >= 0) == (passed <= 4)


def test_an_hour_counts_like_a_list_of_minutes() -> None:
    """At most `quota` requests pass in any sixty minutes on end."""
    hour = HourlyQuota(account("basic", 7))
    passed: list[int] = []
    now = START
    for step in itertools.islice(itertools.cycle([0, 61, 7, 600, 3, 1200, 59, 60, 1800, 5]), 400):
        now += step
        minute = int(now // 60)
        expected = sum(m > minute - 60 for m in passed) < 7
        assert (hour.spend(now).left >= 0) == expected
        if expected:
            passed.append(minute)


# Several workers


class Workers:
    """Two counts of one account as two workers keep them, on one registry; and how many requests they let through."""

    def __init__(self, server: Server, kind: str, quota: int, count: int = 2) -> None:
        shop = server.shop()
        shop.account(kind=kind, per_window=quota, per_hour=quota)
        self.account = account_of(shop, kind=kind, **{"per_window" if kind == "oauth" else "per_hour": quota})
        self.server = server
        self.tx = server.backend.registry.tx
        self.counts = [SharedQuota(self.account) for _ in range(count)]

    def spend(self, pattern: list[int], now: float, at_once: int = 40) -> int:
        """Requests of the workers named, in this order, so many at once: how many are let through."""

        async def work() -> int:
            through = 0
            waiting = iter(pattern)
            while batch := list(itertools.islice(waiting, at_once)):
                spent = await asyncio.gather(*(self.counts[worker].reserve(self.tx, now) for worker in batch))
                through += sum(one.left >= 0 for one in spent)
            return through

        return int(self.server.run(work()))


@pytest.fixture
def shared(runner: asyncio.Runner, postgres_url: str) -> Iterator[Server]:
    """A server on PostgreSQL: the only place where workers share a count."""
    running = Server(runner, runner.run(open_backend(None, postgres_url)))
    yield running
    runner.run(running.app.stop())


PATTERNS: dict[str, Callable[[int], list[int]]] = {
    "in turns": lambda n: [i % 2 for i in range(n)],
    "one after the other": lambda n: [0] * (n // 2) + [1] * (n - n // 2),
    "one only at the very end": lambda n: [0] * (n - 5) + [1] * 5,
    "one worker asked once": lambda n: [1] + [0] * (n - 1),
    "one worker alone": lambda n: [0] * n,
}


@pytest.mark.parametrize("kind", ["oauth", "basic"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("quota", [1, 100, 1_300])
def test_workers_let_exactly_the_quota_through_together(shared: Server, kind: str, pattern: str, quota: int) -> None:
    """Issue 5's promise, kept from the start: never one more, and never one less, however requests are spread."""
    workers = Workers(shared, kind, quota)
    assert workers.spend(PATTERNS[pattern](quota + 60), START) == quota
    later = START + (30 if kind == "oauth" else 3600)
    assert workers.spend(PATTERNS[pattern](quota + 60), later) == quota


def test_requests_in_plenty_cost_few_trips(shared: Server) -> None:
    """A handful is taken at once while plenty is left."""
    workers = Workers(shared, "oauth", 20_000, count=1)
    trips = 0
    tx = workers.tx

    class Counted:
        dialect = tx.dialect

        def __getattr__(self, name: str) -> Any:
            nonlocal trips
            trips += name == "row"
            return getattr(tx, name)

    workers.tx = Counted()  # type: ignore[assignment]
    assert workers.spend([0] * 2_000, START, at_once=1) == 2_000
    assert trips <= 2_000 / counting.HANDFUL + 2


def test_units_that_a_worker_does_not_use_come_back(shared: Server) -> None:
    """Held for a quarter of a second, then given back."""
    workers = Workers(shared, "oauth", 5_000)
    assert workers.spend([0], START) == 1
    sql = "SELECT counts, held FROM quotas WHERE client_id = $1"
    give_up = time.monotonic() + 60
    while True:
        shared.run(asyncio.sleep(counting.HOLD_SECONDS))
        row = shared.run(workers.tx.row(sql, workers.account.client_id))
        if row[1] == 0 or time.monotonic() > give_up:  # a busy machine gives them back a little later
            break
    assert (list(msgspec.json.decode(row[0]).values()), row[1]) == ([1], 0)


def test_a_worker_that_died_holding_units_costs_a_handful_and_two_seconds(shared: Server) -> None:
    """What a dead worker took counts as spent, and is waited for no longer than that."""
    workers = Workers(shared, "oauth", 1_200)
    assert workers.spend([1], START) == 1
    dead = workers.counts[1]
    assert dead._timer is not None
    dead._timer.cancel()
    through = workers.spend([0] * 1_300, START)
    assert 1_200 - 1 - counting.HANDFUL <= through < 1_200


def test_workers_share_an_hour_beside_a_window(shared: Server) -> None:
    """Exactly the smaller of the two passes, however requests are spread; what one refuses costs the other nothing."""
    shop = shared.shop()
    shop.account(per_window=30, per_hour=100)
    found = account_of(shop, per_window=30)
    tx = shared.backend.registry.tx
    counts = [HourAndWindow(found, shared=True) for _ in range(2)]

    async def through(asked: int, now: float) -> tuple[int, int]:
        spent = [await counts[turn % 2].spend(tx, now) for turn in range(asked)]
        passed = sum(window.left >= 0 and hour.left >= 0 for window, hour in spent)
        return passed, sum(hour.left < 0 for _window, hour in spent)

    assert [shared.run(through(40, START + 40 * turn))[0] for turn in range(4)] == [30, 30, 30, 10]
    assert shared.run(through(5, START + 160)) == (0, 5)
    assert shared.run(through(40, START + 3600))[0] == 30


def test_clocks_a_little_apart_do_not_start_the_window_anew(shared: Server) -> None:
    """Two machines never agree to the millisecond."""
    workers = Workers(shared, "oauth", 10)
    assert workers.spend([0] * 5, START) == 5
    assert workers.spend([1] * 6, START - 0.5) == 5
    assert workers.spend([0] * 3, START + 0.2) == 0


def test_a_worker_that_has_not_heard_of_a_new_quota_does_not_set_the_count_back(shared: Server) -> None:
    """The notification takes a moment; meanwhile the later epoch's count is the account's."""
    workers = Workers(shared, "oauth", 10, count=1)
    assert workers.spend([0] * 4, START) == 4
    workers.counts.append(SharedQuota(msgspec.structs.replace(workers.account, quota_epoch=1)))
    assert workers.spend([1] * 3, START) == 3
    workers.counts[0] = SharedQuota(workers.account)
    assert workers.spend([0] * 20, START) == 7
    assert workers.spend([1] * 20, START) == 0


def test_two_applications_let_exactly_the_quota_through(
    shared: Server, runner: asyncio.Runner, postgres_url: str
) -> None:
    """Two workers as they run, on the wire of ASGI, with accounts, notifications and all."""
    other = Server(runner, runner.run(open_backend(None, postgres_url)))
    try:
        shop = shared.shop()
        twin = Shop(other, shop.name)
        token = shop.account(per_window=100)
        statuses = [(shop, twin)[turn % 2].get(TIME, token=token).status for turn in range(130)]
        assert statuses == [200] * 100 + [429] * 30
        change(shop, account_of(shop, per_window=100), disabled=True)
        assert [one.get(TIME, token=token).status for one in (shop, twin)] == [401, 401]
    finally:
        runner.run(other.app.stop())


def test_an_account_that_vanishes_while_it_is_counted_does_not_break_the_house(shared: Server) -> None:
    """Revoked between the credentials and the count."""
    workers = Workers(shared, "oauth", 10)
    shared.run(shared.backend.registry.drop_account(workers.account.store, workers.account.client_id))
    assert workers.spend([0, 1, 0], START) == 0


def test_a_window_that_was_frozen_is_unfrozen(shop: Shop) -> None:
    """A clock that runs again counts on from the present."""
    shop.freeze(START)
    ask = oauth(shop, 1)
    assert [ask().status for _ in range(2)] == [200, 429]
    shop.change(clock=Clock())
    assert ask().status == 200
