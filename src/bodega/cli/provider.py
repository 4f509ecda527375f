"""`bodega provider`: which apps a store asks for taxes and shipping costs, and to take payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bodega.access.providers import (
    PAYMENT,
    PROVIDERS,
    SHIPPING,
    TAX,
    Provider,
    provider_of,
    registered,
    with_provider,
    without_provider,
)
from bodega.cli.place import Failed, as_json, at_place, the_store, with_backend
from bodega.cli.running import ask
from bodega.cli.show import print_json, print_table
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.storage.backend import Backend

KIND = click.Choice([TAX, SHIPPING, PAYMENT])


@click.group("provider")
def command() -> None:
    """Register apps that a store asks: what tax a checkout owes, what shipping costs (docs/providers.md); or that
    takes payments (docs/payments.md).

    Where the hosted service registers a provider for all stores, here it is registered in one.
    """


@command.command("add")
@click.argument("store_hash", metavar="HASH")
@click.argument("kind", type=KIND, metavar="KIND")
@click.argument("provider_id", metavar="ID")
@click.argument("url", metavar="URL")
@click.option("--account", "client_id", default="", metavar="CLIENT_ID", help="Only while the store has this account.")
@at_place
@as_json
def add(
    place: DataLocation, store_hash: str, kind: str, provider_id: str, url: str, client_id: str, as_json: bool
) -> None:
    """Register a provider: tax, shipping or payment; its operations are below URL, as URL/estimate.
    One of the same kind and id is replaced."""
    made = Provider(kind, provider_id, url.rstrip("/"), client_id)
    before = _setting(place, store_hash)
    try:
        _save(place, store_hash, with_provider(before, made))
    except ValueError as error:
        raise click.UsageError(f"A registration {error}.") from error
    _show([made], as_json=as_json)


@command.command("list")
@click.argument("store_hash", metavar="HASH")
@at_place
@as_json
def list_(place: DataLocation, store_hash: str, as_json: bool) -> None:
    """List the providers of a store. Of tax providers the first one that is connected is asked."""
    _show(registered({PROVIDERS: _setting(place, store_hash)}), as_json=as_json)


@command.command("remove")
@click.argument("store_hash", metavar="HASH")
@click.argument("kind", type=KIND, metavar="KIND")
@click.argument("provider_id", metavar="ID")
@at_place
@as_json
def remove(place: DataLocation, store_hash: str, kind: str, provider_id: str, as_json: bool) -> None:
    """Take a registration back; the store's connection to the provider stays."""
    before = _setting(place, store_hash)
    found = provider_of({PROVIDERS: before}, kind, provider_id)
    if found is None:
        raise Failed(f"There is no {kind} provider {provider_id} in store {store_hash}.")
    _save(place, store_hash, without_provider(before, kind, provider_id))
    _show([found], as_json=as_json)


def _setting(place: DataLocation, store_hash: str) -> str:
    told = ask(place, "GET", f"/stores/{store_hash}/settings")
    if told is not None:
        return str(told["settings"].get(PROVIDERS) or "")
    return str(with_backend(place, lambda backend: the_store(backend, store_hash)).settings.get(PROVIDERS) or "")


def _save(place: DataLocation, store_hash: str, text: str) -> None:
    async def work(backend: Backend) -> None:
        from msgspec.structs import replace

        record = await the_store(backend, store_hash)
        await backend.registry.save_store(replace(record, settings={**record.settings, PROVIDERS: text}))

    if ask(place, "PUT", f"/stores/{store_hash}/settings", {"settings": {PROVIDERS: text}}) is None:
        with_backend(place, work)


def _show(found: Any, *, as_json: bool) -> None:
    rows = [{"kind": one.kind, "id": one.id, "url": one.url, "account": one.client_id} for one in found]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, "kind id url account")
    else:
        click.echo("The store has no providers.")
