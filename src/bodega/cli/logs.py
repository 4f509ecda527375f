"""`bodega logs`: the journal of requests, read beside a running server or without one."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from bodega import log_text
from bodega.cli.place import as_json, at_place, the_store, with_backend
from bodega.cli.running import written_now
from bodega.cli.show import print_json
from bodega.config import DataLocation
from bodega.dates import parse_duration

if TYPE_CHECKING:
    from bodega.journal.exchange import Attempt, Exchange
    from bodega.journal.ring import JournalRing, Wanted
    from bodega.storage.backend import Backend

POLL_SECONDS = 0.5
OVERLAP_SECONDS = 5.0
"""Workers write once a second, each in its own time: whoever follows looks back so far for what came late."""

AT_ONCE = 1_000


def since(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float:
    """A duration as 90s, 10m, 2h, 7d, as the time so long ago. Raises BadParameter."""
    if text is None:
        return 0.0
    try:
        return max(0.0, time.time() - parse_duration(text))
    except ValueError:
        raise click.BadParameter("must be a duration as 90s, 10m, 2h or 7d.") from None


def _reason(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str:
    from bodega.law.reasons import Reason
    from bodega.metrics import FAULT

    name = (text or "").upper().replace("-", "_")
    if name not in ("", FAULT, *Reason.__members__):
        near = get_close_matches(name, Reason.__members__, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise click.BadParameter(f"There is no reason {name[:100]}.{hint} bodega explain lists them.")
    return name


def _status(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str:
    if text is not None and not re.fullmatch(r"[1-5](xx|[0-9][0-9])", text.lower()):
        raise click.BadParameter("must be a status as 404, or a class as 4xx.")
    return (text or "").lower()


@click.command("logs")
@click.argument("store_hash", metavar="[HASH]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until stopped.")
@click.option("--status", callback=_status, metavar="STATUS", help="Only this status, or class as 4xx.")
@click.option("--path", default="", metavar="TEXT", help="Only where the path with its query contains this.")
@click.option("--account", default="", metavar="ACCOUNT", help="Only this account: its client id or name.")
@click.option("--method", default="", metavar="METHOD", help="Only this method.")
@click.option("--reason", callback=_reason, metavar="REASON", help="Only what was refused for this reason.")
@click.option("--words", default="", metavar="WORDS", help="Only where the bodies contain all these words.")
@click.option("--since", callback=since, metavar="DURATION", help="Only what is at most so old: 90s, 10m, 2h, 7d.")
@click.option("--webhooks", is_flag=True, help="Attempts to deliver webhooks instead of requests.")
@click.option("--hook", type=int, metavar="ID", help="With --webhooks: only this webhook.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, metavar="N", help="At most so many."
)
@at_place
@as_json
def command(
    place: DataLocation,
    store_hash: str | None,
    follow: bool,
    webhooks: bool,
    hook: int | None,
    limit: int,
    as_json: bool,
    **asked: Any,
) -> None:
    """Show the requests in the journal, the newest last: of one store or of all. --json adds headers and bodies.

    Credentials are masked. A running server writes its journal once a second. With --json and --follow each line is an
    object.
    """
    if hook is not None and not webhooks:
        raise click.UsageError("--hook goes with --webhooks.")

    async def work(backend: Backend) -> None:
        from bodega.journal.recorder import key_of
        from bodega.journal.ring import JournalRing, Wanted

        key = key_of(await the_store(backend, store_hash)) if store_hash else None
        wanted = Wanted(**(asked | {"account": await client_of(backend, store_hash, asked["account"])}))
        wanted = wanted._replace(method=wanted.method.upper())
        database = backend.journal()
        try:
            ring = JournalRing(database)
            read = partial(_attempts, ring, key, wanted, hook) if webhooks else partial(_exchanges, ring, key, wanted)
            await _print(read, limit, follow=follow, as_json=as_json)
        finally:
            await database.close()

    written_now(place, store_hash)
    try:
        with_backend(place, work)
    except KeyboardInterrupt:
        if not follow:
            raise
    except BrokenPipeError:
        sys.stderr.close()  # whoever read has seen enough


Read = Callable[..., Awaitable[Sequence["Exchange | Attempt"]]]


async def _exchanges(ring: JournalRing, key: str | None, wanted: Wanted, *, after: int, limit: int) -> list[Exchange]:
    return await ring.exchanges(key, wanted, after=after, limit=limit, bodies=True)


async def _attempts(
    ring: JournalRing, key: str | None, wanted: Wanted, hook: int | None, *, after: int, limit: int
) -> list[Attempt]:
    return await ring.attempts(key, hook_id=hook, wanted=wanted, after=after, limit=limit)


async def client_of(backend: Backend, store_hash: str | None, account: str) -> str:
    """The client id of an account that may have been given by its name."""
    if not account:
        return ""
    hashes = [store_hash] if store_hash else [record.hash for record in await backend.registry.stores()]
    for name in hashes:
        for one in await backend.registry.accounts(name):
            if account in (one.name, one.username):
                return one.client_id
    return account


async def _print(read: Read, limit: int, *, follow: bool, as_json: bool) -> None:
    from bodega.journal.exchange import number_at

    found = list(await read(after=0, limit=limit))[::-1]
    if as_json and not follow:
        print_json([_facts(one) for one in found])
        return
    colours = log_text.coloured(sys.stdout)
    _show(found, as_json, colours)
    if not found and not follow:
        click.echo("Nothing in the journal matches.", err=True)
    seen = {one.number: None for one in found}
    while follow:
        await asyncio.sleep(POLL_SECONDS)
        after = number_at(time.time() - OVERLAP_SECONDS)
        found = [one for one in reversed(await read(after=after, limit=AT_ONCE)) if one.number not in seen]
        _show(found, as_json, colours)
        seen = {number: None for number in (*seen, *(one.number for one in found)) if number > after}


def _show(found: Sequence[Exchange | Attempt], as_json: bool, colours: bool) -> None:
    for one in found:
        click.echo(json.dumps(_facts(one), ensure_ascii=False) if as_json else _line(one, colours), color=colours)
    sys.stdout.flush()


def _line(one: Exchange | Attempt, colours: bool) -> str:
    from bodega.journal.exchange import Exchange

    if isinstance(one, Exchange):
        return log_text.request_line(
            one.at, one.status, one.method, one.path, one.query, one.client_id, one.us, one.reason, colours=colours
        )
    path, _, query = one.destination.partition("?")
    name = f"hook {one.hook_id}, event {one.message_id[:8]}, attempt {one.attempt}"
    return log_text.request_line(one.at, one.status or 0, "POST", path, query, name, one.us, one.error, colours=colours)


def _facts(one: Exchange | Attempt) -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(one)
    facts |= {"time": one.at, "headers": dict(one.headers), "answer_headers": dict(one.answer_headers)}
    facts.pop("prefix", None)
    if "store" in facts:
        facts["store"] = facts["store"].rpartition(".")[0]
    return facts
