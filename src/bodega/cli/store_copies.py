"""`bodega store snapshot`, `restore`, `backup` and `recover`: copies of a store."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli import did_you_mean
from bodega.cli.place import Failed, as_json, asking, at_place, confirm, hash_argument, the_store, with_backend
from bodega.cli.running import ask
from bodega.cli.show import print_json
from bodega.config import DataLocation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bodega.lab.diff import Change
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

    path = f"/stores/{store_hash}/snapshots"
    done = ask(place, "DELETE", f"{path}/{name}") if delete else ask(place, "POST", path, {"name": name})
    if done is None:
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

    if ask(place, "POST", f"/stores/{store_hash}/snapshots/{name}/restore") is None:
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

    if not yes and sys.stdin.isatty() and not place.is_empty and with_backend(place, living):
        confirm(f"Replace all that store {store_hash} holds by what is in {file}?", yes=yes)

    async def work(backend: Backend) -> bool:
        from bodega.lab import copies

        with _plainly():
            return await copies.recover(backend, store_hash, file)

    made = with_backend(place, work, makes=True)
    message = f"Store {store_hash} is {'made' if made else 'filled'} from {file}."
    print_json({"hash": store_hash, "file": str(file), "made": made}) if as_json else click.echo(message)


@click.command("fork")
@click.argument("store_hash", metavar="FROM")
@click.argument("target", metavar="TO", callback=hash_argument)
@click.option("--snapshot", metavar="NAME", help="Fork the store as it was in this snapshot.")
@click.option("--token", metavar="TOKEN", help="Token of the fork's account; a new one if none is given.")
@at_place
@as_json
def fork(
    place: DataLocation, store_hash: str, target: str, snapshot: str | None, token: str | None, as_json: bool
) -> None:
    """Make a store TO of the store FROM, as it stands or as it was in a snapshot.

    It has the same rows with the same ids, pictures, plan, settings and clock, and one account, app, whose client id is
    TO-client. FROM may be served, and written to, meanwhile.
    """
    if token is not None and not re.fullmatch(r"[\x21-\x7e]{1,200}", token):
        raise click.UsageError("A token has 1 to 200 characters that a header can carry, without blanks.")

    async def work(backend: Backend) -> dict[str, Any]:
        import msgspec

        from bodega.access.accounts import new_account
        from bodega.access.scopes import ALL
        from bodega.lab import forks
        from bodega.lab.facts import account_facts, store_facts
        from bodega.storage.registry import Exists, new_token

        source = await the_store(backend, store_hash)
        given = token or new_token()
        account = new_account(
            target, source.plan, "app", given, ALL, created=int(source.clock.now()), client_id=f"{target}-client"
        )
        await backend.migrate(source)
        with _plainly():
            try:
                record = await forks.fork(backend, source, target, [account], snapshot)
            except Exists as taken:
                what = "a store" if str(taken) == target else "an account"
                raise Failed(f"There is {what} {taken} already.") from None
        shown = msgspec.to_builtins(account_facts(account))
        shown = {"client_id": shown.pop("client_id"), "client_secret": account.secret, "token": given, **shown}
        return {"store": msgspec.to_builtins(await store_facts(backend, record)), "accounts": [shown]}

    account = {"name": "app", "client_id": f"{target}-client", **({"token": token} if token else {})}
    asked: dict[str, Any] = {"hash": target, "accounts": [account], **({"snapshot": snapshot} if snapshot else {})}
    made = ask(place, "POST", f"/stores/{store_hash}/fork", asked)
    made = with_backend(place, work) if made is None else made
    if as_json:
        print_json(made)
    else:
        (account,) = made["accounts"]
        click.echo(f"Store {target} is as {store_hash} {'was' if snapshot else 'is'}; its token is {account['token']}")


@click.command("diff")
@click.argument("store_hash", metavar="HASH")
@click.argument("before", metavar="[A]", required=False)
@click.argument("after", metavar="[B]", required=False)
@click.option("--origin", metavar="OTHER", help="A is a snapshot of this store, as the one forked; without A, it now.")
@click.option("--resource", metavar="NAME", help="Only this one, as products.")
@at_place
@as_json
def diff(
    place: DataLocation,
    store_hash: str,
    before: str | None,
    after: str | None,
    origin: str | None,
    resource: str | None,
    as_json: bool,
) -> None:
    """Show what was created, updated and deleted between two snapshots of a store, since a snapshot, or in a fork.

    With --json each row is shown as V3 shows it, with the old and the new value of each member that changed.
    """

    async def work(backend: Backend) -> int:
        from bodega.lab import diff as comparing

        record = await the_store(backend, store_hash)
        other = None if origin is None else await the_store(backend, origin)
        if resource is not None and resource not in comparing.RESOURCES:
            others = did_you_mean(resource, comparing.RESOURCES) or f" They are {', '.join(comparing.RESOURCES)}."
            raise Failed(f"There is no resource {resource}.{others}")
        found = 0
        with _plainly():
            async with backend.compared(record, before, after, other) as states:
                for name in [resource] if resource else comparing.RESOURCES:
                    async for change in comparing.changes(states, store_hash, name):
                        click.echo((",\n" if found else "[\n") if as_json else "", nl=False)
                        click.echo(_change(change, as_json), nl=not as_json)
                        found += 1
        return found

    if before is None and origin is None:
        raise click.UsageError("Name a snapshot, or the store that this one is a fork of by --origin.")
    found = with_backend(place, work)
    if as_json:
        click.echo("\n]" if found else "[]")
    elif not found:
        click.echo("Nothing differs.", err=True)


def _change(change: Change, as_json: bool) -> str:
    import msgspec

    if as_json:
        return msgspec.json.encode(change).decode()
    mark = {"created": "+", "updated": "~", "deleted": "-"}[change.change]
    name = change.entity.get("name") or change.entity.get("sku") or change.entity.get("title") or ""
    moved = (f"{member}: {_short(each.old)} -> {_short(each.new)}" for member, each in change.members.items())
    told = "; ".join(moved) or str(name)
    return f"{mark} {change.resource} {change.id}  {told}".rstrip()


def _short(value: Any) -> str:
    import msgspec

    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


@contextmanager
def _plainly() -> Iterator[None]:
    """Reports a missing or unusable copy in a sentence of its own."""
    from bodega.storage.backend import NoCopy

    try:
        yield
    except NoCopy as error:
        raise Failed(str(error)) from error
