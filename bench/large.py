"""Does size show? A store of a million products beside one of a thousand; a page far down a list beside the first.

Both sides are the same Bodega server: left is the large or the deep, so a ratio near 1 says that size costs nothing.
What is compared is the instructions of a request, counted under callgrind (bench/count.py); exit code 1 where one is
more than 1.3 times the other, a deep page more than twice the first. Only the server is counted: on PostgreSQL what
the database does is not, nor on SQLite what the kernel reads from the disk. --wall compares requests a second instead,
which contains both. `make bench-large`; filling the large store takes most of the time.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random

from bench.count import COUNTED, LONG, Counter, lacking_tools, under
from bench.measure import Comparison, Pace, Side, compare, reply_size, supply
from bench.report import save, table
from bench.request import Request
from bench.scenarios import PAGE, Scenario, create, update_of
from bench.store import Store, serving

SMALL = 1_000
LARGE = 1_000_000
DEEP = 200_000  # rows before the first of a deep page
GROWTH = 1.3
GROWTH_DEEP = 2.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Instructions of a request on both sides, and how many times the right the left may be."""

    name: str
    left: float
    right: float
    allowed: float

    @property
    def ratio(self) -> float:
        return self.left / self.right

    @property
    def too_much(self) -> bool:
        return self.ratio > self.allowed


def one_of(products: int) -> Callable[[Random], Request]:
    """Requests for one product of the first `products`."""
    return lambda random: Request("GET", f"/catalog/products/{random.randint(1, products)}")


def page_between(first: int, last: int) -> Callable[[Random], Request]:
    """Requests for a page of the list, counted from 1."""
    return lambda random: Request("GET", f"/catalog/products?limit={PAGE}&page={random.randint(first, last)}")


def deep_page(products: int) -> tuple[int, Callable[[Random], Request]]:
    """The first page that counts as deep in a store of so many products, and requests for one from there on."""
    pages = products // PAGE
    first = min(DEEP // PAGE, pages - 1) + 1
    return first, page_between(first, pages)


def side(scenario: Scenario, store: Store) -> Side:
    return Side(store.server, supply(scenario, store.address))


def counted(database: str, products: int) -> Iterator[Growth]:
    """Every comparison by count on `database`, the large store having `products`, as it is made."""
    with (
        tempfile.TemporaryDirectory(prefix="bodega-count-") as folder,
        serving(
            database,
            {"small": SMALL, "large": products},
            under=under(f"{folder}/count", misses=False),
            patience=LONG,
            settings=["journal=off"],
        ) as stores,
    ):
        small, large = stores["small"], stores["large"]
        counter = Counter(small.server, f"{folder}/count")

        def count(scenario: Scenario, store: Store) -> float:
            print(f"counting {scenario.name}, {store.name}, {database} ...", file=sys.stderr)
            return counter.events(supply(scenario, store.address)(1.0))["Ir"] / COUNTED

        def grown(name: str, requests: Callable[[int], Callable[[Random], Request]]) -> Growth:
            repeatable = name.startswith(("get", "list"))
            both = [
                count(Scenario(name, requests(held), repeatable=repeatable), store)
                for held, store in ((products, large), (SMALL, small))
            ]
            return Growth(f"{name}, {database}", *both, GROWTH)

        yield grown("get one", one_of)
        first_page = grown("list 50, page 1", lambda _: page_between(1, 1))
        yield first_page
        first, deep = deep_page(products)
        name = f"list 50, page {first:,} and on : page 1"
        yield Growth(f"{name}, {database}", count(Scenario(name, deep), large), first_page.left, GROWTH_DEEP)
        yield grown("update", update_of)
        yield grown("create", lambda _: create)


def growth_table(found: Sequence[Growth], products: int) -> str:
    """The comparisons as lines of text, those that are too much marked."""
    head = (
        f"{f'{products:,} products : {SMALL:,}':46} {'k instructions':>15} {'of the other':>13} {'ratio':>6}  at most"
    )
    lines = [head, "-" * len(head)]
    for each in found:
        mark = "  too much" if each.too_much else ""
        lines.append(
            f"{each.name:46} {each.left / 1000:15,.1f} {each.right / 1000:13,.1f} {each.ratio:6.2f}"
            f"  {each.allowed:.1f}{mark}"
        )
    return "\n".join(lines)


def measure(database: str, products: int, pace: Pace) -> list[Comparison]:
    """Requests a second on `database`, the large store having `products`."""
    first, deep = deep_page(products)
    results = []
    with serving(database, {"small": SMALL, "large": products}) as stores:
        small, large = stores["small"], stores["large"]
        for name, left, right, other in (
            (f"get one of {products:,} : {SMALL:,}", one_of(products), one_of(SMALL), small),
            (f"page {first:,} and on : page 1", deep, page_between(1, 1), large),
        ):
            ours, theirs = Scenario(name, left), Scenario(name, right)
            size = reply_size(ours, large.server, large.address)
            results.append(compare(f"{name}, {database}", size, side(ours, large), side(theirs, other), pace))
    return results


def main() -> None:
    """Parse the options, measure, print, save; exit code 1 if size costs too much or any request failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--products", type=int, default=LARGE, help="products in the large store")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="sqlite")
    parser.add_argument("--wall", action="store_true", help="compare requests a second, not instructions")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, with --wall")
    parser.add_argument("--json", metavar="FILE", help="keep the results as JSON too")
    chosen = parser.parse_args()
    databases = ["sqlite", "postgres"] if chosen.database == "both" else [chosen.database]
    if not chosen.wall:
        if missing := lacking_tools():
            print(f"skipped: {missing} is not installed, and without it nothing can be counted; --wall needs none.")
            return
        found = [each for database in databases for each in counted(database, chosen.products)]
        print(growth_table(found, chosen.products))
        if chosen.json:
            save(chosen.json, [], grown=[{**asdict(each), "ratio": each.ratio} for each in found])
        sys.exit(any(each.too_much for each in found))
    pace = Pace(rounds=3, seconds=0.7) if chosen.quick else Pace()
    results = [result for database in databases for result in measure(database, chosen.products, pace)]
    print(table(results, "large", "small"))
    if chosen.json:
        save(chosen.json, results)
    sys.exit(any(result.left.failures or result.right.failures for result in results))


if __name__ == "__main__":
    main()
