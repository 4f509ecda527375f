"""`bodega import`: products from a CSV file into a store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, at_place, the_store, with_backend
from bodega.cli.show import print_json
from bodega.config import DataLocation
from bodega.counted import counted

if TYPE_CHECKING:
    from bodega.lab.product_csv import Line
    from bodega.storage.backend import Backend


@click.command("import")
@click.argument("store_hash", metavar="HASH")
@click.option("--csv", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              metavar="FILE", help="Products, as the hosted service exports them for bulk edits.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only read the file, and say what is wrong in it.")
@at_place
@as_json
def command(place: DataLocation, store_hash: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """Add the products of an exported CSV file to a store, with their categories and brands.

    Each line is judged as a client's request is; one that is refused is told, and changes nothing. Rows of SKUs and
    rules, and images, are left out and told. Exits with 1 if a line was refused.
    """

    async def work(backend: Backend) -> list[Line]:
        from bodega.access.stores import Stores
        from bodega.app import routes
        from bodega.http.app_context import AppContext
        from bodega.http.router import by_version
        from bodega.lab.product_csv import NoProducts, load
        from bodega.resources import MODEL

        await the_store(backend, store_hash)
        stores = Stores(backend, model=MODEL)
        store = await stores.get(store_hash)
        assert store is not None
        await store.ready()
        app = AppContext(stores, by_version(routes()), insecure_http=True)
        found = []
        try:
            with file.open(newline="", encoding="utf-8-sig") as lines, _progress(file) as told:
                async for line in load(app, store, lines, dry_run=dry_run, told=told):
                    found.append(line)
        except NoProducts as error:
            raise Failed(str(error)) from error
        finally:
            await store.close()
            await backend.registry.rows_changed(store_hash)
        return found

    found = with_backend(place, work)
    refused = [line for line in found if line.problems]
    made = sum(line.id > 0 for line in found)
    if as_json:
        import msgspec

        print_json({"hash": store_hash, "made": made, "lines": [msgspec.to_builtins(line) for line in found]})
    else:
        for line in refused:
            click.echo(f"line {line.number}, {line.name}: {' '.join(line.problems)}", err=True)
        left = sum(len(line.left_out) for line in found)
        added, lines = counted(made, "product"), counted(len(refused), "line")
        click.echo(f"{added} added, {lines} refused; {counted(left, 'thing')} left out (--json).")
    if refused:
        sys.exit(1)


def _progress(file: Path) -> Any:
    """A progress bar on a terminal, by lines; on standard error."""
    from contextlib import contextmanager

    @contextmanager
    def bar() -> Any:
        hidden = not sys.stderr.isatty()
        with file.open("rb") as counted:
            length = 0 if hidden else sum(1 for _ in counted)
        with click.progressbar(length=length, label="Reading", file=sys.stderr, hidden=hidden) as shown:
            last = 0

            def told(number: int) -> None:
                nonlocal last
                shown.update(number - last)
                last = number

            given: Callable[[int], None] = told
            yield given

    return bar()
