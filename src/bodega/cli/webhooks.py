"""`bodega webhooks`: listening to events, making them, sending them again, checking signatures."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bodega.cli.place import Failed, as_json, at_place, plain_failures, the_store, with_backend
from bodega.cli.show import print_json
from bodega.config import DataLocation
from bodega.counted import counted
from bodega.dates import parse_duration

if TYPE_CHECKING:
    from bodega.lab.workbench import Replayed, Triggered
    from bodega.storage.backend import Backend
    from bodega.storage.unit import Unit

T = TypeVar("T")
STATES = ("waiting", "delivered", "failed")


@click.group("webhooks")
def command() -> None:
    """Listen to webhook events, make them, send them again, check their signatures."""


async def _write(backend: Backend, store_hash: str, job: Callable[[Unit], Awaitable[T]]) -> T:
    """Runs a job in a store, and wakes the server that delivers."""
    from bodega.access.stores import Stores
    from bodega.resources import MODEL

    await the_store(backend, store_hash)
    store = await Stores(backend, model=MODEL).get(store_hash)
    assert store is not None
    try:
        await store.ready()
        result: T = await store.write(job)
        return result
    finally:
        await store.close()
        await backend.registry.rows_changed(store_hash)


def _content(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise click.BadParameter("must be JSON.") from None


def _scope(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    from bodega.lab.workbench import unknown_scope

    for scope in given:
        if wrong := unknown_scope(scope):
            raise click.BadParameter(wrong)
    return given


@command.command("trigger")
@click.argument("store_hash", metavar="HASH")
@click.argument("scope", metavar="SCOPE")
@click.option("--id", "entity_id", type=int, metavar="ID", help="Of this row; else of the newest.")
@click.option("--payload", callback=_content, metavar="JSON", help="The data of the payload, as it is.")
@click.option("--hook", "hook_id", type=int, metavar="ID", help="To this webhook alone, whatever it subscribed to.")
@at_place
@as_json
def trigger(
    place: DataLocation,
    store_hash: str,
    scope: str,
    entity_id: int | None,
    payload: Any,
    hook_id: int | None,
    as_json: bool,
) -> None:
    """Fire an event without a change: the hooks that subscribed to the scope get it.

    The data is what the newest row would send. Of what the store does not have, it only has the usual form.
    """
    from bodega.lab import workbench

    async def work(backend: Backend) -> Triggered:
        async def job(unit: Unit) -> Triggered:
            return await workbench.trigger(unit, scope, payload, entity_id, hook_id=hook_id)

        try:
            return await _write(backend, store_hash, job)
        except workbench.CannotTrigger as error:
            raise Failed(str(error)) from error

    made = with_backend(place, work)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(made))
    elif not made.hooks:
        click.echo(f"No hook subscribed to {scope}; bodega webhooks listen {store_hash} does.")
    else:
        form = "" if made.real or payload is not None else ", with made-up data"
        click.echo(f"{scope} goes to {counted(len(made.hooks), 'webhook')}{form}: {json.dumps(made.data)}")


@command.command("replay")
@click.argument("store_hash", metavar="HASH")
@click.option("--scope", "scopes", multiple=True, callback=_scope, metavar="SCOPE", help="Only these; * covers a part.")
@click.option("--hook", "hook_id", type=int, metavar="ID", help="Only to this webhook.")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only what ended so.")
@click.option("--since", metavar="DURATION", help="Only what is at most so old by the store's clock: 10m, 2h, 7d.")
@click.option("--times", type=click.IntRange(1, 100), default=1, show_default=True, help="Each so many times.")
@click.option("--shuffle", type=int, metavar="SEED", help="In another order: the same for the same seed.")
@at_place
@as_json
def replay(
    place: DataLocation,
    store_hash: str,
    scopes: tuple[str, ...],
    hook_id: int | None,
    state: str | None,
    since: str | None,
    times: int,
    shuffle: int | None,
    as_json: bool,
) -> None:
    """Deliver events of the log again, under the same webhook-id; so a receiver shows what it does with duplicates."""
    from bodega.lab import workbench

    try:
        seconds = parse_duration(since) if since is not None else None
    except ValueError:
        raise click.UsageError(f"{since} is not a duration: write it as 10m, 2h or 7d.") from None

    async def work(backend: Backend) -> Replayed:
        async def job(unit: Unit) -> Replayed:
            after = 0 if seconds is None else int(unit.now - seconds)
            asked = workbench.Asked(scopes, hook_id, state or "", after)
            return await workbench.send_again(unit, asked, times=times, shuffle=shuffle)

        try:
            return await _write(backend, store_hash, job)
        except workbench.CannotReplay as error:
            raise Failed(str(error)) from error

    done = with_backend(place, work)
    if as_json:
        print_json({"hash": store_hash, "deliveries": done.deliveries, "hooks": done.hooks})
    else:
        goes = "goes" if done.deliveries == 1 else "go"
        click.echo(f"{counted(done.deliveries, 'delivery')} {goes} out again, to {counted(done.hooks, 'webhook')}.")


@command.command("verify")
@click.option("--secret", required=True, envvar="BODEGA_WEBHOOK_SECRET", metavar="SECRET",
              help="The client secret of the hook's account; BODEGA_WEBHOOK_SECRET.")  # fmt: skip
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="The webhook-... headers as received.")
@click.option("--body", type=click.File("rb"), default="-", metavar="FILE", help="The body as received; - is stdin.")
@click.option("--at", type=float, metavar="SECONDS", help="When it was received, in UTC seconds; now if not given.")
@as_json
def verify(secret: str, headers: tuple[str, ...], body: Any, at: float | None, as_json: bool) -> None:
    """Check the signature of a received message, and say which of the usual mistakes was made. Exits with 1 then."""
    from bodega.lab.workbench import check_signature

    named = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise click.UsageError(f"{header} is no header: write NAME:VALUE.")
        named[name.strip()] = value.strip()
    wrong = check_signature(secret, named, body.read(), time.time() if at is None else at)
    print_json({"valid": not wrong, "problems": wrong}) if as_json else click.echo(
        "\n".join(wrong) or "The signature is right."
    )
    if wrong:
        sys.exit(1)


# Listening


@command.command("listen")
@click.argument("store_hash", metavar="HASH")
@click.option(
    "--scope", "scopes", multiple=True, callback=_scope, metavar="SCOPE", help="Only these; else every event."
)
@click.option("--forward", metavar="URL", help="Pass each on to this address, as http://localhost:3000/hook.")
@click.option("--account", "client_id", metavar="CLIENT_ID", help="Its secret signs; the store's first if not given.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
@at_place
def listen(
    place: DataLocation,
    store_hash: str,
    scopes: tuple[str, ...],
    forward: str | None,
    client_id: str | None,
    as_json: bool,
) -> None:
    """Print the events of a store as a running server delivers them, until stopped; and pass them on.

    The messages are the real ones, signed and retried: what the receiver answers is what the server hears. The hooks
    that this makes are deleted when it ends.
    """
    from bodega.lab.parity.replay import is_base

    if forward is not None and not is_base(forward.partition("?")[0]):
        raise click.UsageError(f"{forward} is no http or https URL.")
    with plain_failures():
        asyncio.run(_listen(place, store_hash, scopes, forward, client_id, as_json=as_json))


async def _listen(
    place: DataLocation,
    store_hash: str,
    scopes: tuple[str, ...],
    forward: str | None,
    client_id: str | None,
    *,
    as_json: bool,
) -> None:
    from bodega.cli.place import open_backend
    from bodega.lab import workbench
    from bodega.lab.hearing import hearing
    from bodega.storage.sqlite.serving import is_served

    backend = await open_backend(place)
    try:
        record = await the_store(backend, store_hash)
        if not record.settings.get("webhooks.allow_private"):
            raise Failed(
                f"Store {store_hash} delivers to no private address: "
                f"bodega store set {store_hash} webhooks.allow_private=true."
            )
        accounts = await backend.registry.accounts(store_hash)
        account = next((one for one in accounts if client_id in (None, one.client_id)), None)
        if account is None:
            raise Failed(f"Store {store_hash} has no account {client_id or ''}".rstrip() + " whose secret could sign.")

        def told(facts: dict[str, Any]) -> None:
            click.echo(json.dumps(facts) if as_json else _line(facts))
            sys.stdout.flush()

        async with hearing(told, forward) as port:
            to = f"http://127.0.0.1:{port}{workbench.LISTENING}{store_hash}"
            ids = await _write(backend, store_hash, lambda unit: workbench.listen(unit, account.client_id, scopes, to))
            click.echo(f"Listening to store {store_hash}" + (f", for {forward}" if forward else "") + ".", err=True)
            if not place.database and not is_served(place.data):
                click.echo(f"No server serves {place}: nothing is delivered until one runs (bodega serve).", err=True)
            try:
                await _stopped()
            finally:
                await _write(backend, store_hash, lambda unit: workbench.unlisten(unit, ids))
    finally:
        await backend.close()


async def _stopped() -> None:
    import signal

    event = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, event.set)
    await event.wait()


def _line(facts: dict[str, Any]) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(facts["at"]))
    answered = f" -> {facts['status'] or facts['error']}" if "status" in facts else ""
    return f"{clock} {facts['scope']} {json.dumps(facts['data'])} {facts['id'][:8]}{answered}"
