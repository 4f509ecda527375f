"""The terms of a store: its plan, maintenance, settings and clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from bodega.access.plans import COUNTERS, PLANS
from bodega.access.settings import SETTINGS, with_defaults
from bodega.cli.place import as_json, at_place, the_store, with_backend
from bodega.cli.running import ask
from bodega.cli.several import Several, Trailing, trailing
from bodega.cli.show import print_json, print_record
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.clock import Clock
    from bodega.storage.backend import Backend
    from bodega.storage.registry import StoreRecord


def _change(place: DataLocation, store_hash: str, **changes: Any) -> StoreRecord:
    """The store's record with these members changed, written."""

    async def work(backend: Backend) -> StoreRecord:
        from msgspec.structs import replace

        record = replace(await the_store(backend, store_hash), **changes)
        await backend.registry.save_store(record)
        return record

    return with_backend(place, work)


@click.command("plan", cls=Several, several={"--limit": lambda word: "=" in word})
@click.argument("store_hash", metavar="HASH")
@click.argument("name", type=click.Choice(list(PLANS)), metavar="NAME")
@click.option("--limit", "limits", multiple=True, metavar="COUNTER=N ...", help=f"Own limit of {', '.join(COUNTERS)}.")
@click.argument("more", nargs=-1, cls=Trailing)
@at_place
@as_json
def plan(
    place: DataLocation, store_hash: str, name: str, limits: tuple[str, ...], more: tuple[str, ...], as_json: bool
) -> None:
    """Put a store on a plan, which limits what it may hold. Limits that are given override the plan's; others that the
    store had are dropped (store limit keeps them).

    Existing accounts keep their quotas.
    """
    own = dict(_limit(text) for text in trailing(limits, more))
    told = ask(place, "PUT", f"/stores/{store_hash}/plan", {"plan": name, "limits": own})
    _print_limits(told or _limits(_change(place, store_hash, plan=name, limits=own)), as_json)


@click.command("limit")
@click.argument("store_hash", metavar="HASH")
@click.argument("pairs", metavar="COUNTER=N...", nargs=-1, required=True)
@at_place
@as_json
def limit(place: DataLocation, store_hash: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Change what a store may hold of something; its plan and its other limits stay."""
    changed = dict(map(_limit, pairs))

    async def work(backend: Backend) -> StoreRecord:
        from msgspec.structs import replace

        found = await the_store(backend, store_hash)
        record = replace(found, limits={**found.limits, **changed})
        await backend.registry.save_store(record)
        return record

    told = ask(place, "PUT", f"/stores/{store_hash}/limits", {"limits": changed})
    _print_limits(told or _limits(with_backend(place, work)), as_json)


def _limits(record: StoreRecord) -> dict[str, Any]:
    return {"hash": record.hash, "plan": record.plan, "limits": {**PLANS[record.plan].limits, **record.limits}}


def _print_limits(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(shown)
    else:
        message = ", ".join(f"{limit} {counter}" for counter, limit in shown["limits"].items()) or "no limits"
        click.echo(f"Store {shown['hash']} is on plan {shown['plan']}: {message}.")


def _limit(text: str) -> tuple[str, int]:
    counter, equals, number = text.partition("=")
    if not equals or counter not in COUNTERS or not re.fullmatch(r"[0-9]{1,12}", number):
        raise click.UsageError(
            f"{text} is no limit: write COUNTER=N with one of {', '.join(COUNTERS)}, as products=500."
        )
    return counter, int(number)


@click.command("maintenance")
@click.argument("store_hash", metavar="HASH")
@click.argument("state", type=click.Choice(["on", "off"]))
@at_place
@as_json
def maintenance(place: DataLocation, store_hash: str, state: str, as_json: bool) -> None:
    """Close a store for maintenance (it answers 503), or open it again."""
    wanted = {"maintenance": state == "on"}
    if ask(place, "PUT", f"/stores/{store_hash}/maintenance", wanted) is None:
        _change(place, store_hash, **wanted)
    if as_json:
        print_json({"hash": store_hash, "maintenance": state == "on"})
    else:
        click.echo(f"Store {store_hash} " + ("is closed for maintenance." if state == "on" else "is open."))


@click.command("get")
@click.argument("store_hash", metavar="HASH")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@at_place
@as_json
def get(place: DataLocation, store_hash: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Show a store's settings: those named, or all. What the store's API changed since is shown as it holds now."""
    _known(keys)

    async def work(backend: Backend) -> dict[str, Any]:
        from bodega.access.heard import nothing_heard

        record = await the_store(backend, store_hash)
        if await nothing_heard(backend, record):
            return with_defaults(record.settings)
        from bodega.lab.terms import opened, settings_now

        async with opened(backend, record) as rows:
            return await settings_now(rows, record)

    told = ask(place, "GET", f"/stores/{store_hash}/settings")
    settings = with_backend(place, work) if told is None else told["settings"]
    _print_settings({key: settings[key] for key in keys or settings}, as_json)


@click.command("set")
@click.argument("store_hash", metavar="HASH")
@click.argument("pairs", metavar="KEY=VALUE...", nargs=-1, required=True)
@at_place
@as_json
def set_(place: DataLocation, store_hash: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Change settings of a store; bodega store get HASH shows them."""
    changed = dict(map(_pair, pairs))

    async def work(backend: Backend) -> None:
        from bodega.lab.terms import change_settings, opened

        record = await the_store(backend, store_hash)
        async with opened(backend, record) as rows:
            await change_settings(backend.registry, rows, record, changed)

    if ask(place, "PUT", f"/stores/{store_hash}/settings", {"settings": changed}) is None:
        with_backend(place, work)
    _print_settings(changed, as_json)


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    _known([key])
    if not equals:
        raise click.UsageError(f"{text} has no value: write {key}=VALUE.")
    try:
        return key, SETTINGS[key].read(value)
    except ValueError as error:
        raise click.UsageError(f"{key} {error}.") from error


def _known(keys: Sequence[str]) -> None:
    for key in keys:
        if key not in SETTINGS:
            near = get_close_matches(key, SETTINGS, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"the settings are {', '.join(SETTINGS)}."
            raise click.UsageError(f"There is no setting {key}; {hint}")


def _print_settings(settings: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(settings)
    else:
        width = max(map(len, settings))
        for key, value in settings.items():
            click.echo(f"{click.style(f'{key:<{width}}', dim=True)}  {_typed(value)}".rstrip())


def _typed(value: Any) -> str:
    """A value as `set` reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@click.command("clock")
@click.argument("store_hash", metavar="HASH")
@click.option("--set", "moment", metavar="T", help="Freeze the clock at a time, as 2030-01-31T12:00:00Z.")
@click.option("--advance", metavar="D", help="Advance the clock by a duration, as 48h, 30m, 10s, 2d or 1h30m.")
@click.option("--live", is_flag=True, help="Follow the system's clock again.")
@at_place
@as_json
def clock(
    place: DataLocation, store_hash: str, moment: str | None, advance: str | None, live: bool, as_json: bool
) -> None:
    """Show a store's clock, freeze it at a time, advance it, or let it run.

    If the server that has the store open serves its lab, as bodega dev does, this returns when all that became due has
    run; with --advance each at its own moment.
    """
    if sum((moment is not None, advance is not None, live)) > 1:
        raise click.UsageError("Give only one of --set, --advance and --live.")
    at = None if moment is None else _moment(moment)
    seconds = 0 if advance is None else _duration(advance)
    shown = _by_the_server(place, store_hash, moment, advance, live=live)
    if shown is not None:
        print_json(shown) if as_json else print_record(shown)
        return

    async def work(backend: Backend) -> Clock:
        from msgspec.structs import replace

        from bodega.clock import Clock

        record = await the_store(backend, store_hash)
        moved = Clock() if live else record.clock.at(at) if at is not None else record.clock.advanced(seconds)
        if moved != record.clock:
            await backend.registry.save_store(replace(record, clock=moved))
        return moved

    shown = clock_facts(with_backend(place, work))
    print_json(shown) if as_json else print_record(shown)


def _by_the_server(
    place: DataLocation, store_hash: str, moment: str | None, advance: str | None, *, live: bool
) -> dict[str, Any] | None:
    """The clock as the running server moved it; None if there is none to ask."""
    path = f"/stores/{store_hash}/clock"
    if advance is not None:
        found = ask(place, "POST", f"{path}/advance", {"by": advance})
    elif live:
        found = ask(place, "PUT", path, {"mode": "live"})
    elif moment is not None:
        found = ask(place, "PUT", path, {"mode": "frozen", "now": moment})
    else:
        return None
    return None if found is None else {name: found[name] for name in ("mode", "now", "offset")}


def _moment(text: str) -> int:
    from bodega.dates import parse_moment

    try:
        return parse_moment(text)
    except ValueError:
        raise click.UsageError(f"{text} is not a time: write it as 2030-01-31T12:00:00Z.") from None


def _duration(text: str) -> int:
    from bodega.dates import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def clock_facts(clock: Clock) -> dict[str, Any]:
    """What is shown of a clock."""
    import msgspec

    from bodega.lab import facts

    shown: dict[str, Any] = msgspec.to_builtins(facts.clock_facts(clock))
    return shown
