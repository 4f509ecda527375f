"""`bodega import`: products from a CSV file into a store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, at_place, opened_app, with_backend
from bodega.cli.show import print_json
from bodega.config import DataLocation
from bodega.counted import counted

if TYPE_CHECKING:
    from bodega.lab.product_csv import Line
    from bodega.lab.transfer.target import Target
    from bodega.storage.backend import Backend


@click.command("import")
@click.argument("store_hash", metavar="HASH")
@click.option("--from", "base", metavar="URL",
              help="A store's API up to the version, as https://HOST/stores/HASH, which is read.")  # fmt: skip
@click.option("--token", envvar="BODEGA_IMPORT_TOKEN", default="", metavar="TOKEN",
              help="For X-Auth-Token of that store; BODEGA_IMPORT_TOKEN.")  # fmt: skip
@click.option("--only", "kinds", multiple=True, metavar="KIND", help="With --from: only this kind. Can be repeated.")
@click.option("--csv", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              metavar="FILE", help="Products, as the hosted service exports them for bulk edits.")  # fmt: skip
@click.option("--images", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
              help="With --csv: where the files of pictures are that it names.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only read the file, and say what is wrong in it.")
@at_place
@as_json
def command(
    place: DataLocation,
    store_hash: str,
    base: str | None,
    token: str,
    kinds: tuple[str, ...],
    file: Path | None,
    folder: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fill a store from another one that speaks the API (--from), or from an exported CSV file of products (--csv).

    --from reads categories, brands, products with all that belongs to them, customers, coupons and orders, as slowly as
    the other server wants. Ids are kept. Called again it goes on where it was stopped.

    --csv adds products with their SKUs, pictures, categories and brands. Each line is judged as a client's request is;
    one that is refused is told, and changes nothing. Rows of rules are left out and told.

    Exits with 1 if anything was refused.
    """

    if (base is None) == (file is None):
        raise click.UsageError("Give either --from or --csv.")
    if base is not None:
        _from_store(place, store_hash, base, token, kinds, as_json=as_json)
        return
    assert file is not None
    of_file = file

    async def work(backend: Backend) -> list[Line]:
        from bodega.lab.product_csv import NoProducts, load

        found = []
        async with opened_app(backend, store_hash) as (app, store):
            try:
                with of_file.open(newline="", encoding="utf-8-sig") as lines, _progress(of_file) as told:
                    async for line in load(app, store, lines, dry_run=dry_run, told=told, folder=folder):
                        found.append(line)
            except NoProducts as error:
                raise Failed(str(error)) from error
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


def _from_store(
    place: DataLocation, store_hash: str, base: str, token: str, kinds: tuple[str, ...], *, as_json: bool
) -> None:
    from bodega.lab.parity.replay import is_base
    from bodega.lab.transfer.load import KINDS

    if not is_base(base):
        raise click.UsageError(f"{base} is no http or https URL.")
    for kind in kinds:
        if kind not in KINDS:
            raise click.UsageError(f"There is no kind {kind}. They are {', '.join(KINDS)}.")
    if not token:
        raise click.UsageError("Give the token of an account that may read the other store: --token.")

    async def work(backend: Backend) -> Target:
        from bodega.lab.transfer.load import transfer
        from bodega.lab.transfer.source import Source, Unreadable
        from bodega.lab.transfer.target import Target

        async with opened_app(backend, store_hash) as (app, store):
            target = Target(app, store)
            source = Source(base, token)
            try:
                await transfer(source, target, _told, kinds or KINDS)
            except Unreadable as error:
                raise Failed(f"{error} What was read is kept; the same command goes on.") from error
            finally:
                await source.close()
        return target

    done = with_backend(place, work)
    missed = [one for one in done.told if not one.made]
    if as_json:
        import msgspec

        print_json({"hash": store_hash, "made": done.made, "told": msgspec.to_builtins(done.told)})
    else:
        for one in done.told:
            what = "without what was refused" if one.made else "not taken"
            click.echo(f"{one.kind} {one.id}, {what}: {one.why}", err=True)
        made = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in done.made.items()) or "nothing new"
        click.echo(f"Store {store_hash} got {made}; {counted(len(missed), 'row')} not taken.")
    if missed:
        sys.exit(1)


def _told(kind: str, done: int, total: int) -> None:
    """Progress on a terminal; on standard error."""
    if sys.stderr.isatty():
        of = f" of {total}" if total else ""
        click.echo(f"\r\033[K{kind.replace('_', ' ')}: {done}{of}", nl=False, err=True)
        if total and done >= total:
            click.echo("", err=True)


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
