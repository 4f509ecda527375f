"""Does the number of orders show? 500,000 of them beside 10,000; fifty buyers of one product beside fifty of many.

Both sides of a comparison are the same Bodega server: left is the store with many orders, right the one with few, so a
ratio near 1 says that size costs nothing. In the last line both sides are the large store, and left all buyers want the
same product. `make bench-orders`; placing the orders takes most of the time.
"""

from collections.abc import Callable
from random import Random

from bench.measure import Comparison, Pace, Side, compare, reply_size, supply
from bench.request import Request
from bench.sales import PAGE, Sales, minute, placed
from bench.scenarios import Scenario
from bench.sizes import run
from bench.stock import Lacking
from bench.store import serving

SMALL = 10_000
LARGE = 500_000
PRODUCTS = 100
BUYERS = 50

Requests = Callable[[Random], Request]
Plan = Callable[[Sales, int], Requests]


def of_three_lines(sales: Sales, _orders: int) -> Requests:
    """A new order."""
    products = sales.products
    return lambda random: placed([{"product_id": one, "quantity": 1} for one in random.sample(products, 3)])


def by_date(sales: Sales, orders: int) -> Requests:
    """Fifty orders of a time anywhere in the store's life."""
    return lambda random: sales.of_a_time(random.randint(0, orders - PAGE))


def recent(sales: Sales, orders: int) -> Requests:
    """The usual poll: what was placed since some minutes ago."""
    return lambda random: Request("GET", f"/v2/orders?min_date_created={minute(orders - PAGE)}&limit={PAGE}")


def by_status(sales: Sales, _orders: int) -> Requests:
    """A page of the orders of a status, not far down."""
    return lambda random: Request("GET", f"/v2/orders?status_id=7&limit={PAGE}&page={random.randint(1, 3)}")


def one_order(sales: Sales, orders: int) -> Requests:
    """One order by its id."""
    return lambda random: Request("GET", f"/v2/orders/{random.randint(1, orders)}")


def lines_of(sales: Sales, orders: int) -> Requests:
    """The lines of one order."""
    return lambda random: Request("GET", f"/v2/orders/{random.randint(1, orders)}/products")


BY_STORE: tuple[tuple[str, Plan], ...] = (
    ("50 orders by date", by_date),
    ("50 recent orders", recent),
    ("50 orders by status", by_status),
    ("one order", one_order),
    ("its lines", lines_of),
    ("order of 3 lines", of_three_lines),
)


def of_one_product(sales: Sales, _orders: int) -> Requests:
    """All want the same."""
    first = sales.products[0]
    return lambda random: placed([{"product_id": first, "quantity": 1}])


def of_many_products(sales: Sales, _orders: int) -> Requests:
    """Each wants any."""
    products = sales.products
    return lambda random: placed([{"product_id": random.choice(products), "quantity": 1}])


def measure(database: str, few: int, many: int, pace: Pace) -> tuple[list[Comparison], list[str]]:
    """Every comparison on `database`, and what was skipped because it is not served."""
    results = []
    with serving(database, {"small": PRODUCTS, "large": PRODUCTS}) as stores:
        small, large = Sales(stores["small"]), Sales(stores["large"])
        try:
            small.fill(few)
            large.fill(many)
        except Lacking as lacking:
            return [], [f"all, {database}: {lacking}"]
        pairs = [(name, (large, many, plan), (small, few, plan), 0) for name, plan in BY_STORE]
        pairs.append(
            (f"{BUYERS} buyers of one product : of {len(large.products)}", (large, many, of_one_product),
             (large, many, of_many_products), BUYERS)
        )  # fmt: skip
        for name, left, right, buyers in pairs:
            sides = []
            for sales, orders, plan in (left, right):
                scenario = Scenario(name, plan(sales, orders))
                size = reply_size(scenario, sales.store.server, sales.store.address)
                side = Side(sales.store.server, supply(scenario, sales.store.address))
                sides.append(Side(side.server, side.supply, buyers) if buyers else side)
            results.append(compare(f"{name}, {database}", size, sides[0], sides[1], pace))
    return results, []


if __name__ == "__main__":
    run("orders", __doc__, SMALL, LARGE, measure)
