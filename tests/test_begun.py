"""A request that was begun outside of a task goes on within one, whatever becomes of what it waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bodega.http.begun import Begun
from bodega.http.response import Response
from bodega.server.whole import Whole


def end(response: Response) -> Whole:
    return Whole(response.status, [], response.body)


async def waiting(futures: list[asyncio.Future[bytes]]) -> Response:
    """Waits for each; what fails becomes the body."""
    parts = []
    for future in futures:
        try:
            parts.append(await future)
        except ValueError as error:
            parts.append(str(error).encode())
    return Response(200, [], b" ".join(parts))


def begun(futures: list[asyncio.Future[bytes]]) -> Begun:
    coroutine = waiting(futures)
    return Begun(coroutine, coroutine.send(None), end)


async def reply_of(one: Begun) -> Whole:
    return await one


def test_failures_reach_the_request(runner: asyncio.Runner) -> None:
    async def all_of_it() -> Any:
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(3)]
        task = asyncio.create_task(reply_of(begun(futures)))
        for future, outcome in zip(futures, (ValueError("no"), b"yes", ValueError("never")), strict=True):
            await asyncio.sleep(0)
            if isinstance(outcome, bytes):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
        return (await task).body

    assert runner.run(all_of_it()) == b"no yes never"


def test_it_can_be_cancelled(runner: asyncio.Runner) -> None:
    async def all_of_it() -> None:
        task = asyncio.create_task(reply_of(begun([asyncio.get_running_loop().create_future()])))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    runner.run(all_of_it())


def test_what_failed_reaches_a_request_that_goes_on_outside_of_a_task(runner: asyncio.Runner) -> None:
    async def all_of_it() -> list[Any]:
        loop = asyncio.get_running_loop()
        told: list[Any] = []
        futures = [loop.create_future() for _ in range(2)]
        one = begun(futures)
        for future, outcome in zip(futures, (ValueError("no"), b"yes"), strict=True):
            assert one.waits_for is future
            future._asyncio_future_blocking = False  # as the server does it
            if isinstance(outcome, bytes):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
            told.append(one.go_on())
        lost = loop.create_future()
        another = begun([lost])
        lost.cancel()
        with pytest.raises(asyncio.CancelledError):
            another.go_on()
        return [reply and reply.body for reply in told]

    assert runner.run(all_of_it()) == [None, b"no yes"]
