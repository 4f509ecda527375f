"""Fault rules as data: how they are read, which calls they are about, and which of those they strike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.lab.faults.chance import Tosses, chosen
from bodega.lab.faults.matching import DeliveryFacts, RequestFacts, concerns_delivery, concerns_request
from bodega.lab.faults.reading import PARTS, READERS, FaultRefused, as_written, effect_of, rule_of
from bodega.lab.faults.rule import Effect, FaultRule, Schedule, effect_words
from bodega.law.reasons import Reason

ORDER = RequestFacts(
    "POST",
    "/v3/orders/7/refunds",
    "POST /v3/orders/{order_id}/refunds",
    ("abc123", "my app", ""),
    {"user-agent": "client/1.2", "x-trace": "a/b"},
    {"items": [{"sku": "A-1", "quantity": 2}], "test": True, "note": None},
)


def rule(effect: dict[str, Any] | None = None, *, schedule: dict[str, Any] | None = None, **match: Any) -> FaultRule:
    """A rule that answers 503, unless told otherwise."""
    return rule_of({"match": match, "schedule": schedule or {}, "effect": effect or {"status": 503}}, "r1")


# Matching


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"method": "post"},
        {"method": ["PUT", "POST"]},
        {"path": "/v3/orders/7/refunds"},
        {"path": "/v3/orders/*/refunds"},
        {"path": "/v3/orders/{id}/refunds"},
        {"path": "/v3/**"},
        {"path": "**/refunds"},
        {"operation": "POST /v3/orders/{id}/refunds"},
        {"account": "abc123"},
        {"account": "my app"},
        {"headers": {"User-Agent": "client/*"}},
        {"headers": {"X-Trace": "*"}},
        {"body": {"items.0.sku": "A-*"}},
        {"body": {"items.0.quantity": 2, "test": True}},
        {"body": {"note": None}},
    ],
)
def test_a_rule_is_about_a_request(match: dict[str, Any]) -> None:
    assert concerns_request(rule(**match), ORDER, 0)


@pytest.mark.parametrize(
    "match",
    [
        {"method": "GET"},
        {"path": "/v3/orders/*"},
        {"path": "/v3/orders/7/refund"},
        {"path": "/v2/**"},
        {"operation": "GET /v3/orders/{id}/refunds"},
        {"account": "my"},
        {"headers": {"user-agent": "other*"}},
        {"headers": {"accept": "*"}},
        {"body": {"items.1.sku": "A-1"}},
        {"body": {"items.0.quantity": 3}},
        {"body": {"test": 1}},
        {"body": {"absent": None}},
        {"method": "POST", "account": "nobody"},
    ],
)
def test_a_rule_is_not_about_a_request(match: dict[str, Any]) -> None:
    assert not concerns_request(rule(**match), ORDER, 0)


def test_a_window_is_of_the_stores_time() -> None:
    timed = rule(schedule={"from": "2030-01-01T00:00:00Z", "until": 1893456000 + 60})
    assert [concerns_request(timed, ORDER, 1893456000 + s) for s in (-1, 0, 59, 60)] == [False, True, True, False]


def test_rules_of_webhooks_and_of_requests_do_not_meet() -> None:
    event = DeliveryFacts("store/order/created", "https://example.com/hook?a=b", 3)
    lost = rule({"webhook": "dropped"}, scope="store/order/*", destination="https://example.com/**", hook_id=3)
    assert concerns_delivery(lost, event, 0)
    assert not concerns_request(lost, ORDER, 0)
    assert not concerns_delivery(rule(), event, 0)
    assert not concerns_delivery(rule({"webhook": "dropped"}, scope="store/product/*"), event, 0)


# Schedules


def struck(calls: int = 30, **schedule: Any) -> list[int]:
    """The numbers of the calls that are struck."""
    tosses = Tosses(rule(schedule=schedule).schedule)
    return [number for number in range(1, calls + 1) if tosses.strikes(number)]


def test_which_calls_are_struck() -> None:
    assert struck(4) == [1, 2, 3, 4]
    assert struck(nth=3) == [3]
    assert struck(every=10) == [10, 20, 30]
    assert struck(count=3) == [1, 2, 3]
    assert struck(every=4, count=2) == [4, 8]
    assert struck(probability=0) == []


def test_the_same_seed_gives_the_same_faults_and_another_gives_others() -> None:
    assert struck(200, probability=0.3, seed=5) == struck(200, probability=0.3, seed=5)
    assert struck(200, probability=0.3, seed=5) != struck(200, probability=0.3, seed=6)
    assert 400 < len(struck(2000, probability=0.25)) < 600


SCHEDULES = st.builds(
    Schedule,
    nth=st.integers(0, 20),
    every=st.integers(0, 7),
    probability=st.sampled_from([0.0, 0.2, 0.7, 1.0]),
    count=st.integers(0, 5),
    seed=st.integers(0, 99),
)


@given(SCHEDULES, st.permutations(range(1, 31)))
def test_what_a_call_gets_depends_on_its_number_alone(schedule: Schedule, order: list[int]) -> None:
    """Workers get their numbers in any order."""
    one_by_one = [number for number in range(1, 31) if Tosses(schedule).strikes(number)]
    shared = Tosses(schedule)
    assert sorted(number for number in order if shared.strikes(number)) == one_by_one
    assert Tosses(schedule).struck(30) == len(one_by_one)
    if one_by_one and Tosses(schedule).is_over(one_by_one[-1]):
        assert not [number for number in range(one_by_one[-1] + 1, 60) if Tosses(schedule).strikes(number)]


def test_rules_add_up_and_the_older_one_counts() -> None:
    rules = [
        rule({"latency": 200}),
        rule({"reason": "MAINTENANCE"}),
        rule({"status": 429, "retry_after": 9, "latency": 5}),
    ]
    injected = chosen([(one, Tosses(one.schedule), 1) for one in rules])
    assert injected is not None
    assert injected.effect == Effect(latency=(200, 200), reason="MAINTENANCE")
    assert len(injected.rules) == 3
    assert chosen([(rules[0], Tosses(Schedule(nth=2)), 1)]) is None


def test_a_range_of_latency_is_kept_to_and_seeded() -> None:
    slow = rule({"latency": [100, 200]}, schedule={"seed": 4})
    found = [chosen([(slow, Tosses(slow.schedule), n)]).latency for n in range(1, 50)]  # type: ignore[union-attr]
    assert all(0.1 <= seconds <= 0.2 for seconds in found)
    assert len(set(found)) > 10
    assert found == [chosen([(slow, Tosses(slow.schedule), n)]).latency for n in range(1, 50)]  # type: ignore[union-attr]


# Reading


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({"efect": {"status": 503}}, "efect", "Did you mean effect?"),
        ({"effect": {"staus": 503}}, "effect.staus", "Did you mean status?"),
        ({"effect": {"status": 418}}, "effect.status", "one that the law knows: 200, 201"),
        ({"effect": {"reason": "MAINTENENCE"}}, "effect.reason", "Did you mean MAINTENANCE?"),
        ({"effect": {"reason": "DUPLICATE", "status": 404}}, "effect.status", "which is 409."),
        ({"effect": {}}, "effect", "must say what is done"),
        ({"effect": {"retry_after": 3}}, "effect.retry_after", "needs a status or a reason"),
        ({"effect": {"latency": [9, 3]}}, "effect.latency", "the least first"),
        ({"effect": {"latency": 1e9}}, "effect.latency", "a whole number"),
        ({"effect": {"webhook": "lost"}}, "effect.webhook", "dropped, doubled"),
        ({"effect": {"webhook": "dropped", "status": 503}}, "effect.status", "does not go with webhook"),
        ({"effect": {"status": 503, "delay": 3}}, "effect.delay", "latency"),
        ({"match": {"scope": "a"}, "effect": {"status": 503}}, "match.scope", "does not go with effects on requests"),
        ({"match": {"path": "v3/orders"}, "effect": {"status": 503}}, "match.path", "/v3/orders"),
        ({"match": {"method": 3}, "effect": {"status": 503}}, "match.method", "a method"),
        ({"match": {"operation": "GET /v3/order"}, "effect": {"status": 503}}, "match.operation", "GET /v3/orders?"),
        ({"match": {"body": []}, "effect": {"status": 503}}, "match.body", "must map"),
        ({"schedule": {"nth": 0}, "effect": {"status": 503}}, "schedule.nth", "from 1"),
        ({"schedule": {"nth": True}, "effect": {"status": 503}}, "schedule.nth", "whole number"),
        ({"schedule": {"probability": 2}, "effect": {"status": 503}}, "schedule.probability", "from 0 to 1"),
        ({"schedule": {"from": "soon"}, "effect": {"status": 503}}, "schedule.from", "2030-01-31"),
        ({"schedule": [], "effect": {"status": 503}}, "schedule", "must be an object"),
    ],
)
def test_a_mistake_is_named(given: Any, place: str, said: str) -> None:
    with pytest.raises(FaultRefused) as caught:
        rule_of(given, "r", ["GET /v3/orders", "POST /v3/orders"])
    assert list(caught.value.faults) == [place]
    assert said in caught.value.faults[place]


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(FaultRefused) as caught:
        rule_of({"match": {"a": 1}, "schedule": {"every": "x"}, "effect": {"broken": 3}}, "r")
    assert set(caught.value.faults) == {"match.a", "schedule.every", "effect.broken"}


@pytest.mark.parametrize("given", [None, [], "503", 3])
def test_a_rule_is_an_object(given: Any) -> None:
    with pytest.raises(FaultRefused):
        rule_of(given, "r")


def test_every_member_of_a_rule_has_a_reader() -> None:
    assert set(READERS) == {name for names in PARTS.values() for name in names}


def test_a_rule_is_written_as_it_is_read() -> None:
    given = {
        "match": {"method": ["PUT"], "path": "/v3/**", "headers": {"a": "b"}, "body": {"c.d": [1]}, "account": "x"},
        "schedule": {"every": 3, "probability": 0.5, "from": 5.0, "until": 9.0, "seed": 7, "count": 2},
        "effect": {"status": 409, "field": "name", "latency": [1, 5], "truncate": 0, "disconnect": "after"},
    }
    read = rule_of(given, "r")
    assert as_written(read) == {
        **given,
        "match": {**given["match"], "method": ("PUT",)},
        "effect": {**given["effect"], "latency": (1, 5)},
    }
    assert rule_of(as_written(read), "r") == read


# The header


@pytest.mark.parametrize(
    ("header", "effect"),
    [
        ("503;retry-after=2", Effect(status=503, retry_after=2)),
        ("MAINTENANCE", Effect(reason="MAINTENANCE")),
        ("no-such-entity; latency = 200-800", Effect(reason="NO_SUCH_ENTITY", latency=(200, 800))),
        ("latency=200;disconnect=after", Effect(latency=(200, 200), disconnect="after")),
        ("broken", Effect(broken=True)),
        ("truncate=10;bytes-per-second=100", Effect(truncate=10, bytes_per_second=100)),
        ("rate-limit=missing", Effect(rate_limit="missing")),
        ("status=400;field=price", Effect(status=400, field="price")),
    ],
)
def test_a_header_asks_for_an_effect(header: str, effect: Effect) -> None:
    assert effect_of(header) == effect
    assert effect_of(effect_words(effect)) == effect


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "asks for nothing"),
        ("latncy=3", "Did you mean latency?"),
        ("maintenence", "Did you mean maintenance?"),
        ("webhook=dropped", "is no fault"),
        ("503;503", "said twice"),
        ("999", "one that the law knows"),
        ("latency=soon", "latency must be a whole number"),
        ("retry-after=3", "retry-after needs a status"),
    ],
)
def test_a_header_that_asks_for_nothing_that_there_is(header: str, said: str) -> None:
    with pytest.raises(FaultRefused, match=said.replace("?", r"\?")):
        effect_of(header)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_every_reason_can_be_asked_for_by_name(reason: Reason) -> None:
    assert effect_of(reason.name.lower().replace("_", "-")).reason == reason.name
