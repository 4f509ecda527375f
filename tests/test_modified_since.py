"""If-Modified-Since: a copy that was read before a change never counts as current, whatever the clock did meanwhile.

Issue 12. The dates of validators are counted on where the clock is not to be trusted (`storage/table_stats.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import bodega
from bodega import clock
from bodega.clock import Clock
from bodega.dates import http_date, parse_http_date
from bodega.lab import copies
from bodega.law.outcome import Validator
from bodega.storage.table_stats import TableStatistics, strictly_later
from forms import V3, Desk
from shop import Shop

NOON = 1_600_000_000
Change = Callable[[Shop], Any]


def at(shop: Shop, moment: int) -> None:
    """Sets the store's clock, which then stands still."""
    shop.change(clock=Clock(frozen=float(moment)))
    Desk(shop, V3).known(lambda store: store.clock.frozen == moment)


@pytest.fixture
def noon(shop: Shop) -> Iterator[Shop]:
    """A store at noon, with a product in a category, of a brand, with a variant and a customer."""
    at(shop, NOON)
    shop.brand("Acme")
    category = shop.category()
    shop.product(sku="H-1", categories=[category])
    return shop


def since(shop: Shop, path: str, moment: int) -> int:
    """The status of a read by somebody who has a copy of this date."""
    return shop.get(path, headers={"if-modified-since": http_date(moment).decode()}).status


def renamed(shop: Shop) -> Any:
    """Another name for the product and the brand."""
    name = f"Name {next(_numbers)}"
    assert shop.put("/v3/catalog/products/1", {"name": name}).status == 200
    assert shop.put("/v3/catalog/brands/1", {"name": name}).status == 200
    assert shop.put("/v3/catalog/categories/1", {"name": name}).status == 200


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_numbers = _count()


def priced(shop: Shop) -> Any:
    """Another price, which the base variant follows."""
    assert shop.put("/v3/catalog/products/1", {"price": next(_numbers)}).status == 200


def settled(shop: Shop) -> Any:
    """Another setting of the store."""
    shop.change(settings={"phone": str(next(_numbers))})


def ordered(shop: Shop) -> Any:
    """Another place of the product in its category."""
    places = [{"product_id": 1, "sort_order": next(_numbers)}]
    assert shop.put("/v3/catalog/categories/1/products/sort-order", places).status == 200


PATHS: list[tuple[str, Change]] = [
    ("/v3/catalog/brands/1", renamed),
    ("/v3/catalog/brands", renamed),
    ("/v2/brands/1", renamed),
    ("/v2/brands", renamed),
    ("/v2/brands/count", renamed),
    ("/v3/catalog/products/1", renamed),
    ("/v3/catalog/products/1?include=variants", priced),
    ("/v3/catalog/products?include=variants", priced),
    ("/v3/catalog/products/1/variants/1", priced),
    ("/v3/catalog/variants", priced),
    ("/v3/catalog/summary", priced),
    ("/v3/catalog/trees/1/categories", renamed),
    ("/v3/catalog/categories/1/products/sort-order", ordered),
    ("/v2/store", settled),
    ("/v2/time", lambda _shop: None),
]
V2_FILTERED = {"/v2/brands", "/v2/brands/count"}


@pytest.mark.parametrize(("path", "change"), PATHS, ids=[path for path, _ in PATHS])
def test_a_change_after_the_clock_went_back_is_seen(noon: Shop, path: str, change: Change) -> None:
    """The copy may be of the date that it was told, or of any that the clock showed before it went back."""
    change(noon)
    at(noon, NOON + 900)
    told = noon.get(path).headers.get("last-modified")
    at(noon, NOON + 500)
    change(noon)
    for now in (NOON + 500, NOON + 600, NOON + 900):
        at(noon, now)
        assert since(noon, path, NOON + 900) == 200
        assert told is None or since(noon, path, parse_http_date(told.encode()) or 0) == 200
        date = noon.get(path).headers.get("last-modified")
        assert date is None or (parse_http_date(date.encode()) or 0) <= now  # RFC 9110 8.8.2.1
    at(noon, NOON + 2_000)
    date = noon.get(path).headers.get("last-modified")
    if path not in ("/v2/store", "/v2/time"):
        assert date is not None
        assert since(noon, path, NOON + 2_000) == 304, "when it has caught up, dates are of use"


@pytest.mark.parametrize(("path", "change"), PATHS, ids=[path for path, _ in PATHS])
def test_of_two_changes_in_one_second_none_is_missed(noon: Shop, path: str, change: Change) -> None:
    """RFC 9110 8.8.2.2: a date of whole seconds tells two states apart only if they have two dates."""
    at(noon, NOON + 10)
    change(noon)
    date = noon.get(path).headers.get("last-modified")
    change(noon)
    change(noon)
    for now in (NOON + 10, NOON + 11, NOON + 12):
        at(noon, now)
        if date is not None:
            assert since(noon, path, parse_http_date(date.encode()) or 0) == 200
        again = noon.get(path).headers.get("last-modified")
        assert again is None or (parse_http_date(again.encode()) or 0) <= now


def test_the_machines_clock_may_go_back_too(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it is set by hand: no record says that it happened."""
    now = [float(NOON)]
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=lambda: now[0]))
    path = f"/v3/catalog/brands/{shop.brand()}"
    now[0] += 900
    assert shop.get(path).status == 200
    now[0] -= 400
    shop.put(path, {"name": "Other"})
    assert since(shop, path, NOON) == since(shop, path, NOON + 900) == 200
    assert shop.get(path).headers["last-modified"] == http_date(NOON + 500).decode()
    now[0] += 500
    assert since(shop, path, NOON + 1_000) == 304
    assert shop.get(path).headers["last-modified"] == http_date(NOON + 901).decode()


def test_a_restored_snapshot_is_news_to_whoever_read_what_it_replaced(shop: Shop) -> None:
    """The row is older than the copy, and another one."""
    at(shop, NOON)
    path = f"/v3/catalog/brands/{shop.brand()}"
    backend, run = shop.server.backend, shop.server.run
    record = run(backend.registry.store(shop.name))
    run(copies.snapshot(backend, record, "first"))
    at(shop, NOON + 100)
    shop.put(path, {"name": "Other"})
    run(copies.restore(backend, record, "first"))
    assert shop.get(path).data["name"] != "Other"
    for told in (path, "/v3/catalog/brands"):
        assert since(shop, told, NOON + 100) == 200
    at(shop, NOON + 101)
    for told in (path, "/v3/catalog/brands"):
        assert shop.get(told).headers["last-modified"] == http_date(NOON + 101).decode()
        assert since(shop, told, NOON + 102) == 304


def test_a_condition_to_write_is_not_met_by_a_date_of_before(noon: Shop) -> None:
    """RFC 9110 13.1.4: If-Unmodified-Since keeps others' changes, after the clock went back as before."""
    path = "/v3/catalog/brands/1"
    at(noon, NOON + 900)
    date = {"if-unmodified-since": noon.get(path).headers["last-modified"]}
    at(noon, NOON - 500)
    assert noon.put(path, {"name": "Mine"}, headers=date).status == 200
    assert noon.put(path, {"name": "Theirs"}, headers=date).status == 412


def test_dates_never_repeat_and_run_ahead_by_a_second_at_most() -> None:
    now, dates = 100, [100]
    for reading in (100, 100, 100, 101, 101, 105, 105):
        now = reading
        dates.append(strictly_later(dates[-1], now))
    assert dates == [100, 101, 101, 101, 102, 102, 105, 106]
    statistics = TableStatistics({})
    told = []
    for reading in (100, 100, 50, 50, 50, 103, 104):
        statistics.touch("brands", reading)
        told.append(statistics.state("brands")[1])
    assert told == [100, -100, 101, -101, -101, 103, 104]


def test_what_is_shown_of_several_tables_is_dated_after_all_of_them() -> None:
    assert Validator.of_all(Validator(1, 100), Validator(2, 50)) == Validator(3, -100)
    assert Validator.of_all(Validator(1, 0), Validator(2, 0)) == Validator(3, 0)


def test_nobody_puts_dates_together_by_hand() -> None:
    """`Validator.of_all` is the one place that knows how, `update_sql` the one that dates a row."""
    source = Path(bodega.__file__).parent
    files = [path for path in source.rglob("*.py") if path.name != "outcome.py"]
    found = [path.name for path in files if re.search(r"Validator\([^)]*(\bmax\(|\bsum\()", path.read_text())]
    found += [path.name for path in files if re.search(r"UPDATE [^\"']*\bmodified = \$", path.read_text())]
    assert sorted(set(found)) == ["copies.py"]
