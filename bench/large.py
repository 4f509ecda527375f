"""Does size show? One product of a thousand beside one of a million; a page far down a list beside the first.

Both sides are the same Bodega server: left is the large or the deep, so a ratio near 1 says that size costs nothing.
`make bench-large`; filling the large store takes most of the time.
"""

import argparse
import sys
from collections.abc import Callable
from random import Random

from bench.measure import Comparison, Pace, Side, compare, reply_size, supply
from bench.report import save, table
from bench.request import Request
from bench.scenarios import PAGE, Scenario
from bench.store import Store, serving

SMALL = 1_000
LARGE = 1_000_000
DEEP = 200_000  # rows before the first of a deep page


def one_of(products: int) -> Callable[[Random], Request]:
    """Requests for one product of the first `products`."""
    return lambda random: Request("GET", f"/catalog/products/{random.randint(1, products)}")


def page_between(first: int, last: int) -> Callable[[Random], Request]:
    """Requests for a page of the list, counted from 1."""
    return lambda random: Request("GET", f"/catalog/products?limit={PAGE}&page={random.randint(first, last)}")


def side(scenario: Scenario, store: Store) -> Side:
    return Side(store.server, supply(scenario, store.address))


def measure(database: str, products: int, pace: Pace) -> list[Comparison]:
    """Every comparison on `database`, the large store having `products`."""
    pages = products // PAGE
    deep = min(DEEP // PAGE, pages - 1) + 1
    results = []
    with serving(database, {"small": SMALL, "large": products}) as stores:
        small, large = stores["small"], stores["large"]
        for name, left, right, other in (
            (f"get one of {products:,} : {SMALL:,}", one_of(products), one_of(SMALL), small),
            (f"page {deep:,} and on : page 1", page_between(deep, pages), page_between(1, 1), large),
        ):
            ours, theirs = Scenario(name, left), Scenario(name, right)
            size = reply_size(ours, large.server, large.address)
            results.append(compare(f"{name}, {database}", size, side(ours, large), side(theirs, other), pace))
    return results


def main() -> None:
    """Parse the options, measure, print, save; exit code 1 if any request failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--products", type=int, default=LARGE, help="products in the large store")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="sqlite")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", metavar="FILE", help="keep the results as JSON too")
    chosen = parser.parse_args()
    pace = Pace(rounds=3, seconds=0.7) if chosen.quick else Pace()
    databases = ["sqlite", "postgres"] if chosen.database == "both" else [chosen.database]
    results = [result for database in databases for result in measure(database, chosen.products, pace)]
    print(table(results, "large", "small"))
    if chosen.json:
        save(chosen.json, results)
    sys.exit(any(result.left.failures or result.right.failures for result in results))


if __name__ == "__main__":
    main()
