"""What a server does again and again beside its requests."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable

import pytest

from bodega import periodic
from bodega.log import Log
from bodega.periodic import PeriodicJob
from bodega.storage.tx import Busy

PATIENCE = 60.0


def counted(rounds: list[int], error: Exception | None = None) -> Callable[[], Awaitable[None]]:
    """Work that counts its rounds, and fails in the first."""

    async def work() -> None:
        rounds.append(len(rounds))
        if error is not None and len(rounds) == 1:
            raise error

    return work


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - it waits for what the job does
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("error", "logged"), [(ValueError("what"), 1), (Busy("gone"), 0), (None, 0)])
def test_a_round_that_fails_is_told_and_the_next_one_comes(
    runner: asyncio.Runner, error: Exception | None, logged: int
) -> None:
    rounds: list[int] = []
    raw = io.BytesIO()
    job = PeriodicJob(0.005, counted(rounds, error), Log(raw), "it failed")

    async def run() -> None:
        job.start()
        await until(lambda: len(rounds) > 2)
        await job.stop()

    runner.run(run())
    told = [json.loads(line) for line in raw.getvalue().splitlines()]
    assert [one["event"] for one in told] == ["it failed"] * logged
    assert all("ValueError: what" in one["traceback"] for one in told)
    count = len(rounds)
    runner.run(asyncio.sleep(0.03))
    assert len(rounds) == count, "it was stopped"


@pytest.mark.parametrize("last", [True, False])
def test_the_work_is_done_once_more_at_the_end(runner: asyncio.Runner, last: bool) -> None:
    rounds: list[int] = []
    job = PeriodicJob(PATIENCE, counted(rounds), Log(), "it failed", last=last)

    async def run() -> None:
        await job.stop()
        assert rounds == [], "it was not started"
        job.start()
        await job.stop()
        await job.stop()

    runner.run(run())
    assert len(rounds) == int(last)


def test_a_job_can_be_woken(runner: asyncio.Runner) -> None:
    rounds: list[int] = []
    job = PeriodicJob(10 * PATIENCE, counted(rounds), Log(), "it failed")

    async def run() -> None:
        job.start()
        job.wake()
        await until(lambda: len(rounds) == 1)
        await job.stop()

    runner.run(run())


def test_a_round_that_is_under_way_ends_before_the_job_does(runner: asyncio.Runner) -> None:
    told: list[str] = []

    async def work() -> None:
        told.append("begun")
        await asyncio.sleep(0.05)
        told.append("ended")

    job = PeriodicJob(0.001, work, Log(), "it failed")

    async def run() -> None:
        job.start()
        await until(lambda: "begun" in told)
        await job.stop()

    runner.run(run())
    assert told[-1] == "ended"


def test_a_round_that_hangs_does_not_hold_up_the_end(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "GRACE_SECONDS", 0.05)
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)
        await asyncio.sleep(10 * PATIENCE)

    job = PeriodicJob(0.001, work, Log(), "it failed", last=True)

    async def run() -> None:
        job.start()
        await until(lambda: bool(begun))
        async with asyncio.timeout(PATIENCE):
            await job.stop()

    runner.run(run())
    assert begun == [1]
