"""Operations of the lab that meet at one store: each is carried out or refused, none fails, and rows stay right."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bodega.storage.opening import open_backend
from lab import Bench, House
from statistics_check import check_statistics


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: Any) -> Iterator[Bench]:
    """A lab on each database."""
    url = request.getfixturevalue("own_database") if request.param == "postgres" else None
    made = Bench(House(runner, runner.run(open_backend(tmp_path_factory.mktemp("races"), url))))
    yield made
    made.stop()


def test_a_store_that_goes_while_others_work_on_it_is_not_there(bench: Bench) -> None:
    account = {"name": "app", "client_id": "race-id", "token": "race-token", "unlimited": True}
    bench.say("POST", "/stores", {"hash": "race", "plan": "enterprise", "accounts": [account]})
    bench.say("POST", "/stores/race/snapshots", {"name": "a"})
    rng = random.Random(4)
    failed: list[Any] = []

    async def ask(method: str, path: str, body: Any = None) -> None:
        reply = await bench.asked(method, path, body, headers={"x-auth-token": "race-token"})
        if reply.status == 500:
            failed.append((method, path, reply.body))

    async def client(number: int) -> None:
        for turn in range(8):
            fork = f"/stores/fork-{rng.randrange(2)}"
            store = rng.choice([fork, fork, "/stores/race"])
            name = {"name": f"brand {number} {turn}"}
            asks = [
                ("POST", "/stores/race/fork", {"hash": fork[8:]}), ("DELETE", fork, None),
                ("POST", f"{store}/snapshots", {"name": "a"}), ("POST", f"{store}/snapshots/a/restore", None),
                ("POST", "/stores/race/v3/catalog/brands", name), ("POST", f"{store}/reset", None),
                ("GET", f"{store}/diff?from=a", None),
                ("POST", f"{store}/faults", {"effect": {"latency": 1}, "schedule": {"count": 1}}),
            ]  # fmt: skip
            await ask(*rng.choice(asks))

    async def all_of_them() -> None:
        await asyncio.gather(*map(client, range(12)))

    bench.run(all_of_them())
    assert failed == []
    check_statistics(cast("Any", SimpleNamespace(server=bench, name="race")))
