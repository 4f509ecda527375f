"""`bodega fault`: rules by which a store answers, or delivers webhooks, as on a bad day."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Command, Failed, as_json, at_place, the_store, with_backend
from bodega.cli.running import ask, has_lab
from bodega.cli.show import print_json, print_table
from bodega.config import DataLocation
from bodega.counted import counted

if TYPE_CHECKING:
    from bodega.lab.faults.kept import KeptRule
    from bodega.storage.backend import Backend


@click.group("fault")
def command() -> None:
    """Make a store fail: statuses, delays, broken bodies, cut connections, lost webhooks.

    Faults strike while the server runs with --lab, as bodega dev does.
    """


MATCH = {
    "--method": "Only these methods, as POST,PUT.",
    "--path": "Only paths below the store like this, as '/v3/orders/*'; ** crosses slashes.",
    "--operation": "Only this operation of docs/routes.md, as 'GET /v3/catalog/products/{id}'.",
    "--account": "Only this account: client id, name or Basic user.",
    "--scope": "Only events of this scope, as 'store/order/*'.",
    "--destination": "Only webhooks to URLs like this.",
    "--hook-id": "Only this webhook.",
}
PAIRS = {
    "--header": ("headers", "NAME=PATTERN", "Only requests with a header like this. Can be repeated."),
    "--body": ("body", "MEMBER=VALUE", "Only bodies with this member, as items.0.sku=A-1. Can be repeated."),
}
SCHEDULE = {
    "--nth": "Only the call of this number.",
    "--every": "Only every Nth call: 3 strikes the third, the sixth, ...",
    "--probability": "Each call with this probability, from 0 to 1.",
    "--count": "At most so many calls.",
    "--from": "Only from this time of the store on, as 2030-01-31T12:00:00Z.",
    "--until": "Only before this time.",
    "--seed": "The same seed, the same faults.",
}
EFFECT = {
    "--status": "Answer with this status of the law.",
    "--reason": "Answer with this reason; bodega explain lists them.",
    "--retry-after": "Retry-After of that answer, in seconds.",
    "--field": "The field that it names.",
    "--latency": "Milliseconds before the answer, as 200 or 200-800.",
    "--bytes-per-second": "How fast the body leaves.",
    "--truncate": "End the connection after so many bytes of the body.",
    "--disconnect": "End it without an answer: before the request is carried out, or after.",
    "--rate-limit": "Headers of quotas: missing or wrong.",
    "--webhook": "What becomes of deliveries: dropped, doubled, delayed, reordered, unsigned, badly-signed.",
    "--delay": "How long they are held back, in seconds.",
}


def _options(command: Command) -> Command:
    """An option for each member of a rule."""
    made: list[Callable[[Command], Command]] = [
        click.option(name, metavar="X", help=text) for name, text in MATCH.items()
    ]
    made += [
        click.option(name, member, metavar=metavar, multiple=True, help=text)
        for name, (member, metavar, text) in PAIRS.items()
    ]
    made += [click.option(name, name.strip("-"), metavar="X", help=text) for name, text in SCHEDULE.items()]
    made += [click.option(name, metavar="X", help=text) for name, text in EFFECT.items()]
    made.append(click.option("--broken", is_flag=True, help="Answer with a body that cannot be parsed."))
    for decorate in reversed(made):
        command = decorate(command)
    return command


@command.command("add")
@click.argument("store_hash", metavar="HASH")
@_options
@at_place
@as_json
def add(place: DataLocation, store_hash: str, as_json: bool, **given: Any) -> None:
    """Add a rule: which requests or webhooks, which of those, and what happens to them."""
    from bodega.lab.faults import kept
    from bodega.lab.faults.reading import FaultRefused

    rule = _rule(given)

    async def work(backend: Backend) -> KeptRule:
        from bodega.app import routes
        from bodega.lab.faults.operations import operations

        record = await the_store(backend, store_hash)
        now = int(record.clock.now())
        return await kept.add(backend.registry, store_hash, rule, now, operations(routes()))

    try:
        made = with_backend(place, work)
    except FaultRefused as error:
        raise click.UsageError(_mistakes(error.faults)) from None
    shown = kept.shown(made)
    print_json(shown) if as_json else click.echo(f"Rule {shown['id']} of store {store_hash}: {_told(shown)}.")
    if not has_lab(place):
        click.echo(
            "No server with --lab was found here: the rule strikes while one runs (bodega serve --lab).", err=True
        )


def _rule(given: dict[str, Any]) -> dict[str, Any]:
    """The rule that the options describe."""
    parts: dict[str, dict[str, Any]] = {"match": {}, "schedule": {}, "effect": {}}
    for member, pairs in ((name, given.pop(name)) for name, _, _ in PAIRS.values()):
        if pairs:
            parts["match"][member] = dict(_pair(text, typed=member == "body") for text in pairs)
    if given.pop("broken"):
        parts["effect"]["broken"] = True
    for name, value in given.items():
        option = "--" + name.replace("_", "-")
        part = "match" if option in MATCH else "schedule" if option in SCHEDULE else "effect"
        if value is not None:
            parts[part][name] = value
    return parts


def _pair(text: str, *, typed: bool) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"{text} has no value: write {name or 'NAME'}=VALUE.")
    if not typed:
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _mistakes(faults: dict[str, str]) -> str:
    """The mistakes by the names of the options."""
    told = []
    for place, why in faults.items():
        part, _, member = place.partition(".")
        told.append(f"{'--' + member.replace('_', '-') if member else part} {why}")
    return " ".join(told)


@command.command("list")
@click.argument("store_hash", metavar="HASH")
@at_place
@as_json
def list_(place: DataLocation, store_hash: str, as_json: bool) -> None:
    """List a store's rules, the oldest first, with how many calls each was about, and how many it struck."""
    from bodega.lab.faults import kept

    async def work(backend: Backend) -> list[KeptRule]:
        await the_store(backend, store_hash)
        return await kept.rules(backend.registry.tx, store_hash)

    found = ask(place, "GET", f"/stores/{store_hash}/faults")
    if found is not None:
        found = [{name: one[name] for name in one if one[name] != {}} for one in found]
    else:
        found = [kept.shown(one) for one in with_backend(place, work)]
    if as_json:
        print_json(found)
    elif not found:
        click.echo(f"Store {store_hash} has no rules.")
    else:
        print_table([_row(one) for one in found], "id match schedule effect seen struck over")


def _row(shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, **{part: _words(shown.get(part, {})) or "all" for part in ("match", "schedule", "effect")}}


def _told(shown: dict[str, Any]) -> str:
    parts = [_words(shown.get(part, {})) for part in ("match", "schedule", "effect")]
    return "; ".join(filter(None, parts))


def _words(part: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in part.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={inner}" for name, inner in value.items())
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@command.command("clear")
@click.argument("store_hash", metavar="HASH")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@at_place
@as_json
def clear(place: DataLocation, store_hash: str, ids: Sequence[str], as_json: bool) -> None:
    """Delete rules of a store: those named, or all."""
    from bodega.lab.faults import kept

    async def work(backend: Backend) -> list[str]:
        await the_store(backend, store_hash)
        if not ids:
            return await kept.clear(backend.registry, store_hash)
        known = [one.rule.id for one in await kept.rules(backend.registry.tx, store_hash)]
        for one in ids:
            if one not in known:
                raise Failed(f"Store {store_hash} has no rule {one}; bodega fault list {store_hash} shows them.")
        return [gone for one in ids for gone in await kept.clear(backend.registry, store_hash, one)]

    gone = with_backend(place, work)
    if as_json:
        print_json({"hash": store_hash, "cleared": gone})
    else:
        click.echo(f"{counted(len(gone), 'rule')} of store {store_hash} deleted.")
