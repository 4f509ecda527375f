"""Beyond one machine: nothing that a store asks of PostgreSQL stands in the way of sharding by schema (docs/scale.md).

Every statement that a store's connections send is recorded while the store does everything it can, and held against
what Citus forbids in a distributed schema.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bodega.lab import copies
from bodega.lab.reset import empty
from bodega.resources import ROUTES
from bodega.storage import migrate
from bodega.storage.opening import open_backend
from bodega.storage.postgres import backend as postgres_server
from bodega.storage.postgres import registry, rows
from bodega.tasks.sweep import sweep
from pictures import FORM, form
from postgres import database
from shop import Server

REGISTRY = registry.REGISTRY

FORBIDDEN = {
    "an extension, a trigger, a function, a rule or a view": r"create\s+(or\s+replace\s+)?(constraint\s+)?(extension"
    r"|trigger|function|procedure|rule|view|materialized)",
    "a sequence, a type or a domain": r"create\s+(sequence|type|domain)|\b(small|big)?serial\b|generated\s+.*identity",
    "a table that is temporary, foreign, inherited or partitioned": r"create\s+(temp|temporary|foreign|unlogged)\b"
    r"|\binherits\b|\bpartition\b",
    "a lock on a table": r"\block\s+table\b",
    "several commands in one string, one of which changes tables": r"^(?!\s*do\b)(?=[^;]*;\s*\S).*"
    r"\b(create|alter|drop|insert\s+into|delete\s+from|update\s+\w+\s+set)\b",
    "a transaction in two phases": r"prepare\s+transaction",
    "a merge": r"\bmerge\s+into\b",
    "a query among the values of an insert": r"values\s*\([^;]*\(\s*select",
    "a function that is not the same on every node": r"\b(random|clock_timestamp|now|statement_timestamp|nextval"
    r"|gen_random_uuid|uuid_generate_v4|setval)\s*\(",
    "a foreign key to another schema": r"references\s+\w+\.\w+",
    "notification: only the registry's server is listened to": r"^\s*(listen|notify)\b",
}
"""What no statement of a store may hold; each is refused in a distributed schema, or means something else there."""


class Watched:
    """Every statement with the `search_path` of the connection that sent it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[tuple[str, str]] = set()
        real = postgres_server.connect

        async def connect(dsn: str, schema: str, **more: Any) -> Any:
            connection = await real(dsn, schema, **more)
            connection.add_query_logger(lambda record: self.seen.add((schema, record.query)))
            return connection

        monkeypatch.setattr(postgres_server, "connect", connect)
        monkeypatch.setattr(registry, "connect", connect)
        monkeypatch.setattr(rows, "connect", connect)

    def of_stores(self) -> list[str]:
        """What was sent on connections of stores."""
        return sorted(sql for schema, sql in self.seen if schema.startswith("store_"))

    def of_the_registry(self) -> list[str]:
        """What was sent on connections of the registry."""
        return sorted(sql for schema, sql in self.seen if schema == REGISTRY)


def everything(runner: asyncio.Runner, url: str, folder: Path) -> str:
    """A store does all it can; its schema's name."""
    server = Server(runner, runner.run(open_backend(None, url))).awake()
    shop = server.shop()
    category = shop.category()
    child = shop.category("Hammers", parent_id=category)
    key = {"idempotency-key": "k"}
    for _ in range(2):
        shop.post("/v3/catalog/brands", {"name": "Acme"}, headers=key)
    product = shop.product("Hammer", categories=[category, child], brand_id=1, sku="H-1")
    shop.post("/v3/catalog/products", {"name": "HAMMER", "type": "physical", "price": 1, "weight": 1})
    shop.put("/v3/catalog/products", [{"id": product, "name": "Mallet"}, {"id": 4711, "name": "x"}])
    shop.put(f"/v2/products/{product}", {"price": "12.50", "categories": [child]})
    lists = "sort=price&direction=desc|keyword=ham&page=2|id:in=1,2|categories:in=1|include=variants|name:like=ham"
    for query in lists.split("|"):
        shop.get(f"/v3/catalog/products?{query}")
    for route in ROUTES:
        if "GET" in route.actions and "{" not in route.template:
            shop.get(f"/v{route.version}/{route.template}")
    for path in ("/v2/products/1", "/v2/products/count", "/v3/catalog/products/1?include=variants", "/v2/products.xml"):
        shop.get(path)
    picture = form()
    for _ in range(2):
        shop.post("/v3/catalog/brands/1/image", body=picture, headers=FORM)
    assert shop.rows("files") > 0
    task = shop.delete("/v3/catalog/brands?name=Nobody", headers={"prefer": "respond-async"}).data["id"]
    shop.settle(task)
    shop.delete(f"/v3/tasks/{task}")
    backend = server.backend
    record = runner.run(backend.registry.store(shop.name))
    store = runner.run(server.app.stores.get(shop.name))
    for _ in range(2):
        runner.run(copies.snapshot(backend, record, "base"))
    runner.run(copies.restore(backend, record, "base"))
    runner.run(copies.backup(backend, record, folder / "backup"))
    runner.run(copies.recover(backend, shop.name, folder / "backup"))
    runner.run(backend.forget(record, "base"))
    runner.run(sweep(store))
    shop.delete(f"/v3/catalog/products/{product}")
    shop.delete("/v2/categories")
    runner.run(store.write(empty))
    assert shop.get("/v3/catalog/brands").data == []
    schema: str = backend.schema(record)  # type: ignore[attr-defined]
    runner.run(backend.registry.drop_store(shop.name))
    runner.run(backend.drop(record))
    runner.run(server.app.stop())
    return schema


@pytest.fixture(scope="module")
def statements(
    runner: asyncio.Runner, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Watched]]:
    """The schema of a store that did all it can, and what was sent for it."""
    with pytest.MonkeyPatch.context() as patched, database(postgres_url) as url:
        watched = Watched(patched)
        yield everything(runner, url, tmp_path_factory.mktemp("copies")), watched


def test_no_statement_of_a_store_uses_what_a_distributed_schema_forbids(statements: tuple[str, Watched]) -> None:
    """Issue 5, beyond one machine."""
    _, watched = statements
    sent = watched.of_stores()
    assert len(sent) > 100
    wrong = [(why, sql) for sql in sent for why, pattern in FORBIDDEN.items() if re.search(pattern, sql, re.IGNORECASE)]
    assert wrong == []


def test_no_statement_leaves_the_schema_of_its_store(statements: tuple[str, Watched]) -> None:
    """Two schemas may be on two nodes: no statement may need both, nor the registry beside a store."""
    schema, watched = statements
    for sql in watched.of_stores():
        inside = sql.replace(f"CREATE SCHEMA IF NOT EXISTS {schema}", "")
        assert not re.search(rf"\b({REGISTRY}|public|store_\w+)\.", inside)
    beside = [sql for sql in watched.of_the_registry() if schema in sql]
    assert beside
    for sql in beside:
        assert set(re.findall(r"\bstore_\w+", sql)) == {schema}
        assert not re.search(r"\b(from|join|into|update)\s+(stores|accounts|quotas)\b", sql, re.IGNORECASE)


def test_every_table_of_a_store_has_a_primary_key() -> None:
    """A schema is moved to another node while it is written to only when each of its tables has an identity."""
    for migration in migrate.migrations():
        for statement in migration.statements():
            if statement.upper().startswith("CREATE TABLE"):
                assert "PRIMARY KEY" in statement.upper(), statement


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()",
        "CREATE TABLE t (id bigserial PRIMARY KEY)",
        "INSERT INTO t (a) VALUES ((SELECT 1))",
        "UPDATE t SET a = now()",
        "LOCK TABLE t",
        "NOTIFY x",
    ],
)
def test_what_is_forbidden_would_be_found(sql: str) -> None:
    """Else the tests above prove nothing."""
    assert any(re.search(pattern, sql, re.IGNORECASE) for pattern in FORBIDDEN.values())
