"""`bodega store move`: to another node of a cluster, another PostgreSQL server, or another place with its accounts."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, asking, at_place, confirm, the_store, usage_errors, with_backend
from bodega.cli.show import print_json
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.storage.backend import Backend
    from bodega.storage.registry import StoreRecord

_NODE = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


@click.command("move")
@click.argument("store_hash", metavar="HASH")
@click.argument("server", metavar="SERVER")
@click.option("--registry", is_flag=True, help="SERVER has a registry of its own: the accounts move to it, too.")
@click.option("--drop-snapshots", is_flag=True, help="Delete the store's snapshots, which do not move.")
@asking
@at_place
@as_json
def move(
    place: DataLocation,
    store_hash: str,
    server: str,
    registry: bool,
    drop_snapshots: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Move a store, whether a server is running or not. Asks first on a terminal.

    SERVER is HOST:PORT, a node of the Citus cluster that the store is in: requests are answered meanwhile. Or it is the
    URL of a PostgreSQL server: reads are answered meanwhile, writes wait, and are refused with 503 if that takes longer
    than 30 s. The registry stays where it is, unless the store is kept in a directory, or --registry is given: then the
    store's record, accounts, quotas, owners and apps move as well, into the registry in SERVER, and this place knows
    the store no more.
    """
    node = _NODE.fullmatch(server)
    if node and not place.database:
        raise click.UsageError("HOST:PORT is a node of a cluster, which stores in a directory are not in.")
    if node and registry:
        raise click.UsageError("A node of a cluster has no registry of its own.")
    if not node:
        with usage_errors():
            DataLocation(place.data, server)
        if server == place.database and registry:
            raise Failed("That is the registry that the store is in already.")
    from bodega.lab.facts import server_shown

    shown = server_shown(server)
    away = registry or not place.database
    question = f"Move store {store_hash} to {shown}"
    confirm(f"{question}, with its accounts?" if away and not node else f"{question}?", yes=yes)

    async def work(backend: Backend) -> str:
        record = await the_store(backend, store_hash)
        if node:
            return await _to_node(backend, record, node["host"].strip("[]"), int(node["port"]))
        await _without_snapshots(backend, record, drop=drop_snapshots)
        return await _to_url(backend, record, place, server, away=away)

    began = time.monotonic()
    way = _plainly(place, work)
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        print_json({"hash": store_hash, "server": shown, "to": way, "seconds": seconds})
    else:
        click.echo(f"Store {store_hash} is moved to {shown} ({seconds:.1f} s).")


async def _to_node(backend: Backend, record: StoreRecord, host: str, port: int) -> str:
    from bodega.storage.postgres.backend import PostgresBackend

    assert isinstance(backend, PostgresBackend)
    await backend.migrate(record)
    await backend.move_to_node(record, host, port)
    return "node"


async def _to_url(backend: Backend, record: StoreRecord, place: DataLocation, server: str, *, away: bool) -> str:
    from bodega.lab import moving
    from bodega.storage.opening import open_backend

    if not away:
        if server == (record.server or place.database):
            raise Failed(f"Store {record.hash} is kept by that server already.")
        await moving.to_server(backend, record, "" if server == place.database else server)
        return "server"
    other = await open_backend(place.data, server)
    try:
        await moving.to_place(backend, record, other)
    finally:
        await other.close()
    return "place"


async def _without_snapshots(backend: Backend, record: StoreRecord, *, drop: bool) -> None:
    kept = await backend.snapshots(record)
    if kept and not drop:
        told = f"Store {record.hash} has snapshots, which do not move: {', '.join(kept)}."
        raise Failed(f"{told} Delete them, or add --drop-snapshots.")


def _plainly(place: DataLocation, work: Any) -> str:
    from bodega.storage.backend import NoCopy
    from bodega.storage.tx import Damaged

    try:
        return str(with_backend(place, work))
    except NoCopy as error:
        raise Failed(str(error)) from error
    except Damaged as error:
        raise Failed(f"The store cannot be moved: {error.what}.") from error
