"""`bodega undo`: what one request changed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, at_place, the_store, with_backend
from bodega.cli.running import ask
from bodega.cli.show import print_json
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.storage.backend import Backend


@click.command("undo")
@click.argument("store_hash", metavar="HASH")
@click.argument("request_id", metavar="ID")
@at_place
@as_json
def command(place: DataLocation, store_hash: str, request_id: str, as_json: bool) -> None:
    """Undo what one request changed. ID is the X-Request-Id of its reply, which bodega logs HASH --json shows.

    Its rows, and all that belongs to them, are as they were before it. It is refused if any of them was changed since.
    What is needed for it is kept by a server with --lab.
    """

    async def work(backend: Backend) -> dict[str, Any]:
        import msgspec

        from bodega.access.stores import Stores
        from bodega.journal.ring import JournalRing
        from bodega.lab.undo import CannotUndo, undo
        from bodega.resources import MODEL

        await the_store(backend, store_hash)
        store = await Stores(backend, model=MODEL).get(store_hash)
        assert store is not None
        ring = JournalRing(backend.journal())
        try:
            await store.ready()
            done = await undo(store, ring, request_id)
        except CannotUndo as error:
            raise Failed(" ".join([str(error), *(f"{row}: {why}" for row, why in error.rows.items())])) from error
        else:
            told: dict[str, Any] = msgspec.to_builtins(done)
            return told
        finally:
            await ring.close()
            await store.close()
            await backend.registry.rows_changed(store_hash)

    done = ask(place, "POST", f"/stores/{store_hash}/journal/{request_id}/undo", {})
    done = with_backend(place, work) if done is None else done
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done['request']} is undone.")
        for row in done["rows"]:
            click.echo(f"  {row['resource']} {row['id']}, which it had {row['change']}")
