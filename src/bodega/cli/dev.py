"""`bodega dev`: a throwaway store to try things out."""

from __future__ import annotations

import asyncio
import functools
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, NoReturn, cast

import click
import msgspec

from bodega.access.accounts import add_account
from bodega.access.plans import NO_HOUR, PLANS, UNLIMITED
from bodega.access.scopes import ALL
from bodega.cli import sample
from bodega.cli.place import as_json, given, open_backend, plain_failures
from bodega.cli.running import leave_address
from bodega.cli.seed import AMOUNTS, fill, sample_data
from bodega.cli.serve import listen_failures, listening, opened, reachable, serve
from bodega.cli.show import print_json
from bodega.cli.store import add_store
from bodega.cli.storefront import Storefront, prepare, steps
from bodega.config import Config, DataLocation

if TYPE_CHECKING:
    from bodega.server.listeners import Listener
    from bodega.storage.backend import Backend
    from bodega.storage.registry import Registry, StoreRecord
    from bodega.storage.sqlite.backend import SqliteBackend

STORE = "demo"
TOKEN = "demo-token"  # noqa: S105 - it is printed, and opens nothing but a throwaway store
CLIENT = "demo-client"
USER = "demo"
BASIC_CLIENT = "demo-user"
OWNER = "owner@localhost"
LINK_SECONDS = 3_600
_LOGGED = "Requests are told below as they come (--log quiet: not here; bodega logs demo --follow tells them anywhere)."
PUBLISHED = PLANS["pro"]
"""The demo accounts have the quotas of this plan, so that programs meet their limits where they are developed."""


@click.command("dev")
@listening
@sample_data(AMOUNTS)
@click.option("--unlimited", is_flag=True, help="Lift the quotas of the demo accounts.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Of the sample data.")
@click.option("--storefront", is_flag=True, help="Prepare the store for Catalyst, and tell how to start that.")
@as_json
def command(
    config: Config, amounts: Mapping[str, int], unlimited: bool, seed: int, storefront: bool, as_json: bool
) -> None:
    """Start a demo store with sample data in a throwaway directory and print curl lines that work.

    Plain HTTP is allowed. With --data or --database the store is created there and kept. The demo accounts have the
    quotas of a Pro store: 450 requests in 30 s for OAuth, 20,000 an hour for Basic.

    --storefront writes the environment of Catalyst, the public storefront of the hosted service, into catalyst.env in
    the store's directory, and lifts the quotas: its pages and tests ask more than they allow.
    """
    kept = given("data") or given("database")
    with ExitStack() as stack, plain_failures(), listen_failures():
        place = config.place
        if not kept:
            _leave_tidily()
            place = DataLocation(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bodega-dev-"))))
        config = replace(config, place=place, insecure_http=True, lab=True)
        listeners = stack.enter_context(opened(config))
        wanted = dict(amounts) if amounts["products"] else {**amounts, "orders": 0}  # there is nothing to order
        asyncio.run(_prepare(place, wanted, unlimited or storefront, seed))
        leave_address(place, reachable(listeners[1]))
        way_in = asyncio.run(_way_in(place))
        quotas = asyncio.run(_quotas(place))
        shop = asyncio.run(_shop(place, reachable(listeners[0]))) if storefront else None
        serve(config, listeners, lambda: _welcome(config, listeners, way_in, quotas, as_json, shop))


for _option in command.params:
    if _option.name == "data" and isinstance(_option, click.Option):
        _option.help = "Directory of the stores, which is kept; BODEGA_DATA is not read. Else a throwaway directory."


def _leave_tidily() -> None:
    """Removes the throwaway directory even if terminated before the server runs."""

    def leave(_number: int, _frame: object) -> NoReturn:
        sys.exit(1)

    signal.signal(signal.SIGTERM, leave)


async def _prepare(place: DataLocation, amounts: Mapping[str, int], unlimited: bool, seed: int = 1) -> None:
    """Creates the demo store and its accounts if missing, and fills a new one with sample data."""
    backend = await open_backend(place, makes=True)
    if await backend.registry.store(STORE) is not None:
        if unlimited:
            await _lift(backend.registry)
        await backend.close()
        return
    # Programs that are developed against this store run on the same machine, and so do their images.
    private = {"images.allow_private": True, "webhooks.allow_private": True}
    settings = {"name": "Demo store", "journal": "full", **private}
    of = amounts if seed == 1 else {**amounts, "seed": seed}
    made_before = sample.kept(of) if any(amounts.values()) and not place.database else None
    make = functools.partial(_copy, backend, made_before) if made_before is not None else None
    store = await add_store(backend, STORE, "sandbox", settings, make=make)
    everything = (TOKEN, ALL)
    window, hour = PUBLISHED.requests_per_window, PUBLISHED.requests_per_hour
    await add_account(backend.registry, store, CLIENT, *everything, per_window=window, client_id=CLIENT)
    await add_account(backend.registry, store, USER, *everything, basic=True, per_hour=hour, client_id=BASIC_CLIENT)
    if unlimited:
        await _lift(backend.registry)
    if not any(amounts.values()) or made_before is not None:
        await backend.close()
        return
    await fill(backend, STORE, amounts, seed)
    if not place.database:
        sample.keep(cast("SqliteBackend", backend).path(store), of)


async def _copy(backend: Backend, file: Path, record: StoreRecord) -> None:
    await cast("SqliteBackend", backend).create_of(record, file)


async def _lift(registry: Registry) -> None:
    """Lifts the quotas of the demo accounts."""
    for account in await registry.accounts(STORE):
        if account.client_id in (CLIENT, BASIC_CLIENT):
            hour = UNLIMITED if account.kind == "basic" else NO_HOUR
            lifted = {"per_window": UNLIMITED, "per_hour": hour, "quota_epoch": account.quota_epoch + 1}
            await registry.save_account(msgspec.structs.replace(account, **lifted))


async def _quotas(place: DataLocation) -> dict[str, int | None]:
    """What the demo accounts may send: requests in 30 s and requests an hour; None where that is not limited."""
    backend = await open_backend(place, makes=True)
    try:
        known = {account.client_id: account for account in await backend.registry.accounts(STORE)}
    finally:
        await backend.close()
    oauth, basic = known.get(CLIENT), known.get(BASIC_CLIENT)
    window = oauth.per_window if oauth is not None else UNLIMITED
    hour = basic.per_hour if basic is not None else UNLIMITED
    return {
        "requests_per_window": window if window < UNLIMITED else None,
        "requests_per_hour": hour if hour < UNLIMITED else None,
    }


async def _way_in(place: DataLocation) -> str:
    """The path of a link that opens the control panel once, within the hour."""
    from bodega.access import owners

    backend = await open_backend(place, makes=True)
    try:
        token = await owners.invite(backend.registry.tx, STORE, OWNER, int(time.time()), LINK_SECONDS, vouched=True)
    finally:
        await backend.close()
    return f"/manage/welcome/{token}"


async def _shop(place: DataLocation, https: str) -> Storefront:
    """What Catalyst needs; its own sign-in links are signed with the secret of the demo account."""
    backend = await open_backend(place)
    try:
        account = next(one for one in await backend.registry.accounts(STORE) if one.client_id == CLIENT)
    finally:
        await backend.close()
    return await prepare(place, STORE, account, TOKEN, https)


def _welcome(
    config: Config,
    listeners: Sequence[Listener],
    way_in: str,
    quotas: Mapping[str, int | None],
    as_json: bool,
    shop: Storefront | None,
) -> None:
    https, http = (reachable(listener) for listener in listeners)
    panel = http + way_in
    window = f"http://store-{STORE}.localhost:{http.rpartition(':')[2]}/"
    ca = (config.tls_cert or config.place.data / "ca.pem").absolute()
    lines = [
        f"curl -s -H 'X-Auth-Token: {TOKEN}' '{http}/stores/{STORE}/v3/catalog/products?limit=3'",
        f"curl -s --cacert {quote(str(ca))} -H 'X-Auth-Token: {TOKEN}' {https}/stores/{STORE}/v2/store",
        f"curl -s -u {USER}:{TOKEN} {http}/api/v2/products/count",
        f"curl -s -H 'X-Auth-Token: {TOKEN}' '{http}/stores/{STORE}/v3/customers?limit=3&include=addresses'",
        f"curl -s -H 'X-Auth-Token: {TOKEN}' '{http}/stores/{STORE}/v2/orders?limit=3&status_id=11'",
    ]
    if as_json:
        credentials = {"store": STORE, "client_id": CLIENT, "token": TOKEN, "username": USER}
        print_json(
            {
                "https": https,
                "http": http,
                "ca": str(ca),
                "data": str(config.place.data),
                **credentials,
                **quotas,
                "panel": panel,
                "shop": window,
                **({} if shop is None else _told_of(shop, ca)),
                "curl": lines,
            }
        )
    else:
        click.echo(
            f"{click.style('The demo store is open.', bold=True)} Ctrl-C ends it.\n\n"
            f"{_label('HTTPS')}{https}   {click.style(f'trust {ca}', dim=True)}\n"
            f"{_label('HTTP')}{http}\n"
            f"{_label('OAuth')}X-Auth-Token: {TOKEN}   {click.style(f'client id {CLIENT}', dim=True)}\n"
            f"{_label('Basic')}user {USER}, token {TOKEN}\n"
            f"{_label('Quotas')}{_told(quotas)}\n"
            f"{_label('Shop')}{window}   {click.style('for browsers', dim=True)}\n"
            f"{_label('Panel')}{panel}   {click.style('opens once', dim=True)}\n\n"
            + "".join(f"{line}\n" for line in lines)
            + f"\n{click.style('In another terminal, to let every command and test find the store:', dim=True)}\n"
            + "\n".join([*_exports(config.place), f"export BODEGA_URL={http}"])
            + ("" if shop is None else _catalyst(shop, ca))
            + ("" if config.log == "quiet" else f"\n\n{click.style(_LOGGED, dim=True)}")
        )
    sys.stdout.flush()


def _told_of(shop: Storefront, ca: Path) -> dict[str, object]:
    return {"storefront": {"hosts": shop.hosts, "environment": str(shop.file), "steps": steps(shop, ca)}}


def _catalyst(shop: Storefront, ca: Path) -> str:
    intro = click.style("In a checkout of Catalyst, with its packages installed:", dim=True)
    return f"\n\n{intro}\n" + "\n".join(steps(shop, ca))


def _told(quotas: Mapping[str, int | None]) -> str:
    window, hour = quotas["requests_per_window"], quotas["requests_per_hour"]
    oauth = "OAuth unlimited" if window is None else f"OAuth {window:,} requests in 30 s, then 429"
    basic = "Basic unlimited" if hour is None else f"Basic {hour:,} an hour, then 509"
    hint = "" if window is None and hour is None else "   " + click.style("--unlimited lifts them", dim=True)
    return f"{oauth}; {basic}{hint}"


def _label(text: str) -> str:
    return click.style(f"{text:<12}", dim=True)


def _exports(place: DataLocation) -> list[str]:
    """What lets another terminal find the store, and the command itself if it is not on the path."""
    if place.database:
        lines = [f"export BODEGA_DATABASE={quote(place.database)}"]
    else:
        lines = [f"export BODEGA_DATA={quote(str(place.data.resolve()))}"]
    if shutil.which("bodega") is None:
        lines.append(f'export PATH={quote(str(Path(sys.executable).parent))}:"$PATH"')
    return lines
