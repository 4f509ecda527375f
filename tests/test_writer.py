"""The writer of a store: jobs that share a transaction, what a refusal costs, and what is kept in between."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bodega.lab import copies
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.catalog import brands
from bodega.storage.opening import open_backend
from bodega.storage.sqlite import engine
from bodega.storage.sqlite.commits import THREADS, CommitThreads
from bodega.storage.sqlite.rows import SqliteRows
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Busy
from bodega.storage.unit import Unit
from bodega.storage.writer import GROUP
from shop import Server, Shop
from statistics_check import check_statistics

Job = Callable[[Unit], Awaitable[Any]]


async def a_brand(unit: Unit, name: str) -> int:
    return int((await unit.insert(brands.TABLE, brands.Brand(name=name))).entity.id)


class Runs:
    """Jobs, each of which makes a brand, and how often each was run."""

    def __init__(self) -> None:
        self.of: Counter[int] = Counter()

    def job(self, number: int, before: bool = False, after: bool = False, name: str = "") -> Job:
        """A job that may be refused before it writes, or after."""

        async def run(unit: Unit) -> int:
            self.of[number] += 1
            if before:
                raise Refusal(Reason.FIELD_INVALID, f"{number}")
            made = await a_brand(unit, name or f"b{number}")
            if after:
                raise Refusal(Reason.FIELD_INVALID, f"{number}")
            return made

        return run


def together(shop: Shop, jobs: list[Job]) -> list[Any]:
    """What jobs that arrive at once came to: ids, or exceptions."""

    async def work() -> list[Any]:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        return await asyncio.gather(*(store.write(job) for job in jobs), return_exceptions=True)

    return list(shop.server.run(work()))


@pytest.mark.parametrize("failing", [{5}, set(range(0, GROUP, 2)), set(range(GROUP))], ids=["one", "half", "all"])
def test_a_job_that_fails_late_makes_none_run_more_than_twice(shop: Shop, failing: set[int]) -> None:
    """However many fail: the work is in proportion to the group."""
    runs = Runs()
    came = together(shop, [runs.job(n, after=n in failing) for n in range(GROUP)])
    assert {n for n, one in enumerate(came) if isinstance(one, Refusal)} == failing
    assert [came[n] for n in range(GROUP) if n not in failing] == list(range(1, GROUP - len(failing) + 1))
    assert max(runs.of.values()) == 2
    assert shop.rows("brands") == GROUP - len(failing)
    check_statistics(shop)


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_job_that_is_alone_runs_once(shop: Shop, kind: str) -> None:
    runs = Runs()
    (came,) = together(shop, [runs.job(1, **{kind: True})])
    assert isinstance(came, Refusal)
    assert runs.of == {1: 1}
    assert shop.rows("brands") == 0
    assert together(shop, [runs.job(2)]) == [1]
    check_statistics(shop)


def test_a_refusal_before_anything_was_written_repeats_nothing(shop: Shop) -> None:
    runs = Runs()
    came = together(shop, [runs.job(n, before=n % 2 == 1) for n in range(20)])
    assert [isinstance(one, Refusal) for one in came] == [n % 2 == 1 for n in range(20)]
    assert set(runs.of.values()) == {1}
    check_statistics(shop)


@pytest.fixture
def file(embedded: Server) -> Iterator[Shop]:
    """A fresh store in a SQLite file."""
    shop = embedded.shop()
    yield shop
    shop.close()


def test_a_conflict_repeats_nothing_on_sqlite(file: Shop) -> None:
    """The statement that an index refuses leaves nothing, so the others of its group need not start over."""
    runs = Runs()
    came = together(file, [runs.job(n, name=f"b{n // 2}") for n in range(20)])
    refused = [one for one in came if isinstance(one, Refusal)]
    assert [one.reason for one in refused] == [Reason.DUPLICATE] * 10
    assert [one.details["conflicting_id"] for one in refused] == list(range(1, 11))
    assert [one for one in came if not isinstance(one, Refusal)] == list(range(1, 11))
    assert set(runs.of.values()) == {1}
    check_statistics(file)


def test_what_a_job_took_back_itself_repeats_nothing_on_sqlite(file: Shop) -> None:
    async def tried(unit: Unit) -> None:
        mark = unit.statistics.mark()
        try:
            async with unit.tx.savepoint():
                await a_brand(unit, "tried")
                raise ZeroDivisionError
        except ZeroDivisionError:
            unit.statistics.restore(mark)
        raise Refusal(Reason.FIELD_INVALID)

    runs = Runs()
    came = together(file, [runs.job(0), tried, runs.job(2)])
    assert [type(one) for one in came] == [int, Refusal, int]
    assert set(runs.of.values()) == {1}
    check_statistics(file)


# What is kept between groups


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An item for each time that table statistics were read from the database."""
    found: list[str] = []
    load = TableStatistics.load

    async def counted(tx: Any) -> TableStatistics:
        found.append(tx.dialect)
        return await load(tx)

    monkeypatch.setattr(TableStatistics, "load", counted)
    return found


def test_table_statistics_are_read_once_for_many_groups(file: Shop, loads: list[str]) -> None:
    for number in range(5):
        assert together(file, [Runs().job(number)]) == [number + 1]
    assert len(loads) <= 1
    check_statistics(file)


def test_a_refusal_without_a_write_leaves_what_is_kept(file: Shop, loads: list[str]) -> None:
    runs = Runs()
    together(file, [runs.job(0)])
    loads.clear()
    assert isinstance(together(file, [runs.job(1, before=True)])[0], Refusal)
    assert isinstance(together(file, [runs.job(1, name="b0")])[0], Refusal)
    assert together(file, [runs.job(2)]) == [2]
    assert loads == []
    check_statistics(file)


def test_what_a_failure_took_back_is_read_again(file: Shop, loads: list[str]) -> None:
    runs = Runs()
    together(file, [runs.job(0)])
    loads.clear()
    together(file, [runs.job(1, after=True)])
    assert together(file, [runs.job(2)]) == [2]
    assert len(loads) == 1
    check_statistics(file)


def test_what_another_process_wrote_is_seen(file: Shop, runner: asyncio.Runner) -> None:
    """As a command does while the server runs: ids, totals and versions go on from what it left."""

    async def elsewhere(name: str) -> int:
        backend = await open_backend(Path(file.server.backend.directory), None)  # type: ignore[attr-defined]
        record = await backend.registry.store(file.name)
        assert record is not None
        rows = await backend.open(record, brands_model)
        try:
            return await rows.write(lambda unit: a_brand(unit, name), 1_700_000_000, (await a_store()).terms)
        finally:
            await rows.close()
            await backend.close()

    async def a_store() -> Any:
        return await file.server.app.stores.get(file.name)

    brands_model = runner.run(a_store()).rows.model
    for turn in range(3):
        assert together(file, [Runs().job(turn, name=f"here {turn}")]) == [2 * turn + 1]
        assert runner.run(elsewhere(f"there {turn}")) == 2 * turn + 2
    assert file.rows("brands") == 6
    check_statistics(file)


def test_a_restored_snapshot_and_a_reset_are_seen(file: Shop, runner: asyncio.Runner) -> None:
    from bodega.lab.reset import empty

    backend = file.server.backend
    record = runner.run(backend.registry.store(file.name))
    assert record is not None
    assert together(file, [Runs().job(n) for n in range(3)]) == [1, 2, 3]
    runner.run(copies.snapshot(backend, record, "three"))
    assert together(file, [Runs().job(n) for n in range(3, 8)]) == [4, 5, 6, 7, 8]
    runner.run(copies.restore(backend, record, "three"))
    assert together(file, [Runs().job(n) for n in range(3, 5)]) == [4, 5]
    check_statistics(file)
    file.write(empty)
    assert together(file, [Runs().job(0)]) == [1]
    check_statistics(file)


def rows_of(shop: Shop) -> SqliteRows:
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert isinstance(store.rows, SqliteRows)
    return store.rows


def test_a_commit_that_fails_is_not_kept(file: Shop) -> None:
    """The rows of the group are gone, and so are its ids and totals."""
    rows = rows_of(file)
    assert together(file, [Runs().job(0)]) == [1]
    refuse = [True]
    rows._connection.set_commit_hook(lambda: refuse[0])
    (came,) = together(file, [Runs().job(1)])
    assert isinstance(came, Exception)
    refuse[0] = False
    assert together(file, [Runs().job(2)]) == [2]
    check_statistics(file)


def test_a_full_disk_is_not_kept(file: Shop) -> None:
    rows = rows_of(file)
    together(file, [Runs().job(0)])
    connection = rows._connection
    connection.execute(f"PRAGMA max_page_count={engine.value(connection, 'PRAGMA page_count')}")
    came = together(file, [Runs().job(n, name="x" * 200 + str(n)) for n in range(1, 300)])
    assert any(isinstance(one, Busy) for one in came)
    check_statistics(file)
    connection.execute("PRAGMA max_page_count=1000000")
    assert all(isinstance(one, int) for one in together(file, [Runs().job(n) for n in range(300, 310)]))
    check_statistics(file)


def test_a_transaction_that_sqlite_ended_by_itself_fails_for_all(file: Shop) -> None:
    """As for lack of memory: what the others wrote is gone too, so none of them is told that it is there."""

    async def ended(unit: Unit) -> None:
        rows._connection.execute("ROLLBACK")
        raise Refusal(Reason.FIELD_INVALID)

    rows = rows_of(file)
    runs = Runs()
    came = together(file, [runs.job(0), ended, runs.job(2)])
    assert [type(one) for one in came] == [Busy] * 3
    assert together(file, [runs.job(3)]) == [1]
    check_statistics(file)


def test_a_server_that_ends_in_the_middle_of_a_commit_waits_for_it(file: Shop, runner: asyncio.Runner) -> None:
    """Nobody rolls back what another thread commits at the same moment: a connection is used by one at a time."""
    rows = rows_of(file)
    together(file, [Runs().job(0)])
    begun, go_on = threading.Event(), threading.Event()

    def held() -> bool:
        begun.set()
        return not go_on.wait(60)

    rows._connection.set_commit_hook(held)

    async def cut() -> None:
        store = await file.server.app.stores.get(file.name)
        assert store is not None
        writing = asyncio.create_task(store.write(Runs().job(1)))
        assert await asyncio.to_thread(begun.wait, 60)
        assert rows._drain is not None
        rows._drain.cancel()
        await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.wait([rows._drain])
        writing.cancel()
        await asyncio.wait([writing])

    runner.run(cut())
    rows._connection.set_commit_hook(None)
    assert not rows._connection.in_transaction
    with closing(engine.open_file(rows._file._path)) as other:
        assert engine.value(other, "SELECT count(*) FROM brands") == 2
    assert together(file, [Runs().job(2)]) == [3]
    check_statistics(file)


# The threads that commit


def test_a_commit_in_a_thread_raises_what_it_raised(runner: asyncio.Runner) -> None:
    commits = CommitThreads()

    async def several() -> list[Any]:
        calls = [lambda n=n: 1 // n for n in (1, 0, 2)]
        return await asyncio.gather(*map(commits.run, calls), return_exceptions=True)

    assert [type(one) for one in runner.run(several())] == [type(None), ZeroDivisionError, type(None)]
    commits.close()
    with pytest.raises(Busy):
        runner.run(commits.run(lambda: None))


def test_commits_of_several_stores_wait_for_the_disk_at_once(runner: asyncio.Runner) -> None:
    commits = CommitThreads()
    meeting = threading.Barrier(THREADS)

    async def several() -> None:
        await asyncio.gather(*(commits.run(lambda: meeting.wait(60)) for _ in range(3 * THREADS)))

    runner.run(several())
    commits.close()
    assert not any(thread.is_alive() for thread in commits._threads)
