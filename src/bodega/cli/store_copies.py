"""`bodega store snapshot`, `restore`, `backup` and `recover`: copies of a store."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, asking, at_place, confirm, the_store, with_backend
from bodega.cli.show import print_json
from bodega.config import DataLocation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bodega.storage.backend import Backend

_FILE = click.Path(dir_okay=False, path_type=Path)


def _name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise click.BadParameter("a snapshot's name is 1 to 64 letters, digits, dots, hyphens and underscores.")
    return value


@click.command("snapshot")
@click.argument("store_hash", metavar="HASH")
@click.argument("name", metavar="NAME", callback=_name)
@click.option("--delete", is_flag=True, help="Delete the snapshot instead.")
@at_place
@as_json
def snapshot(place: DataLocation, store_hash: str, name: str, delete: bool, as_json: bool) -> None:
    """Save a store's state under a name, to go back to; replaces an older snapshot of that name."""

    async def work(backend: Backend) -> None:
        from bodega.lab import copies

        record = await the_store(backend, store_hash)
        with _plainly():
            await (backend.forget(record, name) if delete else copies.snapshot(backend, record, name))

    with_backend(place, work)
    message = f"Snapshot {name} of store {store_hash} is {'deleted' if delete else 'taken'}."
    print_json({"hash": store_hash, "snapshot": name, "deleted": delete}) if as_json else click.echo(message)


@click.command("restore")
@click.argument("store_hash", metavar="HASH")
@click.argument("name", metavar="NAME", callback=_name)
@asking
@at_place
@as_json
def restore(place: DataLocation, store_hash: str, name: str, yes: bool, as_json: bool) -> None:
    """Go back to a snapshot; a terminal is asked first. Accounts, plan, settings and clock stay as they are."""
    confirm(f"Replace all that store {store_hash} holds by snapshot {name}?", yes=yes)

    async def work(backend: Backend) -> None:
        from bodega.lab import copies

        with _plainly():
            await copies.restore(backend, await the_store(backend, store_hash), name)

    with_backend(place, work)
    message = f"Store {store_hash} is as it was in snapshot {name}."
    print_json({"hash": store_hash, "snapshot": name}) if as_json else click.echo(message)


@click.command("backup")
@click.argument("store_hash", metavar="HASH")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@at_place
@as_json
def backup(place: DataLocation, store_hash: str, file: Path, force: bool, as_json: bool) -> None:
    """Write a store, its accounts, plan and settings to a file, while it is served.

    The file is a SQLite database whichever database the store is in. Client secrets are encrypted in it, under the key
    of this place (bodega key show), which is not in it: keep a copy of the key elsewhere.
    """

    async def work(backend: Backend) -> None:
        from bodega.lab import copies

        with _plainly():
            await copies.backup(backend, await the_store(backend, store_hash), file, force=force)

    with_backend(place, work)
    facts: dict[str, Any] = {"hash": store_hash, "file": str(file), "bytes": file.stat().st_size}
    print_json(facts) if as_json else click.echo(f"Store {store_hash} is kept in {file} ({facts['bytes']:,} bytes).")


@click.command("recover")
@click.argument("store_hash", metavar="HASH")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@asking
@at_place
@as_json
def recover(place: DataLocation, store_hash: str, file: Path, yes: bool, as_json: bool) -> None:
    """Bring a store back from a backup, into either database.

    An existing store gets the rows of the backup and keeps the rest, also when its database is damaged or missing; if
    it is in order, a terminal is asked first. Otherwise the store is created; under its original hash it gets its
    accounts as well.
    """

    async def living(backend: Backend) -> bool:
        from bodega.storage.tx import Damaged

        record = await backend.registry.store(store_hash)
        try:
            return record is not None and await backend.revision(record) > 0
        except Damaged:
            return False

    if not yes and sys.stdin.isatty() and with_backend(place, living):
        confirm(f"Replace all that store {store_hash} holds by what is in {file}?", yes=yes)

    async def work(backend: Backend) -> bool:
        from bodega.lab import copies

        with _plainly():
            return await copies.recover(backend, store_hash, file)

    made = with_backend(place, work)
    message = f"Store {store_hash} is {'made' if made else 'filled'} from {file}."
    print_json({"hash": store_hash, "file": str(file), "made": made}) if as_json else click.echo(message)


COMMANDS = (snapshot, restore, backup, recover)


@contextmanager
def _plainly() -> Iterator[None]:
    """Reports a missing or unusable copy in a sentence of its own."""
    from bodega.storage.backend import NoCopy

    try:
        yield
    except NoCopy as error:
        raise Failed(str(error)) from error
