"""docs/adding-a-resource.md is true: its blocks are the resource, the migration and the tests that run here.

The page is the source: its first Python block is imported as a module, its SQL block is a migration that the store's
own runner applies, and pytest collects the tests of its second Python block as if they stood in this file.
"""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bodega.access.plans import COUNTERS, PLANS
from bodega.access.scopes import READERS, SCOPES
from bodega.events import scopes as events
from bodega.http.app_context import AppContext
from bodega.http.asgi import Api
from bodega.http.router import by_version
from bodega.kit.compile import compile_declarations
from bodega.log import Log
from bodega.resources import RESOURCES, TABLES
from bodega.storage import files, keys, migrate, table_stats
from bodega.storage.migrate import Migration
from bodega.storage.model import link
from bodega.storage.schema import create, create_all
from bodega.storage.sqlite.backend import add_functions
from bodega.storage.sqlite.engine import in_memory
from shop import Server, Shop

PAGE = Path(__file__).parent.parent / "docs" / "adding-a-resource.md"


def blocks(language: str) -> list[str]:
    """The page's code in a language; empty lines before it keep the line numbers of the page."""
    text = PAGE.read_text("utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return ["\n" * text.count("\n", 0, block.start(1)) + block[1] for block in found]


def module(name: str, code: str) -> ModuleType:
    """The page's code as a module; it has to be known by name, since the types of an entity are looked up in it."""
    made = sys.modules[name] = ModuleType(name)
    exec(compile(code, PAGE, "exec"), made.__dict__)
    return made


RESOURCE, TESTS = blocks("python")
(MIGRATION,) = blocks("sql")
gift_wraps = module("gift_wraps", RESOURCE)
globals().update({name: it for name, it in vars(module("gift_wraps_tests", TESTS)).items() if name.startswith("test_")})


@pytest.fixture
def shop(server: Server, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A fresh store whose schema, rules and routes have what the page adds."""
    added = Migration(migrate.newest() + 1, "gift_wraps", MIGRATION)
    known = (*migrate.migrations(), added)
    monkeypatch.setattr(migrate, "migrations", lambda: known)
    resources = (*RESOURCES, gift_wraps.RESOURCE)
    model = link(aggregate for resource in resources for aggregate in resource.aggregates)
    monkeypatch.setattr(server.app.stores._opening, "_model", model)
    routes = [route for resource in resources for route in resource.routes]
    house = AppContext(server.app.stores, by_version(routes), insecure_http=True)
    monkeypatch.setattr(server.app, "_api", Api(house, Log()))
    return server.shop()


def test_the_compile_step_finds_no_mistake_on_the_page() -> None:
    resources = (*RESOURCES, gift_wraps.RESOURCE)
    model = link(aggregate for resource in resources for aggregate in resource.aggregates)
    checked = compile_declarations(
        [model.rules_of(table) for table in model.tables],
        [route for resource in resources for route in resource.routes],
        scopes=SCOPES,
        readers=frozenset(READERS.values()),
        events=events.SCOPES,
        counters=COUNTERS,
        plans={name: plan.limits.keys() for name, plan in PLANS.items()},
    )
    assert {gift_wraps.TABLE, gift_wraps.V2, gift_wraps.V3} <= set(checked)


def test_the_page_migrates_to_what_it_declares() -> None:
    assert Migration(0, "", MIGRATION).statements() == Migration(0, "", create(gift_wraps.TABLE)).statements()


def schema_of(statements: list[str]) -> dict[str, Any]:
    """Columns, foreign keys and indexes of the tables that these statements make, however they came to be so."""
    with closing(in_memory()) as connection:
        add_functions(connection)
        for statement in statements:
            connection.execute(statement)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, Any] = {
            table: (
                sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({table})")),
                sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({table})")),
            )
            for table in tables
        }
        found["indexes"] = sorted(
            connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        )
    connection.close()
    return found


def test_all_migrations_together_make_what_is_declared() -> None:
    migrated = [statement for migration in migrate.migrations() for statement in migration.statements("sqlite")]
    declared = Migration(0, "", table_stats.SCHEMA + files.SCHEMA + keys.SCHEMA + create_all(TABLES)).statements(
        "sqlite"
    )
    assert schema_of(migrated) == schema_of(declared)
