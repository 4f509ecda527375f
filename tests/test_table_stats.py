"""The table statistics of a transaction: what is taken back was never there."""

from __future__ import annotations

from random import Random

from bodega.storage.table_stats import STORE, Mark, TableStatistics

TABLES = ("products", "variants", "orders")
NOW = 1_700_000_000


def _told(statistics: TableStatistics) -> object:
    """Everything that can be asked of them."""
    of_tables = [
        (statistics.state(name), statistics.total(name), statistics.next_id(name), statistics.moved(name))
        for name in (*TABLES, STORE)
    ]
    return of_tables, statistics.statements()


def _change(statistics: TableStatistics, random: Random) -> None:
    table, now = random.choice(TABLES), NOW + random.randrange(3)
    what = random.randrange(12)
    if what == 0:
        statistics.empty(now)
    elif what < 3:
        statistics.leave(table, now, [random.randrange(1, 600)])
    elif what < 7:
        statistics.enter(table, now, random.choice([None, random.randrange(1, 600)]))
    else:
        statistics.touch(table, now)


def test_what_is_taken_back_leaves_no_trace() -> None:
    """Marks within marks, of changes at random: whatever was restored tells the same as when it was marked."""
    random = Random(13)
    restored = 0
    for _ in range(60):
        statistics = TableStatistics({})
        for _ in range(random.randrange(3)):
            _change(statistics, random)
        statistics = statistics.next()
        marks: list[tuple[Mark, object]] = []
        for _ in range(40):
            step = random.random()
            if step < 0.2:
                marks.append((statistics.mark(), _told(statistics)))
            elif step < 0.3 and marks:
                place = random.randrange(len(marks))
                mark, told = marks[place]
                del marks[place:]
                statistics.restore(mark)
                assert _told(statistics) == told
                restored += 1
            else:
                _change(statistics, random)
    assert restored > 100
