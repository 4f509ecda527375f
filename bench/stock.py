"""Products that are more than one row: fifty variants of two options, ten images; put into a store through its API."""

import json
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import product as combined

from bench.client import Client
from bench.load import CONNECTIONS, run
from bench.receiver import wait_for
from bench.request import HOST, Request, Shot, ready
from bench.server import free_port, running
from bench.store import Store

COLOURS = ("Red", "Orange", "Yellow", "Green", "Blue", "Indigo", "Violet", "Black", "Grey", "White")
SIZES = ("XS", "S", "M", "L", "XL")
VARIANTS = len(COLOURS) * len(SIZES)
IMAGES = 10
WIDEST = 600
SHELF = 200  # products of a category
MOST_ASSIGNED = 50
WIDE = 40  # products with variants in the store of `make bench`
SAMPLE = 200  # of them, those whose variants are known by id
UPLOADS = 8  # at a time: more pictures of one store do not wait for their turn
PATIENCE = 3600.0  # seconds for a store to be filled
SHOWN = 120  # characters of a refusal that are shown


class Lacking(Exception):
    """The server cannot do what a scenario needs; the message says what, as a sentence."""


@dataclass(frozen=True, slots=True)
class Wide:
    """Products with variants: their ids, and of some of them the ids and SKUs of their variants."""

    products: Sequence[int]
    variants: Sequence[Sequence[int]]
    skus: Sequence[str]


class Stock:
    """What scenarios have to know of a store; what is not there is put there when it is first asked for."""

    def __init__(self, store: Store, wide: int = WIDE) -> None:
        self.store = store
        self.client = Client(store)
        self.count = wide
        self.opened = ExitStack()
        self.receiver = 0  # its port, once a hook was asked for
        self.heard = 0  # events that were waited for so far

    def close(self) -> None:
        """End the receiver of events, if there is one."""
        self.opened.close()

    def hear(self, scope: str) -> None:
        """Subscribe a hook of this scope and start its receiver. The store has to allow addresses of this machine:
        bench.store.HEARING. Raises Lacking."""
        self.receiver = free_port()
        command = [sys.executable, "-m", "bench.receiver", "--port", str(self.receiver)]
        self.opened.enter_context(running(command, self.receiver))
        hook = {"scope": scope, "destination": f"http://{HOST}:{self.receiver}/", "is_active": True}
        status, reply = self.client.ask(Request("POST", "/hooks", json.dumps(hook).encode()))
        if status != 200:
            raise Lacking(f"A hook is answered {status}: {_said(reply)}")

    def wait_for_events(self, count: int) -> None:
        """Wait until the receiver has taken so many more events than were waited for before."""
        self.heard += count
        wait_for(self.receiver, self.heard)

    @cached_property
    def skus(self) -> Sequence[str]:
        """SKUs of products."""
        return [row["sku"] for row in self.client.rows("/catalog/products?include_fields=sku", 2_000)]

    @cached_property
    def items(self) -> Sequence[int]:
        """Variants whose stock can be adjusted."""
        rows = self.client.rows("/inventory/items?location_id:in=1", 2_000)
        return [row["identity"]["variant_id"] for row in rows]

    @cached_property
    def price_list(self) -> int:
        """The id of a price list. Raises Lacking."""
        status, reply = self.client.ask(Request("POST", "/pricelists", b'{"name":"Measured prices"}'))
        if status != 200:
            raise Lacking(f"A price list is answered {status}: {_said(reply)}")
        return int(reply["data"]["id"])

    def carts(self, count: int, products: Sequence[int]) -> Sequence[str]:
        """The ids of new carts of three of the products. Raises Lacking."""
        found: list[str] = []
        for number in range(count):
            chosen = [products[(number + place) % len(products)] for place in range(3)]
            items = [{"product_id": one, "quantity": 1} for one in chosen]
            status, reply = self.client.ask(Request("POST", "/carts", json.dumps({"line_items": items}).encode()))
            if status != 201:
                raise Lacking(f"A cart is answered {status}: {_said(reply)}")
            found.append(reply["data"]["id"])
        return found

    @property
    def wide(self) -> Wide:
        """Products with fifty variants each. Raises Lacking, with the same sentence each time."""
        if isinstance(self._wide_or_not, Lacking):
            raise self._wide_or_not
        return self._wide_or_not

    @cached_property
    def _wide_or_not(self) -> Wide | Lacking:
        try:
            return self._add_wide()
        except Lacking as lacking:
            return lacking

    def _add_wide(self) -> Wide:
        first = self._one_wide()
        print(f"Adding {self.count:,} products of {VARIANTS} variants ...", file=sys.stderr)
        send(self.store, (wide_product(number) for number in range(1, self.count)))
        found = [
            row["id"] for row in self.client.rows(f"/catalog/products?id:min={first}&include_fields=id", self.count)
        ]
        # Evenly over the whole store, so that a large one is not measured at its beginning.
        some = found[:: max(1, len(found) // SAMPLE)][:SAMPLE]
        variants = [
            list(self.client.rows(f"/catalog/products/{one}/variants?include_fields=id,sku", VARIANTS)) for one in some
        ]
        if any(len(those) != VARIANTS for those in variants):
            raise Lacking(f"A product of {VARIANTS} variants lists {len(variants[0])}.")
        return Wide(
            found,
            [[variant["id"] for variant in those] for those in variants],
            [variant["sku"] for those in variants for variant in those],
        )

    @cached_property
    def pictured(self) -> Sequence[int]:
        """Products with fifty variants and ten images. Raises Lacking."""
        products = self.wide.products
        first, *others = [upload(product, place) for place in range(IMAGES) for product in products]
        status, reply = self.client.ask(first)
        if status != 200:
            raise Lacking(f"An image is answered {status}: {_said(reply)}")
        print(f"Adding {IMAGES} images to each of {len(products):,} products ...", file=sys.stderr)
        send(self.store, others, UPLOADS)
        self._check(products[-1], "images", IMAGES)
        return products

    @cached_property
    def shelf(self) -> int:
        """The id of a category with the first products with variants, `SHELF` of them at most. Raises Lacking."""
        products = self.wide.products[:SHELF]
        category = {"name": "Measured shelf", "parent_id": 0}
        status, reply = self.client.ask(Request("POST", "/catalog/categories", json.dumps(category).encode()))
        if status != 200:
            raise Lacking(f"A category is answered {status}: {_said(reply)}")
        made = int(reply["data"]["id"])
        for start in range(0, len(products), MOST_ASSIGNED):
            pairs = [{"product_id": one, "category_id": made} for one in products[start : start + MOST_ASSIGNED]]
            assigned = Request("PUT", "/catalog/products/category-assignments", json.dumps(pairs).encode())
            status, reply = self.client.ask(assigned)
            if status not in (200, 204):
                raise Lacking(f"Assignments to a category are answered {status}: {_said(reply)}")
        return made

    @cached_property
    def widest(self) -> int:
        """The id of a product with 600 variants, the most that there may be. Raises Lacking."""
        sizes = [str(size) for size in range(WIDEST // len(COLOURS))]
        status, reply = self.client.ask(_shirt("Widest", COLOURS, sizes))
        if status != 200:
            raise Lacking(f"A product with {WIDEST} variants is answered {status}: {_said(reply)}")
        return int(reply["data"]["id"])

    def _one_wide(self) -> int:
        """The first product with variants, by its id; what it shows tells whether the server can have more of them."""
        status, reply = self.client.ask(wide_product(0))
        if status != 200:
            raise Lacking(f"A product with {VARIANTS} variants is answered {status}: {_said(reply)}")
        made = int(reply["data"]["id"])
        self._check(made, "variants", VARIANTS)
        return made

    def _check(self, product: int, include: str, wanted: int) -> None:
        status, reply = self.client.ask(Request("GET", f"/catalog/products/{product}?include={include}"))
        there = len(reply["data"].get(include, ())) if status == 200 else 0
        if there != wanted:
            raise Lacking(f"A product that was given {wanted} {include} shows {there}.")


def wide_product(number: int) -> Request:
    """A product with fifty variants, each with a SKU and a price of its own."""
    return _shirt(f"{number:05d}", COLOURS, SIZES)


def _shirt(name: str, colours: Sequence[str], sizes: Sequence[str]) -> Request:
    variants = [
        {
            "sku": f"WIDE-{name}-{place:02d}",
            "price": 10 + place,
            "inventory_level": place,
            "option_values": [
                {"option_display_name": "Colour", "label": colour},
                {"option_display_name": "Size", "label": size},
            ],
        }
        for place, (colour, size) in enumerate(combined(colours, sizes))
    ]
    shirt = {
        "name": f"Measured shirt {name}",
        "type": "physical",
        "price": 10,
        "weight": 0.2,
        "inventory_tracking": "variant",
        "variants": variants,
    }
    return Request("POST", "/catalog/products", json.dumps(shirt).encode())


def upload(product: int, place: int) -> Request:
    """An upload of an image: a small picture of one colour."""
    edge = "measured-and-timed"
    picture = png(64, 48, bytes((place * 25 % 256, product % 256, product // 256 % 256)))
    head = f'Content-Disposition: form-data; name="image_file"; filename="{product}-{place}.png"'
    body = b"\r\n".join(
        [f"--{edge}".encode(), head.encode(), b"Content-Type: image/png", b"", picture, f"--{edge}--".encode(), b""]
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    return Request("POST", f"/catalog/products/{product}/images", body, headers)


def png(width: int, height: int, colour: bytes) -> bytes:
    """A picture of one colour, three bytes of red, green and blue."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = (b"\x00" + colour * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def send(store: Store, requests: Iterator[Request] | Sequence[Request], connections: int = CONNECTIONS) -> None:
    """Send requests that must all succeed, on as many connections as a measurement has."""
    shots = (_shot(store, request) for request in requests)
    load = run(store.server.port, shots, PATIENCE, connections=connections)
    if load.failures:
        raise Lacking(f"{load.failures:,} of {load.requests:,} requests that fill the store failed: {load.statuses}.")


def _shot(store: Store, request: Request) -> Shot:
    return ready(store.address(request))


def _said(reply: object) -> str:
    return json.dumps(reply)[:SHOWN]
