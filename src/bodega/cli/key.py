"""`bodega key`: the key under which client secrets are encrypted where they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import as_json, asking, at_place, confirm, with_backend
from bodega.cli.show import print_json, print_record, print_table
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.storage.backend import Backend


@click.group("key")
def command() -> None:
    """Show, rotate and replace the key that client secrets are encrypted under."""


@command.command("show")
@at_place
@as_json
def show(place: DataLocation, as_json: bool) -> None:
    """Show where the key is, whether it is the right one, and how many secrets it opens; never the key itself.

    It is secrets.key in the data directory, or the file that BODEGA_KEY_FILE names. No backup holds it: keep a copy.
    Servers on several machines need the same file.
    """

    async def work(backend: Backend) -> dict[str, Any]:
        from bodega.storage import key_care

        found = await key_care.state(backend.registry)
        return {
            "file": str(backend.registry.sealer.path),
            "key": found.wanted,
            "lost": found.lost,
            "older_keys": [name for name in found.there if name != found.wanted],
            "readable_secrets": found.readable,
            "unreadable_secrets": found.unreadable,
        }

    shown = with_backend(place, work)
    print_json(shown) if as_json else print_record(shown)
    if shown["lost"] and not as_json:
        click.echo(
            "The key is missing: put it back from your copy, or issue new secrets: bodega key replace.", err=True
        )


@command.command("rotate")
@click.option("--forget", is_flag=True, help="Remove older keys: secrets in older backups can then not be read.")
@asking
@at_place
@as_json
def rotate(place: DataLocation, forget: bool, yes: bool, as_json: bool) -> None:
    """Encrypt all secrets under a new key. Older keys stay in the file, for older backups, unless --forget.

    A server need not be restarted; give servers on other machines the new file.
    """
    if forget:
        confirm("Remove the older keys, without which secrets in older backups cannot be read?", yes=yes)

    async def work(backend: Backend) -> dict[str, Any]:
        from bodega.storage import key_care

        changed = await key_care.rotate(backend.registry, forget=forget)
        return {"key": backend.registry.sealer.keys()[0], "secrets": changed, "forgotten": forget}

    done = with_backend(place, work)
    message = f"{done['secrets']} secrets are encrypted under the new key {done['key']}; keep a copy of its file."
    print_json(done) if as_json else click.echo(message)


@command.command("replace")
@asking
@at_place
@as_json
def replace(place: DataLocation, yes: bool, as_json: bool) -> None:
    """After the key was lost: make a new one, and issue new client secrets where the old ones cannot be read.

    Prints the new secrets, which replace the old ones at once. Tokens stay valid.
    """
    confirm("Issue new client secrets for every account and app whose own cannot be read?", yes=yes)

    async def work(backend: Backend) -> tuple[list[dict[str, Any]], list[str]]:
        from bodega.storage import key_care

        issued = [
            {"kind": new.kind, "store": new.store or None, "client_id": new.client_id, "client_secret": new.secret}
            for new in await key_care.replace(backend.registry)
        ]
        return issued, await key_care.without_address(backend.registry)

    issued, without = with_backend(place, work)
    if as_json:
        print_json({"issued": issued, "without_server": without})
        return
    if issued:
        print_table(issued, "kind store client_id client_secret")
    else:
        click.echo("Every client secret can be read: nothing was replaced.")
    for store in without:
        click.echo(f"The address of the server of store {store} cannot be read: put the old key back for it.", err=True)
