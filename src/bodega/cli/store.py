"""`bodega store`: creating, showing, emptying and deleting stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bodega.access.plans import DEFAULT, PLANS
from bodega.cli.lazily import Lazily
from bodega.cli.place import (
    Failed,
    NoStores,
    as_json,
    asking,
    at_place,
    confirm,
    hash_argument,
    the_store,
    usage_errors,
    with_backend,
)
from bodega.cli.running import ask
from bodega.cli.show import print_json, print_record, print_table
from bodega.config import DataLocation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bodega.storage.backend import Backend
    from bodega.storage.registry import StoreRecord


_ELSEWHERE = {
    **{name: f"bodega.cli.store_terms:{name}" for name in ("plan", "limit", "maintenance", "get", "clock")},
    "set": "bodega.cli.store_terms:set_",
    **{
        name: f"bodega.cli.store_copies:{name}" for name in ("snapshot", "restore", "backup", "recover", "fork", "diff")
    },
    "move": "bodega.cli.store_move:move",
}


@click.group("store", cls=Lazily, elsewhere=_ELSEWHERE)
def command() -> None:
    """Create, show, change and delete stores."""


@command.command("create")
@click.argument("store_hash", metavar="HASH", callback=hash_argument)
@click.option("--plan", type=click.Choice(list(PLANS)), default=DEFAULT, show_default=True, help="What it may hold.")
@click.option("--server", metavar="URL", default="", help="PostgreSQL server to keep it on, instead of the registry's.")
@at_place
@as_json
def create(place: DataLocation, store_hash: str, plan: str, server: str, as_json: bool) -> None:
    """Create a store. HASH is its name in URLs: 1 to 40 lower-case letters, digits and hyphens."""
    if server and not place.database:
        raise click.UsageError("SQLite stores are kept in the directory: --server needs --database.")
    with usage_errors():
        DataLocation(place.data, server or None)

    async def work(backend: Backend) -> dict[str, Any]:
        return await facts(backend, await add_store(backend, store_hash, plan, server=server))

    made = None if server else ask(place, "POST", "/stores", {"hash": store_hash, "plan": plan})
    made = with_backend(place, work, makes=True) if made is None else made["store"]
    if as_json:
        print_json(made)
    else:
        click.echo(f"Store {store_hash} is ready; give it an account: bodega account create {store_hash} NAME")


async def add_store(
    backend: Backend,
    store_hash: str,
    plan: str,
    settings: dict[str, Any] | None = None,
    server: str = "",
    make: Callable[[StoreRecord], Awaitable[None]] | None = None,
) -> StoreRecord:
    """A new store with its database, so that its first request is quick; `make` as for `create_store`. Raises
    Failed."""
    from bodega.clock import Clock
    from bodega.storage.creating import create_store
    from bodega.storage.registry import Exists

    try:
        return await create_store(backend, store_hash, plan, settings or {}, int(Clock().now()), server, make=make)
    except Exists:
        raise Failed(f"There is a store {store_hash} already.") from None


@command.command("list")
@at_place
@as_json
def list_(place: DataLocation, as_json: bool) -> None:
    """List the stores."""

    async def work(backend: Backend) -> list[dict[str, Any]]:
        return [await facts(backend, record) for record in await backend.registry.stores()]

    stores = ask(place, "GET", "/stores")
    if stores is None:
        try:
            stores = with_backend(place, work)
        except NoStores:
            stores = []
    if as_json:
        print_json(stores)
    elif not stores:
        click.echo(f"There are no stores yet in {place}; create one: bodega store create HASH")
    else:
        lines = [
            {**store, **store["used"], "state": _state(store), "clock": store["clock"]["mode"]} for store in stores
        ]
        print_table(lines, "hash plan state products categories brands clock created")


@command.command("show")
@click.argument("store_hash", metavar="HASH")
@at_place
@as_json
def show(place: DataLocation, store_hash: str, as_json: bool) -> None:
    """Show a store: its plan and limits, what it holds, its clock, what is damaged, and its last scheduled backup."""

    async def work(backend: Backend) -> dict[str, Any]:
        return await facts(backend, await the_store(backend, store_hash))

    store = ask(place, "GET", f"/stores/{store_hash}")
    store = with_backend(place, work) if store is None else store
    print_json(store) if as_json else print_record(store)


@command.command("delete")
@click.argument("store_hash", metavar="HASH")
@asking
@at_place
@as_json
def delete(place: DataLocation, store_hash: str, yes: bool, as_json: bool) -> None:
    """Delete a store, its accounts and everything it holds, for good. Asks first on a terminal."""
    confirm(f"Delete store {store_hash}, its accounts and everything it holds, for good?", yes=yes)

    async def work(backend: Backend) -> None:
        record = await the_store(backend, store_hash)
        await backend.registry.drop_store(store_hash)
        await backend.drop(record)

    if ask(place, "DELETE", f"/stores/{store_hash}") is None:
        with_backend(place, work)
    print_json({"deleted": store_hash}) if as_json else click.echo(f"Store {store_hash} is deleted.")


@command.command("reset")
@click.argument("store_hash", metavar="HASH")
@asking
@at_place
@as_json
def reset(place: DataLocation, store_hash: str, yes: bool, as_json: bool) -> None:
    """Empty a store. Its accounts, plan, settings and clock stay; ids start at 1 again. Asks first on a terminal."""
    confirm(f"Delete all that store {store_hash} holds?", yes=yes)

    async def work(backend: Backend) -> dict[str, Any]:
        from bodega.access.settings import with_defaults
        from bodega.lab.reset import empty
        from bodega.resources import MODEL
        from bodega.storage.unit import Terms

        record = await the_store(backend, store_hash)
        await backend.migrate(record)
        rows = await backend.open(record, MODEL)
        try:
            await rows.write(empty, int(record.clock.now()), Terms(settings=with_defaults(record.settings)))
        finally:
            await rows.close()
        return await facts(backend, record)

    store = ask(place, "POST", f"/stores/{store_hash}/reset")
    store = with_backend(place, work) if store is None else store
    print_json(store) if as_json else click.echo(f"Store {store_hash} is empty.")


async def facts(backend: Backend, record: StoreRecord) -> dict[str, Any]:
    """What is shown of a store."""
    import msgspec

    from bodega.lab.facts import store_facts

    shown: dict[str, Any] = msgspec.to_builtins(await store_facts(backend, record))
    return shown


def _state(store: dict[str, Any]) -> str:
    if store["damage"]:
        return "damaged"
    if store["suspended"]:
        return "suspended"
    return "maintenance" if store["maintenance"] else "open"
