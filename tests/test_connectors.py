"""A Singer tap and an Airbyte connector, unmodified, copy a started server's store: first all of it, then what changed.

Each runs in an environment of its own (`apart.py`), as a process of its own, and is led here by environment variables
alone: both have the host of the service built in. The store's clock stands in the past while its rows are written, so
that what was there before the first copy, and what changed after it, lie on days of their own.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from bigcommerce.api import BigcommerceApi

from apart import installed
from bodega.app import routes
from served import PATIENCE, Served, Store, tunnel
from test_real_client import served
from test_real_client_orders import place

__all__ = ["served"]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TRUST = """# Not every client looks for the authority where the environment names it.
import os

import certifi

certifi.where = lambda: os.environ["REQUESTS_CA_BUNDLE"]
"""


@dataclass
class Copy:
    """What a client wrote: the records of each stream, and its last states."""

    records: dict[str, list[Any]]
    states: list[Any]

    def ids(self) -> dict[str, list[int]]:
        """The ids of each stream's records, in order."""
        return {stream: sorted(record["id"] for record in records) for stream, records in self.records.items()}


@dataclass(frozen=True)
class Desk:
    """A store with its account. `before` is when the last row of the first copy was written, `after` when the next."""

    store: Store
    account: Any
    before: datetime
    after: datetime
    environment: dict[str, str]

    def get(self, path: str, **query: Any) -> list[Any]:
        """All rows of a list, as the API tells them."""
        url = f"{self.store.served.https}/stores/{self.store.hash}{path}"
        rows: list[Any] = []
        for page in range(1, 100):
            asked = requests.get(
                url,
                params={"page": page, "limit": 250, **query},
                headers={"X-Auth-Token": self.account["token"], "Accept": "application/json"},
                verify=self.store.served.ca,
                timeout=PATIENCE,
            )
            told = asked.json() if asked.content else []
            part = told["data"] if isinstance(told, dict) and "data" in told else told
            rows += part
            if len(part) < 250:
                return rows
        raise AssertionError(f"{path} does not end")

    def below_orders(self, path: str) -> list[Any]:
        """All rows of a list that every order has."""
        return [row for order in self.get("/v2/orders") for row in self.get(f"/v2/orders/{order['id']}/{path}")]

    def run(self, program: Path, *words: str) -> tuple[list[Any], str]:
        """The messages that a client printed, one JSON a line, and its log; it must have ended well."""
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=2 * PATIENCE, env=self.environment
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def change(self) -> None:
        """A product, a customer and an order change, one of each is new, and a product goes, after the first copy."""
        self.set_clock(self.after)
        with self.client() as client:
            write(client, "Later")
            products, customers, orders = client.Products.all(), client.Customers.all(), client.Orders.all()
            products[1].update(name="Renamed")
            products[2].delete()
            customers[1].update(company="Acme")
            orders[1].update(staff_notes="Fragile")

    def set_clock(self, when: datetime) -> None:
        self.store.run(f"store clock HASH --set {when:%Y-%m-%dT%H:%M:%SZ}")

    @contextmanager
    def client(self) -> Iterator[BigcommerceApi]:
        """The official client, with which the rows are written."""
        client = BigcommerceApi(
            client_id=self.account["client_id"], store_hash=self.store.hash, access_token=self.account["token"]
        )
        with closing(client.connection._session):
            yield client


def write(client: BigcommerceApi, name: str) -> None:
    """A product, a customer, a coupon and an order."""
    category = client.Categories.all()[0].id
    needed = {"type": "physical", "price": "10.00", "weight": 1, "availability": "available"}
    made = client.Products.create(name=name, categories=[category], **needed)
    client.Customers.create(first_name=name, last_name="Doe", email=f"{name}@example.com".lower())
    everything = {"entity": "categories", "ids": [0]}
    client.Coupons.create(name=name, code=name, type="percentage_discount", amount="5", applies_to=everything)
    place(client, {"product_id": made.id, "quantity": 1})


@pytest.fixture
def desk(served: Served, tmp_path: Path) -> Iterator[Desk]:
    """A store with rows of four days ago, and one of each kind of three days ago."""
    store, now = served.store(), datetime.now(UTC).replace(microsecond=0)
    (tmp_path / "sitecustomize.py").write_text(TRUST)
    with tunnel(served.api) as proxy:
        plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        led = {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": served.ca, "PYTHONPATH": str(tmp_path)}
        made = Desk(store, store.account("--unlimited"), now - 3 * DAY, now - 20 * HOUR, {**plain, **led})
        made.set_clock(now - 4 * DAY)
        store.run("seed HASH --products 60 --customers 8 --orders 6")
        made.set_clock(made.before)
        with made.client() as client:
            write(client, "Early")
        yield made


@pytest.fixture(scope="session")
def cache(request: pytest.FixtureRequest) -> Path:
    """Where the environments of the clients stay from one run to the next."""
    return request.config.cache.mkdir("clients") if request.config.cache else pytest.skip("pytest keeps no cache")


@pytest.fixture(scope="session")
def tap_program(cache: Path) -> Path:
    return installed(cache, "tap-bigcommerce") / "tap-bigcommerce"


@pytest.fixture(scope="session")
def connector_program(cache: Path) -> Path:
    return installed(cache, "airbyte-source-bigcommerce", ("3.11",)) / "source-bigcommerce"


def modified(row: Any) -> datetime:
    """When a row was last modified: V3 writes ISO 8601, V2 RFC 2822."""
    text = row["date_modified"]
    return datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)


def ids(rows: list[Any]) -> list[int]:
    return sorted(row["id"] for row in rows)


# The tap: tap-bigcommerce 1.1.3, with streams of products, coupons, customers and orders


class Tap:
    """The tap of a store, with every stream selected."""

    def __init__(self, desk: Desk, program: Path, folder: Path) -> None:
        self.desk, self.program, self.folder = desk, program, folder
        self.settings = folder / "tap.json"
        # It asks for customers a day at a time, from its first to its last second: no row is to be at such a bound.
        start = desk.before - 500 * DAY - HOUR
        self.settings.write_text(
            json.dumps(
                {
                    "start_date": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                    "client_id": desk.account["client_id"],
                    "access_token": desk.account["token"],
                    "store_hash": desk.store.hash,
                }
            )
        )

    def sync(self, state: Any = None) -> Copy:
        """Without a catalogue the tap finds its streams by itself, but selects none: select them all."""
        found = subprocess.run(
            [self.program, "--config", self.settings, "--discover"],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
            env=self.desk.environment,
        )
        catalogue = json.loads(found.stdout)
        for stream in catalogue["streams"]:
            (own,) = (one["metadata"] for one in stream["metadata"] if not one["breadcrumb"])
            own["selected"] = True
        catalogue_file, state_file = self.folder / "catalogue.json", self.folder / "state.json"
        catalogue_file.write_text(json.dumps(catalogue))
        state_file.write_text(json.dumps(state or {}))
        words = ("--config", self.settings, "--catalog", catalogue_file, "--state", state_file)
        messages, log = self.desk.run(self.program, *map(str, words))
        assert "ERROR" not in log, log
        records: dict[str, list[Any]] = {stream["tap_stream_id"]: [] for stream in catalogue["streams"]}
        for message in messages:
            if message["type"] == "RECORD":
                records[message["stream"]].append(message["record"])
        return Copy(records, [message["value"] for message in messages if message["type"] == "STATE"])


TAPPED = {
    "products": "/v3/catalog/products",
    "coupons": "/v2/coupons",
    "customers": "/v2/customers",
    "orders": "/v2/orders",
}
"""The list that each stream of the tap is a copy of."""


def test_a_tap_copies_everything_and_then_what_changed(desk: Desk, tap_program: Path, tmp_path: Path) -> None:
    """Its bookmark is exact to the second; coupons it copies as a whole each time."""
    tap = Tap(desk, tap_program, tmp_path)
    first = tap.sync()
    rows = {stream: desk.get(path) for stream, path in TAPPED.items()}
    assert first.ids() == {stream: ids(rows[stream]) for stream in TAPPED}
    assert {stream: len(found) for stream, found in first.records.items()} == {
        "products": 61, "coupons": 1, "customers": 9, "orders": 7
    }  # fmt: skip
    assert all(len(order["products"]) >= 1 for order in first.records["orders"]), (
        "it follows the url of each order's lines"
    )
    state = first.states[-1]
    bookmarks = state["bookmarks"]
    assert {datetime.fromisoformat(one["date_modified"]) for one in bookmarks.values()} == {desk.before}
    assert tap.sync(state).ids() == {stream: [] for stream in TAPPED} | {"coupons": ids(rows["coupons"])}, (
        "nothing changed"
    )

    desk.change()
    second = tap.sync(state)
    rows = {stream: desk.get(path) for stream, path in TAPPED.items()}
    changed = {
        stream: [row for row in rows[stream] if modified(row) > desk.before] for stream in set(TAPPED) - {"coupons"}
    }
    assert second.ids() == {stream: ids(changed.get(stream, rows[stream])) for stream in TAPPED}
    assert {stream: len(found) for stream, found in changed.items()} == {"products": 2, "customers": 2, "orders": 2}
    assert {row["name"] for row in second.records["products"]} == {"Renamed", "Later"}


# The connector: airbyte-source-bigcommerce 0.2.22


class Connector:
    """The connector of a store."""

    def __init__(self, desk: Desk, program: Path, folder: Path) -> None:
        self.desk, self.program, self.folder = desk, program, folder
        self.settings = folder / "connector.json"
        start = f"{desk.before - 500 * DAY:%Y-%m-%d}"
        self.settings.write_text(
            json.dumps({"start_date": start, "access_token": desk.account["token"], "store_hash": desk.store.hash})
        )

    def run(self, *words: str) -> list[Any]:
        messages, _ = self.desk.run(self.program, *words, "--config", str(self.settings))
        return messages

    def streams(self) -> dict[str, Any]:
        (found,) = (one["catalog"] for one in self.run("discover") if one["type"] == "CATALOG")
        return {stream["name"]: stream for stream in found["streams"]}

    def sync(self, states: list[Any] | None = None) -> Copy:
        """Every stream, incrementally where the connector can.

        The state of a stream that is copied as a whole says only that it was, so it is not handed back.
        """
        streams = [
            {"stream": one, "sync_mode": one["supported_sync_modes"][-1], "destination_sync_mode": "append"}
            for one in self.streams().values()
        ]
        catalogue, state = self.folder / "configured.json", self.folder / "states.json"
        catalogue.write_text(json.dumps({"streams": streams}))
        state.write_text(json.dumps(states or []))
        records: dict[str, list[Any]] = {one["stream"]["name"]: [] for one in streams}
        last: dict[str, Any] = {}
        for message in self.run("read", "--catalog", str(catalogue), "--state", str(state)):
            if message["type"] == "RECORD":
                records[message["record"]["stream"]].append(message["record"]["data"])
            elif message["type"] == "STATE" and "__ab_full_refresh" not in json.dumps(message):
                last[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
            elif message["type"] == "LOG":
                assert message["log"]["level"] not in ("ERROR", "FATAL"), message["log"]["message"]
        return Copy(records, list(last.values()))


DATED = {
    "customers": "/v3/customers",
    "orders": "/v2/orders",
    "products": "/v3/catalog/products",
    "channels": "/v3/channels",
}
"""The list of each stream that the connector asks only for what changed since a day."""

WHOLE = {"brands": "/v3/catalog/brands", "categories": "/v3/catalog/categories", "pages": "/v3/content/pages"}
"""The list of each stream that it copies as a whole each time, its cursor being the id."""

OF_ORDERS = {"order_products": "products", "transactions": "transactions"}
"""The list below an order of each stream that it asks every order for."""


def test_what_the_streams_are_copied_from_is_served() -> None:
    served_paths = {f"/v{route.version}/{route.template}" for route in routes()}
    assert served_paths >= {*DATED.values(), *WHOLE.values()}


def test_a_connector_copies_everything_and_then_what_changed(
    desk: Desk, connector_program: Path, tmp_path: Path
) -> None:
    """Its cursor knows days alone: it copies again what was modified on the last day of the first copy."""
    connector = Connector(desk, connector_program, tmp_path)
    (told,) = (one["connectionStatus"] for one in connector.run("check") if one["type"] == "CONNECTION_STATUS")
    assert told["status"] == "SUCCEEDED"
    assert set(connector.streams()) == {*DATED, *WHOLE, *OF_ORDERS, "store"}

    def whole() -> dict[str, list[int]]:
        found = {stream: ids(desk.get(path)) for stream, path in WHOLE.items()}
        return found | {stream: ids(desk.below_orders(path)) for stream, path in OF_ORDERS.items()}

    first = connector.sync()
    (store,) = first.records.pop("store")
    assert store["id"] == desk.store.hash
    assert first.ids() == {stream: ids(desk.get(path)) for stream, path in DATED.items()} | whole()
    assert all(first.records.values()), "the store has rows for every stream"

    desk.change()
    second = connector.sync(first.states)
    assert len(second.records.pop("store")) == 1
    days = {stream: max(modified(row) for row in first.records[stream]).date() for stream in DATED}
    assert {days[stream] for stream in ("customers", "orders", "products")} == {desk.before.date()}
    changed = {
        stream: [row for row in desk.get(path) if modified(row).date() >= days[stream]]
        for stream, path in DATED.items()
    }
    assert second.ids() == {stream: ids(rows) for stream, rows in changed.items()} | whole()
    assert {row["name"] for row in second.records["products"]} == {"Early", "Renamed", "Later"}
    assert [len(second.records[stream]) for stream in ("customers", "orders")] == [3, 3]
