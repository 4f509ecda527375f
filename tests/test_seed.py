"""Seeding: the same goods for the same seed, by the same rules as a client's, beside a server and within a plan."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.access.stores import OpenStore, Stores
from bodega.cli import main
from bodega.cli.seed import AMOUNTS
from bodega.clock import Clock
from bodega.lab import catalogue, seed_channels
from bodega.lab.generation import CHUNK
from bodega.lab.reset import empty
from bodega.lab.seed import Amounts, seed
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources import MODEL
from bodega.resources.segments.profiles import TABLE as PROFILES
from bodega.resources.segments.profiles import ShopperProfile
from bodega.storage.creating import create_store
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.table_stats import READ
from bodega.storage.unit import Unit

Work = Callable[[OpenStore], Awaitable[Any]]


def in_store(directory: Path, work: Work, plan: str = "sandbox") -> Any:
    """Does something with the store `x` of a directory, made if need be."""

    async def whole() -> Any:
        backend = SqliteBackend(directory)
        if await backend.registry.store("x") is None:
            await create_store(backend, "x", plan, {}, int(Clock().now()))
        stores = Stores(backend, model=MODEL)
        try:
            store = await stores.get("x")
            assert store is not None
            await store.ready()
            return await work(store)
        finally:
            await stores.close()

    return asyncio.run(whole())


async def held(store: OpenStore, table: str = "products") -> list[dict[str, Any]]:
    """The documents of a table."""
    rows = await (await store.ready()).reader.rows(f"SELECT doc FROM {table} ORDER BY id")
    return [json.loads(row[0]) for row in rows]


async def total(store: OpenStore, table: str = "products") -> int:
    """What the table statistics counts."""
    row = await (await store.ready()).reader.row(READ, table)
    return 0 if row is None else int(row[2])


def test_the_same_seed_gives_the_same_products(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> list[dict[str, Any]]:
        await seed(store, Amounts(20), 7)
        return await held(store)

    first, second = (in_store(tmp_path / name, work) for name in "ab")
    moments = ("date_created", "date_modified")
    assert [{**product, **dict.fromkeys(moments)} for product in first] == [
        {**product, **dict.fromkeys(moments)} for product in second
    ]


def test_products_keep_their_categories_brands_and_prices(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> tuple[Any, ...]:
        await seed(store, Amounts(30))
        return await held(store), await held(store, "categories"), await held(store, "brands")

    products, categories, brands = in_store(tmp_path, work)
    names = {category["id"]: category["name"] for category in categories}
    labels = {brand["id"]: brand["name"] for brand in brands}
    for number, product in enumerate(products):
        wanted = catalogue.product(1, number)
        assert product["name"] == wanted["name"]
        assert product["price"] == float(wanted["price"])
        assert {names[category] for category in product["categories"]} == {
            catalogue.categories()[place].name for place in catalogue.with_parents(wanted["categories"])
        }
        assert labels[product["brand_id"]] == catalogue.brands()[wanted["brand"]].name


@pytest.mark.parametrize("counts", [(5, 5), (1, 2, 3), (CHUNK + 7, CHUNK)])
def test_seeding_again_goes_on_where_it_ended(tmp_path: Path, counts: tuple[int, ...]) -> None:
    async def work(store: OpenStore) -> tuple[int, list[str]]:
        for count in counts:
            await seed(store, Amounts(count))
        return await total(store), [product["name"] for product in await held(store)]

    counted, names = in_store(tmp_path, work)
    assert counted == sum(counts)
    assert names == [catalogue.product(1, number)["name"] for number in range(sum(counts))]


def test_another_seed_adds_other_products_to_the_same_categories(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> tuple[int, int]:
        await seed(store, Amounts(400), 1)
        await seed(store, Amounts(400), 2)
        return await total(store), await total(store, "categories")

    assert in_store(tmp_path, work) == (800, len(catalogue.categories()))


def test_a_product_that_something_stands_in_the_way_of_is_passed_over(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> list[str]:
        await seed(store, Amounts(3))

        async def take_its_sku(unit: Unit) -> None:
            taken = catalogue.product(1, 3)["sku"].casefold()
            await unit.tx.run("UPDATE products SET sku_key = $1 WHERE id = 1", taken)

        await store.write(take_its_sku)
        await seed(store, Amounts(3))
        return [product["name"] for product in await held(store)]

    numbers = (0, 1, 2, 4, 5, 6)
    assert in_store(tmp_path, work) == [catalogue.product(1, number)["name"] for number in numbers]


def test_who_has_a_shopper_profile_already_becomes_a_regular_with_it(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> list[int]:
        await seed(store, Amounts(customers=3))
        profile = ShopperProfile(uuid="one-of-a-client", customer_id=2)
        await store.write(lambda unit: unit.insert(PROFILES, profile))
        await seed(store, Amounts(3))
        reader = (await store.ready()).reader
        sql = "SELECT customer_id FROM shopper_profiles p JOIN segment_members m ON m.profile_id = p.id ORDER BY m.id"
        return [row[0] for row in await reader.rows(sql)]

    assert in_store(tmp_path, work) == [1, 2, 3]


def test_what_was_renamed_since_is_made_no_second_time(tmp_path: Path) -> None:
    renamed = {
        table.name: [column for column in ("name_key", "path_key") if column in table.types] for table in MODEL.tables
    }

    async def work(store: OpenStore) -> None:
        await seed(store, Amounts(12, 6, 6))
        before = {table: await total(store, table) for table in ("segments", "customers", "orders")}

        async def rename(unit: Unit) -> None:
            for table, columns in renamed.items():
                for column in columns:
                    await unit.tx.run(f"UPDATE {table} SET {column} = 'renamed-' || id WHERE {column} IS NOT NULL")

        await store.write(rename)
        await seed(store, Amounts(12, 6, 6))
        assert await total(store, "segments") == before["segments"] == 1
        assert await total(store, "customers") == 2 * before["customers"]

    in_store(tmp_path, work)


def test_a_plan_is_filled_to_its_limits_and_not_beyond(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> tuple[int, int, int, Reason]:
        with pytest.raises(Refusal) as refused:
            await seed(store, Amounts(60))
        counts = [await total(store, table) for table in ("products", "categories", "brands")]
        return *counts, refused.value.reason  # type: ignore[return-value]

    assert in_store(tmp_path, work, "trial") == (50, 20, 20, Reason.PLAN_LIMIT_REACHED)


def test_a_full_plan_is_told_in_one_sentence(tmp_path: Path) -> None:
    place = ["--data", str(tmp_path)]
    CliRunner().invoke(main, ["store", "create", "x", "--plan", "trial", *place])
    result = CliRunner().invoke(main, ["seed", "x", "--products", "60", *place])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "The plan of this store holds at most 50 products; 50 products were added.\n"


def test_a_store_is_filled_with_some_of_everything_when_nobody_says_how_much(tmp_path: Path) -> None:
    place = ["--data", str(tmp_path)]
    CliRunner().invoke(main, ["store", "create", "x", *place])
    result = CliRunner().invoke(main, ["seed", "x", *place, "--json"])
    assert json.loads(result.stdout) == {"hash": "x", **AMOUNTS}
    told = CliRunner().invoke(main, ["seed", "x", "--customers", "2", "--products", "1", *place])
    assert told.stdout == "1 product and 2 customers were added to store x.\n"
    more = ["--orders", "3", "--products", "2", "--customers", "2"]
    told = CliRunner().invoke(main, ["seed", "x", *more, *place])
    assert told.stdout == "2 products, 2 customers and 3 orders were added to store x.\n"


def test_progress_is_told_now_and_then(tmp_path: Path) -> None:
    told: list[int] = []
    in_store(tmp_path, lambda store: seed(store, Amounts(2 * CHUNK + 1), made=lambda _name, count: told.append(count)))
    assert sum(told) == 2 * CHUNK + 1
    assert max(told) <= CHUNK


def test_another_process_writes_while_a_store_is_filled(tmp_path: Path) -> None:
    async def touch(unit: Unit) -> None:
        unit.statistics.touch("brands", unit.now)

    async def work(store: OpenStore) -> tuple[set[int], int]:
        command = [
            sys.executable,
            "-m",
            "bodega.cli",
            "seed",
            "x",
            "--products",
            str(10 * CHUNK),
            "--data",
            str(tmp_path),
        ]
        filling = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        between = set()
        while filling.returncode is None:
            await store.write(touch)
            between.add(await total(store))
            await asyncio.sleep(0.01)
        return between, await total(store)

    between, products = in_store(tmp_path, work)
    assert products == 10 * CHUNK
    assert len(between - {0, products}) >= 3, "a write gets its turn between two chunks"


def test_an_emptied_store_counts_on_but_numbers_anew(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> tuple[int, int, int, list[int]]:
        await seed(store, Amounts(5))
        reader = (await store.ready()).reader
        before = await reader.row("SELECT max(revision) FROM table_statistics")
        await store.write(empty)
        goods = "name IN ('products', 'variants', 'categories', 'brands')"  # other tables have rows in every store
        after = await reader.row(f"SELECT min(revision), sum(total) FROM table_statistics WHERE {goods}")
        pages = await reader.row(f"SELECT count(*) FROM page_index WHERE {goods}")
        await seed(store, Amounts(5))
        assert before is not None
        assert after is not None
        assert pages is not None
        return after[0] - before[0], after[1], pages[0], [product["id"] for product in await held(store)]

    assert in_store(tmp_path, work) == (1, 0, 0, [1, 2, 3, 4, 5])


def test_the_sample_channels_are_made_once_and_list_the_same_products(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> tuple[list[Any], ...]:
        await seed(store, Amounts(20), 7)
        await seed(store, Amounts(10), 7)
        listed = [(row["product_id"], row["state"]) for row in await held(store, "channel_listings")]
        sites = [row["channel_id"] for row in await held(store, "sites")]
        return (
            [row["name"] for row in await held(store, "channels")][1:],
            sites,
            listed,
            [(row["enabled_currencies"], row["default_currency"]) for row in await held(store, "channel_currencies")],
        )

    first, second = (in_store(tmp_path / name, work) for name in "ab")
    assert first == second
    names, sites, listed, currencies = first
    assert (names, sites) == (["West coast shop", "Sample market"], [1, 2])
    assert currencies == [(["USD", "EUR"], "USD")]
    assert 5 < len(listed) < 20
    assert listed == [(k + 1, state) for k in range(30) if (state := seed_channels.listed_as(7, k))]


def test_two_stores_of_one_seed_are_equal_row_by_row(tmp_path: Path) -> None:
    """Under a clock that stands still: every table, its versions, dates and statistics included."""
    from contextlib import closing

    from click.testing import CliRunner

    from bodega.cli import main
    from bodega.storage.sqlite.engine import open_file

    for line in (
        "store create HASH", "store clock HASH --set 2030-01-31T12:00:00Z",
        "seed HASH --products 12 --customers 8 --orders 10 --seed 7",
    ):  # fmt: skip
        for store in ("one", "two"):
            done = CliRunner().invoke(main, [*line.replace("HASH", store).split(), "--data", str(tmp_path)])
            assert done.exit_code == 0, done.output
    files = [next((tmp_path / "stores").glob(f"{store}.*.db")) for store in ("one", "two")]
    with closing(open_file(files[0])) as one, closing(open_file(files[1])) as two:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        for (table,) in one.execute(names).fetchall():
            rows = [sorted(each.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for each in (one, two)]
            assert rows[0] == rows[1], table


def test_a_shop_window_has_posts_banners_and_featured_products(tmp_path: Path) -> None:
    async def work(store: OpenStore) -> tuple[Any, ...]:
        await seed(store, Amounts(60))
        await seed(store, Amounts(1))
        reader = (await store.ready()).reader
        counted = {
            table: (await reader.rows(f"SELECT count(*) FROM {table}"))[0][0] for table in ("blog_posts", "banners")
        }
        return counted, await held(store)

    counted, products = in_store(tmp_path, work)
    assert counted == {"blog_posts": 4, "banners": 2}, "made once"
    assert sum(product["is_featured"] for product in products) >= 3
