"""The sample store of `bodega dev`: filled once, then copied; never an old one, nor somebody else's."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from bodega.cli import dev, sample
from bodega.config import DataLocation
from bodega.storage.opening import open_backend
from lab import Bench, House

AMOUNTS = {"products": 3, "customers": 1, "orders": 1}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv(sample.CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def products(runner: asyncio.Runner, place: Path) -> Any:
    """What the demo store shows of its products."""
    bench = Bench(House(runner, runner.run(open_backend(place, None))))
    reply = bench.ask("GET", "/stores/demo/v3/catalog/products", headers={"x-auth-token": dev.TOKEN})
    bench.stop()
    assert reply.status == 200, reply.body
    return reply.json["data"]


def test_the_second_start_copies_what_the_first_made(
    runner: asyncio.Runner, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.run(dev._prepare(DataLocation(tmp_path / "one"), AMOUNTS, unlimited=False))
    (file,) = cache.glob("*.db")
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(cache.stat().st_mode)) == (0o600, 0o700)

    async def filled(*_: Any) -> None:
        raise AssertionError("it is not filled again")

    with monkeypatch.context() as patch:
        patch.setattr(dev, "fill", filled)
        runner.run(dev._prepare(DataLocation(tmp_path / "two"), AMOUNTS, unlimited=False))
    one, two = products(runner, tmp_path / "one"), products(runner, tmp_path / "two")
    assert len(one) == 3
    assert one == two


def test_other_amounts_and_old_stores_are_made_anew(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample.kept(AMOUNTS) is None
    store = tmp_path / "store.db"
    open_ = pytest.importorskip("apsw").Connection(str(store))
    open_.execute("CREATE TABLE t (a)")
    open_.close()
    sample.keep(store, AMOUNTS)
    assert sample.kept(AMOUNTS) is not None
    assert sample.kept({**AMOUNTS, "products": 4}) is None
    old = time.time() - sample.KEPT_SECONDS - 60
    (file,) = cache.glob("*.db")
    os.utime(file, (old, old))
    assert sample.kept(AMOUNTS) is None
    sample.keep(store, {**AMOUNTS, "products": 4})
    assert len(list(cache.glob("*.db"))) == 1, "it takes the place of the other"
    cache.chmod(0o500)
    try:
        sample.keep(store, AMOUNTS)  # a cache that cannot be written to is none
    finally:
        cache.chmod(0o700)
