"""From a cart to an order: the CPU of each request, in this process on SQLite: `python -m bench.checkouts`.

Each round makes a cart, adds an item, sends it to an address, chooses how, and places the order. The store has active
promotions, of which one in twenty applies. With `--carts` it has so many carts before: what a request costs must not
depend on them.
"""

import argparse
import asyncio
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from bench.prices import fill
from bodega.storage.opening import open_backend
from shop import Server, Shop

ADDRESS = {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.com", "country_code": "US"}
LIMIT_MS = 15.0  # of the placing, which writes an order of 20 lines


class Clerk:
    """Sends requests, and keeps the CPU that each kind of them took."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.spent: dict[str, list[float]] = defaultdict(list)

    def ask(self, what: str, method: str, path: str, body: Any) -> Any:
        """The data of the reply."""
        begun = process_time()
        reply = self.shop.request(method, path, body)
        self.spent[what].append((process_time() - begun) * 1000)
        assert reply.status in (200, 201), (what, reply.body)
        return reply.data

    def best(self) -> dict[str, float]:
        """The median of each kind, in milliseconds."""
        return {what: sorted(took)[len(took) // 2] for what, took in self.spent.items()}


def lines_of(number: int, lines: int, products: int) -> list[dict[str, int]]:
    """The items of one cart."""
    return [{"product_id": 1 + (number + place) % products, "quantity": 1 + place % 3} for place in range(lines)]


def round_of(clerk: Clerk, number: int, lines: int, products: int) -> None:
    """One shopper."""
    cart = clerk.ask("make a cart", "POST", "/v3/carts", {"line_items": lines_of(number, lines - 1, products)})
    more = {"line_items": lines_of(number + lines, 1, products)}
    cart = clerk.ask("add an item", "POST", f"/v3/carts/{cart['id']}/items", more)
    at = f"/v3/checkouts/{cart['id']}"
    clerk.ask("billing address", "POST", f"{at}/billing-address", ADDRESS)
    sent = [{"item_id": one["id"], "quantity": one["quantity"]} for one in cart["line_items"]["physical_items"]]
    made = clerk.ask(
        "consignment",
        "POST",
        f"{at}/consignments?include=consignments.available_shipping_options",
        [{"address": ADDRESS, "line_items": sent}],
    )
    one = made["consignments"][0]
    chosen = {"shipping_option_id": one["available_shipping_options"][0]["id"]}
    clerk.ask("shipping option", "PUT", f"{at}/consignments/{one['id']}", chosen)
    clerk.ask("read the checkout", "GET", at, None)
    clerk.ask("place the order", "POST", f"{at}/orders", {})


def main() -> int:
    """Measure, and fail over the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--promotions", type=int, default=200)
    parser.add_argument("--carts", type=int, default=0, help="carts in the store before")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    with TemporaryDirectory() as directory, asyncio.Runner() as runner:
        shop = Server(runner, runner.run(open_backend(Path(directory), None))).shop()
        products = max(50, asked.lines * 2)
        fill(shop, products, asked.promotions, products)
        shop.post("/v2/shipping/zones", {"name": "All", "type": "global"})
        shop.post("/v2/shipping/zones/1/methods", {"name": "Flat", "type": "perorder", "settings": {"rate": 5}})
        for number in range(asked.carts):
            shop.post("/v3/carts", {"line_items": lines_of(number, 2, products)})
        clerk = Clerk(shop)
        for number in range(asked.rounds):
            round_of(clerk, number, asked.lines, products)
        shop.server.stop()
    print(f"{asked.lines} lines, {asked.promotions} promotions, {asked.carts} carts before; CPU of a request:")
    for what, spent in clerk.best().items():
        print(f"  {what:20} {spent:7.2f} ms")
    return 0 if clerk.best()["place the order"] < LIMIT_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
