"""`bodega state`: troubles that integrations meet, made on any store."""

from __future__ import annotations

import asyncio
from difflib import get_close_matches
from typing import Any

import click

from bodega.cli.place import Failed, as_json, at_place, open_backend, plain_failures, the_store
from bodega.cli.running import ask
from bodega.cli.show import print_json, print_table, words
from bodega.config import DataLocation


@click.group("state")
def command() -> None:
    """Make troubles that integrations meet: an order sent twice, an orphaned variant, a spent quota, and so on."""


@command.command("list")
@click.option("--theme", metavar="NAME", help="Only this theme, as orders.")
@as_json
def list_(theme: str | None, as_json: bool) -> None:
    """List the states: what a client meets, and what it should do (--json tells that)."""
    from bodega.lab.states import STATES
    from bodega.lab.states.applying import shown

    themes = list(dict.fromkeys(state.theme for state in STATES.values()))
    if theme is not None and theme not in themes:
        raise click.UsageError(f"There is no theme {theme}; the themes are {', '.join(themes)}.")
    found = [shown(state) for state in STATES.values() if theme in (None, state.theme)]
    print_json(found) if as_json else print_table(found, "theme name title")


@command.command("apply")
@click.argument("store_hash", metavar="HASH")
@click.argument("name", metavar="NAME")
@at_place
@as_json
def apply(place: DataLocation, store_hash: str, name: str, as_json: bool) -> None:
    """Make a state in a store, beside what it holds. It prints the ids of what was made, and requests that show it."""
    from bodega.lab.states import STATES, StateFailed

    if name not in STATES:
        near = get_close_matches(name, STATES, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "bodega state list shows them."
        raise click.UsageError(f"There is no state {name}. {hint}")
    made = ask(place, "POST", f"/stores/{store_hash}/states/{name}")
    if made is None:
        try:
            with plain_failures():
                made = asyncio.run(_apply(place, store_hash, name))
        except StateFailed as error:
            raise Failed(str(error)) from error
    print_json(made) if as_json else _print(made)


async def _apply(place: DataLocation, store_hash: str, name: str) -> dict[str, Any]:
    from bodega.lab.states import STATES
    from bodega.lab.states.applying import apply as make

    backend = await open_backend(place)
    try:
        await the_store(backend, store_hash)
    except BaseException:
        await backend.close()
        raise
    return await make(backend, store_hash, STATES[name])


def _print(made: dict[str, Any]) -> None:
    click.echo(made["title"])
    for key, value in made["ids"].items():
        click.echo(f"  {click.style(key.replace('_', ' '), dim=True)}  {words(value)}")
    for look in made["look"]:
        told = ", ".join(f"{member} {value}" for member, value in look["has"].items())
        click.echo(
            f"  {look['request']}  {click.style(str(look['status']), bold=True)}" + (f"  {told}" if told else "")
        )
    click.echo(made["client"])
