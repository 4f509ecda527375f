"""Undoing requests: whatever was written, undone in reverse the store is as it was; what came later is in the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from bodega.cli import main
from bodega.storage.opening import open_backend
from bodega.storage.schema_facts import facts_of
from bodega.storage.statement_forms import LEFT_OUT
from lab import Bench, House
from statistics_check import check_statistics


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: Any) -> Iterator[Bench]:
    """A lab on each database."""
    url = request.getfixturevalue("own_database") if request.param == "postgres" else None
    made = Bench(House(runner, runner.run(open_backend(tmp_path_factory.mktemp("undo"), url))))
    yield made
    made.stop()


_NUMBERS = iter(range(1, 10_000))


class Trial:
    """A store, and what was asked of it."""

    def __init__(self, bench: Bench, **amounts: int) -> None:
        self.bench = bench
        self.name = f"u{next(_NUMBERS)}-{abs(hash(bench)) % 10**6}"
        account = {"name": "app", "client_id": f"{self.name}-id", "token": "t-" + self.name, "unlimited": True}
        bench.say(
            "POST", "/stores",
            {"hash": self.name, "plan": "enterprise", "accounts": [account],
             "settings": {"webhooks.allow_private": True}},
        )  # fmt: skip
        if amounts:
            bench.say("POST", f"/stores/{self.name}/seed", amounts)
        self.done: list[tuple[str, str]] = []

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """A request of the API; its id is noted if it was carried out."""
        reply = self.bench.ask(
            method, f"/stores/{self.name}{path}", body, headers={"x-auth-token": "t-" + self.name}
        )  # fmt: skip
        if reply.status < 300 and method != "GET":
            self.done.append((reply.headers["x-request-id"], f"{method} {path}"))
        return reply

    def id_of(self, method: str, path: str, body: Any) -> int:
        """The id of what was made."""
        reply = self.send(method, path, body)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        told = reply.json
        return int((told["data"] if path.startswith("/v3") else told)["id"])

    def undo(self, request_id: str) -> Any:
        """Undoes it."""
        return self.bench.ask("POST", f"/stores/{self.name}/journal/{request_id}/undo")

    def rows(self) -> dict[str, list[str]]:
        """Every row of the store but for versions, and dates of its last change."""

        async def read() -> dict[str, list[str]]:
            store = await self.bench.app.stores.get(self.name)
            assert store is not None
            reader = (await store.ready()).reader
            facts = await facts_of(reader)
            found = {}
            for table, columns in facts.columns.items():
                if table not in LEFT_OUT and not table.startswith("kept") and table != "migrations":
                    kept = [name for name in columns if name not in ("version", "modified")]
                    sql = f"SELECT {', '.join(kept)} FROM {table}"
                    found[table] = sorted(repr(list(row)) for row in await reader.rows(sql))
            return found

        return dict(self.bench.run(read()))

    def check(self) -> None:
        """The table statistics are right."""

        check_statistics(cast("Any", SimpleNamespace(server=self.bench, name=self.name)))


def words(rng: random.Random) -> str:
    return f"{rng.choice(['Blue', 'Red', 'Old'])} {rng.choice(['cup', 'lamp', 'chair'])} {rng.randrange(10**6)}"


def a_write(rng: random.Random, trial: Trial) -> None:
    """Some request, which may be refused."""

    def some(path: str) -> int:
        reply = trial.send("GET", f"{path}?limit=50")
        if reply.status != 200:
            return 1
        told = reply.json
        rows = told["data"] if isinstance(told, dict) else told
        return int(rng.choice(rows)["id"]) if rows else 1

    name = words(rng)
    product = {"name": name, "type": "physical", "weight": 1, "price": rng.randrange(1, 99), "sku": name[-6:]}
    catalog = "/v3/catalog"
    kind = rng.randrange(34)
    if kind == 0:
        trial.send("POST", f"{catalog}/products", {**product, "categories": [some(f"{catalog}/categories")],
                   "brand_name": words(rng), "custom_fields": [{"name": "a", "value": "b"}],
                   "variants": [{"sku": f"v{rng.randrange(10**6)}", "option_values": [
                       {"option_display_name": "Size", "label": size}]} for size in ("S", "M")]})  # fmt: skip
    elif kind == 1:
        one = some(f"{catalog}/products")
        trial.send("PUT", f"{catalog}/products/{one}", {"name": name, "price": rng.randrange(99), "brand_id": 0})
    elif kind == 2:
        trial.send("DELETE", f"{catalog}/products/{some(f'{catalog}/products')}")
    elif kind == 3:
        ids = {some(f"{catalog}/products") for _ in range(3)}
        trial.send("PUT", f"{catalog}/products", [{"id": one, "price": rng.randrange(99)} for one in ids])
    elif kind == 4:
        trial.send("DELETE", f"{catalog}/products?id:in={some(f'{catalog}/products')},{some(f'{catalog}/products')}")
    elif kind == 5:
        parent = rng.choice([0, some(f"{catalog}/categories")])
        trial.send("POST", f"{catalog}/categories", {"name": name, "parent_id": parent})
    elif kind == 6:
        trial.send("DELETE", f"{catalog}/categories/{some(f'{catalog}/categories')}")
    elif kind == 7:
        trial.send("POST", f"{catalog}/brands", {"name": name, "meta_keywords": ["a"]})
    elif kind == 8:
        trial.send("DELETE", f"{catalog}/brands/{some(f'{catalog}/brands')}")
    elif kind == 9:
        trial.send("PUT", f"{catalog}/brands/{some(f'{catalog}/brands')}", {"name": name})
    elif kind in (10, 11, 12, 13):
        one = some(f"{catalog}/products")
        child, body = [
            ("custom-fields", {"name": "n", "value": name}), ("videos", {"video_id": "abcdefghij1", "title": name}),
            ("reviews", {"title": name, "text": "x", "status": "approved", "rating": 5,
                         "date_reviewed": "2026-01-02T03:04:05+00:00"}),
            ("metafields", {"namespace": "n", "key": name, "value": "v", "permission_set": "write"}),
        ][kind - 10]  # fmt: skip
        trial.send("POST", f"{catalog}/products/{one}/{child}", body)
        trial.send("DELETE", f"{catalog}/products/{one}/{child}/{some(f'{catalog}/products/{one}/{child}')}")
    elif kind == 14:
        one = some(f"{catalog}/products")
        trial.send("POST", f"{catalog}/products/{one}/options", {
            "display_name": name, "type": "dropdown",
            "option_values": [{"label": "a", "sort_order": 0}, {"label": "b", "sort_order": 1}]})  # fmt: skip
    elif kind == 15:
        one = some(f"{catalog}/products")
        trial.send("DELETE", f"{catalog}/products/{one}/options/{some(f'{catalog}/products/{one}/options')}")
    elif kind == 16:
        one = some(f"{catalog}/products")
        trial.send("PUT", f"{catalog}/products/{one}/variants/{some(f'{catalog}/products/{one}/variants')}",
                   {"price": rng.randrange(99), "inventory_level": rng.randrange(9), "sku": name})  # fmt: skip
    elif kind == 17:
        one = some(f"{catalog}/products")
        trial.send("POST", f"{catalog}/products/{one}/modifiers", {"display_name": name, "type": "checkbox",
                   "required": False, "config": {"checkbox_label": "x"}, "option_values": [
                       {"label": "Yes", "value_data": {"checked_value": True}},
                       {"label": "No", "value_data": {"checked_value": False}}]})  # fmt: skip
    elif kind == 18:
        trial.send("POST", "/v3/customers", [
            {"first_name": "A", "last_name": "B", "email": f"c{rng.randrange(10**9)}@example.com", "addresses": [
                {"first_name": "A", "last_name": "B", "address1": "x", "city": "y", "country_code": "DE",
                 "postal_code": "1", "state_or_province": "Bayern"}]} for _ in range(2)])  # fmt: skip
    elif kind == 19:
        trial.send("DELETE", f"/v3/customers?id:in={some('/v3/customers')}")
    elif kind == 20:
        trial.send(
            "PUT", "/v3/customers", [{"id": some("/v3/customers"), "email": f"d{rng.randrange(10**9)}@example.com"}]
        )
    elif kind == 21:
        trial.send("POST", "/v2/customer_groups", {"name": name})
    elif kind == 22:
        trial.send("DELETE", f"/v2/customer_groups/{some('/v2/customer_groups')}")
    elif kind == 23:
        trial.send("PUT", f"/v2/orders/{some('/v2/orders')}", {"status_id": rng.randrange(1, 12)})
    elif kind == 24:
        address = {"first_name": "A", "last_name": "B", "street_1": "x", "city": "y", "state": "Bayern", "zip": "1",
                   "country": "Germany", "email": "a@example.com"}  # fmt: skip
        trial.send("POST", "/v2/orders", {"billing_address": address, "products": [
            {"product_id": some(f"{catalog}/products"), "quantity": 1},
            {"name": name, "quantity": 2, "price_inc_tax": 5, "price_ex_tax": 4}]})  # fmt: skip
    elif kind == 25:
        order = some("/v2/orders")
        trial.send("POST", f"/v2/orders/{order}/shipments", {
            "order_address_id": some(f"/v2/orders/{order}/shipping_addresses"),
            "items": [{"order_product_id": some(f"/v2/orders/{order}/products"), "quantity": 1}]})  # fmt: skip
    elif kind == 26:
        trial.send("DELETE", f"/v2/orders/{some('/v2/orders')}")
    elif kind == 27:
        trial.send("POST", "/v2/coupons", {"name": name, "code": name[-6:], "type": "per_item_discount", "amount": 5,
                   "enabled": True, "applies_to": {"entity": "categories", "ids": [0]}})  # fmt: skip
    elif kind == 28:
        trial.send("POST", "/v2/blog/posts", {"title": name, "body": "x", "tags": ["a", "b"]})
        trial.send("PUT", f"/v2/blog/posts/{some('/v2/blog/posts')}", {"tags": ["c"], "title": name})
    elif kind == 29:
        trial.send("PUT", f"{catalog}/categories/{some(f'{catalog}/categories')}", {"name": name, "sort_order": 3})
    elif kind == 30:
        trial.send("POST", "/v3/pricelists", {"name": name, "active": True})
        variant = some(f"{catalog}/variants")
        trial.send("PUT", f"/v3/pricelists/{some('/v3/pricelists')}/records",
                   [{"variant_id": variant, "currency": "usd", "price": rng.randrange(1, 99)}])  # fmt: skip
    elif kind == 31:
        trial.send("DELETE", f"/v3/pricelists/{some('/v3/pricelists')}")
    elif kind == 32:
        line = {"quantity": 1, "product_id": some(f"{catalog}/products")}
        reply = trial.send("POST", "/v3/carts", {"line_items": [line]})
        if reply.status == 201:
            trial.send("POST", f"/v3/carts/{reply.json['data']['id']}/items", {"line_items": [line]})
    else:
        trial.send("POST", "/v3/hooks", {"scope": "store/product/*", "destination": f"http://localhost/{rng.random()}",
                                        "is_active": True})  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_undone_in_reverse_a_store_is_as_it_was(bench: Bench, seed: int) -> None:
    """A property: of any writes, bulk ones, children and links included."""
    trial = Trial(bench, products=12, customers=6, orders=6)
    rng = random.Random(seed)
    bench.say("POST", f"/stores/{trial.name}/snapshots", {"name": "before"})
    before = trial.rows()
    while len(trial.done) < 60:
        a_write(rng, trial)
    assert trial.rows() != before
    for request_id, what in reversed(trial.done):
        reply = trial.undo(request_id)
        told = reply.json.get("title", "") if reply.status == 409 else ""
        assert reply.status == 200 or "changed nothing" in told, (what, reply.body)
    after = trial.rows()
    for table in before:
        if table != "idempotency" and not table.startswith("product_search"):  # an index, which follows the rows
            assert after[table] == before[table], table
    trial.check()
    differs = bench.say("GET", f"/stores/{trial.name}/diff?from=before")
    assert differs["resources"] == {}
    assert trial.id_of("POST", "/v3/catalog/brands", {"name": "Goes on"}) > 0


def test_what_came_later_is_in_the_way(bench: Bench) -> None:
    trial = Trial(bench)
    product = {"name": "Cup", "type": "physical", "weight": 1, "price": 5}
    made = trial.id_of("POST", "/v3/catalog/products", product)
    trial.send("PUT", f"/v3/catalog/products/{made}", {"price": 6})
    (create, _), (update, _) = trial.done
    refused = trial.undo(create)
    assert refused.status == 409
    told = refused.json["errors"][f"products/{made}"]
    assert "changed later" in told
    assert f"PUT /stores/{trial.name}/v3/catalog/products/{made} ({update})" in told
    assert {"resource": "products", "id": made, "change": "updated"} in trial.undo(update).json["rows"]
    assert "changed nothing" in trial.undo(update).json["title"]
    trial.send("POST", f"/v3/catalog/products/{made}/metafields",
               {"namespace": "n", "key": "k", "value": "v", "permission_set": "read"})  # fmt: skip
    below = trial.undo(create)
    assert below.status == 409, "what was made below it later would go along"
    assert trial.undo(trial.done[-1][0]).status == 200
    undone = trial.undo(create)  # the row was put back as the create had left it
    assert undone.status == 200, undone.body
    assert trial.send("GET", f"/v3/catalog/products/{made}").status == 404


def test_unknown_requests_and_reads_are_told(bench: Bench) -> None:
    trial = Trial(bench)
    reply = trial.undo("nothing")
    assert (reply.status, "has no request nothing" in reply.json["title"]) == (409, True)
    read = trial.send("GET", "/v3/catalog/products")
    assert "changed nothing" in trial.undo(read.headers["x-request-id"]).json["title"]


def test_the_command(tmp_path: Any) -> None:
    done = CliRunner().invoke(main, ["undo", "demo", "1", "--data", str(tmp_path / "none")])
    assert (done.exit_code, "There are no stores" in done.output) == (1, True)
